/* SPDX-License-Identifier: MIT
 * path.c - walks a path component by component and follows no symbolic link that may be planted.
 *
 * The rule is that of fs.protected_symlinks (proc_sys_fs(5)), which is off on many systems and covers
 * only sticky directories: in a directory that others may write to, a link is followed only if it is
 * ours, root's or the directory owner's. */
#include "internal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOST_LINKS 40 /* as many as the kernel follows: path_resolution(7) */

struct walk {
	int dir;             /* where we are */
	char rest[PATH_MAX]; /* what is still to walk */
	unsigned links;
};

static int step_to(struct walk *w, int fd)
{
	close(w->dir);
	w->dir = fd;
	return 0;
}

static int start(struct walk *w, const char *path)
{
	if (strlen(path) >= sizeof(w->rest))
		return -ENAMETOOLONG;
	w->links = 0;
	strcpy(w->rest, path);
	w->dir = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->dir < 0 ? -errno : 0;
}

/* Takes the next component off rest.  Returns 1 if it is the last one, 0 if not. */
static int next(struct walk *w, char name[static NAME_MAX + 1])
{
	size_t skip = strspn(w->rest, "/");
	size_t n = strcspn(w->rest + skip, "/");
	bool last = w->rest[skip + n] == '\0';

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->rest + skip, n);
	name[n] = '\0';
	memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
	return last;
}

static bool may_be_planted(int dir, const struct stat *link)
{
	struct stat st;

	if (link->st_uid == 0 || link->st_uid == geteuid())
		return false;
	if (fstat(dir, &st) < 0)
		return true;
	return (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && st.st_uid != link->st_uid;
}

/* Puts what the link says in front of rest. */
static int follow(struct walk *w, int link, const char *name, bool last)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	struct statfs fs;
	ssize_t n;

	if (++w->links > MOST_LINKS)
		return -ELOOP;
	if (fstatfs(link, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
		/* The text of a link in /proc/PID/fd need not lead where the link does, and
		 * nobody plants one there: the kernel follows it. */
		int fd = fy_high(openat(w->dir, name, O_PATH | O_CLOEXEC));

		return fd < 0 || last ? fd : step_to(w, fd);
	}
	n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (snprintf(joined, sizeof(joined), "%s%s", target, w->rest) >= (int)sizeof(w->rest))
		return -ENAMETOOLONG;
	strcpy(w->rest, joined);
	if (target[0] == '/') {
		int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		return root < 0 ? -errno : step_to(w, root);
	}
	return 0;
}

/* Goes on to name: into a directory or along a link (0), or to the file that the path ends in (its
 * handle, which is never 0: fy_high). */
static int step(struct walk *w, const char *name, bool last)
{
	struct stat st;
	int err, fd = fy_high(openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	if (S_ISLNK(st.st_mode)) {
		err = may_be_planted(w->dir, &st) ? -ELOOP : follow(w, fd, name, last);
		close(fd);
		return err;
	}
	if (last)
		return fd;
	return step_to(w, fd); /* what is not a directory fails as the next openat's ENOTDIR */
}

static int walk(const char *path, char *parent_of)
{
	char name[NAME_MAX + 1];
	struct walk w;
	int err = start(&w, path);

	if (err < 0)
		return err;
	for (;;) {
		int last = next(&w, name);

		if (last > 0 && parent_of != NULL && name[0] != '\0') {
			strcpy(parent_of, name);
			return w.dir;
		}
		if (last < 0)
			err = last;
		else if (name[0] == '\0') /* "/", or a path that ends in one */
			err = last ? -EISDIR : 0;
		else
			err = step(&w, name, last);
		if (err != 0)
			break;
	}
	close(w.dir);
	return err;
}

/* Returns an O_PATH descriptor of the directory that path ends in, and the last component: that one
 * is not looked at. */
int fy_path_parent(const char *path, char last[static NAME_MAX + 1])
{
	return walk(path, last);
}

/* Returns an O_PATH descriptor of what path leads to. */
int fy_path_open(const char *path)
{
	return walk(path, NULL);
}
