/* SPDX-License-Identifier: MIT
 * store.c - what a put costs a client of a daemon that keeps descriptors. */
#include "store.h"

#include "fdferry.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POOL ((size_t)4 * MOST) /* descriptors that are put before they are removed again */
#define AHEAD 32                /* requests without an answer */
#define LIMITED 10000           /* descriptors that go at the same time */
#define FEW_HELD 100
#define PLACES 8

/* Names are made before it counts. */
static char names[POOL][16];

static void make_names(void)
{
	for (size_t i = 0; i < POOL; i++)
		snprintf(names[i], sizeof(names[i]), "b%zu", i);
}

/* Each of a file of its own. */
static int new_fd(bool eventfds)
{
	int fd = eventfds ? eventfd(0, EFD_CLOEXEC) : memfd_create("held", MFD_CLOEXEC);

	if (fd < 0)
		die("a descriptor to put");
	return fd;
}

/* What is put: no two of one file. */
static const int *pool(bool eventfds)
{
	static int made[2][POOL];

	for (size_t i = 0; i < POOL && made[eventfds][i] == 0; i++)
		made[eventfds][i] = new_fd(eventfds);
	return made[eventfds];
}

bool place_open(struct place *p, const struct holder *h)
{
	*p = (struct place){.h = h, .fds = pool(false), .n = 1};
	snprintf(p->dir, sizeof(p->dir), "%s/fdferry-bench-XXXXXX", P_tmpdir);
	if (mkdtemp(p->dir) == NULL)
		die("mkdtemp");
	p->pid = h->start(p->dir);
	if (p->pid == 0)
		return false;
	p->client = h->open(p->dir);
	return true;
}

void place_close(struct place *p)
{
	p->h->close(p->client);
	p->h->stop(p->pid, p->dir);
}

/* n descriptors that stay, as many at once as it takes. */
void place_fill(struct place *p, size_t n, bool eventfds, bool limited)
{
	const struct holder *h = p->h == &s6_holder ? &s6_dump_holder : p->h;
	int fds[MOST];
	char name[32];

	for (size_t at = 0; at < n;) {
		size_t step = n - at < h->most ? n - at : h->most;

		for (size_t i = 0; i < step; i++)
			fds[i] = new_fd(eventfds);
		snprintf(name, sizeof(name), "held%zu", at);
		h->put(p->client, name, fds, step, limited);
		for (size_t i = 0; i < step; i++)
			close(fds[i]);
		at += step;
	}
}

bool store_has_room(void)
{
	struct rlimit rl;

	return getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur >= STORE_ROOM;
}

/* What was put is got, and is the same. */
static void verify(struct place *p)
{
	p->h->put(p->client, names[0], p->fds, p->n, p->limited);
	if (p->h->get != NULL && p->n == 1) {
		int fd = p->h->get(p->client, names[0]);

		check_same(p->h->name, p->fds, &fd, 1);
		close(fd);
	}
	p->h->remove(p->client, "b", 1);
}

/* n puts of no more than the pool; returns the nanoseconds it took. */
typedef double part(struct place *p, size_t n);

static double in_parts(struct place *p, size_t n, part *run)
{
	const struct timespec settle = {.tv_nsec = 1000000}; /* for what a removal sets off */
	double took = 0;

	for (size_t at = 0; at < n;) {
		size_t step = n - at < POOL / p->n ? n - at : POOL / p->n;

		took += run(p, step);
		p->h->remove(p->client, "b", step);
		nanosleep(&settle, NULL);
		at += step;
	}
	return took;
}

static double put_part(struct place *p, size_t n)
{
	double start = now_ns();

	for (size_t i = 0; i < n; i++)
		p->h->put(p->client, names[i], p->fds + i * p->n, p->n, p->limited);
	return now_ns() - start;
}

static double put_and_get_part(struct place *p, size_t n)
{
	double start = now_ns();

	for (size_t i = 0; i < n; i++) {
		p->h->put(p->client, names[i], p->fds + i, 1, false);
		close(p->h->get(p->client, names[i]));
	}
	return now_ns() - start;
}

static double connections_part(struct place *p, size_t n)
{
	double start = now_ns();

	for (size_t i = 0; i < n; i++) {
		void *client = p->h->open(p->dir);

		p->h->put(client, names[i], p->fds + i, 1, false);
		p->h->close(client);
	}
	return now_ns() - start;
}

static double ahead_part(struct place *p, size_t n)
{
	double start = now_ns();
	size_t answered = 0;

	for (size_t i = 0; i < n; i++) {
		p->h->send_put(p->client, names[i], p->fds[i]);
		for (; i + 1 - answered >= AHEAD; answered++)
			p->h->answer(p->client);
	}
	for (; answered < n; answered++)
		p->h->answer(p->client);
	return now_ns() - start;
}

static double run_put(void *arg, size_t n)
{
	return in_parts(arg, n, put_part);
}

static double run_put_and_get(void *arg, size_t n)
{
	return in_parts(arg, n, put_and_get_part);
}

static double run_connections(void *arg, size_t n)
{
	return in_parts(arg, n, connections_part);
}

static double run_ahead(void *arg, size_t n)
{
	return in_parts(arg, n, ahead_part);
}

struct set {
	struct place places[PLACES];
	struct runner runners[PLACES];
	size_t n;
};

/* Returns the place, for what else it needs; NULL if the daemon is not installed or not wanted. */
static struct place *add(struct set *set, const struct holder *h, const char *name,
			 double (*run)(void *, size_t))
{
	struct place *p = &set->places[set->n];

	if (!wanted(name) || !place_open(p, h))
		return NULL;
	set->runners[set->n++] = (struct runner){.name = name, .run = run, .arg = p, .per_unit = 1};
	return p;
}

static void add_many(struct set *set, const struct holder *h)
{
	struct place *p = add(set, h, h->name, run_put);

	if (p == NULL)
		return;
	p->n = h->most;
	set->runners[set->n - 1].per_unit = (double)h->most;
}

static void add_limited(struct set *set, const struct holder *h)
{
	struct place *p = add(set, h, h->name, run_put);

	if (p == NULL)
		return;
	p->limited = true;
	place_fill(p, LIMITED, false, true);
}

/* One descriptor through the notify door: from then on the store looks for duplicates of each that is put. */
static void compare_all(const struct place *p)
{
	char path[STORE_DIR + 16], text[] = "FDSTORE=1\nFDPOLL=0";
	struct iovec data = {.iov_base = text, .iov_len = strlen(text)};
	int fd = new_fd(false), door;
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &fd, .nfds = 1};

	snprintf(path, sizeof(path), "%s/notify", p->dir);
	door = ferry_connect(path, SOCK_DGRAM, 0, 0);
	if (door < 0 || ferry_send(door, &msg, sizeof(msg)) < 0)
		die("the notify door");
	close(door);
	close(fd);
}

static void add_held(struct set *set, const struct holder *h, const char *name, size_t held,
		     bool of_eventfds)
{
	struct place *p = add(set, h, name, run_put);

	if (p == NULL)
		return;
	place_fill(p, held, of_eventfds, false);
	if (h == &fdferry_holder)
		compare_all(p);
	if (of_eventfds)
		p->fds = pool(true);
}

static void add_all(struct set *set, int which)
{
	switch (which) {
	case STORE_ONE:
		add(set, &s6_holder, "s6", run_put_and_get);
		add(set, &fdferry_holder, "fdferry", run_put_and_get);
		add(set, &fdferry_raw_holder, "fdferry-raw", run_put_and_get);
		break;
	case STORE_CONNECTIONS:
		add(set, &s6_holder, "s6", run_connections);
		add(set, &fdferry_holder, "fdferry", run_connections);
		add(set, &fdferry_raw_holder, "fdferry-raw", run_connections);
		break;
	case STORE_AHEAD:
		add(set, &s6_holder, "s6", run_ahead);
		add(set, &fdferry_raw_holder, "fdferry-raw", run_ahead);
		break;
	case STORE_MANY:
		add_many(set, &s6_holder);
		add_many(set, &s6_dump_holder);
		add_many(set, &fdferry_holder);
		add_many(set, &fdferry_raw_holder);
		break;
	case STORE_LIMITED:
		add_limited(set, &s6_holder);
		add_limited(set, &fdferry_holder);
		break;
	case STORE_HELD:
		add_held(set, &s6_holder, "s6-100", FEW_HELD, false);
		add_held(set, &s6_holder, "s6-15000", MOST_HELD, false);
		add_held(set, &fdferry_holder, "fdferry-100", FEW_HELD, false);
		add_held(set, &fdferry_holder, "fdferry-15000", MOST_HELD, false);
		add_held(set, &fdferry_holder, "fdferry-eventfd-100", FEW_HELD, true);
		add_held(set, &fdferry_holder, "fdferry-eventfd-15000", MOST_HELD, true);
		break;
	}
}

/* Daemons and client on one core. */
void scenario_store(const char *scenario, int which)
{
	static struct set set;

	if ((which == STORE_HELD || which == STORE_LIMITED) && !store_has_room())
		return;
	signal(SIGPIPE, SIG_IGN);
	pin(0);
	make_names();
	add_all(&set, which);
	for (size_t i = 0; i < set.n; i++)
		verify(&set.places[i]);
	run_rounds(scenario, set.runners, set.n);
	while (set.n-- > 0)
		place_close(&set.places[set.n]);
}
