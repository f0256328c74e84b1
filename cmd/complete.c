/* SPDX-License-Identifier: MIT
 * complete.c - fdferry complete: what may be typed next, read from the tables that the command line is
 * read with.  The files in completion/ ask it, one for each shell, and know no words themselves.
 *
 * The answer is lines: what of the last word stays as it is; then, a line each, what may stand behind
 * that, with a tab and a text about it; last, with a tab in front, what a shell knows better: "path",
 * "user", "group", or "command", a tab, and how many words are in front of it. */
#include "cmd.h"
#include "store_of.h"

#include <errno.h>
#include <string.h>

/* What the tables of options and the synopses call an argument says what it may be. */
static const struct argument {
	const char *name;
	bool (*word)(size_t i, struct word *ret);
	bool path;  /* or a path */
	bool list;  /* several, with commas */
	bool names; /* what is in the store */
} arguments[] = {
	{"TYPE", type_word, false, false, false},
	{"WHO", sender_word, false, false, false},
	{"WORD,...", expect_word, false, true, false},
	{"SOCKET", NULL, true, false, false},
	{"WHAT...", endpoint_word, true, false, false},
	{"DIR", NULL, true, false, false},
	{"NAME", NULL, false, false, true},
	{"NAME...", NULL, false, false, true},
	{"PATTERN", NULL, false, false, true},
};

static const char *store; /* --store, of the line that is being typed */

/* value is the part of word that is the argument. */
static void offer_argument(const char *name, size_t len, const char *word, const char *value)
{
	static const struct argument none = {0};
	const struct argument *a = &none;
	const char *comma = strrchr(value, ',');
	struct word w;

	for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++)
		if (strlen(arguments[i].name) == len && memcmp(arguments[i].name, name, len) == 0)
			a = &arguments[i];
	if (a->list && comma != NULL)
		value = comma + 1;
	for (size_t i = 0; a->word != NULL && a->word(i, &w); i++) {
		size_t n = strlen(w.text);

		if (strchr(":=", w.text[n - 1]) == NULL || strncmp(value, w.text, n) != 0)
			continue;
		printf("%.*s\n", (int)(value + n - word), word);
		if (w.behind != NULL)
			printf("\t%s\n", w.behind);
		return;
	}
	printf("%.*s\n", (int)(value - word), word);
	for (size_t i = 0; a->word != NULL && a->word(i, &w); i++)
		printf("%s\t%s\n", w.text, w.help);
	if (a->names)
		offer_store_names(store);
	if (a->path)
		printf("\tpath\n");
}

static void offer_options(const struct option_row *row)
{
	for (; row->id != 0; row++) {
		if (row->id < 256)
			printf("-%c\t%s\n", row->id, row->help);
		if (row->name != NULL)
			printf("--%s\t%s\n", row->name, row->help);
	}
}

static void offer_commands(const char *word)
{
	printf("\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("%s\t%.*s\n", commands[i]->name, (int)strcspn(commands[i]->about, "\n"),
		       commands[i]->about);
	if (word[0] == '-')
		offer_options(main_options);
}

static bool is_many(const char *name, size_t len)
{
	return len > 3 && strncmp(name + len - 3, "...", 3) == 0;
}

/* The n-th word of the synopsis, one of which may be many: "SOCKET WHAT...", "[NAME...]". */
static void offer_operand(const struct command *command, size_t n, const char *word)
{
	static const char behind[] = "--\tthe command behind it\n";
	const char *name = command->synopsis, *next;
	size_t len;

	for (;; n--) {
		bool optional = name[0] == '[' && name[1] != '-';

		name += optional ? 1 : 0;
		len = strcspn(name, " ]");
		next = name + len + (optional ? 1 : 0);
		if (n == 0 || *next != ' ' || is_many(name, len))
			break;
		name = next + 1;
	}
	if (strncmp(name, "[--", 3) == 0) {
		printf("\n%s", behind);
	} else if (n == 0 || is_many(name, len)) {
		offer_argument(name, len, word, word);
		if (n > 0 && strstr(next, "-- ") != NULL)
			fputs(behind, stdout);
	} else {
		printf("\n");
	}
}

/* As getopt_long(3) finds it: the beginning of a name will do. */
static const struct option_row *find_long(const struct option_row *row, const char *name,
					  size_t len)
{
	const struct option_row *like = NULL;

	for (; row->id != 0; row++) {
		if (row->name == NULL || strncmp(row->name, name, len) != 0)
			continue;
		if (row->name[len] == '\0')
			return row;
		like = like != NULL ? like : row;
	}
	return like;
}

static const struct option_row *find_letter(const struct option_row *row, char letter)
{
	while (row->id != 0 && row->id != letter)
		row++;
	return row;
}

/* Returns the option whose argument is the word behind this one, or NULL. */
static const struct option_row *awaits(const struct command *command, const char *word)
{
	const struct option_row *row = NULL;

	if (word[1] == '-') {
		row = find_long(command->options, word + 2, strlen(word + 2));
		return row != NULL && row->arg != NULL ? row : NULL;
	}
	for (size_t i = 1; word[i] != '\0'; i++) {
		row = find_letter(command->options, word[i]);
		if (row->arg != NULL)
			return word[i + 1] == '\0' ? row : NULL;
	}
	return NULL;
}

static void offer_last(const struct command *command, const char *word, bool options,
		       size_t operands)
{
	const char *value = strchr(word, '=');

	if (!options || word[0] != '-') {
		offer_operand(command, operands, word);
	} else if (strncmp(word, "--", 2) == 0 && value != NULL) {
		const struct option_row *row =
			find_long(command->options, word + 2, (size_t)(value - word - 2));
		const char *name = row != NULL && row->arg != NULL ? row->arg : "";

		offer_argument(name, strlen(name), word, value + 1);
	} else {
		printf("\n");
		offer_options(command->options);
	}
}

/* words[0] is the subcommand, the last one is being typed. */
static void offer(const struct command *command, char **words, size_t n)
{
	const struct option_row *pending = NULL;
	bool options = true;
	size_t operands = 0;

	for (size_t i = 1; i + 1 < n; i++) {
		if (pending != NULL) {
			if (pending->id == OPT_STORE)
				store = words[i];
			pending = NULL;
		} else if (options && strcmp(words[i], "--") == 0) {
			if (strstr(command->synopsis, "-- ") != NULL) {
				printf("\n\tcommand\t%zu\n", i + 1);
				return;
			}
			options = false;
		} else if (options && words[i][0] == '-' && words[i][1] != '\0') {
			pending = awaits(command, words[i]);
			if (strncmp(words[i], "--store=", 8) == 0)
				store = words[i] + 8;
		} else {
			operands++;
		}
	}
	if (pending != NULL)
		offer_argument(pending->arg, strlen(pending->arg), words[n - 1], words[n - 1]);
	else
		offer_last(command, words[n - 1], options, operands);
}

static const struct option_row rows[] = {
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_complete, .argc = argc, .argv = argv};
	int id = next_option(&o);

	if (id == OPTION_WRONG)
		return EXIT_USAGE;
	if (id == 'h') {
		print_usage(stdout, &cmd_complete);
		return EXIT_DONE;
	}
	if (argc < 3 || strcmp(argv[1], "--") != 0)
		return say(EXIT_USAGE, "-- and the words so far are needed: fdferry complete %s",
			   cmd_complete.synopsis);
	if (argc == 3)
		offer_commands(argv[2]);
	for (size_t i = 0; argc > 3 && commands[i] != NULL; i++)
		if (strcmp(argv[2], commands[i]->name) == 0)
			offer(commands[i], argv + 2, (size_t)argc - 2);
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return EXIT_DONE;
}

const struct command cmd_complete = {
	.name = "complete",
	.synopsis = "-- WORD...",
	.about = "Prints what may stand where the last WORD is; for the completion of shells.",
	.options = rows,
	.run = run,
};
