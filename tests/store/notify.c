/* SPDX-License-Identifier: MIT
 *
 * notify.c - tests: what a service puts through the notify door, as systemd has it.
 */
#include "processes.h"

#include <sys/eventfd.h>

/* One message with one new descriptor of its own, which nobody else holds. */
static void note_file(int sock, const char *text)
{
	int fd = new_memfd("x");

	note(sock, text, &fd, 1);
	CHECK_OK(close(fd));
}

STORE_TEST(names)
{
	char text[512], name[300];
	int door, sock;

	store_begin(NULL);
	door = client();
	sock = notifier();
	note_file(sock, "FDSTORE=1\nFDNAME=web");
	note_file(sock, "FDNAME=two words\nFDSTORE=1\n");
	CHECK_HELD(door, "web two words ");
	/* An invalid name is none, and no name is "stored". */
	note_file(sock, "FDSTORE=1");
	note_file(sock, "FDSTORE=1\nFDNAME=a:b");
	note_file(sock, "FDSTORE=1\nFDNAME=a\tb");
	note_file(sock, "FDSTORE=1\nFDNAME=a\x7f");
	note_file(sock, "FDSTORE=1\nFDNAME=\xc3\xa4");
	CHECK_HELD(door, "web two words stored stored stored stored stored ");
	memset(name, 'n', sizeof(name));
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%.256s", name);
	note_file(sock, text);
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%.255s", name);
	note_file(sock, text);
	snprintf(text, sizeof(text), "OP=remove\nNAME=%.255s", name);
	CHECK_ANSWER(door, text, "ERRNO=0\nCOUNT=1\n");
	CHECK_ANSWER(door, "OP=remove\nNAME=stored", "ERRNO=0\nCOUNT=6\n");
	CHECK_HELD(door, "web two words ");
	close(sock);
	close(door);
	store_end();
}

/* systemd looks for the first line of a key. */
STORE_TEST(the_first_of_two_names)
{
	int door, sock;

	store_begin(NULL);
	door = client();
	sock = notifier();
	note_file(sock, "FDSTORE=1\nFDNAME=first\nFDNAME=second");
	note_file(sock, "FDSTORE=1\nFDNAME=a:b\nFDNAME=second");
	CHECK_HELD(door, "first stored ");
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(several_descriptors_have_one_name)
{
	int door, sock, fds[253];
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = notifier();
	for (int i = 0; i < 253; i++)
		fds[i] = new_memfd("x");
	note(sock, "FDSTORE=1\nFDNAME=many", fds, 253);
	ask(door, &a, "OP=get\nNAME=many");
	check_done(HARNESS_HERE, &a);
	CHECK_INT(a.n, ==, 253);
	for (int i = 0; i < 253; i++) {
		CHECK(same_file(a.fds[i], fds[i]));
		CHECK_OK(close(fds[i]));
	}
	close_answer(&a);
	close(sock);
	close(door);
	store_end();
}

/* Puts one end of a pair, and returns the other. */
static int note_end(int sock, const char *text, int type)
{
	int pair[2];

	make_pair(type, pair);
	note(sock, text, &pair[1], 1);
	CHECK_OK(close(pair[1]));
	return pair[0];
}

static void await_held(int door, int64_t n)
{
	struct answer a;

	do
		ask(door, &a, "OP=status");
	while (number(&a, "HELD") != n);
}

STORE_TEST(what_hangs_up_is_dropped)
{
	int door, sock, peer, ends[2];
	char name[64];

	store_begin(NULL);
	door = client();
	sock = notifier();
	peer = note_end(sock, "FDSTORE=1\nFDNAME=stream", SOCK_STREAM);
	CHECK_HELD(door, "stream ");
	CHECK_OK(close(peer));
	await_held(door, 0);
	peer = note_end(sock, "FDSTORE=1\nFDNAME=packet\nFDPOLL=1", SOCK_SEQPACKET);
	CHECK_OK(close(peer));
	await_held(door, 0);
	make_pipe(ends);
	note(sock, "FDSTORE=1\nFDNAME=pipe", &ends[0], 1);
	CHECK_OK(close(ends[0]));
	CHECK_HELD(door, "pipe ");
	CHECK_OK(close(ends[1]));
	await_held(door, 0);
	/* epoll(7) has no events of files, and a file that has none stays. */
	note_file(sock, "FDSTORE=1\nFDNAME=memfd");
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "FDSTORE=1\nFDNAME=event%d", i);
		ends[i] = CHECK_OK(eventfd(0, EFD_CLOEXEC));
		note(sock, name, &ends[i], 1);
		CHECK_OK(close(ends[i]));
	}
	CHECK_HELD(door, "memfd event0 event1 ");
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(what_hangs_up_is_dropped_by_the_next_broker_too)
{
	int sock, peer, door;

	store_begin(NULL);
	sock = notifier();
	peer = note_end(sock, "FDSTORE=1", SOCK_STREAM);
	kill_broker();
	door = client();
	CHECK_HELD(door, "stored ");
	CHECK_OK(close(peer));
	await_held(door, 0);
	close(sock);
	close(door);
	store_end();
}

/* The one that must go comes later: when it has gone, the other has been looked at. */
STORE_TEST(without_poll_it_stays)
{
	int door, sock, stays, odd, goes;

	store_begin(NULL);
	door = client();
	sock = notifier();
	stays = note_end(sock, "FDSTORE=1\nFDPOLL=0\nFDNAME=stays", SOCK_STREAM);
	odd = note_end(sock, "FDSTORE=1\nFDPOLL=00\nFDNAME=odd", SOCK_STREAM);
	goes = note_end(sock, "FDSTORE=1\nFDNAME=goes", SOCK_STREAM);
	CHECK_OK(close(stays));
	CHECK_OK(close(odd));
	CHECK_OK(close(goes));
	await_held(door, 1);
	CHECK_HELD(door, "stays ");
	close(sock);
	close(door);
	store_end();
}

/* The same open file is kept once, under the name that it had first. */
STORE_TEST(duplicates)
{
	int door, sock, fds[4];
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = notifier();
	fds[0] = new_memfd("one");
	fds[1] = CHECK_OK(fcntl(fds[0], F_DUPFD_CLOEXEC, 3));
	fds[2] = CHECK_OK(eventfd(0, EFD_CLOEXEC)); /* these two have one inode */
	fds[3] = CHECK_OK(eventfd(0, EFD_CLOEXEC));
	if (same_description(fds[0], fds[1]) < 0)
		SKIP("this kernel does not tell open files apart");
	note(sock, "FDSTORE=1\nFDNAME=first", fds, 4);
	CHECK_HELD(door, "first first first ");
	note(sock, "FDSTORE=1\nFDNAME=second", fds, 4);
	CHECK_HELD(door, "first first first ");
	ask(door, &a, "OP=get\nNAME=first");
	CHECK_INT(a.n, ==, 3);
	CHECK_INT(same_description(a.fds[0], fds[0]), ==, 1);
	CHECK_INT(same_description(a.fds[1], fds[2]), ==, 1);
	CHECK_INT(same_description(a.fds[2], fds[3]), ==, 1);
	close_answer(&a);
	for (int i = 0; i < 4; i++)
		CHECK_OK(close(fds[i]));
	/* What came through the other door is known as well. */
	fds[0] = new_memfd("three");
	put(door, "NAME=door", fds[0]);
	note(sock, "FDSTORE=1\nFDNAME=third", fds, 1);
	CHECK_HELD(door, "first first first door ");
	CHECK_OK(close(fds[0]));
	close(sock);
	close(door);
	store_end();
}

/* Ordered by the kernel, hundreds of the same inode are told apart. */
STORE_TEST(many_of_one_inode)
{
	int door, sock, fds[200];

	store_begin(NULL);
	door = client();
	sock = notifier();
	for (int i = 0; i < 200; i++)
		fds[i] = CHECK_OK(eventfd(0, EFD_CLOEXEC));
	if (same_description(fds[0], fds[1]) < 0)
		SKIP("this kernel does not tell open files apart");
	note(sock, "FDSTORE=1\nFDNAME=a", fds, 100);
	note(sock, "FDSTORE=1\nFDNAME=b", fds, 200);
	kill_broker();
	close(door);
	door = client();
	note(sock, "FDSTORE=1\nFDNAME=c", fds, 200);
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=100\n");
	CHECK_ANSWER(door, "OP=remove\nNAME=b", "ERRNO=0\nCOUNT=100\n");
	CHECK_REFUSED(door, "OP=remove\nNAME=c", ENOENT, "called 'c'");
	for (int i = 0; i < 200; i++)
		CHECK_OK(close(fds[i]));
	close(sock);
	close(door);
	store_end();
}
