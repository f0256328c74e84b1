/* SPDX-License-Identifier: MIT
 * peer_wayland.c - libwayland: a client and a server with an interface that has descriptors as
 * arguments, one in "one" and TWENTY in "twenty", which is as many arguments as a message has. */
#include "bench.h"

#include <wayland-client-core.h>
#include <wayland-server-core.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define TWENTY 20

struct end {
	struct wl_display *display; /* the client's or the server's: each header has its own */
	struct wl_proxy *proxy;     /* client */
	struct wl_global *global;   /* server */
	struct wl_resource *resource;
	int fds[2 * MOST]; /* what came */
	size_t n;
};

static const struct wl_interface *no_types[TWENTY];
static const struct wl_message messages[] = {
	{"one", "h", no_types},
	{"twenty", "hhhhhhhhhhhhhhhhhhhh", no_types},
};
static const struct wl_interface carrier = {"bench_carrier", 1, 2, messages, 2, messages};

/* Requests and events alike. */
static int take(const void *implementation, void *target, uint32_t opcode,
		const struct wl_message *message, union wl_argument *args)
{
	struct end *e = (struct end *)implementation;
	size_t n = opcode == 0 ? 1 : TWENTY;

	(void)target;
	(void)message;
	for (size_t i = 0; i < n; i++)
		e->fds[e->n++] = args[i].h;
	return 0;
}

static void bound(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	struct end *e = data;

	e->resource = wl_resource_create(client, &carrier, (int)version, id);
	wl_resource_set_dispatcher(e->resource, take, e, e, NULL);
}

extern const struct wl_interface wl_registry_interface;

static void *wayland_open(int sock, bool first)
{
	struct end *e = calloc(1, sizeof(*e));
	struct wl_proxy *registry;

	if (e == NULL)
		die("calloc");
	if (!first) {
		e->display = wl_display_create();
		e->global = wl_global_create(e->display, &carrier, 1, e, bound);
		if (e->global == NULL || wl_client_create(e->display, sock) == NULL)
			die("wl_client_create");
		return e;
	}
	e->display = wl_display_connect_to_fd(sock);
	if (e->display == NULL)
		die("wl_display_connect_to_fd");
	/* wl_display.get_registry and wl_registry.bind; the first global is number 1. */
	registry = wl_proxy_marshal_flags((struct wl_proxy *)e->display, 1, &wl_registry_interface,
					  1, 0, NULL);
	e->proxy = wl_proxy_marshal_flags(registry, 0, &carrier, 1, 0, 1u, carrier.name, 1u, NULL);
	if (e->proxy == NULL || wl_proxy_add_dispatcher(e->proxy, take, e, e) < 0 ||
	    wl_display_flush(e->display) < 0)
		die("wl_registry.bind");
	return e;
}

static bool wayland_settle(void *end)
{
	struct end *e = end;

	if (e->proxy != NULL)
		return true;
	wl_event_loop_dispatch(wl_display_get_event_loop(e->display), 10);
	return e->resource != NULL;
}

static void wayland_send(void *end, const int *fds, size_t n)
{
	struct end *e = end;
	uint32_t opcode = n >= TWENTY;
	size_t step = opcode == 0 ? 1 : TWENTY;

	for (size_t i = 0; i < n; i += step) {
		union wl_argument args[TWENTY];

		for (size_t k = 0; k < step; k++)
			args[k].h = fds[i + k];
		if (e->proxy != NULL)
			wl_proxy_marshal_array_flags(e->proxy, opcode, NULL, 1, 0, args);
		else
			wl_resource_post_event_array(e->resource, opcode, args);
	}
	if (e->proxy == NULL) {
		wl_display_flush_clients(e->display);
		return;
	}
	while (wl_display_flush(e->display) < 0) {
		struct pollfd p = {.fd = wl_display_get_fd(e->display), .events = POLLOUT};

		if (errno != EAGAIN || poll(&p, 1, -1) < 0)
			die("wl_display_flush");
	}
}

static void wayland_recv(void *end, int *fds, size_t n)
{
	struct end *e = end;

	while (e->n < n) {
		int result =
			e->proxy != NULL
				? wl_display_dispatch(e->display)
				: wl_event_loop_dispatch(wl_display_get_event_loop(e->display), -1);

		if (result < 0)
			die("wayland dispatch");
	}
	for (size_t i = 0; i < n; i++)
		fds[i] = e->fds[i];
	e->n -= n;
	for (size_t i = 0; i < e->n; i++)
		e->fds[i] = e->fds[i + n];
}

static void wayland_drop(void *end, int *fds, size_t n)
{
	(void)end;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void wayland_close(void *end)
{
	struct end *e = end;

	if (e->proxy != NULL) {
		wl_display_disconnect(e->display);
	} else {
		wl_display_destroy_clients(e->display);
		wl_display_destroy(e->display);
	}
	free(e);
}

static const struct variant wayland = {
	.name = "libwayland",
	.types = TYPE(SOCK_STREAM),
	.most = MOST / TWENTY * TWENTY,
	.open = wayland_open,
	.settle = wayland_settle,
	.send = wayland_send,
	.recv = wayland_recv,
	.drop = wayland_drop,
	.close = wayland_close,
};

VARIANTS = {&wayland};
