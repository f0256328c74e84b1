/* SPDX-License-Identifier: MIT
 * put.c - puts descriptors into a store, and has it drop some. */
#include "client.h"

/* Two numbers, of which one may be NULL: it is not asked for. */
static int numbers(struct ferry_store *s, uint64_t *id, uint64_t *count)
{
	bool has_id = id == NULL, has_count = false;
	struct fy_line line;

	while (fy_lines_next(&s->lines, &line)) {
		if (id != NULL && fy_line_is(&line, "ID"))
			has_id = fy_answer_number(&line, UINT64_MAX, id);
		else if (fy_line_is(&line, "COUNT"))
			has_count = fy_answer_number(&line, SIZE_MAX, count);
	}
	if (!has_id || !has_count)
		return fy_answer_malformed(s);
	return 0;
}

static int ask(struct ferry_store *s, struct fy_call *c, uint64_t *id, uint64_t *count)
{
	int err = fy_store_ask(s, c);

	if (err > 0)
		err = fy_answer_begin(s);
	return err == 0 ? numbers(s, id, count) : err;
}

int ferry_put(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	uint64_t id = 0, count = 0;
	int err = fy_store_begin(store, FY_PUT, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	err = ask(store, &c, &id, &count);
	if (err == 0 && count != r->nfds)
		err = fy_answer_malformed(store);
	if (err == 0) {
		store->answered = true;
		r->first_id = id;
	}
	return fy_store_end(store, r, err);
}

int ferry_remove(struct ferry_store *store, struct ferry_request *r, size_t size)
{
	struct fy_call c;
	uint64_t count = 0;
	int err = fy_store_begin(store, FY_REMOVE, r, size, &c);

	if (err < 0)
		return fy_fail(err);
	err = ask(store, &c, NULL, &count);
	if (err == 0) {
		store->answered = true;
		r->count = (size_t)count;
	}
	return fy_store_end(store, r, err);
}
