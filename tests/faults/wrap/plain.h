/* SPDX-License-Identifier: MIT
 * plain.h - the other end of the library's sockets, in plain system calls. */
#ifndef FAULTS_PLAIN_H
#define FAULTS_PLAIN_H

#include "harness.h"

#include <stdbool.h>
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

/* What was queued in a socket; its descriptors should be those of a pool, in turns. */
#define POOL 3
struct queue {
	unsigned messages;
	size_t bytes, n;
	bool wrong; /* a descriptor that is not the one which should come */
};

static inline void queue_look(struct queue *q, int fd, const int *pool)
{
	q->wrong = q->wrong || !same_file(fd, pool[q->n % POOL]);
	q->n++;
	close(fd);
}

static inline struct queue drain(int sock, int type, const int *pool)
{
	union {
		struct cmsghdr align;
		char bytes[2048];
	} control;
	struct queue q = {0};
	char got[64];

	for (;;) {
		struct iovec v = {.iov_base = got, .iov_len = sizeof(got)};
		struct msghdr h = {.msg_iov = &v,
				   .msg_iovlen = 1,
				   .msg_control = &control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		/* An empty datagram is a message. */
		if (n < 0 || (n == 0 && type != SOCK_DGRAM))
			return q;
		CHECK_INT(h.msg_flags & (MSG_CTRUNC | MSG_TRUNC), ==, 0);
		q.messages++;
		q.bytes += (size_t)n;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c)) {
			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
				continue;
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
				int fd;

				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
				queue_look(&q, fd, pool);
			}
		}
	}
}

#endif
