/* SPDX-License-Identifier: MIT
 * objects.c - what speak.c has to put into a store. */
#include "speak.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PATIENCE_MS 30000
#define KCMP_FILE 0

static struct {
	char name[8];
	int fd;
} objects[64];
static size_t n_objects;

static void add(char kind, const char *number, int fd)
{
	if (n_objects == sizeof(objects) / sizeof(*objects) || strlen(number) > 4)
		fail("too many objects");
	snprintf(objects[n_objects].name, sizeof(objects->name), "%c%s", kind, number);
	objects[n_objects++].fd = fd;
}

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < n_objects && strcmp(objects[i].name, name) != 0)
		i++;
	return i;
}

int object(const char *name)
{
	int ends[2];

	if (find(name) < n_objects)
		return objects[find(name)].fd;
	if (name[0] == 'm') {
		add('m', name + 1, memfd_create(name, MFD_CLOEXEC));
	} else if (name[0] == 'r' || name[0] == 'w') {
		if (pipe2(ends, O_CLOEXEC) < 0)
			fail("pipe2: %s", strerror(errno));
		add('r', name + 1, ends[0]);
		add('w', name + 1, ends[1]);
	} else {
		fail("there is nothing called %s", name);
	}
	return objects[find(name)].fd;
}

void close_object(const char *name)
{
	int fd = object(name);

	objects[find(name)].fd = -1;
	close(fd);
}

/* Until nobody has the other end of a pipe any more. */
void await_end(const char *name)
{
	struct pollfd end = {.fd = object(name), .events = 0};

	if (poll(&end, 1, PATIENCE_MS) <= 0)
		fail("somebody still has the other end of %s", name);
}

/* By kcmp(2), which can tell; where it is forbidden, by the file. */
bool same_open_file(int a, int b)
{
	struct stat one, other;
	long r = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b);

	if (r >= 0)
		return r == 0;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}
