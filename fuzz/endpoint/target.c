/* SPDX-License-Identifier: MIT
 * target.c - WHAT as a person writes it: the path that is opened is the one that was written.
 *
 * Nothing is opened for real: the calls of endpoint.c come here.  What it includes must be included
 * before, because the names of the calls are changed for it alone. */
#include "../../cmd/cmd.h"
#include "../fuzz.h"
#include "fdferry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define NEVER 1000000 /* a number that no descriptor has */

static const char *written; /* what the path should be, escaped, where it is known */
static unsigned said, opened;

/* In place of any other call, with whatever arguments. */
static int refuse(int none, ...)
{
	(void)none;
	errno = EACCES;
	return -1;
}

static int ignore(int none, ...)
{
	(void)none;
	return 0;
}

/* A comma ends the path; "\," and "\\" are a comma and a backslash in it. */
static void check_path(const char *path, int flags)
{
	const char *w = written;

	opened++;
	REQUIRE((flags & O_CLOEXEC) != 0);
	if (w == NULL)
		return;
	REQUIRE(path[0] != '\0');
	for (; *path != '\0'; path++, w++) {
		if (w[0] == '\\' && (w[1] == ',' || w[1] == '\\'))
			w++;
		REQUIRE(*w == *path);
	}
	REQUIRE(*w == '\0' || *w == ',');
}

static int fake_open(const char *path, int flags)
{
	check_path(path, flags);
	return opened % 2 == 0 ? NEVER : refuse(0);
}

int say(int status, const char *format, ...)
{
	char line[6000];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	said++;
	return status;
}

int parse_count(const char *text, unsigned long most, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || *ret > most)
		return say(-1, "no number");
	return 0;
}

#define open(path, flags, ...) (ignore(0, __VA_ARGS__), fake_open(path, flags))
#define openat(...) refuse(0, __VA_ARGS__)
#define fcntl(...) refuse(0, __VA_ARGS__)
#define read(...) refuse(0, __VA_ARGS__)
#define write(...) refuse(0, __VA_ARGS__)
#define close(...) ignore(0, __VA_ARGS__)
#define lseek(...) refuse(0, __VA_ARGS__)
#define memfd_create(...) refuse(0, __VA_ARGS__)
#define socket(...) refuse(0, __VA_ARGS__)
#define socketpair(...) refuse(0, __VA_ARGS__)
#define connect(...) refuse(0, __VA_ARGS__)
#define bind(...) refuse(0, __VA_ARGS__)
#define listen(...) refuse(0, __VA_ARGS__)
#define pipe2(...) refuse(0, __VA_ARGS__)
#define eventfd(...) refuse(0, __VA_ARGS__)
#define timerfd_create(...) refuse(0, __VA_ARGS__)
#define epoll_create1(...) refuse(0, __VA_ARGS__)
#define syscall(...) refuse(0, __VA_ARGS__)
#define fstat(...) refuse(0, __VA_ARGS__)
#define getaddrinfo(...) (ignore(0, __VA_ARGS__) + EAI_FAIL)
#define unlink(...) refuse(0, __VA_ARGS__)
#define mkfifo(...) refuse(0, __VA_ARGS__)
#define ferry_bind(...) refuse(0, __VA_ARGS__)
#define ferry_connect(...) refuse(0, __VA_ARGS__)
#define ferry_unbind(...) refuse(0, __VA_ARGS__)
#include "../../cmd/endpoint.c"

/* In place of net.c and process.c, which would reach out of here. */
#define STUB(name)                                                                                 \
	int name(const char *what, const char *text)                                               \
	{                                                                                          \
		return say(-EXIT_REFUSED, "%s %s", what, text);                                    \
	}
STUB(open_tcp_listen)
STUB(open_tcp_connect)
STUB(open_udp_bind)
STUB(open_unix_listen)
STUB(open_unix_connect)
STUB(open_pidfd)
STUB(open_descriptor_of)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *copy;
	int fd;

	if (text == NULL)
		abort();
	copy = strdup(text);
	if (copy == NULL)
		abort();
	written = strncmp(text, "file:", 5) == 0 ? text + 5 : NULL;
	said = 0;
	fd = open_endpoint(text);
	REQUIRE(fd == NEVER || fd < 0);
	REQUIRE(said == (fd < 0 ? 1u : 0u)); /* one line, and only if it fails */
	REQUIRE(strcmp(text, copy) == 0);    /* argv is not written to */
	free(copy);
	free(text);
	return 0;
}
