/* SPDX-License-Identifier: MIT
 * in_flight.c - a receiver that does not read, and how many descriptors may wait for it. */
#include <sys/resource.h>

#include "trap.h"

int main(void)
{
	struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
	int s[2];

	pair(SOCK_STREAM, s);
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	must(geteuid() != 0 || setuid(65534) == 0, "setuid"); /* root has no such limit */
	for (int i = 0; i < 100; i++) {
		if (give(s[0], "x", 1, &s[0], 1) < 0) {
			printf("with a descriptor: %s\n", error());
			break;
		}
	}
	printf("without one: sendmsg returned %zd\n", give(s[0], "x", 1, NULL, 0));
	return 0;
}
