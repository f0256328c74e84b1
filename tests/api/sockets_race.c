/* SPDX-License-Identifier: MIT
 *
 * sockets_race.c - tests: of several processes that bind one path at once, one wins, and it is the
 * one that clients reach.
 */
#include "api.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/file.h>

#define RACERS 3
#define ROUNDS 300 /* FERRY_ROUNDS=N: more of them (make campaign) */

struct racer {
	int go[2], done[2]; /* pipes */
	pid_t pid;
};

/* For each byte: binds, says how that went, and lets go at the next one. */
static void race(void *arg)
{
	const struct racer *r = arg;
	char byte;

	while (read(r->go[0], &byte, 1) == 1 && byte == 'g') {
		int fd = ferry_bind("sock", SOCK_DGRAM, 0600, 0);

		CHECK_INT(write(r->done[1], &fd, sizeof(fd)), ==, sizeof(fd));
		CHECK_INT(read(r->go[0], &byte, 1), ==, 1);
		if (fd >= 0)
			close(fd);
		CHECK_INT(write(r->done[1], &fd, sizeof(fd)), ==, sizeof(fd));
	}
}

static void all(struct racer *racers, char byte)
{
	for (int i = 0; i < RACERS; i++)
		CHECK_INT(write(racers[i].go[1], &byte, 1), ==, 1);
}

static int answer(const struct racer *r)
{
	int value = -1;

	CHECK_INT(read(r->done[0], &value, sizeof(value)), ==, sizeof(value));
	return value;
}

static void rounds(bool stale)
{
	const char *wanted = getenv("FERRY_ROUNDS");
	int most = wanted != NULL ? atoi(wanted) : ROUNDS;
	struct racer racers[RACERS];

	for (int i = 0; i < RACERS; i++) {
		CHECK_OK(pipe2(racers[i].go, O_CLOEXEC));
		CHECK_OK(pipe2(racers[i].done, O_CLOEXEC));
		racers[i].pid = in_child(race, &racers[i]);
	}
	for (int n = 0; n < most; n++) {
		int winners = 0, client;

		if (stale)
			plain_stale("sock", n % 2 == 0 ? SOCK_DGRAM : SOCK_STREAM);
		all(racers, 'g');
		for (int i = 0; i < RACERS; i++) {
			int fd = answer(&racers[i]);

			if (fd >= 0)
				winners++;
			else
				CHECK_INT(fd, ==, -EADDRINUSE);
		}
		CHECK_INT(winners, ==, 1);
		client = CHECK_OK(plain_connect("sock", SOCK_DGRAM));
		close(client);
		all(racers, 'c');
		for (int i = 0; i < RACERS; i++)
			answer(&racers[i]);
		CHECK_OK(unlink("sock"));
	}
	all(racers, 'x');
	for (int i = 0; i < RACERS; i++) {
		join_child(racers[i].pid);
		close_pair(racers[i].go);
		close_pair(racers[i].done);
	}
}

TEST_SECONDS(race_for_a_stale_file, 60)
{
	rounds(true);
}

/* Nobody's file is in the way: what one of them has just made must not look stale to the next. */
TEST_SECONDS(race_for_a_free_name, 60)
{
	rounds(false);
}

/* Who replaces or removes a file keeps others out of the directory meanwhile; and who finds somebody
 * at it for ever, however that may be, gives up and has changed nothing. */
TEST(directory_in_use)
{
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int server = CHECK_OK(ferry_bind("live", SOCK_DGRAM, 0600, 0)), fd;
	ino_t was;

	plain_stale("stale", SOCK_DGRAM);
	was = inode("stale");
	CHECK_OK(flock(dir, LOCK_EX));
	CHECK_FAILS(ferry_bind("stale", SOCK_DGRAM, 0600, 0), EBUSY);
	CHECK_FAILS(ferry_unbind(server, "live"), EBUSY);
	CHECK_INT(inode("stale"), ==, was);
	CHECK(exists("live"));
	CHECK_OK(flock(dir, LOCK_UN));
	fd = CHECK_OK(ferry_bind("stale", SOCK_DGRAM, 0600, 0));
	CHECK_OK(ferry_unbind(fd, "stale"));
	CHECK_OK(ferry_unbind(server, "live"));
	close(fd);
	close(server);
	close(dir);
}

#define CONNECTIONS 100

struct shared {
	int server;
	atomic_bool quit;
	atomic_uint rounds[2]; /* of each taker: one that waits stands still */
};

struct taker {
	struct shared *shared;
	int number;
};

/* Takes what it can get, and never waits: with O_NONBLOCK on the listener, as ferry_accept asks of those
 * who share one, who comes too late does not wait for the next client. */
static void take(void *arg)
{
	const struct taker *t = arg;

	while (!t->shared->quit) {
		int fd = ferry_accept(t->shared->server, FERRY_NOWAIT, 0);

		if (fd < 0)
			CHECK_INT(fd, ==, -EAGAIN);
		else
			close(fd);
		t->shared->rounds[t->number]++;
	}
}

static void check_moving(struct shared *s, int number)
{
	unsigned was = s->rounds[number];

	for (long i = 0; i < 5000000; i++) {
		if (s->rounds[number] - was >= 2)
			return;
		sched_yield();
	}
	FAIL("process %d waits in ferry_accept(FERRY_NOWAIT)", number);
}

TEST_SECONDS(race_for_a_connection, 30)
{
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct taker takers[2];
	pid_t pids[2];

	CHECK(s != MAP_FAILED);
	s->server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));
	CHECK_OK(fcntl(s->server, F_SETFL, O_RDWR | O_NONBLOCK));
	for (int i = 0; i < 2; i++) {
		takers[i] = (struct taker){.shared = s, .number = i};
		pids[i] = in_child(take, &takers[i]);
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		int client = CHECK_OK(ferry_connect("sock", SOCK_STREAM, 0, 0));
		char byte;

		/* Its end says that somebody took it. */
		CHECK_INT(read(client, &byte, 1), ==, 0);
		close(client);
		check_moving(s, 0);
		check_moving(s, 1);
	}
	s->quit = true;
	for (int i = 0; i < 2; i++)
		join_child(pids[i]);
	close(s->server);
	CHECK_OK(unlink("sock"));
	munmap(s, sizeof(*s));
}
