/* SPDX-License-Identifier: MIT
 * peer_owfat.c - libowfat's io_passfd(3) and io_receivefd(3): one descriptor each. */
#include "bench.h"

#include <io.h> /* libowfat/io.h in its documentation; Debian has it here */

#include <stdint.h>
#include <unistd.h>

static int sock_of(void *end)
{
	return (int)(intptr_t)end;
}

static void *owfat_open(int sock, bool first)
{
	(void)first;
	return (void *)(intptr_t)sock;
}

static void owfat_send(void *end, const int *fds, size_t n)
{
	(void)n;
	if (io_passfd(sock_of(end), fds[0]) < 0)
		die("io_passfd");
}

static void owfat_recv(void *end, int *fds, size_t n)
{
	(void)n;
	fds[0] = (int)io_receivefd(sock_of(end));
	if (fds[0] < 0)
		die("io_receivefd");
}

static void owfat_drop(void *end, int *fds, size_t n)
{
	(void)end;
	(void)n;
	close(fds[0]);
}

static void owfat_close(void *end)
{
	close(sock_of(end));
}

static const struct variant owfat = {
	.name = "libowfat",
	.types = TYPE(SOCK_STREAM),
	.most = 1,
	.open = owfat_open,
	.send = owfat_send,
	.recv = owfat_recv,
	.drop = owfat_drop,
	.close = owfat_close,
};

VARIANTS = {&owfat};
