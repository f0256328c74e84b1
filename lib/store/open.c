/* SPDX-License-Identifier: MIT
 * open.c - the connection to a store: made, and made anew when its broker was replaced. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DOOR "/store"
/* How long a store is looked for whose broker has gone, by who would wait for ever: the keeper takes
 * milliseconds, and a store that is started again not much longer. */
#define PATIENCE_MS 10000
#define STEADY_MS 1000 /* a connection that ends sooner is none: the store is still away */
#define SEED_BYTES 12  /* of an id, random and in hex; four more count */

/* Where the store is if nobody says: -ENOENT if there is no such place. */
static int default_dir(char *ret, size_t size)
{
	const char *dir = secure_getenv("FDFERRY_STORE");
	int n;

	if (dir != NULL && dir[0] != '\0') {
		n = snprintf(ret, size, "%s", dir);
	} else if (geteuid() == 0) {
		n = snprintf(ret, size, "/run/fdferry/default");
	} else {
		dir = secure_getenv("XDG_RUNTIME_DIR");
		if (dir == NULL || dir[0] == '\0')
			return -ENOENT;
		n = snprintf(ret, size, "%s/fdferry/default", dir);
	}
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* 96 random bits begin the ids of this client, a counter ends them: one system call and not one for each
 * request. */
static int seed(struct ferry_store *s)
{
	unsigned char bytes[SEED_BYTES];
	ssize_t n;

	do
		n = getrandom(bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(bytes))
		return n < 0 ? -errno : -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(s->seed + 2 * i, 3, "%02x", bytes[i]);
	memset(s->seed + strlen(s->seed), '0', sizeof(s->seed) - 1 - strlen(s->seed));
	return 0;
}

static int new_store(struct ferry_store **ret, const char *dir)
{
	size_t n = strlen(dir);
	bool at = dir[0] == '@'; /* a directory, and no abstract name */
	struct ferry_store *s;
	int err;

	if (n == 0)
		return -EINVAL;
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	s = calloc(1, sizeof(*s) + strlen("./") + n + sizeof(DOOR));
	if (s == NULL)
		return -ENOMEM;
	s->sock = -1;
	s->fds = s->first_fds;
	s->came = s->first_came;
	s->room = FERRY_MAX_FDS;
	snprintf(s->door, strlen("./") + n + sizeof(DOOR), "%s%s" DOOR, at ? "./" : "", dir);
	err = seed(s);
	if (err < 0) {
		free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int ferry_store_open(struct ferry_store **ret, const char *dir, uint32_t flags, int timeout_ms)
{
	char otherwise[PATH_MAX];
	struct ferry_store *s = NULL;
	int err = 0;

	if (ret == NULL)
		return fy_fail(EINVAL);
	*ret = NULL;
	if ((flags & ~FY_WAIT_FLAGS) != 0 || timeout_ms < 0)
		return fy_fail(EINVAL);
	if (dir == NULL) {
		err = default_dir(otherwise, sizeof(otherwise));
		dir = otherwise;
	}
	if (err == 0)
		err = new_store(&s, dir);
	if (err < 0)
		return fy_fail(err);
	s->sock = ferry_connect(s->door, SOCK_SEQPACKET, flags, timeout_ms);
	if (s->sock < 0) {
		err = s->sock;
		ferry_store_close(s);
		return fy_fail(err);
	}
	*ret = s;
	return 0;
}

void ferry_store_close(struct ferry_store *store)
{
	int err = errno;

	if (store == NULL)
		return;
	fy_store_drop(store);
	fy_came_close(store);
	if (store->fds != store->first_fds)
		free(store->fds);
	if (store->came != store->first_came)
		free(store->came);
	free(store->list);
	free(store);
	errno = err;
}

int ferry_store_fd(const struct ferry_store *store)
{
	return store != NULL ? store->sock : -1;
}

/* What is under way must be said again to the next connection. */
void fy_store_drop(struct ferry_store *s)
{
	ferry_close_all(&s->sock, 1);
	s->sent = s->begun = false;
}

/* Has the store been away for too long, for a caller whose own time does not bound it? */
static bool is_given_up(struct ferry_store *s, const struct fy_call *c)
{
	if (c->timeout_ms > 0 && (c->flags & FERRY_NOWAIT) == 0)
		return false;
	return fy_wait_left(&s->lost, PATIENCE_MS) <= 0;
}

/* The connection has ended: 0 to go on with another one, or -errno.  What has come of an answer that is
 * not whole will come again. */
int fy_store_lost(struct ferry_store *s, struct fy_call *c, int err)
{
	if (fy_wait_left(&s->steady, STEADY_MS) <= 0)
		s->lost.deadline_ns = 0;
	fy_store_drop(s);
	if (!s->confirming)
		fy_came_close(s);
	if (s->op == FY_LIST)
		s->list_len = 0;
	return is_given_up(s, c) ? fy_store_refuse(s, err, "the store has gone") : 0;
}

/* Connects anew: at once, and then after growing pauses.  Between a broker and the next the door is there
 * and nobody may be at it; between a store and the next there may be no door. */
int fy_store_again(struct ferry_store *s, struct fy_call *c)
{
	for (;;) {
		int32_t ms = 0;
		int err = 0;

		if (c->connects++ > 0)
			err = fy_wait_blind(&c->wait, c->flags, c->timeout_ms);
		if (err == 0)
			err = fy_wait_ms(&c->wait, c->flags, c->timeout_ms, &ms);
		if (err < 0)
			return err;
		err = ferry_connect(s->door, SOCK_SEQPACKET, c->flags & FY_WAIT_FLAGS, ms);
		if (err >= 0) {
			s->sock = err;
			s->steady.deadline_ns = 0;
			(void)fy_wait_left(&s->steady, STEADY_MS);
			return 0;
		}
		if (err != -ECONNREFUSED && err != -ENOENT)
			return err;
		/* ENOENT would say that what was asked about is not there. */
		if (is_given_up(s, c))
			return fy_store_refuse(s, -ECONNREFUSED, "the store has gone");
	}
}
