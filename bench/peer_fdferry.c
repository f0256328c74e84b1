/* SPDX-License-Identifier: MIT
 * peer_fdferry.c - this library, as its man pages say. */
#include "bench.h"

#include "fdferry.h"

#include <stdint.h>
#include <unistd.h>

static void *ferry_open(int sock, bool first)
{
	(void)first;
	if (ferry_prepare(sock, 0) < 0)
		die("ferry_prepare");
	return (void *)(intptr_t)sock;
}

static int sock_of(void *end)
{
	return (int)(intptr_t)end;
}

static void msg_send(void *end, const int *fds, size_t n)
{
	char byte = 0;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = (int *)fds, .nfds = n};

	if (ferry_send(sock_of(end), &msg, sizeof(msg)) < 0)
		die("ferry_send");
}

#ifdef HAVE_SPIN
#define SPIN_US 1000 /* longer than any round trip */

static void spin_recv(void *end, int *fds, size_t n)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = fds,
				.max_fds = n,
				.min_fds = n,
				.spin_us = SPIN_US};

	if (ferry_recv(sock_of(end), &msg, sizeof(msg)) != 1)
		die("ferry_recv");
}
#endif

static void msg_recv(void *end, int *fds, size_t n)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = fds, .max_fds = n, .min_fds = n};

	if (ferry_recv(sock_of(end), &msg, sizeof(msg)) != 1)
		die("ferry_recv");
}

static void fd_send(void *end, const int *fds, size_t n)
{
	(void)n;
	if (ferry_send_fd(sock_of(end), fds[0]) < 0)
		die("ferry_send_fd");
}

static void fd_recv(void *end, int *fds, size_t n)
{
	(void)n;
	fds[0] = ferry_recv_fd(sock_of(end));
	if (fds[0] < 0)
		die("ferry_recv_fd");
}

static void ferry_drop(void *end, int *fds, size_t n)
{
	(void)end;
	ferry_close_all(fds, n);
}

static void ferry_end(void *end)
{
	close(sock_of(end));
}

static const struct variant fdferry = {
	.name = "fdferry",
	.types = TYPE(SOCK_STREAM) | TYPE(SOCK_DGRAM) | TYPE(SOCK_SEQPACKET),
	.most = MOST,
	.open = ferry_open,
	.send = msg_send,
	.recv = msg_recv,
	.drop = ferry_drop,
	.close = ferry_end,
};

static const struct variant fdferry_fd = {
	.name = "fdferry-fd",
	.types = TYPE(SOCK_STREAM) | TYPE(SOCK_DGRAM) | TYPE(SOCK_SEQPACKET),
	.most = 1,
	.only = FOR_ONE,
	.open = ferry_open,
	.send = fd_send,
	.recv = fd_recv,
	.drop = ferry_drop,
	.close = ferry_end,
};

#ifdef HAVE_SPIN
static const struct variant fdferry_spin = {
	.name = "fdferry-spin",
	.types = TYPE(SOCK_STREAM),
	.most = 1,
	.only = FOR_TRIP_2,
	.open = ferry_open,
	.send = msg_send,
	.recv = spin_recv,
	.drop = ferry_drop,
	.close = ferry_end,
};
#define SPIN , &fdferry_spin
#else
#define SPIN
#endif

VARIANTS = {&fdferry, &fdferry_fd SPIN};
