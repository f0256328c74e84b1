/* SPDX-License-Identifier: MIT
 * service.c - LISTEN_FDS, notify and barrier, with each system call failing in turn. */
#include "fdferry/service.h"
#include "harness.h"
#include "wrap/inject.h"
#include "wrap/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MANAGED 3
#define MANY 300

static int fds[MANY], pool[POOL], manager;
static struct ferry_note n;

static void set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	CHECK_OK(setenv(name, text, 1));
}

/* The middle one is close-on-exec already: it is put back as it was, too. */
static void managed(void)
{
	for (int i = 0; i < MANAGED; i++)
		CHECK_INT(memfd_create("managed", i == 1 ? MFD_CLOEXEC : 0), ==, 3 + i);
	set_number("LISTEN_FDS", MANAGED);
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_PIDFDID", 1); /* nobody's: without pidfs it is not looked at */
	CHECK_OK(setenv("LISTEN_FDNAMES", "a:b:c", 1));
}

static void managed_without_inode(void)
{
	managed();
	CHECK_OK(unsetenv("LISTEN_PIDFDID"));
}

static int listens(void)
{
	const char *names[MANAGED];
	char text[20];
	struct ferry_listen l = {.fds = fds,
				 .names = names,
				 .max_fds = MANAGED,
				 .text = text,
				 .text_size = sizeof(text),
				 .flags = FERRY_CLEAR_ENV};
	int r = ferry_listen_fds(&l, sizeof(l)), err = errno;

	CHECK_INT(l.nfds, ==, r > 0 ? r : 0);
	errno = err;
	return r;
}

static void after_listen(int r, const struct fault_seen *seen)
{
	(void)seen;
	CHECK(r <= 0 || r == MANAGED);
	CHECK_INT(getenv("LISTEN_FDS") != NULL, ==, r < 0);
	for (int i = 0; i < MANAGED; i++) {
		CHECK_INT(fds[i], ==, r > 0 ? 3 + i : -1);
		CHECK_INT(is_cloexec(3 + i), ==, r > 0 || i == 1);
		/* For the comparison of the tables. */
		CHECK_OK(fcntl(3 + i, F_SETFD, i == 1 ? FD_CLOEXEC : 0));
	}
}

static void close_managed(void)
{
	for (int i = 0; i < MANAGED; i++)
		CHECK_OK(close(3 + i));
}

TEST_SECONDS(listen_fds, 60)
{
	struct fault_case c = {.name = "listen_fds",
			       .before = managed_without_inode,
			       .op = listens,
			       .after = after_listen,
			       .undo = close_managed,
			       .fewest = 2 * MANAGED};

	fault_each(&c);
	c.name = "listen_fds with an inode";
	c.before = managed;
	c.fewest = 3;
	fault_each(&c);
}

static void serve(void)
{
	char path[PATH_MAX];

	manager = plain_bound("notify", SOCK_DGRAM);
	CHECK(getcwd(path, sizeof(path) - sizeof("/notify")) != NULL);
	strcat(path, "/notify");
	CHECK_OK(setenv("NOTIFY_SOCKET", path, 1));
	for (int i = 0; i < POOL; i++)
		pool[i] = CHECK_OK(memfd_create("pool", MFD_CLOEXEC));
	for (int i = 0; i < MANY; i++)
		fds[i] = pool[i % POOL];
}

static void end_serving(void)
{
	for (int i = 0; i < POOL; i++)
		close(pool[i]);
	close(manager);
	CHECK_OK(unlink("notify"));
}

static int notifies(void)
{
	n = (struct ferry_note){
		.fds = fds, .nfds = MANY, .name = "x", .lines = "READY=1", .timeout_ms = 3000};
	return ferry_notify(&n, sizeof(n));
}

/* What is said to have left has, once and in order, and nothing else. */
static void after_notify(int r, const struct fault_seen *seen)
{
	struct queue q = drain(manager, SOCK_DGRAM, pool);

	(void)seen;
	CHECK(!q.wrong);
	CHECK_INT(q.n, ==, n.sent);
	CHECK_INT(q.messages, ==, r < 0 ? (n.sent > 0) : 2);
	CHECK(r < 0 || n.sent == MANY);
}

TEST_SECONDS(notify, 60)
{
	const struct fault_case c = {.name = "notify",
				     .before = serve,
				     .op = notifies,
				     .after = after_notify,
				     .undo = end_serving,
				     .fewest = 5};

	fault_each(&c);
}

/* Nobody reads it: it always ends with its deadline, and what it sent with the manager's socket. */
static int barrier(void)
{
	return ferry_notify_barrier(20, 0);
}

static void after_barrier(int r, const struct fault_seen *seen)
{
	struct pollfd p = {.fd = manager, .events = POLLIN};
	char got[20];

	(void)seen;
	CHECK_INT(r, <, 0);
	while (poll(&p, 1, 0) == 1)
		CHECK_INT(read(manager, got, sizeof(got)), ==, strlen("BARRIER=1"));
}

TEST_SECONDS(notify_barrier, 120)
{
	static const int also[] = {ETIMEDOUT, 0};
	const struct fault_case c = {.name = "notify_barrier",
				     .before = serve,
				     .op = barrier,
				     .after = after_barrier,
				     .undo = end_serving,
				     .also = also,
				     .expected = -ETIMEDOUT,
				     .fewest = 6};

	fault_each(&c);
}

/* Whether this process is meant cannot be asked: that is neither yes nor no. */
static void cannot_ask(int error)
{
	managed();
	fault_call("syscall", 0, error);
	CHECK_ERR(listens(), error);
	(void)fault_end();
	CHECK_INT(errno, ==, error);
	after_listen(-error, NULL);
	close_managed();
}

TEST(inode_without_means)
{
	cannot_ask(EMFILE);
	cannot_ask(ENFILE);
	cannot_ask(ENOMEM);
}
