/* SPDX-License-Identifier: MIT
 * envelope.c - a descriptor in the queue of a socket whose other end is closed.
 *
 * A manager drops a descriptor that it has already under another name, the same open file, without a word.
 * The envelope is an open file of its own, and what is in it can be had again and again by MSG_PEEK.  The
 * price is one descriptor in flight, of the quota that all processes of a user share. */
#include "store.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns the envelope; fd is borrowed. */
int envelope_seal(int fd)
{
	char byte = 0;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {
		.iov = &data, .iovlen = 1, .fds = &fd, .nfds = 1, .flags = FERRY_NOWAIT};
	int ends[2], err;

	/* Not ferry_pair, which asks for credentials: they would take the room of the descriptor. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	err = ferry_send(ends[0], &msg, sizeof(msg));
	close(ends[0]);
	if (err < 0)
		close(ends[1]);
	return err < 0 ? err : ends[1];
}

/* Returns what is in it, which stays in it too. */
int envelope_open(int envelope)
{
	char byte;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr h = {.msg_iov = &data,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	int fd = -1;

	if (recvmsg(envelope, &h, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd >= 0 ? fd : -EBADMSG;
}
