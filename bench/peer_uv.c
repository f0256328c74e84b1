/* SPDX-License-Identifier: MIT
 * peer_uv.c - libuv's uv_write2() and uv_accept() on a pipe with ipc: one handle each, sockets only.
 *
 * Both ends in one process share a loop, so that one turn of it writes, reads and calls back. */
#include "bench.h"

#include <uv.h>

#include <stdlib.h>

static uv_loop_t loop;
static bool has_loop;

struct end {
	uv_pipe_t pipe;
	uv_tcp_t sample; /* what is sent */
	int sample_fd;
	uv_tcp_t *got; /* what came and is not closed yet */
	uv_write_t write;
	bool reading, writing;
};

static void alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	static char room[64 * 1024];

	(void)handle;
	(void)size;
	*buf = uv_buf_init(room, sizeof(room));
}

static void take(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct end *e = stream->data;

	(void)buf;
	if (n < 0) /* the end, when the other one is closed */
		uv_read_stop(stream);
	while (uv_pipe_pending_count(&e->pipe) > 0) {
		uv_tcp_t *tcp = malloc(sizeof(*tcp));

		if (tcp == NULL || e->got != NULL || uv_pipe_pending_type(&e->pipe) != UV_TCP)
			die("uv_pipe_pending_type");
		uv_tcp_init(&loop, tcp);
		if (uv_accept(stream, (uv_stream_t *)tcp) < 0)
			die("uv_accept");
		e->got = tcp;
	}
}

static void *uv_end_open(int sock, bool first)
{
	struct end *e = calloc(1, sizeof(*e));

	(void)first;
	if (!has_loop && uv_loop_init(&loop) < 0)
		die("uv_loop_init");
	has_loop = true;
	if (e == NULL || uv_pipe_init(&loop, &e->pipe, 1) < 0 || uv_pipe_open(&e->pipe, sock) < 0)
		die("uv_pipe_open");
	e->pipe.data = e;
	e->sample_fd = -1;
	return e;
}

static void written(uv_write_t *request, int status)
{
	struct end *e = request->handle->data;

	if (status < 0)
		die("uv_write2");
	e->writing = false;
}

static void uv_end_send(void *end, const int *fds, size_t n)
{
	static char byte;
	struct end *e = end;
	uv_buf_t buf = uv_buf_init(&byte, 1);

	(void)n;
	if (e->sample_fd != fds[0]) {
		uv_tcp_init(&loop, &e->sample);
		if (uv_tcp_open(&e->sample, fds[0]) < 0)
			die("uv_tcp_open");
		e->sample_fd = fds[0];
	}
	while (e->writing)
		uv_run(&loop, UV_RUN_ONCE);
	e->writing = true;
	if (uv_write2(&e->write, (uv_stream_t *)&e->pipe, &buf, 1, (uv_stream_t *)&e->sample,
		      written) < 0)
		die("uv_write2");
	while (uv_stream_get_write_queue_size((uv_stream_t *)&e->pipe) > 0)
		uv_run(&loop, UV_RUN_ONCE);
}

static void uv_end_recv(void *end, int *fds, size_t n)
{
	struct end *e = end;

	(void)n;
	if (!e->reading && uv_read_start((uv_stream_t *)&e->pipe, alloc, take) < 0)
		die("uv_read_start");
	e->reading = true;
	e->got = NULL; /* what was not dropped is kept */
	while (e->got == NULL)
		uv_run(&loop, UV_RUN_ONCE);
	uv_fileno((uv_handle_t *)e->got, &fds[0]);
}

static void closed(uv_handle_t *handle)
{
	free(handle);
}

/* The descriptor is closed at once, the rest in the next turn of the loop. */
static void uv_end_drop(void *end, int *fds, size_t n)
{
	struct end *e = end;

	(void)fds;
	(void)n;
	uv_close((uv_handle_t *)e->got, closed);
	e->got = NULL;
}

static void uv_end_close(void *end)
{
	struct end *e = end;

	uv_close((uv_handle_t *)&e->pipe, NULL);
	uv_run(&loop, UV_RUN_NOWAIT); /* and e is left to the end of the process */
}

static const struct variant uv = {
	.name = "libuv",
	.types = TYPE(SOCK_STREAM),
	.most = 1,
	.sockets = true,
	.open = uv_end_open,
	.send = uv_end_send,
	.recv = uv_end_recv,
	.drop = uv_end_drop,
	.close = uv_end_close,
};

VARIANTS = {&uv};
