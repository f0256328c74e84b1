/* SPDX-License-Identifier: MIT
 *
 * service.h - what a service says to its manager, and takes from it: LISTEN_FDS and NOTIFY_SOCKET, as
 * systemd and others that speak its contract have them.  It needs nothing of theirs.
 *
 * The conventions are those of fdferry.h.  The environment is read while the call lasts, and getenv(3)
 * is safe only while no other thread changes it.
 *
 * All functions: since 0.1.0.
 */
#ifndef FDFERRY_SERVICE_H
#define FDFERRY_SERVICE_H

#include <fdferry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of their own, beside those of enum ferry_flag. */
enum ferry_service_flag {
	FERRY_CLEAR_ENV = 0x10000, /* listen: unsetenv(3) what was read; no other thread may be
				      reading or changing the environment */
	FERRY_NO_POLL = 0x20000,   /* notify: the store shall keep them although they hang up */
	FERRY_REMOVE = 0x40000,    /* notify: the store shall drop all that are called name */
};

/*
 * What the manager has opened or kept for this service (ferry_listen_fds(3)).
 */
struct ferry_listen {
	int *fds;           /* given, 3, 4, ...; unused slots are -1 */
	const char **names; /* a name for each, in text or static; or NULL: not wanted */
	size_t max_fds;     /* slots in fds, and in names if there are; more is -EMSGSIZE */
	size_t nfds;        /* out: how many came */
	char *text;         /* room for the names; or NULL */
	size_t text_size;   /* strlen of LISTEN_FDNAMES + 1 is enough; less is -ENAMETOOLONG */
	const char *why;    /* out: the rule that was broken, static text; NULL on success */
	uint32_t flags;     /* FERRY_CLEAR_ENV */
};

/* Takes over the descriptors that LISTEN_FDS speaks of, if LISTEN_PID (and LISTEN_PIDFDID, from Linux 6.9
 * on) says that this process is meant: they are close-on-exec then, and the caller's to close.  Without
 * LISTEN_FDNAMES each is called "unknown".  It says the same each time: call it once, before anything is
 * closed.  Returns how many there are, 0 for none; on failure none was taken, and each is as it was. */
FERRY_API int ferry_listen_fds(struct ferry_listen *listen, size_t size);

/*
 * What the manager shall know and keep (ferry_notify(3)).
 */
struct ferry_note {
	const char *lines; /* "READY=1\nSTATUS=serving", ...; or NULL */
	const int *fds;    /* to be stored: borrowed */
	size_t nfds;       /* any number: 253 go in one message */
	const char *name;  /* of all of them, or of those to be removed; NULL: the store's choice */
	size_t sent;       /* out: how many of fds have left, on failure too */
	const char *why;   /* out: the rule or limit that was met, static text; NULL on success */
	int32_t timeout_ms; /* over the whole call; 0 waits for ever */
	uint32_t flags;     /* FERRY_NOWAIT, FERRY_EINTR, FERRY_NO_POLL, FERRY_REMOVE */
};

/* Sends it to NOTIFY_SOCKET; the lines go with the last of the descriptors.  Returns 1 when all is
 * queued, 0 if there is nobody to tell; the descriptors stay the caller's.  On failure nothing was sent
 * but the first `sent` of fds.  Nobody answers: a manager that keeps none closes them. */
FERRY_API int ferry_notify(struct ferry_note *note, size_t size);

/* Waits until the manager has done with all that this process has sent before.  Returns 1 for that (or
 * that the manager has ended), 0 if there is nobody to wait for.  flags: FERRY_EINTR. */
FERRY_API int ferry_notify_barrier(int timeout_ms, uint32_t flags);

#ifdef __cplusplus
}
#endif
#endif
