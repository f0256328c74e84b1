/* SPDX-License-Identifier: MIT
 *
 * store.h - daemons that keep descriptors, and how each of them is used.
 *
 *   holder_fdferry.c   fdferry store, through the library and in its protocol
 *   holder_s6.c        s6-fdholder-daemon, in its protocol (s6.c)
 *   store.c            the scenarios: what a put costs
 *   store_death.c      what the death of the broker costs
 */
#ifndef STORE_H
#define STORE_H

#include "bench.h"

#define MOST_HELD 15000     /* descriptors in a store of many */
#define STORE_ROOM 19100    /* RLIMIT_NOFILE that a daemon needs for them */
#define STORE_DIR 64        /* room for the path of a directory */
#define AN_HOUR_MS 3600000u /* what the time limit is where there is one */

/* One way to use a daemon.  Functions that fail end the program (die). */
struct holder {
	const char *name;
	size_t most;                              /* descriptors in one put */
	pid_t (*start)(const char *dir);          /* returns when it is ready; 0: not installed */
	void (*stop)(pid_t pid, const char *dir); /* and removes dir */
	void *(*open)(const char *dir);           /* a connection */
	void (*close)(void *client);
	/* n descriptors; limited: all that are put so go at the same time, in an hour */
	void (*put)(void *client, const char *name, const int *fds, size_t n, bool limited);
	int (*get)(void *client, const char *name);
	void (*remove)(void *client, const char *prefix, size_t n); /* prefix0, prefix1, ... */
	/* the two halves of a put of one; NULL: it has none */
	void (*send_put)(void *client, const char *name, int fd);
	void (*answer)(void *client);
};

extern const struct holder fdferry_holder, fdferry_raw_holder, s6_holder, s6_dump_holder;

/* A daemon of its own, a connection to it, and what is put. */
struct place {
	const struct holder *h;
	pid_t pid;
	char dir[STORE_DIR];
	void *client;
	const int *fds;
	size_t n; /* how many in one put */
	bool limited;
};

bool place_open(struct place *p, const struct holder *h);
void place_close(struct place *p);
void place_fill(struct place *p, size_t n, bool eventfds, bool limited);
bool store_has_room(void);

/* holder_fdferry.c: the protocol, for who looks more closely */
int raw_connect(const char *dir);
size_t raw_status(int sock, char *answer, size_t size);
long raw_number(const char *answer, const char *key);

void scenario_store(const char *scenario, int which);
void scenario_store_death(const char *scenario);

enum { STORE_ONE, STORE_CONNECTIONS, STORE_AHEAD, STORE_MANY, STORE_LIMITED, STORE_HELD };

#endif
