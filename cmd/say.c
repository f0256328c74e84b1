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

/* Control characters of a name that somebody else chose do not reach the terminal. */
static void put_clean(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
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
	put_clean(line);
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
