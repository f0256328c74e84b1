/* SPDX-License-Identifier: MIT
 *
 * api.h - what the tests of the library's functions share.
 *
 * The helpers named plain_ use the system calls only: they stand for the other program, and for what
 * was there before the library came.
 */
#ifndef API_H
#define API_H

#include "fdferry.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* One test for each socket type; the body gets it as its argument. */
#define TEST_OF_TYPE(name, suffix, type)                                                           \
	TEST(name##suffix)                                                                         \
	{                                                                                          \
		each_##name(type);                                                                 \
	}
#define TEST_EACH_TYPE(name)                                                                       \
	static void each_##name(int type);                                                         \
	TEST_OF_TYPE(name, _dgram, SOCK_DGRAM)                                                     \
	TEST_OF_TYPE(name, _seqpacket, SOCK_SEQPACKET)                                             \
	TEST_OF_TYPE(name, _stream, SOCK_STREAM)                                                   \
	static void each_##name(int type)

/* Those that have connections: a backlog, an end of file. */
#define TEST_EACH_CONNECTED(name)                                                                  \
	static void each_##name(int type);                                                         \
	TEST_OF_TYPE(name, _seqpacket, SOCK_SEQPACKET)                                             \
	TEST_OF_TYPE(name, _stream, SOCK_STREAM)                                                   \
	static void each_##name(int type)

/* Those that keep the bounds of messages. */
#define TEST_EACH_PACKET(name)                                                                     \
	static void each_##name(int type);                                                         \
	TEST_OF_TYPE(name, _dgram, SOCK_DGRAM)                                                     \
	TEST_OF_TYPE(name, _seqpacket, SOCK_SEQPACKET)                                             \
	static void each_##name(int type)

/* The call fails with -error, and errno says the same. */
#define CHECK_FAILS(call, error)                                                                   \
	do {                                                                                       \
		int fails_result, fails_errno;                                                     \
                                                                                                   \
		errno = 0;                                                                         \
		fails_result = (call);                                                             \
		fails_errno = errno;                                                               \
		harness_err(HARNESS_HERE, #call, fails_result, (error));                           \
		CHECK_INT(fails_errno, ==, (error));                                               \
	} while (0)

static inline socklen_t plain_name(struct sockaddr_un *un, const char *addr)
{
	size_t n = strlen(addr);

	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	CHECK_INT(n, <, sizeof(un->sun_path));
	memcpy(un->sun_path, addr, n);
	if (addr[0] != '@')
		n++;
	else
		un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static inline int plain_socket(int type)
{
	return CHECK_OK(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

/* Bound, and nothing else: it does not listen. */
static inline int plain_bind(const char *addr, int type)
{
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, addr);
	int fd = plain_socket(type);

	CHECK_OK(bind(fd, (struct sockaddr *)&un, len));
	return fd;
}

static inline int plain_listen(const char *addr, int type, int backlog)
{
	int fd = plain_bind(addr, type);

	CHECK_OK(listen(fd, backlog));
	return fd;
}

/* Returns the socket or -errno; does not wait. */
static inline int plain_connect(const char *addr, int type)
{
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, addr);
	int fd = plain_socket(type | SOCK_NONBLOCK), err = 0;

	if (connect(fd, (struct sockaddr *)&un, len) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static inline void plain_stale(const char *path, int type)
{
	close(plain_bind(path, type));
}

static inline void plain_pair(int type, int ret[2])
{
	CHECK_OK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret));
}

/* A server socket of type at addr by the library, and a client connected to it; for a type that
 * listens the connection is accepted and the listener closed. */
static inline void served(const char *addr, int type, int *ret_server, int *ret_client)
{
	int listener = CHECK_OK(ferry_bind(addr, type, 0600, 0));

	*ret_client = CHECK_OK(ferry_connect(addr, type, 0, 0));
	*ret_server = listener;
	if (type == SOCK_DGRAM)
		return;
	*ret_server = CHECK_OK(ferry_accept(listener, 0, 0));
	close(listener);
}

static inline int get_option(int sock, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_OK(getsockopt(sock, SOL_SOCKET, option, &value, &len));
	return value;
}

static inline void set_option(int sock, int option, int value)
{
	CHECK_OK(setsockopt(sock, SOL_SOCKET, option, &value, sizeof(value)));
}

/* An open file that is like no other. */
static inline int new_file(void)
{
	return CHECK_OK(memfd_create("new", MFD_CLOEXEC));
}

static inline int new_pipe(int *ret_write)
{
	int fds[2];

	CHECK_OK(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	*ret_write = fds[1];
	return fds[0];
}

/* Whether nobody holds the pipe's other end any more, in a queue neither. */
static inline bool pipe_ended(int read_end)
{
	char byte;

	return read(read_end, &byte, 1) == 0;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline ino_t inode(const char *path)
{
	struct stat st = {0};

	CHECK_OK(lstat(path, &st));
	return st.st_ino;
}

static inline mode_t mode_of(const char *path)
{
	struct stat st = {0};

	CHECK_OK(lstat(path, &st));
	return st.st_mode;
}

static inline void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* Room for one message.  Slots that the library was not told of must stay UNTOUCHED. */
#define UNTOUCHED (-7)
struct box {
	char data[64];
	struct iovec iov;
	int fds[300];
	struct ferry_msg msg;
};

static inline struct ferry_msg *box_new(struct box *b, size_t max_fds)
{
	*b = (struct box){.iov = {.iov_base = b->data, .iov_len = sizeof(b->data) - 1}};
	for (size_t i = 0; i < sizeof(b->fds) / sizeof(*b->fds); i++)
		b->fds[i] = UNTOUCHED;
	b->msg = (struct ferry_msg){.iov = &b->iov,
				    .iovlen = 1,
				    .fds = b->fds,
				    .max_fds = max_fds,
				    .nfds = 77,
				    .len = 77,
				    .why = "from before"};
	return &b->msg;
}

/* What every receive must leave, whatever it returned. */
static inline void box_check(const struct box *b)
{
	for (size_t i = b->msg.nfds; i < b->msg.max_fds; i++)
		CHECK_INT(b->fds[i], ==, -1);
	CHECK_INT(b->fds[b->msg.max_fds], ==, UNTOUCHED);
	for (size_t i = 0; i < b->msg.nfds; i++) {
		CHECK_INT(b->fds[i], >=, 3);
		CHECK(is_cloexec(b->fds[i]));
	}
}

static inline int box_recv(int sock, struct box *b, size_t max_fds)
{
	int r, err;

	box_new(b, max_fds);
	r = ferry_recv(sock, &b->msg, sizeof(b->msg));
	err = errno;
	b->data[b->msg.len < sizeof(b->data) ? b->msg.len : 0] = '\0';
	box_check(b);
	if (r < 0)
		CHECK_INT(b->msg.nfds, ==, 0);
	else
		CHECK(b->msg.why == NULL);
	errno = err;
	return r;
}

/* The next message is text and brings nothing; "" is an empty message. */
#define CHECK_TEXT(sock, text)                                                                     \
	do {                                                                                       \
		struct box text_box;                                                               \
                                                                                                   \
		CHECK_INT(box_recv((sock), &text_box, 0), ==, 1);                                  \
		CHECK_STR(text_box.data, (text));                                                  \
		CHECK_INT(text_box.msg.len, ==, strlen(text));                                     \
	} while (0)

/* The next message is text and brings the file that fd is of. */
#define CHECK_FILE(sock, text, fd)                                                                 \
	do {                                                                                       \
		struct box file_box;                                                               \
                                                                                                   \
		CHECK_INT(box_recv((sock), &file_box, 1), ==, 1);                                  \
		CHECK_STR(file_box.data, (text));                                                  \
		CHECK_INT(file_box.msg.nfds, ==, 1);                                               \
		CHECK(same_file(file_box.fds[0], (fd)));                                           \
		close(file_box.fds[0]);                                                            \
	} while (0)

static inline int send_text_to(int sock, const char *to, const char *text, int *fds, size_t nfds,
			       uint32_t flags)
{
	struct iovec iov = {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};
	struct ferry_msg msg = {
		.iov = &iov, .iovlen = 1, .fds = fds, .nfds = nfds, .to = to, .flags = flags};
	int r = ferry_send(sock, &msg, sizeof(msg)), err = errno;

	CHECK_INT(msg.len, ==, r == 0 ? strlen(text) : 0);
	if (r == 0)
		CHECK(msg.why == NULL);
	errno = err;
	return r;
}

static inline int send_text(int sock, const char *text, int *fds, size_t nfds)
{
	return send_text_to(sock, NULL, text, fds, nfds, 0);
}

/* Nothing is queued: neither a message nor end of file. */
static inline void check_empty(int sock)
{
	struct box b;

	box_new(&b, 0);
	b.msg.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_recv(sock, &b.msg, sizeof(b.msg)), EAGAIN);
}

#endif
