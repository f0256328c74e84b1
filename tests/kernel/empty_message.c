/* SPDX-License-Identifier: MIT
 *
 * empty_message.c - a stream destroys the descriptors of an empty message and says success.
 *
 * R11, unix_stream_sendmsg() ("while (sent < len)"): with no byte nothing is queued, 0 is returned
 * and the descriptors are dropped.  Datagrams and sequenced packets of no bytes do carry them.
 *
 * The library therefore refuses to send descriptors without a byte on a stream.
 */
#include "plain.h"

TEST(a_stream_destroys_them)
{
	int pair[2], ends[2];

	make_pair(SOCK_STREAM, pair);
	make_pipe(ends);
	CHECK_INT(send_one(pair[0], "", ends[1]), ==, 0);
	CHECK_OK(close(ends[1]));
	check_writer_is_gone(ends[0]);
	check_queue_is_empty(pair[1]);
	CHECK_OK(close(ends[0]));
	close_pair(pair);
}

static void check_delivered(int type)
{
	struct received r;
	int pair[2];

	make_pair(type, pair);
	CHECK_INT(send_one(pair[0], "", 0), ==, 0);
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
	CHECK_INT(r.len, ==, 0);
	CHECK_INT(r.count, ==, 1);
	CHECK(same_file(r.fds[0], 0));
	close_received(&r);
	close_pair(pair);
}

TEST(a_datagram_delivers_them)
{
	check_delivered(SOCK_DGRAM);
}

TEST(a_sequenced_packet_delivers_them)
{
	check_delivered(SOCK_SEQPACKET);
}
