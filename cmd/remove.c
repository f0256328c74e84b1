/* SPDX-License-Identifier: MIT
 * remove.c - fdferry remove: lets a store forget descriptors. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>

static int remove_all(struct store_of *s)
{
	struct ferry_request r = {0};
	int err, status = store_open(s);

	if (status != EXIT_DONE)
		return status;
	store_request(s, &r);
	err = ferry_remove(s->store, &r, sizeof(r));
	/* A pattern that matches nothing is an answer for the store; who typed it wants to know. */
	if (err == 0 && r.count == 0) {
		err = -ENOENT;
		r.why = "no name here matches the pattern";
	}
	status = err < 0 ? store_fail(s, "remove", err, r.why) : EXIT_DONE;
	store_close(s);
	return status;
}

static const struct option_row rows[] = {
	STORE_ROW, PATTERN_ROW, ID_ROW, STORE_TIMEOUT_ROW, {'h', "help", NULL, "this text"}, {0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_remove, .argc = argc, .argv = argv};
	struct store_of s;
	int id, status;

	store_of_init(&s);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_remove);
			return EXIT_DONE;
		}
		if (id == OPTION_WRONG || store_option(&s, id, o.value) < 0)
			return EXIT_USAGE;
	}
	status = store_names(&s, argv + o.at, argc - o.at);
	if (status != EXIT_DONE)
		return status;
	if (!store_selects(&s))
		return say(EXIT_USAGE, "what to remove is missing: fdferry remove %s",
			   cmd_remove.synopsis);
	return remove_all(&s);
}

const struct command cmd_remove = {
	.name = "remove",
	.synopsis = "NAME...",
	.about = "Removes descriptors from a store; who has got one keeps it.",
	.options = rows,
	.run = run,
};
