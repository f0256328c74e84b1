/* SPDX-License-Identifier: MIT
 * passed_on.c - what only the system decides about (no memory, no leave, a full disk) comes out as the
 * kernel has said it, and the call leaves nothing behind. */
#include "../api/api.h"
#include "wrap/inject.h"

#include <sys/wait.h>
#include <time.h>

/* Each of the errors in turn, from the call of this name. */
#define PASSES_ON(op, name, ...)                                                                   \
	do {                                                                                       \
		static const int errors[] = {__VA_ARGS__};                                         \
                                                                                                   \
		for (size_t nth = 0; nth < sizeof(errors) / sizeof(*errors); nth++) {              \
			struct fd_table *fds = remember_fds();                                     \
                                                                                                   \
			fault_call((name), 0, errors[nth]);                                        \
			CHECK_FAILS(op, errors[nth]);                                              \
			fault_end();                                                               \
			CHECK_FDS(fds);                                                            \
		}                                                                                  \
	} while (0)

TEST(bind_without_means)
{
	PASSES_ON(ferry_bind("s", SOCK_STREAM, 0600, 0), "socket", EMFILE, ENFILE, ENOMEM, ENOBUFS);
	PASSES_ON(ferry_bind("s", SOCK_STREAM, 0600, 0), "bind", ENOMEM);
	PASSES_ON(ferry_bind("s", SOCK_STREAM, 0600, 0), "open", EMFILE, ENFILE, ENOMEM);
	CHECK(!exists("s"));
}

TEST(bind_without_leave)
{
	PASSES_ON(ferry_bind("s", SOCK_STREAM, 0600, 0), "socket", EACCES, EPERM, EAFNOSUPPORT);
	PASSES_ON(ferry_bind("s", SOCK_STREAM, 0600, 0), "bind", EACCES, EPERM);
	CHECK(!exists("s"));
}

TEST(bind_on_a_file_system_that_will_not)
{
	PASSES_ON(ferry_bind("s", SOCK_DGRAM, 0600, 0), "bind", EPERM, EROFS, ENOSPC, EDQUOT, EIO,
		  ESTALE);
	CHECK(!exists("s"));
}

TEST(connect_without_means)
{
	int server = plain_listen("s", SOCK_STREAM, 5);

	PASSES_ON(ferry_connect("s", SOCK_STREAM, 0, 0), "socket", EMFILE, ENFILE, ENOMEM, ENOBUFS);
	PASSES_ON(ferry_connect("s", SOCK_STREAM, 0, 0), "connect", ENOMEM);
	PASSES_ON(ferry_connect("s", 0, 0, 0), "openat", EMFILE, ENFILE, ENOMEM, EIO, ESTALE);
	PASSES_ON(ferry_connect("s", 0, 0, 0), "socket", EACCES, EPERM, EAFNOSUPPORT);
	close(server);
	CHECK_OK(unlink("s"));
}

/* The connection stays in the backlog. */
TEST(accept_without_means)
{
	int server = plain_listen("s", SOCK_STREAM, 5), got;
	int client = CHECK_OK(plain_connect("s", SOCK_STREAM));

	PASSES_ON(ferry_accept(server, 0, 0), "accept4", EMFILE, ENFILE, ENOMEM, ENOBUFS);
	PASSES_ON(ferry_accept(server, 0, 0), "accept4", EACCES, EPERM);
	got = CHECK_OK(ferry_accept(server, FERRY_NOWAIT, 0));
	close(got);
	close(client);
	close(server);
	CHECK_OK(unlink("s"));
}

TEST(pair_without_means)
{
	int pair[2];

	PASSES_ON(ferry_pair(pair, SOCK_DGRAM, 0), "socketpair", EMFILE, ENFILE, ENOMEM, ENOBUFS);
	PASSES_ON(ferry_pair(pair, SOCK_DGRAM, 0), "socketpair", EACCES, EPERM, EAFNOSUPPORT);
}

TEST(unbind_without_means)
{
	int server = plain_listen("s", SOCK_STREAM, 5);

	PASSES_ON(ferry_unbind(server, "s"), "open", EMFILE, ENFILE, ENOMEM);
	PASSES_ON(ferry_unbind(server, "s"), "openat", EMFILE, ENFILE, ENOMEM, EIO, ESTALE);
	CHECK(exists("s"));
	CHECK_OK(ferry_unbind(server, "s"));
	close(server);
}

TEST(unbind_on_a_file_system_that_will_not)
{
	int server = plain_bind("s", SOCK_DGRAM);

	PASSES_ON(ferry_unbind(server, "s"), "unlinkat", EACCES, EPERM, EROFS, EIO);
	CHECK(exists("s"));
	CHECK_OK(ferry_unbind(server, "s"));
	close(server);
}

/* The first way needs a privilege, the second a kind of socket: without both nobody tells. */
static void asked_twice(int server, int err, int expected)
{
	fault_call("ioctl", 0, EPERM);
	fault_call("socket", 0, err);
	CHECK_FAILS(ferry_unbind(server, "s"), expected);
	fault_end();
	CHECK(exists("s"));
}

TEST(unbind_where_nobody_tells)
{
	int server = plain_bind("s", SOCK_DGRAM);

	asked_twice(server, EAFNOSUPPORT, EOPNOTSUPP);
	asked_twice(server, EPROTONOSUPPORT, EOPNOTSUPP);
	asked_twice(server, EMFILE, EMFILE);
	asked_twice(server, ENFILE, ENFILE);
	asked_twice(server, ENOMEM, ENOMEM);
	CHECK_OK(ferry_unbind(server, "s"));
	close(server);
}

TEST(prepare_without_leave)
{
	int sock = plain_socket(SOCK_STREAM);

	PASSES_ON(ferry_prepare(sock, 0), "setsockopt", EACCES, EPERM);
	PASSES_ON(ferry_prepare(sock, 0), "getsockopt", EACCES, EPERM);
	close(sock);
}

TEST_EACH_TYPE(send_without_means)
{
	int pair[2], file = new_file();

	CHECK_OK(ferry_pair(pair, type, 0));
	PASSES_ON(send_text(pair[0], "x", &file, 1), "sendmsg", ENOMEM, ENOBUFS, EACCES, EPERM);
	check_empty(pair[1]);
	close(file);
	close_pair(pair);
}

/* The kernel chooses a name for a seqpacket socket that has SO_PASSCRED: there are 2^20 of them. */
TEST(send_without_a_name_left)
{
	int pair[2], file = new_file();

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	PASSES_ON(send_text(pair[0], "x", &file, 1), "sendmsg", ENOSPC);
	check_empty(pair[1]);
	close(file);
	close_pair(pair);
}

TEST(send_to_a_path_without_means)
{
	int server = plain_bind("s", SOCK_DGRAM), client = plain_socket(SOCK_DGRAM);

	PASSES_ON(send_text_to(client, "s", "x", NULL, 0, 0), "openat", EMFILE, ENFILE, ENOMEM, EIO,
		  ESTALE);
	PASSES_ON(send_text_to(client, "s", "x", NULL, 0, 0), "open", EMFILE, ENFILE, ENOMEM);
	check_empty(server);
	CHECK_OK(unlink("s"));
	close(server);
	close(client);
}

TEST_EACH_TYPE(recv_without_means)
{
	int pair[2], file = new_file();
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "kept", &file, 1));
	PASSES_ON(box_recv(pair[1], &b, 1), "recvmsg", ENOMEM, EACCES, EPERM);
	CHECK_FILE(pair[1], "kept", file);
	close(file);
	close_pair(pair);
}

TEST(peer_without_leave)
{
	struct ferry_peer peer;
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	PASSES_ON(ferry_get_peer(pair[0], &peer, sizeof(peer)), "getsockopt", EACCES, EPERM);
	close_pair(pair);
}

/* SO_PEERPIDFD is the fifth option that is asked for.  What it says fails nothing else. */
#define OPTIONS_BEFORE 4
static void no_pidfd(int sock, int said, int also, int expected)
{
	struct ferry_peer peer;

	fault_call("getsockopt", OPTIONS_BEFORE, said);
	if (also != 0)
		fault_call("syscall", 0, also);
	CHECK_OK(ferry_get_peer(sock, &peer, sizeof(peer)));
	fault_end();
	CHECK_INT(peer.pidfd, ==, -1);
	CHECK_INT(peer.pidfd_err, ==, expected);
	CHECK_INT(peer.proven & FERRY_PIDFD_PROVEN, ==, 0);
	CHECK_INT(peer.pid, ==, getpid());
}

TEST(peer_without_a_pidfd)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	no_pidfd(pair[0], ENOPROTOOPT, ENOSYS, EOPNOTSUPP);
	no_pidfd(pair[0], EINVAL, 0, ESRCH);
	no_pidfd(pair[0], ENODATA, 0, ESRCH);
	no_pidfd(pair[0], ENOPROTOOPT, ESRCH, ESRCH);
	no_pidfd(pair[0], EMFILE, 0, EMFILE);
	no_pidfd(pair[0], ENOPROTOOPT, EMFILE, EMFILE);
	close_pair(pair);
}

TEST(stat_without_leave)
{
	struct ferry_facts st = {0};

	PASSES_ON(ferry_stat(0, &st, sizeof(st)), "syscall", ENOMEM, ENOSYS, EACCES, EPERM);
}

TEST(describe_without_leave)
{
	char line[100];

	PASSES_ON(ferry_describe(0, line, sizeof(line)), "syscall", ENOMEM, ENOSYS, EACCES, EPERM);
}

TEST(check_without_leave)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_FILE};
	const char *why = "from before";

	PASSES_ON(ferry_check(0, &want, sizeof(want), &why), "syscall", ENOMEM, ENOSYS, EACCES,
		  EPERM);
	CHECK(why == NULL);
}

TEST(reserve_without_means)
{
	PASSES_ON(ferry_reserve(5), "eventfd", EMFILE, ENFILE, ENOMEM);
}

/* All are still open, and no process has been made. */
TEST(dispose_without_means)
{
	int fd = new_file(), was = fd;

	PASSES_ON(ferry_dispose(&fd, 1), "syscall", EAGAIN, ENOMEM, EPERM, ENOSYS);
	CHECK_INT(fd, ==, was);
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG | __WALL), ECHILD);
	/* The same where it is the helper's helper that cannot be made. */
	fault_call("syscall", 1, EAGAIN);
	CHECK_FAILS(ferry_dispose(&fd, 1), EAGAIN);
	fault_end();
	CHECK_INT(fd, ==, was);
	CHECK_OK(fcntl(fd, F_GETFD));
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG | __WALL), ECHILD);
	close(fd);
}

static void answer(void *arg)
{
	const int *pair = arg;

	close(CHECK_OK(ferry_recv_fd(pair[1])));
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	CHECK_OK(ferry_send_fd(pair[1], 0));
}

/* While it spins it does not sleep: a poll would fail here.  It spins no longer than it may wait. */
TEST(receive_without_sleeping)
{
	char byte;
	int pair[2], fd = -1;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &fd, .max_fds = 1};
	pid_t child;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	child = in_child(answer, pair);
	fault_call("poll", 0, ENOMEM);
	msg.flags = FERRY_EINTR; /* which only poll does */
	CHECK_FAILS(ferry_recv(pair[0], &msg, sizeof(msg)), ENOMEM);
	fault_end();
	fault_call("poll", 0, ENOMEM);
	msg.flags = 0;
	msg.spin_us = UINT32_MAX;
	CHECK_OK(ferry_send_fd(pair[0], 0));
	CHECK_INT(ferry_recv(pair[0], &msg, sizeof(msg)), ==, 1);
	fault_end();
	close(fd);
	join_child(child);
	msg.timeout_ms = 10;
	CHECK_FAILS(ferry_recv(pair[0], &msg, sizeof(msg)), ETIMEDOUT);
	msg.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_recv(pair[0], &msg, sizeof(msg)), EAGAIN);
	close_pair(pair);
}
