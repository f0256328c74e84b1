/* SPDX-License-Identifier: MIT
 *
 * store.h - a store for the tests, which says what the test tells it to.
 *
 * It is no process: with FERRY_NOWAIT a call sends its request and comes back, the test answers it, and
 * the same call goes on.  So no test waits for another process, nor asks how long anything took. */
#ifndef API_STORE_H
#define API_STORE_H

#include "api.h"
#include "fdferry/store.h"

#include <sys/prctl.h>
#include <sys/wait.h>

struct fake {
	int listener, conn;
	char id[64]; /* of the request that was heard last */
	char text[4200];
	int fds[FERRY_MAX_FDS];
	size_t nfds;
};

static inline void fake_open_door(struct fake *f)
{
	f->listener = plain_listen("store", SOCK_SEQPACKET, 8);
}

static inline void fake_close_door(struct fake *f)
{
	close(f->listener);
	CHECK_OK(unlink("store"));
}

static inline void fake_accept(struct fake *f)
{
	f->conn = CHECK_OK(ferry_accept(f->listener, 0, 5000));
}

/* The broker dies, and the next takes its place. */
static inline void fake_next_broker(struct fake *f)
{
	close(f->conn);
	f->conn = -1;
}

static inline struct ferry_store *fake_begin(struct fake *f)
{
	struct ferry_store *s;

	*f = (struct fake){.conn = -1};
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	fake_open_door(f);
	CHECK_OK(ferry_store_open(&s, ".", 0, 5000));
	CHECK(is_cloexec(ferry_store_fd(s)));
	fake_accept(f);
	return s;
}

/* The helpers that close what was not given (ferry_dispose) are waited for as well. */
static inline void fake_end(struct fake *f, struct ferry_store *s)
{
	ferry_store_close(s);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	if (f->conn >= 0)
		close(f->conn);
	fake_close_door(f);
}

/* The next request is OP=op, an id, and rest; its descriptors stay in f->fds. */
static inline void fake_hear(struct fake *f, const char *op, const char *rest)
{
	struct iovec iov = {.iov_base = f->text, .iov_len = sizeof(f->text) - 1};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = f->fds,
				.max_fds = FERRY_MAX_FDS,
				.timeout_ms = 5000};
	char expected[4200];

	CHECK_INT(ferry_recv(f->conn, &msg, sizeof(msg)), ==, 1);
	f->text[msg.len] = '\0';
	f->nfds = msg.nfds;
	f->id[0] = '\0';
	CHECK_INT(sscanf(f->text, "%*[^\n]\nREQUEST=%63[^\n]", f->id), ==, 1);
	snprintf(expected, sizeof(expected), "OP=%s\nREQUEST=%s%s", op, f->id, rest);
	CHECK_STR(f->text, expected);
}

static inline void fake_say_as_it_is(struct fake *f, const char *text, int *fds, size_t nfds)
{
	CHECK_OK(send_text(f->conn, text, fds, nfds));
}

/* An answer to it. */
static inline void fake_say(struct fake *f, const char *text, int *fds, size_t nfds)
{
	char whole[4200];

	snprintf(whole, sizeof(whole), "REQUEST=%s\n%s", f->id, text);
	fake_say_as_it_is(f, whole, fds, nfds);
}

/* The client has ended the connection. */
static inline void fake_is_left(struct fake *f)
{
	char byte;

	CHECK_INT(recv(f->conn, &byte, 1, 0), <=, 0);
	close(f->conn);
	f->conn = -1;
}

typedef int call(struct ferry_store *, struct ferry_request *, size_t);

/* The call sends its request; what is heard is checked, and answered. */
static inline void fake_asked(struct fake *f, call *ask, struct ferry_store *s,
			      struct ferry_request *r, const char *op, const char *rest)
{
	r->flags |= FERRY_NOWAIT;
	CHECK_FAILS(ask(s, r, sizeof(*r)), EAGAIN);
	fake_hear(f, op, rest);
	CHECK_STR(f->id, r->id);
}

static inline int answered(call *ask, struct ferry_store *s, struct ferry_request *r)
{
	int result = ask(s, r, sizeof(*r)), err = errno;

	CHECK(result < 0 || r->why == NULL);
	CHECK(result < 0 || r->id[0] == '\0');
	errno = err;
	return result;
}

static const char *const a[] = {"a"}; /* names */

#endif
