/* SPDX-License-Identifier: MIT
 * link.c - two ends of one variant in one process, and whether they move the right descriptors. */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* MOST descriptors, each of a file of its own, so that a wrong one is seen.  They stay open: closing
 * what was received is never the last close of a file. */
const int *samples(bool sockets)
{
	static int made[2][MOST];
	static bool done[2];

	for (size_t i = 0; i < MOST && !done[sockets]; i++) {
		made[sockets][i] = sockets ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
					   : memfd_create("sample", MFD_CLOEXEC);
		if (made[sockets][i] < 0)
			die("samples");
	}
	done[sockets] = true;
	return made[sockets];
}

size_t count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	if (dir == NULL)
		die("/proc/self/fd");
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

void socketpair_or_die(int type, int ret[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret) < 0)
		die("socketpair");
}

void check_same(const char *name, const int *sent, const int *got, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct stat a, b;

		if (fstat(sent[i], &a) < 0 || fstat(got[i], &b) < 0)
			die(name);
		if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			wrong(name, "has received another descriptor than was sent");
		if (sent[i] == got[i])
			wrong(name, "has received no descriptor of its own");
	}
}

static void exchange(struct link *l, bool look)
{
	int got[MOST];

	l->v->send(l->ends[0], l->fds, l->n);
	l->v->recv(l->ends[1], got, l->n);
	if (look)
		check_same(l->v->name, l->fds, got, l->n);
	l->v->drop(l->ends[1], got, l->n);
}

void link_settle(const struct variant *v, void *const *ends, size_t n)
{
	size_t settled = 0;

	if (v->settle == NULL)
		return;
	for (int step = 0; settled < n; step++) {
		if (step == 1000)
			wrong(v->name, "does not settle");
		settled = 0;
		for (size_t i = 0; i < n; i++)
			settled += v->settle(ends[i]);
	}
}

void link_open(struct link *l, const struct variant *v, int type, size_t n)
{
	int socks[2];

	l->v = v;
	l->fds = (int *)samples(v->sockets);
	l->n = n;
	socketpair_or_die(type, socks);
	for (int i = 0; i < 2; i++)
		l->ends[i] = v->open(socks[i], i == 0);
	link_settle(v, l->ends, 2);
}

/* The right descriptors, and none left behind. */
void link_verify(struct link *l)
{
	size_t before;

	exchange(l, true);
	before = count_open();
	for (int i = 0; i < 10; i++)
		exchange(l, true);
	if (count_open() != before)
		wrong(l->v->name, "leaves descriptors open");
}

void link_close(struct link *l)
{
	l->v->close(l->ends[0]);
	l->v->close(l->ends[1]);
}
