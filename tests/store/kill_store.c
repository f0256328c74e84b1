/* SPDX-License-Identifier: MIT
 * kill_store.c - the store as processes: starts it, and tells which ones it is made of. */
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PF_EXITING 4     /* of the kernel's sched.h */
#define NEWBORN_US 20000 /* in which a twin is replaced, or its successor is missed */
#define START_MS 30000   /* a machine may be very busy */

/* The command stands in the same build directory: BUILD/tests/store/kill and BUILD/fdferry. */
static void find_command(char *path, size_t size)
{
	ssize_t n = CHECK_OK(readlink("/proc/self/exe", path, size - 1));

	path[n] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(path, '/') = '\0';
	CHECK_INT(strlen(path) + sizeof("/fdferry"), <=, size);
	strcat(path, "/fdferry");
}

static void wait_ready(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char byte;

	CHECK_INT(CHECK_OK(poll(&ready, 1, START_MS)), ==, 1);
	CHECK_INT(CHECK_OK(read(fd, &byte, 1)), ==, 1);
	close(fd);
}

/* Where twins live without a parent it adopts them. */
void kill_store_parent(struct kill_daemon *d)
{
	char ready_fd[16], patience[16];
	int ready[2];

	snprintf(patience, sizeof(patience), "%dms", KILL_PATIENCE);
	CHECK_OK(pipe2(ready, O_CLOEXEC));
	d->parent = CHECK_OK(fork());
	if (d->parent == 0) {
		int fd = dup(ready[1]);

		snprintf(ready_fd, sizeof(ready_fd), "%d", fd);
		execl(d->command, d->command, "store", "--store", d->dir, "--patience", patience,
		      "--ready-fd", ready_fd, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	wait_ready(ready[0]);
}

void kill_store_start(struct kill_daemon *d)
{
	char cwd[200];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(d->dir, sizeof(d->dir), "%s/store", cwd);
	find_command(d->command, sizeof(d->command));
	kill_store_parent(d);
	CHECK_OK(ferry_store_open(&d->client, d->dir, 0, KILL_DEADLINE));
}

/* Asks the store; false if it did not answer in time. */
bool kill_store_look(struct kill_daemon *d)
{
	struct ferry_status status = {0};
	int r = ferry_store_status(d->client, &status, sizeof(status), 0, KILL_DEADLINE);

	if (r < 0) {
		if (r != -ETIMEDOUT)
			NOTE("status: %s", strerror(-r));
		d->hung++;
		return false;
	}
	d->twins[KILL_BROKER] = status.broker;
	d->twins[KILL_KEEPER] = status.keeper;
	d->held = status.held;
	d->replaced = status.replaced;
	return true;
}

static bool is_among(pid_t pid, const pid_t *dead, size_t ndead)
{
	for (size_t i = 0; i < ndead; i++)
		if (dead[i] == pid)
			return true;
	return false;
}

/* Has it begun to exit?  Its flags are the 9th field, the 7th behind the name (proc(5)). */
static bool is_exiting(pid_t pid)
{
	char path[40], text[512];
	const char *at;
	unsigned flags = PF_EXITING;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return true;
	return (flags & PF_EXITING) != 0;
}

/* A helper of the store's shares the descriptor table of its twin, until it ends; a new twin has its own. */
static bool is_twin(pid_t pid, pid_t of)
{
	return syscall(SYS_kcmp, pid, of, KCMP_FILES, 0, 0) > 0 && !is_exiting(pid);
}

/* Whom the survivor of two has just forked in the place of the dead one; 0 if that is not seen.  From then on
 * there are two again, however little the new one has done yet. */
pid_t kill_store_newborn(pid_t survivor, pid_t dead)
{
	uint64_t end = kill_now_us() + NEWBORN_US;
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)survivor, (int)survivor);
	while (kill_now_us() < end) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		if (n < 0)
			return 0;
		text[n] = '\0';
		for (char *at = text, *next; *at != '\0'; at = next) {
			pid_t pid = (pid_t)strtol(at, &next, 10);

			if (next == at)
				break;
			if (pid != dead && is_twin(pid, survivor))
				return pid;
		}
	}
	return 0;
}

/* Until the store says that it is two again, and neither is one that we have killed. */
void kill_store_wait_whole(struct kill_daemon *d, const pid_t *dead, size_t ndead)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t end = kill_now_us() + 2 * KILL_DEADLINE * 1000;

	while (kill_now_us() < end) {
		if (kill_store_look(d) && d->twins[0] > 0 && d->twins[1] > 0 &&
		    !is_among(d->twins[0], dead, ndead) && !is_among(d->twins[1], dead, ndead) &&
		    !is_exiting(d->twins[0]) && !is_exiting(d->twins[1]))
			return;
		nanosleep(&pause, NULL);
	}
	kill_trail();
	FAIL("the store is not whole again: broker %d (%s), keeper %d (%s)", (int)d->twins[0],
	     kill(d->twins[0], 0) == 0 ? "lives" : "is dead", (int)d->twins[1],
	     kill(d->twins[1], 0) == 0 ? "lives" : "is dead");
}

/* As its user ends it; it leaves the file of its lock.  Whoever of the twins is left after that is found by the harness. */
void kill_store_stop(struct kill_daemon *d)
{
	char lock[sizeof(d->dir) + 8];
	int status;

	ferry_store_close(d->client);
	CHECK_OK(kill(d->parent, SIGTERM));
	CHECK_OK(waitpid(d->parent, &status, 0));
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGTERM : WEXITSTATUS(status) != 0)
		FAIL("the store ended with status %#x", (unsigned)status);
	snprintf(lock, sizeof(lock), "%s/lock", d->dir);
	CHECK_OK(unlink(lock));
	CHECK_OK(rmdir(d->dir));
	/* Those that have lost a parent of their own have become this process's. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}
