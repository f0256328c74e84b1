/* SPDX-License-Identifier: MIT
 * small_buffer.c - three descriptors for a control buffer that has room for one. */
#include "trap.h"

int main(void)
{
	int s[2], pipes[3][2], writers[3], ended = 0;

	pair(SOCK_DGRAM, s);
	for (int i = 0; i < 3; i++) {
		must(pipe2(pipes[i], O_CLOEXEC) == 0, "pipe2");
		writers[i] = pipes[i][1];
	}
	must(give(s[0], "hello", 5, writers, 3) == 5, "sendmsg");
	for (int i = 0; i < 3; i++)
		close(writers[i]); /* now only the message has them */

	struct message m = take(s[1], CMSG_LEN(sizeof(int)), MSG_CMSG_CLOEXEC);

	for (int i = 0; i < 3; i++)
		ended += !has_writer(pipes[i][0]);
	printf("sent 3, came %d, MSG_CTRUNC: %s\n", m.n, yes(m.truncated));
	printf("closed by the kernel: %d\n", ended);
	return 0;
}
