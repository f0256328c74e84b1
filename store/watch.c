/* SPDX-License-Identifier: MIT
 * watch.c - tells those that watch what has happened, when it is committed; and how the store is. */
#include "broker.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a watcher wants to hear of: selectors, and the names behind them. */
struct filter {
	bool has_pattern;
	char pattern[FY_LINES_MOST];
	size_t n;
	struct selector selectors[];
};

static struct filter *new_filter(const struct request *r)
{
	size_t bytes = sizeof(struct filter) + r->n * sizeof(struct selector);
	struct filter *filter;
	char *at;

	for (size_t i = 0; i < r->n; i++)
		bytes += r->selectors[i].len;
	filter = malloc(bytes);
	if (filter == NULL)
		return NULL;
	filter->has_pattern = r->has_pattern;
	memcpy(filter->pattern, r->pattern, sizeof(r->pattern));
	filter->n = r->n;
	at = (char *)(filter->selectors + r->n);
	for (size_t i = 0; i < r->n; i++) {
		filter->selectors[i] = r->selectors[i];
		if (r->selectors[i].name == NULL)
			continue;
		filter->selectors[i].name = memcpy(at, r->selectors[i].name, r->selectors[i].len);
		at += r->selectors[i].len;
	}
	return filter;
}

static bool wants(const struct filter *filter, const struct event *event)
{
	if (filter == NULL || event->id == 0)
		return true;
	for (size_t i = 0; i < filter->n; i++) {
		const struct selector *sel = &filter->selectors[i];

		if (sel->name != NULL
			    ? sel->len == strlen(event->name) &&
				      memcmp(sel->name, event->name, sel->len) == 0
			    : event->id >= sel->first &&
				      event->id <= (sel->last != 0 ? sel->last : sel->first))
			return true;
	}
	return filter->has_pattern && fnmatch(filter->pattern, event->name, 0) == 0;
}

void watch(struct store *s, struct client *c, struct request *r)
{
	struct turn *turn = s->turn;
	struct text text;

	if ((r->n > 0 || r->has_pattern) && (c->filter = new_filter(r)) == NULL) {
		answer_error(s, c, r, -ENOMEM);
		return;
	}
	c->watching = true;
	c->before_watcher = NULL;
	c->next_watcher = turn->watchers;
	if (turn->watchers != NULL)
		turn->watchers->before_watcher = c;
	turn->watchers = c;
	answer_begin(&text, r->id, 0);
	answer_text(s, c, &text, NULL, 0, NULL);
}

static void queue(struct turn *turn, const struct event *event)
{
	if (turn->nevents == turn->events_room) {
		size_t room = turn->events_room > 0 ? 2 * turn->events_room : 16;
		struct event *bigger = realloc(turn->events, room * sizeof(*bigger));

		if (bigger == NULL) {
			turn->lost_event = true;
			return;
		}
		turn->events = bigger;
		turn->events_room = room;
	}
	turn->events[turn->nevents++] = *event;
}

void watch_tell(struct store *s, const char *what, const struct entry *e)
{
	struct event event = {.what = what, .id = e->id, .uid = e->uid};

	if (s->turn->watchers == NULL)
		return;
	memcpy(event.name, e->name->text, e->name->len);
	queue(s->turn, &event);
}

/* The lines as they are when it is told: a later state makes an earlier one pointless. */
void watch_tell_state(struct store *s)
{
	if (s->turn->watchers != NULL)
		queue(s->turn, &(struct event){.what = "state"});
}

static bool write_event(const struct store *s, const struct event *event, struct text *text)
{
	size_t before = text->len;
	bool ok = text_string(text, "EVENT", event->what);

	if (event->id == 0) {
		ok = ok && s->state.len <= MESSAGE_MOST - text->len;
		if (ok)
			memcpy(text->bytes + text->len, s->state.lines, s->state.len);
		text->len += ok ? s->state.len : 0;
	} else {
		ok = ok && text_number(text, "ID", (int64_t)event->id) &&
		     text_string(text, "NAME", event->name) && text_number(text, "UID", event->uid);
	}
	if (!ok)
		text->len = before;
	return ok;
}

/* As many events in a message as fit, so that much in one turn is little in a watcher's queue. */
static void send_events(struct store *s, struct client *c)
{
	const struct turn *turn = s->turn;
	struct text text = {.len = 0};

	for (size_t i = 0; i < turn->nevents; i++) {
		if (!wants(c->filter, &turn->events[i]) || write_event(s, &turn->events[i], &text))
			continue;
		answer_event(s, c, &text);
		text.len = 0;
		write_event(s, &turn->events[i], &text);
	}
	if (text.len > 0)
		answer_event(s, c, &text);
}

void watch_send(struct store *s)
{
	struct turn *turn = s->turn;
	struct client *c = turn->nevents > 0 ? turn->watchers : NULL, *next;

	for (; c != NULL; c = next) {
		next = c->next_watcher;
		send_events(s, c);
	}
	turn->nevents = 0;
	/* A watcher that missed something must see that it did: by the end. */
	while (turn->lost_event && turn->watchers != NULL)
		client_end(s, turn->watchers, false);
	turn->lost_event = false;
}

static bool state_lines(struct text *text, const struct state *state)
{
	const char *at = state->lines, *end = at + state->len;
	bool ok = true;

	while (at < end && ok) {
		const char *equals = memchr(at, '=', (size_t)(end - at));
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		char key[64] = "STATE_";

		strncat(key, at, (size_t)(equals - at));
		ok = text_add(text, key, equals + 1, (size_t)(newline - equals - 1));
		at = newline + 1;
	}
	return ok;
}

/* Those of one owner, and how much of them the one who asks has used; and those of one connection. */
static void limits(const struct store *s, const struct client *c, struct text *text)
{
	const struct store_options *o = &s->options;
	const struct owners *owners = &s->table.owners;

	text_number(text, "USED_FDS_PER_OWNER", (int64_t)owner_has(owners, c->uid, OWNED_FDS));
	text_number(text, "LIMIT_FDS_PER_OWNER", (int64_t)o->max_own_fds);
	text_number(text, "USED_CLIENTS_PER_OWNER",
		    (int64_t)owner_has(owners, c->uid, OWNED_CLIENTS));
	text_number(text, "LIMIT_CLIENTS_PER_OWNER", (int64_t)o->max_own_clients);
	text_number(text, "USED_UNREAD", (int64_t)owner_has(owners, c->uid, OWNED_UNREAD));
	text_number(text, "LIMIT_UNREAD", (int64_t)o->max_unread);
	text_number(text, "LIMIT_IDLE_MS", (int64_t)o->idle_ms);
}

void status(struct store *s, struct client *c, const struct request *r)
{
	const struct page *page = s->page;
	char cage[CAGE_NAMES];
	struct text text;

	cage_names(atomic_load(&page->cage), cage);
	answer_begin(&text, r->id, 0);
	text_string(&text, "VERSION", FERRY_VERSION);
	text_number(&text, "PARENT", atomic_load(&page->parent));
	text_number(&text, "BROKER", getpid());
	text_number(&text, "KEEPER", atomic_load(&page->keeper));
	text_number(&text, "REPLACED", atomic_load(&page->replaced));
	text_number(&text, "HELD", (int64_t)s->table.n);
	text_number(&text, "MAX_FDS", (int64_t)s->options.max_fds);
	text_number(&text, "CLIENTS", (int64_t)s->turn->nclients);
	text_number(&text, "MAX_CLIENTS", (int64_t)s->options.max_clients);
	text_string(&text, "ABOVE", !s->above.on ? "none" : s->above.behind ? "behind" : "ok");
	text_string(&text, "SANDBOX", cage);
	limits(s, c, &text);
	state_lines(&text, &s->state);
	answer_text(s, c, &text, NULL, 0, NULL);
}

/* For adopt.c.  Who has the page can end the store: only who could kill it gets it. */
void adopted(struct store *s, struct client *c, struct request *r)
{
	struct text text;

	if (c->uid != geteuid() && c->uid != 0) {
		r->why = "only the store's own user and root may adopt it";
		answer_error(s, c, r, -EPERM);
		return;
	}
	answer_begin(&text, r->id, 0);
	answer_text(s, c, &text, &s->page_fd, 1, NULL);
}
