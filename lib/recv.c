/* SPDX-License-Identifier: MIT
 * recv.c - one message in: whole, or not at all and nothing left open. */
#include "internal.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* What comes out is set before anything can fail: who closes max_fds slots after a failure closes
 * nothing of his own. */
static int clear(struct ferry_msg *msg)
{
	msg->why = NULL;
	msg->len = 0;
	msg->nfds = 0;
	msg->lost = 0;
	msg->why_slot = 0;
	if (msg->from != NULL && msg->from_size > 0)
		msg->from[0] = '\0';
	if (msg->max_fds > 0 && msg->fds == NULL)
		return fy_refuse(msg, -EINVAL, "fds is NULL");
	for (size_t i = 0; i < msg->max_fds; i++) {
		msg->fds[i] = -1;
		if (msg->err != NULL)
			msg->err[i] = 0;
	}
	return 0;
}

static int check(int sock, struct ferry_msg *msg, size_t size)
{
	int err = fy_check_size(msg, size, sizeof(*msg));

	if (err == 0)
		err = clear(msg);
	if (err == 0 && msg->peer != NULL)
		err = fy_peer_check(msg->peer, msg->peer_size);
	if (err == 0 && msg->expect != NULL)
		err = fy_check_size(msg->expect, msg->expect_size, sizeof(*msg->expect));
	if (err == 0)
		err = fy_check_msg(msg,
				   FERRY_NOWAIT | FERRY_EINTR | FERRY_ROOM_FIRST | FERRY_DISPOSE);
	if (err < 0)
		return err;
	if (msg->min_fds > msg->max_fds || msg->min_fds > FERRY_MAX_FDS)
		return fy_refuse(msg, -EINVAL,
				 "min_fds is more than max_fds, or than a message can have");
	if (msg->from != NULL && msg->from_size < FERRY_ADDR_SIZE)
		return fy_refuse(msg, -EINVAL, "from has less room than FERRY_ADDR_SIZE");
	/* It would take the descriptors and leave the bytes that they came with
	 * (unix_stream_read_generic). */
	if (fy_total(msg) == 0 && fy_type(sock) == SOCK_STREAM)
		return fy_refuse(msg, -EINVAL,
				 "no room for data: on a stream, descriptors come with a byte");
	return 0;
}

/* A datagram socket that is shut down for reading: the kernel says EAGAIN for ever and poll(2) says
 * readable (unix_dgram_recvmsg; for seqpacket it makes an end of file of it). */
static bool is_shut(int sock)
{
	struct pollfd p = {.fd = sock, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLRDHUP) != 0;
}

/* A recvmsg(2) that may wait returns 0 on such a socket (__skb_wait_for_more_packets), as for a datagram of
 * nothing.  Unless something is queued behind it, or it has credentials, or a name and somebody asks for
 * that, it counts as the end: the page says so. */
static bool is_shut_and_empty(int sock, const struct msghdr *h)
{
	char byte;

	return h->msg_controllen == 0 && h->msg_namelen == 0 &&
	       (h->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0 && fy_type(sock) == SOCK_DGRAM &&
	       is_shut(sock) && recv(sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

static int room_first(int sock, struct ferry_msg *msg)
{
	int err = 0;

	if ((msg->flags & FERRY_ROOM_FIRST) != 0)
		err = fy_room_check(sock, msg->max_fds);
	if (err == -ENOSPC)
		msg->why = "too few free descriptor numbers: nothing was read";
	return err;
}

/* On seqpacket recvmsg(2) finds the queue empty first and looks whether the other end has gone then: a
 * message that came in between is still there (unix_seqpacket_recvmsg, __skb_try_recv_datagram). */
static bool may_hide_a_message(int sock, const struct msghdr *h)
{
	return h->msg_controllen == 0 && (h->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0 &&
	       fy_type(sock) == SOCK_SEQPACKET;
}

/* What receive has learnt beside the message. */
struct attempt {
	struct fy_wait wait;
	bool again; /* looked a second time, see may_hide_a_message */
	bool slept; /* the call that gave nothing could wait */
	bool shut;  /* looked once more after the end was seen */
	bool reset; /* the other end has gone without reading all that we sent: this may be its last */
	bool empty; /* a message of nothing, and not the end */
};

/* recvmsg(2) gave nothing (0), or failed: 1 to try again, 0 for a message of nothing or the end, or
 * -errno. */
static __attribute__((cold)) int after_nothing(int sock, struct msghdr *h, struct ferry_msg *msg,
					       struct attempt *a, ssize_t n)
{
	int err;

	if (n == 0) {
		if (a->slept && is_shut_and_empty(sock, h))
			return -ESHUTDOWN;
		if (a->again || !may_hide_a_message(sock, h))
			return 0;
		a->again = true;
		h->msg_controllen = FY_CONTROL_SIZE;
		h->msg_namelen = h->msg_name != NULL ? sizeof(struct fy_raw_name) : 0;
		return 1;
	}
	if (errno == ECONNRESET && !a->reset) {
		/* On seqpacket it comes before the messages that are still queued
		 * (unix_release_sock sets sk_err): those first. */
		a->reset = true;
		return 1;
	}
	if (errno == EINTR && (msg->flags & FERRY_EINTR) == 0)
		return 1;
	if (errno != EAGAIN)
		return -errno;
	if (a->again) {
		/* If nobody has gone it was a message, on a socket without credentials. */
		a->empty = !is_shut(sock);
		h->msg_controllen = 0; /* of a call that failed */
		h->msg_namelen = 0;
		return 0;
	}
	if (a->reset)
		return -ECONNRESET;
	if (a->shut)
		return -ESHUTDOWN;
	/* What was sent before the end is there by the time that the end is seen: once more. */
	if (((msg->flags & FERRY_NOWAIT) != 0 || a->wait.lies > 0) && is_shut(sock)) {
		a->shut = true;
		return 1;
	}
	if (fy_wait_spin(&a->wait, msg))
		return 1;
	err = fy_wait(&a->wait, sock, POLLIN, msg->flags, msg->timeout_ms);
	return err < 0 ? err : 1;
}

#if defined(__GLIBC__) && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#pragma weak __libc_single_threaded /* an older glibc does not have it (2.32) */

static bool is_alone(void)
{
	return &__libc_single_threaded != NULL && __libc_single_threaded != 0;
}
#else
static bool is_alone(void)
{
	return false;
}
#endif

/* recvmsg(2) is a cancellation point, also when it has a message already: its descriptors would stay
 * open, and nobody know them.  poll(2) is one too, and has nothing to lose. */
static ssize_t receive_once(int sock, struct msghdr *h, int flags)
{
	ssize_t n;
	int state;

	if (is_alone())
		return recvmsg(sock, h, flags);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	n = recvmsg(sock, h, flags);
	pthread_setcancelstate(state, NULL);
	return n;
}

/* Who waits for ever, whatever signals come, can do so in recvmsg(2): one system call and not three.
 * O_NONBLOCK and SO_RCVTIMEO only make it fail with EAGAIN; what follows is the other way.  So it is where
 * another thread might cancel this one. */
static int first_flags(const struct ferry_msg *msg)
{
	const uint32_t others = FERRY_NOWAIT | FERRY_EINTR | FERRY_ROOM_FIRST;

	if (msg->timeout_ms == 0 && msg->spin_us == 0 && (msg->flags & others) == 0 && is_alone())
		return MSG_CMSG_CLOEXEC;
	return MSG_CMSG_CLOEXEC | MSG_DONTWAIT;
}

static ssize_t receive(int sock, struct msghdr *h, struct ferry_msg *msg, struct attempt *a)
{
	int flags = first_flags(msg);

	for (;;) {
		ssize_t n;
		int err = room_first(sock, msg);

		if (err < 0)
			return err;
		n = receive_once(sock, h, flags); /* leaves h if it fails */
		if (n > 0)
			return n;
		a->slept = (flags & MSG_DONTWAIT) == 0;
		flags |= MSG_DONTWAIT;
		err = after_nothing(sock, h, msg, a, n);
		if (err <= 0)
			return err;
	}
}

/* recvmsg(2) gave no data: is it the end?  A stream has nothing else to say so, and puts credentials of
 * nobody with it where they are switched on (unix_stream_read_generic).  On seqpacket, with those that
 * ferry_prepare has switched on, only the end comes without control data.  A datagram is a message. */
static bool is_end(int sock, const struct msghdr *h, const struct fy_arrival *arrived)
{
	int type;

	if (arrived->n > 0 || (h->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0)
		return false;
	type = fy_type(sock);
	return type != SOCK_DGRAM && (type != SOCK_SEQPACKET || h->msg_controllen == 0);
}

/* All of it is the caller's now, but for a pidfd that nobody asked for: that is no part of what was
 * sent, and to fail would let who set SO_PASSPIDFD stop every message. */
static void give(struct fy_arrival *arrived, struct ferry_msg *msg)
{
	for (size_t i = 0; i < arrived->n; i++) {
		msg->fds[i] = arrived->fds[i] < 0 ? -1 : arrived->fds[i];
		if (msg->err != NULL)
			msg->err[i] = arrived->fds[i] < 0 ? -arrived->fds[i] : 0;
	}
	msg->nfds = arrived->n;
	if (msg->budget != NULL)
		*msg->budget -= arrived->n;
	if (msg->peer != NULL)
		fy_peer_of_message(arrived, msg->peer);
	else if (arrived->pidfd >= 0)
		ferry_close_all(&arrived->pidfd, 1);
}

int ferry_recv(int sock, struct ferry_msg *msg, size_t size)
{
	union fy_control control;
	struct fy_arrival arrived;
	struct fy_raw_name from;
	struct msghdr h;
	struct attempt attempt = {0};
	ssize_t n;
	int err = check(sock, msg, size);

	if (err < 0)
		return fy_fail(err);
	memset(&h, 0, sizeof(h));
	h.msg_iov = (struct iovec *)msg->iov;
	FY_SET(h.msg_iovlen, msg->iovlen);
	h.msg_control = control.bytes;
	h.msg_controllen = sizeof(control.bytes);
	if (msg->from != NULL) {
		h.msg_name = &from;
		h.msg_namelen = sizeof(from);
	}
	n = receive(sock, &h, msg, &attempt);
	if (n == -ESHUTDOWN)
		return 0;
	if (n < 0)
		return fy_fail((int)n);
	msg->len = (size_t)n;
	fy_control_take(&h, &arrived);
	if (n == 0 && !attempt.empty && is_end(sock, &h, &arrived))
		return attempt.reset ? fy_fail(ECONNRESET) : 0;
	err = fy_judge(sock, &h, &arrived, msg);
	if (err < 0) {
		fy_control_close(&arrived, (msg->flags & FERRY_DISPOSE) != 0);
		if (msg->peer != NULL)
			fy_peer_of_message(&arrived, msg->peer);
		return fy_fail(err);
	}
	give(&arrived, msg);
	if (msg->from != NULL)
		fy_name_text(&from, h.msg_namelen, msg->from, msg->from_size);
	return 1;
}

int ferry_recv_fd(int sock)
{
	char byte;
	int fd;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &fd, .max_fds = 1, .min_fds = 1};
	int r = ferry_recv(sock, &msg, sizeof(msg));

	if (r < 0)
		return r;
	return r == 0 ? fy_fail(EPIPE) : fd;
}
