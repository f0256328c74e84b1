/* SPDX-License-Identifier: MIT
 * queue.c - the memory that queued messages take: the kernel's, and the library's own. */
#include "bench.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LINKS 50 /* in each round */
#define DEEP 16  /* messages in each: what fits in every library's queue, however it cuts them */
#define ROUNDS 5

struct queues {
	const struct variant *v;
	bool many;
	size_t links;
};

static double slab(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[256];
	double kilobytes = 0;

	if (f == NULL)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "SUnreclaim:", 11) == 0)
			kilobytes = strtod(line + 11, NULL);
	fclose(f);
	return kilobytes * 1024;
}

static double memory(void)
{
	struct mallinfo2 heap = mallinfo2();

	return slab() + (double)(heap.uordblks + heap.hblkhd);
}

/* Nothing is received, and nothing freed before the end: what the kernel keeps for the next one would
 * hide what this one takes. */
static double fill(void *arg, size_t n)
{
	const struct queues *q = arg;
	struct link *links = calloc(q->links, sizeof(*links));
	double before;

	(void)n;
	if (links == NULL)
		die("calloc");
	for (size_t i = 0; i < q->links; i++)
		link_open(&links[i], q->v, SOCK_STREAM, q->many ? q->v->most : 1);
	before = memory();
	for (size_t i = 0; i < q->links * DEEP; i++) {
		struct link *l = &links[i % q->links];

		l->v->send(l->ends[0], l->fds, l->n);
	}
	return memory() - before;
}

static void body(const void *arg)
{
	struct queues *q = (struct queues *)arg;
	struct link l;

	link_open(&l, q->v, SOCK_STREAM, q->many ? q->v->most : 1);
	link_verify(&l);
	link_close(&l);
	fill(q, 1); /* takes what the kernel has kept, and what is allocated once */
	child_serve(fill, q);
}

/* Who is not root may have no more in flight than this, and all wait until the end. */
static size_t links_allowed(bool many)
{
	struct rlimit rl = {0};
	size_t each = many ? MOST : 1, most;

	getrlimit(RLIMIT_NOFILE, &rl);
	most = rl.rlim_cur / (DEEP * each * MANY_VARIANTS / 2 * (ROUNDS + 1));
	return geteuid() == 0 || most > LINKS ? LINKS : most;
}

void scenario_queue(const char *scenario, bool many)
{
	static struct queues q;
	struct child children[MANY_VARIANTS];
	struct runner runners[MANY_VARIANTS];
	size_t n = 0;

	q.many = many;
	q.links = links_allowed(many);
	if (q.links == 0) {
		fprintf(stderr, "bench: %s: left out: the limit of open descriptors is too low\n",
			scenario);
		return;
	}
	if (options.rounds > ROUNDS)
		options.rounds = ROUNDS; /* of this scenario, in a process of its own */
	EACH_VARIANT(v)
	{
		if (!takes_part(*v, FOR_QUEUE, SOCK_STREAM))
			continue;
		q.v = *v;
		child_fork(&children[n], body, &q);
		if (!child_ready(&children[n]))
			wrong((*v)->name, "cannot queue");
		runners[n] = (struct runner){.name = (*v)->name,
					     .run = child_run,
					     .arg = &children[n],
					     .unit = "bytes",
					     .per_unit = many ? (double)(*v)->most : 1,
					     .n = q.links * DEEP};
		n++;
	}
	run_rounds(scenario, runners, n);
	while (n-- > 0)
		child_end(&children[n]);
}
