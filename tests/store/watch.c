/* SPDX-License-Identifier: MIT
 *
 * watch.c - tests: those that watch are told what has happened, in its order, and when it is done.
 */
#include "processes.h"

static int watcher(const char *lines)
{
	int sock = client();
	char request[256];

	snprintf(request, sizeof(request), "OP=watch\nREQUEST=w\n%s", lines);
	CHECK_ANSWER(sock, request, "REQUEST=w\nERRNO=0\n");
	return sock;
}

/* The events of one watcher, one after the other, however they came. */
struct events {
	int sock;
	struct answer a;
	const char *at; /* behind the last one, or NULL */
};

static void check_event(struct harness_place place, struct events *e, const char *what, int64_t id,
			const char *name)
{
	char text[512];
	size_t len;

	if (e->at == NULL || *e->at == '\0') {
		CHECK(hear(e->sock, &e->a));
		e->at = e->a.text;
	}
	snprintf(text, sizeof(text), "EVENT=%s\nID=%lld\nNAME=%s\nUID=%u\n", what, (long long)id,
		 name, (unsigned int)getuid());
	len = strlen(text);
	if (strncmp(e->at, text, len) != 0)
		harness_fail(place, "not the event\n%sbut\n%s", text, e->at);
	e->at += len;
}
#define CHECK_EVENT(e, what, id, name) check_event(HARNESS_HERE, (e), (what), (id), (name))

/* Nothing else has come: a mark that is put now comes next. */
static void check_no_more(struct events *e, int door, const char *mark)
{
	char lines[64];
	int fd = new_memfd("x");

	snprintf(lines, sizeof(lines), "NAME=%s", mark);
	CHECK_EVENT(e, "put", put(door, lines, fd), mark);
	CHECK_OK(close(fd));
}

STORE_TEST(events_in_their_order)
{
	int door, sock, peer[2], fd = new_memfd("x"), fds[2] = {fd, fd};
	struct events e = {0};
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = notifier();
	put(door, "NAME=before", fd);
	e.sock = watcher("");
	put_all(door, "NAME=a", fds, 2);
	CHECK_EVENT(&e, "put", 2, "a");
	CHECK_EVENT(&e, "put", 3, "a");
	put(door, "NAME=a\nREPLACE=1", fd);
	CHECK_EVENT(&e, "put", 4, "a");
	CHECK_ANSWER(door, "OP=remove\nID=1", "ERRNO=0\nCOUNT=1\n");
	CHECK_EVENT(&e, "remove", 1, "before");
	ask(door, &a, "OP=take\nNAME=a");
	close_answer(&a);
	CHECK_ANSWER(door, "OP=confirm\nID=4", "ERRNO=0\nCOUNT=1\n");
	CHECK_EVENT(&e, "take", 4, "a");
	put(door, "NAME=t\nTTL=1", fd);
	CHECK_EVENT(&e, "put", 5, "t");
	CHECK_EVENT(&e, "expire", 5, "t");
	make_pair(SOCK_STREAM, peer);
	tell(sock, "FDSTORE=1\nFDNAME=n", &peer[1], 1);
	CHECK_EVENT(&e, "put", 6, "n");
	close_pair(peer);
	CHECK_EVENT(&e, "evict", 6, "n");
	tell(sock, "FDSTOREREMOVE=1\nFDNAME=n", NULL, 0);
	tell(sock, "FDSTORE=1\nFDNAME=m", &fd, 1);
	tell(sock, "FDSTOREREMOVE=1\nFDNAME=m", NULL, 0);
	CHECK_EVENT(&e, "put", 7, "m");
	CHECK_EVENT(&e, "remove", 7, "m");
	check_no_more(&e, door, "mark");
	CHECK_OK(close(fd));
	close(e.sock);
	close(sock);
	close(door);
	store_end();
}

STORE_TEST(some_names_only)
{
	int door, sock, fd = new_memfd("x");
	struct events named = {0}, matched = {0}, numbered = {0};
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = notifier();
	named.sock = watcher("NAME=a\nNAME=mark");
	matched.sock = watcher("PATTERN=[bm]*");
	numbered.sock = watcher("ID=2\nID=4-5");
	put(door, "NAME=a", fd);
	put(door, "NAME=b", fd);
	put(door, "NAME=ab", fd);
	CHECK_ANSWER(door, "OP=remove\nID=1-3", "ERRNO=0\nCOUNT=3\n");
	CHECK_EVENT(&named, "put", 1, "a");
	CHECK_EVENT(&named, "remove", 1, "a");
	CHECK_EVENT(&matched, "put", 2, "b");
	CHECK_EVENT(&matched, "remove", 2, "b");
	CHECK_EVENT(&numbered, "put", 2, "b");
	CHECK_EVENT(&numbered, "remove", 2, "b");
	CHECK_INT(put(door, "NAME=mark", fd), ==, 4);
	CHECK_EVENT(&named, "put", 4, "mark");
	CHECK_EVENT(&matched, "put", 4, "mark");
	CHECK_EVENT(&numbered, "put", 4, "mark");
	/* The state of the service is everybody's. */
	tell(sock, "READY=1", NULL, 0);
	CHECK(hear(named.sock, &a));
	CHECK_STR(a.text, "EVENT=state\nREADY=1\n");
	CHECK_OK(close(fd));
	close(named.sock);
	close(matched.sock);
	close(numbered.sock);
	close(sock);
	close(door);
	store_end();
}

/* What a watcher is told of outlives the death of the broker that has told it. */
STORE_TEST(an_event_is_told_when_it_is_done)
{
	int door, watching, fd = new_memfd("x");
	struct answer a;
	char line[32];

	store_begin(NULL);
	for (int round = 1; round <= 10; round++) {
		pid_t old = broker();

		door = client();
		watching = watcher("");
		snprintf(line, sizeof(line), "OP=put\nNAME=n%d", round);
		tell(door, line, &fd, 1);
		CHECK(hear(watching, &a));
		end_twin(old, SIGKILL);
		await_broker(old);
		check_end(watching);
		CHECK_INT(status("HELD"), ==, round);
		close(watching);
		close(door);
	}
	CHECK_OK(close(fd));
	store_end();
}

STORE_TEST(a_watcher_makes_no_other_requests)
{
	int sock, fd = new_memfd("x");

	store_begin(NULL);
	sock = watcher("");
	CHECK_REFUSED(sock, "OP=status", EBUSY, "watches");
	CHECK_REFUSED(sock, "OP=watch", EBUSY, "watches");
	check_refused(HARNESS_HERE, sock, "OP=put\nNAME=a", &fd, 1, EBUSY, "watches");
	CHECK_INT(status("HELD"), ==, 0);
	CHECK_OK(close(fd));
	close(sock);
	store_end();
}

/* It is disconnected, and nobody else waits for it. */
STORE_TEST(a_watcher_that_does_not_read)
{
	int door, sock, fd = new_memfd("x"), fds[200];
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = watcher("");
	for (int i = 0; i < 200; i++)
		fds[i] = fd;
	do {
		put_all(door, "NAME=a", fds, 200);
		ask(door, &a, "OP=remove\nNAME=a\n");
		check_done(HARNESS_HERE, &a);
		ask(door, &a, "OP=status");
	} while (number(&a, "CLIENTS") > 1);
	while (hear(sock, &a))
		CHECK(has(&a, "EVENT"));
	CHECK_OK(close(fd));
	close(sock);
	close(door);
	store_end();
}
