/* SPDX-License-Identifier: MIT
 * trap.h - what the programs of this folder share: plain sendmsg(2) and recvmsg(2), with nothing seen to. */
#ifndef TRAP_H
#define TRAP_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 16 /* descriptors in a message of these programs */

struct message {
	ssize_t len; /* what recvmsg returned */
	char data[64];
	bool truncated; /* MSG_CTRUNC */
	int n;          /* descriptors that came */
	int fds[MOST];
};

static inline void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static inline const char *error(void) /* the name of errno, for those that are met here */
{
	return errno == EBADF          ? "EBADF"
	       : errno == EAGAIN       ? "EAGAIN"
	       : errno == ETOOMANYREFS ? "ETOOMANYREFS"
				       : strerror(errno);
}

static inline ssize_t give(int sock, const char *data, size_t len, const int *fds, int n)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MOST * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > 0) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

/* room is the size of the control buffer: the point of most of these programs. */
static inline struct message take(int sock, size_t room, int flags)
{
	struct message m = {.len = -1};
	_Alignas(struct cmsghdr) char control[512] = {0};
	struct iovec iov = {m.data, sizeof(m.data) - 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = room};

	m.len = recvmsg(sock, &msg, flags | MSG_DONTWAIT);
	if (m.len < 0)
		return m;
	m.truncated = (msg.msg_flags & MSG_CTRUNC) != 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		m.n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(m.fds, CMSG_DATA(c), (size_t)m.n * sizeof(int));
	}
	return m;
}

static inline void pair(int type, int ends[2])
{
	must(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
}

static inline int open_numbers(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* A pipe tells whether somebody still has its writing end: here, or on the way. */
static inline bool has_writer(int reading_end)
{
	struct pollfd p = {.fd = reading_end, .events = POLLIN};

	must(poll(&p, 1, 0) >= 0, "poll");
	return (p.revents & POLLHUP) == 0;
}

static inline const char *yes(bool is)
{
	return is ? "yes" : "no";
}

#endif
