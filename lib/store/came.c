/* SPDX-License-Identifier: MIT
 * came.c - the descriptors of an answer, until they are given or closed. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *old, void *first, size_t used, size_t size)
{
	void *grown;

	if (old != first)
		return realloc(old, size);
	grown = malloc(size);
	if (grown != NULL)
		memcpy(grown, first, used);
	return grown;
}

/* Makes room for the descriptors of one more message. */
int fy_came_room(struct ferry_store *s)
{
	size_t room = 2 * s->room;
	void *grown;

	if (s->room - s->n >= FERRY_MAX_FDS)
		return 0;
	grown = grow(s->fds, s->first_fds, s->n * sizeof(*s->fds), room * sizeof(*s->fds));
	if (grown == NULL)
		return -ENOMEM;
	s->fds = grown;
	grown = grow(s->came, s->first_came, s->n * sizeof(*s->came), room * sizeof(*s->came));
	if (grown == NULL)
		return -ENOMEM;
	s->came = grown;
	s->room = room;
	return 0;
}

/* They are whatever somebody has put: their close(2) may wait for ever. */
void fy_came_close(struct ferry_store *s)
{
	if (s->n > 0 && ferry_dispose(s->fds, s->n) < 0)
		ferry_close_all(s->fds, s->n);
	s->n = s->more = 0;
}
