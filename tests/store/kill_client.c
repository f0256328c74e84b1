/* SPDX-License-Identifier: MIT
 * kill_client.c - a client that puts, replaces, gets, takes and removes without pause, and keeps a
 * ledger of what was acknowledged. */
#include "kill.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MARK 0x6664666572727921u /* in front of a serial number: what a memfd of ours begins with */
#define REPEATED 6               /* times that a request is repeated before the client gives up */
#define ADDS 10                  /* of 100 requests for a name that has descriptors */
#define FEW 3                    /* descriptors that a put mostly has, at the most */

uint32_t kill_draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(((*state >> 33) * below) >> 31);
}

uint64_t kill_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void kill_complain(struct kill_shared *shared, const char *format, ...)
{
	uint32_t i = atomic_fetch_add(&shared->complaints_n, 1);
	va_list args;

	if (i >= KILL_COMPLAINTS)
		return;
	va_start(args, format);
	vsnprintf(shared->complaints[i], KILL_COMPLAINT, format, args);
	va_end(args);
}

void kill_name_of(const struct kill_client *c, size_t k, char name[KILL_NAME])
{
	snprintf(name, KILL_NAME, "c%u.%zu", c->number, k);
}

/* A new descriptor that says which one it is. */
int kill_identified(uint64_t serial)
{
	const uint64_t text[2] = {MARK, serial};
	int fd = CHECK_OK(memfd_create("kept", MFD_CLOEXEC));

	CHECK_INT(write(fd, text, sizeof(text)), ==, sizeof(text));
	return fd;
}

/* 0: none of ours. */
uint64_t kill_identity(int fd)
{
	uint64_t text[2];

	if (pread(fd, text, sizeof(text), 0) != sizeof(text) || text[0] != MARK)
		return 0;
	return text[1];
}

static void count_met(struct kill_client *c, uint64_t kills, uint64_t broker_kills, uint64_t start)
{
	struct kill_shared *s = c->shared;
	uint32_t i;

	c->told->met += atomic_load(&s->kills) != kills;
	if (atomic_load(&s->broker_kills) == broker_kills)
		return;
	i = atomic_fetch_add(&s->samples_n, 1);
	if (i < KILL_SAMPLES)
		s->samples_us[i] = (uint32_t)(kill_now_us() - start);
}

/* Makes a request until it is answered.  One that ran into the deadline is counted, and repeated under
 * its id, since whether it was done is not known. */
int kill_request(struct kill_client *c,
		 int (*call)(struct ferry_store *, struct ferry_request *, size_t),
		 struct ferry_request *r)
{
	int result = -ETIMEDOUT;

	r->timeout_ms = KILL_DEADLINE;
	for (int i = 0; i < REPEATED && result == -ETIMEDOUT; i++) {
		uint64_t kills = atomic_load(&c->shared->kills);
		uint64_t broker_kills = atomic_load(&c->shared->broker_kills);
		uint64_t start = kill_now_us();

		result = call(c->store, r, sizeof(*r));
		count_met(c, kills, broker_kills, start);
		if (result == -ETIMEDOUT) {
			c->told->hung++;
			kill_complain(c->shared, "client %u: no answer within %d s: %s", c->number,
				      KILL_DEADLINE / 1000, r->why != NULL ? r->why : "");
		}
	}
	if (result == -ETIMEDOUT)
		FAIL("client %u is not answered any more", c->number);
	return result;
}

static void wrong(struct kill_client *c, const char *what, const char *name, int result,
		  const struct ferry_request *r)
{
	c->told->wrong++;
	kill_complain(c->shared, "%s %s: %d%s%s%s%s", what, name, result, result < 0 ? ", " : "",
		      result < 0 ? strerror(-result) : "", r->why != NULL ? ": " : "",
		      r->why != NULL ? r->why : "");
}

/* The ledger has the name's descriptors as they came; the new ones are behind them or instead. */
static void enter(struct kill_client *c, struct kill_name *name, const struct ferry_request *r,
		  uint64_t first_serial)
{
	if ((r->flags & FERRY_REPLACE) != 0) {
		atomic_fetch_sub(&c->told->held, name->n);
		name->n = 0;
		c->told->replaced++;
	}
	for (size_t i = 0; i < r->nfds; i++)
		name->kept[name->n++] = (struct kill_kept){r->first_id + i, first_serial + i};
	atomic_fetch_add(&c->told->held, r->nfds);
	name->changed = true;
	c->told->puts++;
}

static void put(struct kill_client *c, size_t k, size_t n, uint32_t flags)
{
	struct kill_name *name = &c->names[k];
	char text[KILL_NAME];
	const char *names[1] = {text};
	int fds[FERRY_MAX_FDS], result;
	struct ferry_request r = {
		.names = names, .nnames = 1, .fds = fds, .nfds = n, .flags = flags};
	uint64_t first = c->serial + 1;
	bool refused = (flags & FERRY_NEW) != 0 && name->n > 0;

	kill_name_of(c, k, text);
	for (size_t i = 0; i < n; i++)
		fds[i] = kill_identified(++c->serial);
	atomic_fetch_add(&c->told->putting, 1);
	result = kill_request(c, ferry_put, &r);
	atomic_fetch_add(&c->told->putting, 1);
	ferry_close_all(fds, n);
	if (refused && result == -EEXIST)
		c->told->refused++;
	else if (result != 0 || refused)
		wrong(c, "put", text, result, &r);
	else
		enter(c, name, &r, first);
}

/* What came is what the ledger has, one by one and in order. */
static void compare(struct kill_client *c, const char *text, const struct kill_name *name,
		    const struct ferry_request *r)
{
	for (size_t i = 0; i < r->nfds; i++) {
		uint64_t serial = kill_identity(r->fds[i]);

		c->told->audited++;
		if (r->held[i].id == name->kept[i].id && serial == name->kept[i].serial &&
		    strcmp(r->held[i].name, text) == 0)
			continue;
		c->told->strange++;
		kill_complain(c->shared,
			      "%s: place %zu has id %llu, serial %llu instead of %llu, %llu", text,
			      i, (unsigned long long)r->held[i].id, (unsigned long long)serial,
			      (unsigned long long)name->kept[i].id,
			      (unsigned long long)name->kept[i].serial);
	}
}

static void fetch(struct kill_client *c, size_t k, bool take)
{
	static struct ferry_held held[FERRY_MAX_FDS];
	struct kill_name *name = &c->names[k];
	char text[KILL_NAME];
	const char *names[1] = {text};
	int fds[FERRY_MAX_FDS], result;
	struct ferry_request r = {.names = names,
				  .nnames = 1,
				  .fds = fds,
				  .max_fds = FERRY_MAX_FDS,
				  .held = held,
				  .held_size = sizeof(held[0])};

	kill_name_of(c, k, text);
	result = kill_request(c, take ? ferry_take : ferry_get, &r);
	if (result < 0 || (size_t)result != name->n || r.nfds != name->n) {
		wrong(c, take ? "take" : "get", text, result, &r);
		return; /* the audit says what is there */
	}
	compare(c, text, name, &r);
	ferry_close_all(fds, r.nfds);
	if (!take) {
		c->told->gets++;
		return;
	}
	c->told->taken++;
	atomic_fetch_sub(&c->told->held, name->n);
	name->n = 0;
	name->changed = true;
}

static void remove_all(struct kill_client *c, size_t k)
{
	struct kill_name *name = &c->names[k];
	char text[KILL_NAME];
	const char *names[1] = {text};
	struct ferry_request r = {.names = names, .nnames = 1};
	int result;

	kill_name_of(c, k, text);
	result = kill_request(c, ferry_remove, &r);
	if (result != 0 || r.count != name->n) {
		wrong(c, "remove", text, result == 0 ? (int)r.count : result, &r);
		return;
	}
	c->told->removed++;
	atomic_fetch_sub(&c->told->held, name->n);
	name->n = 0;
	name->changed = true;
}

/* Mostly few; now and then a whole message. */
static size_t how_many(struct kill_client *c)
{
	return kill_draw(&c->seed, 400) == 0 ? 1 + kill_draw(&c->seed, FERRY_MAX_FDS)
					     : 1 + kill_draw(&c->seed, FEW);
}

/* What is held in all stays near to what was asked for: a store has a limit. */
static void step(struct kill_client *c)
{
	bool full = atomic_load(&c->told->held) > c->nnames;
	size_t k = kill_draw(&c->seed, (uint32_t)c->nnames), n = full ? 1 : how_many(c);
	struct kill_name *name = &c->names[k];
	uint32_t kind = kill_draw(&c->seed, 100);

	if (full && kind < ADDS)
		kind += ADDS;

	if (name->n == 0)
		put(c, k, n, kind < 30 ? FERRY_NEW : 0);
	else if (kind < ADDS && name->n + n <= 4 * FEW)
		put(c, k, n, 0);
	else if (kind < 45)
		put(c, k, n, FERRY_REPLACE);
	else if (kind < 48)
		put(c, k, n, FERRY_NEW);
	else if (kind < 60)
		fetch(c, k, false);
	else if (kind < 80)
		fetch(c, k, true);
	else
		remove_all(c, k);
}

static void carry_out(struct kill_client *c, enum kill_order order)
{
	if (order == KILL_FILL)
		for (size_t k = 0; k < c->nnames; k++)
			put(c, k, 1, 0);
	else if (order == KILL_AUDIT || order == KILL_AUDIT_ALL)
		kill_audit(c, order == KILL_AUDIT_ALL);
}

/* As it is ordered: works until there is another order, which is carried out once. */
void kill_client_run(struct kill_client *c)
{
	const struct timespec pause = {.tv_nsec = 100000};

	for (;;) {
		uint64_t turn = atomic_load(&c->shared->turn);
		enum kill_order order = (enum kill_order)atomic_load(&c->shared->order);

		if (turn != atomic_load(&c->told->done)) {
			carry_out(c, order);
			atomic_store(&c->told->done, turn);
			if (order == KILL_END)
				return;
		} else if (order == KILL_WORK) {
			step(c);
		} else {
			nanosleep(&pause, NULL);
		}
	}
}
