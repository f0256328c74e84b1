/* SPDX-License-Identifier: MIT
 * list.c - what a store has, and what happens in it. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 8192

static int append(struct ferry_store *s, const struct fy_line *line)
{
	const char *end =
		line->value != NULL ? line->value + line->value_len : line->key + line->key_len;
	size_t n = (size_t)(end - line->key);

	if (s->list_room - s->list_len < n + 1) {
		size_t room = s->list_room > 0 ? 2 * s->list_room : FIRST_ROOM;
		char *grown = realloc(s->list, room);

		if (grown == NULL)
			return -ENOMEM;
		s->list = grown;
		s->list_room = room;
	}
	memcpy(s->list + s->list_len, line->key, n);
	s->list_len += n;
	s->list[s->list_len++] = '\n';
	return 0;
}

/* The whole list is fetched before any of it is given: a store need not wait for who reads it, and a
 * broker that dies in the middle has cost nothing but time. */
static int fetch(struct ferry_store *s, struct fy_call *c)
{
	struct fy_line line;
	bool more;

	do {
		int err = fy_store_ask(s, c);

		if (err > 0)
			err = fy_answer_begin(s);
		if (err < 0)
			return err;
		more = false;
		while (err == 0 && fy_lines_next(&s->lines, &line)) {
			if (fy_line_is(&line, "MORE"))
				more = true;
			else
				err = append(s, &line);
		}
		if (err < 0)
			return err;
	} while (more);
	s->answered = true;
	return 0;
}

int ferry_list(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	int err = fy_store_begin(store, FY_LIST, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	err = fetch(store, &c);
	if (err == 0) {
		store->listed = true;
		store->next.at = store->list;
		store->next.end = store->list_len > 0 ? store->list + store->list_len : store->list;
	}
	return fy_store_end(store, r, err);
}

int ferry_watch(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	int err = fy_store_begin(store, FY_WATCH, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	err = fy_store_ask(store, &c);
	if (err > 0)
		err = fy_answer_begin(store);
	if (err == 0) {
		store->answered = store->watching = true;
		store->listed = store->missed = false;
		store->next = store->lines;
	}
	return fy_store_end(store, r, err);
}

static void clear(struct ferry_held *ret)
{
	char *path = ret->path;
	size_t path_size = ret->path_size;

	*ret = (struct ferry_held){.uid = (uid_t)-1,
				   .age_ms = -1,
				   .ttl_ms = -1,
				   .waiting = -1,
				   .size = -1,
				   .path = path,
				   .path_size = path_size};
	if (path != NULL && path_size > 0)
		path[0] = '\0';
}

/* A line of a state is for the caller to read, as it is. */
static void add_state(const struct fy_line *line, struct ferry_held *ret)
{
	const char *end =
		line->value != NULL ? line->value + line->value_len : line->key + line->key_len;
	struct fy_line whole = {.value = line->key, .value_len = (size_t)(end - line->key)};
	size_t at;

	if (ret->path == NULL || ret->path_size == 0)
		return;
	at = strlen(ret->path);
	if (at > 0 && at + 1 < ret->path_size)
		ret->path[at++] = '\n';
	fy_answer_text(&whole, ret->path + at, ret->path_size - at);
}

/* Reads what begins with key and ends where the next does: 1, 0 if there is nothing, or -EPROTO. */
static int read_next(struct fy_lines *lines, const char *key, struct ferry_held *ret)
{
	struct fy_lines before;
	struct fy_line line;
	bool state;

	if (!fy_lines_next(lines, &line))
		return 0;
	clear(ret);
	if (!fy_line_is(&line, key) || fy_answer_held(&line, ret) < 0)
		return -EPROTO;
	state = strcmp(ret->event, "state") == 0;
	for (before = *lines; fy_lines_next(lines, &line); before = *lines) {
		if (fy_line_is(&line, key)) {
			*lines = before;
			break;
		}
		if (state)
			add_state(&line, ret);
		else if (fy_answer_held(&line, ret) < 0)
			return -EPROTO;
	}
	return 1;
}

/* The first message of a connection made anew is the answer to the watch, which was asked for again. */
static int watch_on(struct ferry_store *s, struct fy_call *c)
{
	int err = fy_store_ask(s, c);

	if (err < 0)
		return err;
	if (!s->begun) {
		err = fy_answer_begin(s);
		s->missed = err == 0;
		s->watching = err == 0 || err == -EPROTO;
	}
	s->next = s->lines;
	return err < 0 ? err : 0;
}

static int next_event(struct ferry_store *s, struct ferry_held *ret, struct fy_call *c)
{
	int r;

	do {
		if (s->missed) {
			s->missed = false;
			return -ESTALE;
		}
		r = read_next(&s->next, "EVENT", ret);
		if (r == 0)
			r = watch_on(s, c);
		else if (r > 0)
			return r;
	} while (r == 0);
	if (r == -EPROTO || !s->watching) { /* the next connection is another beginning */
		s->next.at = s->next.end;
		fy_store_drop(s);
	}
	return r;
}

int ferry_next(struct ferry_store *store, struct ferry_held *ret, size_t size, uint32_t flags,
	       int timeout_ms)
{
	struct fy_call c = {.flags = flags, .timeout_ms = timeout_ms};
	int r = fy_check_size(ret, size, sizeof(*ret));

	if (r == 0 && (store == NULL || (flags & ~FY_WAIT_FLAGS) != 0 || timeout_ms < 0))
		r = -EINVAL;
	if (r < 0)
		return fy_fail(r);
	if (store->watching)
		r = next_event(store, ret, &c);
	else if (store->listed)
		r = read_next(&store->next, "ID", ret);
	else
		r = -EINVAL;
	if (r == -EPROTO)
		store->listed = false;
	return r < 0 ? fy_fail(r) : r;
}
