/* SPDX-License-Identifier: MIT
 * peer_glib.c - GLib's GSocket with a GUnixFDMessage.
 *
 * The list is made from the array and the array taken out again: g_unix_fd_list_append() would duplicate
 * every descriptor. */
#include "bench.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixfdmessage.h>
#include <glib/gstdio.h>

#include <string.h>

static void *glib_open(int sock, bool first)
{
	GSocket *s = g_socket_new_from_fd(sock, NULL);

	(void)first;
	if (s == NULL)
		die("g_socket_new_from_fd");
	return s;
}

static void glib_send(void *end, const int *fds, size_t n)
{
	char byte = 0;
	GOutputVector data = {.buffer = &byte, .size = 1};
	GUnixFDList *list = g_unix_fd_list_new_from_array(fds, (gint)n);
	GSocketControlMessage *message = g_unix_fd_message_new_with_fd_list(list);

	if (g_socket_send_message(end, NULL, &data, 1, &message, 1, 0, NULL, NULL) != 1)
		die("g_socket_send_message");
	g_free(g_unix_fd_list_steal_fds(list, NULL));
	g_object_unref(list);
	g_object_unref(message);
}

static void glib_recv(void *end, int *fds, size_t n)
{
	char byte;
	GInputVector data = {.buffer = &byte, .size = 1};
	GSocketControlMessage **messages = NULL;
	gint got, count = 0, flags = 0;
	gint *given;

	if (g_socket_receive_message(end, NULL, &data, 1, &messages, &count, &flags, NULL, NULL) !=
		    1 ||
	    count != 1 || !G_IS_UNIX_FD_MESSAGE(messages[0]))
		die("g_socket_receive_message");
	given = g_unix_fd_message_steal_fds(G_UNIX_FD_MESSAGE(messages[0]), &got);
	if ((size_t)got != n)
		die("g_unix_fd_message_steal_fds");
	memcpy(fds, given, n * sizeof(int));
	g_free(given);
	g_object_unref(messages[0]);
	g_free(messages);
}

static void glib_drop(void *end, int *fds, size_t n)
{
	(void)end;
	for (size_t i = 0; i < n; i++)
		g_close(fds[i], NULL);
}

static void glib_close(void *end)
{
	g_object_unref(end);
}

static const struct variant glib = {
	.name = "GLib",
	.types = TYPE(SOCK_STREAM) | TYPE(SOCK_DGRAM) | TYPE(SOCK_SEQPACKET),
	.most = MOST,
	.open = glib_open,
	.send = glib_send,
	.recv = glib_recv,
	.drop = glib_drop,
	.close = glib_close,
};

VARIANTS = {&glib};
