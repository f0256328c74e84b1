/* SPDX-License-Identifier: MIT
 * peer.h - what the C programs here share: a plain socket, and what is done with a received descriptor. */
#ifndef PEER_H
#define PEER_H

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A stream: to who listens at path, or the first that comes to path. */
static inline int peer_socket(const char *how, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int connection;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (strcmp(how, "send") == 0) {
		if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
			err(1, "connect %s", path);
		return sock;
	}
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(sock, 1) < 0)
		err(1, "listen %s", path);
	connection = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0)
		err(1, "accept");
	unlink(path);
	close(sock);
	return connection;
}

static inline void peer_says_flags(int fd)
{
	puts((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? "close-on-exec" : "inheritable");
}

/* Reads a line and writes through the same descriptor. */
static inline void peer_takes(int fd)
{
	char line[100];
	ssize_t n = read(fd, line, sizeof(line));

	if (n < 0 || dprintf(fd, "peer has: %.*s", (int)n, line) < 0)
		err(1, "the received descriptor");
	peer_says_flags(fd);
}

#endif
