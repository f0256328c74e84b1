/* SPDX-License-Identifier: MIT
 *
 * message_end.c - tests: what who sends or receives is told of another end that has gone.
 */
#include "api.h"

/* The other end goes with "unread" in its queue, and leaves "last" in ours. */
static int left_unread(int type, int file)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "unread", NULL, 0));
	CHECK_OK(send_text(pair[1], "last", &file, 1));
	close(pair[1]);
	return pair[0];
}

/* The first call tells; what it had sent before comes still. */
TEST(a_reset_of_a_seqpacket_is_told_once)
{
	int file = new_file(), sock = left_unread(SOCK_SEQPACKET, file);
	struct box b;

	CHECK_FAILS(send_text(sock, "x", &file, 1), ECONNRESET);
	CHECK_FAILS(send_text(sock, "x", &file, 1), EPIPE);
	CHECK_FILE(sock, "last", file);
	CHECK_INT(box_recv(sock, &b, 1), ==, 0);
	close(sock);
	close(file);
}

/* On a stream the end is what who sends sees first (unix_stream_sendmsg): only who receives is told. */
TEST(a_reset_of_a_stream_is_told_to_who_receives)
{
	int file = new_file(), sock = left_unread(SOCK_STREAM, file);
	struct box b;

	CHECK_FAILS(send_text(sock, "x", &file, 1), EPIPE);
	CHECK_FILE(sock, "last", file);
	CHECK_FAILS(box_recv(sock, &b, 1), ECONNRESET);
	CHECK_INT(box_recv(sock, &b, 1), ==, 0);
	close(sock);
	close(file);
}

/* A datagram peer that has our message unread turns to somebody else. */
static void turn_away(int pair[2])
{
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, "other");

	CHECK_OK(ferry_pair(pair, SOCK_DGRAM, 0));
	CHECK_OK(send_text(pair[0], "unread", NULL, 0));
	CHECK_OK(connect(pair[1], (struct sockaddr *)&un, len));
}

TEST(a_datagram_peer_that_connects_elsewhere)
{
	int pair[2], file = new_file(), other = plain_bind("other", SOCK_DGRAM);
	struct box b;

	turn_away(pair);
	CHECK_FAILS(send_text(pair[0], "x", &file, 1), ECONNRESET);
	CHECK_FAILS(send_text(pair[0], "x", &file, 1), EPERM);
	close_pair(pair);
	turn_away(pair);
	CHECK_FAILS(box_recv(pair[0], &b, 1), ECONNRESET);
	check_empty(pair[0]);
	close_pair(pair);
	CHECK_OK(unlink("other"));
	close(other);
	close(file);
}

TEST(a_refusal_is_told_once)
{
	int pair[2], file = new_file();

	CHECK_OK(ferry_pair(pair, SOCK_DGRAM, 0));
	close(pair[1]);
	CHECK_FAILS(send_text(pair[0], "x", &file, 1), ECONNREFUSED);
	CHECK_FAILS(send_text(pair[0], "x", &file, 1), ENOTCONN);
	close(pair[0]);
	close(file);
}

/* In this direction: ours for writing, or the other one for reading.  The other direction goes on. */
TEST_EACH_TYPE(shut_down)
{
	int file = new_file();

	for (int i = 0; i < 2; i++) {
		int pair[2];

		CHECK_OK(ferry_pair(pair, type, 0));
		CHECK_OK(shutdown(pair[i], i == 0 ? SHUT_WR : SHUT_RD));
		CHECK_FAILS(send_text(pair[0], "x", &file, 1), EPIPE);
		CHECK_OK(send_text(pair[1], "back", &file, 1));
		CHECK_FILE(pair[0], "back", file);
		close_pair(pair);
	}
	close(file);
}
