/* SPDX-License-Identifier: MIT
 * target.c - datagrams of KEY=VALUE lines: what is read is what is there, and what is written of it is
 * read as the same. */
#include "../../wire/lines.c"
#include "../fuzz.h"

static void check_name(const struct fy_line *line)
{
	size_t bad = 0;

	for (size_t i = 0; i < line->value_len; i++)
		bad += (unsigned char)line->value[i] < ' ' ||
		       (unsigned char)line->value[i] >= 127 || line->value[i] == ':';
	REQUIRE(fy_name_is_valid(line->value, line->value_len) ==
		(bad == 0 && line->value_len <= 255));
}

static bool same(const struct fy_line *a, const struct fy_line *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0 &&
	       b->value != NULL && a->value_len == b->value_len &&
	       memcmp(a->value, b->value, a->value_len) == 0;
}

/* Each line that can be written, and then all of them read again beside the first reading. */
static void check_again(struct fy_lines first, const struct fy_lines_out *out)
{
	struct fy_lines again;
	struct fy_line a, b;

	REQUIRE(fy_lines_begin(&again, out->bytes, out->len) == 0);
	while (fy_lines_next(&first, &a)) {
		if (a.value == NULL || a.key_len == 0)
			continue;
		REQUIRE(fy_lines_next(&again, &b) && same(&a, &b));
	}
	REQUIRE(!fy_lines_next(&again, &b));
}

static void check_lines(const char *text, size_t size, struct fy_lines_out *out)
{
	struct fy_lines lines, first;
	struct fy_line line;
	const char *last = text;
	size_t nuls = 0;
	int r = fy_lines_begin(&lines, text, size);

	for (size_t i = 0; i < size; i++)
		nuls += text[i] == '\0' && i + 1 < size;
	REQUIRE(r == (size > FY_LINES_MOST ? -EMSGSIZE : nuls > 0 ? -EBADMSG : 0));
	if (r < 0) {
		REQUIRE(!fy_lines_next(&lines, &line));
		return;
	}
	first = lines;
	while (fy_lines_next(&lines, &line)) {
		const char *end =
			line.value != NULL ? line.value + line.value_len : line.key + line.key_len;

		REQUIRE(line.key >= last && end > line.key && end <= text + size);
		REQUIRE(memchr(line.key, '\n', (size_t)(end - line.key)) == NULL);
		REQUIRE(memchr(line.key, '=', line.key_len) == NULL);
		REQUIRE(line.value == NULL || line.value == line.key + line.key_len + 1);
		REQUIRE(fy_lines_put(out, &line) ==
			(line.value == NULL || line.key_len == 0 ? -EINVAL : 0));
		if (line.value != NULL)
			check_name(&line);
		last = end;
	}
	check_again(first, out);
}

/* A line of any bytes, put behind another: it is refused, or read as the same. */
static void check_put(const char *text, size_t size, size_t key_len, struct fy_lines_out *out)
{
	const struct fy_line line = {.key = text,
				     .key_len = key_len,
				     .value = text + key_len,
				     .value_len = size - key_len},
			     one = {.key = "FDSTORE", .key_len = 7, .value = "1", .value_len = 1};
	struct fy_lines lines;
	struct fy_line got;
	int r;

	out->len = 0;
	REQUIRE(fy_lines_put(out, &one) == 0);
	r = fy_lines_put(out, &line);
	REQUIRE(fy_lines_begin(&lines, out->bytes, out->len) == 0);
	REQUIRE(fy_lines_next(&lines, &got) && same(&one, &got));
	if (r == 0)
		REQUIRE(fy_lines_next(&lines, &got) && same(&line, &got));
	else
		REQUIRE(r == -EINVAL || (r == -EMSGSIZE && size > FY_LINES_MOST - 10));
	REQUIRE(!fy_lines_next(&lines, &got));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fy_lines_out *out = calloc(1, sizeof(*out));
	char *text = calloc(size > 0 ? size : 1, 1); /* not a byte more */

	if (out == NULL || text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	check_lines(text, size, out);
	check_put(text, size, size > 0 ? data[0] % size : 0, out);
	free(text);
	free(out);
	return 0;
}
