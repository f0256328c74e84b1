/* SPDX-License-Identifier: MIT
 * link.c - what has changed goes from the broker to the keeper: the one place where a change is committed.
 *
 * All of a turn goes in as few messages as possible.  When sendmsg(2) has returned, the keeper has it: in its
 * table, or in its queue, which outlives the broker.  The keeper is not woken for each message (it waits
 * for hang-up only, and for the bell) but rung every few dozen, so that the second copy costs little.
 *
 * A link that is lost, or full for longer than patience, ends in a new keeper (twin.c): a fork takes the
 * whole table along, so that nothing has to be taken back. */
#include "record.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RING_EVERY = 32, RING_FDS = 2 * FERRY_MAX_FDS, FULL_PAUSE_MS = 2, FULL_MOST_MS = 2000 };

/* Room for many messages: what the system admits, or more as root. */
static void widen(int sock)
{
	int size = 4 << 20;

	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Makes the ends of a new link; *ret_other is the other twin's.  The bell is both's. */
int link_open(struct link *link, int *ret_other)
{
	int ends[2], bell, r;

	r = ferry_pair(ends, SOCK_SEQPACKET, 0);
	if (r < 0)
		return r;
	bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell < 0) {
		r = -errno;
		ferry_close_all(ends, 2);
		return r;
	}
	widen(ends[0]);
	widen(ends[1]);
	link->end = ends[0];
	link->bell = bell;
	link->twin = -1;
	link->lost = false;
	link->unheard = 0;
	link->unheard_fds = 0;
	link->owed = false;
	link->len = link->nfds = 0;
	*ret_other = ends[1];
	return 0;
}

void link_ring(struct store *s)
{
	uint64_t one = 1;

	if (write(s->link.bell, &one, sizeof(one)) < 0 && errno != EAGAIN)
		s->link.lost = true;
	s->link.unheard = 0;
	s->link.unheard_fds = 0;
	s->link.owed = false;
}

/* For how long a full link is waited for: no client is answered meanwhile. */
static int64_t full_ms(const struct store *s)
{
	uint32_t patience = s->options.patience_ms;

	return patience > 0 && patience < FULL_MOST_MS ? patience : FULL_MOST_MS;
}

/* Sends what has been put together.  A full queue (EAGAIN) is emptied by the keeper; the quota of
 * descriptors in flight (ETOOMANYREFS), which all of one user share, may be held by anybody. */
static void flush(struct store *s)
{
	struct link *link = &s->link;
	struct iovec data = {.iov_base = link->bytes, .iov_len = link->len};
	struct ferry_msg msg = {.iov = &data,
				.iovlen = 1,
				.fds = link->fds,
				.nfds = link->nfds,
				.flags = FERRY_NOWAIT};
	int64_t end = 0;
	int r;

	while (link->len > 0 && !link->lost) {
		r = ferry_send(link->end, &msg, sizeof(msg));
		if (r == 0)
			break;
		link_ring(s);
		if (r != -EAGAIN && r != -ETOOMANYREFS) {
			link->lost = true;
			break;
		}
		if (end == 0)
			end = clock_ms() + full_ms(s);
		if (clock_ms() > end || page_is_fenced(s, TWIN_BROKER))
			link->lost = true;
		else
			poll(NULL, 0, FULL_PAUSE_MS);
	}
	if (link->len > 0)
		link->unheard++;
	link->unheard_fds += link->nfds;
	link->len = link->nfds = 0;
	if (link->unheard >= RING_EVERY || link->unheard_fds >= RING_FDS)
		link_ring(s);
}

/* What follows goes in one message: the keeper has all of it, or nothing, whenever the broker dies. */
void link_whole(struct store *s, size_t records, size_t bytes, size_t nfds)
{
	bytes += records * (sizeof(struct record) + 7);
	if (s->link.len + bytes > LINK_BATCH || s->link.nfds + nfds > FERRY_MAX_FDS)
		flush(s);
}

/* Room for one record, whole, in the message that is being put together. */
static void *record(struct store *s, uint16_t op, size_t len, size_t nfds)
{
	struct link *link = &s->link;
	struct record *r;

	len = (len + sizeof(*r) + 7) & ~(size_t)7;
	if (link->len + len > LINK_BATCH || link->nfds + nfds > FERRY_MAX_FDS)
		flush(s);
	r = (struct record *)(void *)(link->bytes + link->len);
	*r = (struct record){.op = op, .len = (uint32_t)len, .nfds = (uint16_t)nfds};
	link->len += len;
	return r + 1;
}

void link_put(struct store *s, const struct put *put, const int *fds, const uint32_t *flags,
	      size_t n)
{
	struct record_put *r =
		record(s, RECORD_PUT, sizeof(*r) + n * sizeof(*flags) + put->name_len, n);

	*r = (struct record_put){.first_id = put->first_id,
				 .put_ms = put->put_ms,
				 .end_ms = put->end_ms,
				 .uid = put->uid,
				 .evict = put->evict,
				 .replace = put->replace,
				 .name_len = (uint8_t)put->name_len};
	s->link.owed |= put->replace;
	memcpy(r->flags, flags, n * sizeof(*flags));
	memcpy(r->flags + n, put->name, put->name_len);
	memcpy(s->link.fds + s->link.nfds, fds, n * sizeof(*fds));
	s->link.nfds += n;
}

void link_remove(struct store *s, uint64_t first, uint64_t last)
{
	struct record_range *r = record(s, RECORD_REMOVE, sizeof(*r), 0);

	*r = (struct record_range){.first = first, .last = last};
	s->link.owed = true;
}

/* All that are called so by now: a list of any length in one record. */
void link_remove_name(struct store *s, const struct name *name)
{
	struct record_name *r = record(s, RECORD_REMOVE_NAME, sizeof(*r) + name->len, 0);

	s->link.owed = true;
	r->len = name->len;
	memcpy(r->text, name->text, name->len);
}

void link_done(struct store *s, const struct done_request *done)
{
	struct done_request *r = record(s, RECORD_DONE, sizeof(*r), 0);

	*r = *done;
}

void link_state(struct store *s)
{
	struct state *r = record(s, RECORD_STATE, sizeof(*r), 0);

	*r = s->state;
}

/* At the end of a turn: nothing of it is answered before this. */
void link_commit(struct store *s)
{
	flush(s);
	if (s->link.lost)
		twin_renew_keeper(s);
}
