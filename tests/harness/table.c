/* SPDX-License-Identifier: MIT
 *
 * table.c - the identity of every open descriptor, and how two such tables differ.
 */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* or 32-bit stat() and readdir() fail on large inode numbers */
#endif

#include "harness.h"
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fd_entry {
	int fd;
	int held; /* a duplicate that keeps the description comparable, or -1 */
	int fd_flags;
	int status_flags;
	dev_t dev;
	ino_t ino;
	mode_t mode;
	char what[100]; /* as it was then: a closed one cannot be asked any more */
};

struct fd_table {
	size_t count;
	struct fd_entry *entries; /* ascending by fd */
};

/* Descriptors of the harness, which no table shows; -1 is a free slot. */
static int own[64];
static int own_count;

static bool is_own(int fd)
{
	for (int i = 0; i < own_count; i++)
		if (own[i] == fd)
			return true;
	return false;
}

/* Duplicates out of the way of the test, above 500 or as high as the limit admits. */
static int hold(int fd)
{
	struct rlimit limit;
	int held = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	int slot = 0;

	if (held < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 16)
		held = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 8);
	if (held < 0)
		return -1;
	while (slot < own_count && own[slot] >= 0)
		slot++;
	if (slot == (int)(sizeof own / sizeof own[0])) {
		close(held);
		return -1;
	}
	own[slot] = held;
	if (slot == own_count)
		own_count++;
	return held;
}

static void let_go(int held)
{
	for (int i = 0; i < own_count && held >= 0; i++) {
		if (own[i] != held)
			continue;
		close(held);
		own[i] = -1;
		return;
	}
}

bool harness_own_fds_gone(void)
{
	for (int i = 0; i < own_count; i++)
		if (own[i] >= 0 && fcntl(own[i], F_GETFD) < 0)
			return true;
	return false;
}

/* The soft limit may be lower than a free number, but listing needs one: raise it meanwhile. */
static DIR *open_fd_directory(struct rlimit *limit)
{
	struct rlimit raised;
	DIR *dir;

	if (getrlimit(RLIMIT_NOFILE, limit) < 0)
		return opendir("/proc/self/fd");
	raised = *limit;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
	dir = opendir("/proc/self/fd");
	setrlimit(RLIMIT_NOFILE, limit);
	return dir;
}

static void add_number(int **fds, size_t *count, int fd)
{
	/* Grown at each power of two. */
	if ((*count & (*count - 1)) == 0) {
		int *grown = realloc(*fds, (*count ? *count * 2 : 1) * sizeof **fds);

		if (!grown)
			abort();
		*fds = grown;
	}
	(*fds)[(*count)++] = fd;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* All open numbers from first on, ascending, those of the harness left out. */
static size_t list_fds(int first, int **ret)
{
	struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
	DIR *dir = open_fd_directory(&limit);
	size_t count = 0;

	*ret = NULL;
	if (dir) {
		for (struct dirent *e; (e = readdir(dir));) {
			char *end;
			long fd = strtol(e->d_name, &end, 10);

			if (end != e->d_name && *end == '\0' && fd >= first && fd != dirfd(dir) &&
			    !is_own((int)fd))
				add_number(ret, &count, (int)fd);
		}
		closedir(dir);
	} else {
		rlim_t last = limit.rlim_max < 65536 ? limit.rlim_max : 65536;

		/* What was opened before a limit was lowered is still open above it. */
		if (last < 1024)
			last = 1024;
		for (int fd = first; fd < (int)last; fd++)
			if (fcntl(fd, F_GETFD) >= 0 && !is_own(fd))
				add_number(ret, &count, fd);
	}
	if (count > 1)
		qsort(*ret, count, sizeof **ret, by_number);
	return count;
}

void harness_close_above(int last)
{
	int *fds;
	size_t count = list_fds(last + 1, &fds);

	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
}

int open_fds(void)
{
	int *fds;
	size_t count = list_fds(0, &fds);

	free(fds);
	return (int)count;
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "pipe";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFLNK:
		return "symbolic link";
	default:
		return "anonymous inode";
	}
}

static void describe(struct fd_entry *e)
{
	char path[40], link[72];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", e->fd);
	n = readlink(path, link, sizeof link - 1);
	if (n < 0)
		n = snprintf(link, sizeof link, "inode %ju", (uintmax_t)e->ino);
	link[n] = '\0';
	snprintf(e->what, sizeof e->what, "%s (%s)", link, kind(e->mode));
}

struct fd_table *harness_table(enum table_how how)
{
	struct fd_table *table = calloc(1, sizeof *table);
	int *fds;
	size_t count = list_fds(0, &fds);

	if (!table || !(table->entries = calloc(count + 1, sizeof *table->entries)))
		abort();
	for (size_t i = 0; i < count; i++) {
		struct fd_entry *e = &table->entries[table->count++];
		struct stat st = {0};

		e->fd = fds[i];
		e->fd_flags = fcntl(e->fd, F_GETFD);
		e->status_flags = fcntl(e->fd, F_GETFL);
		if (fstat(e->fd, &st) == 0) {
			e->dev = st.st_dev;
			e->ino = st.st_ino;
			e->mode = st.st_mode;
		}
		describe(e);
		/* Not all in the middle of a test: a second reference to a pipe would keep its end
		 * of file away. */
		e->held = how == HOLD_ALL || !(e->mode & S_IFMT) ? hold(e->fd) : -1;
	}
	free(fds);
	return table;
}

void harness_table_free(struct fd_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		let_go(table->entries[i].held);
	free(table->entries);
	free(table);
}

static bool same_inode(const struct fd_entry *a, const struct fd_entry *b)
{
	return a->dev == b->dev && a->ino == b->ino && (a->mode & S_IFMT) == (b->mode & S_IFMT);
}

static bool compare_entry(const struct fd_entry *was, const struct fd_entry *is)
{
	if (!same_inode(was, is)) {
		harness_complain("descriptor %d was replaced: it was %s, it is %s", was->fd,
				 was->what, is->what);
		return false;
	}
	if (was->held >= 0 && same_description(was->held, is->fd) == 0) {
		harness_complain("descriptor %d was replaced: it is %s as before, but another open "
				 "file description",
				 was->fd, is->what);
		return false;
	}
	if (was->fd_flags != is->fd_flags)
		harness_complain("descriptor %d, %s: close-on-exec was %s, is %s", was->fd,
				 is->what, was->fd_flags & FD_CLOEXEC ? "on" : "off",
				 is->fd_flags & FD_CLOEXEC ? "on" : "off");
	if (was->status_flags != is->status_flags)
		harness_complain("descriptor %d, %s: status flags were %#x, are %#x%s", was->fd,
				 is->what, (unsigned int)was->status_flags,
				 (unsigned int)is->status_flags,
				 (was->status_flags ^ is->status_flags) & O_NONBLOCK
					 ? " (O_NONBLOCK changed)"
					 : "");
	return was->fd_flags == is->fd_flags && was->status_flags == is->status_flags;
}

bool harness_table_compare(const struct fd_table *before, const struct fd_table *now)
{
	const struct fd_entry *was = before->entries, *was_end = was + before->count;
	const struct fd_entry *is = now->entries, *is_end = is + now->count;
	int differences = 0;

	while (was < was_end || is < is_end) {
		if (was == was_end || (is < is_end && is->fd < was->fd)) {
			if (++differences <= 32)
				harness_complain("descriptor %d was left open: %s", is->fd,
						 is->what);
			is++;
		} else if (is == is_end || was->fd < is->fd) {
			if (++differences <= 32)
				harness_complain("descriptor %d was closed: it was %s", was->fd,
						 was->what);
			was++;
		} else {
			differences += !compare_entry(was++, is++);
		}
	}
	if (differences > 32)
		harness_complain("%d descriptors differ in all", differences);
	return differences == 0;
}

struct fd_table *remember_fds(void)
{
	return harness_table(HOLD_ANONYMOUS);
}

void harness_fds(struct harness_place place, struct fd_table *table)
{
	struct fd_table *now = harness_table(HOLD_ANONYMOUS);

	if (!harness_table_compare(table, now))
		harness_fail(place, "the table of descriptors changed");
	harness_table_free(now);
	harness_table_free(table);
}

int same_description(int a, int b)
{
	/* F_DUPFD_QUERY (Linux 6.10) needs neither CONFIG_KCMP nor leave to trace. */
	int n = fcntl(a, 1024 + 3, b);

	if (n == 0 || n == 1)
		return n;
#ifdef SYS_kcmp
	long order = syscall(SYS_kcmp, getpid(), getpid(), 0 /* KCMP_FILE */, (unsigned long)a,
			     (unsigned long)b);

	if (order >= 0)
		return order == 0;
#endif
	return -1;
}

bool same_file(int a, int b)
{
	struct stat x, y;

	if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
		return false;
	if (x.st_dev != y.st_dev || x.st_ino != y.st_ino ||
	    (x.st_mode & S_IFMT) != (y.st_mode & S_IFMT))
		return false;
	return (x.st_mode & S_IFMT) || same_description(a, b) != 0;
}
