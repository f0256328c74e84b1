/* SPDX-License-Identifier: MIT
 * peeked.c - MSG_PEEK looks at a message twice, then it is received. */
#include "trap.h"

int main(void)
{
	int s[2], came = 0;

	pair(SOCK_SEQPACKET, s);
	must(give(s[0], "hello", 5, &s[0], 1) == 5, "sendmsg");
	came += take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC | MSG_PEEK).n;
	came += take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC | MSG_PEEK).n;
	came += take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC).n;
	printf("sent 1, came %d\n", came);
	return 0;
}
