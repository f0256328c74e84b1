/* SPDX-License-Identifier: MIT
 * main.c - the benchmark's options, and the scenarios in their order. */
#include "store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST 180 /* seconds of one scenario: then something hangs */

struct options options = {.rounds = 31, .target_ns = 10e6};

_Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	_exit(1);
}

_Noreturn void wrong(const char *name, const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", name, what);
	_exit(1);
}

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += len)
		if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

bool wanted(const char *variant)
{
	return options.only == NULL || listed(options.only, variant);
}

bool takes_part(const struct variant *v, unsigned where, int type)
{
	return (v->types & TYPE(type)) != 0 && (v->only == 0 || (v->only & where) != 0) &&
	       wanted(v->name);
}

enum kind { ONE, MANY, TRIP, FLOW, THREADS, QUEUE, STORE, DEATH };

static const struct scenario {
	const char *name;
	enum kind kind;
	int which; /* the type of the sockets, the number of cores, what is put */
	const char *what;
} scenarios[] = {
	{"one-stream", ONE, SOCK_STREAM, "one descriptor per message, in one process"},
	{"one-dgram", ONE, SOCK_DGRAM, "the same with datagrams"},
	{"one-seqpacket", ONE, SOCK_SEQPACKET, "the same with seqpacket"},
	{"many-stream", MANY, SOCK_STREAM, "as many per message as it takes, in one process"},
	{"many-dgram", MANY, SOCK_DGRAM, "the same with datagrams"},
	{"many-seqpacket", MANY, SOCK_SEQPACKET, "the same with seqpacket"},
	{"trip-1", TRIP, 1, "a descriptor there and one back, two processes on one core"},
	{"trip-2", TRIP, 2, "the same on two cores"},
	{"flow-2", FLOW, 2, "one descriptor per message one way, on two cores"},
	{"threads", THREADS, 0, "1,000 into a process with threads, and kept"},
	{"queue-one", QUEUE, 1, "memory of a queue of messages with one descriptor"},
	{"queue-many", QUEUE, 2, "the same with as many as it takes"},
	{"store-one", STORE, STORE_ONE, "a put into a store and a get, on one core"},
	{"store-connections", STORE, STORE_CONNECTIONS, "a connection for each put"},
	{"store-ahead", STORE, STORE_AHEAD, "puts, 32 of them without an answer yet"},
	{"store-many", STORE, STORE_MANY, "as many in a put as it takes"},
	{"store-limited", STORE, STORE_LIMITED, "a put beside 10,000 with the same time limit"},
	{"store-held", STORE, STORE_HELD, "a put beside 100 and beside 15,000"},
	{"store-death", DEATH, 0, "from the death of the broker to the next answer"},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static void carry_out(const struct scenario *s)
{
	switch (s->kind) {
	case ONE:
	case MANY:
		scenario_one(s->name, s->which, s->kind == MANY);
		break;
	case TRIP:
		scenario_trip(s->name, s->which == 2);
		break;
	case FLOW:
		scenario_flow(s->name);
		break;
	case THREADS:
		scenario_threads(s->name);
		break;
	case QUEUE:
		scenario_queue(s->name, s->which == 2);
		break;
	case STORE:
		scenario_store(s->name, s->which);
		break;
	case DEATH:
		scenario_store_death(s->name);
		break;
	}
}

/* A process each: what one library leaves behind is not there for the next scenario. */
static int run(size_t i)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		alarm(LONGEST);
		carry_out(&scenarios[i]);
		exit(fflush(stdout) != 0);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (status == 0)
		return 0;
	fprintf(stderr, "bench: %s failed\n", scenarios[i].name);
	return 1;
}

static _Noreturn void usage(FILE *to)
{
	fprintf(to,
		"usage: bench [--rounds N] [--ms N] [--cpu] [--only VARIANT,...] [SCENARIO...]\n"
		"  --rounds N   rounds of each scenario (31)\n"
		"  --ms N       milliseconds of each variant in a round (10)\n"
		"  --cpu        processor time instead of the clock, for a busy machine\n"
		"  --only LIST  these variants only\n"
		"Scenarios:\n");
	for (size_t i = 0; i < SCENARIOS; i++)
		fprintf(to, "  %-18s %s\n", scenarios[i].name, scenarios[i].what);
	fprintf(to, "Variants:");
	EACH_VARIANT(v)
	fprintf(to, " %s", (*v)->name);
	fprintf(to, "\n");
	exit(to == stdout ? 0 : 2);
}

static void read_options(int argc, char *argv[])
{
	static const struct option table[] = {
		{"rounds", required_argument, NULL, 'r'}, {"ms", required_argument, NULL, 'm'},
		{"cpu", no_argument, NULL, 'c'},          {"only", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'r')
			options.rounds = atoi(optarg);
		else if (c == 'm')
			options.target_ns = strtod(optarg, NULL) * 1e6;
		else if (c == 'c')
			options.cpu_time = true;
		else if (c == 'o')
			options.only = optarg;
		else
			usage(c == 'h' ? stdout : stderr);
	}
}

int main(int argc, char *argv[])
{
	struct rlimit rl;
	int failed = 0, known = 0;

	read_options(argc, argv);
	/* Queues hold many at once, and who is not root may have no more in flight than this. */
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	for (size_t i = 0; i < SCENARIOS; i++) {
		bool asked = optind == argc;

		for (int k = optind; k < argc; k++)
			asked |= strcmp(argv[k], scenarios[i].name) == 0;
		if (!asked)
			continue;
		known++;
		failed |= run(i);
	}
	if (optind < argc && known < argc - optind)
		usage(stderr);
	return failed;
}
