/* SPDX-License-Identifier: MIT
 *
 * merged_rights.c - what the kernel makes of several control messages, and of misspelt ones.
 *
 * R4, __scm_send(): two SCM_RIGHTS of one sendmsg() arrive as one.  A control message of a level
 * that is not SOL_SOCKET is skipped: the data is sent, the descriptor is not, and nobody says so.
 *
 * The library therefore builds control messages in one place, and counts descriptors over all
 * blocks that it receives.
 */
#include "plain.h"

/* Sends one byte with 0 and 1 in two blocks, the second of which has the given level. */
static void send_two_blocks(int sock, int level)
{
	union plain_control control;
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
	size_t len;

	memset(&control, 0, sizeof control);
	len = put_ints(&control.header, SOL_SOCKET, (int[]){0}, 1);
	len += put_ints((struct cmsghdr *)(void *)(control.bytes + len), level, (int[]){1}, 1);
	msg.msg_controllen = (__typeof__(msg.msg_controllen))len;
	CHECK_INT(CHECK_OK(sendmsg(sock, &msg, MSG_DONTWAIT)), ==, 1);
}

TEST(two_blocks_arrive_as_one)
{
	FOR_EACH_TYPE(type)
	{
		struct received r;
		int pair[2];

		make_pair(type, pair);
		send_two_blocks(pair[0], SOL_SOCKET);
		CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
		CHECK_INT(r.blocks, ==, 1);
		CHECK_INT(r.count, ==, 2);
		CHECK(same_file(r.fds[0], 0));
		CHECK(same_file(r.fds[1], 1));
		close_received(&r);
		close_pair(pair);
	}
}

TEST(a_foreign_level_is_ignored)
{
	FOR_EACH_TYPE(type)
	{
		struct received r;
		int pair[2];

		make_pair(type, pair);
		send_two_blocks(pair[0], SOL_SOCKET + 1000);
		CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
		CHECK_INT(r.len, ==, 1);
		CHECK_INT(r.count, ==, 1);
		CHECK_INT(r.flags, ==, r.flags & MSG_EOR);
		close_received(&r);
		close_pair(pair);
	}
}
