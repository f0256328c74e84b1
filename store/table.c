/* SPDX-License-Identifier: MIT
 * table.c - what is held: by id, by name, and in the order of the ids.
 *
 * Both twins have the same table.  Nothing here costs more than log n, and what a client chooses (names)
 * is hashed with a seed that it does not know. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_BUCKETS 64

/* Not CLOCK_MONOTONIC: what is kept for ten minutes is not kept longer because the machine slept. */
int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int table_init(struct table *t)
{
	*t = (struct table){.next_id = 1};
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != (ssize_t)sizeof(t->seed))
		t->seed = (uint64_t)clock_ms();
	t->by_id = calloc(FIRST_BUCKETS, sizeof(*t->by_id));
	t->by_name = calloc(FIRST_BUCKETS, sizeof(*t->by_name));
	t->id_buckets = t->name_buckets = FIRST_BUCKETS;
	if (t->by_id == NULL || t->by_name == NULL)
		return -ENOMEM;
	return owners_init(&t->owners, t->seed);
}

uint64_t table_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

static uint32_t hash_name(const struct table *t, const char *name, size_t len)
{
	uint64_t h = t->seed;

	for (size_t i = 0; i < len; i++)
		h = table_mix(h ^ (unsigned char)name[i]);
	return (uint32_t)h;
}

/* Ids come one after the other, so that their low bits are the best hash there is. */
static struct entry **bucket_of(const struct table *t, uint64_t id)
{
	return &t->by_id[id & (t->id_buckets - 1)];
}

static int grow_ids(struct table *t)
{
	size_t buckets = t->id_buckets * 2;
	struct entry **bigger;

	if (t->n < t->id_buckets)
		return 0;
	bigger = calloc(buckets, sizeof(struct entry *));
	if (bigger == NULL)
		return -ENOMEM;
	free(t->by_id);
	t->by_id = bigger;
	t->id_buckets = buckets;
	for (struct entry *e = t->first; e != NULL; e = e->next) {
		e->chain = *bucket_of(t, e->id);
		*bucket_of(t, e->id) = e;
	}
	return 0;
}

static int grow_names(struct table *t)
{
	size_t buckets = t->name_buckets * 2;
	struct name **bigger;

	if (t->names < t->name_buckets)
		return 0;
	bigger = calloc(buckets, sizeof(struct name *));
	if (bigger == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < t->name_buckets; i++)
		while (t->by_name[i] != NULL) {
			struct name *name = t->by_name[i];

			t->by_name[i] = name->chain;
			name->chain = bigger[name->hash & (buckets - 1)];
			bigger[name->hash & (buckets - 1)] = name;
		}
	free(t->by_name);
	t->by_name = bigger;
	t->name_buckets = buckets;
	return 0;
}

struct name *table_name(const struct table *t, const char *name, size_t len)
{
	uint32_t hash = hash_name(t, name, len);
	struct name *n = t->by_name[hash & (t->name_buckets - 1)];

	while (n != NULL && (n->hash != hash || n->len != len || memcmp(n->text, name, len) != 0))
		n = n->chain;
	return n;
}

static struct name *new_name(struct table *t, const char *text, size_t len)
{
	struct name *name, **head;

	if (grow_names(t) < 0)
		return NULL;
	name = calloc(1, sizeof(*name) + len + 1);
	if (name == NULL)
		return NULL;
	memcpy(name->text, text, len);
	name->len = (uint8_t)len;
	name->hash = hash_name(t, text, len);
	head = &t->by_name[name->hash & (t->name_buckets - 1)];
	name->chain = *head;
	*head = name;
	t->names++;
	return name;
}

static void drop_name(struct table *t, struct name *name)
{
	struct name **at = &t->by_name[name->hash & (t->name_buckets - 1)];

	while (*at != name)
		at = &(*at)->chain;
	*at = name->chain;
	t->names--;
	free(name);
}

struct entry *table_find(const struct table *t, uint64_t id)
{
	struct entry *e = *bucket_of(t, id);

	while (e != NULL && e->id != id)
		e = e->chain;
	return e;
}

/* The descriptor belongs to the table from here on; NULL: no memory, and it does not. */
struct entry *table_add(struct table *t, const struct put *put, uint64_t id, int fd, uint32_t flags)
{
	struct name *name = table_name(t, put->name, put->name_len);
	struct entry *e = NULL, **head;

	if (grow_ids(t) == 0)
		e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	*e = (struct entry){.id = id,
			    .flags = flags & ~FLAG_AGAIN,
			    .fd = fd,
			    .uid = put->uid,
			    .put_ms = put->put_ms,
			    .end_ms = put->end_ms,
			    .evict = put->evict,
			    .again = (flags & FLAG_AGAIN) != 0,
			    .heap_at = UINT32_MAX};
	if (expire_add(t, e) < 0) {
		free(e);
		return NULL;
	}
	if (owner_gets(&t->owners, put->uid, OWNED_FDS, 1) < 0) {
		expire_drop(t, e);
		free(e);
		return NULL;
	}
	if (name == NULL)
		name = new_name(t, put->name, put->name_len);
	if (name == NULL) {
		owner_loses(&t->owners, put->uid, OWNED_FDS, 1);
		expire_drop(t, e);
		free(e);
		return NULL;
	}
	e->name = name;
	e->before_called = name->last;
	*(name->last != NULL ? &name->last->next_called : &name->first) = e;
	name->last = e;
	e->before = t->last;
	*(t->last != NULL ? &t->last->next : &t->first) = e;
	t->last = e;
	head = bucket_of(t, id);
	e->chain = *head;
	*head = e;
	t->n++;
	if (id >= t->next_id)
		t->next_id = id + 1;
	return e;
}

void table_drop(struct table *t, struct entry *e)
{
	struct name *name = e->name;
	struct entry **at = bucket_of(t, e->id);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	same_drop(t, e);
	owner_loses(&t->owners, e->uid, OWNED_FDS, 1);
	expire_drop(t, e);
	*(e->before_called != NULL ? &e->before_called->next_called : &name->first) =
		e->next_called;
	*(e->next_called != NULL ? &e->next_called->before_called : &name->last) = e->before_called;
	*(e->before != NULL ? &e->before->next : &t->first) = e->next;
	*(e->next != NULL ? &e->next->before : &t->last) = e->before;
	if (name->first == NULL)
		drop_name(t, name);
	t->n--;
	free(e);
}
