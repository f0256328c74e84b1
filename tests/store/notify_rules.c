/* SPDX-License-Identifier: MIT
 *
 * notify_rules.c - tests: what the notify door obeys, in which order, and what it ignores.
 */
#include "processes.h"

/* One end of a pipe for the store, and the other, which sees whether the store has closed it. */
static int note_pipe(int sock, const char *text)
{
	int ends[2];

	make_pipe(ends);
	tell(sock, text, &ends[1], 1);
	CHECK_OK(close(ends[1]));
	return ends[0];
}

/* A message is ignored: its descriptor is closed, and nothing is held. */
static void check_ignored_bytes(struct harness_place place, const char *text, size_t len)
{
	int sock = notifier(), door = client(), ends[2];
	struct answer a;

	make_pipe(ends);
	tell_bytes(sock, text, len, &ends[1], 1);
	CHECK_OK(close(ends[1]));
	await_end(ends[0]);
	ask(door, &a, "OP=status");
	if (number(&a, "HELD") != 0)
		harness_fail(place, "it was kept: %s", text);
	close(door);
	close(sock);
}
#define CHECK_IGNORED(text) check_ignored_bytes(HARNESS_HERE, (text), strlen(text))

STORE_TEST(without_fdstore_descriptors_are_closed)
{
	store_begin(NULL);
	CHECK_IGNORED("FDNAME=web");
	CHECK_IGNORED("READY=1");
	CHECK_IGNORED("FDSTORE=0");
	CHECK_IGNORED("FDSTORE=11");
	CHECK_IGNORED("FDSTORE=");
	CHECK_IGNORED("FDSTORE");
	CHECK_IGNORED("XFDSTORE=1");
	CHECK_IGNORED(" FDSTORE=1");
	CHECK_IGNORED("MAINPIDFD=1");
	CHECK_IGNORED("\n\n");
	store_end();
}

STORE_TEST(a_nul)
{
	static const char inside[] = "FDSTORE=1\nFDNAME=a\0b";
	int sock, door, fd;

	store_begin(NULL);
	door = client();
	sock = notifier();
	check_ignored_bytes(HARNESS_HERE, inside, sizeof(inside) - 1);
	check_ignored_bytes(HARNESS_HERE, "FDSTORE=1\0", 11); /* two */
	check_ignored_bytes(HARNESS_HERE, "\0FDSTORE=1", 10);
	fd = new_memfd("x");
	tell_bytes(sock, "FDSTORE=1", 10, &fd, 1); /* one, at the end */
	barrier(sock);
	CHECK_HELD(door, "stored ");
	CHECK_OK(close(fd));
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(the_longest_message)
{
	static char text[5000];
	int sock, door, fd = new_memfd("x");

	memset(text, 'x', sizeof(text));
	memcpy(text, "FDSTORE=1\nX_LONG=", 17);
	store_begin(NULL);
	door = client();
	sock = notifier();
	check_ignored_bytes(HARNESS_HERE, text, 4097);
	check_ignored_bytes(HARNESS_HERE, text, 4098);
	check_ignored_bytes(HARNESS_HERE, text, sizeof(text));
	tell_bytes(sock, text, 4096, &fd, 1);
	barrier(sock);
	CHECK_HELD(door, "stored ");
	CHECK_OK(close(fd));
	close(sock);
	close(door);
	store_end();
}

/* CVE-2016-7795 was one of these. */
STORE_TEST(a_message_of_no_length)
{
	int sock, door;

	store_begin(NULL);
	door = client();
	sock = notifier();
	tell_bytes(sock, "", 0, NULL, 0);
	check_ignored_bytes(HARNESS_HERE, "", 0);
	for (int i = 0; i < 200; i++)
		tell_bytes(sock, "", 0, NULL, 0);
	barrier(sock);
	CHECK_INT(status("REPLACED"), ==, 0);
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(removal)
{
	int sock, door, a, b, c;

	store_begin(NULL);
	door = client();
	sock = notifier();
	a = note_pipe(sock, "FDSTORE=1\nFDNAME=web\nFDPOLL=0");
	b = note_pipe(sock, "FDSTORE=1\nFDNAME=other\nFDPOLL=0");
	c = note_pipe(sock, "FDSTORE=1\nFDNAME=web\nFDPOLL=0");
	note(sock, "FDSTOREREMOVE=1", NULL, 0);
	note(sock, "FDSTOREREMOVE=1\nFDNAME=", NULL, 0);
	note(sock, "FDSTOREREMOVE=1\nFDNAME=w:b", NULL, 0);
	note(sock, "FDSTOREREMOVE=1\nFDNAME=none", NULL, 0);
	note(sock, "FDSTOREREMOVE=0\nFDNAME=web", NULL, 0);
	note(sock, "FDSTOREREMOVE=1\nFDNAME=we*", NULL, 0);
	CHECK_HELD(door, "web other web ");
	note(sock, "FDNAME=web\nFDSTOREREMOVE=1", NULL, 0);
	CHECK_HELD(door, "other ");
	await_end(a);
	await_end(c);
	check_writer_lives(b);
	close(b);
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(removal_wins_over_storing)
{
	int sock, door, old, new;

	store_begin(NULL);
	door = client();
	sock = notifier();
	old = note_pipe(sock, "FDSTORE=1\nFDNAME=web\nFDPOLL=0");
	new = note_pipe(sock, "FDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=web");
	await_end(new);
	CHECK_HELD(door, "");
	await_end(old);
	/* Also when it removes nothing, for want of a name. */
	CHECK_IGNORED("FDSTORE=1\nFDSTOREREMOVE=1");
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(a_barrier_is_behind_what_was_sent_before)
{
	int sock, other, door;

	store_begin(NULL);
	door = client();
	sock = notifier();
	other = notifier();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 5; i++) {
			int fd = new_memfd("x");

			tell(i % 2 ? sock : other, "FDSTORE=1", &fd, 1);
			CHECK_OK(close(fd));
		}
		barrier(sock);
		CHECK_INT(status("HELD"), ==, 5 * (round + 1));
	}
	close(sock);
	close(other);
	close(door);
	store_end();
}

/* Mixed with anything else all of the message is ignored, and so is one with no descriptor or two. */
STORE_TEST(a_barrier_comes_alone)
{
	int sock, door, ends[2], two[2];

	store_begin(NULL);
	door = client();
	sock = notifier();
	CHECK_IGNORED("BARRIER=1\nFDSTORE=1");
	CHECK_IGNORED("FDSTORE=1\nFDNAME=web\nBARRIER=1");
	CHECK_IGNORED("BARRIER=0");
	make_pipe(ends);
	two[0] = two[1] = ends[1];
	note(sock, "BARRIER=1", NULL, 0);
	note(sock, "BARRIER=1\nSTATUS=no", NULL, 0);
	note(sock, "READY=1\nBARRIER=1", NULL, 0);
	note(sock, "BARRIER=1", two, 2);
	CHECK_OK(close(ends[1]));
	await_end(ends[0]);
	CHECK_HELD(door, "");
	note(sock, "STATUS=yes\nBARRIER=0", NULL, 0); /* that is an unknown line */
	{
		struct answer a;

		ask(door, &a, "OP=status");
		CHECK(says(&a, "STATE_STATUS", "yes"));
		CHECK(!has(&a, "STATE_READY"));
	}
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(over_the_limit_the_rest_is_closed)
{
	int sock, door, ends[5][2], fds[5];

	store_begin("--max-fds", "3", NULL);
	door = client();
	sock = notifier();
	for (int i = 0; i < 5; i++) {
		make_pipe(ends[i]);
		fds[i] = ends[i][1];
	}
	note(sock, "FDSTORE=1\nFDPOLL=0\nFDNAME=some", fds, 5);
	CHECK_HELD(door, "some some some ");
	for (int i = 0; i < 5; i++)
		CHECK_OK(close(fds[i]));
	await_end(ends[3][0]);
	await_end(ends[4][0]);
	for (int i = 0; i < 3; i++) {
		check_writer_lives(ends[i][0]);
		CHECK_OK(close(ends[i][0]));
	}
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(the_state_of_a_service)
{
	struct answer a;
	int sock, door;

	store_begin(NULL);
	door = client();
	sock = notifier();
	ask(door, &a, "OP=status");
	CHECK(!has(&a, "STATE_READY") && !has(&a, "STATE_STATUS") && !has(&a, "STATE_MAINPID"));
	note(sock, "READY=1\nSTATUS=all = well\nMAINPID=17\nWATCHDOG=1\nX_OWN=x\nUNKNOWN", NULL, 0);
	note(sock, "ERRNO=2", NULL, 0);
	kill_broker();
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_READY", "1"));
	CHECK(says(&a, "STATE_STATUS", "all = well"));
	CHECK(says(&a, "STATE_MAINPID", "17"));
	CHECK(says(&a, "STATE_ERRNO", "2"));
	CHECK(!has(&a, "STATE_X_OWN") && !has(&a, "STATE_WATCHDOG"));
	note(sock, "RELOADING=1\nMONOTONIC_USEC=5", NULL, 0);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_RELOADING", "1"));
	note(sock, "READY=1\nSTATUS=new", NULL, 0);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(!has(&a, "STATE_RELOADING"));
	CHECK(says(&a, "STATE_STATUS", "new"));
	note(sock, "STOPPING=1", NULL, 0);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_STOPPING", "1"));
	close(sock);
	close(door);
	store_end();
}

/* A text that does not fit is not kept, and does no harm to what is. */
STORE_TEST(a_state_that_is_too_long)
{
	static char text[4000] = "STATUS=";
	struct answer a;
	int sock;

	store_begin(NULL);
	sock = notifier();
	note(sock, "READY=1\nSTATUS=short", NULL, 0);
	memset(text + 7, 's', sizeof(text) - 8);
	note(sock, text, NULL, 0);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_READY", "1"));
	CHECK(!says(&a, "STATE_STATUS", "short"));
	note(sock, "STATUS=again", NULL, 0);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_STATUS", "again"));
	close(sock);
	store_end();
}

STORE_TEST(watchers_are_told_the_state)
{
	int sock, watcher;
	struct answer a;

	store_begin(NULL);
	sock = notifier();
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch\nREQUEST=w", "REQUEST=w\nERRNO=0\n");
	tell(sock, "READY=1\nSTATUS=a", NULL, 0);
	CHECK(hear(watcher, &a));
	CHECK_STR(a.text, "EVENT=state\nREADY=1\nSTATUS=a\n");
	tell(sock, "X_OWN=1", NULL, 0);
	tell(sock, "STATUS=b", NULL, 0);
	CHECK(hear(watcher, &a));
	CHECK_STR(a.text, "EVENT=state\nREADY=1\nSTATUS=b\n");
	close(watcher);
	close(sock);
	store_end();
}

/* Whoever may write to the socket is believed as far as the file's mode goes; the uid is the kernel's word. */
STORE_TEST(the_sender_is_known)
{
	int sock, fd = new_memfd("x");
	struct answer a;
	char line[32];

	store_begin(NULL);
	sock = notifier();
	note(sock, "FDSTORE=1", &fd, 1);
	ask_anew(&a, "OP=list", NULL, 0);
	snprintf(line, sizeof(line), "%u", (unsigned int)getuid());
	CHECK(says(&a, "UID", line));
	CHECK_OK(close(fd));
	close(sock);
	store_end();
}
