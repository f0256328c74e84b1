/* SPDX-License-Identifier: MIT
 * status.c - how a store is. */
#include "client.h"

#include <string.h>

#define STATE "STATE_"

/* A line of the notify door, whole or not at all. */
static void add_state(const struct fy_line *line, struct ferry_status *ret)
{
	size_t skip = strlen(STATE), at = strlen(ret->state);
	size_t n = line->key_len - skip + 1 + line->value_len;

	if (n + 2 > sizeof(ret->state) - at)
		return;
	if (at > 0)
		ret->state[at++] = '\n';
	memcpy(ret->state + at, line->key + skip, n);
	ret->state[at + n] = '\0';
}

static bool read_pid(const struct fy_line *line, pid_t *ret)
{
	uint64_t value;

	if (!fy_answer_number(line, INT32_MAX, &value))
		return false;
	*ret = (pid_t)value;
	return true;
}

/* A line that is not known is of a newer store. */
static bool read_line(const struct fy_line *line, struct ferry_status *ret)
{
	const struct {
		const char *key;
		uint64_t *value;
	} numbers[] = {
		{"HELD", &ret->held},
		{"MAX_FDS", &ret->max_fds},
		{"CLIENTS", &ret->clients},
		{"MAX_CLIENTS", &ret->max_clients},
		{"REPLACED", &ret->replaced},
		{"USED_FDS_PER_OWNER", &ret->own_fds},
		{"LIMIT_FDS_PER_OWNER", &ret->max_own_fds},
		{"USED_CLIENTS_PER_OWNER", &ret->own_clients},
		{"LIMIT_CLIENTS_PER_OWNER", &ret->max_own_clients},
		{"LIMIT_IDLE_MS", &ret->idle_ms},
		{"USED_UNREAD", &ret->unread},
		{"LIMIT_UNREAD", &ret->max_unread},
	};
	const struct {
		const char *key;
		pid_t *value;
	} pids[] = {{"PARENT", &ret->parent}, {"BROKER", &ret->broker}, {"KEEPER", &ret->keeper}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (fy_line_is(line, numbers[i].key))
			return fy_answer_number(line, UINT64_MAX, numbers[i].value);
	for (size_t i = 0; i < sizeof(pids) / sizeof(*pids); i++)
		if (fy_line_is(line, pids[i].key))
			return read_pid(line, pids[i].value);
	if (fy_line_is(line, "VERSION"))
		fy_answer_text(line, ret->version, sizeof(ret->version));
	else if (fy_line_is(line, "ABOVE"))
		fy_answer_text(line, ret->above, sizeof(ret->above));
	else if (fy_line_is(line, "SANDBOX"))
		fy_answer_text(line, ret->sandbox, sizeof(ret->sandbox));
	else if (line->value != NULL && line->key_len > strlen(STATE) &&
		 memcmp(line->key, STATE, strlen(STATE)) == 0)
		add_state(line, ret);
	return true;
}

int ferry_store_status(struct ferry_store *store, struct ferry_status *ret, size_t size,
		       uint32_t flags, int timeout_ms)
{
	struct fy_call c = {.flags = flags, .timeout_ms = timeout_ms};
	struct ferry_status status = {0};
	struct fy_line line;
	int err = fy_check_size(ret, size, sizeof(*ret));

	if (err == 0 && ((flags & ~FY_WAIT_FLAGS) != 0 || timeout_ms < 0))
		err = -EINVAL;
	if (err == 0)
		err = fy_store_begin(store, FY_STATUS, NULL, 0, &c);
	if (err < 0)
		return fy_fail(err);
	err = fy_store_ask(store, &c);
	if (err > 0)
		err = fy_answer_begin(store);
	while (err == 0 && fy_lines_next(&store->lines, &line))
		if (!read_line(&line, &status))
			err = fy_answer_malformed(store);
	if (err == 0) {
		store->answered = true;
		*ret = status;
	}
	return fy_store_end(store, NULL, err);
}
