/* SPDX-License-Identifier: MIT
 * connect.c - sockets that have another end: connect, accept, pair. */
#include "internal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#define NS_PER_US 1000
#define US_PER_S 1000000

/* Connects to the file that handle holds, whatever its path leads to by now.  Without /proc there is
 * only the path. */
int fy_connect_handle(int sock, int handle, const char *text)
{
	struct fy_name name;
	int err = fy_name_handle(&name, handle);

	if (err == 0 && connect(sock, (struct sockaddr *)&name.un, name.len) == 0)
		return 0;
	err = -errno;
	if (err == -ENOENT)
		err = fy_name_without_proc(&name, text);
	else
		return err;
	if (err == 0 && connect(sock, (struct sockaddr *)&name.un, name.len) < 0)
		err = -errno;
	return err;
}

/* A full backlog: the kernel queues a blocking connect and lets SO_SNDTIMEO bound it; a non-blocking
 * one gets EAGAIN, and poll(2) says writable at once (unix_stream_connect in af_unix.c). */
static int bound_wait(int sock, int64_t ns)
{
	int64_t us = (ns + NS_PER_US - 1) / NS_PER_US;
	struct timeval tv = {.tv_sec = (time_t)(us / US_PER_S),
			     .tv_usec = (suseconds_t)(us % US_PER_S)};

	return setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

static int connect_once(int sock, int handle, const struct fy_name *abstract, const char *addr)
{
	if (handle >= 0)
		return fy_connect_handle(sock, handle, addr);
	return connect(sock, (const struct sockaddr *)&abstract->un, abstract->len) < 0 ? -errno
											: 0;
}

/* How long one connect(2) may wait.  With FERRY_EINTR it is never for ever: only a bounded one is ended
 * by a handler that was set with SA_RESTART (sock_intr_errno in net/sock.h). */
static int64_t one_wait(uint32_t flags, int timeout_ms, struct fy_wait *w)
{
	if (timeout_ms > 0)
		return fy_wait_left(w, timeout_ms);
	return (flags & FERRY_EINTR) != 0 ? (int64_t)3600 * US_PER_S * NS_PER_US : 0;
}

static int connect_wait(int sock, int handle, const struct fy_name *abstract, const char *addr,
			uint32_t flags, int timeout_ms, struct fy_wait *w)
{
	bool bounded = false;
	int err;

	do {
		int64_t ns = one_wait(flags, timeout_ms, w);

		if (ns < 0 || (timeout_ms > 0 && ns == 0))
			return -ETIMEDOUT;
		if (ns > 0) {
			err = bound_wait(sock, ns);
			if (err < 0)
				return err;
			bounded = true;
		}
		err = connect_once(sock, handle, abstract, addr);
	} while (err == -EAGAIN || (err == -EINTR && (flags & FERRY_EINTR) == 0));
	return err == 0 && bounded ? bound_wait(sock, 0) : err;
}

/* The flag is set and cleared again on a socket that nobody else has yet. */
static int connect_now(int sock, int handle, const struct fy_name *abstract, const char *addr)
{
	int err = fcntl(sock, F_SETFL, O_RDWR | O_NONBLOCK) < 0 ? -errno : 0;

	if (err == 0)
		err = connect_once(sock, handle, abstract, addr);
	if (err == 0 && fcntl(sock, F_SETFL, O_RDWR) < 0)
		err = -errno;
	return err;
}

static int connect_as(int type, int handle, const struct fy_name *abstract, const char *addr,
		      uint32_t flags, int timeout_ms, struct fy_wait *w)
{
	int err, sock = fy_new_socket(type);

	if (sock < 0)
		return sock;
	if ((flags & FERRY_NOWAIT) != 0)
		err = connect_now(sock, handle, abstract, addr);
	else
		err = connect_wait(sock, handle, abstract, addr, flags, timeout_ms, w);
	if (err == 0)
		err = ferry_prepare(sock, flags & FY_SOCKET_FLAGS);
	if (err < 0)
		close(sock);
	return err < 0 ? err : sock;
}

int ferry_connect(const char *addr, int type, uint32_t flags, int timeout_ms)
{
	/* Datagram first: it tells of what type the other one is without a place in its backlog. */
	static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
	struct fy_name abstract;
	struct fy_wait w = {0};
	int handle = -1, err = fy_name_check(addr);

	if (err == 0 &&
	    ((flags & ~(FY_SOCKET_FLAGS | FERRY_NOWAIT | FERRY_EINTR)) != 0 || timeout_ms < 0))
		err = -EINVAL;
	if (err < 0)
		return fy_fail(err);
	if (fy_name_is_abstract(addr))
		err = fy_name_direct(&abstract, addr);
	else
		err = handle = fy_path_open(addr);
	if (err < 0)
		return fy_fail(err);
	if (type != 0) {
		err = connect_as(type, handle, &abstract, addr, flags, timeout_ms, &w);
	} else {
		err = -EPROTOTYPE;
		/* An abstract name is looked up together with the type: the wrong one is not found. */
		for (size_t i = 0;
		     i < 3 && (err == -EPROTOTYPE || (err == -ECONNREFUSED && handle < 0)); i++)
			err = connect_as(types[i], handle, &abstract, addr, flags, timeout_ms, &w);
	}
	if (handle >= 0)
		close(handle);
	return err < 0 ? fy_fail(err) : err;
}

/* Asked before a connection is taken that could only be closed again. */
static int check_listener(int sock)
{
	int domain, listening, type = fy_type(sock);

	if (type < 0)
		return type;
	if (fy_get(sock, SO_DOMAIN, &domain) < 0 || domain != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	return fy_get(sock, SO_ACCEPTCONN, &listening) < 0 || !listening ? -EINVAL : 0;
}

/* Waits until there is a connection to take. */
static int wait_for_one(struct fy_wait *w, int listener, uint32_t flags, int timeout_ms)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	if ((flags & FERRY_NOWAIT) != 0)
		return poll(&p, 1, 0) == 1 ? 0 : -EAGAIN;
	return fy_wait(w, listener, POLLIN, flags, timeout_ms);
}

/* A connection that gets number 0, 1 or 2 is moved above; without room there it could only be closed. */
static int room_for_one(int listener)
{
	int probe = fy_high_copy(listener);

	if (probe < 0)
		return probe;
	close(probe);
	return 0;
}

int ferry_accept(int listener, uint32_t flags, int timeout_ms)
{
	struct fy_wait w = {0};
	int fd = -1, err;

	if ((flags & ~(FY_SOCKET_FLAGS | FERRY_NOWAIT | FERRY_EINTR)) != 0 || timeout_ms < 0)
		return fy_fail(EINVAL);
	err = check_listener(listener);
	/* Another process that accepts here may take it between poll and accept; this one then waits
	 * for the next connection, unless the listener is O_NONBLOCK (accept(2), NOTES). */
	while (err == 0) {
		err = wait_for_one(&w, listener, flags, timeout_ms);
		if (err == 0)
			err = room_for_one(listener);
		if (err < 0)
			break;
		/* cppcheck-suppress nullPointer ; accept(2): no address is asked for */
		fd = fy_high(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		if (fd >= 0)
			break;
		if (fd != -EAGAIN && (fd != -EINTR || (flags & FERRY_EINTR) != 0))
			err = fd;
	}
	if (err == 0) {
		err = ferry_prepare(fd, flags & FY_SOCKET_FLAGS);
		if (err < 0)
			close(fd);
	}
	return err < 0 ? fy_fail(err) : fd;
}

int ferry_pair(int ret[2], int type, uint32_t flags)
{
	int pair[2], err = 0;

	ret[0] = ret[1] = -1;
	if ((flags & ~FY_SOCKET_FLAGS) != 0 || !fy_carries(type))
		return fy_fail(EINVAL);
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return fy_fail(errno);
	for (int i = 0; i < 2; i++) {
		pair[i] = fy_high(pair[i]);
		if (err == 0)
			err = pair[i] < 0 ? pair[i] : ferry_prepare(pair[i], flags);
		if (err > 0)
			err = 0; /* the type */
	}
	if (err < 0) {
		ferry_close_all(pair, 2);
		return fy_fail(err);
	}
	ret[0] = pair[0];
	ret[1] = pair[1];
	return 0;
}
