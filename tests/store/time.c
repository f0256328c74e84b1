/* SPDX-License-Identifier: MIT
 *
 * time.c - tests: what is kept for a time, and what is dropped when it hangs up, at the store's door.
 *
 * No time is measured: what must still be there has a day, what must go has a millisecond.
 */
#include "processes.h"

STORE_TEST(what_is_kept_for_a_time_goes)
{
	int door, watcher, fd = new_memfd("x");
	struct answer a;

	store_begin(NULL);
	door = client();
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch", "ERRNO=0\n");
	put(door, "NAME=day\nTTL=86400000", fd);
	put(door, "NAME=brief\nTTL=1", fd);
	put(door, "NAME=ever", fd);
	do /* events of one turn come in one message */
		CHECK(hear(watcher, &a));
	while (strstr(a.text, "EVENT=expire\nID=2\nNAME=brief\n") == NULL);
	CHECK_HELD(door, "day ever ");
	ask(door, &a, "OP=list\nNAME=day");
	CHECK_INT(number(&a, "TTL"), >, 0);
	CHECK_INT(number(&a, "TTL"), <=, 86400000);
	ask(door, &a, "OP=list\nNAME=ever");
	CHECK(!has(&a, "TTL"));
	CHECK_OK(close(fd));
	close(watcher);
	close(door);
	store_end();
}

/* The heap is put together in one order and taken apart in another. */
STORE_TEST(each_goes_in_its_turn)
{
	int door, watcher, fd = new_memfd("x");
	struct answer a;
	char lines[64];

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 100; i++) {
		snprintf(lines, sizeof(lines), "NAME=t\nTTL=%d", 86400000 + (i * 37) % 100);
		put(door, lines, fd);
	}
	for (int i = 0; i < 100; i += 3) {
		snprintf(lines, sizeof(lines), "OP=remove\nID=%d", i + 1);
		CHECK_ANSWER(door, lines, "ERRNO=0\nCOUNT=1\n");
	}
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch\nNAME=s", "ERRNO=0\n");
	for (int i = 0; i < 20; i++) {
		snprintf(lines, sizeof(lines), "NAME=s\nTTL=%d", 1 + (i * 7) % 20);
		put(door, lines, fd);
	}
	for (int gone = 0; gone < 20;) {
		CHECK(hear(watcher, &a));
		for (const char *at = a.text; (at = value_at(at, "EVENT")) != NULL;)
			gone += strncmp(at, "expire", 6) == 0;
	}
	CHECK_INT(status("HELD"), ==, 66);
	CHECK_OK(close(fd));
	close(watcher);
	close(door);
	store_end();
}

/* The keeper has the time as well: its broker ends what the first one was told to. */
STORE_TEST(the_time_outlives_the_broker)
{
	int door, ends[2];
	struct answer a;
	pid_t first;

	store_begin(NULL);
	door = client();
	make_pipe(ends);
	put(door, "NAME=day\nTTL=86400000", ends[0]);
	first = broker();
	put(door, "NAME=brief\nTTL=300", ends[1]);
	CHECK_OK(close(ends[1]));
	end_twin(first, SIGKILL);
	await_broker(first);
	ask_anew(&a, "OP=list\nNAME=day", NULL, 0);
	CHECK_INT(number(&a, "TTL"), >, 0);
	await_end(ends[0]);
	close(door);
	door = client();
	CHECK_HELD(door, "day ");
	close(door);
	store_end();
}

static int put_end(int door, const char *lines)
{
	int pair[2];

	make_pair(SOCK_STREAM, pair);
	put(door, lines, pair[1]);
	CHECK_OK(close(pair[1]));
	return pair[0];
}

/* Unlike through the notify door eviction is asked for here. */
STORE_TEST(what_hangs_up_is_dropped_if_asked_for)
{
	int door, watcher, stays, goes;
	struct answer a;

	store_begin(NULL);
	door = client();
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch", "ERRNO=0\n");
	stays = put_end(door, "NAME=stays");
	goes = put_end(door, "NAME=goes\nEVICT=1");
	CHECK_OK(close(stays));
	CHECK_OK(close(goes));
	do
		CHECK(hear(watcher, &a));
	while (strstr(a.text, "EVENT=evict\n") == NULL);
	CHECK(says(&a, "NAME", "goes"));
	CHECK_HELD(door, "stays ");
	close(watcher);
	close(door);
	store_end();
}

/* Two entries of one open file: the set of epoll(7) must not tell of the one that has gone. */
STORE_TEST(the_same_socket_twice)
{
	int door, pair[2];
	struct answer a;

	store_begin(NULL);
	door = client();
	make_pair(SOCK_STREAM, pair);
	put(door, "NAME=a\nEVICT=1", pair[1]);
	put(door, "NAME=b\nEVICT=1", pair[1]);
	put(door, "NAME=c", pair[1]);
	CHECK_OK(close(pair[1]));
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	CHECK_HELD(door, "b c ");
	CHECK_OK(close(pair[0]));
	do
		ask(door, &a, "OP=status");
	while (number(&a, "HELD") != 1);
	CHECK_HELD(door, "c ");
	close(door);
	store_end();
}

STORE_TEST(a_thousand_hang_up)
{
	int door, pair[2], ends[250], ours[1000];
	struct answer a;

	store_begin(NULL);
	door = client();
	for (int at = 0; at < 1000; at += 250) {
		for (int i = 0; i < 250; i++) {
			make_pair(SOCK_STREAM, pair);
			ours[at + i] = pair[0];
			ends[i] = pair[1];
		}
		put_all(door, "NAME=a\nEVICT=1", ends, 250);
		for (int i = 0; i < 250; i++)
			CHECK_OK(close(ends[i]));
	}
	kill_broker();
	for (int i = 0; i < 1000; i++)
		CHECK_OK(close(ours[i]));
	close(door);
	door = client();
	do
		ask(door, &a, "OP=status");
	while (number(&a, "HELD") != 0);
	close(door);
	store_end();
}
