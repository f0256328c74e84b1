/* SPDX-License-Identifier: MIT
 * fetch.c - descriptors out of a store: what get, take and exec have in common. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 512
#define MOST_ROOM (1u << 20) /* fs.nr_open: more than that no process has */

static int make_room(struct fetched *f, size_t n)
{
	free(f->fds);
	free(f->held);
	f->fds = calloc(n, sizeof(*f->fds));
	f->held = calloc(n, sizeof(*f->held));
	return f->fds != NULL && f->held != NULL ? 0 : -ENOMEM;
}

/* How many a name has is not known before: a call that had too little room has given nothing, and is
 * made again with more. */
int try_fetch(struct store_of *s, bool take, uint32_t flags, struct fetched *ret, const char **why)
{
	int err = -EMSGSIZE;

	*why = NULL;

	*ret = (struct fetched){0};
	for (size_t room = FIRST_ROOM; err == -EMSGSIZE && room <= MOST_ROOM; room *= 8) {
		struct ferry_request r = {.max_fds = room, .flags = flags};

		err = make_room(ret, room);
		if (err < 0)
			break;
		r.fds = ret->fds;
		r.held = ret->held;
		r.held_size = sizeof(*ret->held);
		store_request(s, &r);
		err = take ? ferry_take(s->store, &r, sizeof(r))
			   : ferry_get(s->store, &r, sizeof(r));
		*why = r.why;
	}
	if (err < 0)
		fetched_free(ret);
	else
		ret->n = (size_t)err;
	return err;
}

/* An exit code (said). */
int fetch(struct store_of *s, bool take, uint32_t flags, struct fetched *ret)
{
	const char *why;
	int err = try_fetch(s, take, flags, ret, &why);

	return err < 0 ? store_fail(s, take ? "take" : "get", err, why) : EXIT_DONE;
}

void fetched_free(struct fetched *f)
{
	drop_all(f->fds, f->n);
	free(f->fds);
	free(f->held);
	*f = (struct fetched){0};
}

/* The names of those from `from` on as LISTEN_FDNAMES has them; the caller's to free.  NULL: no memory. */
char *fetched_names(const struct fetched *f, size_t from)
{
	char *text = malloc((f->n + 1) * FERRY_NAME_SIZE), *at = text;

	if (text == NULL) {
		say(0, "no memory for %zu names", f->n);
		return NULL;
	}
	*at = '\0';
	for (size_t i = from; i < f->n; i++) {
		if (i > from)
			*at++ = ':';
		at = stpcpy(at, f->held[i].name);
	}
	return text;
}

/* What has been taken for a command that cannot be run is lost: looked at before.  An exit code. */
int check_take(const struct store_of *s, char **command)
{
	struct child c = {.argv = command};
	char *names, *at;
	int err;

	if (strstr(command[0], "{fd:") == NULL) {
		err = check_program(command[0]);
		if (err != EXIT_DONE)
			return err;
	}
	if (s->pattern != NULL || s->nids > 0) /* what they are called is not known yet */
		return EXIT_DONE;
	at = names = malloc((s->nnames + 1) * FERRY_NAME_SIZE);
	if (names == NULL)
		return say(EXIT_REFUSED, "no memory for %zu names", s->nnames);
	*at = '\0';
	for (size_t i = 0; i < s->nnames; i++) {
		if (i > 0)
			*at++ = ':';
		at = stpcpy(at, s->names[i]);
	}
	c.names = names;
	err = check_placeholders(&c) < 0 ? EXIT_REFUSED : EXIT_DONE;
	free(names);
	return err;
}
