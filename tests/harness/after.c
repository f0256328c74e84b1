/* SPDX-License-Identifier: MIT
 *
 * after.c - what else a test may leave behind: processes, files, signals.
 */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* or 32-bit stat() and readdir() fail on large inode numbers */
#endif

#include "harness.h"
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The name may hold blanks and parentheses: the last one ends it (proc(5)). */
static void read_comm(pid_t pid, char comm[64])
{
	char path[40], line[512];
	char *open_paren, *close_paren;
	ssize_t n;
	int fd;

	snprintf(comm, 64, "?");
	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, line, sizeof line - 1);
	close(fd);
	if (n <= 0)
		return;
	line[n] = '\0';
	open_paren = strchr(line, '(');
	close_paren = strrchr(line, ')');
	if (open_paren && close_paren)
		snprintf(comm, 64, "%.*s", (int)(close_paren - open_paren - 1), open_paren + 1);
}

static bool is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

/* Returns any child of this process, or 0 if none is found.  Without /proc wait(2) knows which
 * numbers are our children: they are mostly not far above our own. */
static pid_t find_child(void)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;
	bool any = false;

	for (struct dirent *e; proc && !found && (e = readdir(proc));) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		any = any || pid > 0;
		if (pid > 0 && is_child(pid))
			found = pid;
	}
	if (proc)
		closedir(proc);
	for (pid_t i = 1; !any && !found && i < 65536; i++) {
		if (is_child(getpid() + i))
			found = getpid() + i;
		else if (i < getpid() && is_child(i))
			found = i;
	}
	return found;
}

/*
 * Ends every child, and by way of PR_SET_CHILD_SUBREAPER every orphan below: each one killed hands
 * its own children to us, so the loop goes on until the kernel says ECHILD.
 */
void harness_end_children(bool tell)
{
	char comm[64];

	for (int round = 0; round < 4096; round++) {
		siginfo_t info = {0};
		pid_t pid;

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
			return;
		pid = info.si_pid;
		if (pid > 0) {
			read_comm(pid, comm);
			if (tell)
				harness_complain("process %ld (%s) was left as a zombie", (long)pid,
						 comm);
		} else if ((pid = find_child()) > 0) {
			read_comm(pid, comm);
			if (tell)
				harness_complain("process %ld (%s) was left running", (long)pid,
						 comm);
			kill(pid, SIGKILL);
		} else if (tell) {
			/* The runner kills the process group. */
			harness_complain("a process was left running, and cannot be found");
			return;
		} else {
			if (round > 200)
				return;
			nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
			continue;
		}
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
}

/* Removes what lies in dir; a test may have taken the permission to look into it. */
static void empty(int parent, const char *name, const char *shown, bool tell, int depth)
{
	int fd;
	DIR *dir;

	fchmodat(parent, name, 0700, 0);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(dir));) {
		char path[300];
		struct stat st;
		bool below;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof path, "%.40s%s%s", shown, *shown ? "/" : "", e->d_name);
		below = fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode);
		if (tell)
			harness_complain("%s was left: %s", below ? "directory" : "file", path);
		if (below && depth < 16)
			empty(fd, e->d_name, path, tell, depth + 1);
		if (unlinkat(fd, e->d_name, below ? AT_REMOVEDIR : 0) < 0)
			harness_note("cannot remove %s: %s", path, harness_errno_name(errno));
	}
	closedir(dir);
}

void harness_remove(const char *dir, bool tell)
{
	empty(AT_FDCWD, dir, "", tell, 0);
	if (rmdir(dir) < 0)
		harness_complain("the directory of the test cannot be removed: %s",
				 harness_errno_name(errno));
}

struct signals {
	sigset_t mask;
	struct sigaction actions[65];
};

/* A parent may have ignored or blocked anything; every test starts from the same. */
void harness_reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s <= 64; s++) {
		struct sigaction action;

		if (sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
			action.sa_handler = SIG_DFL;
			sigaction(s, &action, NULL);
		}
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

struct signals *harness_signals(void)
{
	struct signals *now = calloc(1, sizeof *now);

	if (!now)
		abort();
	sigprocmask(SIG_SETMASK, NULL, &now->mask);
	for (int s = 1; s <= 64; s++)
		if (sigaction(s, NULL, &now->actions[s]) < 0)
			memset(&now->actions[s], 0, sizeof now->actions[s]);
	return now;
}

void harness_signals_compare(const struct signals *before)
{
	struct signals *now = harness_signals();

	for (int s = 1; s <= 64; s++) {
		if (sigismember(&before->mask, s) != sigismember(&now->mask, s))
			harness_complain("%s was left %s", harness_signal_name(s),
					 sigismember(&now->mask, s) == 1 ? "blocked" : "unblocked");
		if (before->actions[s].sa_handler != now->actions[s].sa_handler)
			harness_complain("%s was left with another disposition",
					 harness_signal_name(s));
	}
	free(now);
}
