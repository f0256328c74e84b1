/* SPDX-License-Identifier: MIT
 * inject.c - the wrapped calls, the ways in which each fails, and the loop over all of them. */
#include "inject.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOST_NAMED 4

static struct {
	bool armed;
	unsigned at, which;
	size_t cut;
	struct fault_seen seen;
	struct {
		const char *call;
		unsigned behind;
		int err;
	} named[MOST_NAMED];
} fault;

void fault_at(unsigned call, unsigned which)
{
	fault.at = call;
	fault.which = which;
	fault.seen = (struct fault_seen){0};
	fault.armed = true;
}

struct fault_seen fault_end(void)
{
	fault.armed = false;
	memset(fault.named, 0, sizeof(fault.named));
	return fault.seen;
}

void fault_call(const char *call, unsigned behind, int err)
{
	size_t i = 0;

	while (i < MOST_NAMED && fault.named[i].call != NULL)
		i++;
	CHECK_INT(i, <, MOST_NAMED);
	fault.named[i].call = call;
	fault.named[i].behind = behind;
	fault.named[i].err = err;
}

void fault_cut_sends(size_t bytes)
{
	fault.cut = bytes;
}

/* The error that fault_call wants of this call, once; or 0. */
static int named_turn(const char *call)
{
	for (size_t i = 0; i < MOST_NAMED; i++) {
		int err = fault.named[i].err;

		if (err == 0 || strcmp(fault.named[i].call, call) != 0)
			continue;
		if (fault.named[i].behind > 0) {
			fault.named[i].behind--;
			continue;
		}
		fault.named[i].err = 0;
		return err;
	}
	return 0;
}

/* Is it this one's turn?  Then errno is set. */
static bool turn(const char *call, const int *ways)
{
	unsigned which = fault.which;
	int named = named_turn(call);

	if (named != 0) {
		errno = named;
		return true;
	}
	if (!fault.armed || fault.seen.calls++ != fault.at)
		return false;
	fault.seen.call = call;
	while (*ways != 0 && which > 0) {
		ways++;
		which--;
	}
	fault.seen.err = *ways;
	if (*ways == 0)
		return false;
	errno = *ways;
	return true;
}

#define WAYS(...) ((const int[]){__VA_ARGS__, 0})

/* __wrap_NAME is what the library calls and __real_NAME what it would have called. */
#define WRAP(type, name, params, args, ...)                                                        \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		return turn(#name, WAYS(__VA_ARGS__)) ? -1 : __real_##name args;                   \
	}

WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), EMFILE, ENFILE,
     EACCES, EAFNOSUPPORT, ENOBUFS, ENOMEM, EPROTONOSUPPORT)
WRAP(int, socketpair, (int domain, int type, int protocol, int fds[2]),
     (domain, type, protocol, fds), EMFILE, ENFILE, EAFNOSUPPORT, EOPNOTSUPP, ENOMEM)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), EMFILE, ENFILE, ENOMEM)
WRAP(int, bind, (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len), EACCES, EADDRINUSE,
     EADDRNOTAVAIL, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOTDIR, EROFS, EPERM)
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len), EACCES, EPERM,
     EAGAIN, ECONNREFUSED, EINTR, ENOENT, EPROTOTYPE, ETIMEDOUT, ENOMEM, ENOTDIR, ELOOP)
WRAP(int, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE, EOPNOTSUPP, EINVAL, EACCES)
WRAP(int, accept4, (int fd, struct sockaddr *a, socklen_t *len, int flags), (fd, a, len, flags),
     EAGAIN, ECONNABORTED, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM)
WRAP(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *len),
     (fd, level, option, value, len), ENOPROTOOPT, ENOMEM, EACCES)
WRAP(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t len),
     (fd, level, option, value, len), ENOPROTOOPT, EOPNOTSUPP, EINVAL, EDOM, ENOMEM, EPERM, EACCES)
WRAP(int, getsockname, (int fd, struct sockaddr *a, socklen_t *len), (fd, a, len), ENOBUFS, EINVAL)
WRAP(int, getpeername, (int fd, struct sockaddr *a, socklen_t *len), (fd, a, len), ENOBUFS,
     ENOTCONN)
WRAP(ssize_t, send, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags),
     EAGAIN, ENOBUFS, ENOMEM, EPERM, ECONNREFUSED)
WRAP(ssize_t, recv, (int fd, void *data, size_t len, int flags), (fd, data, len, flags), EAGAIN,
     EINTR, ENOBUFS, ENOMEM)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *h, int flags), (fd, h, flags), EAGAIN, EINTR, ENOMEM,
     ECONNRESET, ENOTCONN, EACCES, EIO)
WRAP(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms), EINTR, EINVAL, ENOMEM)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), EACCES, EIO, ENOMEM, EOVERFLOW)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), EACCES, ENOENT, ENOMEM)
WRAP(int, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags),
     EACCES, ENOENT, ENOMEM, EIO)
WRAP(int, fstatfs, (int fd, struct statfs *st), (fd, st), EINTR, EIO, ENOSYS, ENOMEM)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), EACCES, EIO, EPERM, EROFS)
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), EACCES, EBUSY, EIO,
     ENOENT, EPERM, EROFS)
WRAP(ssize_t, readlink, (const char *path, char *text, size_t size), (path, text, size), EACCES,
     EINVAL, ENOENT, ENOMEM)
WRAP(ssize_t, readlinkat, (int dir, const char *path, char *text, size_t size),
     (dir, path, text, size), EACCES, EINVAL, EIO, ENOENT, ENOMEM)
WRAP(int, flock, (int fd, int how), (fd, how), EINTR, ENOLCK, EWOULDBLOCK, EBADF)
WRAP(int, eventfd, (unsigned first, int flags), (first, flags), EMFILE, ENFILE, ENODEV, ENOMEM)
WRAP(ssize_t, read, (int fd, void *data, size_t len), (fd, data, len), EAGAIN, EINTR, EIO)
WRAP(int, access, (const char *path, int mode), (path, mode), EACCES, ENOENT, ENOMEM)

WRAP(ssize_t, getrandom, (void *data, size_t len, unsigned flags), (data, len, flags), ENOSYS,
     EPERM, EINTR)

/* The same for what returns NULL. */
#define WRAP_MEMORY(name, params, args)                                                            \
	void *__real_##name params;                                                                \
	void *__wrap_##name params;                                                                \
	void *__wrap_##name params                                                                 \
	{                                                                                          \
		return turn(#name, WAYS(ENOMEM)) ? NULL : __real_##name args;                      \
	}

WRAP_MEMORY(calloc, (size_t n, size_t size), (n, size))
WRAP_MEMORY(malloc, (size_t size), (size))
WRAP_MEMORY(realloc, (void *old, size_t size), (old, size))

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	static const int ways[] = {EINTR, EIO, ENOSPC, 0};
	bool fails = turn("close", ways);
	int err = errno;

	if (!fails)
		return __real_close(fd);
	if (__real_close(fd) < 0)
		return -1; /* EBADF: somebody closes twice, and the table will show whom */
	errno = err;
	return -1;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *h, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *h, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	static const int ways[] = {EAGAIN,   EINTR,        ECONNRESET, EPIPE,
				   ENOTCONN, EMSGSIZE,     ENOBUFS,    ENOMEM,
				   EACCES,   EPERM,        ENOENT,     ECONNREFUSED,
				   EINVAL,   ETOOMANYREFS, EISCONN,    ENOTDIR,
				   0};
	struct msghdr less = *h;
	struct iovec first;

	if (turn("sendmsg", ways))
		return -1;
	if (!fault.armed || fault.cut == 0 || h->msg_iovlen == 0)
		return __real_sendmsg(fd, h, flags);
	first = h->msg_iov[0];
	if (first.iov_len > fault.cut)
		first.iov_len = fault.cut;
	less.msg_iov = &first;
	less.msg_iovlen = 1;
	return __real_sendmsg(fd, &less, flags);
}

#define OPEN_WAYS                                                                                  \
	EACCES, EMFILE, ENFILE, ENOENT, ENOMEM, ELOOP, ENOTDIR, EINTR, EIO, ENXIO, EPERM, ENODEV

/* These take an argument more or none; one that was not given is not looked at by the kernel. */
#define WRAP_MORE(type, name, params, args, last, kind, ...)                                       \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		va_list list;                                                                      \
		kind more;                                                                         \
                                                                                                   \
		va_start(list, last);                                                              \
		more = va_arg(list, kind);                                                         \
		va_end(list);                                                                      \
		return turn(#name, WAYS(__VA_ARGS__)) ? -1 : __real_##name args;                   \
	}

WRAP_MORE(int, open, (const char *path, int flags, ...), (path, flags, more), flags, mode_t,
	  OPEN_WAYS)
WRAP_MORE(int, openat, (int dir, const char *path, int flags, ...), (dir, path, flags, more), flags,
	  mode_t, OPEN_WAYS)
WRAP_MORE(int, fcntl, (int fd, int cmd, ...), (fd, cmd, more), cmd, void *, EMFILE, EINVAL, EPERM,
	  ENOMEM, EBADF)
WRAP_MORE(int, ioctl, (int fd, unsigned long request, ...), (fd, request, more), request, void *,
	  EPERM, ENOTTY, EINVAL, ENOENT, EMFILE)

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	static const int ways[] = {ENOSYS, EPERM, EINVAL, ENOMEM, EACCES, 0};
	long a[5]; /* none of the library has more */
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < 5; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (turn("syscall", ways))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

static bool admitted(int err, const struct fault_seen *seen, const int *also)
{
	bool is = err == seen->err;

	/* No number of 3 or more below the limit: fcntl(2) calls the argument wrong. */
	if (strcmp(seen->call, "fcntl") == 0 && seen->err == EINVAL)
		is = is || err == EMFILE;
	for (; also != NULL && *also != 0; also++)
		is = is || err == *also;
	return is;
}

/* Standard output is shown when a test fails: it has the fault that it failed with, and no others. */
static void remember(const struct fault_case *c, unsigned call, const struct fault_seen *seen,
		     int r)
{
	if (ftruncate(STDOUT_FILENO, 0) == 0)
		dprintf(STDOUT_FILENO, "%s: call %u, %s: %s; it returned %d\n", c->name, call,
			seen->call != NULL ? seen->call : "which there is not",
			seen->err != 0 ? strerror(seen->err) : "no fault", r);
}

static void judge(const struct fault_case *c, int r, int err, const struct fault_seen *seen)
{
	if (seen->err == 0) {
		if (c->expected < 0)
			CHECK_INT(r, ==, c->expected);
		else
			CHECK_INT(r, >=, 0);
	} else if (r < 0 && r != c->expected) {
		CHECK_INT(r, >=, -4095);
		if (!admitted(-r, seen, c->also))
			FAIL("%s: %s failed with %s, but the result is %s", c->name, seen->call,
			     strerror(seen->err), strerror(-r));
	}
	if (r < 0)
		CHECK_INT(err, ==, -r);
}

void fault_each(const struct fault_case *c)
{
	unsigned injected = 0, tolerated = 0, most = 0;
	struct fault_seen seen;

	for (unsigned call = 0, which = 0; call < 1000;) {
		struct fd_table *fds;
		int r, err;

		c->before();
		fds = remember_fds();
		fault_at(call, which);
		errno = 0;
		r = c->op();
		err = errno;
		seen = fault_end();
		remember(c, call, &seen, r);
		judge(c, r, err, &seen);
		if (r < 0) {
			CHECK_FDS(fds);
			c->after(r, &seen);
		} else {
			c->after(r, &seen);
			CHECK_FDS(fds);
		}
		c->undo();
		injected += seen.err != 0;
		tolerated += seen.err != 0 && r >= 0;
		if (seen.calls > most)
			most = seen.calls;
		if (seen.call == NULL)
			break;
		which = seen.err == 0 ? 0 : which + 1;
		call += seen.err == 0;
	}
	CHECK_INT(most, >=, c->fewest);
	CHECK(seen.call == NULL); /* the loop has come to its end */
	NOTE("%s: %u faults in %u calls, %u of them tolerated", c->name, injected, most, tolerated);
}
