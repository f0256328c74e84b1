/* SPDX-License-Identifier: MIT
 * inspect.c - fdferry inspect: what is this descriptor. */
#include "cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int inspect(const char *what, bool json)
{
	int err, fd = open_endpoint(what);

	if (fd < 0)
		return -fd;
	err = print_descriptor(fd, json, "");
	take_back(fd, what);
	close(fd);
	if (err < 0)
		return say(EXIT_REFUSED, "cannot tell what %s is: %s", what, strerror(-err));
	if (json)
		putchar('\n');
	return EXIT_DONE;
}

static const struct option_row rows[] = {
	{'j', "json", NULL, "one JSON object a line"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_inspect, .argc = argc, .argv = argv};
	bool json = false;
	int id, status = EXIT_DONE;

	while ((id = next_option(&o)) != OPTION_END) {
		if (id == OPTION_WRONG)
			return EXIT_USAGE;
		if (id == 'h') {
			print_usage(stdout, &cmd_inspect);
			return EXIT_DONE;
		}
		json = true;
	}
	if (o.at == argc)
		return say(EXIT_USAGE, "what to inspect is missing: fdferry inspect %s",
			   cmd_inspect.synopsis);
	for (int i = o.at; i < argc; i++) {
		int r = inspect(argv[i], json);

		if (r > status)
			status = r;
	}
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.synopsis = "WHAT...",
	.about = "Prints what each descriptor is: kind, path or addresses, access, offset, size, "
		 "flags.",
	.options = rows,
	.print_more = print_endpoints,
	.run = run,
};
