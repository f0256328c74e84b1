/* SPDX-License-Identifier: MIT
 * glued.c - three messages on a stream, the second with a descriptor: what the reads give. */
#include "trap.h"

int main(void)
{
	struct message m;
	int s[2];

	pair(SOCK_STREAM, s);
	give(s[0], "one ", 4, NULL, 0);
	give(s[0], "two ", 4, &s[0], 1);
	give(s[0], "three", 5, NULL, 0);
	while ((m = take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC)).len > 0)
		printf("\"%s\" and %d descriptors\n", m.data, m.n);
	return 0;
}
