/* SPDX-License-Identifier: MIT
 * held.c - what a store holds, in words for people and as JSON. */
#include "store_of.h"

#include "cmd.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* Of one user after the other: most descriptors of a store have the same. */
const char *owner_name(uid_t uid)
{
	static uid_t last = (uid_t)-1;
	static char name[64] = "-";

	if (uid != last) {
		/* cppcheck-suppress getpwuidCalled ; this process has one thread */
		const struct passwd *user = getpwuid(uid);

		if (user != NULL)
			snprintf(name, sizeof(name), "%s", user->pw_name);
		else
			snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
		last = uid;
	}
	return uid == (uid_t)-1 ? "-" : name;
}

/* 500ms, 12s, 3m, 5h, 8d. */
void short_time(char *text, size_t size, int64_t ms)
{
	static const struct {
		long long ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	if (ms < 0) {
		snprintf(text, size, "-");
		return;
	}
	while (i + 1 < sizeof(units) / sizeof(*units) && ms < units[i].ms)
		i++;
	snprintf(text, size, "%lld%s", (ms + units[i].ms / 2) / units[i].ms, units[i].unit);
}

/* 13, 4.2K, 17M. */
void short_size(char *text, size_t size, int64_t bytes)
{
	static const char units[] = " KMGTPE";
	size_t i = 0;
	double n = (double)bytes;

	for (; n >= 1024 && units[i + 1] != '\0'; i++)
		n /= 1024;
	if (bytes < 0)
		snprintf(text, size, "-");
	else if (i == 0)
		snprintf(text, size, "%lld", (long long)bytes);
	else
		snprintf(text, size, n < 9.95 ? "%.1f%c" : "%.0f%c", n, units[i]);
}

/* Lines as an array of text. */
void print_json_lines(FILE *out, const char *lines)
{
	const char *before = "";

	fputc('[', out);
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");
		char *line = strndup(lines, len);

		if (line == NULL) /* what is missing is seen: the array is not closed */
			return;
		fputs(before, out);
		print_json_string(out, line);
		free(line);
		before = ",";
		lines += len;
		lines += *lines == '\n';
	}
	fputc(']', out);
}

static void put_number(const char *key, int64_t n)
{
	if (n < 0)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%lld", key, (long long)n);
}

/* One of a list, without its newline. */
void print_json_held(const struct ferry_held *h)
{
	printf("{\"id\":%llu,\"name\":", (unsigned long long)h->id);
	print_json_string(stdout, h->name);
	printf(",\"kind\":");
	print_json_text(stdout, h->kind);
	printf(",\"path\":");
	print_json_text(stdout, h->path != NULL ? h->path : "");
	put_number("owner_uid", h->uid == (uid_t)-1 ? -1 : (int64_t)h->uid);
	put_number("age_ms", h->age_ms);
	put_number("ttl_ms", h->ttl_ms);
	put_number("waiting", h->waiting);
	put_number("queued_fds", h->queued > 0 ? h->queued : -1);
	putchar('}');
}
