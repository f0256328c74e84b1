/* SPDX-License-Identifier: MIT
 *
 * full_backlog.c - a connect() that does not wait says EAGAIN when the backlog is full.
 *
 * S7, connect(2) EAGAIN, unix_stream_connect(): not EINPROGRESS; nothing has begun, and poll() says
 * POLLOUT and POLLHUP at once, so there is no event to wait for.
 *
 * The library therefore waits in a blocking connect() that SO_SNDTIMEO bounds.
 */
#include "plain.h"

TEST(a_full_backlog_is_eagain)
{
	FOR_EACH_TYPE(type)
	{
		int server, clients[16], n = 0;
		struct pollfd p = {.events = POLLOUT};

		if (type == SOCK_DGRAM)
			continue;
		server = new_server(type, "s");
		CHECK_OK(listen(server, 2));
		for (; n < 16; n++) {
			clients[n] = new_socket(type | SOCK_NONBLOCK);
			if (connect_to(clients[n], "s") < 0)
				break;
		}
		CHECK_INT(errno, ==, EAGAIN);
		/* One more than was asked for. */
		CHECK_INT(n, ==, 3);
		p.fd = clients[n];
		CHECK_INT(poll(&p, 1, 0), ==, 1);
		CHECK_INT(p.revents, ==, POLLOUT | POLLHUP);

		/* A free place, and the same socket connects. */
		CHECK_OK(close(CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC))));
		CHECK_OK(connect_to(clients[n], "s"));
		for (int i = 0; i <= n; i++)
			CHECK_OK(close(clients[i]));
		CHECK_OK(close(server));
		CHECK_OK(unlink("s"));
	}
}
