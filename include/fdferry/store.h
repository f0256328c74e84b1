/* SPDX-License-Identifier: MIT
 *
 * store.h - a client of a store: descriptors are put away under a name, outlive the process that put
 * them, and are got or taken by any other that may open the store's door; see fdferry-store(5).
 *
 * The conventions are those of fdferry.h.  put borrows, get gives copies, take gives and removes.
 * Every request has an id, which the store remembers: one that was cut off by the death of the store's
 * broker is repeated by these functions, and is done once.
 *
 * A store has one request under way.  It is still under way when a call returns -EAGAIN or -EINTR: the same
 * call with the same struct goes on with it, and until then any other is -EBUSY.  After -ETIMEDOUT, and
 * when the store cannot be reached, nobody knows whether it was done: the id stays in the struct, and the
 * same call asks again without doing it twice.  A take that came as far as being confirmed is under way
 * then too: the store may have removed what is waiting here.
 *
 * A struct ferry_store is used by one thread at a time, and by one process: not on both sides of fork(2).
 *
 * All functions: since 0.1.0.
 */
#ifndef FDFERRY_STORE_H
#define FDFERRY_STORE_H

#include <fdferry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of their own, beside those of enum ferry_flag and enum ferry_service_flag. */
enum ferry_store_flag {
	FERRY_REPLACE = 0x100000,      /* put: instead of all that are called so, in one step */
	FERRY_NEW = 0x200000,          /* put: -EEXIST if something is called so */
	FERRY_EVICT = 0x400000,        /* put: the store drops it when it hangs up */
	FERRY_RESTORE_FLAGS = 0x800000 /* get, take: sets the file status flags it was put with */
};

#define FERRY_REQUEST_SIZE 33 /* room for the id of a request, its NUL included */
#define FERRY_NAME_SIZE 256   /* room for a name, its NUL included */

struct ferry_store; /* a connection, made anew when it is lost */

/* Connects to the store in directory dir, which is looked up again when the connection is lost.  NULL is
 * $FDFERRY_STORE, else $XDG_RUNTIME_DIR/fdferry/default, or /run/fdferry/default for root.  Returns 0 and
 * the client in *ret, to be closed with ferry_store_close; its socket is close-on-exec. */
FERRY_API int ferry_store_open(struct ferry_store **ret, const char *dir, uint32_t flags,
			       int timeout_ms);

/* Closes the connection and frees store; NULL is passed over.  What was taken and not confirmed stays in
 * the store.  errno stays as it was. */
FERRY_API void ferry_store_close(struct ferry_store *store);

/* The socket to poll(2) for POLLIN when a call with FERRY_NOWAIT has returned -EAGAIN; it stays store's,
 * and may be another one after the next call.  Returns -1 while there is no connection. */
FERRY_API int ferry_store_fd(const struct ferry_store *store);

/* One descriptor of a store. */
struct ferry_held {
	uint64_t id; /* never used again */
	char name[FERRY_NAME_SIZE];
	uint32_t flags; /* file status flags and access mode when it was put (F_GETFL) */
	uid_t uid;      /* of who put it */
	/* list and watch only: */
	char kind[32];  /* ferry_kind_name or ferry_socket_name */
	char event[16]; /* watch: "put", "remove", "take", "evict", "expire", "state" */
	int64_t age_ms; /* -1: unknown */
	int64_t ttl_ms; /* that are left; -1: none */
	int64_t waiting; /* connections that wait in a listener's queue; -1: no listener, or unknown */
	int64_t size;    /* bytes; -1: it has none */
	uint32_t lent; /* 1: somebody is taking it */
	char *path;    /* in: room for its path or address (watch: the lines of a state); or NULL */
	size_t path_size;
	int64_t queued; /* list: descriptors in the messages of a UNIX socket's queue; 0 if none are known */
};

struct ferry_request {
	const char *const *names; /* put: one; else any number */
	size_t nnames;
	const char *pattern; /* else: those whose name matches, as fnmatch(3) has it; or NULL */
	const uint64_t *ids; /* else: these; or NULL */
	size_t nids;
	int *fds;       /* put: borrowed; get, take: given, unused slots are -1 */
	size_t nfds;    /* put: how many, 1 to FERRY_MAX_FDS; get, take, out: how many came */
	size_t max_fds; /* get, take: slots in fds; more is -EMSGSIZE */
	struct ferry_held *held; /* get, take, out: max_fds of them; or NULL */
	size_t held_size;        /* sizeof(struct ferry_held) if held is set */
	uint64_t first_id;       /* put, out: the first id; the others follow without a gap */
	size_t count; /* out: remove: how many were removed; get, take: how many there are, after -EMSGSIZE */
	uint64_t ttl_ms;             /* put: milliseconds it is kept; 0: for ever */
	char id[FERRY_REQUEST_SIZE]; /* in: your own id of this request, or "", which makes one; out: ""
				      * when it was answered, else its id, for asking again */
	const char *why;    /* out: the limit or rule that was met; store's, until the next call */
	int32_t timeout_ms; /* milliseconds; 0 waits for ever */
	uint32_t flags;     /* FERRY_NOWAIT, FERRY_EINTR, enum ferry_store_flag */
};

/* Puts fds under names[0], behind those that are called so already.  Returns 0 when the store keeps
 * them, whatever becomes of either of its processes; the descriptors stay the caller's. */
FERRY_API int ferry_put(struct ferry_store *store, struct ferry_request *r, size_t size);

/* Gives copies, close-on-exec, in the order of the names.  Returns how many; on failure none was given,
 * and -ENOENT if one of the names or ids is not there. */
FERRY_API int ferry_get(struct ferry_store *store, struct ferry_request *r, size_t size);

/* The same, and removes them from the store once they are here.  A taker that dies in between has lost
 * nothing: they are still in the store.  Two never take the same: -EBUSY, or -ESTALE at the end. */
FERRY_API int ferry_take(struct ferry_store *store, struct ferry_request *r, size_t size);

/* Removes them.  Returns 0, and how many in count. */
FERRY_API int ferry_remove(struct ferry_store *store, struct ferry_request *r, size_t size);

/* Fetches a list of names, pattern or ids, or of all.  Returns 0; ferry_next has what is in it, whatever
 * other requests come in between. */
FERRY_API int ferry_list(struct ferry_store *store, struct ferry_request *r, size_t size);

/* Asks to be told of what happens from now on.  Returns 0; ferry_next has the events.  From then on other
 * requests are -EBUSY: a store that watches does nothing else. */
FERRY_API int ferry_watch(struct ferry_store *store, struct ferry_request *r, size_t size);

/* The next of a list, which never waits, or of the events.  Returns 1, or 0 at the end of the list; of
 * events, -ESTALE when some may have been missed because the broker was replaced or this client did not
 * read: the watch goes on. */
FERRY_API int ferry_next(struct ferry_store *store, struct ferry_held *ret, size_t size,
			 uint32_t flags, int timeout_ms);

struct ferry_status {
	uint64_t held;        /* descriptors */
	uint64_t max_fds;     /* the limit of them */
	uint64_t clients;     /* connections, this one among them */
	uint64_t max_clients; /* the limit of them */
	pid_t parent, broker, keeper;
	uint64_t replaced; /* how often one of the twins was replaced */
	char version[32];  /* of the store's program */
	char state[1024];  /* lines of the notify door: READY=1, STATUS=..., MAINPID=... */
	char above[8];     /* a manager has all of it too: "ok", "behind"; "none": there is none */
	char sandbox[64];  /* what its processes have given up: no_new_privs,... or none */
	uint64_t own_fds;  /* descriptors that this user has put */
	uint64_t max_own_fds;     /* the limit of them */
	uint64_t own_clients;     /* connections of this user */
	uint64_t max_own_clients; /* the limit of them */
	uint64_t idle_ms;         /* until a connection that says nothing is ended; 0: never */
	uint64_t unread;          /* descriptors on their way to this user's connections, about */
	uint64_t max_unread;      /* the limit of them, for one connection */
};

/* How the store is.  Returns 0; on failure *ret is as it was. */
FERRY_API int ferry_store_status(struct ferry_store *store, struct ferry_status *ret, size_t size,
				 uint32_t flags, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
