/* SPDX-License-Identifier: MIT
 * glib.c - glib send|recv SOCKET: g_unix_connection_send_fd and g_unix_connection_receive_fd. */
#include "peer.h"

#include <gio/gio.h>
#include <gio/gunixconnection.h>

int main(int argc, char **argv)
{
	GError *error = NULL;
	GSocket *sock;
	GUnixConnection *connection;
	int fd = STDIN_FILENO;

	if (argc != 3)
		errx(2, "usage: glib send|recv SOCKET");
	sock = g_socket_new_from_fd(peer_socket(argv[1], argv[2]), &error);
	if (sock == NULL)
		errx(1, "%s", error->message);
	connection = G_UNIX_CONNECTION(g_socket_connection_factory_create_connection(sock));
	if (strcmp(argv[1], "send") == 0) {
		if (!g_unix_connection_send_fd(connection, fd, NULL, &error))
			errx(1, "%s", error->message);
	} else {
		fd = g_unix_connection_receive_fd(connection, NULL, &error);
		if (fd < 0)
			errx(1, "%s", error->message);
		peer_takes(fd);
	}
	printf("GLib %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
	g_object_unref(connection);
	g_object_unref(sock);
	return 0;
}
