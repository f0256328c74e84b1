/* SPDX-License-Identifier: MIT
 * main.c - the benchmark's options, and the scenarios in their order. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct options options = {.rounds = 31, .target_ns = 10e6};

_Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
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

static void one_stream(void)
{
	scenario_one(SOCK_STREAM, false);
}

static void one_dgram(void)
{
	scenario_one(SOCK_DGRAM, false);
}

static void one_seqpacket(void)
{
	scenario_one(SOCK_SEQPACKET, false);
}

static void many_stream(void)
{
	scenario_one(SOCK_STREAM, true);
}

static void many_dgram(void)
{
	scenario_one(SOCK_DGRAM, true);
}

static void many_seqpacket(void)
{
	scenario_one(SOCK_SEQPACKET, true);
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *what;
} scenarios[] = {
	{"one-stream", one_stream, "one descriptor per message, one process on one core"},
	{"one-dgram", one_dgram, "the same with datagrams"},
	{"one-seqpacket", one_seqpacket, "the same with seqpacket"},
	{"many-stream", many_stream, "as many per message as it takes, one process on one core"},
	{"many-dgram", many_dgram, "the same with datagrams"},
	{"many-seqpacket", many_seqpacket, "the same with seqpacket"},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

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
		scenarios[i].run();
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
		fprintf(to, "  %-16s %s\n", scenarios[i].name, scenarios[i].what);
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
