/* SPDX-License-Identifier: MIT
 * exec.c - fdferry exec: becomes a command that has descriptors of a store, as a service manager would
 * have started it.  No process of ours stays: fit to be the first program of a container. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIDFS_MAGIC 0x50494446

struct exec {
	struct store_of store;
	char **command;
	bool take, optional;
	uint32_t flags;
	struct fetched got;
	char limit[24];            /* of the store: FDSTORE */
	char notify[PATH_MAX + 8]; /* NOTIFY_SOCKET */
};

/* 1, 0, or -errno. */
static int is_there(const struct exec *e, struct ferry_request *r)
{
	int got, n = 0;

	store_deadline(&e->store, &r->flags, &r->timeout_ms);
	got = ferry_list(e->store.store, r, sizeof(*r));
	while (got >= 0) {
		struct ferry_held held = {0};
		uint32_t flags = 0;
		int32_t timeout_ms;

		store_deadline(&e->store, &flags, &timeout_ms);
		got = ferry_next(e->store.store, &held, sizeof(held), flags, timeout_ms);
		if (got == 0)
			return n > 0;
		n++;
	}
	return got == -ENOENT ? 0 : got;
}

/* What is not there is no longer asked for. */
static int leave_out(struct exec *e)
{
	size_t n = 0;
	int found;

	for (size_t i = 0; i < e->store.nnames; i++) {
		const char *name = e->store.names[i];
		struct ferry_request r = {.names = &name, .nnames = 1};

		found = is_there(e, &r);
		if (found < 0)
			return found;
		if (found > 0)
			e->store.names[n++] = e->store.names[i];
	}
	e->store.nnames = n;
	if (e->store.pattern != NULL) {
		struct ferry_request r = {.pattern = e->store.pattern};

		found = is_there(e, &r);
		if (found < 0)
			return found;
		if (found == 0)
			e->store.pattern = NULL;
	}
	return 0;
}

/* One that goes between the question and the call is not there either: asked again. */
static int fetch_optional(struct exec *e)
{
	const char *why = NULL;
	int err = -ENOENT;

	while (err == -ENOENT) {
		why = NULL;
		err = leave_out(e);
		if (err < 0 || !store_selects(&e->store))
			break;
		err = try_fetch(&e->store, e->take, e->flags, &e->got, &why);
	}
	return err < 0 ? store_fail(&e->store, e->take ? "take" : "get", err, why) : EXIT_DONE;
}

/* Before anything is taken: what can fail has failed by then. */
static int ask_store(struct exec *e)
{
	struct ferry_status st = {0};
	char dir[PATH_MAX];
	uint32_t flags = 0;
	int32_t timeout_ms;
	int err;

	if (realpath(e->store.dir, dir) == NULL)
		return say(EXIT_REFUSED, "cannot find the store %s: %s", e->store.dir,
			   strerror(errno));
	snprintf(e->notify, sizeof(e->notify), "%s/notify", dir);
	store_deadline(&e->store, &flags, &timeout_ms);
	err = ferry_store_status(e->store.store, &st, sizeof(st), flags, timeout_ms);
	if (err < 0)
		return store_fail(&e->store, "ask for the limit", err, NULL);
	snprintf(e->limit, sizeof(e->limit), "%llu", (unsigned long long)st.max_fds);
	return EXIT_DONE;
}

/* The inode of a process's pidfd is never another's, where pidfs has one (Linux 6.9). */
static int set_pidfd_inode(void)
{
	char inode[24];
	struct statfs fs;
	struct stat st;
	int fd = try_pidfd(getpid()), err = 0;

	if (fd < 0)
		return 0; /* LISTEN_PID has to do */
	/* Where ino_t has 32 bits it is half of the number, which a reader of 64 bits would refuse. */
	if (sizeof(st.st_ino) == sizeof(uint64_t) && fstatfs(fd, &fs) == 0 &&
	    (uint64_t)fs.f_type == PIDFS_MAGIC && fstat(fd, &st) == 0) {
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)st.st_ino);
		err = setenv("LISTEN_PIDFDID", inode, 1);
	}
	close(fd);
	return err;
}

static int set_environment(const struct exec *e, const struct child *c)
{
	int err = child_environment(c, c->nfds) | setenv("NOTIFY_SOCKET", e->notify, 1) |
		  setenv("FDSTORE", e->limit, 1);

	if (err == 0 && c->nfds > 0)
		err = set_pidfd_inode();
	return err;
}

/* Returns only if it fails.  What has been taken for it then is lost, and so that is said. */
static int become(const struct exec *e)
{
	const char *lost = e->take && e->got.n > 0 ? ": what was taken for it is lost" : "";
	char *names = fetched_names(&e->got, 0);
	struct child c = {.argv = e->command, .fds = e->got.fds, .nfds = e->got.n};
	char **words;
	int err;

	if (names == NULL)
		return EXIT_REFUSED;
	c.names = c.nfds > 0 ? names : NULL;
	words = fill_words(&c);
	if (words == NULL) {
		free(names);
		return EXIT_REFUSED;
	}
	if (set_environment(e, &c) == 0 && child_place(&c) == 0)
		execvp(words[0], words);
	err = errno;
	say(0, "cannot run '%s': %s%s", words[0], strerror(err), lost);
	free_words(words);
	free(names);
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static int run_it(struct exec *e)
{
	int status = e->take ? check_take(&e->store, e->command) : EXIT_DONE;

	if (status == EXIT_DONE)
		status = store_open(&e->store);
	if (status != EXIT_DONE)
		return status;
	status = ask_store(e);
	if (status == EXIT_DONE)
		status = e->optional ? fetch_optional(e)
				     : fetch(&e->store, e->take, e->flags, &e->got);
	store_close(&e->store); /* its number may be one of CMD's */
	if (status == EXIT_DONE)
		status = become(e);
	fetched_free(&e->got);
	return status;
}

enum { OPT_TAKE = 256, OPT_OPTIONAL, OPT_RESTORE };
static const struct option_row rows[] = {
	STORE_ROW,
	PATTERN_ROW,
	STORE_TIMEOUT_ROW,
	{OPT_TAKE, "take", NULL, "remove them from the store: nobody else gets them"},
	{OPT_OPTIONAL, "optional", NULL, "leave out what is not there"},
	{OPT_RESTORE, "restore-flags", NULL, "set the file status flags that they were put with"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int set_option(struct exec *e, int id, char *value)
{
	switch (id) {
	case OPT_TAKE:
		e->take = true;
		return 0;
	case OPT_OPTIONAL:
		e->optional = true;
		return 0;
	case OPT_RESTORE:
		e->flags |= FERRY_RESTORE_FLAGS;
		return 0;
	default:
		return store_option(&e->store, id, value);
	}
}

static int run(int argc, char **argv)
{
	struct exec e = {0};
	struct options o = {.command = &cmd_exec};
	int id, status = split_command(&o, argc, argv, &e.command);

	if (status != EXIT_DONE)
		return status;
	store_of_init(&e.store);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_exec);
			return EXIT_DONE;
		}
		if (id == OPTION_WRONG || set_option(&e, id, o.value) < 0)
			return EXIT_USAGE;
	}
	status = store_names(&e.store, o.argv + o.at, o.argc - o.at);
	if (status != EXIT_DONE)
		return status;
	if (!store_selects(&e.store) || e.command == NULL)
		return say(EXIT_USAGE, "a name and a command behind -- are needed: fdferry exec %s",
			   cmd_exec.synopsis);
	return run_it(&e);
}

const struct command cmd_exec = {
	.name = "exec",
	.synopsis = "NAME... -- CMD [ARG...]",
	.about = "Becomes CMD with descriptors of a store, as a service manager would start it.\n"
		 "They are 3, 4, ...; LISTEN_FDS, LISTEN_FDNAMES, NOTIFY_SOCKET and FDSTORE are "
		 "set.",
	.options = rows,
	.run = run,
};
