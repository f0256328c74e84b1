/* SPDX-License-Identifier: MIT
 * peer_skalibs.c - skalibs' unixmessage: framed messages on a stream. */
#include "bench.h"

#include <skalibs/tai.h>
#include <skalibs/unixmessage.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct end {
	unixmessage_sender sender;
	unixmessage_receiver receiver;
	char main_buffer[UNIXMESSAGE_BUFSIZE], aux_buffer[UNIXMESSAGE_AUXBUFSIZE];
};

static void *ska_open(int sock, bool first)
{
	struct end *e = calloc(1, sizeof(*e));

	(void)first;
	if (e == NULL)
		die("calloc");
	unixmessage_sender_init(&e->sender, sock);
	if (!unixmessage_receiver_init(&e->receiver, sock, e->main_buffer, sizeof(e->main_buffer),
				       e->aux_buffer, sizeof(e->aux_buffer)))
		die("unixmessage_receiver_init");
	return e;
}

static void ska_send(void *end, const int *fds, size_t n)
{
	struct end *e = end;
	char byte = 0;
	unixmessage m = {.s = &byte, .len = 1, .fds = (int *)fds, .nfds = (unsigned)n};
	tain stamp = TAIN_EPOCH, never;

	if (!unixmessage_put(&e->sender, &m))
		die("unixmessage_put");
	if (unixmessage_sender_flush(&e->sender) > 0)
		return;
	tain_add(&never, &stamp, &tain_infinite_relative);
	if (!unixmessage_sender_timed_flush(&e->sender, &never, &stamp))
		die("unixmessage_sender_timed_flush");
}

static void ska_recv(void *end, int *fds, size_t n)
{
	struct end *e = end;
	unixmessage m;
	tain stamp = TAIN_EPOCH, never;
	int got = unixmessage_receive(&e->receiver, &m);

	if (got == 0) {
		tain_add(&never, &stamp, &tain_infinite_relative);
		got = unixmessage_timed_receive(&e->receiver, &m, &never, &stamp);
	}
	if (got <= 0 || m.nfds != n)
		die("unixmessage_receive");
	memcpy(fds, m.fds, n * sizeof(int));
}

static void ska_drop(void *end, int *fds, size_t n)
{
	(void)end;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void ska_close(void *end)
{
	struct end *e = end;
	int sock = unixmessage_sender_fd(&e->sender);

	unixmessage_sender_free(&e->sender);
	unixmessage_receiver_free(&e->receiver);
	close(sock);
	free(e);
}

static const struct variant skalibs = {
	.name = "skalibs",
	.types = TYPE(SOCK_STREAM),
	.most = MOST,
	.open = ska_open,
	.send = ska_send,
	.recv = ska_recv,
	.drop = ska_drop,
	.close = ska_close,
};

VARIANTS = {&skalibs};
