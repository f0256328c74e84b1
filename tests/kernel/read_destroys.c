/* SPDX-License-Identifier: MIT
 *
 * read_destroys.c - read() and recv() destroy the descriptors of what they read.
 *
 * R8, unix(7), unix_stream_read_generic(): whoever takes bytes without a control buffer drops the
 * descriptors that came with them, even when bytes of the same message stay behind.
 *
 * The library therefore wants the socket for itself: no stdio on it, no second reader.
 */
#include "plain.h"

static void check_destroyed_by(int type, bool by_recv)
{
	int pair[2], ends[2];
	char c;

	make_pair(type, pair);
	make_pipe(ends);
	CHECK_OK(send_one(pair[0], "abc", ends[1]));
	CHECK_OK(close(ends[1]));
	check_writer_lives(ends[0]);
	CHECK_INT(by_recv ? recv(pair[1], &c, 1, 0) : read(pair[1], &c, 1), ==, 1);
	CHECK_INT(c, ==, 'a');
	check_writer_is_gone(ends[0]);
	if (type == SOCK_STREAM) {
		struct received r;

		CHECK_OK(recv_msg(pair[1], &r, 8, PLAIN_ROOM, 0));
		CHECK_INT(r.len, ==, 2);
		CHECK_INT(r.count, ==, 0);
	}
	CHECK_OK(close(ends[0]));
	close_pair(pair);
}

TEST(read_destroys)
{
	FOR_EACH_TYPE(type)
	check_destroyed_by(type, false);
}

TEST(recv_destroys)
{
	FOR_EACH_TYPE(type)
	check_destroyed_by(type, true);
}
