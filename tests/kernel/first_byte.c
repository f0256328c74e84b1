/* SPDX-License-Identifier: MIT
 *
 * first_byte.c - on a stream, descriptors travel with the first byte of their sendmsg().
 *
 * S4, unix_stream_sendmsg(): the first piece that is queued carries the descriptors, so a partial
 * send has sent them already, and to go on with the same control data sends them again.
 *
 * The library therefore drops the control data after the first byte, and reads a frame's header,
 * with which the descriptors come, by itself.
 */
#include "plain.h"

static char big[1 << 20];

TEST(the_first_byte_brings_them)
{
	struct received r;
	int pair[2];

	make_pair(SOCK_STREAM, pair);
	CHECK_OK(send_one(pair[0], "ab", 0));
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
	CHECK_INT(r.len, ==, 1);
	CHECK_INT(r.count, ==, 1);
	close_received(&r);
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
	CHECK_INT(r.data[0], ==, 'b');
	CHECK_INT(r.count, ==, 0);
	close_pair(pair);
}

TEST(a_partial_send_has_sent_them)
{
	struct received r;
	int pair[2], ends[2];
	ssize_t sent;

	make_pair(SOCK_STREAM, pair);
	/* A limit of our own: the system's default may be larger than the message. */
	CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int)));
	make_pipe(ends);
	sent = CHECK_OK(send_fds(pair[0], big, sizeof big, &ends[1], 1, 0));
	CHECK_INT(sent, >, 0);
	CHECK_INT(sent, <, sizeof big);
	CHECK_OK(close(ends[1]));
	check_writer_lives(ends[0]);
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
	CHECK_INT(r.count, ==, 1);
	check_writer_lives(ends[0]);
	close_received(&r);
	check_writer_is_gone(ends[0]);
	CHECK_OK(close(ends[0]));
	close_pair(pair);
}

TEST(resuming_with_the_same_control_data_sends_them_again)
{
	struct received r;
	int pair[2], copies = 0;
	size_t sent = 0, taken = 0;

	make_pair(SOCK_STREAM, pair);
	CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int)));
	for (int i = 0; i < 100000 && taken < sizeof big; i++) {
		ssize_t n = -1;

		if (sent < sizeof big)
			n = send_fds(pair[0], big + sent, sizeof big - sent, (int[]){0}, 1, 0);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		CHECK_OK(recv_msg(pair[1], &r, sizeof r.data, PLAIN_ROOM, 0));
		taken += (size_t)r.len;
		copies += r.count;
		close_received(&r);
	}
	CHECK_INT(taken, ==, sizeof big);
	CHECK_INT(copies, >, 1);
	close_pair(pair);
}
