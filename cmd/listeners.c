/* SPDX-License-Identifier: MIT
 * listeners.c - copies of the sockets that a running process listens on, which does not notice. */
#include "store_of.h"

#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	const char *pid;
	int pidfd;
	int dir; /* /proc/PID/fd */
	struct listener *found;
	size_t n;
};

/* A name has no colon, and only what is printed: 127.0.0.1:80 is 127.0.0.1_80. */
static void make_name(char *name, size_t size, const char *address)
{
	snprintf(name, size, "%.*s", (int)size - 1, address[0] != '\0' ? address : "unnamed");
	for (char *c = name; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e || *c == ':')
			*c = '_';
}

/* The process may have the same socket under several numbers. */
static bool is_known(const struct search *s, int fd)
{
	struct stat a, b;

	if (fstat(fd, &a) < 0) /* a socket: fstat(2) asks nobody */
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (fstat(s->found[i].fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	return false;
}

static int keep(struct search *s, int fd, const char *address)
{
	struct listener *more = realloc(s->found, (s->n + 1) * sizeof(*more));

	if (more == NULL)
		return say(EXIT_REFUSED, "no memory for %zu listeners", s->n + 1);
	s->found = more;
	more[s->n].fd = fd;
	make_name(more[s->n].name, sizeof(more->name), address);
	s->n++;
	return EXIT_DONE;
}

/* One descriptor of the process.  What it has closed meanwhile is passed over. */
static int look(struct search *s, const char *number)
{
	char link[32], address[256];
	struct ferry_facts st = {.path = address, .path_size = sizeof(address)};
	ssize_t len = readlinkat(s->dir, number, link, sizeof(link));
	char what[288];
	unsigned long n;
	int fd, status = EXIT_DONE;

	if (len < 7 || memcmp(link, "socket:", 7) != 0)
		return EXIT_DONE;
	if (read_count(number, INT_MAX, &n) < 0)
		return EXIT_DONE;
	fd = copy_descriptor(s->pidfd, (int)n);
	if (fd == -EBADF)
		return EXIT_DONE;
	if (fd < 0) {
		snprintf(what, sizeof(what), "pid:%s/%s", s->pid, number);
		say_no_copy(what, strtoul(s->pid, NULL, 10), n, -fd);
		return EXIT_REFUSED;
	}
	if (ferry_stat(fd, &st, sizeof(st)) == 0 && st.listening == 1 && !is_known(s, fd)) {
		status = keep(s, fd, address);
		if (status == EXIT_DONE)
			return status;
	}
	close(fd);
	return status;
}

static int look_at_all(struct search *s)
{
	DIR *dir = fdopendir(s->dir);
	struct dirent *entry;
	int status = EXIT_DONE;

	if (dir == NULL) {
		close(s->dir);
		return say(EXIT_REFUSED, "no memory for the descriptors of process %s", s->pid);
	}
	/* cppcheck-suppress readdirCalled ; this process has one thread */
	while (status == EXIT_DONE && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			status = look(s, entry->d_name);
	closedir(dir);
	return status;
}

/* The descriptors are the caller's to close, and *ret to free; on failure there are none. */
int copy_listeners(const char *pid, struct listener **ret, size_t *ret_n)
{
	struct search s = {.pid = pid};
	char path[64];
	int status;

	s.pidfd = open_pidfd(pid, pid);
	if (s.pidfd < 0)
		return -s.pidfd;
	/* It is that process's: while its pidfd is open and it lives, its number is no other's. */
	snprintf(path, sizeof(path), "/proc/%lu/fd", strtoul(pid, NULL, 10));
	s.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.dir < 0)
		status = say(EXIT_REFUSED, "cannot look at the descriptors of process %s: %s%s",
			     pid, strerror(errno),
			     errno == EACCES ? ": it takes what ptrace(2) takes: its uid, or root"
					     : "");
	else
		status = look_at_all(&s);
	close(s.pidfd);
	if (status == EXIT_DONE && s.n == 0)
		status =
			say(EXIT_REFUSED,
			    "process %s listens on no socket: is it one of its children that does?",
			    pid);
	if (status == EXIT_DONE) {
		*ret = s.found;
		*ret_n = s.n;
		return status;
	}
	for (size_t i = 0; i < s.n; i++)
		close(s.found[i].fd);
	free(s.found);
	return status;
}
