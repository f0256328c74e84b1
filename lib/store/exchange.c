/* SPDX-License-Identifier: MIT
 * exchange.c - a request out, a message of its answer in, by as many brokers as it takes. */
#include "client.h"

#include <string.h>

int fy_store_refuse(struct ferry_store *s, int err, const char *why)
{
	s->why = why;
	return err;
}

static int send_request(struct ferry_store *s, struct fy_call *c)
{
	struct iovec iov = {.iov_base = s->out.bytes, .iov_len = s->out.len};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .flags = c->flags & FY_WAIT_FLAGS};
	int err = fy_wait_ms(&c->wait, c->flags, c->timeout_ms, &msg.timeout_ms);

	if (err < 0)
		return err;
	if (s->op == FY_PUT) {
		msg.fds = (int *)c->fds; /* only read */
		msg.nfds = s->nfds;
	}
	err = ferry_send(s->sock, &msg, sizeof(msg));
	if (err < 0)
		return fy_store_refuse(s, err, msg.why);
	s->sent = true;
	return 0;
}

/* Only these have descriptors in their answer. */
static bool brings_some(const struct ferry_store *s)
{
	return (s->op == FY_GET || s->op == FY_TAKE) && !s->confirming;
}

static int receive(struct ferry_store *s, struct fy_call *c)
{
	struct iovec iov = {.iov_base = s->in, .iov_len = FY_LINES_MOST};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.flags = (c->flags & FY_WAIT_FLAGS) | FERRY_DISPOSE};
	int r = fy_wait_ms(&c->wait, c->flags, c->timeout_ms, &msg.timeout_ms);

	if (r == 0 && brings_some(s)) {
		r = fy_came_room(s);
		msg.fds = s->fds + s->n;
		msg.max_fds = FERRY_MAX_FDS;
	}
	if (r < 0)
		return r;
	r = ferry_recv(s->sock, &msg, sizeof(msg));
	if (r == 0)
		return -ECONNRESET;
	if (r == -EMSGSIZE)
		return fy_answer_malformed(s);
	if (r < 0)
		return fy_store_refuse(s, r, msg.why);
	s->lost.deadline_ns = 0;
	s->fresh = msg.nfds;
	s->n += msg.nfds;
	return fy_lines_begin(&s->lines, s->in, msg.len) < 0 ? fy_answer_malformed(s) : 1;
}

/* Waits for the next message of the answer to what `out` asks, and asks it first if this connection has
 * not been asked: 1, or -errno. */
int fy_store_ask(struct ferry_store *s, struct fy_call *c)
{
	for (;;) {
		int err = s->sock < 0 ? fy_store_again(s, c) : 0;

		if (err < 0)
			return err;
		if (!s->sent)
			err = send_request(s, c);
		if (err == 0)
			err = receive(s, c);
		if (err != -ECONNRESET && err != -EPIPE)
			return err;
		err = fy_store_lost(s, c, err);
		if (err < 0)
			return err;
	}
}

/* Is it still under way?  Of a take that was confirmed nobody knows whether the store has the descriptors
 * any more: what is here is kept until that is known. */
static bool goes_on(const struct ferry_store *s, int err)
{
	if (err == -EAGAIN || err == -EINTR)
		return true;
	return err < 0 && err != -EPROTO && s->confirming && !s->answered;
}

/* Ends the call, and the request unless it goes on.  Who gives up closes the connection: the answer would
 * be taken for that of another request, and what was lent goes back. */
int fy_store_end(struct ferry_store *s, struct ferry_request *r, int err)
{
	if (r != NULL) {
		r->why = err < 0 ? s->why : NULL;
		memcpy(r->id, s->id, sizeof(r->id));
	}
	if (goes_on(s, err))
		return fy_fail(err);
	if (err < 0)
		fy_came_close(s);
	if (!s->answered)
		fy_store_drop(s);
	else if (r != NULL)
		r->id[0] = '\0'; /* the struct can be used again */
	s->op = FY_NONE;
	s->confirming = false;
	return err < 0 ? fy_fail(err) : err;
}
