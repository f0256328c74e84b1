/* SPDX-License-Identifier: MIT
 * without_data.c - a descriptor and no byte, over each type of socket. */
#include "trap.h"

static void over(const char *name, int type)
{
	int s[2];

	pair(type, s);

	ssize_t sent = give(s[0], "", 0, &s[0], 1);
	struct message m = take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC);

	printf("%s: sendmsg returned %zd, ", name, sent);
	if (m.len < 0)
		printf("nothing came (%s)\n", error());
	else
		printf("came %d\n", m.n);
}

int main(void)
{
	over("datagram ", SOCK_DGRAM);
	over("seqpacket", SOCK_SEQPACKET);
	over("stream   ", SOCK_STREAM);
	return 0;
}
