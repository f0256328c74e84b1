/* SPDX-License-Identifier: MIT
 *
 * take.c - tests: what is taken is lent, and gone when the taker says that it is there.
 */
#include "processes.h"

/* Ids 1 and 2 are called a, 3 is b. */
static int begin_with_three(void)
{
	int door, fds[2] = {new_memfd("a1"), new_memfd("a2")}, b = new_memfd("b");

	store_begin(NULL);
	door = client();
	put_all(door, "NAME=a", fds, 2);
	put(door, "NAME=b", b);
	CHECK_OK(close(fds[0]));
	CHECK_OK(close(fds[1]));
	CHECK_OK(close(b));
	return door;
}

static void take(int door, const char *request, int n)
{
	struct answer a;

	ask(door, &a, request);
	check_done(HARNESS_HERE, &a);
	CHECK_INT(a.n, ==, n);
	close_answer(&a);
}

/* The store has seen the end of a connection when it answers one that was made later. */
static void end_client(int sock)
{
	CHECK_OK(close(sock));
	status("CLIENTS");
}

STORE_TEST(take_and_confirm)
{
	int door = begin_with_three();
	struct answer a;

	ask(door, &a, "OP=take\nNAME=a\nREQUEST=t");
	CHECK_INT(a.n, ==, 2);
	check_contents(a.fds[0], "a1");
	check_contents(a.fds[1], "a2");
	CHECK(says(&a, "NAME", "a"));
	CHECK_INT(number(&a, "ID"), ==, 1);
	close_answer(&a);
	/* Until then they are there, for those who get and list. */
	CHECK_HELD(door, "a a b ");
	take(door, "OP=get\nNAME=a", 2);
	CHECK_ANSWER(door, "OP=confirm\nID=1-2\nREQUEST=c", "REQUEST=c\nERRNO=0\nCOUNT=2\n");
	CHECK_HELD(door, "b ");
	kill_broker();
	close(door);
	door = client();
	CHECK_HELD(door, "b ");
	close(door);
	store_end();
}

STORE_TEST(two_take_the_same)
{
	int door = begin_with_three(), other = client();
	struct answer a;

	take(door, "OP=take\nNAME=a", 2);
	CHECK_REFUSED(other, "OP=take\nID=2", EBUSY, "taken");
	CHECK_REFUSED(other, "OP=take\nID=3\nNAME=a", EBUSY, "taken");
	CHECK_REFUSED(door, "OP=take\nNAME=a", EBUSY, "taken");
	CHECK_REFUSED(other, "OP=confirm\nID=1", ESTALE, "took");
	take(other, "OP=take\nNAME=b", 1); /* what was refused has lent nothing */
	ask(door, &a, "OP=list\nID=1");
	CHECK(says(&a, "TAKER", "1"));
	CHECK_ANSWER(other, "OP=confirm\nID=3", "ERRNO=0\nCOUNT=1\n");
	CHECK_ANSWER(door, "OP=confirm\nID=1\nID=2", "ERRNO=0\nCOUNT=2\n");
	CHECK_HELD(door, "");
	close(other);
	close(door);
	store_end();
}

STORE_TEST(release)
{
	int door = begin_with_three(), other = client();

	take(door, "OP=take\nPATTERN=*", 3);
	CHECK_ANSWER(door, "OP=confirm\nID=3", "ERRNO=0\nCOUNT=1\n");
	CHECK_ANSWER(door, "OP=release\nREQUEST=r", "REQUEST=r\nERRNO=0\n");
	CHECK_HELD(door, "a a ");
	take(other, "OP=take\nNAME=a", 2);
	CHECK_REFUSED(door, "OP=confirm\nID=1-2", ESTALE, "took");
	CHECK_ANSWER(door, "OP=release", "ERRNO=0\n"); /* nothing is lent to it */
	CHECK_ANSWER(other, "OP=confirm\nID=1-2", "ERRNO=0\nCOUNT=2\n");
	close(other);
	close(door);
	store_end();
}

STORE_TEST(a_taker_that_dies_has_lost_nothing)
{
	int door = begin_with_three(), taker = client();

	take(taker, "OP=take\nNAME=a", 2);
	CHECK_REFUSED(door, "OP=take\nNAME=a", EBUSY, "taken");
	end_client(taker);
	CHECK_HELD(door, "a a b ");
	take(door, "OP=take\nNAME=a", 2);
	CHECK_ANSWER(door, "OP=confirm\nID=1-2", "ERRNO=0\nCOUNT=2\n");
	close(door);
	store_end();
}

/* All or none: one of them has gone, or is another's, or never was. */
STORE_TEST(confirm_is_whole)
{
	int door = begin_with_three(), other = client();

	take(door, "OP=take\nNAME=a", 2);
	take(other, "OP=take\nNAME=b", 1);
	CHECK_REFUSED(door, "OP=confirm\nID=1-3", ESTALE, "took");
	CHECK_REFUSED(door, "OP=confirm\nID=1\nID=4", ESTALE, "removed");
	CHECK_REFUSED(door, "OP=confirm\nID=1-4", ESTALE, "took");
	CHECK_REFUSED(door, "OP=confirm\nID=1-9000000000000000000", ESTALE, "took");
	CHECK_REFUSED(door, "OP=confirm\nID=1\nID=1-2", EINVAL, "twice");
	CHECK_HELD(door, "a a b ");
	CHECK_ANSWER(other, "OP=remove\nID=2", "ERRNO=0\nCOUNT=1\n");
	CHECK_REFUSED(door, "OP=confirm\nID=1-2", ESTALE, "removed");
	CHECK_HELD(door, "a b ");
	CHECK_ANSWER(door, "OP=confirm\nID=1", "ERRNO=0\nCOUNT=1\n");
	CHECK_HELD(door, "b ");
	close(other);
	close(door);
	store_end();
}

/* What is replaced while it is lent has gone for the taker as well. */
STORE_TEST(replaced_while_it_is_lent)
{
	int door = begin_with_three(), other = client(), fd = new_memfd("new");

	take(door, "OP=take\nNAME=b", 1);
	put(other, "NAME=b\nREPLACE=1", fd);
	CHECK_REFUSED(door, "OP=confirm\nID=3", ESTALE, "removed");
	take(door, "OP=take\nNAME=b", 1);
	CHECK_ANSWER(door, "OP=confirm\nID=4", "ERRNO=0\nCOUNT=1\n");
	CHECK_HELD(door, "a a ");
	CHECK_OK(close(fd));
	close(other);
	close(door);
	store_end();
}

STORE_TEST(a_loan_and_the_death_of_the_broker)
{
	int door = begin_with_three(), other;

	take(door, "OP=take\nNAME=a", 2);
	take(door, "OP=take\nNAME=b", 1);
	kill_broker();
	close(door);
	door = client();
	other = client();
	CHECK_HELD(door, "a a b ");
	/* It is forgotten, but still good where nobody else has taken it. */
	take(other, "OP=take\nID=1", 1);
	CHECK_REFUSED(door, "OP=confirm\nID=1-2", ESTALE, "took");
	CHECK_ANSWER(door, "OP=confirm\nID=3", "ERRNO=0\nCOUNT=1\n");
	CHECK_ANSWER(other, "OP=confirm\nID=1", "ERRNO=0\nCOUNT=1\n");
	CHECK_HELD(door, "a ");
	close(other);
	close(door);
	store_end();
}

STORE_TEST(the_keeper_dies_and_the_loan_stays)
{
	int door = begin_with_three(), other = client();

	take(door, "OP=take\nNAME=a", 2);
	kill_keeper();
	CHECK_REFUSED(other, "OP=take\nNAME=a", EBUSY, "taken");
	CHECK_ANSWER(door, "OP=confirm\nID=1-2", "ERRNO=0\nCOUNT=2\n");
	close(other);
	close(door);
	store_end();
}

/* More than a message has: a range for each, and one confirmation of all. */
STORE_TEST(a_thousand_are_taken)
{
	int door, other, fds[250], fd = new_memfd("x");
	struct answer a;
	int n = 0;

	store_begin(NULL);
	door = client();
	other = client();
	for (int i = 0; i < 250; i++)
		fds[i] = fd;
	for (int i = 0; i < 4; i++)
		put_all(door, "NAME=a", fds, 250);
	tell(door, "OP=take\nNAME=a", NULL, 0);
	do {
		CHECK(hear(door, &a));
		check_done(HARNESS_HERE, &a);
		n += a.n;
		close_answer(&a);
	} while (has(&a, "MORE"));
	CHECK_INT(n, ==, 1000);
	CHECK_REFUSED(other, "OP=take\nID=1000", EBUSY, "taken");
	CHECK_ANSWER(door, "OP=confirm\nID=1-1000\nREQUEST=c", "REQUEST=c\nERRNO=0\nCOUNT=1000\n");
	kill_broker();
	close(door);
	door = client();
	CHECK_HELD(door, "");
	CHECK_ANSWER(door, "OP=confirm\nID=1-1000\nREQUEST=c", "REQUEST=c\nERRNO=0\nCOUNT=1000\n");
	CHECK_OK(close(fd));
	close(other);
	close(door);
	store_end();
}
