/* SPDX-License-Identifier: MIT
 * manager.c - what the manager above gives back at the start: LISTEN_FDS, into the table, before there are
 * twins.  What is called otherwise than this store calls it was opened by the manager: a socket unit's. */
#include "store.h"

#include <fdferry/service.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is not used for descriptors: the note of the last id, and the next one while both are there. */
enum { NOTES = 2 };

struct taken {
	struct above_name is;
	const char *name;
	int fd;
	bool own; /* of this store, before it died */
};

struct came {
	struct ferry_listen listen;
	struct taken *all;
};

static uint64_t number(const char *text)
{
	return text != NULL && text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : 0;
}

static int come(struct came *c)
{
	const char *listed = getenv("LISTEN_FDNAMES");
	size_t most = (size_t)number(getenv("LISTEN_FDS"));
	size_t text = listed != NULL ? strlen(listed) + 1 : 1;

	/* A number that no process can have is refused below. */
	if (most == 0 || most > 1 << 24)
		most = 1;
	*c = (struct came){.listen = {.fds = calloc(most, sizeof(int)),
				      .names = calloc(most, sizeof(char *)),
				      .max_fds = most,
				      .text = malloc(text),
				      .text_size = text},
			   .all = calloc(most, sizeof(*c->all))};
	if (c->listen.fds == NULL || c->listen.names == NULL || c->listen.text == NULL ||
	    c->all == NULL)
		return -ENOMEM;
	return ferry_listen_fds(&c->listen, sizeof(c->listen));
}

static void go(struct came *c)
{
	free(c->listen.fds);
	free(c->listen.names);
	free(c->listen.text);
	free(c->all);
}

/* This store's own by their ids; the others behind them, as they came. */
static int compare(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;

	if (x->own != y->own)
		return x->own ? -1 : 1;
	if (x->own && x->is.id != y->is.id)
		return x->is.id < y->is.id ? -1 : 1;
	return x->fd < y->fd ? -1 : 1;
}

/* The last id is noted anew with the next put; older notes go. */
static void take_note(struct store *s, const struct taken *t)
{
	uint64_t before = atomic_load(&s->page->above_last);
	char name[ABOVE_NAME_SIZE];

	if (before != 0) {
		above_name_last(before < t->is.id ? before : t->is.id, name);
		above_tell(s, false, name, -1);
	}
	if (t->is.id > before)
		atomic_store(&s->page->above_last, t->is.id);
}

static int take_own(struct store *s, struct taken *t)
{
	int fd = t->fd;

	if (t->is.last) {
		take_note(s, t);
		return 0;
	}
	if (table_find(&s->table, t->is.id) != NULL)
		return 0;
	if (t->is.again) {
		fd = envelope_open(t->fd);
		if (fd < 0)
			return 0;
	} else {
		t->fd = -1;
	}
	if (table_add(&s->table, &t->is.put, t->is.id, fd,
		      t->is.flags | (t->is.again ? FLAG_AGAIN : 0)) != NULL)
		return 0;
	ferry_close_all(&fd, 1);
	return -ENOMEM;
}

static int take_other(struct store *s, struct taken *t)
{
	struct put put = {.name = t->name, .name_len = strlen(t->name), .put_ms = clock_ms()};
	int flags = fcntl(t->fd, F_GETFL);
	struct entry *e;

	if (flags < 0 || same_find(&s->table, t->fd) != NULL)
		return 0;
	put.uid = getuid();
	if (put.name_len == 0 || !fy_name_is_valid(put.name, put.name_len))
		put = (struct put){.name = "unknown",
				   .name_len = strlen("unknown"),
				   .put_ms = put.put_ms,
				   .uid = put.uid};
	e = table_add(&s->table, &put, s->table.next_id, t->fd, (uint32_t)flags);
	if (e == NULL)
		return -ENOMEM;
	same_add(&s->table, e);
	t->fd = -1;
	return 0;
}

static int take_all(struct store *s, struct came *c, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		struct taken *t = &c->all[i];

		*t = (struct taken){.name = c->listen.names[i], .fd = c->listen.fds[i]};
		t->own = above_name_read(t->name, &t->is);
	}
	qsort(c->all, n, sizeof(*c->all), compare);
	for (size_t i = 0; i < n && err == 0; i++) {
		err = c->all[i].own ? take_own(s, &c->all[i]) : 0;
		if (c->all[i].own && s->table.next_id <= c->all[i].is.id)
			s->table.next_id = c->all[i].is.id + 1;
	}
	/* So far all is above; what follows is new there. */
	atomic_store(&s->page->above_pushed, s->table.next_id - 1);
	atomic_store(&s->page->above_tried, s->table.next_id - 1);
	for (size_t i = 0; i < n && err == 0; i++)
		err = c->all[i].own ? 0 : take_other(s, &c->all[i]);
	for (size_t i = 0; i < n; i++)
		ferry_close_all(&c->all[i].fd, 1);
	return err;
}

/* Is there a manager that keeps descriptors?  One that is silent at the moment will be found by and by. */
static void find(struct store *s)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	uint64_t most = number(getenv("FDSTORE"));

	s->above.on = socket != NULL && (socket[0] == '/' || socket[0] == '@') && most > NOTES;
	if (!s->above.on)
		return;
	if (s->options.max_fds > most - NOTES)
		s->options.max_fds = most - NOTES;
	s->above.behind = above_connect(s) < 0;
}

int manager_take(struct store *s, const char **why)
{
	struct came c;
	int n = come(&c);

	*why = "LISTEN_FDS is not what a service manager sets";
	if (n >= 0) {
		*why = "cannot take back what LISTEN_FDS speaks of";
		find(s);
		n = take_all(s, &c, (size_t)n);
	}
	go(&c);
	return n;
}

/* In a parent that needs none of it. */
void manager_drop(void)
{
	struct came c;
	int n = come(&c);

	if (n > 0)
		ferry_close_all(c.listen.fds, (size_t)n);
	go(&c);
}
