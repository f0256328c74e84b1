/* SPDX-License-Identifier: MIT
 * peer_bare.c - sendmsg(2) and recvmsg(2) as unix(7) and cmsg(3) show them: what everything else is
 * measured against. */
#include "bench.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(MOST * sizeof(int))];
};

static void *bare_open(int sock, bool first)
{
	(void)first;
	return (void *)(intptr_t)sock;
}

static int sock_of(void *end)
{
	return (int)(intptr_t)end;
}

static void bare_send(void *end, const int *fds, size_t n)
{
	char byte = 0;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union control control;
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	if (sendmsg(sock_of(end), &h, MSG_NOSIGNAL) != 1)
		die("sendmsg");
}

static bool receive(void *end, int *fds, size_t n, int flags)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union control control;
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = CMSG_LEN(n * sizeof(int))};

	ssize_t got = recvmsg(sock_of(end), &h, MSG_CMSG_CLOEXEC | flags);

	if (got < 0 && errno == EAGAIN)
		return false;
	if (got != 1 || (h.msg_flags & MSG_CTRUNC) != 0 ||
	    h.msg_controllen < CMSG_LEN(n * sizeof(int)) ||
	    control.align.cmsg_len != CMSG_LEN(n * sizeof(int)) ||
	    control.align.cmsg_type != SCM_RIGHTS)
		die("recvmsg");
	memcpy(fds, CMSG_DATA(&control.align), n * sizeof(int));
	return true;
}

static void bare_recv(void *end, int *fds, size_t n)
{
	if (!receive(end, fds, n, 0))
		die("recvmsg");
}

/* Asks again and again instead of sleeping: for a peer on another core. */
static void spin_recv(void *end, int *fds, size_t n)
{
	while (!receive(end, fds, n, MSG_DONTWAIT))
		;
}

/* With the sender's credentials, which come first and are what tells an empty message from the end. */
static void *creds_open(int sock, bool first)
{
	int one = 1;

	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
		die("SO_PASSCRED");
	return bare_open(sock, first);
}

static void creds_recv(void *end, int *fds, size_t n)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(MOST * sizeof(int))];
	} control;
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen =
				   CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(n * sizeof(int))};
	struct cmsghdr *c;

	if (recvmsg(sock_of(end), &h, MSG_CMSG_CLOEXEC) != 1 || (h.msg_flags & MSG_CTRUNC) != 0)
		die("recvmsg");
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_type == SCM_CREDENTIALS)
		c = CMSG_NXTHDR(&h, c);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(n * sizeof(int)))
		die("recvmsg");
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
}

static void bare_drop(void *end, int *fds, size_t n)
{
	(void)end;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* The numbers that one recvmsg(2) gives are mostly one run. */
static void drop_range(void *end, int *fds, size_t n)
{
	(void)end;
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && fds[k] == fds[k - 1] + 1;)
			k++;
		if (syscall(SYS_close_range, (unsigned)fds[i], (unsigned)fds[k - 1], 0u) < 0)
			die("close_range");
	}
}

static void bare_close(void *end)
{
	close(sock_of(end));
}

static const struct variant bare = {
	.name = "bare",
	.types = TYPE(SOCK_STREAM) | TYPE(SOCK_DGRAM) | TYPE(SOCK_SEQPACKET),
	.most = MOST,
	.open = bare_open,
	.send = bare_send,
	.recv = bare_recv,
	.drop = bare_drop,
	.close = bare_close,
};

static const struct variant bare_range = {
	.name = "bare-range",
	.types = TYPE(SOCK_STREAM) | TYPE(SOCK_DGRAM) | TYPE(SOCK_SEQPACKET),
	.most = MOST,
	.only = FOR_MANY,
	.open = bare_open,
	.send = bare_send,
	.recv = bare_recv,
	.drop = drop_range,
	.close = bare_close,
};

static const struct variant bare_spin = {
	.name = "bare-spin",
	.types = TYPE(SOCK_STREAM),
	.most = 1,
	.only = FOR_TRIP_2,
	.open = bare_open,
	.send = bare_send,
	.recv = spin_recv,
	.drop = bare_drop,
	.close = bare_close,
};

static const struct variant bare_creds = {
	.name = "bare-creds",
	.types = TYPE(SOCK_SEQPACKET),
	.most = MOST,
	.only = FOR_ONE,
	.open = creds_open,
	.send = bare_send,
	.recv = creds_recv,
	.drop = bare_drop,
	.close = bare_close,
};

VARIANTS = {&bare, &bare_range, &bare_creds, &bare_spin};
