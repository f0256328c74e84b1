/* SPDX-License-Identifier: MIT
 * placeholder.c - {fd:0} and {fd:NAME} in CMD's words become the numbers that the descriptors have in
 * CMD, for programs that want to be told a number or /dev/fd/N. */
#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define OPEN "{fd:"

static bool is_number(const char *name, size_t len)
{
	return len > 0 && strspn(name, "0123456789") >= len;
}

/* Names are of the descriptors from 3 on, as LISTEN_FDNAMES has them. */
static bool find_name(const struct child *c, const char *name, size_t len, size_t *ret)
{
	const char *at = c->names;

	*ret = c->as_stdin ? 1 : 0;
	while (at != NULL) {
		const char *end = strchrnul(at, ':');

		if ((size_t)(end - at) == len && memcmp(at, name, len) == 0)
			return true;
		at = *end != '\0' ? end + 1 : NULL;
		++*ret;
	}
	return false;
}

/* The number in CMD of what stands between OPEN and the brace, or -1 (said). */
static int number_of(const struct child *c, const char *name, size_t len)
{
	size_t i;

	if (!is_number(name, len)) {
		if (!find_name(c, name, len, &i))
			return say(-1, OPEN "%.*s}: no descriptor is called so: '%s' was not run",
				   (int)len, name, c->argv[0]);
	} else {
		errno = 0;
		i = strtoul(name, NULL, 10);
		if (errno != 0)
			i = SIZE_MAX;
	}
	if (i >= c->nfds)
		return say(-1, OPEN "%.*s}: there are not so many descriptors: '%s' was not run",
			   (int)len, name, c->argv[0]);
	return child_number(c, i);
}

static int fill(const struct child *c, const char *word, FILE *out)
{
	for (;;) {
		const char *from = strstr(word, OPEN), *name, *end;
		int n;

		if (from == NULL || (end = strchr(from, '}')) == NULL) {
			fputs(word, out);
			return 0;
		}
		name = from + strlen(OPEN);
		n = number_of(c, name, (size_t)(end - name));
		if (n < 0)
			return -1;
		fprintf(out, "%.*s%d", (int)(from - word), word, n);
		word = end + 1;
	}
}

static char *fill_word(const struct child *c, const char *word)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (out == NULL) {
		say(0, "no memory for the arguments of '%s'", c->argv[0]);
		return NULL;
	}
	err = fill(c, word, out);
	if (fclose(out) != 0 && err == 0)
		err = say(-1, "no memory for the arguments of '%s'", c->argv[0]);
	if (err == 0)
		return text;
	free(text);
	return NULL;
}

char **fill_words(const struct child *c)
{
	size_t n = 0;
	char **words;

	while (c->argv[n] != NULL)
		n++;
	words = calloc(n + 1, sizeof(*words));
	if (words == NULL) {
		say(0, "no memory for the arguments of '%s'", c->argv[0]);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		words[i] = fill_word(c, c->argv[i]);
		if (words[i] == NULL) {
			free_words(words);
			return NULL;
		}
	}
	return words;
}

void free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

/* Whether a name is one of --names is known before a message has been taken for nothing. */
int check_placeholders(const struct child *c)
{
	struct child all = *c;
	char **words;

	all.nfds = INT_MAX / 2; /* how many will come is not known */
	words = fill_words(&all);
	free_words(words);
	return words != NULL ? 0 : -1;
}
