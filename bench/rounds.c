/* SPDX-License-Identifier: MIT
 * rounds.c - runs variants alternately, in an order that turns: rounds of a few short turns each. */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

#define TURNS 9  /* of each runner in a round */
#define LEAST 20 /* units in a turn, however slow */
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

/* Warms up, and finds how many units fill a turn. */
static void calibrate(struct runner *r)
{
	const double target = options.target_ns / TURNS;

	if (r->n > 0)
		return;
	for (r->n = LEAST; r->n < CEILING; r->n *= 2) {
		double took = r->run(r->arg, r->n);

		if (took >= target / 2) {
			double fit = (double)r->n * target / took;

			r->n = fit > LEAST ? (size_t)fit : LEAST;
			return;
		}
	}
}

/* Whom turn t runs at place i: each starts in turn, and every other time it goes backwards, so that
 * nobody always comes after the same one. */
static size_t place(size_t i, size_t t, size_t n)
{
	size_t start = t / 2 % n;

	return t % 2 == 0 ? (start + i) % n : (start + n - i) % n;
}

static double median(double values[TURNS])
{
	for (size_t i = 1; i < TURNS; i++)
		for (size_t k = i; k > 0 && values[k - 1] > values[k]; k--) {
			double v = values[k];

			values[k] = values[k - 1];
			values[k - 1] = v;
		}
	return values[TURNS / 2];
}

/* Each runner in as many turns as a round has; what a round says is the median of its turns, so that one
 * which was interrupted does not count. */
static void run_round(size_t round, const struct runner *runners, double (*took)[TURNS], size_t n)
{
	for (size_t t = 0; t < TURNS; t++) {
		for (size_t i = 0; i < n; i++) {
			size_t who = place(i, round * TURNS + t, n);

			took[who][t] = runners[who].run(runners[who].arg, runners[who].n);
		}
	}
}

/* The same where a turn takes long anyway. */
static void run_once(size_t round, const struct runner *runners, double (*took)[TURNS], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t who = place(i, round, n);

		took[who][0] = runners[who].run(runners[who].arg, runners[who].n);
		for (size_t t = 1; t < TURNS; t++)
			took[who][t] = took[who][0];
	}
}

void run_rounds(const char *scenario, struct runner *runners, size_t n)
{
	double took[MANY_VARIANTS][TURNS];
	bool once = n > 0 && runners[0].n > 0;

	for (size_t i = 0; i < n; i++)
		calibrate(&runners[i]);
	for (int r = 0; r < options.rounds; r++) {
		(once ? run_once : run_round)((size_t)r, runners, took, n);
		for (size_t i = 0; i < n; i++)
			print_result(scenario, runners[i].name, r,
				     median(took[i]) / ((double)runners[i].n * runners[i].per_unit),
				     runners[i].unit != NULL ? runners[i].unit : "ns");
	}
}
