/* SPDX-License-Identifier: MIT
 * wait.c - one wait within a deadline, also where poll(2) says ready and lies. */
#include "internal.h"

#include <poll.h>
#include <time.h>

#define NS_PER_US 1000
#define NS_PER_MS 1000000
#define NS_PER_S 1000000000
#define MOST_DOUBLINGS 5 /* blind waits grow from 1 ms to 32 ms */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Nanoseconds until the deadline, which is reckoned from the first call: a message that need not wait
 * never asks for the time.  timeout_ms is not 0. */
int64_t fy_wait_left(struct fy_wait *w, int timeout_ms)
{
	int64_t t = now();

	if (w->deadline_ns == 0)
		w->deadline_ns = t + (int64_t)timeout_ms * NS_PER_MS;
	return w->deadline_ns - t;
}

/* The same as a timeout_ms for another call: what is left, 0 for ever, or -ETIMEDOUT. */
int fy_wait_ms(struct fy_wait *w, uint32_t flags, int timeout_ms, int32_t *ret)
{
	int64_t ns;

	*ret = 0;
	if ((flags & FERRY_NOWAIT) != 0 || timeout_ms == 0)
		return 0;
	ns = fy_wait_left(w, timeout_ms);
	if (ns <= 0)
		return -ETIMEDOUT;
	*ret = (int32_t)((ns + NS_PER_MS - 1) / NS_PER_MS);
	return 0;
}

static int poll_within(struct fy_wait *w, struct pollfd *p, nfds_t n, int at_most_ms,
		       uint32_t flags, int timeout_ms)
{
	int ms = at_most_ms, r;

	if ((flags & FERRY_NOWAIT) != 0)
		return -EAGAIN;
	for (;;) {
		if (timeout_ms > 0) {
			int64_t left = fy_wait_left(w, timeout_ms);

			if (left <= 0)
				return -ETIMEDOUT;
			left = (left + NS_PER_MS - 1) / NS_PER_MS;
			if (ms < 0 || left < ms)
				ms = (int)left;
		}
		r = poll(p, n, ms);
		if (r >= 0)
			return r;
		if (errno != EINTR || (flags & FERRY_EINTR) != 0)
			return -errno;
		if (n == 0) /* a blind wait that signals begin anew each time would never end */
			return 0;
	}
}

/* Shall it be tried again without a pause?  To sleep and be woken by another processor takes ten times
 * as long as a message takes; on one processor it only keeps the other end from running. */
bool fy_wait_spin(struct fy_wait *w, const struct ferry_msg *msg)
{
	int64_t t;

	/* A signal handler that runs meanwhile would not be noticed. */
	if (msg->spin_us == 0 || (msg->flags & (FERRY_NOWAIT | FERRY_EINTR)) != 0)
		return false;
	if (msg->timeout_ms > 0 && fy_wait_left(w, msg->timeout_ms) <= 0)
		return false;
	t = now();
	if (w->spin_end_ns == 0)
		w->spin_end_ns = t + (int64_t)msg->spin_us * NS_PER_US;
	return t < w->spin_end_ns;
}

/* Waits a little, because nothing tells when it is worth trying again. */
int fy_wait_blind(struct fy_wait *w, uint32_t flags, int timeout_ms)
{
	unsigned doublings = w->lies < MOST_DOUBLINGS ? w->lies : MOST_DOUBLINGS;
	int r;

	w->lies++;
	r = poll_within(w, NULL, 0, 1 << doublings, flags, timeout_ms);
	return r < 0 ? r : 0;
}

/* Waits until sock is worth trying again: 0, or -EAGAIN, -ETIMEDOUT, -EINTR.
 *
 * poll(2) lies about an unconnected datagram socket whose receiver is full (unix_dgram_poll looks at
 * the connected peer only) and about an out-of-band byte: a loop of poll and try would take a whole
 * processor.  So the second time that it answers at once for nothing, the wait is blind. */
int fy_wait(struct fy_wait *w, int sock, short events, uint32_t flags, int timeout_ms)
{
	struct pollfd p = {.fd = sock, .events = events};
	int64_t before;
	int r;

	if (w->lies > 1)
		return fy_wait_blind(w, flags, timeout_ms);
	before = now();
	r = poll_within(w, &p, 1, -1, flags, timeout_ms);
	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0)
		return r;
	w->lies = now() - before < NS_PER_MS ? w->lies + 1 : 0;
	return (p.revents & POLLNVAL) != 0 ? -EBADF : 0;
}
