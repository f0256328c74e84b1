/* SPDX-License-Identifier: MIT
 * padding.c - a buffer made with CMSG_SPACE for one descriptor takes two. */
#include "trap.h"

int main(void)
{
	int s[2];

	if (sizeof(size_t) < 8)
		return puts("needs 64 bits"), 1;
	pair(SOCK_DGRAM, s);

	int two[] = {s[0], s[1]};

	must(give(s[0], "hello", 5, two, 2) == 5, "sendmsg");

	struct message m = take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC);

	printf("room for 1, came %d, MSG_CTRUNC: %s\n", m.n, yes(m.truncated));
	return 0;
}
