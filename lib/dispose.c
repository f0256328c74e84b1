/* SPDX-License-Identifier: MIT
 * dispose.c - closes descriptors that others made, without waiting for them.
 *
 * close(2) waits in the kernel, for ever if need be, for a FUSE or NFS server (f_op->flush) and for
 * unsent data of a socket with SO_LINGER.  A thread in there keeps its process from ever ending, and
 * what a forked child closes is not the caller's.  So the close is done by a process that shares the
 * table (CLONE_FILES): the caller can go on, and end. */
#include "internal.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Like fork(2), but with the caller's table and without its handlers: what runs in it makes system
 * calls only.  The exit signal is 0: a caller's SIGCHLD handler and wait(2) never see it. */
static pid_t share_table(void)
{
#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, NULL, CLONE_FILES, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
#endif
}

/* The first process ends at once and is waited for, so that no zombie is left; the second is init's.
 * Whether there is a second is told by a word that all share: another thread that reaps every child can
 * take the first one's status away, and who believes that all are still open closes others' instead. */
static int start_helper(int *fds, size_t n, volatile bool *at_work)
{
	sigset_t all, before;
	pid_t first, second, got;
	int err;

	/* A signal for the caller's group must not end the helper before it is done, nor run the
	 * caller's handler in it: they stay blocked there, and here only for the moment of the clone. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	first = share_table();
	err = first < 0 ? errno : 0;
	if (first != 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return -err;
	if (first == 0) {
		second = share_table();
		if (second == 0)
			ferry_close_all(fds, n);
		else
			*at_work = second > 0;
		_exit(0);
	}
	do
		got = waitpid(first, NULL, __WALL);
	while (got < 0 && errno == EINTR);
	if (*at_work)
		return 0;
	return got < 0 && errno != ECHILD ? -errno : -EAGAIN;
}

int ferry_dispose(int *fds, size_t n)
{
	bool *at_work;
	int err;

	if (n == 0)
		return 0;
	at_work = mmap(NULL, sizeof(*at_work), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (at_work == MAP_FAILED)
		return fy_fail(errno);
	err = start_helper(fds, n, at_work);
	munmap(at_work, sizeof(*at_work));
	if (err < 0)
		return fy_fail(err);
	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	return 0;
}
