/* SPDX-License-Identifier: MIT
 * put.c - new descriptors into the table, and onto the link: through either door. */
#include "broker.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { NEAR = 4 * FERRY_MAX_FDS };

/* The table has them, all or none; fds are left -1 then. */
int put_fds(struct store *s, const struct put *put, int *fds, size_t n)
{
	uint32_t flags[FERRY_MAX_FDS];
	int sent[FERRY_MAX_FDS], got;
	size_t done = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		got = fcntl(fds[i], F_GETFL);
		if (got < 0)
			return -errno;
		flags[i] = (uint32_t)got;
		sent[i] = fds[i];
	}
	while (done < n) {
		struct entry *e;

		/* Only a manager above asks: it would drop a duplicate. */
		if (s->above.on && same_find(&s->table, fds[done]) != NULL)
			flags[done] |= FLAG_AGAIN;
		e = table_add(&s->table, put, put->first_id + done, fds[done], flags[done]);
		if (e == NULL)
			break;
		same_add(&s->table, e);
		done++;
	}
	if (done < n) {
		for (size_t i = 0; i < done; i++)
			table_drop(&s->table, table_find(&s->table, put->first_id + i));
		return -ENOMEM;
	}
	link_put(s, put, sent, flags, n);
	for (size_t i = 0; i < n; i++) {
		struct entry *e = table_find(&s->table, put->first_id + i);

		fds[i] = -1;
		evict_watch(s, e);
		watch_tell(s, "put", e);
	}
	return 0;
}

static int allow(struct store *s, struct request *r, const struct name *name, uid_t uid)
{
	if (r->fresh && name != NULL) {
		r->why = "something is called so already";
		return -EEXIST;
	}
	if (s->above.on && r->selectors[0].len > ABOVE_NAME_MOST) {
		r->why = "a name has at most 160 characters where a manager is above";
		return -ENAMETOOLONG;
	}
	for (size_t i = 0; i < r->nfds; i++)
		if (is_own(s, r->fds[i])) {
			r->why = "it is a socket of this store, or of a connection to it";
			return -ELOOP;
		}
	if (s->table.n + r->nfds > s->options.max_fds) {
		snprintf(r->why_text, sizeof(r->why_text),
			 "the store holds %zu descriptors, and --max-fds is %llu", s->table.n,
			 (unsigned long long)s->options.max_fds);
		r->why = r->why_text;
		return -ENOSPC;
	}
	if (owner_has(&s->table.owners, uid, OWNED_FDS) + r->nfds > s->options.max_own_fds) {
		snprintf(r->why_text, sizeof(r->why_text),
			 "of uid %lu it holds %zu descriptors, and --max-fds-per-owner is %llu",
			 (unsigned long)uid, owner_has(&s->table.owners, uid, OWNED_FDS),
			 (unsigned long long)s->options.max_own_fds);
		r->why = r->why_text;
		return -ENOSPC;
	}
	/* Near the limit: what is being closed by a helper that is slow, or stuck, is not free yet. */
	if (s->table.n + r->nfds + NEAR > s->most_fds &&
	    s->table.n + r->nfds + dispose_owed(s) > s->most_fds) {
		r->why = "no number is free until what was removed is closed: RLIMIT_NOFILE";
		return -ENOSPC;
	}
	return 0;
}

static int do_put(struct store *s, struct client *c, struct request *r, struct done_request *done)
{
	const struct selector *sel = &r->selectors[0];
	int64_t now = clock_ms();
	struct put what = {.name = sel->name,
			   .name_len = sel->len,
			   .first_id = s->table.next_id,
			   .put_ms = now,
			   .end_ms = r->ttl_ms > 0 ? now + r->ttl_ms : 0,
			   .uid = c->uid,
			   .evict = r->evict,
			   .replace = r->replace};
	struct name *name = table_name(&s->table, sel->name, sel->len);
	uint64_t before = what.first_id;
	int err = allow(s, r, name, c->uid);

	if (err == 0) {
		link_whole(s, 2,
			   sizeof(struct record_put) + r->nfds * sizeof(uint32_t) + sel->len +
				   sizeof(*done),
			   r->nfds);
		err = put_fds(s, &what, r->fds, r->nfds);
	}
	if (err < 0)
		return err;
	/* The old ones go when the new ones are there, so that a failure leaves the old ones. */
	if (r->replace && name != NULL)
		remove_older(s, name, before);
	*done = (struct done_request){.first_id = before,
				      .count = (uint32_t)r->nfds,
				      .uid = c->uid,
				      .op = OP_PUT};
	strcpy(done->id, r->id);
	if (r->id[0] != '\0') {
		done_add(&s->done, done);
		link_done(s, done);
	}
	return 0;
}

void put(struct store *s, struct client *c, struct request *r)
{
	const struct done_request *before =
		r->id[0] != '\0' ? done_find(&s->done, c->uid, r->id) : NULL;
	struct done_request done;
	struct text text;
	int err = 0;

	if (before != NULL && before->op != OP_PUT) {
		r->why = "this REQUEST= was another operation";
		err = -EOPNOTSUPP;
	} else if (before == NULL) {
		err = do_put(s, c, r, &done);
		before = &done;
	}
	if (err < 0) {
		answer_error(s, c, r, err);
		return;
	}
	answer_begin(&text, r->id, 0);
	text_number(&text, "ID", (int64_t)before->first_id);
	text_number(&text, "COUNT", before->count);
	answer_text(s, c, &text, NULL, 0, NULL);
}
