/* SPDX-License-Identifier: MIT
 * text.c - answers, line by line; a line that does not fit is not begun. */
#include "broker.h"

#include <string.h>

bool text_add(struct text *text, const char *key, const char *value, size_t len)
{
	size_t key_len = strlen(key);
	char *at = text->bytes + text->len;

	if (key_len + len + 2 > MESSAGE_MOST - text->len)
		return false;
	at = stpcpy(at, key);
	*at++ = '=';
	memcpy(at, value, len);
	at[len] = '\n';
	text->len += key_len + len + 2;
	return true;
}

bool text_string(struct text *text, const char *key, const char *value)
{
	return text_add(text, key, value, strlen(value));
}

bool text_number(struct text *text, const char *key, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		digits[--at] = '-';
	return text_add(text, key, digits + at, sizeof(digits) - at);
}
