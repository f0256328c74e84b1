/* SPDX-License-Identifier: MIT
 * flow.c - one way: a process on one core sends, a process on another receives and closes, one
 * descriptor per message. */
#include "bench.h"

#include <unistd.h>

struct side {
	const struct variant *v;
	int sock, other; /* the other one's: while that is open here, its end is not seen */
	bool sends;
};

static double give(void *arg, size_t n)
{
	struct link *l = arg;

	for (size_t i = 0; i < n; i++)
		l->v->send(l->ends[0], l->fds, 1);
	return 0;
}

static void take_one(struct link *l, bool look)
{
	int got;

	l->v->recv(l->ends[0], &got, 1);
	if (look)
		check_same(l->v->name, l->fds, &got, 1);
	l->v->drop(l->ends[0], &got, 1);
}

/* From the first that has come: the sender may be told later. */
static double take(void *arg, size_t n)
{
	struct link *l = arg;
	double start;

	take_one(l, true);
	start = now_ns();
	for (size_t i = 1; i < n; i++)
		take_one(l, false);
	return (now_ns() - start) * (double)n / (double)(n - 1);
}

static void side_body(const void *arg)
{
	const struct side *side = arg;
	struct link l = {.v = side->v, .fds = (int *)samples(side->v->sockets), .n = 1};
	size_t before;

	close(side->other);
	pin(!side->sends);
	l.ends[0] = side->v->open(side->sock, side->sends);
	link_settle(side->v, l.ends, 1);
	if (side->sends)
		give(&l, 1);
	else
		take_one(&l, true);
	before = count_open();
	child_serve(side->sends ? give : take, &l);
	if (count_open() != before)
		wrong(l.v->name, "leaves descriptors open");
}

static double run(void *arg, size_t n)
{
	struct pair *p = arg;

	child_tell(&p->sides[1], n);
	child_tell(&p->sides[0], n);
	child_answer(&p->sides[0]); /* if either has died, this one knows */
	return child_answer(&p->sides[1]);
}

static void start_pair(struct pair *p, const struct variant *v)
{
	int socks[2];

	samples(v->sockets); /* which both are to have */
	socketpair_or_die(SOCK_STREAM, socks);
	for (int i = 0; i < 2; i++) {
		struct side side = {.v = v, .sock = socks[i], .other = socks[!i], .sends = i == 0};

		child_fork(&p->sides[i], side_body, &side);
	}
	close(socks[0]);
	close(socks[1]);
	if (!child_ready(&p->sides[0]) || !child_ready(&p->sides[1]))
		wrong(v->name, "cannot go one way");
}

void scenario_flow(const char *scenario)
{
	struct pair pairs[MANY_VARIANTS];
	struct runner runners[MANY_VARIANTS];
	size_t n = 0;

	EACH_VARIANT(v)
	{
		if (!takes_part(*v, FOR_FLOW, SOCK_STREAM))
			continue;
		start_pair(&pairs[n], *v);
		runners[n] = (struct runner){.name = (*v)->name,
					     .run = run,
					     .arg = &pairs[n],
					     .per_unit = 1};
		n++;
	}
	run_rounds(scenario, runners, n);
	while (n-- > 0) {
		child_end(&pairs[n].sides[1]);
		child_end(&pairs[n].sides[0]);
	}
}
