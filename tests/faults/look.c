/* SPDX-License-Identifier: MIT
 * look.c - stat, describe, reserve and close_all, with each system call failing in turn. */
#include "fdferry.h"
#include "harness.h"
#include "wrap/inject.h"
#include "wrap/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static int fd;
static struct stat own;
static struct ferry_facts facts;
static char path[200], peer[FERRY_ADDR_SIZE], line[300];
static size_t wanted;
static int many[6];

static void nothing(void)
{
}

static int do_stat(void)
{
	memset(&facts, 0, sizeof(facts));
	facts.mode = 7;
	facts.path = path;
	facts.path_size = sizeof(path);
	facts.peer = peer;
	facts.peer_size = sizeof(peer);
	return ferry_stat(fd, &facts, sizeof(facts));
}

static void after_stat(int r, const struct fault_seen *seen)
{
	(void)seen;
	if (r < 0) {
		CHECK_INT(facts.mode, ==, 7); /* as it was */
		CHECK_INT(facts.kind, ==, 0);
		return;
	}
	CHECK_INT(r, ==, 0);
	CHECK_INT(facts.ino, ==, own.st_ino);
	CHECK_INT(facts.mode, ==, own.st_mode);
	CHECK_INT(facts.kind, !=, 0);
	CHECK(memchr(path, '\0', sizeof(path)) != NULL);
	CHECK(memchr(peer, '\0', sizeof(peer)) != NULL);
}

static int do_describe(void)
{
	line[0] = '\0';
	return ferry_describe(fd, line, sizeof(line));
}

static void after_describe(int r, const struct fault_seen *seen)
{
	(void)seen;
	if (r >= 0)
		CHECK_INT(strlen(line), ==, r);
	else
		CHECK_STR(line, "");
}

static void look_each(const char *name)
{
	struct fault_case c = {.name = name,
			       .before = nothing,
			       .op = do_stat,
			       .after = after_stat,
			       .undo = nothing,
			       .fewest = 4};

	CHECK_OK(fstat(fd, &own));
	fault_each(&c);
	c.op = do_describe;
	c.after = after_describe;
	fault_each(&c);
	close(fd);
}

TEST_SECONDS(stat_and_describe, 60)
{
	int ends[2];

	fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	look_each("file");
	CHECK_OK(unlink("f"));
	fd = CHECK_OK(memfd_create("m", MFD_CLOEXEC));
	look_each("memfd");
	CHECK_OK(pipe2(ends, O_CLOEXEC));
	close(ends[1]);
	fd = ends[0];
	look_each("fifo");
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	fd = ends[0];
	look_each("socket");
	close(ends[1]);
	fd = CHECK_OK(eventfd(0, EFD_CLOEXEC));
	look_each("eventfd");
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (fd >= 0)
		look_each("pidfd");
}

static int do_reserve(void)
{
	return ferry_reserve(wanted);
}

static void after_reserve(int r, const struct fault_seen *seen)
{
	(void)r;
	(void)seen;
}

TEST_SECONDS(reserve, 60)
{
	static const size_t some[] = {1, 40, 200};
	const struct fault_case c = {.name = "reserve",
				     .before = nothing,
				     .op = do_reserve,
				     .after = after_reserve,
				     .undo = nothing,
				     .fewest = 3};

	for (size_t i = 0; i < 3; i++) {
		wanted = some[i];
		fault_each(&c);
	}
}

/* Two runs, one alone and a slot without a descriptor. */
static void open_many(void)
{
	for (int i = 0; i < 6; i++)
		many[i] = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, i < 3 ? 20 : 30 + 2 * i));
	close(many[5]);
	many[5] = -1;
}

static int do_close_all(void)
{
	errno = EXDEV;
	ferry_close_all(many, 6);
	return errno == EXDEV ? 0 : -EXDEV;
}

/* It gives nothing and cannot fail: the table of before has these in it, and now none may be left. */
static void after_close_all(int r, const struct fault_seen *seen)
{
	(void)seen;
	CHECK_INT(r, ==, 0);
	for (int i = 0; i < 6; i++)
		CHECK_INT(many[i], ==, -1);
	CHECK_INT(open_fds(), ==, 3);
	open_many(); /* for the comparison */
}

static void close_many(void)
{
	for (int i = 0; i < 5; i++)
		close(many[i]);
}

TEST_SECONDS(close_all, 60)
{
	const struct fault_case c = {.name = "close_all",
				     .before = open_many,
				     .op = do_close_all,
				     .after = after_close_all,
				     .undo = close_many,
				     .fewest = 3};

	fault_each(&c);
}
