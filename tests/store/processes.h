/* SPDX-License-Identifier: MIT
 *
 * processes.h - the three processes of a store, and the notify door.
 */
#ifndef STORE_PROCESSES_H
#define STORE_PROCESSES_H

#include "store.h"

#include <poll.h>
#include <time.h>

static inline void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Asks on a connection of its own, and again if the broker ends in between; or if it has ended with the connection
 * still open, as it does when its exit hangs. */
static inline void ask_anew(struct answer *a, const char *text, const int *fds, size_t n)
{
	bool heard;

	do {
		int sock = client();

		heard = send_fds(sock, text, strlen(text), fds, n, MSG_NOSIGNAL) >= 0 &&
			poll(&(struct pollfd){.fd = sock, .events = POLLIN}, 1, 5000) > 0 &&
			hear(sock, a);
		close(sock);
	} while (!heard);
}

static inline int64_t status(const char *key)
{
	struct answer a;

	ask_anew(&a, "OP=status", NULL, 0);
	return number(&a, key);
}

static inline pid_t broker(void)
{
	return (pid_t)status("BROKER");
}

/* Each twin learns of the other by and by: 0 is "not yet". */
static inline pid_t keeper(void)
{
	pid_t pid;

	while ((pid = (pid_t)status("KEEPER")) == 0)
		pause_ms(1);
	return pid;
}

/* Waits until the broker is another one. */
static inline void await_broker(pid_t old)
{
	while (broker() == old)
		pause_ms(1);
}

static inline void await_keeper(pid_t old)
{
	while (keeper() == old)
		pause_ms(1);
}

static inline void end_twin(pid_t pid, int sig)
{
	CHECK_OK(kill(pid, sig));
	ended_twins++;
}

static inline void kill_broker(void)
{
	pid_t old = broker();

	end_twin(old, SIGKILL);
	await_broker(old);
}

static inline void kill_keeper(void)
{
	pid_t old = keeper();

	end_twin(old, SIGKILL);
	await_keeper(old);
}

/* A twin that has crashed is replaced, and nobody would notice: none has but those that the test ended. */
static inline void store_end(void)
{
	CHECK_INT(status("REPLACED"), ==, ended_twins);
	CHECK_OK(kill(the_store, SIGTERM));
	CHECK_INT(store_wait(), ==, 0);
	CHECK_OK(unlink("lock"));
}

/* A socket that sends to the notify door. */
static inline int notifier(void)
{
	return try_connect("notify", SOCK_DGRAM);
}

/* Returns when all that was sent to the notify door has been obeyed. */
static inline void barrier(int sock)
{
	int ends[2];

	make_pipe(ends);
	tell(sock, "BARRIER=1", &ends[1], 1);
	CHECK_OK(close(ends[1]));
	await_end(ends[0]);
}

/* Sends one message to the notify door, and waits until it has been obeyed. */
static inline void note(int sock, const char *text, const int *fds, size_t n)
{
	tell(sock, text, fds, n);
	barrier(sock);
}

#endif
