/* SPDX-License-Identifier: MIT
 * check.c - fdferry check: is a store healthy. */
#include "store_of.h"

#include "cmd.h"

#include <errno.h>
#include <string.h>

#define NEARLY_FULL 95 /* per cent: time to do something about it, and still room to do it in */

/* Why it is not healthy, or NULL. */
static const char *what_ails(const struct ferry_status *st)
{
	if (st->broker <= 0)
		return "the broker is missing";
	if (st->keeper <= 0)
		return "the keeper is missing: what is put now has one copy";
	if (st->max_fds > 0 && (double)st->held >= (double)st->max_fds * NEARLY_FULL / 100)
		return "it is nearly full: remove some, or start it with a higher --max-fds";
	if (strcmp(st->above, "behind") == 0)
		return "the manager above does not read: what is put now would not survive the "
		       "store";
	if (st->max_own_fds > 0 &&
	    (double)st->own_fds >= (double)st->max_own_fds * NEARLY_FULL / 100)
		return "this user has nearly filled it: remove some, or start it with a higher "
		       "--max-fds-per-owner";
	return NULL;
}

static void print_json_pid(const char *key, pid_t pid)
{
	if (pid > 0)
		printf(",\"%s\":%ld", key, (long)pid);
	else
		printf(",\"%s\":null", key);
}

static void print_json_limits(const struct ferry_status *st)
{
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{"own_fds", st->own_fds},         {"max_own_fds", st->max_own_fds},
		{"own_clients", st->own_clients}, {"max_own_clients", st->max_own_clients},
		{"unread", st->unread},           {"max_unread", st->max_unread},
		{"idle_ms", st->idle_ms},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		printf(",\"%s\":%llu", numbers[i].key, (unsigned long long)numbers[i].value);
}

static void print_json(const struct ferry_status *st, const char *why)
{
	printf("{\"healthy\":%s,\"why\":", why == NULL ? "true" : "false");
	print_json_text(stdout, why != NULL ? why : "");
	printf(",\"held\":%llu,\"max_fds\":%llu,\"clients\":%llu,\"max_clients\":%llu",
	       (unsigned long long)st->held, (unsigned long long)st->max_fds,
	       (unsigned long long)st->clients, (unsigned long long)st->max_clients);
	print_json_pid("parent", st->parent);
	print_json_pid("broker", st->broker);
	print_json_pid("keeper", st->keeper);
	print_json_limits(st);
	printf(",\"replaced\":%llu,\"version\":", (unsigned long long)st->replaced);
	print_json_text(stdout, st->version);
	printf(",\"above\":");
	print_json_text(stdout, st->above);
	printf(",\"state\":");
	print_json_lines(stdout, st->state);
	printf(",\"sandbox\":");
	print_json_text(stdout, st->sandbox);
	printf("}\n");
}

static void print_line(const struct ferry_status *st, const char *why)
{
	printf("%s%s: %llu of %llu descriptors, %llu of %llu clients, parent %ld, broker %ld, "
	       "keeper %ld, replaced %llu time%s, sandbox %s\n",
	       why == NULL ? "healthy" : "not healthy: ", why != NULL ? why : "",
	       (unsigned long long)st->held, (unsigned long long)st->max_fds,
	       (unsigned long long)st->clients, (unsigned long long)st->max_clients,
	       (long)st->parent, (long)st->broker, (long)st->keeper,
	       (unsigned long long)st->replaced, st->replaced == 1 ? "" : "s",
	       st->sandbox[0] != '\0' ? st->sandbox : "unknown");
}

static int check(struct store_of *s, bool json)
{
	struct ferry_status st = {0};
	const char *why;
	int status = store_open(s);

	if (status != EXIT_DONE)
		return status;
	status = store_status(s, &st, "ask for the status");
	store_close(s);
	if (status != EXIT_DONE)
		return status;
	why = what_ails(&st);
	(json ? print_json : print_line)(&st, why);
	if (fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return why == NULL ? EXIT_DONE : EXIT_REFUSED;
}

static const struct option_row rows[] = {
	STORE_ROW,
	STORE_TIMEOUT_ROW,
	{'j', "json", NULL, "one JSON object"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_check, .argc = argc, .argv = argv};
	struct store_of s;
	bool json = false;
	int id;

	store_of_init(&s);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_check);
			return EXIT_DONE;
		}
		json |= id == 'j';
		if (id == OPTION_WRONG || (id != 'j' && store_option(&s, id, o.value) < 0))
			return EXIT_USAGE;
	}
	if (o.at < argc)
		return say(EXIT_USAGE, "'%s' is too much: the store is given with --store",
			   argv[o.at]);
	return check(&s, json);
}

const struct command cmd_check = {
	.name = "check",
	.synopsis = "",
	.about = "Says in one line whether a store is healthy; the exit status says it too.",
	.options = rows,
	.run = run,
};
