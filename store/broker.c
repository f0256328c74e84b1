/* SPDX-License-Identifier: MIT
 * broker.c - the twin that talks to clients: a turn after the other, each read, committed, answered. */
#include "broker.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* What was removed is open in the keeper until it hears of it, at the latest so long after. */
enum { EVENTS = 64, TICKS = 3, OWED_MS = 20, BEHIND_MS = 50 };

static int tick_ms(const struct store *s)
{
	return s->options.patience_ms > 0 ? (int)(s->options.patience_ms / TICKS) : 1000;
}

static int add(struct store *s, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event event = {.events = events, .data.u64 = tag};

	return fd < 0 ? 0 : epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void open_epoll(struct store *s)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 || add(s, s->notify, EPOLLIN, TAG_NOTIFY) < 0 ||
	    add(s, s->door, EPOLLIN, TAG_DOOR) < 0)
		_exit(EXIT_FAILURE);
}

static void handle(struct store *s, const struct epoll_event *event)
{
	uint64_t data = event->data.u64;
	struct client *c;

	switch (data % TAGS) {
	case TAG_DOOR:
		clients_accept(s);
		break;
	case TAG_NOTIFY:
		notify_read(s);
		break;
	case TAG_TWIN:
		s->link.lost = true;
		break;
	case TAG_ENTRY:
		evict_hung_up(s, data / TAGS);
		break;
	default:
		c = event->data.ptr;
		if (!c->gone && (!c->waits_out || client_can_write(s, c)))
			client_read(s, c);
	}
}

static int time_to_wait(const struct store *s, int64_t now, int64_t tick)
{
	const struct entry *e = expire_first(&s->table);
	int64_t end = tick;

	if (s->turn->unwatched != NULL)
		return 0;
	if (s->turn->stalled != NULL && end > s->turn->retry_ms)
		end = s->turn->retry_ms;
	if (s->link.owed && end > now + OWED_MS)
		end = now + OWED_MS;
	if (s->above.behind && end > now + BEHIND_MS)
		end = now + BEHIND_MS;
	if (e != NULL && e->end_ms < end)
		end = e->end_ms;
	return end <= now ? 0 : end - now < INT_MAX ? (int)(end - now) : INT_MAX;
}

/* A keeper that has not moved in several ticks of this process, since the bell was rung, is stopped or stuck.  Its own
 * ticks are counted and no time: who was stopped itself must not accuse the other. */
static void look_at_keeper(struct store *s, unsigned *silent)
{
	uint32_t beats = atomic_load(&s->page->beats);

	*silent = beats == s->link.beats ? *silent + 1 : 0;
	s->link.beats = beats;
	if (*silent > TICKS && s->options.patience_ms > 0) {
		s->link.lost = true;
		*silent = 0;
	}
	link_ring(s);
}

static void renew(struct store *s)
{
	if (s->link.lost)
		twin_renew_keeper(s);
	if (add(s, s->link.twin, EPOLLIN, TAG_TWIN) < 0)
		s->link.lost = true;
}

/* The changes of the turn are the keeper's too, and the manager's above, and this is still the broker: only then it answers. */
static void end_turn(struct store *s)
{
	int twin = s->link.twin;

	link_commit(s);
	if (page_wait(s, TWIN_BROKER)) {
		s->link.lost = true;
		link_commit(s);
	}
	if (s->link.twin != twin)
		renew(s);
	above_commit(s);
	answers_send(s);
	upgrade_now(s);
	clients_free(s);
}

void broker_run(struct store *s)
{
	struct epoll_event events[EVENTS];
	unsigned silent = 0;
	int64_t tick;

	signal(SIGTERM, SIG_DFL);
	s->turn = calloc(1, sizeof(*s->turn));
	if (s->turn == NULL)
		_exit(EXIT_FAILURE);
	for (struct entry *e = s->table.first; e != NULL; e = e->next) {
		e->watched = false;
		e->lent = NULL;
	}
	same_forget(&s->table);
	s->turn->unwatched = s->table.first;
	open_epoll(s);
	if (s->link.end < 0)
		s->link.lost = true;
	renew(s);
	tick = clock_ms() + tick_ms(s);
	for (;;) {
		int64_t now = clock_ms();
		int n = epoll_wait(s->epoll, events, EVENTS, time_to_wait(s, now, tick));

		s->turn->now_ms = clock_ms();
		atomic_fetch_add(&s->page->turns, 1);
		if (n == 0 && s->link.owed)
			link_ring(s);
		for (int i = 0; i < n; i++)
			handle(s, &events[i]);
		stalled_retry(s);
		evict_go_on(s);
		now = clock_ms();
		remove_expired(s, now);
		if (now >= tick) {
			look_at_keeper(s, &silent);
			above_tick(s);
			clients_end_idle(s);
			tick = now + tick_ms(s);
		}
		end_turn(s);
	}
}
