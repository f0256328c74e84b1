/* SPDX-License-Identifier: MIT
 *
 * manners.c - hostile: peers that never read, read with read(2), reset, and send what lingers.
 */
#include "hostile.h"

#include <sys/wait.h>
#include <time.h>

/* Its queue is filled, with a descriptor in each message; then the deadline and FERRY_NOWAIT hold, and
 * when it goes all of them are let go. */
TEST_EACH_TYPE(never_reads)
{
	static char data[4096];
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	int pair[2], read_end, write_end, r = 0;
	struct ferry_msg msg;

	read_end = new_pipe(&write_end);
	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 5000 && r == 0; i++) {
		msg = (struct ferry_msg){.iov = &iov,
					 .iovlen = 1,
					 .fds = &write_end,
					 .nfds = i < 100,
					 .flags = FERRY_NOWAIT};
		r = ferry_send(pair[0], &msg, sizeof(msg));
	}
	CHECK_INT(r, ==, -EAGAIN);
	msg = (struct ferry_msg){
		.iov = &iov, .iovlen = 1, .fds = &write_end, .nfds = 1, .timeout_ms = 30};
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), ETIMEDOUT);
	CHECK_INT(msg.len, ==, 0);
	CHECK_OK(fcntl(write_end, F_GETFD));
	close(write_end);
	CHECK(!pipe_ended(read_end));
	close_pair(pair);
	for (int i = 0; i < 5000 && !pipe_ended(read_end); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	CHECK(pipe_ended(read_end));
	close(read_end);
}

/* What it reads away is closed by the kernel; ours stays ours. */
TEST_EACH_TYPE(reads_descriptors_away)
{
	int pair[2], read_end, write_end;
	char byte;

	read_end = new_pipe(&write_end);
	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(ferry_send_fd(pair[0], write_end));
	CHECK_INT(read(pair[1], &byte, 1), ==, 1);
	CHECK_OK(fcntl(write_end, F_GETFD));
	CHECK_OK(ferry_send_fd(pair[0], write_end));
	close(write_end);
	CHECK(!pipe_ended(read_end));
	CHECK_INT(read(pair[1], &byte, 1), ==, 1);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}

/* Somebody who shares our end does it to us: the deadline holds, and what comes next is whole. */
TEST_EACH_TYPE(reads_our_messages_away)
{
	int pair[2], shared, file = new_file();
	char bytes[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	shared = CHECK_OK(fcntl(pair[1], F_DUPFD_CLOEXEC, 3));
	CHECK_OK(ferry_send_fd(pair[0], file));
	CHECK_INT(read(shared, bytes, 2), ==, 1);
	box_new(&b, 1);
	b.msg.timeout_ms = 30;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ETIMEDOUT);
	CHECK_OK(send_text(pair[0], "next", &file, 1));
	CHECK_FILE(pair[1], "next", file);
	close(shared);
	close(file);
	close_pair(pair);
}

/* It goes with a message of ours unread: its last message comes first, with its descriptor. */
TEST_EACH_CONNECTED(a_reset_before_a_message)
{
	int pair[2], file = new_file(), r;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[1], "unread", NULL, 0));
	hostile_send(pair[0], "last", 4, &file, 1);
	close(pair[0]);
	CHECK_FILE(pair[1], "last", file);
	r = box_recv(pair[1], &b, 1);
	CHECK(r == 0 || r == -ECONNRESET);
	CHECK_FAILS(send_text(pair[1], "x", &file, 1), EPIPE);
	close(file);
	close(pair[1]);
}

/* The same with a message that is refused: nothing stays open, and nothing waits. */
TEST_EACH_CONNECTED(a_reset_before_a_refused_message)
{
	int pair[2], read_end, write_end;
	struct box b;

	read_end = new_pipe(&write_end);
	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[1], "unread", NULL, 0));
	hostile_send(pair[0], "last", 4, &write_end, 1);
	close(write_end);
	close(pair[0]);
	CHECK_FAILS(box_recv(pair[1], &b, 0), EMSGSIZE);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close(pair[1]);
}

/* A connection with unsent data and SO_LINGER, whose last holder we are: to receive it, look at it and
 * dispose of it takes no time. */
struct trap {
	int pair[2];
	int end;
};

static void receive_and_dispose(void *arg)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_SOCKET, .type = SOCK_STREAM};
	struct trap *t = arg;
	struct pollfd p = {.fd = t->pair[1], .events = POLLIN};
	struct box b;

	close(t->pair[0]);
	close(t->end);
	/* The end of file says that the sender has closed its own. */
	while (poll(&p, 1, 5000) == 1 && (p.revents & POLLHUP) == 0 && (p.revents & POLLIN) == 0)
		;
	box_new(&b, 1);
	b.msg.expect = &want;
	b.msg.expect_size = sizeof(want);
	CHECK_INT(ferry_recv(t->pair[1], &b.msg, sizeof(b.msg)), ==, 1);
	CHECK_OK(ferry_dispose(b.fds, 1));
	CHECK_INT(ferry_recv(t->pair[1], &b.msg, sizeof(b.msg)), ==, 0);
}

TEST_EACH_CONNECTED(sends_a_socket_that_lingers)
{
	const struct linger ling = {.l_onoff = 1, .l_linger = 60};
	struct trap t;
	int tcp[2], status;
	pid_t pid;

	if (!tcp_unsent(tcp))
		SKIP("no TCP on the loopback: %s", strerror(errno));
	CHECK_OK(setsockopt(tcp[0], SOL_SOCKET, SO_LINGER, &ling, sizeof(ling)));
	CHECK_OK(ferry_pair(t.pair, type, 0));
	hostile_send(t.pair[0], "trap", 4, tcp, 1);
	close(tcp[0]);
	t.end = tcp[1];
	pid = in_child(receive_and_dispose, &t);
	close_pair(t.pair);
	join_child(pid);
	close(tcp[1]); /* resets the connection: the helper, which was adopted, is let go */
	CHECK_INT(waitpid(-1, &status, __WALL), >, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
