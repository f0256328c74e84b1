/* SPDX-License-Identifier: MIT
 * unasked_pidfd.c - the same with SO_PASSPIDFD: each message brings a descriptor that nobody sent. */
#include "trap.h"

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#endif

int main(void)
{
	int s[2], on = 1, before, after;

	pair(SOCK_DGRAM, s);
	if (setsockopt(s[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) < 0) {
		puts("needs Linux 6.5");
		return 1;
	}
	before = open_numbers();
	for (int i = 0; i < 10; i++) {
		must(give(s[0], "hello", 5, NULL, 0) == 5, "sendmsg");
		take(s[1], 512, MSG_CMSG_CLOEXEC);
	}
	after = open_numbers();
	printf("10 messages without a descriptor, %d more are open\n", after - before);
	return 0;
}
