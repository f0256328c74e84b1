/* SPDX-License-Identifier: MIT
 * state.c - what a service has said of itself at the notify door: the last value of each key that is kept. */
#include "store.h"

#include <string.h>

static const char *const keys[] = {"READY",   "STATUS", "RELOADING",      "STOPPING",
				   "MAINPID", "ERRNO",  "MONOTONIC_USEC", "BUSERROR"};

bool state_is_key(const struct fy_line *line)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (line->value != NULL && fy_line_is(line, keys[i]))
			return true;
	return false;
}

static void forget(struct state *state, const char *key, size_t key_len)
{
	char *at = state->lines, *end = state->lines + state->len;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));

		if (strncmp(at, key, key_len) == 0 && at[key_len] == '=') {
			memmove(at, newline + 1, (size_t)(end - newline - 1));
			state->len -= (size_t)(newline + 1 - at);
			return;
		}
		at = newline + 1;
	}
}

/* READY=1 ends RELOADING=1, as sd_notify(3) has it.  Where there is no room for it the old value is gone all
 * the same, since it is not true any more. */
void state_set(struct state *state, const struct fy_line *line)
{
	size_t len = line->key_len + 1 + line->value_len + 1;

	forget(state, line->key, line->key_len);
	if (fy_line_is(line, "READY"))
		forget(state, "RELOADING", strlen("RELOADING"));
	if (len > sizeof(state->lines) - state->len)
		return;
	memcpy(state->lines + state->len, line->key, line->key_len);
	state->len += line->key_len;
	state->lines[state->len++] = '=';
	memcpy(state->lines + state->len, line->value, line->value_len);
	state->len += line->value_len;
	state->lines[state->len++] = '\n';
}
