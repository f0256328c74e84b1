/* SPDX-License-Identifier: MIT
 *
 * inherited_passcred.c - accept() hands SO_PASSCRED of the listener to the connection.
 *
 * R5, unix(7) SO_PASSCRED, unix_accept(): a connection begins with the listener's option, and then
 * credentials come before SCM_RIGHTS and take its room: a control buffer for one descriptor yields
 * none.
 *
 * The library therefore sets the options that it relies on itself, to off too, and receives with room
 * for all.
 */
#include "plain.h"

static void check_inherited(int type, int value)
{
	int server = new_server(type, "s"), client = new_socket(type), connection, seen = -1;
	socklen_t len = sizeof seen;
	struct received r;

	CHECK_OK(setsockopt(server, SOL_SOCKET, SO_PASSCRED, &value, sizeof value));
	CHECK_OK(connect_to(client, "s"));
	connection = CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	CHECK_OK(getsockopt(connection, SOL_SOCKET, SO_PASSCRED, &seen, &len));
	CHECK_INT(seen, ==, value);

	CHECK_OK(send_one(client, "x", 0));
	CHECK_OK(recv_msg(connection, &r, 1, CMSG_SPACE(sizeof(int)), 0));
	CHECK_INT(r.count, ==, value ? 0 : 1);
	CHECK_INT(r.flags & MSG_CTRUNC, ==, value ? MSG_CTRUNC : 0);
	close_received(&r);
	CHECK_OK(close(connection));
	CHECK_OK(close(client));
	CHECK_OK(close(server));
	CHECK_OK(unlink("s"));
}

TEST(accept_inherits)
{
	for (int value = 0; value <= 1; value++) {
		check_inherited(SOCK_STREAM, value);
		check_inherited(SOCK_SEQPACKET, value);
	}
}
