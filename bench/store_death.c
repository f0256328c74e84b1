/* SPDX-License-Identifier: MIT
 * store_death.c - from the death of a store's broker to the next answer, and what that consists of. */
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 4096
#define ATTEMPTS 20000 /* of a tenth of a millisecond: something is wrong then */

struct twins {
	pid_t broker, keeper;
};

static void pause_a_little(void)
{
	const struct timespec t = {.tv_nsec = 100000};

	nanosleep(&t, NULL);
}

/* Until both are there, and neither is one that was there before. */
static struct twins wait_whole(const char *dir, struct twins before)
{
	char answer[ANSWER];

	for (int i = 0; i < ATTEMPTS; i++) {
		int sock = raw_connect(dir);
		size_t len = raw_status(sock, answer, sizeof(answer));
		struct twins now = {.broker = (pid_t)raw_number(answer, "BROKER"),
				    .keeper = (pid_t)raw_number(answer, "KEEPER")};

		close(sock);
		if (len > 0 && now.broker > 0 && now.keeper > 0 && now.broker != before.broker &&
		    now.keeper != before.broker)
			return now;
		pause_a_little();
	}
	wrong("fdferry", "the store does not become whole again");
}

/* The descriptors that it has are those that were put. */
static void verify_held(const char *dir, size_t held)
{
	char answer[ANSWER];
	int sock = raw_connect(dir);

	if (raw_status(sock, answer, sizeof(answer)) == 0 ||
	    raw_number(answer, "HELD") != (long)held)
		wrong("fdferry", "has lost descriptors");
	close(sock);
}

struct times {
	double end, connected, answered; /* since the signal */
};

/* A client that has a connection, as the library would: it sees the end, connects and asks again. */
static struct times kill_broker(const char *dir, struct twins *twins)
{
	char answer[ANSWER];
	int sock = raw_connect(dir);
	struct pollfd end = {.fd = sock, .events = POLLIN};
	struct times t;
	double start;
	size_t len = 0;

	if (raw_status(sock, answer, sizeof(answer)) == 0)
		wrong("fdferry", "the store does not answer");
	start = now_ns();
	if (kill(twins->broker, SIGKILL) < 0 || poll(&end, 1, -1) != 1)
		die("kill the broker");
	t.end = now_ns() - start;
	close(sock);
	while (len == 0) {
		sock = raw_connect(dir);
		t.connected = now_ns() - start;
		len = raw_status(sock, answer, sizeof(answer));
		close(sock);
	}
	t.answered = now_ns() - start;
	return t;
}

/* What the kernel takes for it at least: a process with as many descriptors that forks, and that dies. */
static void bare_body(const void *arg)
{
	const int *sockets = arg;
	char byte = 0;
	pid_t pid;
	double start, took;

	for (size_t i = 0; i < MOST_HELD; i++)
		if (memfd_create("held", MFD_CLOEXEC) < 0)
			die("memfd_create");
	start = now_ns();
	pid = fork();
	if (pid == 0)
		_exit(0);
	took = now_ns() - start;
	if (pid < 0 || waitpid(pid, NULL, 0) < 0 || write(sockets[1], &took, sizeof(took)) < 0)
		die("fork");
	while (read(sockets[1], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Its copies of the descriptors are the only ones that are closed: the memory of the files is freed too. */
static void bare(double *forked, double *died)
{
	struct child c;
	int sockets[2];
	char byte;
	double start;

	socketpair_or_die(SOCK_STREAM, sockets);
	child_fork(&c, bare_body, sockets);
	close(sockets[1]);
	if (read(sockets[0], forked, sizeof(*forked)) != sizeof(*forked))
		wrong("bare", "does not fork");
	start = now_ns();
	kill(c.pid, SIGKILL);
	while (read(sockets[0], &byte, 1) > 0)
		;
	*died = now_ns() - start;
	close(sockets[0]);
	child_kill(&c);
}

void scenario_store_death(const char *scenario)
{
	struct place p;
	struct twins twins = {0};

	if (!store_has_room() || !wanted("fdferry"))
		return;
	signal(SIGPIPE, SIG_IGN);
	if (!place_open(&p, &fdferry_holder))
		return;
	place_fill(&p, MOST_HELD, false, false);
	twins = wait_whole(p.dir, twins);
	for (int r = 0; r < options.rounds; r++) {
		struct times t = kill_broker(p.dir, &twins);
		double forked, died;

		twins = wait_whole(p.dir, twins);
		verify_held(p.dir, MOST_HELD);
		bare(&forked, &died);
		print_result(scenario, "fdferry", r, t.answered, "ns");
		print_result(scenario, "fdferry-end", r, t.end, "ns");
		print_result(scenario, "fdferry-connect", r, t.connected - t.end, "ns");
		print_result(scenario, "fdferry-answer", r, t.answered - t.connected, "ns");
		print_result(scenario, "bare-fork", r, forked, "ns");
		print_result(scenario, "bare-end", r, died, "ns");
	}
	place_close(&p);
}
