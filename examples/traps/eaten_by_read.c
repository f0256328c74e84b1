/* SPDX-License-Identifier: MIT
 * eaten_by_read.c - read(2) takes the bytes, and the descriptor that came with them is closed. */
#include "trap.h"

int main(void)
{
	int s[2], p[2];
	char byte;

	pair(SOCK_STREAM, s);
	must(pipe2(p, O_CLOEXEC) == 0, "pipe2");
	must(give(s[0], "hello", 5, &p[1], 1) == 5, "sendmsg");
	close(p[1]); /* now only the message has it */
	must(read(s[1], &byte, 1) == 1, "read");
	printf("1 of 5 bytes read; is the descriptor still there? %s\n", yes(has_writer(p[0])));
	return 0;
}
