/* SPDX-License-Identifier: MIT
 * unasked_creds.c - who shares the socket has switched on SO_PASSCRED, and the buffer does not know. */
#include "trap.h"

int main(void)
{
	int s[2], on = 1;

	pair(SOCK_DGRAM, s);
	must(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0, "SO_PASSCRED");
	must(give(s[0], "hello", 5, &s[0], 1) == 5, "sendmsg");

	struct message m = take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC);

	printf("sent 1, came %d, MSG_CTRUNC: %s\n", m.n, yes(m.truncated));
	return 0;
}
