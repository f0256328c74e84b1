/* SPDX-License-Identifier: MIT
 * lines.c - reads and writes datagrams of KEY=VALUE lines.  It calls nothing but memchr and memcpy, and
 * believes nothing: lengths are the datagram's, and a NUL ends nothing. */
#include "lines.h"

#include <errno.h>
#include <string.h>

/* A sender may count the NUL behind its string; any other is no text (CVE-2016-7795 was an empty
 * datagram, which is one without lines).  Returns 0, -EMSGSIZE, or -EBADMSG. */
int fy_lines_begin(struct fy_lines *lines, const void *data, size_t len)
{
	const char *text = data;

	*lines = (struct fy_lines){0};
	if (len > FY_LINES_MOST)
		return -EMSGSIZE;
	if (len == 0)
		return 0;
	if (text[len - 1] == '\0')
		len--;
	if (memchr(text, '\0', len) != NULL)
		return -EBADMSG;
	lines->at = text;
	lines->end = text + len;
	return 0;
}

/* The next line that is not empty; false: there is none. */
bool fy_lines_next(struct fy_lines *lines, struct fy_line *ret)
{
	const char *newline, *equals;
	size_t len;

	while (lines->at != lines->end && *lines->at == '\n')
		lines->at++;
	if (lines->at == lines->end)
		return false;
	len = (size_t)(lines->end - lines->at);
	newline = memchr(lines->at, '\n', len);
	if (newline != NULL)
		len = (size_t)(newline - lines->at);
	*ret = (struct fy_line){.key = lines->at, .key_len = len};
	equals = memchr(lines->at, '=', len);
	if (equals != NULL) {
		ret->key_len = (size_t)(equals - ret->key);
		ret->value = equals + 1;
		ret->value_len = len - ret->key_len - 1;
	}
	lines->at += len;
	return true;
}

bool fy_line_is(const struct fy_line *line, const char *key)
{
	return line->key_len == strlen(key) && memcmp(line->key, key, line->key_len) == 0;
}

static bool has(const char *text, size_t len, char c)
{
	return len > 0 && memchr(text, c, len) != NULL;
}

/* Adds a line; what would be read back as something else is refused.  Returns 0, -EINVAL, or -EMSGSIZE
 * if it does not fit; *out is as it was then. */
int fy_lines_put(struct fy_lines_out *out, const struct fy_line *line)
{
	size_t between = out->len > 0, left = FY_LINES_MOST - out->len;
	char *at = out->bytes + out->len;

	if (line->value == NULL || line->key_len == 0 || has(line->key, line->key_len, '=') ||
	    has(line->key, line->key_len, '\n') || has(line->key, line->key_len, '\0') ||
	    has(line->value, line->value_len, '\n') || has(line->value, line->value_len, '\0'))
		return -EINVAL;
	/* Each by itself, since their sum may overflow. */
	if (line->key_len >= left || line->value_len >= left ||
	    between + line->key_len + 1 + line->value_len > left)
		return -EMSGSIZE;
	if (between > 0)
		*at++ = '\n';
	memcpy(at, line->key, line->key_len);
	at += line->key_len;
	*at++ = '=';
	if (line->value_len > 0)
		memcpy(at, line->value, line->value_len);
	out->len += between + line->key_len + 1 + line->value_len;
	return 0;
}

/* The name of a descriptor, FDNAME= and in LISTEN_FDNAMES: ASCII without control characters and ':'. */
bool fy_name_is_valid(const char *name, size_t len)
{
	if (len > FY_NAME_MOST)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e || name[i] == ':')
			return false;
	return true;
}
