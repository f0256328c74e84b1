/* SPDX-License-Identifier: MIT
 *
 * limits.c - tests: how much the store takes, of whom, and who does not wait for whom.
 */
#include "processes.h"

STORE_TEST(as_many_descriptors_as_max_fds)
{
	int door, fd = new_memfd("x"), fds[3] = {fd, fd, fd}, ends[2];

	store_begin("--max-fds", "4", NULL);
	door = client();
	put_all(door, "NAME=a", fds, 3);
	/* All or none. */
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 2, ENOSPC, "--max-fds is 4");
	CHECK_HELD(door, "a a a ");
	make_pipe(ends);
	put(door, "NAME=b", ends[0]);
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", &ends[1], 1, ENOSPC, "holds 4");
	CHECK_OK(close(ends[1]));
	await_end(ends[0]);
	kill_broker();
	close(door);
	door = client();
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 1, ENOSPC, "--max-fds is 4");
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=3\n");
	put_all(door, "NAME=b", fds, 3);
	CHECK_HELD(door, "b b b b ");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* The one that has been idle longest makes room for a new one; it may come again. */
STORE_TEST(as_many_clients_as_max_clients)
{
	int clients[3], another;

	store_begin("--max-clients", "3", NULL);
	for (int i = 0; i < 3; i++) {
		clients[i] = client();
		CHECK_ANSWER(clients[i], "OP=release", "ERRNO=0\n");
	}
	CHECK_ANSWER(clients[0], "OP=release", "ERRNO=0\n"); /* now 1 is the oldest */
	another = client();
	CHECK_ANSWER(another, "OP=release", "ERRNO=0\n");
	check_end(clients[1]);
	CHECK_ANSWER(clients[2], "OP=release", "ERRNO=0\n");
	CHECK_ANSWER(clients[0], "OP=release", "ERRNO=0\n");
	CHECK_OK(close(clients[1]));
	clients[1] = client();
	CHECK_ANSWER(clients[1], "OP=release", "ERRNO=0\n");
	check_end(another);
	for (int i = 0; i < 3; i++)
		CHECK_OK(close(clients[i]));
	CHECK_OK(close(another));
	store_end();
}

STORE_TEST(watchers_and_borrowers_are_not_idle)
{
	int watcher, borrower, idle, another, fd = new_memfd("x");
	struct answer a;

	store_begin("--max-clients", "3", NULL);
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch\nNAME=b", "ERRNO=0\n");
	borrower = client();
	put(borrower, "NAME=a", fd);
	ask(borrower, &a, "OP=take\nNAME=a");
	close_answer(&a);
	for (int i = 0; i < 10; i++) {
		idle = client();
		CHECK_ANSWER(idle, "OP=release", "ERRNO=0\n");
		another = client();
		CHECK_ANSWER(another, "OP=release", "ERRNO=0\n");
		check_end(idle);
		CHECK_OK(close(idle));
		CHECK_OK(close(another));
	}
	CHECK_ANSWER(borrower, "OP=confirm\nID=1", "ERRNO=0\nCOUNT=1\n");
	put(borrower, "NAME=b", fd);
	CHECK(hear(watcher, &a));
	CHECK(says(&a, "EVENT", "put"));
	CHECK_OK(close(fd));
	close(borrower);
	close(watcher);
	store_end();
}

/* Where all are busy a new one is turned away, with a word, and not one of them. */
STORE_TEST(nobody_is_idle)
{
	int watchers[2], another;
	struct answer a;

	store_begin("--max-clients", "2", NULL);
	for (int i = 0; i < 2; i++) {
		watchers[i] = client();
		CHECK_ANSWER(watchers[i], "OP=watch", "ERRNO=0\n");
	}
	another = client();
	check_refused(HARNESS_HERE, another, "OP=release", NULL, 0, ENOSPC, "--max-clients");
	check_refused(HARNESS_HERE, another, "OP=release", NULL, 0, ENOSPC, "--max-clients");
	/* When there is room it comes in. */
	CHECK_OK(close(watchers[0]));
	ask(another, &a, "OP=status");
	while (!says(&a, "ERRNO", "0")) {
		pause_ms(1);
		ask(another, &a, "OP=status");
	}
	CHECK_INT(number(&a, "CLIENTS"), ==, 2);
	CHECK_OK(close(another));
	close(watchers[1]);
	store_end();
}

STORE_TEST(a_thousand_requests_before_the_first_answer)
{
	int door, fd = new_memfd("x"), sent = 0, heard = 0;
	struct answer a;
	char text[64];

	store_begin(NULL);
	door = client();
	/* Reads as soon as it must: both queues have an end. */
	while (heard < 1000) {
		ssize_t n = -1;

		if (sent < 1000) {
			snprintf(text, sizeof(text), "OP=put\nNAME=a\nREQUEST=%d", sent);
			n = send_fds(door, text, strlen(text), &fd, 1, MSG_NOSIGNAL);
			CHECK(n > 0 || errno == EAGAIN);
			sent += n > 0;
		}
		if (n < 0) {
			CHECK(hear(door, &a));
			snprintf(text, sizeof(text), "REQUEST=%d\nERRNO=0\nID=%d\nCOUNT=1\n", heard,
				 heard + 1);
			CHECK_STR(a.text, text);
			heard++;
		}
	}
	CHECK_INT(status("HELD"), ==, 1000);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* Answers come in the order of the requests, also around a long one. */
STORE_TEST(the_order_of_answers)
{
	int door, fd = new_memfd("x"), fds[250];
	struct answer a;

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 250; i++)
		fds[i] = fd;
	for (int i = 0; i < 3; i++)
		put_all(door, "NAME=a", fds, 250);
	for (int round = 0; round < 5; round++) {
		int n = 0;

		tell(door, "OP=release\nREQUEST=1", NULL, 0);
		tell(door, "OP=get\nNAME=a\nREQUEST=2", NULL, 0);
		tell(door, "OP=none\nREQUEST=3", NULL, 0);
		tell(door, "OP=list\nPATTERN=x\nREQUEST=4", NULL, 0);
		CHECK(hear(door, &a));
		CHECK(says(&a, "REQUEST", "1"));
		do {
			CHECK(hear(door, &a));
			CHECK(says(&a, "REQUEST", "2"));
			n += a.n;
			close_answer(&a);
		} while (has(&a, "MORE"));
		CHECK_INT(n, ==, 750);
		CHECK(hear(door, &a));
		CHECK(says(&a, "REQUEST", "3"));
		CHECK(hear(door, &a));
		CHECK(says(&a, "REQUEST", "4"));
	}
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* Fills the queue to the store with requests whose answers nobody reads. */
static void flood(int sock, const char *request)
{
	for (int i = 0; i < 2000; i++)
		if (send_fds(sock, request, strlen(request), NULL, 0, MSG_NOSIGNAL) < 0)
			return;
}

/* What one user has in flight is limited, unless he is root: then others of that user would wait too. */
STORE_TEST(clients_that_never_read)
{
	const char *get = is_root() ? "OP=get\nNAME=many" : "OP=get\nID=1";
	int door, fd = new_memfd("x"), fds[253], floods[12];

	/* What they leave unread is above the quota in flight, which only some of root's power is exempt from. */
	store_begin("--no-sandbox", NULL);
	door = client();
	for (int i = 0; i < 253; i++)
		fds[i] = fd;
	put_all(door, "NAME=many", fds, 253);
	for (int i = 0; i < 12; i++) {
		floods[i] = client();
		flood(floods[i], i % 3 == 0 ? get : i % 3 == 1 ? "OP=list" : "OP=status\nX=1");
		put(door, "NAME=a", fd);
		CHECK_INT(status("HELD"), ==, 254 + i);
	}
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=12\n");
	for (int i = 0; i < 12; i++)
		CHECK_OK(close(floods[i]));
	put(door, "NAME=b", fd);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* Answers that are queued for it, with descriptors, go with it. */
STORE_TEST(a_client_that_dies_in_the_middle_of_an_answer)
{
	int door, fds[250], ends[2];
	struct answer a;

	store_begin(NULL);
	door = client();
	make_pipe(ends);
	for (int i = 0; i < 250; i++)
		fds[i] = ends[1];
	for (int i = 0; i < 8; i++)
		put_all(door, "NAME=a", fds, 250);
	CHECK_OK(close(ends[1]));
	for (int i = 0; i < 20; i++) {
		int sock = client();

		tell(sock, "OP=get\nNAME=a", NULL, 0);
		tell(sock, "OP=get\nNAME=a", NULL, 0);
		if (i % 2) {
			CHECK(hear(sock, &a));
			close_answer(&a);
		}
		CHECK_OK(close(sock));
		CHECK_ANSWER(door, "OP=release", "ERRNO=0\n");
	}
	check_writer_lives(ends[0]);
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=2000\n");
	await_end(ends[0]);
	close(door);
	store_end();
}

/* What a store of little has to say of it. */
STORE_TEST(too_few_numbers)
{
	static const char *const too_many[] = {"--max-fds", "1000000", NULL};
	struct rlimit rl = {4096, 4096};
	char text[512] = "";
	int fd;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK(!store_try(too_many, "errors"));
	CHECK_INT(store_wait(), !=, 0);
	fd = CHECK_OK(open("errors", O_RDONLY | O_CLOEXEC));
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	CHECK(strstr(text, "RLIMIT_NOFILE") != NULL);
	CHECK_OK(close(fd));
	CHECK_OK(unlink("errors"));
}

/* A store that holds all that it may still serves, and so does its successor. */
STORE_TEST(as_many_as_the_kernel_admits)
{
	struct rlimit rl = {3000, 3000};
	int door, fd = new_memfd("x"), fds[253];
	struct answer a;
	int64_t most;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	for (int i = 0; i < 253; i++)
		fds[i] = fd;
	store_begin("--max-clients", "8", NULL);
	door = client();
	most = status("MAX_FDS");
	CHECK_INT(most, >, 253);
	CHECK_INT(most, <, 3000);
	for (int64_t held = 0; held < most; held += 253)
		put_all(door, "NAME=a", fds, most - held < 253 ? (size_t)(most - held) : 253);
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 253, ENOSPC, "--max-fds");
	kill_broker();
	kill_keeper();
	close(door);
	door = client();
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 253, ENOSPC, "--max-fds");
	ask(door, &a, "OP=get\nID=1-253");
	CHECK_INT(a.n, ==, 253);
	close_answer(&a);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}
