/* SPDX-License-Identifier: MIT
 * store_names.c - the names in a store, for complete.c: somebody is typing, so it answers at once or not
 * at all, and an error is no answer. */
#include "store_of.h"

#include "cmd.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 200, MOST_NAMES = 4096 };

/* What a shell would read as something else is left out: whoever may put may choose the name. */
static bool is_plain(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._@%+,/-";

	return name[0] != '-' && name[strspn(name, plain)] == '\0';
}

static size_t read_names(struct ferry_store *store, char (*names)[FERRY_NAME_SIZE])
{
	int64_t end_ms = now_ms() + PATIENCE_MS;
	struct ferry_request r = {.timeout_ms = PATIENCE_MS};
	int got = ferry_list(store, &r, sizeof(r));
	size_t n = 0;

	while (got >= 0 && n < MOST_NAMES) {
		struct ferry_held held = {0};
		int64_t left = end_ms - now_ms();

		got = ferry_next(store, &held, sizeof(held), left > 0 ? 0 : FERRY_NOWAIT,
				 left > 0 ? (int)left : 0);
		if (got <= 0)
			break;
		if (is_plain(held.name))
			strcpy(names[n++], held.name);
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A line each; dir NULL: the default. */
void offer_store_names(const char *dir)
{
	struct ferry_store *store;
	char(*names)[FERRY_NAME_SIZE];
	size_t n;

	if (ferry_store_open(&store, dir, 0, PATIENCE_MS) < 0)
		return;
	names = calloc(MOST_NAMES, sizeof(*names));
	n = names != NULL ? read_names(store, names) : 0;
	ferry_store_close(store);
	if (n > 0)
		qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			printf("%s\tin the store\n", names[i]);
	free(names);
}
