/* SPDX-License-Identifier: MIT
 *
 * sockets_accept.c - tests: taking connections, and pairs that need none.
 */
#include "api.h"

#include <netinet/in.h>
#include <sys/time.h>

static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM};

static void check_connection(int fd, int type)
{
	CHECK_INT(fd, >=, 3);
	CHECK(is_cloexec(fd));
	CHECK_INT(get_option(fd, SO_TYPE), ==, type);
	CHECK_INT(CHECK_OK(fcntl(fd, F_GETFL)) & O_NONBLOCK, ==, 0);
}

TEST(several_in_their_order)
{
	for (int i = 0; i < 2; i++) {
		int server = CHECK_OK(ferry_bind("sock", types[i], 0600, 0)), clients[3];

		for (int k = 0; k < 3; k++) {
			clients[k] = CHECK_OK(ferry_connect("sock", types[i], 0, 0));
			CHECK_INT(send(clients[k], &"012"[k], 1, 0), ==, 1);
		}
		for (int k = 0; k < 3; k++) {
			int fd = CHECK_OK(
				ferry_accept(server, k == 1 ? FERRY_NOWAIT : 0, k == 2 ? 1000 : 0));
			char text[2] = {0};

			check_connection(fd, types[i]);
			CHECK_INT(recv(fd, text, 1, MSG_DONTWAIT), ==, 1);
			CHECK_INT(text[0], ==, '0' + k);
			close(fd);
			close(clients[k]);
		}
		CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EAGAIN);
		close(server);
		CHECK_OK(unlink("sock"));
	}
}

TEST(nobody_comes)
{
	for (int i = 0; i < 2; i++) {
		int server = CHECK_OK(ferry_bind("sock", types[i], 0600, 0));

		CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EAGAIN);
		CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 60000), EAGAIN);
		CHECK_FAILS(ferry_accept(server, 0, 10), ETIMEDOUT);
		CHECK_FAILS(ferry_accept(server, FERRY_EINTR, 10), ETIMEDOUT);
		/* O_NONBLOCK neither shortens the wait nor is it changed. */
		CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
		CHECK_FAILS(ferry_accept(server, 0, 10), ETIMEDOUT);
		CHECK_INT(fcntl(server, F_GETFL) & O_NONBLOCK, ==, O_NONBLOCK);
		close(server);
		CHECK_OK(unlink("sock"));
	}
}

/* The listener is also other programs': what they set on it must be as it was afterwards. */
TEST(listener_is_left_as_it_was)
{
	struct timeval set = {.tv_sec = 5, .tv_usec = 500000}, tv = {0};
	socklen_t len = sizeof(tv);
	int server = plain_listen("sock", SOCK_STREAM, 5), client, fd;

	CHECK_OK(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &set, sizeof(set)));
	client = CHECK_OK(plain_connect("sock", SOCK_STREAM));
	fd = CHECK_OK(ferry_accept(server, 0, 1000));
	CHECK_FAILS(ferry_accept(server, 0, 5), ETIMEDOUT);
	CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EAGAIN);
	CHECK_OK(getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	CHECK_INT(tv.tv_sec, ==, 5);
	CHECK_INT(tv.tv_usec / 100000, ==, 5);
	CHECK_INT(fcntl(server, F_GETFL) & O_NONBLOCK, ==, 0);
	close(fd);
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

/* What the listener's owner switched on for credentials is inherited by the connection: prepared,
 * it has only what the library wants. */
TEST(inherited_options_are_reset)
{
	int server = plain_listen("sock", SOCK_STREAM, 5), client, fd;

	set_option(server, SO_PASSCRED, 1);
	client = CHECK_OK(plain_connect("sock", SOCK_STREAM));
	fd = CHECK_OK(ferry_accept(server, 0, 0));
	CHECK_INT(get_option(fd, SO_PASSCRED), ==, 0);
	close(fd);
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(client_that_has_gone)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_SEQPACKET, 0600, 0));
	int client = CHECK_OK(ferry_connect("sock", 0, 0, 0)), fd, file = new_file();
	struct box b;

	CHECK_OK(send_text(client, "bye", &file, 1));
	close(client);
	fd = CHECK_OK(ferry_accept(server, FERRY_NOWAIT, 0));
	CHECK_FILE(fd, "bye", file);
	CHECK_INT(box_recv(fd, &b, 0), ==, 0);
	close(fd);
	close(file);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(bad_arguments)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0)), client;
	int write_end, read_end = new_pipe(&write_end), fresh = plain_socket(SOCK_STREAM), got;

	client = CHECK_OK(ferry_connect("sock", 0, 0, 0));
	CHECK_FAILS(ferry_accept(server, FERRY_ROOM_FIRST, 0), EINVAL);
	CHECK_FAILS(ferry_accept(server, 1u << 31, 0), EINVAL);
	CHECK_FAILS(ferry_accept(server, 0, -1), EINVAL);
	CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, -1), EINVAL);
	CHECK_FAILS(ferry_accept(-1, 0, 0), EBADF);
	CHECK_FAILS(ferry_accept(99, FERRY_NOWAIT, 0), EBADF);
	CHECK_FAILS(ferry_accept(99, 0, 10), EBADF);
	CHECK_FAILS(ferry_accept(read_end, 0, 0), ENOTSOCK);
	CHECK_FAILS(ferry_accept(fresh, 0, 0), EINVAL);
	CHECK_FAILS(ferry_accept(fresh, FERRY_NOWAIT, 0), EINVAL);
	got = CHECK_OK(ferry_accept(server, FERRY_NOWAIT, 0));
	close(got);
	close(client);
	close(server);
	close(fresh);
	close(read_end);
	close(write_end);
	CHECK_OK(unlink("sock"));
}

/* Without a wait it is -EINVAL at once; a wait for what cannot happen would be for ever. */
TEST(sockets_that_do_not_listen)
{
	int write_end, read_end = new_pipe(&write_end), pair[2];

	plain_pair(SOCK_STREAM, pair);
	CHECK_FAILS(ferry_accept(pair[0], 0, 0), EINVAL);
	CHECK_FAILS(ferry_accept(pair[0], 0, 10), EINVAL);
	CHECK_FAILS(ferry_accept(pair[0], FERRY_NOWAIT, 0), EINVAL);
	CHECK_FAILS(ferry_accept(read_end, FERRY_NOWAIT, 0), ENOTSOCK);
	close_pair(pair);
	close(read_end);
	close(write_end);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void interrupted(int sa_flags, int timeout_ms)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = sa_flags};
	struct itimerval it = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};

	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_FAILS(ferry_accept(server, FERRY_EINTR, timeout_ms), EINTR);
	CHECK_FAILS(ferry_accept(server, 0, 100), ETIMEDOUT);
	it = (struct itimerval){0};
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	act.sa_handler = SIG_DFL;
	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(interrupted_wait)
{
	interrupted(0, 0);
	interrupted(0, 60000);
	interrupted(SA_RESTART, 0);
	interrupted(SA_RESTART, 60000);
}

/* A connection that cannot be taken now must still be there later. */
TEST(full_table)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));
	int client = CHECK_OK(ferry_connect("sock", 0, 0, 0)), fd;
	struct fd_table *before = remember_fds();

	limit_fds(5);
	CHECK_FAILS(ferry_accept(server, 0, 0), EMFILE);
	CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EMFILE);
	CHECK_FAILS(ferry_accept(server, 0, 1000), EMFILE);
	CHECK_FDS(before);
	limit_fds(6);
	fd = CHECK_OK(ferry_accept(server, FERRY_NOWAIT, 0));
	CHECK_INT(send(client, "x", 1, MSG_NOSIGNAL), ==, 1);
	close(fd);
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(pair)
{
	int pair[2] = {-5, -5}, file = new_file();

	CHECK_INT(ferry_pair(pair, type, 0), ==, 0);
	for (int i = 0; i < 2; i++) {
		check_connection(pair[i], type);
		CHECK_OK(send_text(pair[i], "over", &file, 1));
		CHECK_FILE(pair[1 - i], "over", file);
	}
	close_pair(pair);
	close(file);
}

/* Every socket that is returned is: the second one too. */
TEST_EACH_TYPE(pair_is_prepared)
{
	static const int options[] = {SO_PASSCRED, SO_OOBINLINE};
	int pair[2], own = plain_socket(type);

	CHECK_OK(ferry_prepare(own, 0));
	CHECK_OK(ferry_pair(pair, type, 0));
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(get_option(pair[0], options[i]), ==, get_option(own, options[i]));
		CHECK_INT(get_option(pair[1], options[i]), ==, get_option(own, options[i]));
	}
	close_pair(pair);
	close(own);
}

TEST(bad_pairs)
{
	static const struct {
		int type;
		uint32_t flags;
	} bad[] = {{0, 0},
		   {SOCK_RAW, 0},
		   {-1, 0},
		   {SOCK_STREAM | SOCK_CLOEXEC, 0},
		   {SOCK_STREAM, FERRY_NOWAIT},
		   {SOCK_DGRAM, 1u << 31}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int pair[2] = {0, 1};

		CHECK_FAILS(ferry_pair(pair, bad[i].type, bad[i].flags), EINVAL);
		CHECK_INT(pair[0], ==, -1);
		CHECK_INT(pair[1], ==, -1);
	}
}

TEST(pair_in_a_full_table)
{
	struct fd_table *before = remember_fds();

	for (unsigned limit = 3; limit < 5; limit++) {
		int pair[2] = {0, 1};

		limit_fds(limit);
		CHECK_FAILS(ferry_pair(pair, SOCK_STREAM, 0), EMFILE);
		CHECK_INT(pair[0], ==, -1);
		CHECK_INT(pair[1], ==, -1);
	}
	limit_fds(256);
	CHECK_FDS(before);
}

/* Number 0 is free and no other: the connection would get it, and could only be closed. */
TEST(full_table_with_a_low_number_free)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0)), saved, got;
	int client = CHECK_OK(ferry_connect("sock", SOCK_STREAM, 0, 0));

	saved = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 3));
	limit_fds((unsigned)saved + 1);
	close(0);
	CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EMFILE);
	CHECK_INT(dup2(saved, 0), ==, 0);
	close(saved);
	got = CHECK_OK(ferry_accept(server, FERRY_NOWAIT, 0));
	close(got);
	limit_fds(64);
	CHECK_OK(ferry_unbind(server, "sock"));
	close(client);
	close(server);
}

TEST(datagram_sockets_have_no_connections)
{
	int sock = plain_bind("sock", SOCK_DGRAM);

	CHECK_FAILS(ferry_accept(sock, 0, 0), EOPNOTSUPP);
	CHECK_FAILS(ferry_accept(sock, FERRY_NOWAIT, 0), EOPNOTSUPP);
	close(sock);
	CHECK_OK(unlink("sock"));
}

/* Whether it listens or not: what it would give could not carry descriptors. */
TEST(tcp_listeners)
{
	const struct sockaddr_in loopback = {.sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int tcp = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	CHECK_FAILS(ferry_accept(tcp, 0, 0), EPROTONOSUPPORT);
	if (bind(tcp, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0) {
		CHECK_OK(listen(tcp, 1));
		CHECK_FAILS(ferry_accept(tcp, FERRY_NOWAIT, 0), EPROTONOSUPPORT);
	}
	close(tcp);
}

TEST_EACH_CONNECTED(listener_that_is_shut_down)
{
	int server = plain_listen("sock", type, 5);

	CHECK_OK(shutdown(server, SHUT_RD));
	CHECK_FAILS(ferry_accept(server, 0, 0), EINVAL);
	CHECK_FAILS(ferry_accept(server, FERRY_NOWAIT, 0), EINVAL);
	close(server);
	CHECK_OK(unlink("sock"));
}
