/* SPDX-License-Identifier: MIT
 * kill_audit.c - a client's ledger against what the store lists and gives. */
#include "kill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 64 /* names in one request: they must fit into a message */

/* Which of the client's names that is; nnames if none. */
static size_t name_number(const struct kill_client *c, const char *name)
{
	char text[KILL_NAME];
	const char *dot = strchr(name, '.');
	size_t k = dot == NULL ? c->nnames : strtoul(dot + 1, NULL, 10);

	if (k >= c->nnames)
		return c->nnames;
	kill_name_of(c, k, text);
	return strcmp(text, name) == 0 ? k : c->nnames;
}

static bool is_serial_kept(const struct kill_client *c, uint64_t serial)
{
	for (size_t k = 0; k < c->nnames; k++)
		for (size_t i = 0; i < c->names[k].n; i++)
			if (c->names[k].kept[i].serial == serial)
				return true;
	return false;
}

/* An id that the ledger does not have: what is in there tells where it comes from. */
static void classify(struct kill_client *c, uint64_t id, const char *name)
{
	int fd = -1, result;
	struct ferry_request r = {.ids = &id, .nids = 1, .fds = &fd, .max_fds = 1};
	const char *what = "strange";
	uint64_t serial;

	result = kill_request(c, ferry_get, &r);
	serial = result == 1 ? kill_identity(fd) : 0;
	if (result == 1)
		ferry_close_all(&fd, 1);
	if (serial == 0 || serial > c->serial) {
		c->told->strange++;
	} else if (is_serial_kept(c, serial)) {
		what = "doubled";
		c->told->doubled++;
	} else {
		what = "resurrected";
		c->told->resurrected++;
	}
	kill_complain(c->shared, "%s: id %llu of %s, serial %llu", what, (unsigned long long)id,
		      name, (unsigned long long)serial);
}

/* An entry of the list: seen[k] counts those of name k, which come in the order of the ledger. */
static void check_entry(struct kill_client *c, const struct ferry_held *held, size_t *seen,
			uint64_t *extra, size_t *nextra)
{
	size_t k = name_number(c, held->name);
	struct kill_name *name = &c->names[k < c->nnames ? k : 0];

	if (k < c->nnames && seen[k] < name->n && name->kept[seen[k]].id == held->id) {
		seen[k]++;
		return;
	}
	if (k < c->nnames)
		name->changed = true;
	if (*nextra < KILL_COMPLAINTS)
		extra[(*nextra)++] = held->id;
	else
		c->told->strange++;
}

/* A list that the store does not give is told; of no names it is empty, or -ENOENT. */
static int list_own(struct kill_client *c, struct ferry_request *r, char pattern[KILL_NAME])
{
	int result;

	snprintf(pattern, KILL_NAME, "c%u.*", c->number);
	r->pattern = pattern;
	result = kill_request(c, ferry_list, r);
	if (result < 0 && !(result == -ENOENT && atomic_load(&c->told->held) == 0)) {
		c->told->wrong++;
		kill_complain(c->shared, "list: %s", strerror(-result));
	}
	return result;
}

/* The whole list of the client's names: what is lost, and what should not be there. */
static void check_list(struct kill_client *c)
{
	size_t *seen = calloc(c->nnames, sizeof(*seen)), nextra = 0;
	uint64_t extra[KILL_COMPLAINTS];
	struct ferry_held held = {0};
	struct ferry_request r = {0};
	char pattern[KILL_NAME], text[KILL_NAME];
	int result;

	CHECK(seen != NULL);
	result = list_own(c, &r, pattern) == 0;
	while (result == 1 &&
	       (result = ferry_next(c->store, &held, sizeof(held), 0, KILL_DEADLINE)) == 1)
		check_entry(c, &held, seen, extra, &nextra);
	if (result < 0) {
		c->told->wrong++;
		kill_complain(c->shared, "the list: %s", strerror(-result));
	}
	for (size_t k = 0; k < c->nnames; k++) {
		if (seen[k] >= c->names[k].n)
			continue;
		kill_name_of(c, k, text);
		c->told->lost += c->names[k].n - seen[k];
		c->names[k].changed = true;
		kill_complain(c->shared, "lost: %zu of %zu called %s, the first of them id %llu",
			      c->names[k].n - seen[k], c->names[k].n, text,
			      (unsigned long long)c->names[k].kept[seen[k]].id);
	}
	for (size_t i = 0; i < nextra; i++)
		classify(c, extra[i], "the list");
	free(seen);
}

/* Descriptors of several names at once, each against the ledger. */
static void check_some(struct kill_client *c, const size_t *which, size_t n, size_t total)
{
	static struct ferry_held held[2 * FERRY_MAX_FDS];
	static int fds[2 * FERRY_MAX_FDS];
	char text[AT_ONCE][KILL_NAME];
	const char *names[AT_ONCE];
	struct ferry_request r = {.names = names,
				  .nnames = n,
				  .fds = fds,
				  .max_fds = 2 * FERRY_MAX_FDS,
				  .held = held,
				  .held_size = sizeof(held[0])};
	size_t at = 0;
	int result;

	for (size_t i = 0; i < n; i++) {
		kill_name_of(c, which[i], text[i]);
		names[i] = text[i];
	}
	result = kill_request(c, ferry_get, &r);
	if (result < 0 || (size_t)result != total) {
		c->told->wrong++;
		kill_complain(c->shared, "get of %zu names: %d instead of %zu", n, result, total);
	}
	for (size_t i = 0; result >= 0 && i < n; i++) {
		const struct kill_name *name = &c->names[which[i]];

		for (size_t j = 0; j < name->n && at < r.nfds; j++, at++) {
			c->told->audited++;
			if (kill_identity(fds[at]) == name->kept[j].serial &&
			    held[at].id == name->kept[j].id && strcmp(held[at].name, names[i]) == 0)
				continue;
			c->told->strange++;
			kill_complain(c->shared, "%s: place %zu has id %llu, serial %llu", names[i],
				      j, (unsigned long long)held[at].id,
				      (unsigned long long)kill_identity(fds[at]));
		}
	}
	ferry_close_all(fds, r.nfds);
}

static void check_identities(struct kill_client *c, bool all)
{
	size_t which[AT_ONCE], n = 0, total = 0;

	for (size_t k = 0; k < c->nnames; k++) {
		struct kill_name *name = &c->names[k];

		if (name->n == 0 || (!all && !name->changed))
			continue;
		if (n == AT_ONCE || total + name->n > 2 * FERRY_MAX_FDS) {
			check_some(c, which, n, total);
			n = total = 0;
		}
		which[n++] = k;
		total += name->n;
		name->changed = false;
	}
	if (n > 0)
		check_some(c, which, n, total);
}

void kill_audit(struct kill_client *c, bool all)
{
	check_list(c);
	check_identities(c, all);
}
