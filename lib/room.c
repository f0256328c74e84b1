/* SPDX-License-Identifier: MIT
 * room.c - descriptor numbers: make room for them, see whether there is room, close many. */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#ifdef __alpha__
#define SYS_close_range 546
#else
#define SYS_close_range 436
#endif
#endif

/* One call for a run of consecutive numbers, which is how the kernel hands them out; twice as fast as
 * one by one.  5.9, and a seccomp filter may refuse it. */
static void close_run(int first, int last)
{
	if (first != last && syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0u) == 0)
		return;
	for (int fd = first; close(fd), fd < last; fd++)
		;
}

void ferry_close_all(int *fds, size_t n)
{
	int err = errno;

	for (size_t i = 0; i < n;) {
		int first = fds[i], last = first;

		fds[i++] = -1;
		if (first < 0)
			continue;
		while (i < n && last < INT_MAX && fds[i] == last + 1) {
			last++;
			fds[i++] = -1;
		}
		close_run(first, last);
	}
	errno = err;
}

static rlim_t limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur > INT_MAX)
		return INT_MAX;
	return rl.rlim_cur;
}

/* The table must reach the n-th free number, since the lowest free ones are handed out.  Growing it in
 * a process with threads waits for RCU each time (expand_files in fs/file.c). */
int ferry_reserve(size_t n)
{
	rlim_t most = limit();
	int probe, high, err, number = 0;

	if (n == 0)
		return 0;
	for (size_t room = 0; room < n; number++) {
		if ((rlim_t)number >= most)
			return fy_fail(EMFILE);
		if (fcntl(number, F_GETFD) < 0)
			room++;
	}
	probe = eventfd(0, EFD_CLOEXEC);
	if (probe < 0)
		return fy_fail(errno);
	/* It may have the number already: of one free number there is no second. */
	high = probe >= number - 1 ? probe : fcntl(probe, F_DUPFD_CLOEXEC, number - 1);
	err = errno;
	if (high != probe)
		close(probe);
	if (high < 0)
		return fy_fail(err);
	close(high);
	return 0;
}

/* How many descriptors are open, as far as the kernel tells it in one call (6.2: the size of this
 * directory); 0 if not. */
static size_t count_open(void)
{
	struct stat st;

	return stat(FY_PROC_FD, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
}

/* Are n numbers free below the limit?  0 or -ENOSPC; another thread may take them afterwards. */
int fy_room_check(int sock, size_t n)
{
	int probes[FERRY_MAX_FDS];
	size_t open = count_open(), i;

	if (n > FERRY_MAX_FDS)
		n = FERRY_MAX_FDS;
	if (open > 0 && open + n <= limit())
		return 0;
	/* A number above a lowered limit counts as open and takes no room: so it is tried. */
	for (i = 0; i < n; i++) {
		probes[i] = fcntl(sock, F_DUPFD_CLOEXEC, 0);
		if (probes[i] < 0)
			break;
	}
	ferry_close_all(probes, i); /* leaves errno */
	return i == n ? 0 : errno == EMFILE ? -ENOSPC : -errno;
}
