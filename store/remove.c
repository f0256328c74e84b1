/* SPDX-License-Identifier: MIT
 * remove.c - descriptors out of the table: asked for, expired, hung up. */
#include "broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* event: what watchers are told, or NULL: a replacement, of which put tells. */
static void drop(struct store *s, struct entry *e, const char *event)
{
	if (event != NULL)
		watch_tell(s, event, e);
	if (e->lent != NULL)
		e->lent->lent--;
	evict_forget(s, e);
	above_forget(s, e);
	doom(s, e->fd);
	table_drop(&s->table, e);
}

void remove_entry(struct store *s, struct entry *e, const char *event)
{
	link_remove(s, e->id, e->id);
	drop(s, e, event);
}

/* In one step with what replaces them: the record of the put says so. */
void remove_older(struct store *s, struct name *name, uint64_t than)
{
	while (name->first->id < than)
		drop(s, name->first, NULL);
}

/* The ids of one request, and that it is done, whole: as ranges, so that it is one message unless they are
 * thousands that do not follow each other.  Then the last ones go with it, and a repetition finds the
 * rest. */
void remove_ids(struct store *s, const uint64_t *ids, size_t n, const char *event,
		const struct done_request *done)
{
	enum { RANGE = sizeof(uint64_t) * 2 };
	size_t ranges = n > 0;

	for (size_t i = 1; i < n; i++)
		ranges += ids[i] != ids[i - 1] + 1;
	link_whole(s, ranges + 1, ranges * RANGE + sizeof(*done), 0);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && ids[end] == ids[end - 1] + 1; end++)
			;
		if (end == n)
			link_whole(s, 2, RANGE + sizeof(*done), 0);
		link_remove(s, ids[i], ids[end - 1]);
		for (size_t k = i; k < end; k++)
			drop(s, table_find(&s->table, ids[k]), event);
	}
	if (done->id[0] == '\0')
		return;
	done_add(&s->done, done);
	link_done(s, done);
}

void remove_called(struct store *s, struct name *name, const char *event)
{
	bool last = false;

	link_remove_name(s, name);
	while (!last) {
		last = name->first == name->last;
		drop(s, name->first, event);
	}
}

void remove_expired(struct store *s, int64_t now)
{
	struct entry *e;

	while ((e = expire_first(&s->table)) != NULL && e->end_ms <= now)
		remove_entry(s, e, "expire");
}

void remove_request(struct store *s, struct client *c, struct request *r)
{
	const struct done_request *before =
		r->id[0] != '\0' ? done_find(&s->done, c->uid, r->id) : NULL;
	struct done_request done = {.uid = c->uid, .op = OP_REMOVE};
	uint64_t *ids = NULL;
	size_t n = 0;
	struct text text;
	int err = 0;

	if (before != NULL && before->op != OP_REMOVE) {
		r->why = "this REQUEST= was another operation";
		err = -EOPNOTSUPP;
	} else if (before == NULL) {
		err = select_ids(s, r, &ids, &n);
	}
	if (err < 0) {
		answer_error(s, c, r, err);
		return;
	}
	if (before == NULL) {
		done.count = (uint32_t)n;
		strcpy(done.id, r->id);
		remove_ids(s, ids, n, "remove", &done);
		before = &done;
	}
	free(ids);
	answer_begin(&text, r->id, 0);
	text_number(&text, "COUNT", before->count);
	answer_text(s, c, &text, NULL, 0, NULL);
}
