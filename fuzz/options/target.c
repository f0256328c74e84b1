/* SPDX-License-Identifier: MIT
 * target.c - what a person types: options, durations, counts, modes and types, refused in one line or
 * understood. */
#include "../../cmd/options.c"
#include "../fuzz.h"

#include <stdarg.h>

#define MOST_ARGS 12

static unsigned said;

/* In place of say.c. */
int say(int status, const char *format, ...)
{
	char line[300];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	said++;
	return status;
}

static int nothing(int argc, char **argv)
{
	(void)argv;
	return argc;
}

static const struct option_row rows[] = {
	{'t', "type", "TYPE", "with an argument"},
	{256, "timeout", "TIME", "long only"},
	{257, "time", NULL, "the beginning of another"},
	{'j', "json", NULL, "without"},
	{'h', "help", NULL, "this text"},
	{0},
};
static const struct command command = {
	.name = "fuzz",
	.synopsis = "WHAT...",
	.about = "Is fuzzed.",
	.options = rows,
	.run = nothing,
};

/* Each argument in memory of its own, so that a sanitizer sees who reads beyond one. */
static void options(const char *text)
{
	char *argv[MOST_ARGS + 2] = {strdup("fuzz")}, *all[MOST_ARGS + 2];
	struct options o = {.command = &command, .argc = 1, .argv = argv};
	int id, calls = 0;

	while (o.argc <= MOST_ARGS) {
		size_t n = strcspn(text, "\n");

		argv[o.argc++] = strndup(text, n);
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	memcpy(all, argv, sizeof(all)); /* getopt_long sorts them */
	optind = 0;                     /* glibc, musl: begins anew */
	while ((id = next_option(&o)) != OPTION_END) {
		REQUIRE(++calls < 5000);
		if (id == OPTION_WRONG) {
			REQUIRE(said == 1);
			break;
		}
		REQUIRE(id == 't' || id == 'j' || id == 'h' || id == 256 || id == 257);
		REQUIRE((o.value != NULL) == (id == 't' || id == 256));
	}
	if (id == OPTION_END)
		REQUIRE(o.at >= 1 && o.at <= o.argc && said == 0);
	for (int i = 0; i < o.argc; i++)
		free(all[i]);
}

static void values(const char *text)
{
	unsigned long n, most = strlen(text) % 2 == 0 ? ULONG_MAX - 1 : 253;
	char back[40];
	mode_t mode;
	int ms, type, err;

	err = parse_duration(text, &ms);
	REQUIRE(err == 0 ? said == 0 && ms >= 0 && text[0] >= '0' && text[0] <= '9' : said == 1);
	said = 0;
	err = parse_count(text, most, &n);
	REQUIRE(err == 0 ? said == 0 && n <= most : said == 1);
	if (err == 0) {
		snprintf(back, sizeof(back), "%lu", n);
		REQUIRE(strcmp(back, text + (n == 0 ? strlen(text) - 1 : strspn(text, "0"))) == 0);
	}
	said = 0;
	err = parse_mode(text, &mode);
	REQUIRE(err == 0 ? said == 0 && mode <= 0777 : said == 1);
	said = 0;
	err = parse_type(text, &type);
	REQUIRE(err == 0 ? said == 0 : said == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (text == NULL)
		abort();
	said = 0;
	if (data[0] % 2 == 0)
		options(text);
	else
		values(text);
	free(text);
	return 0;
}
