/* SPDX-License-Identifier: MIT
 * say.c - errors for people: one line each. */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char *who = "";

void say_name(const char *subcommand)
{
	who = subcommand;
}

/* The length of the UTF-8 character at s, or 0 if it is none (overlong forms and surrogates too). */
size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Is the character at s one of U+0080 to U+009F, which a terminal obeys as it does an escape? */
bool is_c1(const unsigned char *s)
{
	return s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0;
}

/* Control characters of a name that somebody else chose do not reach the terminal, nor does what is no
 * UTF-8: a terminal that does not speak it obeys single bytes from 0x80 on. */
void print_clean(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		size_t n = utf8_length(s);

		if (n == 0 || *s < 0x20 || *s == 0x7f || is_c1(s)) {
			fprintf(out, "\\x%02x", *s++);
			continue;
		}
		fwrite(s, 1, n, out);
		s += n;
	}
}

/* Returns status, so that "return say(EXIT_REFUSED, ...)" is a whole error path. */
int say(int status, const char *format, ...)
{
	char line[6000]; /* a path is at most 4096 */
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "fdferry%s%s: ", who[0] != '\0' ? " " : "", who);
	print_clean(stderr, line);
	fputc('\n', stderr);
	return status;
}

/* strerror(3) in the words of this subject, where its own mislead. */
const char *why_text(int err)
{
	switch (err < 0 ? -err : err) {
	case EADDRINUSE:
		return "a running process serves it";
	case ECONNREFUSED:
		return "nobody serves it";
	case ENOTSOCK:
		return "it is not a socket";
	case EPROTOTYPE:
		return "it is a socket of another type";
	case EPROTONOSUPPORT:
		return "it is not a UNIX socket, and only these carry descriptors";
	case ELOOP:
		return "a symbolic link on the way may have been planted by another user";
	case ETOOMANYREFS:
		return "this user has too many descriptors in flight";
	case EBUSY:
		return "another process is changing sockets in its directory";
	default:
		return strerror(err < 0 ? -err : err);
	}
}
