/* SPDX-License-Identifier: MIT
 * service.c - LISTEN_FDS, with each system call failing in turn. */
#include "fdferry/service.h"
#include "harness.h"
#include "wrap/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MANAGED 3

static int fds[MANAGED];

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
