/* SPDX-License-Identifier: MIT
 * plain.h - the other end of the library's sockets, in plain system calls. */
#ifndef FAULTS_PLAIN_H
#define FAULTS_PLAIN_H

#include "harness.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static inline socklen_t name_of(struct sockaddr_un *un, const char *text)
{
	size_t n = strlen(text);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, text, n + (n < sizeof(un->sun_path)));
	if (text[0] == '@')
		un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (text[0] != '@'));
}

static inline int plain_bound(const char *text, int of_type)
{
	struct sockaddr_un un;
	socklen_t len = name_of(&un, text);
	int sock = CHECK_OK(socket(AF_UNIX, of_type | SOCK_CLOEXEC, 0));

	CHECK_OK(bind(sock, (struct sockaddr *)&un, len));
	if (of_type != SOCK_DGRAM)
		CHECK_OK(listen(sock, 8));
	return sock;
}

static inline int plain_connected(const char *text, int of_type)
{
	struct sockaddr_un un;
	socklen_t len = name_of(&un, text);
	int sock = CHECK_OK(socket(AF_UNIX, of_type | SOCK_CLOEXEC, 0));

	CHECK_OK(connect(sock, (struct sockaddr *)&un, len));
	return sock;
}

/* The inode of the file there; 0: there is none. */
static inline ino_t file_at(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

#endif
