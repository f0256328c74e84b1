/* SPDX-License-Identifier: MIT
 * drain.c - the keeper's side of the link: everything that is queued goes into its table. */
#include "record.h"
#include "store.h"

#include <errno.h>
#include <string.h>

static void drop(struct store *s, struct entry *e)
{
	int fd = e->fd;

	above_forget(s, e);
	table_drop(&s->table, e);
	dispose(s, &fd, 1);
}

static void drop_older(struct store *s, struct name *name, uint64_t than)
{
	while (name->first->id < than)
		drop(s, name->first);
}

static int take_put(struct store *s, const struct record *record, int *fds)
{
	const struct record_put *r = (const void *)(record + 1);
	struct put put = {.name = (const char *)(r->flags + record->nfds),
			  .name_len = r->name_len,
			  .put_ms = r->put_ms,
			  .end_ms = r->end_ms,
			  .uid = r->uid,
			  .evict = r->evict};

	for (size_t i = 0; i < record->nfds; i++) {
		if (table_add(&s->table, &put, r->first_id + i, fds[i], r->flags[i]) == NULL)
			return -ENOMEM;
		fds[i] = -1;
	}
	if (r->replace)
		drop_older(s, table_name(&s->table, put.name, put.name_len), r->first_id);
	return 0;
}

static void take_remove(struct store *s, uint64_t first, uint64_t last)
{
	for (uint64_t id = first; id <= last; id++) {
		struct entry *e = table_find(&s->table, id);

		if (e != NULL)
			drop(s, e);
	}
}

static void take_remove_name(struct store *s, const struct record_name *r)
{
	struct name *name = table_name(&s->table, r->text, r->len);

	while (name != NULL) {
		bool last = name->first == name->last;

		drop(s, name->first);
		if (last)
			break;
	}
}

static int take_record(struct store *s, const struct record *r, int *fds)
{
	const struct record_range *range = (const void *)(r + 1);

	switch (r->op) {
	case RECORD_PUT:
		return take_put(s, r, fds);
	case RECORD_REMOVE:
		take_remove(s, range->first, range->last);
		return 0;
	case RECORD_REMOVE_NAME:
		take_remove_name(s, (const void *)(r + 1));
		return 0;
	case RECORD_DONE:
		done_add(&s->done, (const void *)(r + 1));
		return 0;
	case RECORD_STATE:
		memcpy(&s->state, r + 1, sizeof(s->state));
		return 0;
	default:
		return -EPROTO;
	}
}

static int take_message(struct store *s, const unsigned char *bytes, size_t len, int *fds,
			size_t nfds)
{
	size_t at = 0, fd = 0;

	while (at < len) {
		const struct record *r = (const void *)(bytes + at);
		int err;

		if (r->len < sizeof(*r) || r->len > len - at || r->nfds > nfds - fd)
			return -EPROTO;
		err = take_record(s, r, fds + fd);
		if (err < 0)
			return err;
		fd += r->nfds;
		at += r->len;
	}
	return fd == nfds ? 0 : -EPROTO;
}

/* Returns 0 when the queue is empty, also at its end; a keeper that fails here has less than was
 * acknowledged, and must not live. */
int link_drain(struct store *s)
{
	_Alignas(8) unsigned char bytes[LINK_BATCH];
	int fds[FERRY_MAX_FDS];
	struct iovec data = {.iov_base = bytes, .iov_len = sizeof(bytes)};

	for (;;) {
		struct ferry_msg msg = {.iov = &data,
					.iovlen = 1,
					.fds = fds,
					.max_fds = FERRY_MAX_FDS,
					.flags = FERRY_NOWAIT};
		int r = ferry_recv(s->link.end, &msg, sizeof(msg));

		if (r == -EAGAIN || r == 0 || r == -ECONNRESET)
			return 0;
		if (r < 0)
			return r;
		r = take_message(s, bytes, msg.len, fds, msg.nfds);
		if (r < 0)
			return r;
	}
}
