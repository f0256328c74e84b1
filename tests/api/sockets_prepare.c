/* SPDX-License-Identifier: MIT
 *
 * sockets_prepare.c - tests: what becomes of sockets that others made, and that none of ours gets a
 * number that means standard input, output or error to somebody.
 */
#include "api.h"

#include <netinet/in.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* not on all architectures */
#endif

TEST_EACH_TYPE(returns_the_type)
{
	int fd = plain_socket(type), pair[2];

	CHECK_INT(ferry_prepare(fd, 0), ==, type);
	close(fd);
	plain_pair(type, pair);
	CHECK_INT(ferry_prepare(pair[0], 0), ==, type);
	CHECK_INT(ferry_prepare(pair[0], 0), ==, type);
	close_pair(pair);
}

TEST(listening_socket)
{
	int fd = plain_listen("sock", SOCK_STREAM, 5);

	CHECK_INT(ferry_prepare(fd, 0), ==, SOCK_STREAM);
	CHECK_INT(get_option(fd, SO_ACCEPTCONN), ==, 1);
	close(fd);
	CHECK_OK(unlink("sock"));
}

TEST(not_ours)
{
	int tcp = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int netlink = CHECK_OK(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int write_end, read_end = new_pipe(&write_end);

	CHECK_FAILS(ferry_prepare(tcp, 0), EPROTONOSUPPORT);
	CHECK_FAILS(ferry_prepare(udp, 0), EPROTONOSUPPORT);
	CHECK_FAILS(ferry_prepare(netlink, 0), EPROTONOSUPPORT);
	CHECK_FAILS(ferry_prepare(read_end, 0), ENOTSOCK);
	CHECK_FAILS(ferry_prepare(-1, 0), EBADF);
	CHECK_FAILS(ferry_prepare(99, 0), EBADF);
	close(tcp);
	close(udp);
	close(netlink);
	close(read_end);
	close(write_end);
}

TEST(unknown_flags)
{
	int fd = plain_socket(SOCK_STREAM);

	set_option(fd, SO_TIMESTAMP, 1);
	CHECK_FAILS(ferry_prepare(fd, FERRY_NOWAIT), EINVAL);
	CHECK_FAILS(ferry_prepare(fd, 1u << 31), EINVAL);
	CHECK_INT(get_option(fd, SO_TIMESTAMP), ==, 1);
	close(fd);
}

TEST_EACH_TYPE(options_are_reset)
{
	static const int options[] = {SO_TIMESTAMP, SO_TIMESTAMPNS, SO_PASSPIDFD};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		int fd = plain_socket(type), on = 1;

		/* Not every kernel has every option. */
		if (setsockopt(fd, SOL_SOCKET, options[i], &on, sizeof(on)) < 0) {
			close(fd);
			continue;
		}
		CHECK_INT(get_option(fd, options[i]), ==, 1);
		CHECK_INT(ferry_prepare(fd, 0), ==, type);
		CHECK_INT(get_option(fd, options[i]), ==, 0);
		close(fd);
	}
}

TEST(credentials_are_reset)
{
	int stream = plain_socket(SOCK_STREAM), dgram = plain_socket(SOCK_DGRAM);

	set_option(stream, SO_PASSCRED, 1);
	set_option(dgram, SO_PASSCRED, 1);
	CHECK_OK(ferry_prepare(stream, 0));
	CHECK_OK(ferry_prepare(dgram, 0));
	CHECK_INT(get_option(stream, SO_PASSCRED), ==, 0);
	CHECK_INT(get_option(dgram, SO_PASSCRED), ==, 0);
	close(stream);
	close(dgram);
}

TEST_EACH_TYPE(status_flags_stay)
{
	int pair[2], flags;

	plain_pair(type, pair);
	CHECK_OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
	flags = CHECK_OK(fcntl(pair[0], F_GETFL));
	CHECK_OK(ferry_prepare(pair[0], 0));
	CHECK_INT(fcntl(pair[0], F_GETFL), ==, flags);
	flags = CHECK_OK(fcntl(pair[1], F_GETFL));
	CHECK_OK(ferry_prepare(pair[1], 0));
	CHECK_INT(fcntl(pair[1], F_GETFL), ==, flags);
	/* Nor close-on-exec: the caller may want to hand it on. */
	CHECK_OK(fcntl(pair[1], F_SETFD, 0));
	CHECK_OK(ferry_prepare(pair[1], 0));
	CHECK(!is_cloexec(pair[1]));
	close_pair(pair);
}

/* What was queued before is received as ever. */
TEST_EACH_TYPE(what_is_queued_stays)
{
	int pair[2], file = new_file();

	plain_pair(type, pair);
	CHECK_INT(send(pair[0], "early", 5, 0), ==, 5);
	CHECK_OK(ferry_prepare(pair[1], 0));
	CHECK_TEXT(pair[1], "early");
	CHECK_OK(ferry_prepare(pair[0], 0));
	CHECK_OK(send_text(pair[0], "late", &file, 1));
	CHECK_FILE(pair[1], "late", file);
	close_pair(pair);
	close(file);
}

/* The standard descriptors, put aside and back, so that 0, 1 and 2 are the next free numbers. */
static int aside[3];

static void put_aside(void)
{
	for (int i = 0; i < 3; i++) {
		aside[i] = CHECK_OK(fcntl(i, F_DUPFD_CLOEXEC, 100));
		close(i);
	}
}

static void put_back(void)
{
	for (int i = 0; i < 3; i++) {
		CHECK_INT(dup2(aside[i], i), ==, i);
		close(aside[i]);
	}
}

static bool low_are_free(void)
{
	return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
}

/* No check may fail while the standard ones are away, lest it print into a socket. */
TEST_EACH_TYPE(no_low_numbers)
{
	int server, client, connection = -1, pair[2], paired, unbound;
	bool ok;

	put_aside();
	server = ferry_bind("sock", type, 0600, 0);
	client = ferry_connect("sock", 0, 0, 0);
	if (type != SOCK_DGRAM)
		connection = ferry_accept(server, 0, 0);
	paired = ferry_pair(pair, type, 0);
	unbound = ferry_unbind(server, "sock");
	ok = low_are_free();
	put_back();
	CHECK(ok);
	CHECK_INT(server, >=, 3);
	CHECK_INT(client, >=, 3);
	CHECK_INT(paired, ==, 0);
	CHECK_INT(pair[0], >=, 3);
	CHECK_INT(pair[1], >=, 3);
	CHECK_INT(unbound, ==, 0);
	CHECK(is_cloexec(server) && is_cloexec(client));
	CHECK(is_cloexec(pair[0]) && is_cloexec(pair[1]));
	if (type != SOCK_DGRAM) {
		CHECK_INT(connection, >=, 3);
		CHECK(is_cloexec(connection));
		close(connection);
	}
	close_pair(pair);
	close(server);
	close(client);
}

TEST(stale_file_with_low_numbers_free)
{
	char dir[120];
	int fd, refused;
	bool ok;

	memset(dir, 'd', 110);
	strcpy(dir + 110, "/s");
	dir[110] = '\0';
	CHECK_OK(mkdir(dir, 0700));
	dir[110] = '/';
	fd = CHECK_OK(ferry_bind(dir, SOCK_DGRAM, 0600, 0));
	close(fd);
	put_aside();
	refused = ferry_connect(dir, 0, 0, 0);
	fd = ferry_bind(dir, SOCK_STREAM, 0600, 0);
	ok = low_are_free();
	put_back();
	CHECK(ok);
	CHECK_INT(refused, ==, -ECONNREFUSED);
	CHECK_INT(fd, >=, 3);
	close(fd);
	CHECK_OK(unlink(dir));
	dir[110] = '\0';
	CHECK_OK(rmdir(dir));
}

/* Number 0 is free, but none above 2: there must be no socket, and none may be left. */
TEST(only_low_numbers_free)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0)), filler[8], n = 0, saved;
	int client = CHECK_OK(plain_connect("sock", SOCK_STREAM)), pair[2], r[4], later;

	limit_fds(12);
	while (n < 8 && (filler[n] = dup(1)) >= 0)
		n++;
	saved = filler[--n];
	CHECK_INT(dup2(0, saved), ==, saved);
	close(0);
	r[0] = ferry_accept(server, 0, 0);
	r[1] = ferry_bind("other", SOCK_STREAM, 0600, 0);
	r[2] = ferry_connect("sock", SOCK_STREAM, FERRY_NOWAIT, 0);
	r[3] = ferry_pair(pair, SOCK_STREAM, 0);
	later = fcntl(0, F_GETFD);
	CHECK_INT(dup2(saved, 0), ==, 0);
	CHECK_INT(later, ==, -1);
	for (int i = 0; i < 4; i++)
		CHECK_INT(r[i], ==, -EMFILE);
	close(saved);
	while (n > 0)
		close(filler[--n]);
	limit_fds(256);
	CHECK(!exists("other"));
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(opened_as_a_path)
{
	int server = plain_bind("sock", SOCK_DGRAM);
	int path = CHECK_OK(open("sock", O_PATH | O_CLOEXEC));

	CHECK_FAILS(ferry_prepare(path, 0), EBADF);
	close(path);
	close(server);
	CHECK_OK(unlink("sock"));
}
