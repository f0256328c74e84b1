/* SPDX-License-Identifier: MIT
 * twin.c - a twin that is lost is replaced by a fork of the other, which has the same in its memory and in its
 * descriptor table.  Only here do they fork, and only at the end of a turn. */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

enum { FORK_PAUSE_MS = 20, DEATH_MS = 200 };

int twin_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0u);

	return fd < 0 ? -errno : fd;
}

/* Waits for the end of a process; 0: it has ended (or there is none). */
int twin_wait(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return 0;
	return poll(&p, 1, timeout_ms) > 0 ? 0 : -ETIMEDOUT;
}

static void kill_twin(int pidfd)
{
	if (pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0u);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Numbers in the descriptor table are below this; what the kernel has made room for (proc(5), FDSize). */
static int table_size(void)
{
	static const char key[] = "FDSize:";
	FILE *file = fopen("/proc/thread-self/status", "re");
	char line[128];
	int size = 0;

	while (file != NULL && size == 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			size = (int)strtol(line + strlen(key), NULL, 10);
	if (file != NULL)
		fclose(file);
	return size;
}

/* Everything in this child's descriptor table that is not the store's is a copy of what its parent is
 * about to close: those are closed here too, by this child's own helper unless they are trusted not to
 * make it wait. */
void twin_sweep(struct store *s, bool trusted, int keep)
{
	const int own[] = {s->link.end, s->link.bell, s->link.twin,  s->notify, s->door,
			   s->lock,     s->page_fd,   s->above.sock, keep};
	const struct entry *e;
	int most = table_size(), *strays;
	unsigned char *ours;
	size_t n = 0;

	ours = calloc((size_t)most + 1, 1);
	strays = calloc((size_t)most + 1, sizeof(*strays));
	if (ours == NULL || strays == NULL)
		_exit(EXIT_FAILURE);
	for (e = s->table.first; e != NULL; e = e->next)
		ours[e->fd] = 1;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i] >= 0)
			ours[own[i]] = 1;
	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		if (!ours[fd] && fcntl(fd, F_GETFD) >= 0)
			strays[n++] = fd;
	/* All are found before the first is closed: the pipe to the helper is none of them. */
	trusted ? ferry_close_all(strays, n) : dispose(s, strays, n);
	free(strays);
	free(ours);
}

/* A new process for a role: the link to it is made, and what is the other's is closed on both sides.
 * Returns 0 in the child, its pid in this process, or an errno. */
pid_t twin_fork(struct store *s, struct link *old)
{
	int other, self, err;
	pid_t pid;

	/* The parent may not know of this process yet, and cannot kill it then. */
	if (atomic_load(&s->page->stopping))
		_exit(EXIT_SUCCESS);
	self = twin_pidfd(getpid());
	if (self < 0)
		return self;
	*old = (struct link){.end = s->link.end, .bell = s->link.bell, .twin = s->link.twin};
	err = link_open(&s->link, &other);
	if (err < 0) {
		close(self);
		goto restore;
	}
	pid = fork();
	if (pid == 0) {
		/* The parent's end first: as long as it is open here, its death is no end of file. */
		close(s->link.end);
		s->link.end = other;
		s->link.twin = self;
		return 0;
	}
	err = -errno;
	close(self);
	close(other);
	if (pid > 0) {
		s->link.twin = twin_pidfd(pid);
		if (s->link.twin < 0)
			s->link.lost = true; /* it has ended already */
		return pid;
	}
	close(s->link.end);
	close(s->link.bell);
restore:
	s->link.end = old->end;
	s->link.bell = old->bell;
	s->link.twin = old->twin;
	s->link.lost = true;
	return err;
}

static void begin_child(struct store *s, struct link *old)
{
	kill_twin(old->twin);
	close_one(&old->end);
	close_one(&old->bell);
	close_one(&old->twin);
	close_one(&s->closer);
	s->born = atomic_load(&s->page->token);
	if (atomic_load(&s->page->stopping))
		_exit(EXIT_SUCCESS);
}

/* What a twin does until it dies.  A child comes back to here, to begin at the bottom of the stack: in the
 * frames of its parent, and they in those of theirs, it would be full after some hundred generations. */
void twin_run(struct store *s, int role)
{
	int again = setjmp(s->base);

	if ((again != 0 ? again : role) == TWIN_KEEPER)
		keeper_run(s);
	broker_run(s);
}

/* In a child of the broker that will be another program: as begin_child, but the keeper lives until that is
 * ready.  keep is a number that it needs. */
void twin_leave(struct store *s, struct link *old, int keep)
{
	close_one(&old->end);
	close_one(&old->bell);
	close_one(&old->twin);
	close_one(&s->closer);
	close_one(&s->epoll);
	clients_forget(s);
	twin_sweep(s, true, keep);
}

/* The old keeper is not needed any more. */
void twin_drop_link(struct store *s, struct link *old)
{
	if (s->epoll >= 0 && old->twin >= 0)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, old->twin, NULL);
	kill_twin(old->twin);
	close_one(&old->end);
	close_one(&old->bell);
	close_one(&old->twin);
	s->link.beats = atomic_load(&s->page->beats);
}

/* The new one has failed: the link is the old one again. */
void twin_take_back(struct store *s, const struct link *old)
{
	kill_twin(s->link.twin);
	close_one(&s->link.end);
	close_one(&s->link.bell);
	close_one(&s->link.twin);
	s->link.end = old->end;
	s->link.bell = old->bell;
	s->link.twin = old->twin;
	s->link.lost = false;
}

/* The broker's: a new keeper, whose memory is this turn's. */
void twin_renew_keeper(struct store *s)
{
	struct link old;
	pid_t pid;

	page_claim(s, TWIN_BROKER);
	if (s->link.end >= 0) /* else it is the first one */
		atomic_fetch_add(&s->page->replaced, 1);
	/* Closed here it would stay in the set as long as the child has its copy, and accuse the new one. */
	if (s->epoll >= 0 && s->link.twin >= 0)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->link.twin, NULL);
	while ((pid = twin_fork(s, &old)) < 0)
		poll(NULL, 0, FORK_PAUSE_MS);
	if (pid == 0) {
		atomic_store(&s->page->keeper, getpid());
		begin_child(s, &old);
		close_one(&s->epoll);
		clients_forget(s);
		twin_sweep(s, false, -1);
		longjmp(s->base, TWIN_KEEPER);
	}
	/* Until it is dead it may still claim, and a token that a dead twin has claimed is nobody's. */
	kill_twin(old.twin);
	twin_wait(old.twin, DEATH_MS);
	close_one(&old.end);
	close_one(&old.bell);
	close_one(&old.twin);
	atomic_store(&s->page->keeper, pid);
	s->link.beats = atomic_load(&s->page->beats);
	page_release(s);
}

/* The keeper's: a new broker.  What the old one has sent is in the queue of the link, also when it is
 * dead; after the shutdown it can send no more, also when it is not. */
void twin_renew_broker(struct store *s)
{
	struct link old;
	pid_t pid;

	page_claim(s, TWIN_KEEPER);
	kill_twin(s->link.twin);
	twin_wait(s->link.twin, DEATH_MS);
	shutdown(s->link.end, SHUT_RDWR);
	if (link_drain(s) < 0)
		_exit(EXIT_FAILURE);
	/* Before there is one: whichever of the two dies first, or is asked, it is counted, and once. */
	atomic_fetch_add(&s->page->replaced, 1);
	while ((pid = twin_fork(s, &old)) < 0)
		poll(NULL, 0, FORK_PAUSE_MS);
	if (pid == 0) {
		bool closed = s->closer >= 0;

		atomic_store(&s->page->broker, getpid());
		begin_child(s, &old);
		if (closed)
			twin_sweep(s, false, -1);
		longjmp(s->base, TWIN_BROKER);
	}
	/* This process stays the keeper: the ends are the other way round, the bell is the same. */
	close_one(&old.end);
	close_one(&old.bell);
	close_one(&old.twin);
	atomic_store(&s->page->broker, pid);
	page_release(s);
}
