/* SPDX-License-Identifier: MIT
 * owners.c - who has how much: descriptors that are held, connections, and descriptors on their way, by
 * the uid of who put, made or asked for them.
 *
 * Counted where the table changes, so that both twins have it and a successor need not count.  An owner is
 * there as long as something is his. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BUCKETS 16

struct owner {
	struct owner *chain;
	uid_t uid;
	size_t used[OWNED];
};

int owners_init(struct owners *o, uint64_t seed)
{
	*o = (struct owners){.seed = seed, .buckets = FIRST_BUCKETS};
	o->by_uid = calloc(FIRST_BUCKETS, sizeof(struct owner *));
	return o->by_uid == NULL ? -ENOMEM : 0;
}

static struct owner **find(const struct owners *o, uid_t uid)
{
	struct owner **at = &o->by_uid[table_mix(o->seed ^ uid) & (o->buckets - 1)];

	while (*at != NULL && (*at)->uid != uid)
		at = &(*at)->chain;
	return at;
}

size_t owner_has(const struct owners *o, uid_t uid, enum owned what)
{
	const struct owner *owner = *find(o, uid);

	return owner != NULL ? owner->used[what] : 0;
}

/* Without memory for it the chains grow longer, and that is all. */
static void grow(struct owners *o)
{
	struct owners bigger = *o;

	if (o->n < o->buckets)
		return;
	bigger.buckets *= 2;
	bigger.by_uid = calloc(bigger.buckets, sizeof(struct owner *));
	if (bigger.by_uid == NULL)
		return;
	for (size_t i = 0; i < o->buckets; i++)
		while (o->by_uid[i] != NULL) {
			struct owner *owner = o->by_uid[i];

			o->by_uid[i] = owner->chain;
			owner->chain = NULL;
			*find(&bigger, owner->uid) = owner;
		}
	free(o->by_uid);
	*o = bigger;
}

int owner_gets(struct owners *o, uid_t uid, enum owned what, size_t n)
{
	struct owner *owner = *find(o, uid);

	if (owner == NULL) {
		owner = calloc(1, sizeof(*owner));
		if (owner == NULL)
			return -ENOMEM;
		owner->uid = uid;
		grow(o);
		*find(o, uid) = owner;
		o->n++;
	}
	owner->used[what] += n;
	return 0;
}

void owner_loses(struct owners *o, uid_t uid, enum owned what, size_t n)
{
	struct owner **at = find(o, uid), *owner = *at;

	if (owner == NULL)
		return;
	owner->used[what] -= n;
	for (int i = 0; i < OWNED; i++)
		if (owner->used[i] > 0)
			return;
	*at = owner->chain;
	o->n--;
	free(owner);
}
