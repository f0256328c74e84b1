/* SPDX-License-Identifier: MIT
 * get.c - copies of what a store has, or the only ones: get, and take, which confirms. */
#include "client.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What F_SETFL can change, but for O_ASYNC: whom that signals is nobody's who gets it. */
#define SETTABLE ((uint32_t)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME))

static void tell(struct ferry_request *r, size_t i, const struct ferry_held *now)
{
	struct ferry_held *held = (void *)((char *)r->held + i * r->held_size);

	held->id = now->id;
	memcpy(held->name, now->name, sizeof(held->name));
	held->flags = now->flags;
	held->uid = now->uid;
	held->kind[0] = held->event[0] = '\0';
	held->age_ms = held->ttl_ms = held->waiting = held->size = -1;
	held->lent = 0;
}

/* The lines of a message, of which each ID= is about the next descriptor: 1 if another message follows,
 * 0 if not. */
static int read_message(struct ferry_store *s, struct ferry_request *r)
{
	enum { NAME = 1, FLAGS = 2, UID = 4, ALL = 7 };
	struct ferry_held now = {0};
	struct fy_line line;
	size_t i = s->n - s->fresh;
	int known = 0, more = 0;

	while (fy_lines_next(&s->lines, &line)) {
		if (fy_answer_held(&line, &now) < 0)
			return fy_answer_malformed(s);
		known |= fy_line_is(&line, "NAME") ? NAME : 0;
		known |= fy_line_is(&line, "FLAGS") ? FLAGS : 0;
		known |= fy_line_is(&line, "UID") ? UID : 0;
		more |= fy_line_is(&line, "MORE");
		if (!fy_line_is(&line, "ID"))
			continue;
		if (i == s->n || known != ALL)
			return fy_answer_malformed(s);
		s->came[i] = (struct fy_came){.id = now.id, .flags = now.flags};
		if (r->held != NULL && s->more == 0 && i < r->max_fds)
			tell(r, i, &now);
		i++;
	}
	return i == s->n ? more : fy_answer_malformed(s);
}

/* All of them are asked for and none is given: how many there are is worth to be known. */
static void pass_over(struct ferry_store *s, const struct ferry_request *r)
{
	size_t more = s->more + s->n;

	if (s->more == 0 && s->n <= r->max_fds)
		return;
	fy_came_close(s);
	s->more = more;
}

static int collect(struct ferry_store *s, struct fy_call *c, struct ferry_request *r)
{
	int more;

	do {
		int err = fy_store_ask(s, c);

		if (err > 0)
			err = fy_answer_begin(s);
		if (err < 0)
			return err;
		more = read_message(s, r);
		if (more < 0)
			return more;
		pass_over(s, r);
	} while (more > 0);
	s->answered = true;
	if (s->more == 0)
		return 0;
	r->count = s->more;
	return fy_store_refuse(s, -EMSGSIZE, "there are more than asked for: count says how many");
}

/* The flags are those of the open file, which the store and others have too. */
static int restore_flags(struct ferry_store *s)
{
	for (size_t i = 0; i < s->n; i++) {
		int is = fcntl(s->fds[i], F_GETFL);
		uint32_t flags = (uint32_t)is;

		if (is < 0)
			return -errno;
		if ((flags & O_PATH) != 0 || ((flags ^ s->came[i].flags) & SETTABLE) == 0)
			continue;
		flags = (flags & ~SETTABLE) | (s->came[i].flags & SETTABLE);
		if (fcntl(s->fds[i], F_SETFL, (int)flags) < 0)
			return fy_store_refuse(s, -errno, "its file status flags cannot be set");
	}
	return 0;
}

static int fetch(struct ferry_store *s, struct fy_call *c, struct ferry_request *r)
{
	int err = collect(s, c, r);

	return err == 0 && (c->flags & FERRY_RESTORE_FLAGS) != 0 ? restore_flags(s) : err;
}

static int give(struct ferry_store *s, struct ferry_request *r)
{
	size_t n = s->n;

	if (n > 0)
		memcpy(r->fds, s->fds, n * sizeof(*r->fds));
	r->nfds = n;
	s->n = 0;
	return (int)n;
}

int ferry_get(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	int err = fy_store_begin(store, FY_GET, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	err = fetch(store, &c, r);
	return fy_store_end(store, r, err == 0 ? give(store, r) : err);
}

static int by_id(const void *a, const void *b)
{
	const struct fy_came *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int put_ids(struct ferry_store *s, uint64_t first, uint64_t last)
{
	char text[48];
	int n;

	if (first == last)
		return fy_store_number(s, "ID", first);
	n = snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, first, last);
	return fy_store_line(s, "ID", text, (size_t)n);
}

/* Writes the request that confirms what has come: ids that follow each other are a range, so that
 * thousands of descriptors are a line.  It has the id of the take itself, which no store remembers. */
static int compose_confirm(struct ferry_store *s)
{
	int err;

	qsort(s->came, s->n, sizeof(*s->came), by_id);
	s->nfds = 0;
	s->out.len = 0;
	err = fy_store_line(s, "OP", "confirm", strlen("confirm"));
	if (err == 0)
		err = fy_store_line(s, "REQUEST", s->id, strlen(s->id));
	for (size_t i = 0; err == 0 && i < s->n;) {
		uint64_t first = s->came[i].id, last = first;

		while (++i < s->n && s->came[i].id - last <= 1)
			last = s->came[i].id;
		s->nfds += (size_t)(last - first) + 1;
		err = put_ids(s, first, last);
	}
	if (err == -EMSGSIZE)
		s->why = "too many ids to be confirmed in one request: take fewer at once";
	return err;
}

/* What is lent to this connection goes back when that ends. */
static int lend(struct ferry_store *s, struct fy_call *c, struct ferry_request *r)
{
	int err = fetch(s, c, r);

	if (err == 0)
		err = compose_confirm(s);
	if (err < 0 && s->n + s->more > 0)
		fy_store_drop(s);
	if (err < 0 || s->n == 0)
		return err;
	s->confirming = true;
	s->sent = s->begun = s->answered = false;
	return 0;
}

static int confirm(struct ferry_store *s, struct fy_call *c)
{
	struct fy_line line;
	uint64_t count = 0;
	int err = fy_store_ask(s, c);

	if (err > 0)
		err = fy_answer_begin(s);
	if (err < 0) {
		if (s->answered)
			fy_store_drop(s); /* those that are still lent to it */
		return err;
	}
	while (fy_lines_next(&s->lines, &line))
		if (fy_line_is(&line, "COUNT") && !fy_answer_number(&line, SIZE_MAX, &count))
			return fy_answer_malformed(s);
	if (count != s->nfds)
		return fy_answer_malformed(s);
	s->answered = true;
	return 0;
}

/* It goes on, for who calls it with as many slots as it began with. */
static int too_small(struct ferry_request *r)
{
	r->why = "fewer slots than this request began with";
	return -EINVAL;
}

int ferry_take(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	int err = fy_store_begin(store, FY_TAKE, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	if (!store->confirming)
		err = lend(store, &c, r);
	else if (r->max_fds < store->n)
		return fy_fail(too_small(r));
	if (err == 0 && store->confirming)
		err = confirm(store, &c);
	return fy_store_end(store, r, err == 0 ? give(store, r) : err);
}
