/* SPDX-License-Identifier: MIT
 * expire.c - those that are kept for a time, in a heap: the next one that ends is on top.
 *
 * Ten thousand with one and the same time cost no more than with different ones: a new one stays at the
 * bottom, where it was put. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>

static void set(struct table *t, size_t at, struct entry *e)
{
	t->heap[at] = e;
	e->heap_at = (uint32_t)at;
}

static void rise(struct table *t, size_t at, struct entry *e)
{
	while (at > 0 && t->heap[(at - 1) / 2]->end_ms > e->end_ms) {
		set(t, at, t->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	set(t, at, e);
}

static void sink(struct table *t, size_t at, struct entry *e)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= t->heap_n)
			break;
		if (child + 1 < t->heap_n && t->heap[child + 1]->end_ms < t->heap[child]->end_ms)
			child++;
		if (t->heap[child]->end_ms >= e->end_ms)
			break;
		set(t, at, t->heap[child]);
		at = child;
	}
	set(t, at, e);
}

int expire_add(struct table *t, struct entry *e)
{
	if (e->end_ms == 0)
		return 0;
	if (t->heap_n == t->heap_room) {
		size_t room = t->heap_room > 0 ? 2 * t->heap_room : 64;
		struct entry **bigger = realloc(t->heap, room * sizeof(struct entry *));

		if (bigger == NULL)
			return -ENOMEM;
		t->heap = bigger;
		t->heap_room = room;
	}
	rise(t, t->heap_n++, e);
	return 0;
}

void expire_drop(struct table *t, struct entry *e)
{
	size_t at = e->heap_at;
	struct entry *last;

	if (e->heap_at == UINT32_MAX)
		return;
	e->heap_at = UINT32_MAX;
	last = t->heap[--t->heap_n];
	if (last == e)
		return;
	if (at > 0 && t->heap[(at - 1) / 2]->end_ms > last->end_ms)
		rise(t, at, last);
	else
		sink(t, at, last);
}

/* The one whose time ends first, or NULL. */
struct entry *expire_first(const struct table *t)
{
	return t->heap_n > 0 ? t->heap[0] : NULL;
}
