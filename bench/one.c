/* SPDX-License-Identifier: MIT
 * one.c - one process sends to itself, receives and closes, on one core: the least noise there is. */
#include "bench.h"

static double run(void *arg, size_t n)
{
	struct link *l = arg;
	int got[MOST];
	double start = now_ns();

	for (size_t i = 0; i < n; i++) {
		l->v->send(l->ends[0], l->fds, l->n);
		l->v->recv(l->ends[1], got, l->n);
		l->v->drop(l->ends[1], got, l->n);
	}
	return now_ns() - start;
}

void scenario_one(const char *scenario, int type, bool many)
{
	struct link links[MANY_VARIANTS];
	struct child children[MANY_VARIANTS];
	struct runner runners[MANY_VARIANTS];
	size_t own = 0, n;

	pin(0);
	EACH_VARIANT(v)
	{
		size_t fds = many ? (*v)->most : 1;

		if (!takes_part(*v, many ? FOR_MANY : FOR_ONE, type))
			continue;
		link_open(&links[own], *v, type, fds);
		link_verify(&links[own]);
		runners[own] = (struct runner){.name = (*v)->name,
					       .run = run,
					       .arg = &links[own],
					       .per_unit = (double)fds};
		own++;
	}
	n = own;
	if (type == SOCK_STREAM)
		n += scripts_one(children, &runners[own], many);
	run_rounds(scenario, runners, n);
	while (n-- > own)
		child_end(&children[n - own]);
	for (size_t i = 0; i < own; i++) {
		link_verify(&links[i]);
		link_close(&links[i]);
	}
}
