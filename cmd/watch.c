/* SPDX-License-Identifier: MIT
 * watch.c - fdferry watch: what happens in a store, as it happens. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <string.h>

#define LINES_ROOM 4096 /* a message of the store's is no longer */

static void print_event_json(const struct ferry_held *h)
{
	bool state = strcmp(h->event, "state") == 0;

	printf("{\"event\":");
	print_json_string(stdout, h->event);
	if (state) {
		printf(",\"lines\":");
		print_json_lines(stdout, h->path);
	} else if (h->name[0] != '\0') {
		printf(",\"id\":%llu,\"name\":", (unsigned long long)h->id);
		print_json_string(stdout, h->name);
		if (h->uid == (uid_t)-1)
			printf(",\"owner_uid\":null");
		else
			printf(",\"owner_uid\":%lu", (unsigned long)h->uid);
	}
	printf("}\n");
}

static void print_event_line(const struct ferry_held *h)
{
	print_clean(stdout, h->event);
	if (strcmp(h->event, "state") == 0) {
		for (const char *at = h->path; *at != '\0';) {
			int len = (int)strcspn(at, "\n");
			char line[LINES_ROOM];

			snprintf(line, sizeof(line), "%.*s", len, at);
			putchar(' ');
			print_clean(stdout, line);
			at += len;
			at += *at == '\n';
		}
	} else if (h->name[0] != '\0') {
		printf(" %s id %llu owner %s", h->name, (unsigned long long)h->id,
		       owner_name(h->uid));
	}
	putchar('\n');
}

static int show(const struct ferry_held *h, bool json)
{
	(json ? print_event_json : print_event_line)(h);
	if (fflush(stdout) != 0)
		return say(-1, "cannot write to standard output: %s", strerror(errno));
	return 0;
}

/* Until a signal ends us: there is nothing to be tidied up. */
static int follow(struct store_of *s, bool json)
{
	for (;;) {
		char lines[LINES_ROOM] = "";
		struct ferry_held held = {.path = lines, .path_size = sizeof(lines)};
		int got = ferry_next(s->store, &held, sizeof(held), 0, 0);

		if (got == -ESTALE) { /* the store goes on, and so does this */
			held = (struct ferry_held){.event = "missed", .path = lines};
			got = 1;
		}
		if (got == 0)
			got = -EPIPE;
		if (got < 0)
			return store_fail(s, "watch", got, NULL);
		if (show(&held, json) < 0)
			return EXIT_REFUSED;
	}
}

static int watch(struct store_of *s, bool json)
{
	struct ferry_request r = {0};
	int err, status = store_open(s);

	if (status != EXIT_DONE)
		return status;
	store_request(s, &r);
	err = ferry_watch(s->store, &r, sizeof(r));
	status = err < 0 ? store_fail(s, "watch", err, r.why) : follow(s, json);
	store_close(s);
	return status;
}

static const struct option_row rows[] = {
	STORE_ROW,
	PATTERN_ROW,
	STORE_TIMEOUT_ROW,
	{'j', "json", NULL, "one JSON object a line"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_watch, .argc = argc, .argv = argv};
	struct store_of s;
	bool json = false;
	int id, status;

	store_of_init(&s);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_watch);
			return EXIT_DONE;
		}
		json |= id == 'j';
		if (id == OPTION_WRONG || (id != 'j' && store_option(&s, id, o.value) < 0))
			return EXIT_USAGE;
	}
	status = store_names(&s, argv + o.at, argc - o.at);
	return status == EXIT_DONE ? watch(&s, json) : status;
}

const struct command cmd_watch = {
	.name = "watch",
	.synopsis = "[NAME...]",
	.about = "Prints what happens in a store from now on, a line an event, until a signal.",
	.options = rows,
	.run = run,
};
