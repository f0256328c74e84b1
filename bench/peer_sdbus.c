/* SPDX-License-Identifier: MIT
 * peer_sdbus.c - libsystemd's sd-bus, two ends of a connection without a broker: a signal with an array
 * of descriptors (type "ah"). */
#include "bench.h"

#include <systemd/sd-bus.h>

#include <stdlib.h>

struct end {
	sd_bus *bus;
	sd_bus_message *got; /* owns what came */
};

static void *sdbus_open(int sock, bool first)
{
	struct end *e = calloc(1, sizeof(*e));
	sd_id128_t id;

	if (e == NULL || sd_bus_new(&e->bus) < 0 || sd_bus_set_fd(e->bus, sock, sock) < 0 ||
	    sd_bus_negotiate_fds(e->bus, 1) < 0)
		die("sd_bus_set_fd");
	if (!first && (sd_id128_randomize(&id) < 0 || sd_bus_set_server(e->bus, 1, id) < 0))
		die("sd_bus_set_server");
	if (sd_bus_start(e->bus) < 0)
		die("sd_bus_start");
	return e;
}

static bool sdbus_settle(void *end)
{
	struct end *e = end;

	if (sd_bus_process(e->bus, NULL) < 0)
		die("sd_bus_process");
	if (sd_bus_is_ready(e->bus) > 0)
		return true;
	sd_bus_wait(e->bus, 1000);
	return false;
}

static void sdbus_send(void *end, const int *fds, size_t n)
{
	struct end *e = end;
	sd_bus_message *m = NULL;
	uint64_t waiting;

	if (sd_bus_message_new_signal(e->bus, &m, "/b", "b.B", "F") < 0 ||
	    sd_bus_message_open_container(m, 'a', "h") < 0)
		die("sd_bus_message_new_signal");
	for (size_t i = 0; i < n; i++)
		if (sd_bus_message_append_basic(m, 'h', &fds[i]) < 0)
			die("sd_bus_message_append_basic");
	if (sd_bus_message_close_container(m) < 0 || sd_bus_send(e->bus, m, NULL) < 0)
		die("sd_bus_send");
	sd_bus_message_unref(m);
	if (sd_bus_get_n_queued_write(e->bus, &waiting) < 0 ||
	    (waiting > 0 && sd_bus_flush(e->bus) < 0))
		die("sd_bus_flush");
}

static void sdbus_recv(void *end, int *fds, size_t n)
{
	struct end *e = end;
	int r;

	e->got = NULL; /* what was not dropped is kept */
	while (e->got == NULL) {
		r = sd_bus_process(e->bus, &e->got);
		if (r < 0 || (r == 0 && sd_bus_wait(e->bus, UINT64_MAX) < 0))
			die("sd_bus_process");
	}
	if (sd_bus_message_enter_container(e->got, 'a', "h") < 0)
		die("sd_bus_message_enter_container");
	for (size_t i = 0; i < n; i++)
		if (sd_bus_message_read_basic(e->got, 'h', &fds[i]) <= 0)
			die("sd_bus_message_read_basic");
}

static void sdbus_drop(void *end, int *fds, size_t n)
{
	struct end *e = end;

	(void)fds;
	(void)n;
	e->got = sd_bus_message_unref(e->got);
}

static void sdbus_close(void *end)
{
	struct end *e = end;

	sd_bus_close_unref(e->bus);
	free(e);
}

static const struct variant sdbus = {
	.name = "sd-bus",
	.types = TYPE(SOCK_STREAM),
	.most = MOST,
	.open = sdbus_open,
	.settle = sdbus_settle,
	.send = sdbus_send,
	.recv = sdbus_recv,
	.drop = sdbus_drop,
	.close = sdbus_close,
};

VARIANTS = {&sdbus};
