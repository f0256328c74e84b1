/* SPDX-License-Identifier: MIT
 * send.c - one message out: all of it, and each descriptor once. */
#include "internal.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WINDOW 16 /* pieces of a resumed message in one call */

/* musl's sendmsg copies the control data into a buffer of its own that 253 descriptors do not fit
 * (ENOMEM, up to 1.2.3 at least). */
static ssize_t send_message(int sock, const struct msghdr *h)
{
#ifdef __GLIBC__
	return sendmsg(sock, h, MSG_NOSIGNAL | MSG_DONTWAIT);
#else
	return syscall(SYS_sendmsg, sock, h, MSG_NOSIGNAL | MSG_DONTWAIT);
#endif
}

/* The bytes of all pieces in *all. */
static int check(int sock, struct ferry_msg *msg, size_t size, size_t *all)
{
	int type, err = fy_check_size(msg, size, sizeof(*msg));

	if (err < 0)
		return err;
	/* Before anything can fail: who resumes by this len sends nothing twice. */
	msg->len = msg->resume;
	err = fy_check_msg(msg, FERRY_NOWAIT | FERRY_EINTR);
	if (err < 0)
		return err;
	if (msg->nfds > 0 && msg->fds == NULL)
		return fy_refuse(msg, -EINVAL, "fds is NULL");
	if (msg->nfds > FERRY_MAX_FDS)
		return fy_refuse(msg, -E2BIG, "more than 253 descriptors in one message");
	*all = fy_total(msg);
	if (msg->resume > *all)
		return fy_refuse(msg, -EINVAL, "resume lies behind the end of the data");
	/* The rest is rare, and asks for the type, which costs a tenth of a message. */
	if (msg->resume == 0 && msg->to == NULL && (msg->nfds == 0 || *all > 0))
		return 0;
	type = fy_type(sock);
	if (type < 0)
		return type;
	/* The kernel reports success and destroys them (unix_stream_sendmsg: while (sent < len)). */
	if (msg->nfds > 0 && *all == 0 && type == SOCK_STREAM)
		return fy_refuse(
			msg, -ENODATA,
			"descriptors without data are lost on a stream: send at least one byte");
	if (msg->resume > 0 && type != SOCK_STREAM)
		return fy_refuse(msg, -EINVAL,
				 "resume is for streams: other messages leave whole or not at all");
	/* On seqpacket the kernel ignores it (unix_seqpacket_sendmsg). */
	if (msg->to != NULL && type != SOCK_DGRAM)
		return fy_refuse(msg, -EISCONN,
				 "a destination is for datagrams: this socket has its other end");
	return 0;
}

/* What is left of iov behind skip bytes, as far as it fits in the window. */
static size_t remaining(const struct ferry_msg *msg, size_t skip, struct iovec window[WINDOW])
{
	size_t n = 0;

	for (size_t i = 0; i < msg->iovlen && n < WINDOW; i++) {
		struct iovec v = msg->iov[i];

		if (skip >= v.iov_len) {
			skip -= v.iov_len;
			continue;
		}
		window[n].iov_base = (char *)v.iov_base + skip;
		window[n++].iov_len = v.iov_len - skip;
		skip = 0;
	}
	return n;
}

static const char *reason(int err, const struct ferry_msg *msg)
{
	switch (-err) {
	case EMSGSIZE:
		return "the message is larger than the socket's send buffer";
	case ETOOMANYREFS:
		return "this user has too many descriptors in flight: a receiver does not read";
	case EBADF:
		return msg->nfds > 0 ? "the socket or one of the descriptors is not open"
				     : "the socket is not open";
	case EINVAL:
		return msg->nfds > 0 ? "a descriptor that cannot be passed, such as io_uring's"
				     : NULL;
	case EAGAIN:
	case ETIMEDOUT:
		return "the receiver's queue is full";
	case EPERM:
		return "the receiver refuses descriptors, or is connected to somebody else";
	default:
		return NULL;
	}
}

/* What to do about a refusal: 0 to try again, or what the call returns.  No event tells that there is
 * room in the in-flight limit, or at a receiver that this socket is not connected to. */
static int wait_for_room(struct fy_wait *w, int sock, int err, const struct ferry_msg *msg)
{
	int waited;

	if (err == -EINTR)
		return (msg->flags & FERRY_EINTR) != 0 ? err : 0;
	if (err != -EAGAIN && err != -ETOOMANYREFS)
		return err;
	if (err == -ETOOMANYREFS || msg->to != NULL)
		waited = fy_wait_blind(w, msg->flags, msg->timeout_ms);
	else
		waited = fy_wait(w, sock, POLLOUT, msg->flags, msg->timeout_ms);
	if (err == -ETOOMANYREFS && (waited == -EAGAIN || waited == -ETIMEDOUT))
		return err;
	return waited;
}

/* Sends the message and goes on until all has left.  Only a stream ever takes a part; its first byte
 * takes the descriptors along, so that the control data goes with the first part and never again. */
static int send_all(int sock, struct msghdr *h, struct ferry_msg *msg, size_t all)
{
	struct iovec window[WINDOW], *const whole = h->msg_iov;
	struct fy_wait w = {0};
	size_t sent = msg->resume;
	int err = 0;

	for (;;) {
		ssize_t n;

		if (sent > 0) {
			h->msg_control = NULL;
			h->msg_controllen = 0;
			/* cppcheck-suppress autoVariables ; what was there is put back below */
			h->msg_iov = window;
			FY_SET(h->msg_iovlen, remaining(msg, sent, window));
		}
		n = send_message(sock, h);
		if (n < 0) {
			err = wait_for_room(&w, sock, -errno, msg);
			if (err < 0)
				break;
			continue;
		}
		w.lies = 0; /* poll said the truth, however soon */
		sent += (size_t)n;
		msg->len = sent;
		if (sent >= all)
			break;
	}
	h->msg_iov = whole;
	if (err < 0)
		msg->why = reason(err, msg);
	return err;
}

/* The same to a destination of its own. */
static int send_to(int sock, struct msghdr *h, struct ferry_msg *msg, size_t all)
{
	struct fy_name name = {0};
	int handle = -1, err = fy_name_check(msg->to);

	if (err == 0 && fy_name_is_abstract(msg->to))
		err = fy_name_direct(&name, msg->to);
	else if (err == 0)
		err = handle = fy_path_open(msg->to);
	if (handle >= 0)
		err = fy_name_handle(&name, handle);
	if (err < 0)
		return err;
	h->msg_name = &name.un;
	h->msg_namelen = name.len;
	err = send_all(sock, h, msg, all);
	if (err == -ENOENT && handle >= 0) {
		msg->why = NULL;
		err = fy_name_without_proc(&name, msg->to);
		h->msg_namelen = name.len;
		if (err == 0)
			err = send_all(sock, h, msg, all);
	}
	h->msg_name = NULL; /* which ends here */
	if (handle >= 0)
		close(handle);
	return err;
}

int ferry_send(int sock, struct ferry_msg *msg, size_t size)
{
	union fy_control control;
	struct msghdr h;
	size_t all = 0;
	int err = check(sock, msg, size, &all);

	if (err < 0)
		return fy_fail(err);
	memset(&h, 0, sizeof(h));             /* musl has padding where the kernel has lengths */
	h.msg_iov = (struct iovec *)msg->iov; /* sendmsg(2) only reads it */
	FY_SET(h.msg_iovlen, msg->iovlen);
	if (msg->nfds > 0) {
		h.msg_control = control.bytes;
		FY_SET(h.msg_controllen, fy_control_put(&control, msg->fds, msg->nfds));
	}
	err = msg->to == NULL ? send_all(sock, &h, msg, all) : send_to(sock, &h, msg, all);
	return err < 0 ? fy_fail(err) : 0;
}

int ferry_send_fd(int sock, int fd)
{
	char zero = 0;
	struct iovec data = {.iov_base = &zero, .iov_len = 1};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &fd, .nfds = 1};

	return ferry_send(sock, &msg, sizeof(msg));
}
