/* SPDX-License-Identifier: MIT
 * options.c - reads a subcommand's options from its table, and prints them. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST_ROWS 24

static size_t rows_of(const struct command *command)
{
	size_t n = 0;

	while (command->options[n].id != 0)
		n++;
	return n;
}

/* getopt_long(3) does the work.  Returns the id of the next option, its argument in o->value. */
int next_option(struct options *o)
{
	const struct option_row *rows = o->command->options;
	struct option longs[MOST_ROWS + 1] = {0};
	char shorts[2 + 2 * MOST_ROWS] = ":";
	size_t n = rows_of(o->command), at = 1, nlong = 0;
	int id;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].name != NULL)
			longs[nlong++] = (struct option){
				.name = rows[i].name,
				.has_arg = rows[i].arg != NULL ? required_argument : no_argument,
				.val = rows[i].id,
			};
		if (rows[i].id <= UCHAR_MAX) {
			shorts[at++] = (char)rows[i].id;
			if (rows[i].arg != NULL)
				shorts[at++] = ':';
		}
	}
	opterr = 0;
	id = getopt_long(o->argc, o->argv, shorts, longs, NULL);
	o->value = optarg;
	o->at = optind;
	if (id == -1)
		return OPTION_END;
	if (id == '?' && optopt != 0)
		return say(OPTION_WRONG, "unknown option '-%c': see 'fdferry %s --help'", optopt,
			   o->command->name);
	if (id == '?')
		return say(OPTION_WRONG, "unknown option '%s': see 'fdferry %s --help'",
			   o->argv[optind - 1], o->command->name);
	for (size_t i = 0; id == ':' && i < n; i++)
		if (rows[i].id == optopt)
			return say(OPTION_WRONG,
				   "option '--%s' needs an argument: see 'fdferry %s --help'",
				   rows[i].name, o->command->name);
	return id;
}

/* What stands in front of -- is ours, the rest is *ret_command: NULL without --.  An exit code. */
int split_command(struct options *o, int argc, char **argv, char ***ret_command)
{
	*ret_command = NULL;
	o->argv = argv;
	while (o->argc < argc && strcmp(argv[o->argc], "--") != 0)
		o->argc++;
	if (o->argc < argc) {
		*ret_command = argv + o->argc + 1;
		if ((*ret_command)[0] == NULL)
			return say(EXIT_USAGE, "a command is missing behind --");
	}
	return EXIT_DONE;
}

void print_usage(FILE *out, const struct command *command)
{
	fprintf(out, "usage: fdferry %s [OPTION...] %s\n%s\n\n", command->name, command->synopsis,
		command->about);
	for (size_t i = 0; i < rows_of(command); i++) {
		const struct option_row *row = &command->options[i];
		char left[48], letter[8] = "    ";

		if (row->id <= UCHAR_MAX)
			snprintf(letter, sizeof(letter), "-%c%s", row->id,
				 row->name != NULL ? ", " : "");
		snprintf(left, sizeof(left), "%s%s%s%s%s", letter, row->name != NULL ? "--" : "",
			 row->name != NULL ? row->name : "", row->arg != NULL ? " " : "",
			 row->arg != NULL ? row->arg : "");
		fprintf(out, "  %-24s %s\n", left, row->help);
	}
	if (command->print_more != NULL)
		command->print_more(out);
}

/* 500ms, 10s, 2m.  A bare number is refused: nobody knows its unit. */
int parse_duration(const char *text, int *ret_ms)
{
	static const struct {
		const char *unit;
		long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (end != text && errno == 0 && n >= 0 && text[0] >= '0' && text[0] <= '9')
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strcmp(end, units[i].unit) == 0 && n <= INT_MAX / units[i].ms) {
				*ret_ms = (int)(n * units[i].ms);
				return 0;
			}
	return say(-1, "'%s' is not a duration: write 500ms, 10s or 2m", text);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Without a word, for callers that know what the number is of. */
int read_count(const char *text, unsigned long most, unsigned long *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n > most)
		return -1;
	*ret = n;
	return 0;
}

int parse_count(const char *text, unsigned long most, unsigned long *ret)
{
	if (read_count(text, most, ret) < 0)
		return say(-1, "'%s' is not a number from 0 to %lu", text, most);
	return 0;
}

int parse_mode(const char *text, mode_t *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 8);

	if (text[0] < '0' || text[0] > '7' || *end != '\0' || n > 0777)
		return say(-1, "'%s' is not a mode: write it in octal, such as 0600 or 0660", text);
	*ret = (mode_t)n;
	return 0;
}

static const struct {
	struct word word;
	int type;
} types[] = {
	{{"dgram", "messages without connections", NULL}, SOCK_DGRAM},
	{{"stream", "connections and bytes", NULL}, SOCK_STREAM},
	{{"seqpacket", "connections and messages", NULL}, SOCK_SEQPACKET},
};

#define TYPES (sizeof(types) / sizeof(*types))

bool type_word(size_t i, struct word *ret)
{
	if (i >= TYPES)
		return false;
	*ret = types[i].word;
	return true;
}

int parse_type(const char *text, int *ret)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(text, types[i].word.text) == 0) {
			*ret = types[i].type;
			return 0;
		}
	return say(-1, "'%s' is not a type: write dgram, stream or seqpacket", text);
}
