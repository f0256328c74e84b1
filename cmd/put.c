/* SPDX-License-Identifier: MIT
 * put.c - fdferry put: opens what is asked for and gives it to a store to keep. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct put {
	struct store_of store;
	const char *name;
	const char *listeners_of; /* or NULL */
	uint32_t flags;
	int ttl_ms; /* 0: for ever */
	char **what;
	int fds[FERRY_MAX_FDS];
	size_t nfds;
	bool gone; /* the store has them: a file that was made for one stays */
};

/* Nothing is put unless all of them could be opened. */
static int open_all(struct put *p, int n)
{
	if (n > FERRY_MAX_FDS)
		return say(EXIT_USAGE, "%d descriptors: one put takes at most %d", n,
			   FERRY_MAX_FDS);
	for (int i = 0; i < n; i++) {
		int fd = open_endpoint(p->what[i]);

		if (fd < 0)
			return -fd;
		p->fds[p->nfds++] = fd;
	}
	return EXIT_DONE;
}

static int put_under(struct put *p, const char *name, int *fds, size_t nfds)
{
	char *names[] = {(char *)name};
	struct ferry_request r = {.fds = fds,
				  .nfds = nfds,
				  .ttl_ms = (uint64_t)p->ttl_ms,
				  .flags = p->flags};
	int err;

	p->store.names = names;
	p->store.nnames = 1;
	store_request(&p->store, &r);
	err = ferry_put(p->store.store, &r, sizeof(r));
	if (err < 0)
		err = store_fail(&p->store, "put", err, r.why);
	p->store.names = NULL;
	p->store.nnames = 0;
	return err;
}

static int put_opened(struct put *p, int n)
{
	int status = open_all(p, n);

	if (status == EXIT_DONE)
		status = store_open(&p->store);
	if (status == EXIT_DONE)
		status = put_under(p, p->name, p->fds, p->nfds);
	p->gone = status == EXIT_DONE;
	for (size_t i = 0; i < p->nfds && !p->gone; i++)
		take_back(p->fds[i], p->what[i]);
	ferry_close_all(p->fds, p->nfds);
	return status;
}

/* What it is called is news to who has not said it. */
static int tell(const struct put *p, const struct listener *l)
{
	char before[FERRY_NAME_SIZE + 2];
	int err;

	snprintf(before, sizeof(before), "%s: ", p->name != NULL ? p->name : l->name);
	err = print_descriptor(l->fd, false, before);
	if (err < 0)
		return say(EXIT_REFUSED, "cannot tell what a descriptor is: %s", strerror(-err));
	return EXIT_DONE;
}

/* Under one name in one step, as far as a message goes. */
static int put_together(struct put *p, const struct listener *l, size_t n)
{
	int status = EXIT_DONE;

	for (size_t at = 0; at < n && status == EXIT_DONE; at += p->nfds) {
		for (p->nfds = 0; p->nfds < FERRY_MAX_FDS && at + p->nfds < n; p->nfds++)
			p->fds[p->nfds] = l[at + p->nfds].fd;
		status = put_under(p, p->name, p->fds, p->nfds);
		/* The rest goes behind these, and not instead of them. */
		p->flags &= ~(uint32_t)(FERRY_REPLACE | FERRY_NEW);
	}
	return status;
}

/* Each under its own; listeners that share one are put together, or --replace would keep the last. */
static int put_apart(struct put *p, const struct listener *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t same = 0, seen = 0;
		int status;

		for (size_t j = 0; j < n && same < FERRY_MAX_FDS; j++)
			if (strcmp(l[i].name, l[j].name) == 0) {
				seen += j < i;
				p->fds[same++] = l[j].fd;
			}
		if (seen > 0)
			continue;
		status = put_under(p, l[i].name, p->fds, same);
		if (status != EXIT_DONE)
			return i == 0 ? status
				      : say(status, "the %zu before it are in the store", i);
	}
	return EXIT_DONE;
}

static int put_listeners(struct put *p)
{
	struct listener *l = NULL;
	size_t n = 0;
	int status = copy_listeners(p->listeners_of, &l, &n);

	if (status != EXIT_DONE)
		return status;
	status = store_open(&p->store);
	if (status == EXIT_DONE)
		status = p->name != NULL ? put_together(p, l, n) : put_apart(p, l, n);
	for (size_t i = 0; i < n && status == EXIT_DONE; i++)
		status = tell(p, &l[i]);
	if (status == EXIT_DONE && fflush(stdout) != 0)
		status = say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	for (size_t i = 0; i < n; i++)
		close(l[i].fd);
	free(l);
	return status;
}

enum { OPT_REPLACE = 256, OPT_NEW, OPT_TTL, OPT_EVICT, OPT_LISTENERS };
static const struct option_row rows[] = {
	STORE_ROW,
	{OPT_REPLACE, "replace", NULL, "instead of all that are called so, in one step"},
	{OPT_NEW, "new", NULL, "fail if something is called so"},
	{OPT_TTL, "ttl", "TIME", "how long the store keeps them: 30s, 10m; for ever if left out"},
	{OPT_EVICT, "evict", NULL, "the store drops one that hangs up"},
	{OPT_LISTENERS, "listeners-of", "PID",
	 "copies of what the process listens on, as NAME, or each as its address"},
	STORE_TIMEOUT_ROW,
	{'h', "help", NULL, "this text"},
	{0},
};

static int set_option(struct put *p, int id, char *value)
{
	switch (id) {
	case OPT_REPLACE:
		p->flags |= FERRY_REPLACE;
		return 0;
	case OPT_NEW:
		p->flags |= FERRY_NEW;
		return 0;
	case OPT_EVICT:
		p->flags |= FERRY_EVICT;
		return 0;
	case OPT_TTL:
		if (parse_duration(value, &p->ttl_ms) < 0)
			return -1;
		return p->ttl_ms > 0 ? 0 : say(-1, "--ttl %s: leave it out for no limit", value);
	case OPT_LISTENERS:
		p->listeners_of = value;
		return 0;
	default:
		return store_option(&p->store, id, value);
	}
}

static int check_operands(struct put *p, int n)
{
	if ((p->flags & FERRY_REPLACE) != 0 && (p->flags & FERRY_NEW) != 0)
		return say(EXIT_USAGE, "only one of --replace and --new can hold");
	if (p->listeners_of != NULL && n > 1)
		return say(EXIT_USAGE, "--listeners-of says what to put: only a name goes with it");
	if (p->listeners_of == NULL && n < 2)
		return say(EXIT_USAGE, "a name and what to put are needed: fdferry put %s",
			   cmd_put.synopsis);
	return p->name != NULL && check_name(p->name) < 0 ? EXIT_USAGE : EXIT_DONE;
}

static int put(struct put *p, int n)
{
	int status = p->listeners_of != NULL ? put_listeners(p) : put_opened(p, n - 1);

	store_close(&p->store);
	return status;
}

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_put, .argc = argc, .argv = argv};
	struct put p = {0};
	int id, status;

	store_of_init(&p.store);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_put);
			return EXIT_DONE;
		}
		if (id == OPTION_WRONG || set_option(&p, id, o.value) < 0)
			return EXIT_USAGE;
	}
	p.name = o.at < argc ? argv[o.at] : NULL;
	p.what = argv + o.at + 1;
	status = check_operands(&p, argc - o.at);
	return status == EXIT_DONE ? put(&p, argc - o.at) : status;
}

const struct command cmd_put = {
	.name = "put",
	.synopsis = "NAME WHAT...",
	.about = "Puts descriptors of WHAT (a PATH, tcp-listen::80, ...) into a store, as NAME.\n"
		 "They go behind those that are called so already.",
	.options = rows,
	.print_more = print_endpoints,
	.run = run,
};
