/* SPDX-License-Identifier: MIT
 *
 * tcp_drops_rights.c - sendmsg() on TCP takes SCM_RIGHTS, says success and sends no descriptor.
 *
 * S9, sock_cmsg_send() (SCM_RIGHTS is skipped), tcp_sendmsg_locked().
 *
 * The library therefore asks SO_DOMAIN before the first use of a socket, and refuses all but AF_UNIX.
 */
#include "plain.h"

#include <arpa/inet.h>
#include <netinet/in.h>

TEST(tcp_drops_rights)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	int listener, client, connection, ends[2];
	struct pollfd p = {.events = POLLIN};
	struct received r;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		SKIP("no TCP: %s", strerror(errno));
	if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0)
		SKIP("no 127.0.0.1: %s", strerror(errno));
	CHECK_OK(listen(listener, 1));
	CHECK_OK(getsockname(listener, (struct sockaddr *)&a, &len));
	client = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (connect(client, (struct sockaddr *)&a, sizeof a) < 0)
		SKIP("no way to 127.0.0.1: %s", strerror(errno));
	connection = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

	make_pipe(ends);
	CHECK_INT(send_one(client, "x", ends[1]), ==, 1);
	CHECK_OK(close(ends[1]));
	check_writer_is_gone(ends[0]);
	p.fd = connection;
	CHECK_INT(poll(&p, 1, -1), ==, 1);
	CHECK_OK(recv_msg(connection, &r, 8, PLAIN_ROOM, 0));
	CHECK_INT(r.len, ==, 1);
	CHECK_INT(r.blocks + r.others, ==, 0);
	CHECK_INT(r.flags & MSG_CTRUNC, ==, 0);
	CHECK_OK(close(ends[0]));
	CHECK_OK(close(connection));
	CHECK_OK(close(client));
	CHECK_OK(close(listener));
}
