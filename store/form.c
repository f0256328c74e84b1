/* SPDX-License-Identifier: MIT
 * form.c - writes what a twin has into a sealed memfd, and reads it. */
#include "form.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

struct buffer {
	char *bytes;
	size_t len, room;
};

/* Room for a record with so much behind its fixed part; NULL: no memory. */
static void *add(struct buffer *b, uint32_t what, size_t fixed, size_t more)
{
	size_t len = (sizeof(struct form_record) + fixed + more + 7) & ~(size_t)7;
	struct form_record *r;

	if (b->bytes == NULL || b->len + len > b->room) {
		size_t room = 2 * (b->room + len) + 65536;
		char *bigger = realloc(b->bytes, room);

		if (bigger == NULL)
			return NULL;
		b->bytes = bigger;
		b->room = room;
	}
	r = (struct form_record *)(void *)(b->bytes + b->len);
	memset(r, 0, len);
	r->len = (uint32_t)len;
	r->what = what;
	b->len += len;
	return r + 1;
}

static bool add_store(struct buffer *b, const struct store *s)
{
	size_t dir_len = strlen(s->options.dir);
	struct form_store *f = add(b, FORM_STORE, sizeof(*f), dir_len);

	if (f == NULL)
		return false;
	*f = (struct form_store){.next_id = s->table.next_id,
				 .max_fds = s->options.max_fds,
				 .max_clients = s->options.max_clients,
				 .most_fds = s->most_fds,
				 .max_own_fds = s->options.max_own_fds,
				 .max_own_clients = s->options.max_own_clients,
				 .max_unread = s->options.max_unread,
				 .most_unread = s->most_unread,
				 .idle_ms = s->options.idle_ms,
				 .patience_ms = s->options.patience_ms,
				 .mode = s->options.mode,
				 .notify = s->notify,
				 .door = s->door,
				 .lock = s->lock,
				 .page_fd = s->page_fd,
				 .link_end = s->link.end,
				 .bell = s->link.bell,
				 .twin = s->link.twin,
				 .dir_len = (uint32_t)dir_len};
	memcpy(f->dir, s->options.dir, dir_len);
	return true;
}

static bool add_entries(struct buffer *b, const struct store *s)
{
	for (const struct entry *e = s->table.first; e != NULL; e = e->next) {
		struct form_entry *f = add(b, FORM_ENTRY, sizeof(*f), e->name->len);

		if (f == NULL)
			return false;
		*f = (struct form_entry){.id = e->id,
					 .put_ms = e->put_ms,
					 .end_ms = e->end_ms,
					 .fd = e->fd,
					 .flags = e->flags,
					 .uid = e->uid,
					 .evict = e->evict,
					 .again = e->again,
					 .name_len = e->name->len};
		memcpy(f->name, e->name->text, e->name->len);
	}
	return true;
}

/* Oldest first, so that they are forgotten in the same order. */
static bool add_done(struct buffer *b, const struct done *d)
{
	for (uint64_t i = d->n > DONE_MOST ? d->n - DONE_MOST : 0; i < d->n; i++) {
		const struct done_request *r = &d->ring[i % DONE_MOST];
		size_t len = strlen(r->id);
		struct form_done *f = add(b, FORM_DONE, sizeof(*f), len);

		if (f == NULL)
			return false;
		*f = (struct form_done){.first_id = r->first_id,
					.count = r->count,
					.uid = r->uid,
					.op = r->op,
					.id_len = (uint8_t)len};
		memcpy(f->id, r->id, len);
	}
	return true;
}

/* Without a manager above there is no record of it. */
static bool add_above(struct buffer *b, const struct above *a)
{
	struct form_above *f = a->on ? add(b, FORM_ABOVE, sizeof(*f), 0) : NULL;

	if (f == NULL)
		return !a->on;
	*f = (struct form_above){.removed = a->removed, .sock = a->sock, .behind = a->behind};
	for (const struct gone *g = a->first; g != NULL; g = g->next) {
		size_t len = strlen(g->name);
		struct form_gone *r = add(b, FORM_GONE, sizeof(*r), len);

		if (r == NULL)
			return false;
		*r = (struct form_gone){.number = g->number,
					.before = g->before,
					.name_len = (uint32_t)len};
		memcpy(r->name, g->name, len);
	}
	return true;
}

static int write_all(int fd, const void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, (const char *)bytes + at, len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Returns the memfd, or an errno. */
int form_write(const struct store *s)
{
	struct form_head head = {.magic = FORM_MAGIC, .version = FORM_VERSION};
	struct buffer b = {0};
	uint32_t *state;
	int fd = -ENOMEM, err;

	if (add_store(&b, s) && add_entries(&b, s) && add_done(&b, &s->done) &&
	    add_above(&b, &s->above) &&
	    (state = add(&b, FORM_STATE, sizeof(*state), s->state.len)) != NULL) {
		*state = (uint32_t)s->state.len;
		memcpy(state + 1, s->state.lines, s->state.len);
		head.size = sizeof(head) + b.len;
		fd = memfd_create("fdferry-store", MFD_ALLOW_SEALING);
		if (fd < 0)
			fd = -errno;
	}
	err = fd < 0 ? fd : write_all(fd, &head, sizeof(head));
	if (err == 0)
		err = write_all(fd, b.bytes, b.len);
	free(b.bytes);
	if (err == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		err = -errno;
	if (err < 0 && fd >= 0)
		close(fd);
	return err < 0 ? err : fd;
}

static int read_store(struct store *s, const struct form_store *f, size_t len)
{
	char *dir;

	if (len < sizeof(*f) || f->dir_len > len - sizeof(*f))
		return -EBADMSG;
	dir = strndup(f->dir, f->dir_len);
	if (dir == NULL)
		return -ENOMEM;
	s->options.dir = dir;
	s->options.max_fds = f->max_fds;
	s->options.max_clients = f->max_clients;
	s->options.patience_ms = f->patience_ms;
	s->options.mode = f->mode;
	s->most_fds = f->most_fds;
	s->options.max_own_fds = f->max_own_fds;
	s->options.max_own_clients = f->max_own_clients;
	s->options.max_unread = f->max_unread;
	s->most_unread = f->most_unread;
	s->options.idle_ms = f->idle_ms;
	s->table.next_id = f->next_id;
	s->notify = f->notify;
	s->door = f->door;
	s->lock = f->lock;
	s->page_fd = f->page_fd;
	s->link.end = f->link_end;
	s->link.bell = f->bell;
	s->link.twin = f->twin;
	return 0;
}

static int read_entry(struct store *s, const struct form_entry *f, size_t len)
{
	struct put put;
	uint32_t flags;

	if (len < sizeof(*f) || f->name_len > len - sizeof(*f))
		return -EBADMSG;
	put = (struct put){.name = f->name,
			   .name_len = f->name_len,
			   .put_ms = f->put_ms,
			   .end_ms = f->end_ms,
			   .uid = f->uid,
			   .evict = f->evict};
	flags = f->flags | (f->again != 0 ? FLAG_AGAIN : 0);
	return table_add(&s->table, &put, f->id, f->fd, flags) != NULL ? 0 : -ENOMEM;
}

static int read_done(struct store *s, const struct form_done *f, size_t len)
{
	struct done_request r;

	if (len < sizeof(*f) || f->id_len > len - sizeof(*f) || f->id_len > REQUEST_MOST)
		return -EBADMSG;
	r = (struct done_request){.first_id = f->first_id,
				  .count = f->count,
				  .uid = f->uid,
				  .op = f->op};
	memcpy(r.id, f->id, f->id_len);
	done_add(&s->done, &r);
	return 0;
}

static int read_state(struct store *s, const uint32_t *f, size_t len)
{
	if (len < sizeof(*f) || *f > len - sizeof(*f) || *f > sizeof(s->state.lines))
		return -EBADMSG;
	s->state.len = *f;
	memcpy(s->state.lines, f + 1, *f);
	return 0;
}

static int read_above(struct store *s, const struct form_above *f, size_t len)
{
	if (len < sizeof(*f))
		return -EBADMSG;
	s->above.on = true;
	s->above.removed = f->removed;
	s->above.sock = f->sock;
	s->above.behind = f->behind != 0;
	return 0;
}

static int read_gone(struct store *s, const struct form_gone *f, size_t len)
{
	char name[ABOVE_NAME_SIZE] = "";

	if (len < sizeof(*f) || f->name_len > len - sizeof(*f) || f->name_len >= sizeof(name))
		return -EBADMSG;
	memcpy(name, f->name, f->name_len);
	return above_note(s, f->number, f->before, name);
}

static int read_record(struct store *s, const struct form_record *r)
{
	size_t len = r->len - sizeof(*r);

	switch (r->what) {
	case FORM_STORE:
		return read_store(s, (const void *)(r + 1), len);
	case FORM_ENTRY:
		return read_entry(s, (const void *)(r + 1), len);
	case FORM_DONE:
		return read_done(s, (const void *)(r + 1), len);
	case FORM_STATE:
		return read_state(s, (const void *)(r + 1), len);
	case FORM_ABOVE:
		return read_above(s, (const void *)(r + 1), len);
	case FORM_GONE:
		return read_gone(s, (const void *)(r + 1), len);
	default:
		return -EPROTONOSUPPORT;
	}
}

static int read_all(struct store *s, const char *bytes, size_t size)
{
	const struct form_head *head = (const void *)bytes;
	size_t at = sizeof(*head);
	int err = 0;

	if (size < sizeof(*head) || memcmp(head->magic, FORM_MAGIC, sizeof(head->magic)) != 0 ||
	    head->size != size)
		return -EBADMSG;
	if (head->version > FORM_VERSION)
		return -EPROTONOSUPPORT;
	while (at < size && err == 0) {
		const struct form_record *r = (const void *)(bytes + at);

		if (size - at < sizeof(*r) || r->len < sizeof(*r) || r->len > size - at ||
		    r->len % 8 != 0)
			return -EBADMSG;
		err = read_record(s, r);
		at += r->len;
	}
	return err == 0 && s->options.dir == NULL ? -EBADMSG : err;
}

/* Into a store whose table and done are new.  Returns 0; -EPROTONOSUPPORT: a newer program wrote it. */
int form_read(struct store *s, int fd)
{
	struct stat st;
	void *bytes;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	err = read_all(s, bytes, (size_t)st.st_size);
	munmap(bytes, (size_t)st.st_size);
	return err;
}
