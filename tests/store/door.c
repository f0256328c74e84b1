/* SPDX-License-Identifier: MIT
 *
 * door.c - tests: put, get and remove at the store's door.
 */
#include "processes.h"

#define MANY 1000

/* Four files: a1 and a2 are called a, b is b, c is c; ids 1, 2, 3, 4 in the order a b a c. */
static int begin_with_four(void)
{
	static const char *const lines[] = {"NAME=a", "NAME=b", "NAME=a", "NAME=c"};
	static const char *const texts[] = {"a1", "b", "a2", "c"};
	int door;

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 4; i++) {
		int fd = new_memfd(texts[i]);

		CHECK_INT(put(door, lines[i], fd), ==, i + 1);
		CHECK_OK(close(fd));
	}
	return door;
}

/* Asks for descriptors, whose contents are one after the other this text. */
static void check_get(struct harness_place place, int door, const char *request,
		      const char *expected)
{
	char all[64] = "";
	struct answer a;

	ask(door, &a, request);
	check_done(place, &a);
	for (int i = 0; i < a.n; i++) {
		char text[8] = "";

		CHECK_OK(pread(a.fds[i], text, sizeof(text) - 1, 0));
		CHECK(is_cloexec(a.fds[i]));
		strcat(strcat(all, text), " ");
	}
	harness_str(place, request, "what was put", all, expected);
	close_answer(&a);
}
#define CHECK_GET(door, request, expected) check_get(HARNESS_HERE, (door), (request), (expected))

STORE_TEST(put_and_get)
{
	int door, fd = new_memfd("hello");
	struct answer a;
	char text[160];

	store_begin(NULL);
	door = client();
	ask_with(door, &a, "OP=put\nNAME=one two=three\nREQUEST=r.1-A_", &fd, 1);
	CHECK_STR(a.text, "REQUEST=r.1-A_\nERRNO=0\nID=1\nCOUNT=1\n");
	ask(door, &a, "OP=get\nNAME=one two=three\nREQUEST=2\n");
	snprintf(text, sizeof(text),
		 "REQUEST=2\nERRNO=0\nNAME=one two=three\nFLAGS=%d\nUID=%u\nID=1\n",
		 CHECK_OK(fcntl(fd, F_GETFL)), (unsigned int)getuid());
	CHECK_STR(a.text, text);
	CHECK_INT(a.n, ==, 1);
	CHECK(same_file(a.fds[0], fd));
	CHECK_INT(same_description(a.fds[0], fd), !=, 0);
	close_answer(&a);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(selectors)
{
	int door = begin_with_four();

	CHECK_GET(door, "OP=get\nNAME=a", "a1 a2 ");
	CHECK_GET(door, "OP=get\nNAME=c\nNAME=a", "c a1 a2 ");
	CHECK_GET(door, "OP=get\nID=3", "a2 ");
	CHECK_GET(door, "OP=get\nID=4\nID=2", "c b ");
	CHECK_GET(door, "OP=get\nID=2-3", "b a2 ");
	CHECK_GET(door, "OP=get\nID=2-99", "b a2 c ");
	CHECK_GET(door, "OP=get\nID=1-9000000000000000000", "a1 b a2 c ");
	CHECK_GET(door, "OP=get\nPATTERN=[bc]", "b c ");
	CHECK_GET(door, "OP=get\nPATTERN=*", "a1 b a2 c ");
	CHECK_GET(door, "OP=get\nID=4\nNAME=b\nPATTERN=a*", "c b a1 a2 ");
	CHECK_GET(door, "OP=get\nNAME=b\nNAME=b", "b b ");
	/* The one that is missing is named, and nothing is given. */
	CHECK_REFUSED(door, "OP=get\nNAME=a\nNAME=none", ENOENT, "'none'");
	CHECK_REFUSED(door, "OP=get\nID=1\nID=5", ENOENT, "no 5 ");
	CHECK_REFUSED(door, "OP=get\nPATTERN=x*", ENOENT, "pattern");
	CHECK_REFUSED(door, "OP=get\nNAME=A", ENOENT, "'A'");
	close(door);
	store_end();
}

STORE_TEST(flags_are_told_where_they_change)
{
	int door, fds[4];
	struct answer a;
	char text[200];

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 4; i++)
		fds[i] = new_memfd("x");
	CHECK_OK(fcntl(fds[2], F_SETFL, O_APPEND));
	put_all(door, "NAME=a", fds, 3);
	put(door, "NAME=b", fds[3]);
	/* The flags are those of the put, although they are another's to change. */
	CHECK_OK(fcntl(fds[3], F_SETFL, O_APPEND));
	ask(door, &a, "OP=get\nID=1-4");
	snprintf(text, sizeof(text),
		 "ERRNO=0\nNAME=a\nFLAGS=%d\nUID=%u\nID=1\nID=2\nFLAGS=%d\nID=3\n"
		 "NAME=b\nFLAGS=%d\nID=4\n",
		 CHECK_OK(fcntl(fds[0], F_GETFL)), (unsigned int)getuid(),
		 CHECK_OK(fcntl(fds[2], F_GETFL)), CHECK_OK(fcntl(fds[0], F_GETFL)));
	CHECK_STR(a.text, text);
	close_answer(&a);
	for (int i = 0; i < 4; i++)
		CHECK_OK(close(fds[i]));
	close(door);
	store_end();
}

STORE_TEST(replace)
{
	int door = begin_with_four(), fds[2] = {new_memfd("n1"), new_memfd("n2")};

	CHECK_INT(put_all(door, "NAME=a\nREPLACE=1", fds, 2), ==, 5);
	CHECK_HELD(door, "b c a a ");
	CHECK_GET(door, "OP=get\nNAME=a", "n1 n2 ");
	/* Where there is nothing it is a put. */
	CHECK_INT(put(door, "REPLACE=1\nNAME=d", fds[0]), ==, 7);
	CHECK_HELD(door, "b c a a d ");
	kill_broker();
	close(door);
	door = client();
	CHECK_HELD(door, "b c a a d ");
	CHECK_OK(close(fds[0]));
	CHECK_OK(close(fds[1]));
	close(door);
	store_end();
}

STORE_TEST(new)
{
	int door = begin_with_four(), fd = new_memfd("n");

	check_refused(HARNESS_HERE, door, "OP=put\nNAME=a\nNEW=1", &fd, 1, EEXIST, "called so");
	CHECK_HELD(door, "a b a c ");
	CHECK_INT(put(door, "NEW=1\nNAME=d", fd), ==, 5);
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=2\n");
	CHECK_INT(put(door, "NEW=1\nNAME=a", fd), ==, 6);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* The same open file twice is two entries here: it was asked for. */
STORE_TEST(the_same_twice)
{
	int door, fd = new_memfd("x"), fds[3] = {fd, fd, fd};

	store_begin(NULL);
	door = client();
	put_all(door, "NAME=a", fds, 3);
	put(door, "NAME=b", fd);
	CHECK_ANSWER(door, "OP=remove\nID=2", "ERRNO=0\nCOUNT=1\n");
	CHECK_GET(door, "OP=get\nNAME=a\nNAME=b", "x x x ");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(removal)
{
	int door = begin_with_four();

	CHECK_REFUSED(door, "OP=remove\nNAME=a\nNAME=none", ENOENT, "'none'");
	CHECK_REFUSED(door, "OP=remove\nNAME=a\nID=9", ENOENT, "no 9 ");
	CHECK_REFUSED(door, "OP=remove\nNAME=a\nID=1", EINVAL, "twice");
	CHECK_HELD(door, "a b a c ");
	CHECK_ANSWER(door, "OP=remove\nPATTERN=x*", "ERRNO=0\nCOUNT=0\n");
	CHECK_ANSWER(door, "OP=remove\nID=5-9", "ERRNO=0\nCOUNT=0\n");
	CHECK_ANSWER(door, "OP=remove\nID=3\nREQUEST=r", "REQUEST=r\nERRNO=0\nCOUNT=1\n");
	CHECK_HELD(door, "a b c ");
	CHECK_ANSWER(door, "OP=remove\nNAME=a\nPATTERN=[bc]", "ERRNO=0\nCOUNT=3\n");
	CHECK_HELD(door, "");
	close(door);
	store_end();
}

/* What is removed is closed in all three processes. */
STORE_TEST(what_is_removed_is_closed)
{
	int door, ends[2];

	store_begin(NULL);
	door = client();
	make_pipe(ends);
	put(door, "NAME=a", ends[1]);
	CHECK_OK(close(ends[1]));
	kill_keeper();
	kill_broker();
	close(door);
	door = client();
	check_writer_lives(ends[0]);
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	await_end(ends[0]);
	close(door);
	store_end();
}

/* An id that was given is never given again, although what it named has gone. */
STORE_TEST(ids_are_never_used_again)
{
	int door = begin_with_four(), fd = new_memfd("x");

	CHECK_ANSWER(door, "OP=remove\nPATTERN=*", "ERRNO=0\nCOUNT=4\n");
	CHECK_INT(put(door, "NAME=a", fd), ==, 5);
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	close(door);
	kill_broker();
	door = client();
	CHECK_INT(put(door, "NAME=a", fd), ==, 6);
	kill_keeper();
	kill_broker();
	close(door);
	door = client();
	CHECK_INT(put(door, "NAME=a", fd), ==, 7);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* Each file says its number. */
static void put_many(int door)
{
	int fds[250];

	for (int at = 0; at < MANY; at += 250) {
		for (int i = 0; i < 250; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d", at + i);
			fds[i] = new_memfd(text);
		}
		put_all(door, "NAME=many", fds, 250);
		for (int i = 0; i < 250; i++)
			CHECK_OK(close(fds[i]));
	}
}

/* Returns how many messages it took. */
static int check_many(int door)
{
	int messages = 0, count = 0;
	struct answer a;

	tell(door, "OP=get\nNAME=many\nREQUEST=x", NULL, 0);
	do {
		const char *at = a.text;

		CHECK(hear(door, &a));
		check_done(HARNESS_HERE, &a);
		CHECK(says(&a, "REQUEST", "x"));
		messages++;
		for (int i = 0; i < a.n; i++, count++) {
			char text[16];

			at = value_at(at, "ID");
			CHECK(at != NULL);
			CHECK_INT(strtol(at, NULL, 10), ==, count + 1);
			snprintf(text, sizeof(text), "%d", count);
			check_contents(a.fds[i], text);
		}
		CHECK(value_at(at, "ID") == NULL);
		close_answer(&a);
	} while (has(&a, "MORE"));
	CHECK_INT(count, ==, MANY);
	return messages;
}

STORE_TEST(a_thousand_come_in_several_messages)
{
	int door, more;

	store_begin(NULL);
	door = client();
	put_many(door);
	CHECK_INT(check_many(door), ==, 4);
	more = new_memfd("last");
	put(door, "NAME=more", more);
	CHECK_GET(door, "OP=get\nNAME=more", "last ");
	kill_broker();
	close(door);
	door = client();
	CHECK_INT(check_many(door), ==, 4);
	CHECK_ANSWER(door, "OP=remove\nNAME=many", "ERRNO=0\nCOUNT=1000\n");
	CHECK_HELD(door, "more ");
	CHECK_OK(close(more));
	close(door);
	store_end();
}

STORE_TEST(as_many_as_a_message_has)
{
	int door, fds[253];
	struct answer a;

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 253; i++)
		fds[i] = new_memfd("x");
	put_all(door, "NAME=a", fds, 253);
	ask(door, &a, "OP=get\nNAME=a");
	check_done(HARNESS_HERE, &a);
	CHECK(!has(&a, "MORE"));
	CHECK_INT(a.n, ==, 253);
	for (int i = 0; i < 253; i++) {
		CHECK(same_file(a.fds[i], fds[i]));
		CHECK_OK(close(fds[i]));
	}
	close_answer(&a);
	close(door);
	store_end();
}
