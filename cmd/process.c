/* SPDX-License-Identifier: MIT
 * process.c - WHAT of another process: pidfd:PID, and its descriptors, pid:PID/FD. */
#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of the oldest libc we build with; one number for all architectures but alpha,
 * which is left to its headers. */
#ifndef __alpha__
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#endif

/* Yama asks more than uid and capabilities do; without it there is no such file. */
static const char *yama_hint(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = f != NULL ? fgetc(f) : EOF;

	if (f != NULL)
		fclose(f);
	switch (scope) {
	case '1':
		return "; kernel.yama.ptrace_scope is 1: without CAP_SYS_PTRACE only for a child "
		       "of "
		       "this process or one that has agreed (PR_SET_PTRACER)";
	case '2':
		return "; kernel.yama.ptrace_scope is 2: only with CAP_SYS_PTRACE";
	case '3':
		return "; kernel.yama.ptrace_scope is 3: not at all until the next boot";
	default:
		return "";
	}
}

/* Without a word. */
int try_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int open_pid(const char *what, unsigned long pid)
{
	int fd = try_pidfd((pid_t)pid);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ESRCH:
		return say(-1, "%s: there is no process %lu", what, pid);
	case EINVAL: /* a kernel before 6.16 */
	case ENOENT:
		return say(-1, "%s: %lu is a thread: write the number of its process", what, pid);
	case ENOSYS:
		return say(-1, "%s: this kernel has no pidfd_open(2), which came with 5.3", what);
	default:
		return say(-1, "cannot open %s: %s", what, strerror(errno));
	}
}

static int parse_pid(const char *what, const char *text, unsigned long *ret)
{
	if (read_count(text, INT_MAX, ret) < 0 || *ret == 0)
		return say(-EXIT_USAGE, "%s: '%s' is not the number of a process", what, text);
	return 0;
}

int open_pidfd(const char *what, const char *text)
{
	unsigned long pid;
	int err = parse_pid(what, text, &pid);

	return err < 0 ? err : open_pid(what, pid);
}

int copy_descriptor(int pidfd, int number)
{
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

	return fd >= 0 ? fd : -errno;
}

int say_no_copy(const char *what, unsigned long pid, unsigned long fd, int err)
{
	switch (err) {
	case EPERM:
		return say(-1,
			   "cannot copy %s: %s: it takes what ptrace(2) takes: the uid of process "
			   "%lu, which must be dumpable, or CAP_SYS_PTRACE%s",
			   what, strerror(err), pid, yama_hint());
	case ESRCH:
		return say(-1, "cannot copy %s: process %lu has ended", what, pid);
	case EBADF:
		return say(-1, "cannot copy %s: process %lu has no descriptor %lu", what, pid, fd);
	case ENOSYS:
		return say(-1,
			   "cannot copy %s: this kernel has no pidfd_getfd(2), which came with "
			   "5.6",
			   what);
	default:
		return say(-1, "cannot copy %s: %s", what, strerror(err));
	}
}

/* The process is held while it is asked, so that its number cannot become another's in between. */
int open_descriptor_of(const char *what, const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned long pid, number;
	char first[24];
	int pidfd, fd;

	if (slash == NULL || slash - text >= (ptrdiff_t)sizeof(first))
		return say(-EXIT_USAGE,
			   "%s: write the process and its descriptor, as in pid:1234/5", what);
	memcpy(first, text, (size_t)(slash - text));
	first[slash - text] = '\0';
	fd = parse_pid(what, first, &pid);
	if (fd < 0)
		return fd;
	if (read_count(slash + 1, INT_MAX, &number) < 0)
		return say(-EXIT_USAGE, "%s: '%s' is not the number of a descriptor", what,
			   slash + 1);
	pidfd = open_pid(what, pid);
	if (pidfd < 0)
		return pidfd;
	fd = copy_descriptor(pidfd, (int)number);
	close(pidfd);
	return fd >= 0 ? fd : say_no_copy(what, pid, number, -fd);
}
