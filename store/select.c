/* SPDX-License-Identifier: MIT
 * select.c - the ids that a request speaks of, in the order in which it names them. */
#include "broker.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

struct ids {
	uint64_t *all;
	size_t n, room;
};

static int append(struct ids *ids, uint64_t id)
{
	if (ids->n == ids->room) {
		size_t room = ids->room > 0 ? 2 * ids->room : 32;
		uint64_t *bigger = realloc(ids->all, room * sizeof(*bigger));

		if (bigger == NULL)
			return -ENOMEM;
		ids->all = bigger;
		ids->room = room;
	}
	ids->all[ids->n++] = id;
	return 0;
}

static int append_called(struct ids *ids, const struct name *name)
{
	int err = 0;

	for (const struct entry *e = name->first; e != NULL && err == 0; e = e->next_called)
		err = append(ids, e->id);
	return err;
}

static int append_range(const struct store *s, struct ids *ids, const struct selector *sel)
{
	const struct entry *e = s->table.first;
	int err = 0;

	if (sel->last - sel->first <= s->table.n) {
		for (uint64_t id = sel->first; id <= sel->last && err == 0; id++)
			if (table_find(&s->table, id) != NULL)
				err = append(ids, id);
		return err;
	}
	for (; e != NULL && err == 0; e = e->next)
		if (e->id >= sel->first && e->id <= sel->last)
			err = append(ids, e->id);
	return err;
}

static int select_one(const struct store *s, struct request *r, struct ids *ids,
		      const struct selector *sel)
{
	const struct name *name;

	if (sel->name != NULL) {
		name = table_name(&s->table, sel->name, sel->len);
		if (name != NULL)
			return append_called(ids, name);
		snprintf(r->why_text, sizeof(r->why_text), "nothing here is called '%.*s'",
			 (int)sel->len < 120 ? (int)sel->len : 120, sel->name);
	} else {
		if (sel->last != 0)
			return append_range(s, ids, sel);
		if (table_find(&s->table, sel->first) != NULL)
			return append(ids, sel->first);
		snprintf(r->why_text, sizeof(r->why_text), "there is no %llu here",
			 (unsigned long long)sel->first);
	}
	r->why = r->why_text;
	return -ENOENT;
}

static int select_pattern(const struct store *s, struct request *r, struct ids *ids)
{
	const struct name *last = NULL;
	bool matches = false;
	int err = 0;

	for (const struct entry *e = s->table.first; e != NULL && err == 0; e = e->next) {
		if (e->name != last)
			matches = fnmatch(r->pattern, e->name->text, 0) == 0;
		last = e->name;
		if (matches)
			err = append(ids, e->id);
	}
	if (err == 0 && ids->n == 0 && (r->op == OP_GET || r->op == OP_TAKE)) {
		r->why = "no name here matches the pattern";
		err = -ENOENT;
	}
	return err;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The same descriptor twice would be removed twice. */
static bool has_twice(const struct ids *ids)
{
	struct ids sorted = {0};
	bool twice = false;

	for (size_t i = 0; i < ids->n; i++)
		if (append(&sorted, ids->all[i]) < 0) {
			free(sorted.all);
			return true;
		}
	if (sorted.n > 1)
		qsort(sorted.all, sorted.n, sizeof(*sorted.all), by_id);
	for (size_t i = 1; i < sorted.n; i++)
		twice |= sorted.all[i] == sorted.all[i - 1];
	free(sorted.all);
	return twice;
}

/* Returns 0, and the ids in *ret, to be freed; else an errno, and r->why. */
int select_ids(struct store *s, struct request *r, uint64_t **ret, size_t *ret_n)
{
	struct ids ids = {0};
	int err = 0;

	for (size_t i = 0; i < r->n && err == 0; i++)
		err = select_one(s, r, &ids, &r->selectors[i]);
	if (err == 0 && r->has_pattern)
		err = select_pattern(s, r, &ids);
	if (err == 0 && r->n == 0 && !r->has_pattern)
		for (const struct entry *e = s->table.first; e != NULL && err == 0; e = e->next)
			err = append(&ids, e->id);
	if (err == 0 && r->n + r->has_pattern > 1 && r->op != OP_GET && r->op != OP_LIST &&
	    has_twice(&ids)) {
		r->why = "one descriptor is named twice";
		err = -EINVAL;
	}
	if (err < 0) {
		free(ids.all);
		return err;
	}
	*ret = ids.all;
	*ret_n = ids.n;
	return 0;
}
