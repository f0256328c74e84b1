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

void scenario_one(int type, bool many)
{
	static const char *const names[2][8] = {
		{[SOCK_STREAM] = "one-stream",
		 [SOCK_DGRAM] = "one-dgram",
		 [SOCK_SEQPACKET] = "one-seqpacket"},
		{[SOCK_STREAM] = "many-stream",
		 [SOCK_DGRAM] = "many-dgram",
		 [SOCK_SEQPACKET] = "many-seqpacket"},
	};
	struct link links[64];
	struct runner runners[64];
	size_t n = 0;

	pin(0);
	EACH_VARIANT(v)
	{
		unsigned here = many ? FOR_MANY : FOR_ONE;
		size_t fds = many ? (*v)->most : 1;

		if (((*v)->types & TYPE(type)) == 0 || ((*v)->only & ~here) != 0 ||
		    !wanted((*v)->name))
			continue;
		link_open(&links[n], *v, type, fds);
		link_verify(&links[n]);
		runners[n] = (struct runner){.name = (*v)->name,
					     .run = run,
					     .arg = &links[n],
					     .per_unit = (double)fds};
		n++;
	}
	run_rounds(names[many][type], runners, n);
	for (size_t i = 0; i < n; i++) {
		link_verify(&links[i]);
		link_close(&links[i]);
	}
}
