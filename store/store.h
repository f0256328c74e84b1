/* SPDX-License-Identifier: MIT
 * store.h - what the files of the store share.
 *
 * The store is three processes: the parent (parent.c), which was started and holds nothing, and two twins
 * that hold the same: the broker (broker.c), which talks to clients, and the keeper (keeper.c), which
 * does not.  What survives is in struct store; what the broker alone has is in struct turn and in clients. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "../wire/lines.h"
#include "daemon.h"

#include <fdferry.h>

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ROOM_FOR_ONE FERRY_MAX_FDS /* numbers kept free, or the kernel cuts a message (unix(7)) */
#define REQUEST_MOST 32            /* characters of the id of a request */

/* One descriptor that is held, in both twins; the numbers differ. */
struct entry {
	uint64_t id;
	uint64_t dev, ino; /* of its file: same.c */
	int64_t put_ms;    /* of CLOCK_BOOTTIME */
	int64_t end_ms;    /* 0: none */
	struct name *name;
	struct entry *next_called, *before_called; /* those called so, in their order */
	struct entry *next, *before;               /* all, by id */
	struct entry *chain;                       /* same hash of the id: table.c */
	struct entry *left, *right, *up;           /* same.c */
	struct client *lent;                       /* broker: to whom it is lent, or NULL */
	int fd;
	uint32_t flags; /* file status flags and access mode when it was put */
	uid_t uid;
	uint32_t heap_at; /* in expire.c's heap; UINT32_MAX: it is not */
	bool evict;       /* when it hangs up */
	bool compared;    /* broker: same.c has it in its tree */
	bool watched;     /* broker: evict.c has it in its set */
	bool again;       /* it was held already, the same open file, when it was put: envelope.c */
};

struct name {
	struct name *chain;
	struct entry *first, *last;
	uint32_t hash;
	uint8_t len;
	char text[];
};

/* owners.c */
enum owned { OWNED_FDS, OWNED_CLIENTS, OWNED_UNREAD, OWNED };
struct owners {
	struct owner **by_uid;
	size_t n, buckets;
	uint64_t seed;
};
int owners_init(struct owners *o, uint64_t seed);
size_t owner_has(const struct owners *o, uid_t uid, enum owned what);
int owner_gets(struct owners *o, uid_t uid, enum owned what, size_t n);
void owner_loses(struct owners *o, uid_t uid, enum owned what, size_t n);

struct table {
	struct entry **by_id;
	struct name **by_name;
	struct entry **heap;
	struct entry *first, *last;
	struct entry *same; /* the root of same.c's tree */
	bool compares;      /* which is there */
	size_t n, id_buckets, name_buckets, names, heap_n, heap_room;
	uint64_t next_id;
	uint64_t seed;
	struct owners owners;
};

/* table.c: names and ids */
struct put {
	const char *name;
	size_t name_len;
	uint64_t first_id;
	int64_t put_ms, end_ms;
	uid_t uid;
	bool evict;
	bool replace; /* those called so that are older go, in the same step */
};
#define FLAG_AGAIN                                                                                 \
	UINT32_C(0x80000000) /* beside file status flags on their way: struct entry's again */
int table_init(struct table *t);
uint64_t table_mix(uint64_t x);
struct entry *table_add(struct table *t, const struct put *put, uint64_t id, int fd,
			uint32_t flags);
void table_drop(struct table *t, struct entry *e); /* its descriptor stays open */
struct entry *table_find(const struct table *t, uint64_t id);
struct name *table_name(const struct table *t, const char *name, size_t len);
int64_t clock_ms(void);

/* inode.c */
struct inode {
	uint64_t dev, ino;
	uint32_t major; /* of what device it is, if is_device */
	bool is_device; /* a character device */
};
int inode_of(int fd, struct inode *ret);

/* same.c: which of those held is the same open file */
struct entry *same_find(struct table *t, int fd);
void same_add(struct table *t, struct entry *e);
void same_forget(struct table *t);
void same_drop(struct table *t, struct entry *e);

/* expire.c: the next one whose time is over */
int expire_add(struct table *t, struct entry *e);
void expire_drop(struct table *t, struct entry *e);
struct entry *expire_first(const struct table *t);

/* done.c: requests that were done, so that their repetition is not done again */
#define DONE_MOST 4096
struct done_request {
	uint64_t first_id;
	uint32_t count;
	uid_t uid;
	uint8_t op;
	char id[REQUEST_MOST + 1];
	uint32_t chain; /* number + 1 of the next of the same hash */
};
struct done {
	struct done_request *ring;
	uint32_t *heads;
	uint64_t n; /* ever */
};
int done_init(struct done *d);
void done_add(struct done *d, const struct done_request *r);
const struct done_request *done_find(const struct done *d, uid_t uid, const char *id);

/* state.c: what a service has said of itself at the notify door */
struct state {
	size_t len;
	char lines[1024];
};
bool state_is_key(const struct fy_line *line);
void state_set(struct state *state, const struct fy_line *line);

/* page.c: what all three processes see; and the token of succession */
enum { TWIN_BROKER = 1, TWIN_KEEPER = 2 };
struct page {
	atomic_uint_least32_t token;
	atomic_uint_least32_t replaced;
	atomic_int_least32_t parent, broker, keeper;
	atomic_bool stopping;
	atomic_int_least32_t upgrade_err;   /* why a new program could not take over */
	atomic_uint_least32_t turns, beats; /* progress of the broker, of the keeper */
	/* above.c: ids that were, or may have been, pushed up; the first one that could not be; ids that the
	 * manager knows to be used; removals that it was told of */
	atomic_uint_least64_t above_pushed, above_tried, above_skipped, above_last, above_removed;
	atomic_uint_least32_t cage; /* what of it is in force */
};
struct page *page_map(int fd);
int page_new(struct page **ret);

/* link.c: from the broker to the keeper */
#define LINK_BATCH 32768 /* bytes of one message */
struct link {
	int end;          /* of the socket */
	int bell;         /* eventfd: there is something for the keeper */
	int twin;         /* a pidfd of the other twin, or -1 */
	bool lost;        /* what is sent may not arrive */
	unsigned unheard; /* messages since the bell was rung */
	size_t unheard_fds;
	bool owed;      /* something was removed that the keeper has not been told to close */
	uint32_t beats; /* of the keeper, when the bell was rung */
	size_t len, nfds;
	int fds[FERRY_MAX_FDS];
	_Alignas(8) unsigned char bytes[LINK_BATCH]; /* records, each at a multiple of 8 */
};

/* above.c: the service manager, or the store, above this one */
#define ABOVE_NAME_MOST 160 /* of the 255 characters of a name there */
struct gone {               /* what was removed and may be above still */
	struct gone *next;
	uint64_t number, before; /* before: those with a lower id were put earlier */
	char name[];
};
struct above {
	bool on;     /* there is one */
	bool behind; /* it has not got everything yet */
	int sock;    /* connected to it, or -1 */
	int64_t until;
	uint64_t removed; /* entries, ever; the same in both twins */
	struct gone *first, *last;
};

struct store {
	struct store_options options;
	struct page *page;
	uint64_t most_fds;    /* that RLIMIT_NOFILE admits, max_fds being no more */
	uint64_t most_unread; /* descriptors on their way to clients of one owner */
	struct table table;
	struct done done;
	struct state state;
	struct link link;
	struct above above;
	struct turn *turn; /* broker */
	jmp_buf base;      /* the bottom of a twin's stack */
	int notify, door, lock, page_fd;
	int parent_lock;  /* parent */
	uint32_t born;    /* the token when this twin was forked, claimed by its parent */
	uint32_t claimed; /* the token as this twin claimed it last */
	int epoll;        /* broker, or -1 */
	int closer;       /* dispose.c: a pipe to the helper that closes, or -1 */
};

void page_claim(struct store *s, int me);
bool page_is_fenced(const struct store *s, int me);
bool page_wait(struct store *s, int me);
void page_release(struct store *s);

int link_open(struct link *link, int *ret_other);
void link_whole(struct store *s, size_t records, size_t bytes, size_t nfds);
void link_put(struct store *s, const struct put *put, const int *fds, const uint32_t *flags,
	      size_t n);
void link_remove(struct store *s, uint64_t first, uint64_t last);
void link_remove_name(struct store *s, const struct name *name);
void link_done(struct store *s, const struct done_request *done);
void link_state(struct store *s);
void link_commit(struct store *s);
void link_ring(struct store *s);

/* drain.c: the keeper's side */
int link_drain(struct store *s);

/* above.c; above_name.c: what an entry is called there; envelope.c: one that it would drop as a duplicate;
 * manager.c: what it gives back at the start */
enum { ABOVE_NAME_SIZE = FY_NAME_MOST + 1 };
struct above_name {
	struct put put;
	uint64_t id;
	uint32_t flags;
	bool again, last; /* last: no entry, but the id up to which all may have been used */
};
void above_name_of(const struct entry *e, char ret[ABOVE_NAME_SIZE]);
void above_name_last(uint64_t id, char ret[ABOVE_NAME_SIZE]);
bool above_name_read(const char *name, struct above_name *ret);
int envelope_seal(int fd);
int envelope_open(int envelope);
int above_connect(struct store *s);
int above_tell(struct store *s, bool store, const char *name, int fd);
int above_note(struct store *s, uint64_t number, uint64_t before, const char *name);
void above_forget(struct store *s, const struct entry *e);
void above_commit(struct store *s);
void above_tick(struct store *s);
int manager_take(struct store *s, const char **why);
void manager_drop(void);

/* dispose.c: closes without waiting */
void dispose(struct store *s, int *fds, size_t n);
size_t dispose_owed(const struct store *s);

/* cage.c, filter.c: the power that twins give up */
enum {
	CAGE_NO_NEW_PRIVS = 1,
	CAGE_CAPABILITIES = 2,
	CAGE_SECCOMP = 4,
	CAGE_LANDLOCK = 8,
	CAGE_NAMES = 64, /* bytes */
};
uint32_t cage_enter(bool above);
void cage_names(uint32_t in_force, char names[CAGE_NAMES]);
int filter_calls(bool above);

/* parent.c, adopt.c */
int door_path(char *path, const char *dir, const char *door);
bool asks_for_end(int sig);
void unbind_doors(const char *dir);
void end_twins(struct page *page, bool children);
int adopt(struct store *s, const sigset_t *signals, const char **why);

/* twin.c, broker.c, keeper.c */
void twin_sweep(struct store *s, bool trusted, int keep);
pid_t twin_fork(struct store *s, struct link *old);
void twin_leave(struct store *s, struct link *old, int keep);
void twin_drop_link(struct store *s, struct link *old);
void twin_take_back(struct store *s, const struct link *old);
void twin_renew_keeper(struct store *s);
void twin_renew_broker(struct store *s);
int twin_pidfd(pid_t pid);
int twin_wait(int pidfd, int timeout_ms);
__attribute__((noreturn)) void twin_run(struct store *s, int role);
__attribute__((noreturn)) void broker_run(struct store *s);
__attribute__((noreturn)) void keeper_run(struct store *s);

#endif
