/* SPDX-License-Identifier: MIT
 *
 * full_datagram_queue.c - poll() tells an unconnected sender to go on when the queue is full.
 *
 * S3, unix(7), unix_dgram_poll(): sendto() to a full queue is EAGAIN, while POLLOUT asks only about
 * the sender's own buffer; to a connected sender poll() speaks of the receiver's queue.
 *
 * The library therefore connects a datagram socket before it waits for room.
 */
#include "plain.h"

static short poll_now(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

TEST(only_a_connected_sender_can_wait)
{
	struct sockaddr_un a = address("s");
	int server = new_server(SOCK_DGRAM, "s"), sender = new_socket(SOCK_DGRAM);
	ssize_t n = 0;

	/* net.unix.max_dgram_qlen messages and one more; else the sender's buffer is the end. */
	CHECK_OK(setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int)));
	for (int i = 0; i < 100000 && n >= 0; i++)
		n = sendto(sender, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof a);
	CHECK_ERRNO(n, EAGAIN);
	CHECK_INT(poll_now(sender) & POLLOUT, ==, POLLOUT);
	CHECK_ERRNO(sendto(sender, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof a), EAGAIN);

	CHECK_OK(connect_to(sender, "s"));
	CHECK_INT(poll_now(sender) & POLLOUT, ==, 0);
	CHECK_OK(recv(server, &(char){0}, 1, MSG_DONTWAIT));
	CHECK_INT(poll_now(sender) & POLLOUT, ==, POLLOUT);
	CHECK_OK(close(sender));
	CHECK_OK(close(server));
	CHECK_OK(unlink("s"));
}
