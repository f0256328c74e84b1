/* SPDX-License-Identifier: MIT
 * list.c - fdferry list: what a store holds, as a table or as JSON. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM (4 * PATH_MAX + 64) /* control characters of a path come as four */

struct list {
	struct store_of store;
	bool json, ids;
	struct ferry_held *all;
	size_t n, room;
	char *paths; /* of all, one behind the other */
	size_t paths_len, paths_room;
};

/* The buffer moves as it grows: until all have come, path_size is where in it a path begins. */
static int keep_path(struct list *l, const char *path)
{
	size_t len = strlen(path) + 1;

	if (l->paths_room - l->paths_len < len) {
		size_t room = 2 * l->paths_room + len;
		char *more = realloc(l->paths, room);

		if (more == NULL)
			return -ENOMEM;
		l->paths = more;
		l->paths_room = room;
	}
	memcpy(l->paths + l->paths_len, path, len);
	l->all[l->n].path_size = l->paths_len;
	l->paths_len += len;
	return 0;
}

/* Keeps a copy of what has come. */
static int keep(struct list *l, const struct ferry_held *held)
{
	if (l->n == l->room) {
		size_t room = l->room > 0 ? 2 * l->room : 64;
		struct ferry_held *more = realloc(l->all, room * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		l->all = more;
		l->room = room;
	}
	l->all[l->n] = *held;
	if (keep_path(l, held->path) < 0)
		return -ENOMEM;
	l->n++;
	return 0;
}

/* All of it, before anything is shown: half an answer would pass for a whole one. */
static int collect(struct list *l)
{
	static char path[PATH_ROOM];
	struct ferry_request r = {0};
	const char *why;
	int got;

	store_request(&l->store, &r);
	got = ferry_list(l->store.store, &r, sizeof(r));
	why = r.why;
	while (got >= 0) {
		struct ferry_held held = {.path = path, .path_size = sizeof(path)};
		uint32_t flags = 0;
		int32_t timeout_ms;

		path[0] = '\0';
		store_deadline(&l->store, &flags, &timeout_ms);
		got = ferry_next(l->store.store, &held, sizeof(held), flags, timeout_ms);
		why = NULL;
		if (got == 0)
			break;
		if (got > 0)
			got = keep(l, &held);
	}
	for (size_t i = 0; i < l->n; i++)
		l->all[i].path = l->paths + l->all[i].path_size;
	if (got == 0)
		return EXIT_DONE;
	return store_fail(&l->store, "list", got, why);
}

/* By name, and what is called the same as it was put. */
static int compare(const void *a, const void *b)
{
	const struct ferry_held *left = a, *right = b;
	int by_name = strcmp(left->name, right->name);

	return by_name != 0 ? by_name : (left->id > right->id) - (left->id < right->id);
}

enum { ID, NAME, KIND, WHERE, SIZE, OWNER, AGE, TTL, WAITING, COLUMNS };
static const struct {
	const char *title;
	bool right; /* numbers */
} columns[COLUMNS] = {
	{"ID", true},     {"NAME", false}, {"KIND", false}, {"ADDRESS/PATH", false}, {"SIZE", true},
	{"OWNER", false}, {"AGE", true},   {"TTL", true},   {"WAITING", true},
};

struct cell {
	char text[24];
	const char *is; /* the text, here or elsewhere */
};

static void fill_row(struct cell *row, const struct ferry_held *h)
{
	for (size_t i = 0; i < COLUMNS; i++)
		row[i].is = row[i].text;
	snprintf(row[ID].text, sizeof(row->text), "%llu", (unsigned long long)h->id);
	row[NAME].is = h->name;
	row[KIND].is = h->kind[0] != '\0' ? h->kind : "-";
	row[WHERE].is = h->path[0] != '\0' ? h->path : "-";
	short_size(row[SIZE].text, sizeof(row->text), h->size);
	row[OWNER].is = owner_name(h->uid);
	short_time(row[AGE].text, sizeof(row->text), h->age_ms);
	short_time(row[TTL].text, sizeof(row->text), h->ttl_ms);
	if (h->waiting < 0 && h->queued > 0)
		snprintf(row[WAITING].text, sizeof(row->text), "%lld fds", (long long)h->queued);
	else if (h->waiting < 0)
		strcpy(row[WAITING].text, "-");
	else
		snprintf(row[WAITING].text, sizeof(row->text), "%lld", (long long)h->waiting);
}

/* Places that it takes on the terminal: of a character that is not shown as it is, four. */
static size_t width(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = 0;

	while (*s != '\0') {
		size_t len = utf8_length(s);
		bool clean = len > 0 && *s >= 0x20 && *s != 0x7f && !is_c1(s);

		n += clean ? 1 : len > 1 ? 4 * len : 4;
		s += len > 0 ? len : 1;
	}
	return n;
}

static void print_row(const struct list *l, const struct cell *row, const size_t *widths,
		      const char *waiting_colour)
{
	for (size_t i = l->ids ? ID : NAME; i < COLUMNS; i++) {
		size_t pad = widths[i] - width(row[i].is);
		bool red = i == WAITING && waiting_colour[0] != '\0';

		if (columns[i].right)
			printf("%*s", (int)pad, "");
		fputs(red ? waiting_colour : "", stdout);
		print_clean(stdout, row[i].is);
		fputs(red ? "\033[0m" : "", stdout);
		if (i + 1 == COLUMNS)
			putchar('\n');
		else
			printf("%*s", columns[i].right ? 2 : (int)pad + 2, "");
	}
}

static bool use_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO) &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

static void print_table(struct list *l)
{
	size_t widths[COLUMNS];
	struct cell row[COLUMNS];
	bool colour = use_colour();

	if (l->n > 0)
		qsort(l->all, l->n, sizeof(*l->all), compare);
	for (size_t i = 0; i < COLUMNS; i++)
		widths[i] = strlen(columns[i].title);
	for (size_t i = 0; i < l->n; i++) {
		fill_row(row, &l->all[i]);
		for (size_t c = 0; c < COLUMNS; c++)
			widths[c] = width(row[c].is) > widths[c] ? width(row[c].is) : widths[c];
	}
	for (size_t i = 0; i < COLUMNS; i++)
		row[i].is = columns[i].title;
	print_row(l, row, widths, "");
	for (size_t i = 0; i < l->n; i++) {
		fill_row(row, &l->all[i]);
		print_row(l, row, widths, colour && l->all[i].waiting > 0 ? "\033[31m" : "");
	}
}

static void print_json(const struct list *l)
{
	putchar('[');
	for (size_t i = 0; i < l->n; i++) {
		fputs(i > 0 ? ",\n " : "", stdout);
		print_json_held(&l->all[i]);
	}
	printf("]\n");
}

static int list(struct list *l)
{
	int status = store_open(&l->store);

	if (status != EXIT_DONE)
		return status;
	status = collect(l);
	store_close(&l->store);
	if (status == EXIT_DONE) {
		if (l->json)
			print_json(l);
		else
			print_table(l);
		if (fflush(stdout) != 0)
			status = say(EXIT_REFUSED, "cannot write to standard output: %s",
				     strerror(errno));
	}
	free(l->all);
	free(l->paths);
	return status;
}

static const struct option_row rows[] = {
	STORE_ROW,
	STORE_TIMEOUT_ROW,
	{'i', "ids", NULL, "the ids too, which --id takes"},
	{'j', "json", NULL, "one JSON array"},
	{'l', "limits", NULL, "the store's limits instead, and how much of each is used"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_list, .argc = argc, .argv = argv};
	struct list l = {0};
	bool limits = false;
	int id;

	store_of_init(&l.store);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_list);
			return EXIT_DONE;
		}
		l.json |= id == 'j';
		l.ids |= id == 'i';
		limits |= id == 'l';
		if (id == OPTION_WRONG || (id != 'j' && id != 'i' && id != 'l' &&
					   store_option(&l.store, id, o.value) < 0))
			return EXIT_USAGE;
	}
	if (argc - o.at > 1)
		return say(EXIT_USAGE, "one pattern only: quote it, or the shell makes several");
	if (o.at < argc)
		l.store.pattern = argv[o.at];
	return limits ? list_limits(&l.store, l.json) : list(&l);
}

const struct command cmd_list = {
	.name = "list",
	.synopsis = "[PATTERN]",
	.about = "Shows what a store holds: all, or what is called like PATTERN, such as 'web*'.",
	.options = rows,
	.run = run,
};
