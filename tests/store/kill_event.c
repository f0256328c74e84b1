/* SPDX-License-Identifier: MIT
 * kill_event.c - what happens to a store besides SIGKILL: its twins stand still, it is upgraded, and it
 * loses its parent.
 *
 * Both twins dead is a loss by design.  So each event ends when the store has two again, and it is certain
 * that neither is about to replace the other. */
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_US (KILL_PATIENCE * 1000 / 3)
#define UPGRADE_MS 30000

static void pause_us(uint32_t us)
{
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	nanosleep(&t, NULL);
}

/* Who was woken is counted as moving in the next tick of the other; until then that one may replace it. */
static void settle(struct kill_daemon *d)
{
	pause_us(3 * TICK_US);
	kill_store_wait_whole(d, NULL, 0);
}

/* One that the store has replaced in the meantime is none of its twins any more. */
static void signal_twin(pid_t pid, int sig)
{
	CHECK_INT(pid, >, 1);
	CHECK(kill(pid, sig) == 0 || errno == ESRCH);
}

static void stop_for_good(struct kill_daemon *d, uint64_t *seed)
{
	pid_t pid = d->twins[kill_draw(seed, 2)];

	signal_twin(pid, SIGSTOP);
	kill_store_wait_whole(d, &pid, 1);
}

/* For less than patience or for more. */
static void stop_and_continue(struct kill_daemon *d, uint64_t *seed, bool both)
{
	pid_t first = d->twins[kill_draw(seed, 2)];
	pid_t second = first == d->twins[0] ? d->twins[1] : d->twins[0];

	signal_twin(first, SIGSTOP);
	if (both)
		signal_twin(second, SIGSTOP);
	pause_us(kill_draw(seed, 2 * KILL_PATIENCE * 1000));
	signal_twin(first, SIGCONT);
	if (both) {
		pause_us(kill_draw(seed, 2) * kill_draw(seed, KILL_PATIENCE * 1000));
		signal_twin(second, SIGCONT);
	}
	settle(d);
}

/* To the very program that runs. */
static bool upgrade(struct kill_daemon *d)
{
	static const char good[] = "ERRNO=0\n";
	pid_t old[2] = {d->twins[0], d->twins[1]};
	char request[] = "OP=upgrade\n", text[512] = "", path[sizeof(d->dir) + 8];
	struct iovec data = {.iov_base = request, .iov_len = strlen(request)};
	int program = CHECK_OK(open(d->command, O_RDONLY | O_CLOEXEC)), sock, r;
	struct ferry_msg msg = {
		.iov = &data, .iovlen = 1, .fds = &program, .nfds = 1, .timeout_ms = UPGRADE_MS};

	snprintf(path, sizeof(path), "%s/store", d->dir);
	sock = CHECK_OK(ferry_connect(path, SOCK_SEQPACKET, 0, UPGRADE_MS));
	CHECK_OK(ferry_send(sock, &msg, sizeof(msg)));
	close(program);
	data = (struct iovec){.iov_base = text, .iov_len = sizeof(text) - 1};
	msg = (struct ferry_msg){.iov = &data, .iovlen = 1, .timeout_ms = UPGRADE_MS};
	r = ferry_recv(sock, &msg, sizeof(msg));
	close(sock);
	if (r <= 0 || memcmp(text, good, strlen(good)) != 0) {
		NOTE("upgrade: %s", r < 0 ? strerror(-r) : text);
		settle(d);
		return false;
	}
	kill_store_wait_whole(d, old, 2);
	return true;
}

static void lose_parent(struct kill_daemon *d, uint64_t *seed)
{
	int status;

	CHECK_OK(kill(d->parent, SIGKILL));
	CHECK_INT(waitpid(d->parent, &status, 0), ==, d->parent);
	pause_us(kill_draw(seed, 20000));
	kill_store_parent(d);
	kill_store_wait_whole(d, NULL, 0);
}

/* In most cases none: then it is the caller's turn to kill. */
bool kill_event(struct kill_daemon *d, struct kill_events *e, uint64_t *seed)
{
	uint32_t kind = kill_draw(seed, 100);

	if (kind >= 32)
		return false;
	if (kind < 6)
		stop_for_good(d, seed);
	else if (kind < 20)
		stop_and_continue(d, seed, kind >= 14);
	else if (kind < 28)
		e->failed += !upgrade(d);
	else
		lose_parent(d, seed);
	if (kind < 6)
		e->stopped++;
	else if (kind < 14)
		e->continued++;
	else if (kind < 20)
		e->both++;
	else if (kind < 28)
		e->upgraded++;
	else
		e->orphaned++;
	return true;
}

/* Clients that are there and ask nothing; the death of a broker has ended their connections. */
void kill_idle(const struct kill_daemon *d, int socks[KILL_IDLE])
{
	char path[sizeof(d->dir) + 8];

	snprintf(path, sizeof(path), "%s/store", d->dir);
	for (size_t i = 0; i < KILL_IDLE; i++) {
		if (socks[i] > 0)
			close(socks[i]);
		socks[i] = CHECK_OK(ferry_connect(path, SOCK_SEQPACKET, 0, KILL_DEADLINE));
	}
}
