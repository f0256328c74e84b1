/* SPDX-License-Identifier: MIT
 * done.c - the last requests that were done, by who made them and the id that he gave them: one that is
 * repeated, because its answer was lost with the broker, gets the same answer and is not done again. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash(uid_t uid, const char *id)
{
	uint32_t h = UINT32_C(2166136261) ^ uid;

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * UINT32_C(16777619);
	return (h ^ h >> 16) & (DONE_MOST - 1);
}

int done_init(struct done *d)
{
	*d = (struct done){.ring = calloc(DONE_MOST, sizeof(*d->ring)),
			   .heads = calloc(DONE_MOST, sizeof(*d->heads))};
	return d->ring == NULL || d->heads == NULL ? -ENOMEM : 0;
}

static void forget(struct done *d, uint32_t at)
{
	uint32_t *link = &d->heads[hash(d->ring[at].uid, d->ring[at].id)];

	while (*link != at + 1)
		link = &d->ring[*link - 1].chain;
	*link = d->ring[at].chain;
}

void done_add(struct done *d, const struct done_request *r)
{
	uint32_t at = (uint32_t)(d->n % DONE_MOST), *head;

	if (d->n >= DONE_MOST)
		forget(d, at);
	d->ring[at] = *r;
	head = &d->heads[hash(r->uid, r->id)];
	d->ring[at].chain = *head;
	*head = at + 1;
	d->n++;
}

const struct done_request *done_find(const struct done *d, uid_t uid, const char *id)
{
	for (uint32_t at = d->heads[hash(uid, id)]; at != 0; at = d->ring[at - 1].chain)
		if (d->ring[at - 1].uid == uid && strcmp(d->ring[at - 1].id, id) == 0)
			return &d->ring[at - 1];
	return NULL;
}
