/* SPDX-License-Identifier: MIT
 * libowfat.c - libowfat send|recv SOCKET: io_passfd and io_receivefd. */
#include "peer.h"

#include <io.h>

int main(int argc, char **argv)
{
	int64 fd;
	int sock;

	if (argc != 3)
		errx(2, "usage: libowfat send|recv SOCKET");
	sock = peer_socket(argv[1], argv[2]);
	if (strcmp(argv[1], "send") == 0) {
		if (io_passfd(sock, STDIN_FILENO) < 0)
			err(1, "io_passfd");
		return 0;
	}
	fd = io_receivefd(sock);
	if (fd < 0)
		err(1, "io_receivefd");
	peer_takes((int)fd);
	return 0;
}
