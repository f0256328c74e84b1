/* SPDX-License-Identifier: MIT
 * cycle.c - a socket waits in its own queue, and everybody closes it. */
#include "trap.h"

int main(void)
{
	int s[2], p[2], tries = 0;

	pair(SOCK_DGRAM, s);
	must(pipe2(p, O_CLOEXEC) == 0, "pipe2");

	int both[] = {s[1], p[1]};

	must(give(s[0], "hello", 5, both, 2) == 5, "sendmsg"); /* s[1] is where this arrives */
	close(s[0]);
	close(s[1]);
	close(p[1]);
	while (has_writer(p[0]) && tries++ < 500) {
		pair(SOCK_DGRAM, s); /* whoever closes a UNIX socket starts the collector */
		close(s[0]);
		close(s[1]);
		usleep(10000);
	}
	printf("collected: %s\n", yes(!has_writer(p[0])));
	return 0;
}
