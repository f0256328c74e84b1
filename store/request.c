/* SPDX-License-Identifier: MIT
 * request.c - reads a request; it is pure, and believes nothing.
 *
 * What it does not know is refused: a client that asks for something newer must not get something older. */
#include "broker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const ops[] = {
	[OP_PUT] = "put",         [OP_GET] = "get",         [OP_TAKE] = "take",
	[OP_CONFIRM] = "confirm", [OP_RELEASE] = "release", [OP_LIST] = "list",
	[OP_REMOVE] = "remove",   [OP_WATCH] = "watch",     [OP_STATUS] = "status",
	[OP_ADOPT] = "adopt",     [OP_UPGRADE] = "upgrade",
};

__attribute__((format(printf, 2, 3))) static int refuse(struct request *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why_text, sizeof(r->why_text), format, args);
	va_end(args);
	/* It comes from the client, and goes back in a line. */
	for (char *at = r->why_text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	r->why = r->why_text;
	return -EINVAL;
}

static bool read_number(const char *text, size_t len, uint64_t *ret)
{
	uint64_t n = 0;

	if (len == 0 || len > 19)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = n;
	return true;
}

static int read_op(struct request *r, const struct fy_line *line)
{
	for (size_t i = OP_PUT; i < sizeof(ops) / sizeof(*ops); i++)
		if (line->value_len == strlen(ops[i]) &&
		    memcmp(line->value, ops[i], line->value_len) == 0) {
			r->op = (enum op)i;
			return 0;
		}
	return refuse(r, "this store knows no OP=%.*s", (int)line->value_len, line->value);
}

static bool is_id(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') ||
		      (text[i] >= 'a' && text[i] <= 'z') || strchr("._-", text[i]) != NULL))
			return false;
	return len > 0 && len <= REQUEST_MOST;
}

static int read_id(struct request *r, const struct fy_line *line)
{
	if (!is_id(line->value, line->value_len))
		return refuse(r, "REQUEST= is 1 to %d letters, digits, '.', '_' and '-'",
			      REQUEST_MOST);
	memcpy(r->id, line->value, line->value_len);
	r->id[line->value_len] = '\0';
	return 0;
}

static struct selector *new_selector(struct request *r)
{
	return r->n < SELECT_MOST ? &r->selectors[r->n++] : NULL;
}

static int read_name(struct request *r, const struct fy_line *line)
{
	struct selector *sel = new_selector(r);

	if (line->value_len == 0 || !fy_name_is_valid(line->value, line->value_len))
		return refuse(r, "a name has 1 to 255 printable ASCII characters and no ':'");
	if (sel == NULL)
		return refuse(r, "more than %d names and ids", SELECT_MOST);
	*sel = (struct selector){.name = line->value, .len = line->value_len};
	r->names++;
	return 0;
}

static int read_ids(struct request *r, const struct fy_line *line)
{
	const char *dash = memchr(line->value, '-', line->value_len);
	size_t len = dash != NULL ? (size_t)(dash - line->value) : line->value_len;
	struct selector *sel = new_selector(r);

	if (sel == NULL)
		return refuse(r, "more than %d names and ids", SELECT_MOST);
	*sel = (struct selector){0};
	if (!read_number(line->value, len, &sel->first) ||
	    (dash != NULL && !read_number(dash + 1, line->value_len - len - 1, &sel->last)) ||
	    sel->first == 0 || (dash != NULL && sel->last < sel->first))
		return refuse(r, "ID=%.*s is neither an id nor a range", (int)line->value_len,
			      line->value);
	return 0;
}

static int read_line(struct request *r, const struct fy_line *line)
{
	uint64_t n;

	if (line->value == NULL)
		return refuse(r, "a line without '='");
	if (r->op == OP_NONE)
		return fy_line_is(line, "OP") ? read_op(r, line) : refuse(r, "OP= comes first");
	if (fy_line_is(line, "REQUEST"))
		return read_id(r, line);
	if (fy_line_is(line, "NAME"))
		return read_name(r, line);
	if (fy_line_is(line, "ID") && r->op != OP_PUT && line->value_len > 0)
		return read_ids(r, line);
	if (fy_line_is(line, "PATTERN") && r->op != OP_PUT && r->op != OP_CONFIRM &&
	    !r->has_pattern) {
		memcpy(r->pattern, line->value, line->value_len);
		r->pattern[line->value_len] = '\0';
		r->has_pattern = true;
		return 0;
	}
	if (r->op == OP_PUT && fy_line_is(line, "TTL")) {
		if (!read_number(line->value, line->value_len, &n) || n == 0 ||
		    n > (uint64_t)INT64_MAX / 2)
			return refuse(r, "TTL= is a number of milliseconds, 1 or more");
		r->ttl_ms = (int64_t)n;
		return 0;
	}
	if (r->op == OP_PUT && line->value_len == 1 && line->value[0] == '1') {
		if (fy_line_is(line, "REPLACE"))
			return r->replace = true, 0;
		if (fy_line_is(line, "NEW"))
			return r->fresh = true, 0;
		if (fy_line_is(line, "EVICT"))
			return r->evict = true, 0;
	}
	return refuse(r, "'%.*s=' is not for OP=%s, or not with this value", (int)line->key_len,
		      line->key, ops[r->op]);
}

static int check(struct request *r)
{
	if (r->op == OP_NONE)
		return refuse(r, "OP= is missing");
	if (r->op == OP_PUT && (r->names != 1 || r->nfds == 0))
		return refuse(r, "put wants one NAME= and 1 to %d descriptors", FERRY_MAX_FDS);
	if (r->op == OP_UPGRADE && r->nfds != 1)
		return refuse(r, "upgrade wants one descriptor: the new program");
	if (r->op != OP_PUT && r->op != OP_UPGRADE && r->nfds > 0)
		return refuse(r, "OP=%s takes no descriptors", ops[r->op]);
	if (r->op == OP_PUT && r->replace && r->fresh)
		return refuse(r, "REPLACE=1 and NEW=1 exclude each other");
	if (r->op == OP_CONFIRM && (r->names > 0 || r->n == 0))
		return refuse(r, "confirm wants ID= and no names");
	if ((r->op == OP_GET || r->op == OP_TAKE || r->op == OP_REMOVE) && r->n == 0 &&
	    !r->has_pattern)
		return refuse(r, "OP=%s wants NAME=, PATTERN= or ID=", ops[r->op]);
	if ((r->op == OP_RELEASE || r->op >= OP_STATUS) && (r->n > 0 || r->has_pattern))
		return refuse(r, "OP=%s selects nothing", ops[r->op]);
	return 0;
}

/* data must stay where it is as long as *r is used; r->fds and nfds are set already.  Returns 0, or an
 * errno and r->why. */
int request_read(struct request *r, const void *data, size_t len)
{
	struct fy_lines lines;
	struct fy_line line;
	int err;

	r->op = OP_NONE;
	r->id[0] = '\0';
	r->n = r->names = 0;
	r->has_pattern = r->replace = r->fresh = r->evict = false;
	r->ttl_ms = 0;
	r->why = NULL;
	err = fy_lines_begin(&lines, data, len);
	if (err == -EMSGSIZE) {
		r->why = "a request has at most 4096 bytes";
		return err;
	}
	if (err < 0) {
		r->why = "a request is text: it has no NUL";
		return err;
	}
	while (fy_lines_next(&lines, &line)) {
		if (err == 0)
			err = read_line(r, &line);
		/* So that the refusal can be told apart. */
		if (err < 0 && fy_line_is(&line, "REQUEST") && is_id(line.value, line.value_len))
			read_id(r, &line);
	}
	return err < 0 ? err : check(r);
}
