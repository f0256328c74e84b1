/* SPDX-License-Identifier: MIT
 * request.c - a request as text: what the caller asks for, looked at before anything is sent. */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t flags; /* beside FY_WAIT_FLAGS */
	bool wants_selector;
} ops[] = {
	[FY_PUT] = {"put", FERRY_REPLACE | FERRY_NEW | FERRY_EVICT, true},
	[FY_GET] = {"get", FERRY_RESTORE_FLAGS, true},
	[FY_TAKE] = {"take", FERRY_RESTORE_FLAGS, true},
	[FY_REMOVE] = {"remove", 0, true},
	[FY_LIST] = {"list", 0, false},
	[FY_WATCH] = {"watch", 0, false},
	[FY_STATUS] = {"status", 0, false},
};

int fy_store_line(struct ferry_store *s, const char *key, const char *value, size_t len)
{
	const struct fy_line line = {.key = key,
				     .key_len = strlen(key),
				     .value = value,
				     .value_len = len};
	int err = fy_lines_put(&s->out, &line);

	if (err == -EMSGSIZE)
		return fy_store_refuse(s, err, "a request has at most 4096 bytes: ask in parts");
	return err < 0 ? fy_store_refuse(s, err, "a newline in the pattern") : 0;
}

int fy_store_number(struct ferry_store *s, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	return fy_store_line(s, key, text, (size_t)n);
}

static int put_text(struct ferry_store *s, const char *key, const char *value)
{
	return fy_store_line(s, key, value, strlen(value));
}

static void new_id(struct ferry_store *s)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t left = s->counter++;

	for (size_t i = 0; i < 2 * sizeof(left); i++, left >>= 4)
		s->seed[sizeof(s->seed) - 2 - i] = digits[left & 15];
	memcpy(s->id, s->seed, sizeof(s->id));
}

/* A request of the caller's own id, or one that no other will ever have. */
static int choose_id(struct ferry_store *s, const struct ferry_request *r)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t n;

	if (r == NULL || r->id[0] == '\0') {
		new_id(s);
		return 0;
	}
	n = strnlen(r->id, sizeof(r->id));
	if (n == sizeof(r->id) || strspn(r->id, allowed) != n)
		return fy_store_refuse(s, -EINVAL, "an id is 1 to 32 of A-Z a-z 0-9 . _ -");
	memcpy(s->id, r->id, n + 1);
	return 0;
}

static int check_names(struct ferry_store *s, const struct ferry_request *r)
{
	for (size_t i = 0; i < r->nnames; i++) {
		size_t n = r->names[i] != NULL ? strnlen(r->names[i], FERRY_NAME_SIZE) : 0;

		if (n == 0 || !fy_name_is_valid(r->names[i], n))
			return fy_store_refuse(
				s, -EINVAL,
				"a name is 1 to 255 ASCII characters without control characters "
				"and ':'");
	}
	return 0;
}

static int check_put(struct ferry_store *s, const struct ferry_request *r)
{
	if (r->nnames != 1 || r->pattern != NULL || r->nids > 0)
		return fy_store_refuse(s, -EINVAL, "put wants one name, no pattern and no ids");
	if (r->fds == NULL || r->nfds == 0)
		return fy_store_refuse(s, -EINVAL, "there is nothing to put");
	if (r->nfds > FERRY_MAX_FDS)
		return fy_store_refuse(s, -E2BIG, "more than 253 descriptors in one request");
	if ((r->flags & FERRY_REPLACE) != 0 && (r->flags & FERRY_NEW) != 0)
		return fy_store_refuse(s, -EINVAL, "FERRY_REPLACE and FERRY_NEW are two things");
	return 0;
}

/* What comes out is set before anything can fail, as ferry_recv has it. */
static int check_slots(struct ferry_store *s, struct ferry_request *r)
{
	r->nfds = 0;
	if (r->max_fds > 0 && r->fds == NULL)
		return fy_store_refuse(s, -EINVAL, "fds is NULL");
	for (size_t i = 0; i < r->max_fds; i++)
		r->fds[i] = -1;
	if (r->held != NULL && r->held_size < sizeof(struct ferry_held))
		return fy_store_refuse(s, -EINVAL, "held_size is not sizeof(struct ferry_held)");
	return 0;
}

static int check(struct ferry_store *s, enum fy_op op, struct ferry_request *r)
{
	int err = 0;

	if (op == FY_GET || op == FY_TAKE)
		err = check_slots(s, r);
	if (err < 0)
		return err;
	if ((r->flags & ~(FY_WAIT_FLAGS | ops[op].flags)) != 0)
		return fy_store_refuse(s, -EINVAL, "a flag that this call does not have");
	if (r->timeout_ms < 0)
		return fy_store_refuse(s, -EINVAL, "timeout_ms is negative: 0 waits for ever");
	if ((r->nnames > 0 && r->names == NULL) || (r->nids > 0 && r->ids == NULL))
		return fy_store_refuse(s, -EINVAL, "names or ids are NULL");
	if (ops[op].wants_selector && r->nnames == 0 && r->pattern == NULL && r->nids == 0)
		return fy_store_refuse(s, -EINVAL, "which ones? no name, pattern or id is given");
	err = check_names(s, r);
	return err == 0 && op == FY_PUT ? check_put(s, r) : err;
}

static int put_flags(struct ferry_store *s, const struct ferry_request *r)
{
	int err = 0;

	if ((r->flags & FERRY_REPLACE) != 0)
		err = put_text(s, "REPLACE", "1");
	if (err == 0 && (r->flags & FERRY_NEW) != 0)
		err = put_text(s, "NEW", "1");
	if (err == 0 && (r->flags & FERRY_EVICT) != 0)
		err = put_text(s, "EVICT", "1");
	if (err == 0 && r->ttl_ms > 0)
		err = fy_store_number(s, "TTL", r->ttl_ms);
	return err;
}

static int compose(struct ferry_store *s, enum fy_op op, const struct ferry_request *r)
{
	int err;

	s->out.len = 0;
	err = put_text(s, "OP", ops[op].name);
	if (err == 0)
		err = put_text(s, "REQUEST", s->id);
	if (r == NULL)
		return err;
	for (size_t i = 0; err == 0 && i < r->nnames; i++)
		err = put_text(s, "NAME", r->names[i]);
	if (err == 0 && r->pattern != NULL)
		err = put_text(s, "PATTERN", r->pattern);
	for (size_t i = 0; err == 0 && i < r->nids; i++)
		err = fy_store_number(s, "ID", r->ids[i]);
	return err == 0 && op == FY_PUT ? put_flags(s, r) : err;
}

/* Is it the request that is under way?  An id says so better than an address, which is another's when the
 * call that used it has returned. */
static bool is_the_same(const struct ferry_store *s, enum fy_op op, const struct ferry_request *r)
{
	if (s->op != op)
		return false;
	if (r == NULL)
		return true;
	return strncmp(s->id, r->id, sizeof(r->id)) == 0 && (op != FY_PUT || s->nfds == r->nfds);
}

/* What can be wrong with a call, whatever is under way. */
static int look(struct ferry_store *s, enum fy_op op, struct ferry_request *r, size_t size,
		struct fy_call *c)
{
	int err = fy_check_size(r, size, sizeof(*r));

	if (err < 0)
		return err;
	err = check(s, op, r);
	*c = (struct fy_call){.flags = r->flags, .timeout_ms = r->timeout_ms, .fds = r->fds};
	r->why = s->why;
	return err;
}

static int begin(struct ferry_store *s, enum fy_op op, const struct ferry_request *r)
{
	int err;

	if (s->watching)
		return fy_store_refuse(s, -EBUSY,
				       "it watches: other requests want a connection of their own");
	if (s->op != FY_NONE && is_the_same(s, op, r))
		return 0;
	if (s->op != FY_NONE)
		return fy_store_refuse(s, -EBUSY, "another request is under way: first that one");
	err = choose_id(s, r);
	if (err == 0)
		err = compose(s, op, r);
	if (err < 0)
		return err;
	if (op == FY_LIST) {
		s->listed = false;
		s->list_len = 0;
	}
	s->op = op;
	s->nfds = r != NULL ? r->nfds : 0;
	s->sent = s->begun = s->answered = s->confirming = false;
	s->lost.deadline_ns = s->steady.deadline_ns = 0;
	return 0;
}

/* Looks at a request and makes it the one that is under way, unless it is already: 0 or -errno.  r is
 * NULL for what has no struct, whose *c is set. */
int fy_store_begin(struct ferry_store *s, enum fy_op op, struct ferry_request *r, size_t size,
		   struct fy_call *c)
{
	int err = s == NULL ? -EINVAL : 0;

	if (err < 0)
		return err;
	s->why = NULL;
	if (op != FY_STATUS)
		err = look(s, op, r, size, c);
	if (err == 0)
		err = begin(s, op, r);
	if (err < 0 && r != NULL && s->why != NULL)
		r->why = s->why;
	return err;
}
