/* SPDX-License-Identifier: MIT
 *
 * message_wait.c - tests: how long a call waits, and what ends it.  What is asserted is the result,
 * never how long it took.
 */
#include "api.h"

#include <sys/time.h>

static void nap(void)
{
	poll(NULL, 0, 30);
}

static volatile sig_atomic_t alarms_seen;

static void on_alarm(int sig)
{
	(void)sig;
	alarms_seen++;
}

/* A signal at each interval; 0 ends them. */
static void alarms(long interval_us, int sa_flags)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = sa_flags};
	struct itimerval it = {.it_interval.tv_usec = interval_us, .it_value.tv_usec = interval_us};

	if (interval_us > 0)
		CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	act.sa_handler = SIG_DFL;
	act.sa_flags = 0;
	if (interval_us == 0)
		CHECK_OK(sigaction(SIGALRM, &act, NULL));
}

static int recv_with(int sock, uint32_t flags, int timeout_ms)
{
	struct box b;

	box_new(&b, 1);
	b.msg.flags = flags;
	b.msg.timeout_ms = timeout_ms;
	return ferry_recv(sock, &b.msg, sizeof(b.msg));
}

static int send_with(int sock, const char *to, int *fds, size_t nfds, uint32_t flags,
		     int timeout_ms)
{
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = fds,
				.nfds = nfds,
				.to = to,
				.flags = flags,
				.timeout_ms = timeout_ms};
	int r = ferry_send(sock, &msg, sizeof(msg)), err = errno;

	CHECK_INT(msg.len, ==, r == 0 ? 1 : 0);
	/* A full queue is a limit that was met; what the kernel says otherwise speaks for itself. */
	if (r == 0)
		CHECK(msg.why == NULL);
	if (r == -EAGAIN || r == -ETIMEDOUT)
		CHECK(msg.why != NULL);
	errno = err;
	return r;
}

/* Until nothing more goes in; returns how many did. */
static int fill(int sock, const char *to)
{
	for (int n = 0; n < 100000; n++) {
		int r = send_with(sock, to, NULL, 0, FERRY_NOWAIT, 0);

		if (r < 0) {
			CHECK_INT(r, ==, -EAGAIN);
			return n;
		}
	}
	FAIL("it never gets full");
}

TEST_EACH_TYPE(nothing_comes)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_FAILS(recv_with(pair[0], FERRY_NOWAIT, 0), EAGAIN);
	CHECK_FAILS(recv_with(pair[0], FERRY_NOWAIT, 60000), EAGAIN);
	CHECK_FAILS(recv_with(pair[0], 0, 1), ETIMEDOUT);
	CHECK_FAILS(recv_with(pair[0], FERRY_EINTR, 10), ETIMEDOUT);
	CHECK_FAILS(recv_with(pair[0], FERRY_ROOM_FIRST, 10), ETIMEDOUT);
	close_pair(pair);
}

TEST_EACH_TYPE(no_room)
{
	int pair[2], file = new_file();

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_INT(fill(pair[0], NULL), >, 0);
	CHECK_FAILS(send_with(pair[0], NULL, &file, 1, FERRY_NOWAIT, 60000), EAGAIN);
	CHECK_FAILS(send_with(pair[0], NULL, &file, 1, 0, 10), ETIMEDOUT);
	CHECK_FAILS(send_with(pair[0], NULL, &file, 1, FERRY_EINTR, 10), ETIMEDOUT);
	close_pair(pair);
	close(file);
}

static void send_later(void *arg)
{
	nap();
	CHECK_OK(ferry_send_fd(*(int *)arg, 0));
}

TEST_EACH_TYPE(message_comes_later)
{
	static const int timeouts[] = {0, 60000};
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 2; i++) {
		pid_t pid = in_child(send_later, &pair[0]);
		struct box b;

		box_new(&b, 1);
		b.msg.timeout_ms = timeouts[i];
		CHECK_INT(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ==, 1);
		CHECK(same_file(b.fds[0], 0));
		close(b.fds[0]);
		join_child(pid);
	}
	close_pair(pair);
}

static void close_later(void *arg)
{
	nap();
	close(*(int *)arg);
}

TEST_EACH_CONNECTED(end_comes_later)
{
	int pair[2];
	pid_t pid;

	CHECK_OK(ferry_pair(pair, type, 0));
	pid = in_child(close_later, &pair[0]);
	close(pair[0]);
	CHECK_INT(recv_with(pair[1], 0, 60000), ==, 0);
	join_child(pid);
	close(pair[1]);
}

struct drain {
	int sock;
	int count;
};

/* Takes out what was there; each message is one byte, which a stream may give many of at once. */
static void drain_later(void *arg)
{
	struct drain *d = arg;
	char bytes[4096];

	nap();
	for (int n = 0; n < d->count;) {
		size_t left = (size_t)(d->count - n);
		struct iovec iov = {.iov_base = bytes,
				    .iov_len = left < sizeof(bytes) ? left : sizeof(bytes)};
		struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .timeout_ms = 5000};

		CHECK_INT(ferry_recv(d->sock, &msg, sizeof(msg)), ==, 1);
		n += (int)msg.len;
	}
}

TEST_EACH_TYPE(room_comes_later)
{
	static const int timeouts[] = {0, 60000};
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 2; i++) {
		struct drain d = {.sock = pair[1], .count = fill(pair[0], NULL)};
		pid_t pid = in_child(drain_later, &d);

		CHECK_INT(send_with(pair[0], NULL, NULL, 0, 0, timeouts[i]), ==, 0);
		join_child(pid);
		CHECK_INT(recv_with(pair[1], FERRY_NOWAIT, 0), ==, 1);
	}
	close_pair(pair);
}

/* poll(2) says writable here, whether or not there is room at the destination. */
TEST(unconnected_sender)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	int client = plain_socket(SOCK_DGRAM);

	CHECK_OK(ferry_prepare(client, 0));
	for (int i = 0; i < 2; i++) {
		struct drain d = {.sock = server, .count = fill(client, "sock")};
		pid_t pid;

		CHECK_INT(d.count, >, 0);
		CHECK_FAILS(send_with(client, "sock", NULL, 0, 0, 10), ETIMEDOUT);
		CHECK_FAILS(send_with(client, "sock", NULL, 0, FERRY_NOWAIT, 10), EAGAIN);
		pid = in_child(drain_later, &d);
		CHECK_INT(send_with(client, "sock", NULL, 0, 0, i * 60000), ==, 0);
		join_child(pid);
		CHECK_TEXT(server, "x");
	}
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

/* Signals that come more often than it tries must not keep it from trying. */
TEST(unconnected_sender_with_a_busy_timer)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	int client = plain_socket(SOCK_DGRAM);
	struct drain d;
	pid_t pid;

	CHECK_OK(ferry_prepare(client, 0));
	d = (struct drain){.sock = server, .count = fill(client, "sock")};
	pid = in_child(drain_later, &d);
	alarms(400, 0);
	CHECK_INT(send_with(client, "sock", NULL, 0, 0, 0), ==, 0);
	alarms(0, 0);
	join_child(pid);
	CHECK_TEXT(server, "x");
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

static void interrupted(int type, int sa_flags)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	fill(pair[0], NULL);
	alarms(20000, sa_flags);
	CHECK_FAILS(recv_with(pair[0], FERRY_EINTR, 0), EINTR);
	CHECK_FAILS(recv_with(pair[0], FERRY_EINTR, 60000), EINTR);
	CHECK_FAILS(send_with(pair[0], NULL, NULL, 0, FERRY_EINTR, 0), EINTR);
	CHECK_FAILS(send_with(pair[0], NULL, NULL, 0, FERRY_EINTR, 60000), EINTR);
	/* Without the flag they go on to their ends. */
	alarms_seen = 0;
	CHECK_FAILS(recv_with(pair[0], 0, 100), ETIMEDOUT);
	CHECK_FAILS(send_with(pair[0], NULL, NULL, 0, 0, 100), ETIMEDOUT);
	CHECK_INT(alarms_seen, >, 0);
	alarms(0, 0);
	close_pair(pair);
}

TEST_EACH_TYPE(interrupted)
{
	interrupted(type, 0);
	interrupted(type, SA_RESTART);
}

/* A child ends it, not the clock: the signal must not have lost what came. */
TEST_EACH_TYPE(message_among_signals)
{
	int pair[2];
	pid_t pid;

	CHECK_OK(ferry_pair(pair, type, 0));
	alarms(5000, 0);
	pid = in_child(send_later, &pair[0]);
	CHECK_INT(CHECK_OK(ferry_recv_fd(pair[1])), ==, 5);
	alarms(0, 0);
	close(5);
	join_child(pid);
	close_pair(pair);
}

TEST_EACH_TYPE(receiver_has_gone)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);

	CHECK_OK(ferry_pair(pair, type, 0));
	close(pair[1]);
	/* The default action of SIGPIPE would end this test. */
	CHECK_FAILS(send_with(pair[0], NULL, &write_end, 1, 0, 0),
		    type == SOCK_DGRAM ? ECONNREFUSED : EPIPE);
	if (type != SOCK_DGRAM)
		CHECK_FAILS(ferry_send_fd(pair[0], write_end), EPIPE);
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close(pair[0]);
}

TEST_EACH_TYPE(receiver_goes_while_we_wait)
{
	int pair[2], r;
	pid_t pid;

	CHECK_OK(ferry_pair(pair, type, 0));
	fill(pair[0], NULL);
	pid = in_child(close_later, &pair[1]);
	close(pair[1]);
	r = send_with(pair[0], NULL, NULL, 0, 0, 60000);
	if (type == SOCK_DGRAM)
		CHECK_INT(r, ==, -ECONNREFUSED);
	else
		CHECK(r == -EPIPE || r == -ECONNRESET);
	join_child(pid);
	close(pair[0]);
}
