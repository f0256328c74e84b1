/* SPDX-License-Identifier: MIT
 *
 * crash.c - tests: twins are killed at any moment, under load; what was acknowledged is there, and what was
 * not is repeated and done once.
 */
#include "processes.h"

#define ROUNDS 20
#define A_ROUND 60

/* One request of many, which may have been answered. */
static void tell_put(int sock, int i)
{
	char text[64];
	int fd;

	snprintf(text, sizeof(text), "%d", i);
	fd = new_memfd(text);
	snprintf(text, sizeof(text), "OP=put\nNAME=n%d\nREQUEST=p%d", i, i);
	/* EPIPE: the broker has died, and it is repeated. */
	if (send_fds(sock, text, strlen(text), &fd, 1, MSG_NOSIGNAL) < 0)
		CHECK(errno == EPIPE || errno == ECONNRESET);
	CHECK_OK(close(fd));
}

/* Reads answers until n have come or the connection has ended. */
static int hear_answers(int sock, int first, int n)
{
	struct answer a;
	int heard = 0;

	for (; heard < n && hear(sock, &a); heard++) {
		char text[32];

		check_done(HARNESS_HERE, &a);
		snprintf(text, sizeof(text), "p%d", first + heard);
		CHECK(says(&a, "REQUEST", text));
	}
	return heard;
}

static pid_t twin(int which)
{
	return which ? broker() : keeper();
}

/* All of a round are asked for at once; one of the twins is killed while they are answered. */
static void put_round(int first, int which)
{
	int sock = client(), heard = 0;
	pid_t victim = twin(which);

	for (int i = 0; i < A_ROUND; i++) {
		if (i == first / A_ROUND % A_ROUND)
			end_twin(victim, SIGKILL);
		tell_put(sock, first + i);
	}
	while ((heard += hear_answers(sock, first + heard, A_ROUND - heard)) < A_ROUND) {
		CHECK_OK(close(sock));
		sock = client();
		for (int i = heard; i < A_ROUND; i++)
			tell_put(sock, first + i);
	}
	CHECK_OK(close(sock));
	while (twin(which) == victim)
		pause_ms(1);
}

static void check_all(int n)
{
	for (int i = 0; i < n; i++) {
		char text[32];
		struct answer a;

		snprintf(text, sizeof(text), "OP=get\nNAME=n%d", i);
		ask_anew(&a, text, NULL, 0);
		check_done(HARNESS_HERE, &a);
		CHECK_INT(a.n, ==, 1);
		snprintf(text, sizeof(text), "%d", i);
		check_contents(a.fds[0], text);
		close_answer(&a);
	}
	CHECK_INT(status("HELD"), ==, n);
}

STORE_TEST(puts_while_the_broker_is_killed)
{
	store_begin(NULL);
	for (int i = 0; i < ROUNDS; i++)
		put_round(i * A_ROUND, 1);
	check_all(ROUNDS * A_ROUND);
	store_end();
}

STORE_TEST(puts_while_either_is_killed)
{
	store_begin(NULL);
	for (int i = 0; i < ROUNDS; i++)
		put_round(i * A_ROUND, i % 2);
	check_all(ROUNDS * A_ROUND);
	store_end();
}

/* A service does not hear of it at all: datagrams wait in the door, which is both twins'. */
STORE_TEST(the_notify_door_while_the_broker_is_killed)
{
	int sock, fd, i;

	store_begin(NULL);
	sock = notifier();
	for (i = 0; i < 200; i++) {
		char text[64], contents[16];

		if (i % 20 == 10)
			kill_broker();
		snprintf(contents, sizeof(contents), "%d", i);
		fd = new_memfd(contents);
		snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=n%d", i);
		tell(sock, text, &fd, 1);
		CHECK_OK(close(fd));
	}
	barrier(sock);
	check_all(200);
	close(sock);
	store_end();
}

/* Nobody takes twice: each of a hundred is confirmed to one of those who want it. */
static void take_all(void *arg)
{
	int *taken = arg, sock = client(), id = 1;
	struct answer a;
	char text[64];

	while (id <= 100) {
		bool heard;

		snprintf(text, sizeof(text), "OP=take\nID=%d", id);
		heard = send_fds(sock, text, strlen(text), NULL, 0, MSG_NOSIGNAL) > 0 &&
			hear(sock, &a);
		if (heard && a.n == 1) {
			close_answer(&a);
			snprintf(text, sizeof(text), "OP=confirm\nID=%d\nREQUEST=c%d.%d", id,
				 (int)getpid(), id);
			while (send_fds(sock, text, strlen(text), NULL, 0, MSG_NOSIGNAL) < 0 ||
			       !hear(sock, &a)) {
				CHECK_OK(close(sock));
				sock = client();
			}
			if (says(&a, "ERRNO", "0"))
				__atomic_add_fetch(&taken[id - 1], 1, __ATOMIC_SEQ_CST);
		} else if (heard && number(&a, "ERRNO") == ENOENT) {
			id++;
		} else if (!heard) {
			CHECK_OK(close(sock));
			sock = client();
		}
	}
	CHECK_OK(close(sock));
}

STORE_TEST(takers_while_the_broker_is_killed)
{
	int *taken = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = new_memfd("x"), fds[100], door;
	pid_t takers[3];

	CHECK(taken != MAP_FAILED);
	store_begin(NULL);
	door = client();
	for (int i = 0; i < 100; i++)
		fds[i] = fd;
	put_all(door, "NAME=a", fds, 100);
	CHECK_OK(close(door));
	for (int i = 0; i < 3; i++)
		takers[i] = in_child(take_all, taken);
	while (status("HELD") > 20)
		kill_broker();
	for (int i = 0; i < 3; i++)
		join_child(takers[i]);
	for (int i = 0; i < 100; i++)
		CHECK_INT(taken[i], ==, 1);
	CHECK_INT(status("HELD"), ==, 0);
	CHECK_OK(munmap(taken, 4096));
	CHECK_OK(close(fd));
	store_end();
}
