/* SPDX-License-Identifier: MIT
 * clients.c - connections to the store's door: accepted, read, ended.
 *
 * They are the broker's alone.  When it dies they end, and a client connects anew and repeats what was not
 * answered; to have the keeper hold them too would cost a message and a descriptor for each, and a client
 * would still not know what became of its request. */
#include "broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 64, PROBE_EVERY = 8 };

static void unlink_client(struct turn *turn, struct client *c)
{
	*(c->before != NULL ? &c->before->next : &turn->clients) = c->next;
	*(c->next != NULL ? &c->next->before : &turn->last_client) = c->before;
}

static void append_client(struct turn *turn, struct client *c)
{
	c->next = NULL;
	c->before = turn->last_client;
	*(turn->last_client != NULL ? &turn->last_client->next : &turn->clients) = c;
	turn->last_client = c;
}

static bool is_idle(struct store *s, struct client *c)
{
	return !c->watching && c->lent == 0 && c->first == NULL && c->stream == NULL &&
	       c->turned_away == NULL && !has_unread(s, c);
}

/* Ends the one that has been idle longest, of this owner if one is given, so that idle ones never keep others
 * out; it finds the store again when it has something to ask.  Those that watch, have borrowed or have not
 * read descriptors (unread.c) are not idle. */
static bool make_room(struct store *s, const uid_t *of)
{
	struct client *c = s->turn->clients;

	while (c != NULL && (!is_idle(s, c) || (of != NULL && c->uid != *of)))
		c = c->next;
	if (c == NULL)
		return false;
	client_end(s, c, false);
	return true;
}

/* Which limit does not admit another one of this owner?  NULL: there is room. */
static const char *turns_away(struct store *s, uid_t uid)
{
	if (owner_has(&s->table.owners, uid, OWNED_CLIENTS) >= s->options.max_own_clients &&
	    !make_room(s, &uid))
		return "all connections of this uid are busy: --max-clients-per-owner";
	if (s->turn->nclients >= s->options.max_clients && !make_room(s, NULL))
		return "all connections are busy: --max-clients";
	return NULL;
}

/* One that is turned away may ask, so that it is told why, or comes in when there is room.  Of too many of
 * them the first one ends without a word. */
static void limit_turned_away(struct store *s)
{
	struct client *c = s->turn->clients;

	if (s->turn->nturned_away <= TURNED_AWAY_MOST)
		return;
	while (c->turned_away == NULL)
		c = c->next;
	client_end(s, c, false);
}

static bool admit(struct store *s, struct client *c)
{
	c->turned_away = turns_away(s, c->uid);
	if (c->turned_away == NULL && owner_gets(&s->table.owners, c->uid, OWNED_CLIENTS, 1) < 0)
		c->turned_away = "no memory";
	if (c->turned_away != NULL)
		s->turn->nturned_away++;
	else
		s->turn->nclients++;
	return c->turned_away == NULL;
}

static void uncount(struct store *s, const struct client *c)
{
	if (c->turned_away != NULL) {
		s->turn->nturned_away--;
		return;
	}
	s->turn->nclients--;
	owner_loses(&s->table.owners, c->uid, OWNED_CLIENTS, 1);
}

static void add(struct store *s, int fd)
{
	struct turn *turn = s->turn;
	struct ucred peer;
	struct inode inode;
	socklen_t len = sizeof(peer);
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_CLIENT};

	/* An identity that cannot be told is no identity (kernel-side: SO_PEERCRED of a connection). */
	if (c == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		free(c);
		dispose(s, &fd, 1);
		return;
	}
	c->tail = &c->first;
	c->fd = fd;
	c->ino = inode_of(fd, &inode) == 0 ? inode.ino : 0;
	c->uid = peer.uid;
	event.data.ptr = c;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(c);
		dispose(s, &fd, 1);
		return;
	}
	admit(s, c); /* before it is one of those that make room */
	append_client(turn, c);
	limit_turned_away(s);
	/* What made it connect has often come already. */
	client_read(s, c);
}

void clients_accept(struct store *s)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		/* cppcheck-suppress nullPointer ; accept(2): no address is asked for */
		int fd = accept4(s->door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			add(s, fd);
			continue;
		}
		/* Numbers are kept free for the door, but the whole system's may be used up
		 * (ENFILE): then the listener stays readable, and a client makes room. */
		if ((errno != EMFILE && errno != ENFILE) || !make_room(s, NULL))
			return;
	}
}

/* The request has been read to its end or its end is known: nothing is in the queue that close(2) could
 * wait for.  Else a helper closes. */
void client_end(struct store *s, struct client *c, bool read_all)
{
	struct turn *turn = s->turn;

	if (c->gone)
		return;
	c->gone = true;
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	if (c->lent > 0)
		release(s, c);
	if (c->watching) {
		*(c->before_watcher != NULL ? &c->before_watcher->next_watcher : &turn->watchers) =
			c->next_watcher;
		if (c->next_watcher != NULL)
			c->next_watcher->before_watcher = c->before_watcher;
	}
	unlink_client(turn, c);
	stall_end(c);
	unread_forget(s, c);
	uncount(s, c);
	c->next_gone = turn->gone;
	turn->gone = c;
	if (read_all)
		close(c->fd);
	else {
		/* The client sees the end at once, also when the helper is slow. */
		shutdown(c->fd, SHUT_RDWR);
		dispose(s, &c->fd, 1);
	}
	c->fd = -1;
}

static void free_client(struct store *s, struct client *c)
{
	while (c->first != NULL) {
		struct backlog *b = c->first;

		c->first = b->next;
		s->turn->backlog_fds -= b->nfds;
		dispose(s, b->fds, b->nfds);
		free(b);
	}
	free(c->stream);
	free(c->filter);
	free(c);
}

/* Those that have said nothing for so long, also if they have borrowed; not those that listen. */
void clients_end_idle(struct store *s)
{
	struct client *c = s->turn->clients, *next;
	int64_t before = s->turn->now_ms - (int64_t)s->options.idle_ms;

	for (; s->options.idle_ms > 0 && c != NULL && c->heard_ms <= before; c = next) {
		next = c->next;
		if (!c->watching && !has_unread(s, c))
			client_end(s, c, false);
	}
}

/* At the end of a turn: events that were read with it may still speak of it. */
void clients_free(struct store *s)
{
	struct turn *turn = s->turn;

	while (turn->gone != NULL) {
		struct client *c = turn->gone;

		turn->gone = c->next_gone;
		free_client(s, c);
	}
}

/* In a forked child that is no broker: all that only a broker has.  Its copies of the connections are not the
 * last ones, so that close(2) waits for nothing; what else was open in the turn is swept (twin.c). */
void clients_forget(struct store *s)
{
	struct turn *turn = s->turn;

	while (turn->clients != NULL) {
		struct client *c = turn->clients;

		turn->clients = c->next;
		unread_forget(s, c);
		uncount(s, c);
		close(c->fd);
		while (c->first != NULL) {
			struct backlog *b = c->first;

			c->first = b->next;
			free(b);
		}
		free(c->stream);
		free(c->filter);
		free(c);
	}
	free(turn->text);
	free(turn->replies);
	free(turn->fds);
	free(turn->doomed);
	free(turn->events);
	free(turn);
	s->turn = NULL;
}

static void do_request(struct store *s, struct client *c, struct request *r)
{
	switch (r->op) {
	case OP_PUT:
		put(s, c, r);
		break;
	case OP_GET:
	case OP_TAKE:
	case OP_LIST:
		hand_out(s, c, r);
		break;
	case OP_CONFIRM:
		confirm(s, c, r);
		break;
	case OP_REMOVE:
		remove_request(s, c, r);
		break;
	case OP_WATCH:
		watch(s, c, r);
		break;
	case OP_STATUS:
		status(s, c, r);
		break;
	case OP_UPGRADE:
		upgrade(s, c, r);
		break;
	case OP_ADOPT:
		adopted(s, c, r);
		break;
	case OP_RELEASE:
	case OP_NONE: {
		struct text text;

		release(s, c);
		answer_begin(&text, r->id, 0);
		answer_text(s, c, &text, NULL, 0, NULL);
		break;
	}
	}
}

/* Reads one request and does it.  False: there is none now. */
static bool read_one(struct store *s, struct client *c)
{
	static struct request r; /* large, and there is one broker in a process */
	static char bytes[MESSAGE_MOST + 1];
	static int fds[FERRY_MAX_FDS];
	int err;
	struct iovec data = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct ferry_msg msg = {.iov = &data,
				.iovlen = 1,
				.fds = fds,
				.max_fds = FERRY_MAX_FDS,
				.flags = FERRY_NOWAIT | FERRY_DISPOSE};

	err = ferry_recv(c->fd, &msg, sizeof(msg));
	if (err == -EAGAIN)
		return false;
	if (err == 0 || err == -ECONNRESET) {
		client_end(s, c, true);
		return false;
	}
	r.fds = fds;
	r.nfds = 0;
	if (err < 0) {
		if (err != -EMSGSIZE && err != -EMFILE && err != -EBADMSG) {
			client_end(s, c, false);
			return false;
		}
		/* What it asked is known all the same, and so which of its requests is refused. */
		request_read(&r, bytes, msg.len < MESSAGE_MOST ? msg.len : MESSAGE_MOST);
		r.why = err == -EMSGSIZE
				? "a request has at most 4096 bytes"
				: "descriptors were lost on the way: the store has no room";
		answer_error(s, c, &r, err == -EMSGSIZE ? err : -EBADMSG);
		return true;
	}
	r.nfds = msg.nfds;
	err = request_read(&r, bytes, msg.len);
	if (err == 0 && c->watching) {
		r.why = "this connection watches, and makes no other requests";
		err = -EBUSY;
	}
	if (err == 0 && c->turned_away != NULL) {
		s->turn->nturned_away--;
		if (!admit(s, c)) {
			r.why = c->turned_away;
			err = -ENOSPC;
		}
	}
	if (err < 0)
		answer_error(s, c, &r, err);
	else
		do_request(s, c, &r);
	for (size_t i = 0; i < msg.nfds; i++)
		doom(s, fds[i]);
	return true;
}

/* A client that waits for each answer has no second request: it is only looked for now and then, or when
 * there was one before. */
void client_read(struct store *s, struct client *c)
{
	struct turn *turn = s->turn;

	if (c->next != NULL) {
		unlink_client(turn, c);
		append_client(turn, c);
	}
	c->heard_ms = turn->now_ms;
	for (int i = 0; i < REQUESTS_A_TURN; i++) {
		if (i == 1 && !c->eager && ++c->reads % PROBE_EVERY != 0)
			return;
		if (c->gone || c->stream != NULL || c->first != NULL)
			return;
		/* What it or others have asked for is sent first, and read. */
		if (turn->nfds >= BACKLOG_FDS ||
		    (c->queued > 0 && c->queued + c->unread >= s->options.max_unread))
			return;
		if (unread_is_full(s, c)) {
			client_wait(s, c, true);
			return;
		}
		if (!read_one(s, c)) {
			c->eager = i > 1;
			return;
		}
		/* A long answer is sent before the next request is read. */
		if (turn->nreplies > 0 && turn->replies[turn->nreplies - 1].client == c &&
		    turn->replies[turn->nreplies - 1].stream != NULL)
			return;
	}
	c->eager = true;
}
