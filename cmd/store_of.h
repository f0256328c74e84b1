/* SPDX-License-Identifier: MIT
 * store_of.h - what the commands share that are clients of a store. */
#ifndef FDFERRY_STORE_OF_H
#define FDFERRY_STORE_OF_H

#include <limits.h>

#include "cmd.h"
#include "fdferry/store.h"

/* Rows of their tables, read by store_option. */
enum { OPT_STORE = 's', OPT_STORE_TIMEOUT = 512, OPT_PATTERN, OPT_ID };
#define STORE_ROW                                                                                  \
	{                                                                                          \
		OPT_STORE, "store", "DIR",                                                         \
			"the directory of the store; else $FDFERRY_STORE, or the default"          \
	}
#define STORE_TIMEOUT_ROW                                                                          \
	{                                                                                          \
		OPT_STORE_TIMEOUT, "timeout", "TIME", "how long to wait for the store (5s)"        \
	}
#define PATTERN_ROW                                                                                \
	{                                                                                          \
		OPT_PATTERN, "pattern", "PATTERN", "all whose name matches, such as 'web*'"        \
	}
#define ID_ROW                                                                                     \
	{                                                                                          \
		OPT_ID, "id", "N", "the one with this id; more than once"                          \
	}

enum { MOST_IDS = 64 };

/* A store, and what of it is meant. */
struct store_of {
	const char *given;  /* --store */
	char dir[PATH_MAX]; /* which it is, for messages */
	struct ferry_store *store;
	int timeout_ms; /* from opening it to the last answer */
	int64_t end_ms;
	char **names;
	size_t nnames;
	const char *pattern;
	uint64_t ids[MOST_IDS];
	size_t nids;
};

/* store_of.c */
void store_of_init(struct store_of *s);
int store_option(struct store_of *s, int id, char *value); /* 0, or -1 (said) */
int store_names(struct store_of *s, char **names, int n);  /* an exit code */
bool store_selects(const struct store_of *s);
int store_find(struct store_of *s); /* dir; an exit code (said) */
int store_open(struct store_of *s); /* likewise */
void store_close(struct store_of *s);
void store_request(const struct store_of *s, struct ferry_request *r);
void store_deadline(const struct store_of *s, uint32_t *flags, int32_t *timeout_ms);
int store_status(const struct store_of *s, struct ferry_status *ret,
		 const char *verb); /* likewise */
int store_fail(const struct store_of *s, const char *verb, int err, const char *why);
int check_name(const char *name); /* 0, or -1 (said) */

/* fetch.c: what get, take and exec have in common */
struct fetched {
	int *fds;
	struct ferry_held *held;
	size_t n;
};
int try_fetch(struct store_of *s, bool take, uint32_t flags, struct fetched *ret, const char **why);
int fetch(struct store_of *s, bool take, uint32_t flags, struct fetched *ret);
char *fetched_names(const struct fetched *f, size_t from);
void fetched_free(struct fetched *f); /* what is still in fds is closed */
int check_take(const struct store_of *s, char **command);

/* held.c: what a store holds, as text */
const char *owner_name(uid_t uid);
void print_json_lines(FILE *out, const char *lines);
void print_json_held(const struct ferry_held *h);
void short_time(char *text, size_t size, int64_t ms);
void short_size(char *text, size_t size, int64_t bytes);

/* limits.c */
int list_limits(struct store_of *s, bool json); /* an exit code */

/* store_names.c: for complete.c */
void offer_store_names(const char *dir);

/* listeners.c */
struct listener {
	int fd;
	char name[FERRY_NAME_SIZE];
};
int copy_listeners(const char *pid, struct listener **ret, size_t *ret_n); /* an exit code */

#endif
