/* SPDX-License-Identifier: MIT
 * rounds.c - runs variants alternately in rounds, in an order that turns. */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

#define LEAST 20 /* units in a round, however slow */
#define CEILING 1000000

double now_ns(void)
{
	struct timespec t;

	clock_gettime(options.cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void pin(int core)
{
	cpu_set_t set, allowed;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		die("sched_getaffinity");
	for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set); /* the last there is, if there are too few */
		if (core-- == 0)
			break;
	}
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

void print_result(const char *scenario, const char *variant, int round, double value,
		  const char *unit)
{
	printf("%s\t%s\t%d\t%.3f\t%s\n", scenario, variant, round, value, unit);
}

/* Warms up, and finds how many units fill a round. */
static void calibrate(struct runner *r)
{
	if (r->n > 0)
		return;
	for (r->n = LEAST; r->n < CEILING; r->n *= 2) {
		double took = r->run(r->arg, r->n);

		if (took >= options.target_ns / 2) {
			double fit = (double)r->n * options.target_ns / took;

			r->n = fit > LEAST ? (size_t)fit : LEAST;
			return;
		}
	}
}

/* Whom round r runs at place i: each starts in turn, and every other round goes backwards, so that
 * nobody always comes after the same one. */
static size_t turn(size_t i, int r, size_t n)
{
	size_t start = (size_t)(r / 2) % n;

	return r % 2 == 0 ? (start + i) % n : (start + n - i) % n;
}

void run_rounds(const char *scenario, struct runner *runners, size_t n)
{
	for (size_t i = 0; i < n; i++)
		calibrate(&runners[i]);
	for (int r = 0; r < options.rounds; r++) {
		for (size_t i = 0; i < n; i++) {
			struct runner *it = &runners[turn(i, r, n)];
			double took = it->run(it->arg, it->n);

			print_result(scenario, it->name, r, took / ((double)it->n * it->per_unit),
				     "ns");
		}
	}
}
