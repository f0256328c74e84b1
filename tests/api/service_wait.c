/* SPDX-License-Identifier: MIT
 *
 * service_wait.c - tests: what ferry_notify and ferry_notify_barrier wait for, and for how long.
 */
#include "service.h"

#include <sys/time.h>

static int manager;

/* Until nothing more goes in. */
static void fill(void)
{
	struct ferry_note n = {.lines = "STATUS=x", .flags = FERRY_NOWAIT};
	int r = 1;

	for (int i = 0; i < 5000 && r > 0; i++)
		r = notify(&n);
	CHECK_INT(r, ==, -EAGAIN);
	CHECK(n.why != NULL);
}

TEST(a_manager_that_does_not_read)
{
	int fd = new_file();
	struct ferry_note n = {.fds = &fd, .nfds = 1, .timeout_ms = 30};

	manager = new_manager();
	fill();
	CHECK_FAILS(notify(&n), ETIMEDOUT);
	CHECK_INT(n.sent, ==, 0);
	CHECK(n.why != NULL);
	CHECK_FAILS(ferry_notify_barrier(30, 0), ETIMEDOUT);
	close(fd);
	end_manager(manager);
}

/* The deadline is of the whole call, with its second message too; the first has left. */
TEST(a_manager_that_has_room_for_one)
{
	int file = new_file(), fds[300];
	struct ferry_note n = {.fds = fds, .nfds = 300, .timeout_ms = 30};
	char got[100];

	for (int i = 0; i < 300; i++)
		fds[i] = file;
	manager = new_manager();
	fill();
	CHECK_OK(recv(manager, got, sizeof(got), MSG_DONTWAIT));
	CHECK_FAILS(notify(&n), ETIMEDOUT);
	CHECK_INT(n.sent, ==, 253);
	close(file);
	end_manager(manager);
}

static void interrupt(int sig)
{
	(void)sig;
}

static void alarms(void (*handler)(int), int flags)
{
	const struct itimerval every = {.it_interval = {.tv_usec = 20000},
					.it_value = {.tv_usec = 20000}},
			       never = {0};
	const struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	if (handler == SIG_DFL)
		CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
	CHECK_OK(sigaction(SIGALRM, &sa, NULL));
	if (handler != SIG_DFL)
		CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
}

TEST(signals)
{
	struct ferry_note n = {.lines = "A=1", .flags = FERRY_EINTR};

	manager = new_manager();
	alarms(interrupt, SA_RESTART);
	CHECK_FAILS(ferry_notify_barrier(0, FERRY_EINTR), EINTR);
	CHECK_FAILS(ferry_notify_barrier(100, 0), ETIMEDOUT);
	alarms(SIG_DFL, 0);
	fill();
	alarms(interrupt, 0);
	CHECK_FAILS(notify(&n), EINTR);
	n.flags = 0;
	n.timeout_ms = 100;
	CHECK_FAILS(notify(&n), ETIMEDOUT);
	alarms(SIG_DFL, 0);
	end_manager(manager);
}

/* Reads what came before the barrier, and says through the pipe that it has. */
struct slow {
	int told;
	bool holds;
};

static void read_then_close(void *arg)
{
	const struct slow *slow = arg;
	struct box b;

	CHECK_TEXT(manager, "STATUS=before");
	CHECK_INT(box_recv(manager, &b, 1), ==, 1);
	CHECK_STR(b.data, "BARRIER=1");
	CHECK_INT(b.msg.nfds, ==, 1);
	/* Asked for nothing, it is told nothing: a byte is not what is waited for. */
	CHECK_INT(write(b.fds[0], "x", 1), ==, 1);
	for (int i = 0; i < 20; i++)
		(void)poll(NULL, 0, 2);
	CHECK_INT(write(slow->told, "y", 1), ==, 1);
	close(b.fds[0]);
	check_empty(manager);
}

TEST(a_barrier_waits_until_all_is_done)
{
	struct slow slow;
	int read_end = new_pipe(&slow.told);
	char byte = 0;
	pid_t pid;

	manager = new_manager();
	pid = in_child(read_then_close, &slow);
	CHECK_INT(notify_lines("STATUS=before"), ==, 1);
	CHECK_INT(ferry_notify_barrier(0, 0), ==, 1);
	/* No waiting here: it has been told before the barrier fell. */
	CHECK_INT(read(read_end, &byte, 1), ==, 1);
	CHECK_INT(byte, ==, 'y');
	join_child(pid);
	close(read_end);
	close(slow.told);
	end_manager(manager);
}

TEST(a_barrier_that_does_not_fall)
{
	struct box b;

	manager = new_manager();
	CHECK_FAILS(ferry_notify_barrier(30, 0), ETIMEDOUT);
	/* What was sent is alone in its message, and its end tells that the sender has gone. */
	CHECK_INT(box_recv(manager, &b, 1), ==, 1);
	CHECK_STR(b.data, "BARRIER=1");
	CHECK_INT(b.msg.nfds, ==, 1);
	CHECK_OK(signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0);
	CHECK_ERRNO(write(b.fds[0], "x", 1), EPIPE);
	CHECK_OK(signal(SIGPIPE, SIG_DFL) == SIG_ERR ? -1 : 0);
	close(b.fds[0]);
	check_empty(manager);
	end_manager(manager);
}

/* The manager has ended: nobody is waited for. */
static void end_soon(void *arg)
{
	struct pollfd p = {.fd = manager, .events = POLLIN};

	(void)arg;
	CHECK_INT(poll(&p, 1, 5000), ==, 1);
}

TEST(a_barrier_falls_with_the_manager)
{
	pid_t pid;

	manager = new_manager();
	pid = in_child(end_soon, NULL);
	close(manager);
	CHECK_INT(ferry_notify_barrier(0, 0), ==, 1);
	join_child(pid);
	CHECK_OK(unlink("notify"));
}
