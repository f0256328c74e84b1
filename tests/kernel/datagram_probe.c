/* SPDX-License-Identifier: MIT
 *
 * datagram_probe.c - connecting a datagram socket asks who serves a path, and disturbs nobody.
 *
 * S7, connect(2), unix_find_bsd(): ECONNREFUSED where nobody has the file bound (or it is no socket),
 * EPROTOTYPE where a stream or sequenced-packet socket has it, listening or not, and success where a
 * datagram socket has it.  No connection reaches the server's backlog.
 *
 * The library therefore finds out this way whether a socket file is stale before it replaces it, and
 * what type to connect with.
 */
#include "plain.h"

static int probe(const char *path)
{
	int sock = new_socket(SOCK_DGRAM);
	int n = connect_to(sock, path), error = errno;

	CHECK_OK(close(sock));
	errno = error;
	return n;
}

TEST(a_stale_file_is_refused)
{
	FOR_EACH_TYPE(type)
	{
		CHECK_OK(close(new_server(type, "s")));
		CHECK_ERRNO(probe("s"), ECONNREFUSED);
		CHECK_OK(unlink("s"));
	}
	CHECK_ERRNO(probe("s"), ENOENT);
}

TEST(a_regular_file_is_refused)
{
	CHECK_OK(close(CHECK_OK(open("f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600))));
	CHECK_ERRNO(probe("f"), ECONNREFUSED);
	CHECK_OK(unlink("f"));
}

TEST(a_live_listener_is_of_another_type)
{
	FOR_EACH_TYPE(type)
	{
		int server;

		if (type == SOCK_DGRAM)
			continue;
		server = new_server(type, "s");
		CHECK_ERRNO(probe("s"), EPROTOTYPE);
		CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
		CHECK_ERRNO(accept4(server, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
		CHECK_OK(close(server));
		CHECK_OK(unlink("s"));
	}
}

TEST(bound_and_not_listening_is_alive_too)
{
	FOR_EACH_TYPE(type)
	{
		int server = new_socket(type);

		CHECK_OK(bind_to(server, "s"));
		if (type == SOCK_DGRAM)
			CHECK_OK(probe("s"));
		else
			CHECK_ERRNO(probe("s"), EPROTOTYPE);
		CHECK_OK(close(server));
		CHECK_OK(unlink("s"));
	}
}
