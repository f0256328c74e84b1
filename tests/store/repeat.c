/* SPDX-License-Identifier: MIT
 *
 * repeat.c - tests: a request that is repeated with its id is answered again and done once.
 */
#include "processes.h"

#include <errno.h>
#include <sys/wait.h>

static void check_put(int door, const char *request, int fd, const char *expected)
{
	struct answer a;

	ask_with(door, &a, request, &fd, 1);
	CHECK_STR(a.text, expected);
}

/* A new connection, and where it is asked for a new broker before. */
static int anew(int door, bool broker_dies)
{
	close(door);
	if (broker_dies)
		kill_broker();
	return client();
}

static void check_put_twice(bool broker_dies)
{
	int door, ends[2];

	store_begin(NULL);
	door = client();
	make_pipe(ends);
	put(door, "NAME=other", ends[0]);
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", ends[1],
		  "REQUEST=p\nERRNO=0\nID=2\nCOUNT=1\n");
	door = anew(door, broker_dies);
	put(door, "NAME=other", ends[0]);
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", ends[1],
		  "REQUEST=p\nERRNO=0\nID=2\nCOUNT=1\n");
	CHECK_HELD(door, "other a other ");
	/* Also when what it has put has gone since. */
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", ends[1],
		  "REQUEST=p\nERRNO=0\nID=2\nCOUNT=1\n");
	CHECK_HELD(door, "other other ");
	CHECK_OK(close(ends[1]));
	await_end(ends[0]); /* what came again is closed */
	close(door);
	store_end();
}

STORE_TEST(put)
{
	check_put_twice(false);
}

STORE_TEST(put_and_the_broker_dies)
{
	check_put_twice(true);
}

static void check_remove_twice(bool broker_dies)
{
	int door, fd = new_memfd("x");

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	put(door, "NAME=a", fd);
	CHECK_ANSWER(door, "OP=remove\nNAME=a\nREQUEST=r", "REQUEST=r\nERRNO=0\nCOUNT=2\n");
	put(door, "NAME=a", fd);
	door = anew(door, broker_dies);
	CHECK_ANSWER(door, "OP=remove\nNAME=a\nREQUEST=r", "REQUEST=r\nERRNO=0\nCOUNT=2\n");
	CHECK_HELD(door, "a ");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(removal)
{
	check_remove_twice(false);
}

STORE_TEST(removal_and_the_broker_dies)
{
	check_remove_twice(true);
}

static void check_confirm_twice(bool broker_dies)
{
	int door, fd = new_memfd("x");
	struct answer a;

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	put(door, "NAME=a", fd);
	ask(door, &a, "OP=take\nNAME=a");
	close_answer(&a);
	CHECK_ANSWER(door, "OP=confirm\nID=1-2\nREQUEST=c", "REQUEST=c\nERRNO=0\nCOUNT=2\n");
	door = anew(door, broker_dies);
	CHECK_ANSWER(door, "OP=confirm\nID=1-2\nREQUEST=c", "REQUEST=c\nERRNO=0\nCOUNT=2\n");
	CHECK_REFUSED(door, "OP=confirm\nID=1-2\nREQUEST=d", ESTALE, "removed");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(confirmation)
{
	check_confirm_twice(false);
}

STORE_TEST(confirmation_and_the_broker_dies)
{
	check_confirm_twice(true);
}

STORE_TEST(another_operation)
{
	int door, fd = new_memfd("x");

	store_begin(NULL);
	door = client();
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", fd, "REQUEST=p\nERRNO=0\nID=1\nCOUNT=1\n");
	CHECK_REFUSED(door, "OP=remove\nNAME=a\nREQUEST=p", EOPNOTSUPP, "another");
	CHECK_REFUSED(door, "OP=confirm\nID=1\nREQUEST=p", EOPNOTSUPP, "another");
	CHECK_ANSWER(door, "OP=remove\nNAME=a\nREQUEST=r", "REQUEST=r\nERRNO=0\nCOUNT=1\n");
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=a\nREQUEST=r", &fd, 1, EOPNOTSUPP,
		      "another");
	CHECK_HELD(door, "");
	/* Those that change nothing are not remembered. */
	CHECK_ANSWER(door, "OP=list\nREQUEST=p", "REQUEST=p\nERRNO=0\n");
	CHECK_ANSWER(door, "OP=release\nREQUEST=p", "REQUEST=p\nERRNO=0\n");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* What was refused has not been done: the same request may succeed later. */
STORE_TEST(a_refusal_is_not_remembered)
{
	int door, fd = new_memfd("x");

	store_begin("--max-fds", "1", NULL);
	door = client();
	put(door, "NAME=a", fd);
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b\nREQUEST=p", &fd, 1, ENOSPC, "max-fds");
	CHECK_REFUSED(door, "OP=remove\nNAME=b\nREQUEST=r", ENOENT, "'b'");
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	check_put(door, "OP=put\nNAME=b\nREQUEST=p", fd, "REQUEST=p\nERRNO=0\nID=2\nCOUNT=1\n");
	CHECK_ANSWER(door, "OP=remove\nNAME=b\nREQUEST=r", "REQUEST=r\nERRNO=0\nCOUNT=1\n");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

static void put_as_another(void *arg)
{
	int door = client(), fd = new_memfd("x");

	(void)arg;
	drop_root(); /* the door was connected to by root: SO_PEERCRED is from then */
	close(door);
	door = client();
	check_put(door, "OP=put\nNAME=b\nREQUEST=p", fd, "REQUEST=p\nERRNO=0\nID=2\nCOUNT=1\n");
	close(door);
	CHECK_OK(close(fd));
}

/* An id is its user's own: another's cannot be guessed, nor spoiled. */
STORE_TEST(the_same_id_from_another_user)
{
	int door, fd = new_memfd("x");

	if (!is_root())
		SKIP("only root can become another user");
	store_begin("--mode", "0666", NULL);
	CHECK_OK(chmod(".", 0755));
	door = client();
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", fd, "REQUEST=p\nERRNO=0\nID=1\nCOUNT=1\n");
	join_child(in_child(put_as_another, NULL));
	check_put(door, "OP=put\nNAME=a\nREQUEST=p", fd, "REQUEST=p\nERRNO=0\nID=1\nCOUNT=1\n");
	CHECK_HELD(door, "a b ");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* The last 4096 are remembered, and not the first of 5000. */
STORE_TEST(what_is_long_ago_is_forgotten)
{
	int door, fd = new_memfd("x");
	struct answer a;
	char text[64];

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "OP=put\nNAME=a\nREPLACE=1\nREQUEST=p%d", i);
		ask_with(door, &a, text, &fd, 1);
		CHECK_INT(number(&a, "ID"), ==, i + 1);
	}
	close(door);
	kill_broker();
	door = client();
	check_put(door, "OP=put\nNAME=a\nREQUEST=p4999", fd,
		  "REQUEST=p4999\nERRNO=0\nID=5000\nCOUNT=1\n");
	check_put(door, "OP=put\nNAME=a\nREQUEST=p904", fd,
		  "REQUEST=p904\nERRNO=0\nID=905\nCOUNT=1\n");
	check_put(door, "OP=put\nNAME=a\nREQUEST=p0", fd,
		  "REQUEST=p0\nERRNO=0\nID=5001\nCOUNT=1\n");
	CHECK_HELD(door, "a a ");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}
