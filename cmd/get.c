/* SPDX-License-Identifier: MIT
 * get.c - fdferry get and fdferry take: descriptors of a store, shown, or given to a command. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct get {
	const struct command *command;
	bool take;
	bool json;
	uint32_t flags;
	struct store_of store;
	struct child child; /* argv NULL: no CMD */
	struct fetched got;
};

static int print_one(const struct get *g, int fd, const struct ferry_held *held)
{
	char *before = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&before, &size);
	int err;

	if (out == NULL)
		return -ENOMEM;
	if (g->json) {
		fprintf(out, "\"id\":%llu,\"name\":", (unsigned long long)held->id);
		print_json_string(out, held->name);
		fputc(',', out);
	} else {
		fprintf(out, "%s: ", held->name);
	}
	err = fclose(out) == 0 ? print_descriptor(fd, g->json, before) : -ENOMEM;
	free(before);
	if (err == 0 && g->json)
		putchar('\n');
	return err;
}

static int print_all(const struct get *g)
{
	for (size_t i = 0; i < g->got.n; i++) {
		int err = print_one(g, g->got.fds[i], &g->got.held[i]);

		if (err < 0)
			return say(EXIT_REFUSED, "cannot tell what '%s' is: %s",
				   g->got.held[i].name, strerror(-err));
	}
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return EXIT_DONE;
}

/* The first is no longer among those that have names if it is standard input. */
static int run_with(struct get *g)
{
	size_t first = g->child.as_stdin ? 1 : 0;
	int signalfd, signal, status;
	char *names = fetched_names(&g->got, first);

	if (names == NULL)
		return EXIT_REFUSED;
	signalfd = signals_begin();
	if (signalfd < 0) {
		free(names);
		return EXIT_REFUSED;
	}
	g->child.names = g->got.n > first ? names : NULL;
	g->child.fds = g->got.fds;
	g->child.nfds = g->got.n;
	status = run_child(&g->child, signalfd, &signal);
	g->got.n = 0; /* they were CMD's */
	free(names);
	return status;
}

static int get(struct get *g)
{
	int status = EXIT_DONE;

	if (g->take && g->child.argv != NULL)
		status = check_take(&g->store, g->child.argv);
	if (status == EXIT_DONE)
		status = store_open(&g->store);
	if (status != EXIT_DONE)
		return status;
	status = fetch(&g->store, g->take, g->flags, &g->got);
	store_close(&g->store);
	if (status == EXIT_DONE)
		status = g->child.argv != NULL ? run_with(g) : print_all(g);
	fetched_free(&g->got);
	return status;
}

enum { OPT_STDIN = 256, OPT_STDIO, OPT_RESTORE };
static const struct option_row rows[] = {
	STORE_ROW,
	PATTERN_ROW,
	ID_ROW,
	STORE_TIMEOUT_ROW,
	{OPT_RESTORE, "restore-flags", NULL, "set the file status flags that they were put with"},
	{'j', "json", NULL, "one JSON object a descriptor"},
	{OPT_STDIN, "stdin", NULL, "the first descriptor becomes CMD's standard input"},
	{OPT_STDIO, "stdio", NULL, "the first becomes its standard input and output"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int set_option(struct get *g, int id, char *value)
{
	switch (id) {
	case OPT_STDIO:
		g->child.as_stdout = true;
		/* fall through */
	case OPT_STDIN:
		g->child.as_stdin = true;
		return 0;
	case OPT_RESTORE:
		g->flags |= FERRY_RESTORE_FLAGS;
		return 0;
	case 'j':
		g->json = true;
		return 0;
	default:
		return store_option(&g->store, id, value);
	}
}

static int check_options(const struct get *g)
{
	if (!store_selects(&g->store))
		return say(EXIT_USAGE, "what to %s is missing: fdferry %s %s", g->command->name,
			   g->command->name, g->command->synopsis);
	if (g->child.argv == NULL && g->child.as_stdin)
		return say(EXIT_USAGE, "--stdin and --stdio go with a command behind --");
	if (g->child.argv != NULL && g->json)
		return say(EXIT_USAGE, "--json does not go with a command");
	return EXIT_DONE;
}

static int run(const struct command *command, bool take, int argc, char **argv)
{
	struct get g = {.command = command, .take = take};
	struct options o = {.command = command};
	int id, status = split_command(&o, argc, argv, &g.child.argv);

	if (status != EXIT_DONE)
		return status;
	store_of_init(&g.store);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, command);
			return EXIT_DONE;
		}
		if (id == OPTION_WRONG || set_option(&g, id, o.value) < 0)
			return EXIT_USAGE;
	}
	status = store_names(&g.store, o.argv + o.at, o.argc - o.at);
	if (status == EXIT_DONE)
		status = check_options(&g);
	return status == EXIT_DONE ? get(&g) : status;
}

static int run_get(int argc, char **argv)
{
	return run(&cmd_get, false, argc, argv);
}

static int run_take(int argc, char **argv)
{
	return run(&cmd_take, true, argc, argv);
}

const struct command cmd_get = {
	.name = "get",
	.synopsis = "NAME... [-- CMD [ARG...]]",
	.about = "Gets copies out of a store and shows them, or runs CMD with them as 3, 4, ...\n"
		 "{fd:0}, {fd:1}, ... and {fd:NAME} in CMD's words become their numbers.",
	.options = rows,
	.run = run_get,
};

const struct command cmd_take = {
	.name = "take",
	.synopsis = "NAME... [-- CMD [ARG...]]",
	.about = "The same as get, and removes them from the store: nobody else gets them.\n"
		 "{fd:0}, {fd:1}, ... and {fd:NAME} in CMD's words become their numbers.",
	.options = rows,
	.run = run_take,
};
