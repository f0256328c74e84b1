/* SPDX-License-Identifier: MIT
 *
 * selftest_cases.c - tests that misbehave on purpose; selftest.sh knows what the harness must say.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_long(void *arg)
{
	(void)arg;
	/* Bounded, should the harness ever fail to end it. */
	for (int i = 0; i < 60; i++)
		sleep(1);
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void make_file(const char *path)
{
	int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	close(fd);
}

TEST(good_empty)
{
}

TEST(good_start)
{
	int fd;
	mode_t mask = umask(0);

	CHECK_INT(mask, ==, 022);
	umask(mask);
	CHECK_INT(open_fds(), ==, 3);
	fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	CHECK_INT(fd, ==, 3);
	CHECK(is_cloexec(fd));
	CHECK(!is_cloexec(1));
	close(fd);
	CHECK_OK(unlink("file"));
	CHECK(rmdir(".") < 0);
}

TEST(good_child)
{
	join_child(in_child(do_nothing, NULL));
}

TEST(good_low_limit)
{
	int fd;

	limit_fds(10);
	for (int i = 3; i < 10; i++)
		CHECK_INT(CHECK_OK(dup(0)), ==, i);
	CHECK_ERRNO(dup(0), EMFILE);
	CHECK_INT(open_fds(), ==, 10);
	for (fd = 3; fd < 10; fd++)
		close(fd);
}

TEST(good_dropped_root)
{
	drop_root();
	CHECK(!is_root());
	make_file("mine");
	CHECK_OK(unlink("mine"));
}

TEST(good_remembered)
{
	struct fd_table *before;
	int fd = CHECK_OK(eventfd(0, EFD_CLOEXEC)), other;

	before = remember_fds();
	other = CHECK_OK(dup(0));
	close(other);
	CHECK_FDS(before);
	close(fd);
}

TEST(good_numbers)
{
	CHECK_INT(-1, <, 1u);
	CHECK_INT(-1, !=, UINTMAX_MAX);
	CHECK_INT(UINTMAX_MAX, >, INTMAX_MAX);
	CHECK_INT((size_t)3, ==, 3);
	CHECK_INT(INTMAX_MIN, <=, (unsigned char)0);
	CHECK_INT(true, >=, 1);
	CHECK_INT(-2, >, -3);
}

TEST(good_same_file)
{
	int a = CHECK_OK(eventfd(0, EFD_CLOEXEC)), b = CHECK_OK(eventfd(0, EFD_CLOEXEC));
	int c = CHECK_OK(fcntl(a, F_DUPFD_CLOEXEC, 0)), here = CHECK_OK(open(".", O_RDONLY));

	CHECK(same_file(a, c));
	if (same_description(a, b) >= 0)
		CHECK(!same_file(a, b));
	int again = CHECK_OK(open(".", O_RDONLY));

	CHECK(same_file(here, again));
	CHECK_INT(same_description(here, again), <=, 0);
	CHECK(!same_file(a, here));
	close(a);
	close(b);
	close(c);
	close(here);
	close(again);
}

TEST(good_output)
{
	puts("not ok 1 - fake");
	fputs("Bail out!\n", stderr);
	NOTE("a note of %d words", 4);
}

TEST(good_skip)
{
	SKIP("there is %s", "no need");
}

static void skip_here(void *arg)
{
	(void)arg;
	SKIP("the child says so");
}

TEST(good_skip_in_child)
{
	join_child(in_child(skip_here, NULL));
	FAIL("not reached");
}

TEST(bad_leak)
{
	int fds[2];

	CHECK_OK(pipe2(fds, O_CLOEXEC));
	close(fds[1]);
}

TEST(bad_leak_at_limit)
{
	limit_fds(4);
	CHECK_OK(dup(0));
}

TEST(bad_leak_above_limit)
{
	CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 40));
	limit_fds(4);
}

TEST(bad_leak_dropped_root)
{
	drop_root();
	CHECK_OK(dup(0));
}

TEST(bad_close)
{
	close(0);
}

TEST(bad_swap)
{
	CHECK_OK(dup2(1, 0));
}

TEST(bad_swap_same_inode)
{
	close(0);
	CHECK_INT(CHECK_OK(open("/dev/null", O_RDONLY)), ==, 0);
}

TEST(bad_swap_eventfd)
{
	int fd = CHECK_OK(eventfd(0, EFD_CLOEXEC)), other = CHECK_OK(eventfd(0, EFD_CLOEXEC));
	struct fd_table *before;

	if (same_description(fd, other) < 0)
		SKIP("this kernel does not tell open file descriptions apart");
	close(other);
	before = remember_fds();
	close(fd);
	CHECK_INT(CHECK_OK(eventfd(0, EFD_CLOEXEC)), ==, fd);
	CHECK_FDS(before);
}

TEST(bad_remembered)
{
	struct fd_table *before = remember_fds();
	int fd = CHECK_OK(dup(0));

	CHECK_FDS(before);
	close(fd);
}

TEST(bad_cloexec)
{
	CHECK_OK(fcntl(0, F_SETFD, FD_CLOEXEC));
}

TEST(bad_nonblock)
{
	CHECK_OK(fcntl(1, F_SETFL, CHECK_OK(fcntl(1, F_GETFL)) | O_NONBLOCK));
}

TEST(bad_close_all)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

TEST(bad_running_child)
{
	limit_fds(3);
	in_child(sleep_long, NULL);
}

TEST(bad_zombie)
{
	siginfo_t info;
	pid_t pid = in_child(do_nothing, NULL);

	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
}

static void fork_orphan(void *arg)
{
	(void)arg;
	in_child(sleep_long, NULL);
}

TEST(bad_orphan)
{
	join_child(in_child(fork_orphan, NULL));
}

static void fork_far_orphan(void *arg)
{
	CHECK_OK(setsid());
	fork_orphan(arg);
}

TEST(bad_orphan_of_another_session)
{
	join_child(in_child(fork_far_orphan, NULL));
}

TEST(bad_file)
{
	CHECK_OK(mkdir("sub", 0700));
	make_file("sub/left-behind");
	CHECK_OK(chmod("sub", 0));
}

TEST_SECONDS(bad_hang, 1)
{
	in_child(sleep_long, NULL);
	sleep_long(NULL);
}

TEST(bad_segv)
{
	/* A sanitizer's handler would make an exit status of it. */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

TEST(bad_abort)
{
	signal(SIGABRT, SIG_DFL);
	puts("last words");
	fflush(stdout);
	abort();
}

TEST(bad_exit)
{
	exit(0);
}

TEST(bad_quick_exit)
{
	_exit(0);
}

TEST(bad_check)
{
	CHECK(1 > 2);
}

TEST(bad_check_int)
{
	int three = 3;

	CHECK_INT(three + 1, ==, -5);
}

TEST(bad_check_str)
{
	CHECK_STR("left text", "right text");
}

TEST(bad_check_mem)
{
	CHECK_MEM("abc", "abd", 3);
}

TEST(bad_check_ok)
{
	CHECK_OK(open("absent", O_RDONLY));
}

TEST(bad_check_err)
{
	CHECK_ERR(-ENOENT, EACCES);
}

TEST(bad_check_errno)
{
	CHECK_ERRNO(open("absent", O_RDONLY), EACCES);
}

TEST(bad_fail)
{
	FAIL("because of %d", 42);
}

static void fail_here(void *arg)
{
	(void)arg;
	CHECK_INT(1, ==, 2);
}

TEST(bad_child_check)
{
	join_child(in_child(fail_here, NULL));
}

TEST(bad_child_unheeded)
{
	int status;

	CHECK_OK(waitpid(in_child(fail_here, NULL), &status, 0));
}

static void die_here(void *arg)
{
	(void)arg;
	raise(SIGKILL);
}

TEST(bad_child_killed)
{
	join_child(in_child(die_here, NULL));
}

TEST(bad_output)
{
	puts("ok 99 - fake");
	fflush(stdout);
	FAIL("so that it is shown");
}

TEST(bad_mask)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

TEST(bad_disposition)
{
	signal(SIGPIPE, SIG_IGN);
}
