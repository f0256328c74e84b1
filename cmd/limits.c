/* SPDX-License-Identifier: MIT
 * limits.c - fdferry list --limits: what a store's limits are, and how much of each is used. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <string.h>

struct limit {
	const char *option; /* of fdferry store, which sets it */
	const char *what;
	uint64_t used, most;
	bool has_used, is_time;
};

static void print_table(const struct limit *limits, size_t n)
{
	printf("%-24s%10s%10s  %s\n", "LIMIT", "USED", "MOST", "OF WHAT");
	for (size_t i = 0; i < n; i++) {
		const struct limit *l = &limits[i];
		char used[24] = "-", most[24];

		if (l->has_used)
			snprintf(used, sizeof(used), "%llu", (unsigned long long)l->used);
		if (l->is_time)
			short_time(most, sizeof(most), l->most > 0 ? (int64_t)l->most : -1);
		else
			snprintf(most, sizeof(most), "%llu", (unsigned long long)l->most);
		printf("%-24s%10s%10s  %s\n", l->option, used, most, l->what);
	}
}

static void print_json(const struct limit *limits, size_t n)
{
	putchar('{');
	for (size_t i = 0; i < n; i++) {
		printf("%s\"%s\":{\"used\":", i > 0 ? ",\n " : "", limits[i].option);
		if (limits[i].has_used)
			printf("%llu", (unsigned long long)limits[i].used);
		else
			printf("null");
		printf(",\"most\":%llu}", (unsigned long long)limits[i].most);
	}
	printf("}\n");
}

int list_limits(struct store_of *s, bool json)
{
	struct ferry_status st = {0};
	int status = store_open(s);

	if (status != EXIT_DONE)
		return status;
	status = store_status(s, &st, "ask for the limits");
	store_close(s);
	if (status != EXIT_DONE)
		return status;
	const struct limit limits[] = {
		{"max-fds", "descriptors", st.held, st.max_fds, true, false},
		{"max-fds-per-owner", "descriptors of this user", st.own_fds, st.max_own_fds, true,
		 false},
		{"max-clients", "connections", st.clients, st.max_clients, true, false},
		{"max-clients-per-owner", "connections of this user", st.own_clients,
		 st.max_own_clients, true, false},
		{"max-unread",
		 "descriptors on their way to a connection; used: to all of this user", st.unread,
		 st.max_unread, true, false},
		{"idle-time", "time until a silent connection is ended", 0, st.idle_ms, false,
		 true},
	};

	(json ? print_json : print_table)(limits, sizeof(limits) / sizeof(*limits));
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return EXIT_DONE;
}
