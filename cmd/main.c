/* SPDX-License-Identifier: MIT
 * main.c - the fdferry command, and the map of it.
 *
 *   main()                     this file: finds the subcommand in the table
 *     send.c                   process B: open, connect, send
 *       endpoint.c             WHAT as a descriptor: the table, and files
 *       net.c                  WHAT that is a socket (tcp-listen:, unix-connect:, ...)
 *       process.c              WHAT of another process (pidfd:, pid:)
 *       target.c               SOCKET when it is inherited; what to do about a refusal
 *       confirm.c              has the message been taken out of the queue
 *     recv.c                   process A: wait, receive, show or run CMD
 *       rules.c                from whom, and what: --from and --expect
 *       intake.c               the socket, its connections, the wait for them and for signals
 *       print.c                a message and its descriptors, for people and as JSON
 *       child.c                CMD with the descriptors, and its status
 *         placeholder.c        {fd:0} in CMD's words
 *       drop.c                 closes what others made or have queued, without waiting
 *       signals.c              which signals end us, and in what order
 *     inspect.c                what is this descriptor
 *     store.c                  the store itself, which is in store/
 *     put.c                    into a store: opens WHAT as send does
 *       listeners.c            copies of what a process listens on (process.c)
 *     get.c                    get and take: out of it, shown or given to CMD as recv does
 *     exec.c                   becomes CMD with them, and stays no process of ours
 *       fetch.c                what these have in common
 *     list.c watch.c           what it holds, as a table; what happens in it
 *     limits.c                 how much of each of its limits is used
 *       held.c                 the same in words and as JSON
 *     remove.c check.c         lets it forget; is it healthy
 *     upgrade.c                has another program take over what it holds
 *       store_of.c             which store, what of it, and why it refused (all of these)
 *     complete.c               what may be typed next: completion/ asks it
 *       store_names.c        the names in a store, as far as it answers at once
 *   options.c                  reads and prints a subcommand's table of options
 *   say.c                      errors, one line each
 *
 * A subcommand is one file that ends in its own struct command; to add one, add it to the table below,
 * to cmd.h and to man/fdferry.1 (the build compares the two). */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
	&cmd_send, &cmd_recv,  &cmd_inspect, &cmd_store,    &cmd_put,
	&cmd_get,  &cmd_take,  &cmd_list,    &cmd_remove,   &cmd_watch,
	&cmd_exec, &cmd_check, &cmd_upgrade, &cmd_complete, NULL,
};

enum { OPT_VERSION = 256 };
const struct option_row main_options[] = {
	{'h', "help", NULL, "the subcommands"},
	{OPT_VERSION, "version", NULL, "the version"},
	{0},
};

/* The id of the option that word is, or 0. */
static int main_option(const char *word)
{
	if (strcmp(word, "help") == 0)
		return 'h';
	for (const struct option_row *row = main_options; row->id != 0; row++) {
		const char letter[] = {'-', (char)row->id, '\0'};

		if (strncmp(word, "--", 2) == 0
			    ? strcmp(word + 2, row->name) == 0
			    : row->id < OPT_VERSION && strcmp(word, letter) == 0)
			return row->id;
	}
	return 0;
}

static void print_help(FILE *out)
{
	fprintf(out, "usage: fdferry COMMAND [OPTION...] [ARG...]\n"
		     "Carries open descriptors from one process to another; see fdferry(1).\n\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		fprintf(out, "  %-8s %s\n           %.*s\n", commands[i]->name,
			commands[i]->synopsis, (int)strcspn(commands[i]->about, "\n"),
			commands[i]->about);
	fprintf(out,
		"\n'fdferry COMMAND --help' has the options, 'fdferry --version' the version.\n");
}

static bool has_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return false;
	return true;
}

/* A descriptor that is opened below 3 would be somebody's standard input or output.  Where none is missing nothing
 * is opened: the program of an upgrade could not (store/filter.c). */
static int fill_standard(void)
{
	int fd;

	if (has_standard())
		return 0;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return fd < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	int status;

	if (fill_standard() < 0)
		return say(EXIT_REFUSED, "cannot open /dev/null: %s", strerror(errno));
	switch (main_option(word)) {
	case OPT_VERSION:
		printf("fdferry %s\n", FERRY_VERSION);
		break;
	case 'h':
		print_help(stdout);
		break;
	default:
		for (size_t i = 0; commands[i] != NULL; i++)
			if (strcmp(word, commands[i]->name) == 0) {
				say_name(word);
				status = commands[i]->run(argc - 1, argv + 1);
				drop_standard();
				return status;
			}
		if (word[0] != '\0')
			return say(EXIT_USAGE, "no subcommand '%s': see 'fdferry --help'", word);
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return EXIT_DONE;
}
