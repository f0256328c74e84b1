/* SPDX-License-Identifier: MIT
 * answer.c - what a store answers, as text: nothing of it is believed before it was looked at. */
#include "client.h"

#include <string.h>

#define MOST_ERRNO 4095

int fy_answer_malformed(struct ferry_store *s)
{
	return fy_store_refuse(s, -EPROTO, "not what a store answers");
}

bool fy_answer_number(const struct fy_line *line, uint64_t most, uint64_t *ret)
{
	uint64_t value = 0;

	if (line->value == NULL || line->value_len == 0)
		return false;
	for (size_t i = 0; i < line->value_len; i++) {
		unsigned digit = (unsigned)(line->value[i] - '0');

		if (digit > 9 || value > (most - digit) / 10 || digit > most)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

/* What does not fit is cut, and its end is a NUL. */
void fy_answer_text(const struct fy_line *line, char *ret, size_t size)
{
	size_t n = line->value_len < size ? line->value_len : size - 1;

	if (n > 0)
		memcpy(ret, line->value, n);
	ret[n] = '\0';
}

/* An errno that says "not yet" is no answer. */
static bool is_errno(const struct fy_line *line, uint64_t *ret)
{
	return fy_answer_number(line, MOST_ERRNO, ret) && *ret != EAGAIN && *ret != EINTR &&
	       *ret != ETIMEDOUT;
}

static bool is_ours(const struct ferry_store *s, const struct fy_line *line)
{
	return line->value_len == strlen(s->id) && memcmp(line->value, s->id, line->value_len) == 0;
}

/* The store's word stays in the message, which is not read any further. */
static int refused(struct ferry_store *s, uint64_t error, const struct fy_line *why)
{
	s->answered = true;
	if (why->value != NULL) {
		s->in[why->value + why->value_len - s->in] = '\0';
		s->why = why->value;
	}
	return -(int)error;
}

/* The first lines of a message: 0 if the request was done, what the store says if not.  A message that
 * goes on with an answer may do without them. */
int fy_answer_begin(struct ferry_store *s)
{
	struct fy_lines before = s->lines;
	struct fy_line line, why = {0};
	bool good = true, has_id = s->begun, has_errno = has_id;
	uint64_t error = 0;

	while (good && fy_lines_next(&s->lines, &line)) {
		if (fy_line_is(&line, "REQUEST"))
			good = has_id = is_ours(s, &line);
		else if (fy_line_is(&line, "ERRNO"))
			good = has_errno = is_errno(&line, &error);
		else if (fy_line_is(&line, "WHY"))
			why = line;
		else
			break;
		before = s->lines;
	}
	s->lines = before;
	if (!good || !has_id || !has_errno)
		return fy_answer_malformed(s);
	s->begun = true;
	return error != 0 ? refused(s, error, &why) : 0;
}

static int number(const struct fy_line *line, uint64_t most, uint64_t *ret)
{
	return fy_answer_number(line, most, ret) ? 0 : -EPROTO;
}

static int signed_number(const struct fy_line *line, int64_t *ret)
{
	uint64_t value = 0;
	int err = number(line, INT64_MAX, &value);

	*ret = (int64_t)value;
	return err;
}

static int name(const struct fy_line *line, struct ferry_held *held)
{
	if (line->value == NULL || !fy_name_is_valid(line->value, line->value_len))
		return -EPROTO;
	fy_answer_text(line, held->name, sizeof(held->name));
	return 0;
}

/* A line about a descriptor; one that is not known is of a newer store.  Returns 0 or -EPROTO. */
int fy_answer_held(const struct fy_line *line, struct ferry_held *held)
{
	uint64_t value = 0;
	int err = 0;

	if (fy_line_is(line, "ID")) {
		err = number(line, UINT64_MAX, &held->id);
	} else if (fy_line_is(line, "NAME")) {
		err = name(line, held);
	} else if (fy_line_is(line, "FLAGS")) {
		err = number(line, UINT32_MAX, &value);
		held->flags = (uint32_t)value;
	} else if (fy_line_is(line, "UID")) {
		err = number(line, UINT32_MAX, &value);
		held->uid = (uid_t)value;
	} else if (fy_line_is(line, "TAKER")) {
		err = number(line, 1, &value);
		held->lent = (uint32_t)value;
	} else if (fy_line_is(line, "AGE")) {
		err = signed_number(line, &held->age_ms);
	} else if (fy_line_is(line, "TTL")) {
		err = signed_number(line, &held->ttl_ms);
	} else if (fy_line_is(line, "WAITING")) {
		err = signed_number(line, &held->waiting);
	} else if (fy_line_is(line, "QUEUED")) {
		err = signed_number(line, &held->queued);
	} else if (fy_line_is(line, "SIZE")) {
		err = signed_number(line, &held->size);
	} else if (fy_line_is(line, "KIND")) {
		fy_answer_text(line, held->kind, sizeof(held->kind));
	} else if (fy_line_is(line, "EVENT")) {
		fy_answer_text(line, held->event, sizeof(held->event));
	} else if (fy_line_is(line, "PATH") && held->path != NULL && held->path_size > 0) {
		fy_answer_text(line, held->path, held->path_size);
	}
	return err;
}
