/* SPDX-License-Identifier: MIT
 *
 * service.h - a service manager for the tests: a datagram socket that NOTIFY_SOCKET names. */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include "api.h"
#include "fdferry/service.h"

#include <limits.h>

/* NOTIFY_SOCKET wants a whole path. */
static inline void notify_address(const char *name)
{
	char path[PATH_MAX];

	CHECK(getcwd(path, sizeof(path)) != NULL);
	CHECK_INT(strlen(path) + strlen(name) + 2, <, sizeof(path));
	strcat(strcat(path, "/"), name);
	CHECK_OK(setenv("NOTIFY_SOCKET", path, 1));
}

static inline int new_manager(void)
{
	notify_address("notify");
	return plain_bind("notify", SOCK_DGRAM);
}

static inline void end_manager(int manager)
{
	close(manager);
	CHECK_OK(unlink("notify"));
}

static inline int notify(struct ferry_note *n)
{
	int r = ferry_notify(n, sizeof(*n)), err = errno;

	CHECK(r < 0 || n->why == NULL);
	CHECK(r < 0 || n->sent == (r > 0 ? n->nfds : 0));
	errno = err;
	return r;
}

static inline int notify_lines(const char *lines)
{
	struct ferry_note n = {.lines = lines, .why = "from before", .sent = 77};

	return notify(&n);
}

#endif
