/* SPDX-License-Identifier: MIT
 * broker.h - what the broker alone has: clients, and the turn that it is at.
 *
 * A turn reads what has come, changes the table, commits the changes to the keeper (link.c), and only then
 * answers.  What was removed in it stays open until it ends, because an answer may still give it out. */
#ifndef STORE_BROKER_H
#define STORE_BROKER_H

#include "store.h"

enum {
	MESSAGE_MOST = FY_LINES_MOST, /* bytes of a request, and of an answer */
	REQUESTS_A_TURN = 64,         /* of one client */
	BACKLOG_FDS = 4 * FERRY_MAX_FDS,
	BACKLOG_MOST = 256, /* messages that one client has not read */
	TURNED_AWAY_MOST = 16,
	RETRY_MS = 20,
};

/* What an epoll event speaks of: the low bits say how the rest is read; those of a pointer to a client are 0. */
enum { TAG_CLIENT, TAG_DOOR, TAG_NOTIFY, TAG_TWIN, TAG_ENTRY, TAGS = 8 };

/* An answer, or events, which could not be sent at once. */
struct backlog {
	struct backlog *next;
	size_t len, nfds;
	int fds[FERRY_MAX_FDS]; /* copies */
	char text[MESSAGE_MOST];
};

enum hand { HAND_GET, HAND_TAKE, HAND_LIST };

/* The rest of an answer that takes several messages: the ids as they were when it was asked for. */
struct stream {
	enum hand hand;
	size_t n, at;
	char request[REQUEST_MOST + 1];
	uint64_t ids[];
};

struct client {
	struct client *next, *before; /* all; first the one that has been idle longest */
	struct client *next_watcher, *before_watcher;
	struct client *next_gone;
	struct client *next_stalled, **stalled_at; /* unread.c */
	struct backlog *first, **tail;
	struct stream *stream;
	struct filter *filter; /* of what it watches, or NULL: all */
	size_t backlogged, lent;
	size_t queued;    /* descriptors for it in the answers of this turn */
	size_t unread;    /* descriptors that it has been sent since its queue was seen empty */
	uint64_t ino;     /* of fd */
	int64_t heard_ms; /* when it was last read */
	const char *turned_away; /* by which limit, as its first request will be told, or NULL */
	uid_t uid;
	int fd;
	bool watching, gone;
	bool waits_out; /* epoll tells when it can be written to, and not when it can be read */
	bool eager;     /* it sends several requests before it reads */
	uint8_t reads;
};

struct reply {
	struct client *client;
	struct stream *stream; /* what follows, or NULL */
	size_t at, len, fd_at, nfds;
};

/* What watchers are told; id 0: of the service's state. */
struct event {
	const char *what;
	uint64_t id;
	uid_t uid;
	char name[FY_NAME_MOST + 1];
};

struct turn {
	struct client *clients, *last_client, *watchers, *gone;
	size_t nclients, nturned_away, backlog_fds;
	int64_t now_ms; /* when it began */
	struct client *stalled;
	int64_t retry_ms;  /* when those are tried again */
	int64_t looked_ms; /* when it was last seen what they have read */
	char *text;        /* of the answers of this turn */
	size_t len, room;
	struct reply *replies;
	size_t nreplies, replies_room;
	int *fds; /* borrowed, or doomed, for the answers */
	size_t nfds, fds_room;
	int *doomed; /* to be closed at the end of the turn */
	size_t ndoomed, doomed_room;
	struct event *events; /* for the watchers */
	size_t nevents, events_room;
	struct entry *unwatched; /* evict.c: the next one to look at after a succession, or NULL */
	struct client *upgrader; /* who asked for an upgrade in this turn, or NULL */
	int program;             /* and to what */
	bool lost_event;
};

/* One message in the making. */
struct text {
	size_t len;
	char bytes[MESSAGE_MOST];
};
bool text_add(struct text *text, const char *key, const char *value, size_t len);
bool text_string(struct text *text, const char *key, const char *value);
bool text_number(struct text *text, const char *key, int64_t value);

/* A request, read. */
enum op {
	OP_NONE,
	OP_PUT,
	OP_GET,
	OP_TAKE,
	OP_CONFIRM,
	OP_RELEASE,
	OP_LIST,
	OP_REMOVE,
	OP_WATCH,
	OP_STATUS,
	OP_ADOPT,
	OP_UPGRADE,
};
enum { SELECT_MOST = 1024 };
struct selector {
	const char *name; /* or NULL */
	size_t len;
	uint64_t first, last;
};
struct request {
	enum op op;
	char id[REQUEST_MOST + 1];
	struct selector selectors[SELECT_MOST];
	size_t n, names;
	char pattern[FY_LINES_MOST];
	bool has_pattern, replace, fresh, evict;
	int64_t ttl_ms;
	int *fds; /* slots that are kept become -1; the rest is disposed of */
	size_t nfds;
	const char *why;
	char why_text[160];
};
int request_read(struct request *r, const void *data, size_t len);

/* answer.c */
void answer_text(struct store *s, struct client *c, const struct text *text, const int *fds,
		 size_t nfds, struct stream *stream);
void answer_error(struct store *s, struct client *c, const struct request *r, int err);
void answer_begin(struct text *text, const char *request, int err);
void answer_event(struct store *s, struct client *c, const struct text *text);
void answers_send(struct store *s);
void client_wait(struct store *s, struct client *c, bool out);
bool client_can_write(struct store *s, struct client *c);
void doom(struct store *s, int fd);

/* unread.c */
bool has_unread(struct store *s, struct client *c);
bool unread_is_full(struct store *s, struct client *c);
bool unread_may_wait(struct store *s, const struct client *c, size_t n);
bool unread_admits(struct store *s, struct client *c, size_t n);
void unread_add(struct store *s, struct client *c, size_t n);
void unread_forget(struct store *s, struct client *c);
void stall(struct store *s, struct client *c);
void stall_end(struct client *c);
void stalled_retry(struct store *s);

/* select.c */
int select_ids(struct store *s, struct request *r, uint64_t **ret, size_t *ret_n);

/* hand.c, list.c */
void hand_out(struct store *s, struct client *c, struct request *r);
void confirm(struct store *s, struct client *c, struct request *r);
void release(struct store *s, struct client *c);
struct text *hand_message(struct store *s, struct stream *stream, struct text *text, int *fds,
			  size_t *ret_n);
bool list_entry(struct text *text, const struct entry *e);

/* queue.c */
int64_t waiting_unix(uint64_t ino);
uint64_t peer_unix(uint64_t ino);
int64_t queued_unix(int fd);

/* own.c */
bool is_own(const struct store *s, int fd);

/* put.c, remove.c */
int put_fds(struct store *s, const struct put *put, int *fds, size_t n);
void put(struct store *s, struct client *c, struct request *r);
void remove_request(struct store *s, struct client *c, struct request *r);
void remove_entry(struct store *s, struct entry *e, const char *event);
void remove_older(struct store *s, struct name *name, uint64_t than);
void remove_ids(struct store *s, const uint64_t *ids, size_t n, const char *event,
		const struct done_request *done);
void remove_called(struct store *s, struct name *name, const char *event);
void remove_expired(struct store *s, int64_t now);

/* watch.c */
void watch(struct store *s, struct client *c, struct request *r);
void watch_tell(struct store *s, const char *what, const struct entry *e);
void watch_tell_state(struct store *s);
void watch_send(struct store *s);
void status(struct store *s, struct client *c, const struct request *r);
void adopted(struct store *s, struct client *c, struct request *r);

/* upgrade.c */
void upgrade(struct store *s, struct client *c, struct request *r);
void upgrade_now(struct store *s);

/* evict.c */
void evict_watch(struct store *s, struct entry *e);
void evict_forget(struct store *s, struct entry *e);
void evict_hung_up(struct store *s, uint64_t id);
void evict_go_on(struct store *s);

/* notify.c */
void notify_read(struct store *s);

/* clients.c */
void clients_accept(struct store *s);
void client_read(struct store *s, struct client *c);
void client_end(struct store *s, struct client *c, bool read_all);
void clients_free(struct store *s);
void clients_end_idle(struct store *s);
void clients_forget(struct store *s); /* in a child that is no broker */

#endif
