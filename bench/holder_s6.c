/* SPDX-License-Identifier: MIT
 * holder_s6.c - s6-fdholder-daemon: one descriptor a request, or a dump of many. */
#include "s6.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define AHEAD 32 /* requests without an answer where it is not measured */

struct client {
	int sock;
};

/* Answers are errnos, negative. */
static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	errno = -result;
	die(what);
}

static pid_t daemon_start(const char *dir)
{
	struct rlimit rl;
	pid_t pid;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		die("getrlimit");
	pid = s6_start(dir, rl.rlim_cur < STORE_ROOM ? (unsigned)rl.rlim_cur - 100 : STORE_ROOM);

	if (pid == -ENOENT)
		return 0;
	must(pid, "s6-fdholder-daemon");
	return pid;
}

static void *client_open(const char *dir)
{
	struct client *c = malloc(sizeof(*c));

	if (c == NULL)
		die("malloc");
	c->sock = s6_connect(dir);
	must(c->sock, "s6: connect");
	return c;
}

static void client_close(void *client)
{
	struct client *c = client;

	close(c->sock);
	free(c);
}

/* The same for all who want to go together. */
static struct s6_limit in_an_hour(void)
{
	static struct s6_limit limit;

	if (limit.seconds == 0)
		limit = s6_from_now(AN_HOUR_MS / 1000);
	return limit;
}

static void client_put(void *client, const char *name, const int *fds, size_t n, bool limited)
{
	struct client *c = client;

	for (size_t i = 0; i < n; i++) {
		must(s6_send_store(c->sock, name, fds[i], limited ? in_an_hour() : s6_never()),
		     "s6: store");
		must(s6_answer(c->sock, NULL), "s6: store");
	}
}

/* What a dump brings has limits that differ by a nanosecond: where many have the same one, the daemon
 * itself makes them differ so, one after another. */
static void client_dump(void *client, const char *name, const int *fds, size_t n, bool limited)
{
	static unsigned dumps;
	struct client *c = client;
	struct s6_limit limit = limited ? in_an_hour() : s6_never();

	if (limited)
		limit.nanoseconds += (unsigned)n * dumps++;
	must(s6_dump(c->sock, name, fds, (unsigned)n, limit), "s6: dump");
}

static int client_get(void *client, const char *name)
{
	struct client *c = client;
	int fd = -1;

	must(s6_send_get(c->sock, name, 0), "s6: retrieve");
	must(s6_answer(c->sock, &fd), "s6: retrieve");
	return fd;
}

static void client_send_put(void *client, const char *name, int fd)
{
	struct client *c = client;

	must(s6_send_store(c->sock, name, fd, s6_never()), "s6: store");
}

static void client_answer(void *client)
{
	struct client *c = client;

	must(s6_answer(c->sock, NULL), "s6: an answer");
}

static void client_remove(void *client, const char *prefix, size_t n)
{
	struct client *c = client;
	char name[64];
	size_t answered = 0;

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%zu", prefix, i);
		must(s6_send_delete(c->sock, name), "s6: delete");
		for (; i - answered >= AHEAD; answered++)
			client_answer(c);
	}
	for (; answered < n; answered++)
		client_answer(c);
}

/* A dump puts each descriptor under a name of its own, the put's with a number. */
static void client_remove_dumps(void *client, const char *prefix, size_t n)
{
	char name[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%zu.", prefix, i);
		client_remove(client, name, S6_MOST);
	}
}

const struct holder s6_holder = {
	.name = "s6",
	.most = 1,
	.start = daemon_start,
	.stop = s6_stop,
	.open = client_open,
	.close = client_close,
	.put = client_put,
	.get = client_get,
	.remove = client_remove,
	.send_put = client_send_put,
	.answer = client_answer,
};

const struct holder s6_dump_holder = {
	.name = "s6-dump",
	.most = S6_MOST,
	.start = daemon_start,
	.stop = s6_stop,
	.open = client_open,
	.close = client_close,
	.put = client_dump,
	.remove = client_remove_dumps,
};
