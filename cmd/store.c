/* SPDX-License-Identifier: MIT
 * store.c - fdferry store: keeps descriptors; store/ is what it does. */
#include "cmd.h"

#include "../store/daemon.h"
#include "fdferry/service.h"
#include "store_of.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPT_MODE = 256,
	OPT_READY,
	OPT_MAX_FDS,
	OPT_MAX_CLIENTS,
	OPT_PATIENCE,
	OPT_NO_SANDBOX,
	OPT_OWN_FDS,
	OPT_OWN_CLIENTS,
	OPT_UNREAD,
	OPT_IDLE,
	OPT_INHERIT
};

struct ready {
	const char *dir;
	int fd; /* to tell, or -1 */
};

/* Three ways to say it, for a person, for s6 and its like, and for systemd. */
static void tell_ready(void *arg)
{
	const struct ready *ready = arg;
	char lines[64];
	struct ferry_note note = {.lines = lines, .timeout_ms = 5000};

	fprintf(stderr, "fdferry store: ready: %s\n", ready->dir);
	if (ready->fd >= 0) {
		if (write(ready->fd, "\n", 1) < 0)
			say(EXIT_REFUSED, "cannot write to --ready-fd %d: %s", ready->fd,
			    strerror(errno));
		close(ready->fd);
	}
	snprintf(lines, sizeof(lines), "READY=1\nMAINPID=%ld", (long)getpid());
	if (ferry_notify(&note, sizeof(note)) < 0)
		say(EXIT_REFUSED, "cannot tell NOTIFY_SOCKET: %s", strerror(errno));
}

static const struct option_row rows[] = {
	{'s', "store", "DIR", "the directory; else $FDFERRY_STORE, else the default one"},
	{OPT_MODE, "mode", "MODE", "of the doors, in octal (0600): who may use the store"},
	{OPT_READY, "ready-fd", "N", "writes a newline to descriptor N when ready, and closes it"},
	{OPT_MAX_FDS, "max-fds", "N",
	 "descriptors that it holds at most (as RLIMIT_NOFILE admits)"},
	{OPT_MAX_CLIENTS, "max-clients", "N", "connections at a time (1024)"},
	{OPT_OWN_FDS, "max-fds-per-owner", "N",
	 "descriptors of one uid (as --max-fds; half of it if --mode lets others in)"},
	{OPT_OWN_CLIENTS, "max-clients-per-owner", "N",
	 "connections of one uid (as --max-clients; half of it likewise)"},
	{OPT_UNREAD, "max-unread", "N",
	 "descriptors sent to a connection that it has not read (1012)"},
	{OPT_IDLE, "idle-time", "TIME",
	 "how long a connection may say nothing until it is ended (10m); 0ms: for ever"},
	{OPT_PATIENCE, "patience", "TIME",
	 "how long a twin may stand still until it is replaced (3s); 0ms: for ever"},
	{OPT_NO_SANDBOX, "no-sandbox", NULL, "its processes keep the power they are started with"},
	{OPT_INHERIT, "inherit", "N", "goes on with what another store hands over: see upgrade"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int read_limit(const char *option, const char *value, unsigned long most, uint64_t *ret)
{
	unsigned long n;

	if (parse_count(value, most, &n) < 0)
		return -1;
	if (n == 0)
		return say(-1, "--%s 0: a store that serves nobody", option);
	*ret = n;
	return 0;
}

static int read_option(int id, const char *value, struct store_options *o, struct ready *ready)
{
	unsigned long n;
	int ms;

	switch (id) {
	case 's':
		o->dir = value;
		return 0;
	case OPT_MODE:
		return parse_mode(value, &o->mode);
	case OPT_READY:
		if (parse_count(value, INT_MAX, &n) < 0)
			return -1;
		if (fcntl((int)n, F_GETFD) < 0)
			return say(-1, "--ready-fd %s: it is not open", value);
		ready->fd = (int)n;
		return 0;
	case OPT_MAX_FDS:
		return read_limit("max-fds", value, 100000000, &o->max_fds);
	case OPT_MAX_CLIENTS:
		return read_limit("max-clients", value, 1000000, &o->max_clients);
	case OPT_OWN_FDS:
		return read_limit("max-fds-per-owner", value, 100000000, &o->max_own_fds);
	case OPT_OWN_CLIENTS:
		return read_limit("max-clients-per-owner", value, 1000000, &o->max_own_clients);
	case OPT_UNREAD:
		return read_limit("max-unread", value, 1000000, &o->max_unread);
	case OPT_IDLE:
		if (parse_duration(value, &ms) < 0)
			return -1;
		o->idle_ms = (uint64_t)ms;
		return 0;
	case OPT_NO_SANDBOX:
		o->no_sandbox = true;
		return 0;
	default:
		if (parse_duration(value, &ms) < 0)
			return -1;
		if (ms > 0 && ms < 100)
			return say(-1, "--patience %s: less than 100ms replaces what is only busy",
				   value);
		o->patience_ms = (uint32_t)ms;
		return 0;
	}
}

static int inherit(const char *value)
{
	const char *why;
	unsigned long n;
	int err;

	if (parse_count(value, INT_MAX, &n) < 0)
		return EXIT_USAGE;
	err = store_inherit((int)n, &why);
	return say(EXIT_REFUSED, "--inherit %s: %s (%s)", value, why, strerror(-err));
}

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_store, .argc = argc, .argv = argv};
	struct store_of of;
	const char *why;
	struct ready ready = {.fd = -1};
	struct store_options options = {.mode = 0600,
					.patience_ms = STORE_PATIENCE_MS,
					.idle_ms = STORE_IDLE_MS,
					.ready = tell_ready,
					.arg = &ready};
	int id, err;

	store_of_init(&of);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == OPTION_WRONG)
			return EXIT_USAGE;
		if (id == 'h') {
			print_usage(stdout, &cmd_store);
			return EXIT_DONE;
		}
		if (id == OPT_INHERIT)
			return inherit(o.value);
		if (read_option(id, o.value, &options, &ready) < 0)
			return EXIT_USAGE;
	}
	if (o.at < argc)
		return say(EXIT_USAGE, "'%s' is too much: the directory is --store DIR",
			   argv[o.at]);
	of.given = options.dir;
	if (options.dir != NULL && options.dir[0] == '\0')
		return say(EXIT_USAGE, "--store '': a directory is needed");
	err = store_find(&of);
	if (err != EXIT_DONE)
		return err;
	options.dir = of.dir;
	ready.dir = options.dir;
	err = store_run(&options, &why);
	if (err < 0)
		return say(EXIT_REFUSED, "%s: %s (%s)", options.dir, why, strerror(-err));
	return EXIT_DONE;
}

const struct command cmd_store = {
	.name = "store",
	.synopsis = "",
	.about = "Keeps descriptors for those that put them, and for services, until it is told to "
		 "end.",
	.options = rows,
	.run = run,
};
