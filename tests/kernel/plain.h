/* SPDX-License-Identifier: MIT
 *
 * plain.h - SCM_RIGHTS by plain system calls, for tests that ask the kernel and not the library.
 */
#ifndef PLAIN_H
#define PLAIN_H

#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* or 32-bit stat() fails on large inode numbers */
#endif

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Absent from the headers of Debian 12; asm-generic's numbers. */
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

enum { PLAIN_ROOM = 2048 }; /* control bytes enough for everything that Linux sends */

static const int plain_types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

#define FOR_EACH_TYPE(type)                                                                        \
	for (int plain_i = 0, type = plain_types[0]; plain_i < 3;                                  \
	     type = ++plain_i < 3 ? plain_types[plain_i] : 0)

/* One message as it came. */
struct received {
	ssize_t len;
	int flags;         /* msg_flags */
	size_t controllen; /* as the kernel left it */
	int blocks;        /* how many SCM_RIGHTS */
	int count;         /* of descriptors in them */
	int fds[256];
	bool has_pidfd;
	int pidfd;
	bool has_cred;
	struct ucred cred;
	int others; /* control messages of any other kind */
	char data[4096];
};

union plain_control {
	struct cmsghdr header; /* for the alignment */
	char bytes[PLAIN_ROOM];
};

static inline void make_pair(int type, int pair[2])
{
	CHECK_OK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair));
}

static inline void close_pair(const int pair[2])
{
	CHECK_OK(close(pair[0]));
	CHECK_OK(close(pair[1]));
}

/* A pipe to see by whether a descriptor was destroyed: reading does not wait. */
static inline void make_pipe(int fds[2])
{
	CHECK_OK(pipe2(fds, O_CLOEXEC));
	CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
}

static inline void check_writer_lives(int read_end)
{
	char c;

	CHECK_ERRNO(read(read_end, &c, 1), EAGAIN);
}

static inline void check_writer_is_gone(int read_end)
{
	char c;

	CHECK_INT(CHECK_OK(read(read_end, &c, 1)), ==, 0);
}

/* Fills a control buffer with one control message of n ints; returns its length. */
static inline size_t put_ints(struct cmsghdr *header, int level, const int *ints, size_t n)
{
	header->cmsg_level = level;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(n * sizeof *ints);
	memcpy(CMSG_DATA(header), ints, n * sizeof *ints);
	return CMSG_SPACE(n * sizeof *ints);
}

/* The call itself: musl's function copies what is to be sent into a buffer that is too small for 253. */
static inline ssize_t plain_sendmsg(int sock, const struct msghdr *msg, int flags)
{
#ifdef __GLIBC__
	return sendmsg(sock, msg, flags);
#else
	return syscall(SYS_sendmsg, sock, msg, flags);
#endif
}

/* sendmsg() of len bytes with n descriptors, all in one SCM_RIGHTS; -1 and errno on failure. */
static inline ssize_t send_fds(int sock, const void *data, size_t len, const int *fds, size_t n,
			       int flags)
{
	union plain_control control;
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(&control, 0, sizeof control);
	if (n > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = (__typeof__(msg.msg_controllen))put_ints(&control.header,
									      SOL_SOCKET, fds, n);
	}
	return plain_sendmsg(sock, &msg, flags | MSG_DONTWAIT);
}

static inline ssize_t send_one(int sock, const char *text, int fd)
{
	return send_fds(sock, text, strlen(text), &fd, 1, 0);
}

/* CMSG_NXTHDR() of musl does not compile without sign conversions. */
static inline struct cmsghdr *next_control(struct msghdr *msg, struct cmsghdr *c)
{
	char *end = (char *)msg->msg_control + msg->msg_controllen;
	char *next = (char *)c + CMSG_ALIGN(c->cmsg_len);

	if (c->cmsg_len < CMSG_LEN(0) || next > end || (size_t)(end - next) < CMSG_LEN(0))
		return NULL;
	return (struct cmsghdr *)(void *)next;
}

static inline void note_control(struct received *r, struct cmsghdr *c)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);

	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		size_t n = len / sizeof(int);

		r->blocks++;
		CHECK_INT((size_t)r->count + n, <=, 256);
		memcpy(r->fds + r->count, CMSG_DATA(c), n * sizeof(int));
		r->count += (int)n;
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_PIDFD &&
		   len == sizeof r->pidfd) {
		r->has_pidfd = true;
		memcpy(&r->pidfd, CMSG_DATA(c), len);
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
		   len == sizeof r->cred) {
		r->has_cred = true;
		memcpy(&r->cred, CMSG_DATA(c), len);
	} else {
		r->others++;
	}
}

/* recvmsg() of at most size bytes with room control bytes; never waits.  Returns what recvmsg()
 * returned; on success *r says what came. */
static inline ssize_t recv_msg(int sock, struct received *r, size_t size, size_t room, int flags)
{
	union plain_control control;
	struct iovec iov = {r->data, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(r, 0, sizeof *r);
	memset(&control, 0, sizeof control);
	CHECK_INT(size, <=, sizeof r->data);
	CHECK_INT(room, <=, sizeof control);
	msg.msg_control = &control;
	msg.msg_controllen = (__typeof__(msg.msg_controllen))room;
	r->len = recvmsg(sock, &msg, flags | MSG_DONTWAIT);
	if (r->len < 0)
		return r->len;
	r->flags = msg.msg_flags;
	r->controllen = msg.msg_controllen;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = next_control(&msg, c))
		note_control(r, c);
	return r->len;
}

/* Closes what a message brought. */
static inline void close_received(const struct received *r)
{
	for (int i = 0; i < r->count; i++)
		CHECK_OK(close(r->fds[i]));
	if (r->has_pidfd && r->pidfd >= 0)
		CHECK_OK(close(r->pidfd));
}

static inline void check_queue_is_empty(int sock)
{
	char c;

	CHECK_ERRNO(recv(sock, &c, 1, MSG_DONTWAIT), EAGAIN);
}

static inline struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	CHECK_INT(strlen(path), <, sizeof a.sun_path);
	memcpy(a.sun_path, path, strlen(path));
	return a;
}

static inline int new_socket(int type)
{
	return CHECK_OK(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

static inline int bind_to(int sock, const char *path)
{
	struct sockaddr_un a = address(path);

	return bind(sock, (struct sockaddr *)&a, sizeof a);
}

static inline int connect_to(int sock, const char *path)
{
	struct sockaddr_un a = address(path);

	return connect(sock, (struct sockaddr *)&a, sizeof a);
}

/* A socket bound to path, and listening where its type listens. */
static inline int new_server(int type, const char *path)
{
	int sock = new_socket(type);

	CHECK_OK(bind_to(sock, path));
	if (type != SOCK_DGRAM)
		CHECK_OK(listen(sock, 8));
	return sock;
}

#endif
