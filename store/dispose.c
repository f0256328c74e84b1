/* SPDX-License-Identifier: MIT
 * dispose.c - closes what clients made, without waiting for it.
 *
 * close(2) of a file on a dead FUSE or NFS mount, of a socket that lingers, of a UNIX socket in whose queue such
 * a thing lies, waits.  So a helper that shares the descriptor table (CLONE_FILES) closes it; it lives as
 * long as its twin and is told the numbers through a pipe.  A helper that is stuck, and its pipe full, is
 * left to itself, and another one is made.
 *
 * As long as a helper has the table, the twin's sockets are open: when the twin dies the helper must die
 * too, or nobody would see the end of file.  Where it is stuck in the kernel nobody does, and the pidfd
 * tells (keeper.c). */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AT_ONCE = 512 };

static pid_t share_table(void)
{
#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, NULL, CLONE_FILES | SIGCHLD, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

/* pipe: the end to read from.  It is a number in the shared table: when this helper is given up, its
 * twin closes the other end, and that is how it ends. */
__attribute__((noreturn)) static void help(int pipe, pid_t twin)
{
	int fds[AT_ONCE];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != twin)
		_exit(0);
	while ((n = read(pipe, fds, sizeof(fds))) > 0)
		ferry_close_all(fds, (size_t)n / sizeof(*fds));
	close(pipe);
	_exit(0);
}

static int start(struct store *s)
{
	int ends[2], err;
	pid_t twin = getpid(), pid;

	if (s->closer >= 0)
		close(s->closer);
	s->closer = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 || (pid = share_table()) < 0) {
		err = errno;
		ferry_close_all(ends, 2);
		return -err;
	}
	if (pid == 0)
		help(ends[0], twin);
	s->closer = ends[1];
	return 0;
}

/* They are the helper's to close from here on, in any case: where there can be no helper the twin itself
 * closes, and waits if it must, because a descriptor that is left open would be worse. */
void dispose(struct store *s, int *fds, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t some = n - at < AT_ONCE ? n - at : AT_ONCE;
		size_t len = some * sizeof(*fds);

		if (s->closer >= 0 && write(s->closer, fds + at, len) == (ssize_t)len) {
			at += some;
		} else if (start(s) < 0) {
			ferry_close_all(fds + at, n - at);
			return;
		}
	}
}

/* How many the helper has not begun to close: they still take a number. */
size_t dispose_owed(const struct store *s)
{
	int bytes = 0;

	if (s->closer < 0 || ioctl(s->closer, FIONREAD, &bytes) < 0)
		return 0;
	return (size_t)bytes / sizeof(int);
}
