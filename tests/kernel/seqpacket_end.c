/* SPDX-License-Identifier: MIT
 *
 * seqpacket_end.c - on sequenced packets an empty message looks like the end of file.
 *
 * R12, unix_seqpacket_recvmsg(): both are 0 bytes, no flag and no control message.  With SO_PASSCRED
 * a message carries credentials, if empty too, and the end of file does not.
 *
 * The library therefore never sends empty messages, and tells the two apart by SO_PASSCRED.
 */
#include "plain.h"

TEST(they_look_the_same)
{
	struct received message, end;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	CHECK_INT(send_fds(pair[0], "", 0, NULL, 0, 0), ==, 0);
	CHECK_OK(close(pair[0]));
	CHECK_INT(recv_msg(pair[1], &message, 1, PLAIN_ROOM, 0), ==, 0);
	CHECK_INT(recv_msg(pair[1], &end, 1, PLAIN_ROOM, 0), ==, 0);
	CHECK_INT(message.flags, ==, 0);
	CHECK_INT(message.controllen, ==, 0);
	CHECK_MEM(&message, &end, sizeof end);
	CHECK_OK(close(pair[1]));
}

TEST(credentials_tell_them_apart)
{
	struct received r;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
	CHECK_INT(send_fds(pair[0], "", 0, NULL, 0, 0), ==, 0);
	CHECK_OK(close(pair[0]));
	CHECK_INT(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0), ==, 0);
	CHECK(r.has_cred);
	CHECK_INT(r.cred.pid, ==, getpid());
	CHECK_INT(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0), ==, 0);
	CHECK(!r.has_cred);
	CHECK_OK(close(pair[1]));
}
