/* SPDX-License-Identifier: MIT
 * last_message.c - who sends and closes at once is heard, however the receiver is waiting just then.
 *
 * Nothing is injected: sender and receiver race, at another distance in each round. */
#include "fdferry.h"
#include "harness.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* A receiver that does not wait takes the sender's processor from it on a busy machine. */
#define ROUNDS(flags) (((flags)&FERRY_NOWAIT) != 0 ? 300 : 1500)

static int ends[2];
static volatile unsigned distance;

static void send_and_go(void *arg)
{
	(void)arg;
	close(ends[0]);
	for (volatile unsigned i = 0; i < distance; i++)
		;
	CHECK_OK(ferry_send_fd(ends[1], 0));
}

static void rounds(int type, uint32_t flags)
{
	unsigned state = 1;

	for (int n = 0; n < ROUNDS(flags); n++) {
		char byte;
		int fd, r;
		struct iovec iov = {.iov_base = &byte, .iov_len = 1};
		struct ferry_msg msg = {
			.iov = &iov, .iovlen = 1, .fds = &fd, .max_fds = 1, .flags = flags};
		pid_t pid;

		state = state * 1103515245u + 12345u;
		distance = (state >> 8) % 40000;
		CHECK_OK(ferry_pair(ends, type, 0));
		pid = in_child(send_and_go, NULL);
		close(ends[1]);
		do
			r = ferry_recv(ends[0], &msg, sizeof(msg));
		while (r == -EAGAIN);
		if (r == 0)
			FAIL("round %d: end of file in front of the message", n);
		CHECK_INT(r, ==, 1);
		CHECK_INT(msg.nfds, ==, 1);
		close(fd);
		CHECK_INT(ferry_recv(ends[0], &msg, sizeof(msg)) <= 0, ==, 1);
		close(ends[0]);
		join_child(pid);
	}
}

TEST_SECONDS(packet_without_waiting, 60)
{
	rounds(SOCK_SEQPACKET, FERRY_NOWAIT);
}

TEST_SECONDS(stream_without_waiting, 60)
{
	rounds(SOCK_STREAM, FERRY_NOWAIT);
}

TEST_SECONDS(packet_with_waiting, 60)
{
	rounds(SOCK_SEQPACKET, 0);
}

TEST_SECONDS(stream_with_waiting, 60)
{
	rounds(SOCK_STREAM, 0);
}
