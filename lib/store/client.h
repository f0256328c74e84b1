/* SPDX-License-Identifier: MIT
 * client.h - what the files of a store's client share; fdferry-store(5) has the protocol.
 *
 * A request is text in `out`, and stays there until it is answered: that is all that is needed to say it
 * again to the next broker.  Everything here is one allocation, so that no request makes another; only an
 * answer of more than one message does. */
#ifndef FDFERRY_STORE_CLIENT_H
#define FDFERRY_STORE_CLIENT_H

#include "../../wire/lines.h"
#include "fdferry/store.h"
#include "internal.h"

#define FY_WAIT_FLAGS ((uint32_t)(FERRY_NOWAIT | FERRY_EINTR))

enum fy_op { FY_NONE, FY_PUT, FY_GET, FY_TAKE, FY_REMOVE, FY_LIST, FY_WATCH, FY_STATUS };

/* What is remembered of a descriptor that has come. */
struct fy_came {
	uint64_t id;
	uint32_t flags;
};

struct ferry_store {
	int sock;              /* -1: there is no connection */
	enum fy_op op;         /* that is under way */
	bool sent;             /* this connection has it */
	bool begun;            /* a message of the answer has come */
	bool answered;         /* and its last one, or the store's refusal */
	bool confirming;       /* a take that is told to the store: what came may be nowhere else */
	size_t nfds;           /* of a put; of a take, how many are confirmed */
	struct fy_wait lost;   /* since when the store has been away */
	struct fy_wait steady; /* when a connection made anew has lasted for a while */
	char id[FERRY_REQUEST_SIZE];
	char seed[FERRY_REQUEST_SIZE]; /* all ids begin so, and end with the counter */
	uint32_t counter;
	const char *why;
	struct fy_lines_out out;
	char in[FY_LINES_MOST + 1]; /* a message that came, and room for the NUL of WHY= */
	struct fy_lines lines;      /* what is left to read of it */

	/* The descriptors that have come, before they are given. */
	int *fds;
	struct fy_came *came;
	size_t n, room;
	size_t fresh; /* of them, by the last message */
	size_t more;  /* those that came, were too many and are closed */
	int first_fds[FERRY_MAX_FDS];
	struct fy_came first_came[FERRY_MAX_FDS];

	/* A list as it came, and what is left of it; or the events of a message. */
	char *list;
	size_t list_len, list_room;
	struct fy_lines next;
	bool listed, watching;
	bool missed; /* events, since the broker was replaced */

	char door[]; /* its address */
};

/* One call of the caller's. */
struct fy_call {
	uint32_t flags;
	int timeout_ms;
	struct fy_wait wait;
	unsigned connects; /* how often it has connected anew */
	const int *fds;    /* of a put */
};

/* open.c */
int fy_store_again(struct ferry_store *s, struct fy_call *c);
int fy_store_lost(struct ferry_store *s, struct fy_call *c, int err);
void fy_store_drop(struct ferry_store *s);

/* request.c */
int fy_store_begin(struct ferry_store *s, enum fy_op op, struct ferry_request *r, size_t size,
		   struct fy_call *c);
int fy_store_line(struct ferry_store *s, const char *key, const char *value, size_t len);
int fy_store_number(struct ferry_store *s, const char *key, uint64_t value);

/* exchange.c */
int fy_store_ask(struct ferry_store *s, struct fy_call *c);
int fy_store_end(struct ferry_store *s, struct ferry_request *r, int err);
int fy_store_refuse(struct ferry_store *s, int err, const char *why) __attribute__((cold));

/* answer.c */
int fy_answer_begin(struct ferry_store *s);
int fy_answer_malformed(struct ferry_store *s);
bool fy_answer_number(const struct fy_line *line, uint64_t most, uint64_t *ret);
int fy_answer_held(const struct fy_line *line, struct ferry_held *held);
void fy_answer_text(const struct fy_line *line, char *ret, size_t size);

/* came.c: the descriptors of an answer */
int fy_came_room(struct ferry_store *s);
void fy_came_close(struct ferry_store *s);

#endif
