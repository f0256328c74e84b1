/* SPDX-License-Identifier: MIT
 * scripts.c - peers in other languages: bench/scripts/, run as children.
 *
 * A script is called with MODE and N: "self" sends N descriptors in a message to itself, from 3 to 4;
 * "ping" and "pong" are the two sides of a round trip on 3.  What is sent are 5, 6, ...; pong sends 6. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES 5

static const struct {
	const char *name, *interpreter, *file;
	size_t most;
} scripts[] = {
	{"Python", "python3", "send_fds.py", MOST},
	{"Ruby", "ruby", "send_io.rb", MOST},
	{"Perl", "perl", "fdpass.pl", 1},
	{"Node", "node", "usocket.js", 64}, /* its receiver loses what is more */
};
#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

static void start(struct child *c, size_t i, int core, const char *mode, size_t n,
		  const int socks[2])
{
	const char *folder = getenv("BENCH_SCRIPTS");
	char path[4096], count[16];
	const char *argv[] = {scripts[i].interpreter, path, mode, count, NULL};
	int fds[MOST + 2];

	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "bench/scripts",
		 scripts[i].file);
	snprintf(count, sizeof(count), "%zu", n);
	fds[0] = socks[0];
	fds[1] = socks[1];
	for (size_t k = 0; k < MOST; k++)
		fds[SAMPLES - 3 + k] = samples(false)[k];
	child_exec(c, core, argv, fds, n + 1 + SAMPLES - 3); /* pong's sample too */
}

/* It is left out if its interpreter is missing (127) or says that a module is. */
#define MISSING 77

static bool is_there(struct child *c, const char *name)
{
	int status;

	if (child_ready(c))
		return true;
	status = child_kill(c);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != MISSING && WEXITSTATUS(status) != 127))
		wrong(name, "has failed");
	fprintf(stderr, "bench: %s is not installed: left out\n", name);
	return false;
}

size_t scripts_one(struct child *children, struct runner *runners, bool many)
{
	size_t n = 0;

	for (size_t i = 0; i < SCRIPTS; i++) {
		size_t fds = many ? scripts[i].most : 1;
		int socks[2];

		if (!wanted(scripts[i].name))
			continue;
		socketpair_or_die(SOCK_STREAM, socks);
		start(&children[n], i, 0, "self", fds, socks);
		close(socks[0]);
		close(socks[1]);
		if (!is_there(&children[n], scripts[i].name))
			continue;
		runners[n] = (struct runner){.name = scripts[i].name,
					     .run = child_run,
					     .arg = &children[n],
					     .per_unit = (double)fds};
		n++;
	}
	return n;
}

size_t scripts_trip(struct pair *pairs, struct runner *runners, bool two_cores)
{
	size_t n = 0;

	for (size_t i = 0; i < SCRIPTS; i++) {
		struct pair *p = &pairs[n];
		int socks[2];

		if (!wanted(scripts[i].name))
			continue;
		socketpair_or_die(SOCK_STREAM, socks);
		start(&p->sides[0], i, 0, "ping", 1, (int[]){socks[0], samples(false)[0]});
		start(&p->sides[1], i, two_cores, "pong", 1, (int[]){socks[1], samples(false)[0]});
		close(socks[0]);
		close(socks[1]);
		if (!is_there(&p->sides[0], scripts[i].name)) {
			child_kill(&p->sides[1]);
			continue;
		}
		runners[n] = (struct runner){.name = scripts[i].name,
					     .run = child_run,
					     .arg = &p->sides[0],
					     .per_unit = 1};
		n++;
	}
	return n;
}
