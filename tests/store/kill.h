/* SPDX-License-Identifier: MIT
 *
 * kill.h - the killing field: processes of the store are killed at random while clients use it, and
 * nothing that was acknowledged may be lost, doubled or come back.
 *
 *   kill.c          the test: starts everything, kills, and says what was found
 *   kill_store.c    the store as processes: starts it, tells its pids, kills them
 *   kill_client.c   a client that puts, replaces, gets, takes and removes without pause
 *   kill_event.c    what happens besides: stopped, upgraded, without a parent
 *   kill_audit.c    its ledger against what the store lists and gives
 *   kill_peer.c     s6-fdholder-daemon beside it
 *
 * Each client owns its names, and each descriptor is a memfd that says in itself which one it is: so
 * what the store has can be told from what it should have, one by one.
 */
#ifndef KILL_H
#define KILL_H

#include "fdferry.h"
#include "fdferry/store.h"
#include "harness.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define KILL_CLIENTS 6
#define KILL_NAME 32        /* room for a name */
#define KILL_DEADLINE 10000 /* milliseconds in which a client must be answered */
#define KILL_PATIENCE 300   /* milliseconds that a twin may stand still */
#define KILL_IDLE 200       /* clients that ask nothing */
#define KILL_SAMPLES 65536  /* answers to requests that a kill has met */
#define KILL_COMPLAINTS 20  /* that are shown */
#define KILL_COMPLAINT 200  /* bytes of one */

enum kill_order { KILL_FILL, KILL_WORK, KILL_AUDIT, KILL_AUDIT_ALL, KILL_END };

/* What a client tells; each is written by its client only. */
struct kill_told {
	_Atomic uint64_t putting; /* odd while a put of it is not acknowledged */
	_Atomic uint64_t done;    /* the last order that it has carried out */
	_Atomic uint64_t held;    /* descriptors that its ledger has */
	uint64_t puts, replaced, gets, taken, removed, refused; /* acknowledged requests */
	uint64_t met;                                           /* requests that a kill has met */
	uint64_t hung;                                /* not answered within the deadline */
	uint64_t lost, doubled, resurrected, strange; /* descriptors */
	uint64_t wrong;                               /* answers that cannot be */
	uint64_t audited;                             /* descriptors whose identity was checked */
};

/* Shared by all processes of the test. */
struct kill_shared {
	_Atomic uint64_t turn; /* goes up with each order */
	_Atomic int order;
	_Atomic uint64_t kills;     /* so far */
	_Atomic uint32_t samples_n; /* of answers to requests that a kill of the broker has met */
	_Atomic uint64_t broker_kills; /* so far */
	_Atomic uint32_t complaints_n;
	uint32_t samples_us[KILL_SAMPLES];
	char complaints[KILL_COMPLAINTS][KILL_COMPLAINT];
	struct kill_told told[KILL_CLIENTS];
};

/* What is under one name, in order. */
struct kill_kept {
	uint64_t id, serial;
};

struct kill_name {
	size_t n;
	bool changed; /* since its descriptors were last looked at */
	struct kill_kept kept[FERRY_MAX_FDS];
};

struct kill_client {
	struct kill_shared *shared;
	struct kill_told *told;
	struct ferry_store *store;
	struct kill_name *names;
	size_t nnames;
	unsigned number;
	uint64_t serial; /* the last one that was used */
	uint64_t seed;
};

/* kill_client.c */
uint32_t kill_draw(uint64_t *state, uint32_t below);
uint64_t kill_now_us(void);
__attribute__((format(printf, 2, 3))) void kill_complain(struct kill_shared *shared,
							 const char *format, ...);
void kill_name_of(const struct kill_client *c, size_t k, char name[KILL_NAME]);
uint64_t kill_identity(int fd);
int kill_identified(uint64_t serial);
int kill_request(struct kill_client *c,
		 int (*call)(struct ferry_store *, struct ferry_request *, size_t),
		 struct ferry_request *r);
void kill_client_run(struct kill_client *c);

/* kill_audit.c */
void kill_audit(struct kill_client *c, bool all);

/* kill_store.c */
enum kill_role { KILL_BROKER, KILL_KEEPER };
struct kill_daemon {
	char dir[256], command[4096];
	pid_t parent;
	pid_t twins[2]; /* by role, as the store has told last */
	struct ferry_store *client;
	uint64_t held, replaced; /* as the store has told last */
	uint64_t hung;
};
void kill_store_start(struct kill_daemon *d);
void kill_store_parent(struct kill_daemon *d);
bool kill_store_look(struct kill_daemon *d);
pid_t kill_store_newborn(pid_t survivor, pid_t dead);
void kill_store_wait_whole(struct kill_daemon *d, const pid_t *dead, size_t ndead);
void kill_store_stop(struct kill_daemon *d);

/* kill_event.c */
struct kill_events {
	uint64_t stopped, continued, both, upgraded, orphaned; /* so far */
	uint64_t failed;                                       /* upgrades */
};
bool kill_event(struct kill_daemon *d, struct kill_events *e, uint64_t *seed);
void kill_idle(const struct kill_daemon *d, int socks[KILL_IDLE]);

/* kill_peer.c */
void kill_peer_s6(size_t held);

/* kill.c: what was killed last; and a line of the table */
void kill_trail(void);
__attribute__((format(printf, 2, 3))) void kill_say(const char *what, const char *format, ...);

#endif
