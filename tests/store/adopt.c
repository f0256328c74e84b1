/* SPDX-License-Identifier: MIT
 *
 * adopt.c - tests: the store's parent is killed, and a store is started in the same directory.
 */
#include "processes.h"

#include <sys/mman.h>
#include <sys/prctl.h>

static int64_t held_id;

/* The twins that are left are this process's to reap, and not init's. */
static void begin(void)
{
	int fd = new_memfd("kept"), sock;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	store_begin(NULL);
	sock = client();
	held_id = put(sock, "NAME=a", fd);
	close(sock);
	CHECK_OK(close(fd));
}

static void kill_parent(void)
{
	int status;

	CHECK_OK(kill(the_store, SIGKILL));
	CHECK_INT(waitpid(the_store, &status, 0), ==, the_store);
}

static void check_held(void)
{
	struct answer a;

	ask_anew(&a, "OP=get\nNAME=a", NULL, 0);
	CHECK_INT(a.n, ==, 1);
	CHECK_INT(number(&a, "ID"), ==, held_id);
	check_contents(a.fds[0], "kept");
	close_answer(&a);
}

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

STORE_TEST(twins_go_on_without_a_parent)
{
	begin();
	kill_parent();
	check_held();
	kill_broker();
	check_held();
	kill_keeper();
	check_held();
	store_begin(NULL);
	store_end();
	reap();
}

STORE_TEST(they_are_adopted)
{
	pid_t twins[2];

	begin();
	twins[0] = broker();
	twins[1] = keeper();
	for (int i = 0; i < 3; i++) {
		kill_parent();
		store_begin(NULL);
		CHECK_INT(status("PARENT"), ==, the_store);
		check_held();
	}
	CHECK_INT(broker(), ==, twins[0]);
	CHECK_INT(keeper(), ==, twins[1]);
	kill_broker();
	kill_keeper();
	check_held();
	store_end();
	CHECK_ERRNO(access("store", F_OK), ENOENT);
	reap();
}

/* What was adopted has one parent, and no second one. */
STORE_TEST(by_one)
{
	pid_t first;

	begin();
	kill_parent();
	store_begin(NULL);
	first = the_store;
	CHECK(!store_try((const char *const[]){NULL}, "errors"));
	CHECK_INT(store_wait(), ==, 1);
	CHECK_OK(unlink("errors"));
	the_store = first;
	check_held();
	store_end();
	reap();
}

STORE_TEST(their_end_is_told)
{
	pid_t twins[2];

	begin();
	kill_parent();
	CHECK(store_try((const char *const[]){NULL}, "errors"));
	twins[0] = broker();
	twins[1] = keeper();
	/* Stopped first, so that neither replaces the other. */
	for (int i = 0; i < 4; i++)
		CHECK_OK(kill(twins[i % 2], i < 2 ? SIGSTOP : SIGKILL));
	CHECK_INT(store_wait(), ==, 1);
	CHECK_OK(unlink("errors"));
	CHECK_OK(unlink("lock"));
	reap();
}

/* The page, with which the store can be ended, is for its own user and root. */
STORE_TEST(not_by_a_stranger)
{
	int status;
	pid_t pid;

	if (!is_root())
		SKIP("only root can be somebody else");
	CHECK_OK(chmod(".", 0755));
	store_begin("--mode", "0666", NULL);
	pid = CHECK_OK(fork());
	if (pid == 0) {
		int sock;

		drop_root();
		sock = client();
		check_refused(HARNESS_HERE, sock, "OP=adopt", NULL, 0, EPERM, "own user");
		close(sock);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	CHECK_INT(status, ==, 0);
	store_end();
}
