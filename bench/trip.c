/* SPDX-License-Identifier: MIT
 * trip.c - a round trip: one process sends a descriptor, the other receives and closes it and sends one
 * back, which is received and closed. */
#include "bench.h"

#include <signal.h>
#include <unistd.h>

struct side {
	const struct variant *v;
	int sock, other; /* the other one's: while that is open here, its end is not seen */
	int core;
	bool first;
};

static double ping(void *arg, size_t n)
{
	struct link *l = arg;
	double start = now_ns();

	for (size_t i = 0; i < n; i++) {
		int got;

		l->v->send(l->ends[0], l->fds, 1);
		l->v->recv(l->ends[0], &got, 1);
		l->v->drop(l->ends[0], &got, 1);
	}
	return now_ns() - start;
}

/* What each side sends is another descriptor: neither can be taken for its own. */
static void take(struct link *l, const int *expected)
{
	int got;

	l->v->recv(l->ends[0], &got, 1);
	if (expected != NULL)
		check_same(l->v->name, expected, &got, 1);
	l->v->drop(l->ends[0], &got, 1);
}

static void side_body(const void *arg)
{
	const struct side *side = arg;
	const int *all = samples(side->v->sockets);
	struct link l = {.v = side->v, .n = 1};
	const int *mine = all + !side->first, *others = all + side->first;
	size_t before;

	close(side->other);
	pin(side->core);
	l.fds = (int *)mine;
	l.ends[0] = side->v->open(side->sock, side->first);
	link_settle(side->v, l.ends, 1);
	if (!side->first) {
		take(&l, others);
		for (;;) {
			l.v->send(l.ends[0], l.fds, 1);
			take(&l, NULL);
		}
	}
	l.v->send(l.ends[0], l.fds, 1);
	take(&l, others);
	before = count_open();
	child_serve(ping, &l);
	if (count_open() != before)
		wrong(l.v->name, "leaves descriptors open");
}

static void start_pair(struct pair *p, const struct variant *v, int other_core)
{
	int socks[2];
	struct side sides[2];

	samples(v->sockets);
	socketpair_or_die(SOCK_STREAM, socks);
	for (int i = 0; i < 2; i++) {
		sides[i] = (struct side){.v = v,
					 .sock = socks[i],
					 .other = socks[!i],
					 .core = i == 0 ? 0 : other_core,
					 .first = i == 0};
		child_fork(&p->sides[i], side_body, &sides[i]);
	}
	close(socks[0]);
	close(socks[1]);
	if (!child_ready(&p->sides[0]))
		wrong(v->name, "cannot make a round trip");
}

void scenario_trip(const char *scenario, bool two_cores)
{
	struct pair pairs[MANY_VARIANTS];
	struct runner runners[MANY_VARIANTS];
	size_t n = 0;

	signal(SIGPIPE, SIG_IGN);
	EACH_VARIANT(v)
	{
		if (!takes_part(*v, two_cores ? FOR_TRIP_2 : FOR_TRIP_1, SOCK_STREAM))
			continue;
		start_pair(&pairs[n], *v, two_cores);
		runners[n] = (struct runner){.name = (*v)->name,
					     .run = child_run,
					     .arg = &pairs[n].sides[0],
					     .per_unit = 1};
		n++;
	}
	n += scripts_trip(&pairs[n], &runners[n], two_cores);
	run_rounds(scenario, runners, n);
	while (n-- > 0) {
		/* The one that only answers first: it would miss the other. */
		child_kill(&pairs[n].sides[1]);
		child_end(&pairs[n].sides[0]);
	}
}
