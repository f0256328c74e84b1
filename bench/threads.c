/* SPDX-License-Identifier: MIT
 * threads.c - a thousand descriptors, received and kept, into a process whose threads are running: each
 * time that its table grows it waits for RCU (expand_files in fs/file.c).
 *
 * Both sides are new processes each time, since a table never shrinks. */
#include "bench.h"
#include "fdferry.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1000
#define THREADS 4

struct setting {
	const struct variant *v;
	bool reserve; /* before the threads start */
	int socks[2];
};

static size_t step(const struct variant *v, size_t done)
{
	return DESCRIPTORS - done < v->most ? DESCRIPTORS - done : v->most;
}

static void sender(const void *arg)
{
	const struct setting *s = arg;
	const int *fds;
	void *end;

	close(s->socks[1]);
	fds = samples(s->v->sockets);
	end = s->v->open(s->socks[0], true);
	link_settle(s->v, &end, 1);
	for (size_t done = 0, n; done < DESCRIPTORS; done += n) {
		n = step(s->v, done);
		s->v->send(end, fds, n);
	}
	pause();
}

static ino_t inode(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		die("fstat");
	return st.st_ino;
}

/* Each message brought the same ones. */
static void verify(const struct variant *v, const int *fds)
{
	for (size_t i = 0; i < DESCRIPTORS; i++) {
		if (i >= v->most && inode(fds[i]) != inode(fds[i - v->most]))
			wrong(v->name, "has received another descriptor than was sent");
		if (i > 0 && i < v->most && inode(fds[i]) == inode(fds[i - 1]))
			wrong(v->name, "has received a descriptor twice");
	}
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

struct receiver {
	const struct variant *v;
	void *end;
};

static double receive(void *arg, size_t n)
{
	const struct receiver *r = arg;
	int fds[DESCRIPTORS];
	double start = now_ns(), took;

	for (size_t done = 0; done < n; done += step(r->v, done))
		r->v->recv(r->end, fds + done, step(r->v, done));
	took = now_ns() - start;
	verify(r->v, fds);
	return took;
}

static void receiver(const void *arg)
{
	const struct setting *s = arg;
	struct receiver r = {.v = s->v};
	pthread_t thread;

	close(s->socks[0]);
	r.end = s->v->open(s->socks[1], false);
	link_settle(s->v, &r.end, 1);
	if (s->reserve && ferry_reserve(DESCRIPTORS) < 0)
		die("ferry_reserve");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, idle, NULL) != 0)
			die("pthread_create");
	child_serve(receive, &r);
}

static double run(void *arg, size_t n)
{
	const struct timespec full = {.tv_nsec = 5000000}; /* for the queue to fill */
	struct setting *s = arg;
	struct child from, to;
	double took;

	(void)n;
	socketpair_or_die(SOCK_STREAM, s->socks);
	child_fork(&from, sender, s);
	child_fork(&to, receiver, s);
	close(s->socks[0]);
	close(s->socks[1]);
	if (!child_ready(&to))
		wrong(s->v->name, "cannot receive");
	nanosleep(&full, NULL);
	child_tell(&to, DESCRIPTORS);
	took = child_answer(&to);
	child_kill(&to);
	child_kill(&from);
	return took;
}

void scenario_threads(const char *scenario)
{
	struct setting settings[MANY_VARIANTS];
	struct runner runners[MANY_VARIANTS];
	size_t n = 0;

	EACH_VARIANT(v)
	{
		bool reserves = strcmp((*v)->name, "fdferry") == 0 && wanted("fdferry-reserve");

		for (int reserve = 0; reserve <= reserves; reserve++) {
			if (!reserve && !takes_part(*v, FOR_THREADS, SOCK_STREAM))
				continue;
			settings[n] = (struct setting){.v = *v, .reserve = reserve};
			runners[n] =
				(struct runner){.name = reserve ? "fdferry-reserve" : (*v)->name,
						.run = run,
						.arg = &settings[n],
						.per_unit = DESCRIPTORS,
						.n = 1};
			n++;
		}
	}
	run_rounds(scenario, runners, n);
}
