/* SPDX-License-Identifier: MIT
 * hand.c - get, take and list: descriptors and what they are, handed out in as many messages as it takes.
 *
 * What is taken is lent first, and removed when the taker has confirmed that it has it: a taker that dies in
 * between has lost nothing.  Two that take the same are told so, the second one by EBUSY or, where a broker
 * died in between and forgot the loan, by ESTALE. */
#include "broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What holds for the descriptors that follow in a message, so that it is not said of each. */
struct said {
	const struct name *name;
	uint32_t flags;
	uid_t uid;
	bool any;
};

static bool hand_entry(struct text *text, const struct entry *e, struct said *said)
{
	size_t before = text->len;
	bool ok = true;

	if (!said->any || said->name != e->name)
		ok = text_add(text, "NAME", e->name->text, e->name->len);
	if (ok && (!said->any || said->flags != e->flags))
		ok = text_number(text, "FLAGS", e->flags);
	if (ok && (!said->any || said->uid != e->uid))
		ok = text_number(text, "UID", e->uid);
	ok = ok && text_number(text, "ID", (int64_t)e->id);
	if (!ok)
		text->len = before;
	*said = (struct said){.name = e->name, .flags = e->flags, .uid = e->uid, .any = true};
	return ok;
}

/* The next message of an answer; fds are the store's own.  One that has gone since is told by ESTALE. */
struct text *hand_message(struct store *s, struct stream *stream, struct text *text, int *fds,
			  size_t *ret_n)
{
	static const char more[] = "MORE=1\n";
	struct said said = {0};
	size_t n = 0;

	answer_begin(text, stream->request, 0);
	while (stream->at < stream->n) {
		const struct entry *e = table_find(&s->table, stream->ids[stream->at]);
		size_t before = text->len;

		if (e == NULL && stream->hand == HAND_LIST) {
			stream->at++;
			continue;
		}
		if (e == NULL) {
			answer_begin(text, stream->request, -ESTALE);
			text_string(text, "WHY", "one of them was removed in the meantime");
			stream->at = stream->n;
			n = 0;
			break;
		}
		if (stream->hand == HAND_LIST ? !list_entry(text, e)
					      : n == FERRY_MAX_FDS || !hand_entry(text, e, &said))
			break;
		if (text->len + strlen(more) > MESSAGE_MOST) {
			text->len = before;
			break;
		}
		if (stream->hand != HAND_LIST)
			fds[n++] = e->fd;
		stream->at++;
	}
	if (stream->at < stream->n)
		text_add(text, "MORE", "1", 1);
	*ret_n = n;
	return text;
}

static int lend(struct store *s, struct client *c, struct request *r, const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (table_find(&s->table, ids[i])->lent != NULL) {
			r->why = "it is being taken by another, or by an earlier request";
			return -EBUSY;
		}
	for (size_t i = 0; i < n; i++)
		table_find(&s->table, ids[i])->lent = c;
	c->lent += n;
	return 0;
}

void hand_out(struct store *s, struct client *c, struct request *r)
{
	enum hand hand = r->op == OP_GET ? HAND_GET : r->op == OP_TAKE ? HAND_TAKE : HAND_LIST;
	struct stream *stream = NULL;
	uint64_t *ids = NULL;
	struct text text;
	int fds[FERRY_MAX_FDS], err;
	size_t n = 0, nfds;

	err = select_ids(s, r, &ids, &n);
	if (err == 0 && (stream = malloc(sizeof(*stream) + n * sizeof(*ids))) == NULL)
		err = -ENOMEM;
	if (err == 0 && hand != HAND_LIST && !unread_may_wait(s, c, n)) {
		r->why = "descriptors on their way to clients of this uid that do not read them "
			 "are half of RLIMIT_NOFILE";
		err = -ETOOMANYREFS;
	}
	if (err == 0 && hand == HAND_TAKE)
		err = lend(s, c, r, ids, n);
	if (err != 0) {
		answer_error(s, c, r, err);
		free(ids);
		free(stream);
		return;
	}
	stream->hand = hand;
	stream->n = n;
	stream->at = 0;
	strcpy(stream->request, r->id);
	if (n > 0)
		memcpy(stream->ids, ids, n * sizeof(*ids));
	free(ids);
	hand_message(s, stream, &text, fds, &nfds);
	if (stream->at == stream->n) {
		free(stream);
		stream = NULL;
	}
	answer_text(s, c, &text, fds, nfds, stream);
}

/* Gives back what this client has not confirmed. */
void release(struct store *s, struct client *c)
{
	for (struct entry *e = s->table.first; e != NULL && c->lent > 0; e = e->next)
		if (e->lent == c) {
			e->lent = NULL;
			c->lent--;
		}
}

/* Removes what was taken, all or nothing. */
void confirm(struct store *s, struct client *c, struct request *r)
{
	const struct done_request *done =
		r->id[0] != '\0' ? done_find(&s->done, c->uid, r->id) : NULL;
	struct done_request now = {.uid = c->uid, .op = OP_CONFIRM};
	uint64_t *ids = NULL;
	size_t n = 0;
	struct text text;
	int err;

	if (done == NULL) {
		err = select_ids(s, r, &ids, &n);
		/* A range of which something is gone is not what was taken. */
		for (size_t i = 0; i < r->n && err == 0; i++)
			if (r->selectors[i].last != 0)
				for (uint64_t id = r->selectors[i].first;
				     id <= r->selectors[i].last && err == 0; id++)
					err = table_find(&s->table, id) == NULL ? -ESTALE : 0;
		for (size_t i = 0; i < n && err == 0; i++) {
			const struct entry *e = table_find(&s->table, ids[i]);

			err = e->lent != NULL && e->lent != c ? -ESTALE : 0;
		}
		if (err == -ENOENT)
			err = -ESTALE;
		if (err == -ESTALE)
			r->why = "somebody else took or removed one of them";
		if (err < 0) {
			answer_error(s, c, r, err);
			free(ids);
			return;
		}
		now.count = (uint32_t)n;
		strcpy(now.id, r->id);
		remove_ids(s, ids, n, "take", &now);
		free(ids);
		done = &now;
	} else if (done->op != OP_CONFIRM) {
		r->why = "this REQUEST= was another operation";
		answer_error(s, c, r, -EOPNOTSUPP);
		return;
	}
	answer_begin(&text, r->id, 0);
	text_number(&text, "COUNT", done->count);
	answer_text(s, c, &text, NULL, 0, NULL);
}
