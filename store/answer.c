/* SPDX-License-Identifier: MIT
 * answer.c - answers: put together while requests are read, sent when what they speak of is committed.
 *
 * A client that does not read is not waited for: what it has not taken lies in its backlog, and until that is
 * gone nothing more is read from it.  One whose backlog grows too long is disconnected. */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* gcc's analyzer takes a message that was appended to a backlog for lost. */
#if !defined(__clang__) && __GNUC__ >= 10
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* Grows an array by doubling.  False: no memory. */
static bool grow(void **array, size_t *room, size_t want, size_t size)
{
	size_t bigger = *room > 0 ? *room : 64;
	void *moved;

	if (want <= *room)
		return true;
	while (bigger < want)
		bigger *= 2;
	moved = realloc(*array, bigger * size);
	if (moved == NULL)
		return false;
	*array = moved;
	*room = bigger;
	return true;
}

/* To be closed when the answers of this turn are sent, since one of them may give it out. */
void doom(struct store *s, int fd)
{
	struct turn *turn = s->turn;
	void *doomed = turn->doomed;

	if (fd < 0)
		return;
	if (!grow(&doomed, &turn->doomed_room, turn->ndoomed + 1, sizeof(*turn->doomed))) {
		dispose(s, &fd, 1);
		return;
	}
	turn->doomed = doomed;
	turn->doomed[turn->ndoomed++] = fd;
}

/* Queues an answer.  fds are borrowed until the turn ends; stream is given. */
void answer_text(struct store *s, struct client *c, const struct text *text, const int *fds,
		 size_t nfds, struct stream *stream)
{
	struct turn *turn = s->turn;
	void *bytes = turn->text, *replies = turn->replies, *all = turn->fds;
	bool ok = grow(&bytes, &turn->room, turn->len + text->len, 1);

	turn->text = bytes;
	ok = ok && grow(&replies, &turn->replies_room, turn->nreplies + 1, sizeof(*turn->replies));
	turn->replies = replies;
	ok = ok && grow(&all, &turn->fds_room, turn->nfds + nfds, sizeof(*turn->fds));
	turn->fds = all;
	if (!ok) {
		/* Without an answer it must not wait for one. */
		free(stream);
		client_end(s, c, false);
		return;
	}
	memcpy(turn->text + turn->len, text->bytes, text->len);
	if (nfds > 0)
		memcpy(turn->fds + turn->nfds, fds, nfds * sizeof(*fds));
	turn->replies[turn->nreplies++] = (struct reply){.client = c,
							 .stream = stream,
							 .at = turn->len,
							 .len = text->len,
							 .fd_at = turn->nfds,
							 .nfds = nfds};
	turn->len += text->len;
	turn->nfds += nfds;
	c->queued += nfds;
}

void answer_begin(struct text *text, const char *request, int err)
{
	text->len = 0;
	if (request[0] != '\0')
		text_string(text, "REQUEST", request);
	text_number(text, "ERRNO", -err);
}

void answer_error(struct store *s, struct client *c, const struct request *r, int err)
{
	struct text text;

	answer_begin(&text, r->id, err);
	text_string(&text, "WHY", r->why != NULL ? r->why : strerror(-err));
	answer_text(s, c, &text, NULL, 0, NULL);
}

/* EPOLLET: while there is room in its queue, told each time it has read (unix_write_space in
 * net/unix/af_unix.c) and not all the time: it may have to wait for more than room. */
void client_wait(struct store *s, struct client *c, bool out)
{
	struct epoll_event event = {.events = out ? EPOLLOUT | EPOLLET : EPOLLIN,
				    .data.u64 = TAG_CLIENT};

	if (c->waits_out == out || c->gone)
		return;
	event.data.ptr = c;
	if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &event) < 0)
		client_end(s, c, false);
	c->waits_out = out;
}

/* The quota of descriptors in flight passes, and so does want of memory, but nothing tells when. */
static bool is_shortage(int err)
{
	return err == -ETOOMANYREFS || err == -ENOMEM || err == -ENOBUFS;
}

static bool may_later(int err)
{
	return err == -EAGAIN || is_shortage(err);
}

static int send_now(struct store *s, struct client *c, const char *text, size_t len, int *fds,
		    size_t nfds)
{
	struct iovec data = {.iov_base = (void *)text, .iov_len = len};
	struct ferry_msg msg = {
		.iov = &data, .iovlen = 1, .fds = fds, .nfds = nfds, .flags = FERRY_NOWAIT};

	int r;

	if (!unread_admits(s, c, nfds))
		return -EAGAIN;
	r = ferry_send(c->fd, &msg, sizeof(msg));
	if (r == 0)
		unread_add(s, c, nfds);
	else if (is_shortage(r))
		stall(s, c);
	return r;
}

/* A copy that outlives the turn; NULL: no memory, or no number. */
static struct backlog *new_backlog(struct store *s, const char *text, size_t len, const int *fds,
				   size_t nfds)
{
	struct backlog *b = malloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->len = len;
	memcpy(b->text, text, len);
	for (b->nfds = 0; b->nfds < nfds; b->nfds++) {
		b->fds[b->nfds] = fcntl(fds[b->nfds], F_DUPFD_CLOEXEC, 3);
		if (b->fds[b->nfds] < 0) {
			dispose(s, b->fds, b->nfds);
			free(b);
			return NULL;
		}
	}
	return b;
}

static void push(struct store *s, struct client *c, const char *text, size_t len, const int *fds,
		 size_t nfds)
{
	struct backlog *b = NULL;

	if (c->backlogged < BACKLOG_MOST && s->turn->backlog_fds + nfds <= BACKLOG_FDS)
		b = new_backlog(s, text, len, fds, nfds);
	if (b == NULL) {
		client_end(s, c, false);
		return;
	}
	s->turn->backlog_fds += nfds;
	*c->tail = b;
	c->tail = &b->next;
	c->backlogged++;
}

static void pop(struct store *s, struct client *c)
{
	struct backlog *b = c->first;

	c->first = b->next;
	if (c->first == NULL)
		c->tail = &c->first;
	c->backlogged--;
	s->turn->backlog_fds -= b->nfds;
	dispose(s, b->fds, b->nfds);
	free(b);
}

/* The rest of a long answer, until it is done or the client must read first. */
static bool stream_on(struct store *s, struct client *c)
{
	struct text text;
	int fds[FERRY_MAX_FDS];
	size_t n, before;

	while (c->stream != NULL) {
		int r;

		before = c->stream->at;
		hand_message(s, c->stream, &text, fds, &n);
		r = send_now(s, c, text.bytes, text.len, fds, n);
		if (may_later(r)) {
			c->stream->at = before;
			return false;
		}
		if (r < 0) {
			client_end(s, c, false);
			return false;
		}
		if (c->stream->at >= c->stream->n) {
			free(c->stream);
			c->stream = NULL;
		}
	}
	return true;
}

/* Goes on with what a client has not read yet.  True: there is nothing any more. */
bool client_can_write(struct store *s, struct client *c)
{
	while (c->first != NULL && !c->gone) {
		int r = send_now(s, c, c->first->text, c->first->len, c->first->fds,
				 c->first->nfds);

		if (may_later(r))
			return false;
		if (r < 0) {
			client_end(s, c, false);
			return false;
		}
		pop(s, c);
	}
	if (c->gone || !stream_on(s, c) || unread_is_full(s, c))
		return false;
	client_wait(s, c, false);
	return true;
}

static void send_reply(struct store *s, const struct reply *reply)
{
	struct turn *turn = s->turn;
	struct client *c = reply->client;
	int r = -EAGAIN;

	c->queued = 0;
	if (c->gone) {
		free(reply->stream);
		return;
	}
	if (c->first == NULL)
		r = send_now(s, c, turn->text + reply->at, reply->len, turn->fds + reply->fd_at,
			     reply->nfds);
	if (may_later(r))
		push(s, c, turn->text + reply->at, reply->len, turn->fds + reply->fd_at,
		     reply->nfds);
	else if (r < 0)
		client_end(s, c, false);
	c->stream = reply->stream;
	if (c->gone)
		return;
	if (c->first != NULL || (c->stream != NULL && !stream_on(s, c)))
		client_wait(s, c, true);
}

/* An event, which is no answer to anything. */
void answer_event(struct store *s, struct client *c, const struct text *text)
{
	int r = c->first == NULL ? send_now(s, c, text->bytes, text->len, NULL, 0) : -EAGAIN;

	if (may_later(r))
		push(s, c, text->bytes, text->len, NULL, 0);
	else if (r < 0)
		client_end(s, c, false);
	if (c->first != NULL)
		client_wait(s, c, true);
}

void answers_send(struct store *s)
{
	struct turn *turn = s->turn;

	for (size_t i = 0; i < turn->nreplies; i++)
		send_reply(s, &turn->replies[i]);
	watch_send(s);
	if (turn->ndoomed > 0)
		dispose(s, turn->doomed, turn->ndoomed);
	turn->nreplies = turn->len = turn->nfds = turn->ndoomed = 0;
}
