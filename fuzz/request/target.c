/* SPDX-License-Identifier: MIT
 * target.c - requests at a store's door: what is understood is what is there, and is understood again when it
 * is written anew; what is not is refused with a line that says why. */
#include "../../store/request.c"
#include "../../wire/lines.c"
#include "../fuzz.h"

#define MOST (1024 * 1024)

static void check_refusal(const struct request *r, int err, size_t size)
{
	REQUIRE(err == -EINVAL || err == -EMSGSIZE || err == -EBADMSG);
	REQUIRE((err == -EMSGSIZE) == (size > FY_LINES_MOST));
	REQUIRE(r->why != NULL && strlen(r->why) > 0 && strlen(r->why) < sizeof(r->why_text));
	for (const char *at = r->why; *at != '\0'; at++)
		REQUIRE((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void check_selectors(const struct request *r, const char *text, size_t size)
{
	size_t names = 0;

	REQUIRE(r->n <= SELECT_MOST);
	for (size_t i = 0; i < r->n; i++) {
		const struct selector *s = &r->selectors[i];

		if (s->name != NULL) {
			names++;
			REQUIRE(s->name >= text && s->len > 0 && s->name + s->len <= text + size);
			REQUIRE(fy_name_is_valid(s->name, s->len));
		} else {
			REQUIRE(s->first > 0 && (s->last == 0 || s->last >= s->first));
		}
	}
	REQUIRE(names == r->names);
}

/* The rules of fdferry-store(5), once more. */
static void check_rules(const struct request *r)
{
	bool puts = r->op == OP_PUT, selects = r->n > 0 || r->has_pattern;

	REQUIRE(r->op > OP_NONE && r->op <= OP_STATUS);
	REQUIRE(strlen(r->id) <= REQUEST_MOST);
	REQUIRE(strspn(r->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789._-") == strlen(r->id));
	REQUIRE(puts == (r->nfds > 0));
	REQUIRE(puts || (!r->replace && !r->fresh && !r->evict && r->ttl_ms == 0));
	REQUIRE(!puts || (r->n == 1 && r->names == 1 && !r->has_pattern && r->ttl_ms >= 0));
	REQUIRE(!r->replace || !r->fresh);
	REQUIRE((r->op != OP_GET && r->op != OP_TAKE && r->op != OP_REMOVE) || selects);
	REQUIRE(r->op != OP_CONFIRM || (r->names == 0 && r->n > 0 && !r->has_pattern));
	REQUIRE((r->op != OP_RELEASE && r->op != OP_STATUS) || !selects);
	REQUIRE(memchr(r->pattern, '\0', sizeof(r->pattern)) != NULL);
}

static size_t write_selectors(const struct request *r, char *to)
{
	size_t at = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct selector *s = &r->selectors[i];

		if (s->name != NULL)
			at += (size_t)sprintf(to + at, "\nNAME=%.*s", (int)s->len, s->name);
		else if (s->last == 0)
			at += (size_t)sprintf(to + at, "\nID=%llu", (unsigned long long)s->first);
		else
			at += (size_t)sprintf(to + at, "\nID=%llu-%llu",
					      (unsigned long long)s->first,
					      (unsigned long long)s->last);
	}
	return at;
}

/* The request that was understood, as a client would write it. */
static size_t write_again(const struct request *r, char *to)
{
	size_t at = (size_t)sprintf(to, "OP=%s", ops[r->op]);

	if (r->id[0] != '\0')
		at += (size_t)sprintf(to + at, "\nREQUEST=%s", r->id);
	at += write_selectors(r, to + at);
	if (r->has_pattern)
		at += (size_t)sprintf(to + at, "\nPATTERN=%s", r->pattern);
	if (r->ttl_ms > 0)
		at += (size_t)sprintf(to + at, "\nTTL=%lld", (long long)r->ttl_ms);
	at += (size_t)sprintf(to + at, "%s%s%s", r->replace ? "\nREPLACE=1" : "",
			      r->fresh ? "\nNEW=1" : "", r->evict ? "\nEVICT=1" : "");
	return at;
}

static void check_same(const struct request *a, const struct request *b)
{
	REQUIRE(a->op == b->op && a->n == b->n && a->names == b->names && a->ttl_ms == b->ttl_ms);
	REQUIRE(a->replace == b->replace && a->fresh == b->fresh && a->evict == b->evict);
	REQUIRE(strcmp(a->id, b->id) == 0 && a->has_pattern == b->has_pattern);
	REQUIRE(!a->has_pattern || strcmp(a->pattern, b->pattern) == 0);
	for (size_t i = 0; i < a->n; i++) {
		const struct selector *x = &a->selectors[i], *y = &b->selectors[i];

		REQUIRE((x->name == NULL) == (y->name == NULL));
		if (x->name != NULL)
			REQUIRE(x->len == y->len && memcmp(x->name, y->name, x->len) == 0);
		else
			REQUIRE(x->first == y->first && x->last == y->last);
	}
}

/* Both are used again and again, as the store does it: what an earlier one left must not matter. */
static void check_request(const char *text, size_t size, size_t nfds)
{
	static struct request r, again;
	static char written[MOST];
	int err;

	r.nfds = again.nfds = nfds;
	err = request_read(&r, text, size);
	if (err != 0) {
		check_refusal(&r, err, size);
		return;
	}
	check_selectors(&r, text, size);
	check_rules(&r);
	size = write_again(&r, written);
	/* Empty lines, leading zeros: what is written anew is no longer than what came. */
	REQUIRE(size <= FY_LINES_MOST && request_read(&again, written, size) == 0);
	check_same(&r, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size > 0 ? size : 1); /* not a byte more */

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	check_request(text, size, 0);
	check_request(text, size, 2);
	free(text);
	return 0;
}
