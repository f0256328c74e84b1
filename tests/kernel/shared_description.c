/* SPDX-License-Identifier: MIT
 *
 * shared_description.c - a descriptor that was passed shares its offset and status flags.
 *
 * R16, open(2) "open file description", unix(7): what arrives is a new number for the same
 * description, as by dup(2).
 *
 * The library therefore never sets status flags of a descriptor that it carries, and the manual
 * warns of the offset.
 */
#include "plain.h"

static int pass(int fd)
{
	struct received r;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	CHECK_OK(send_one(pair[0], "x", fd));
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, MSG_CMSG_CLOEXEC));
	CHECK_INT(r.count, ==, 1);
	close_pair(pair);
	return r.fds[0];
}

TEST(the_offset_is_shared)
{
	int ours = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	int theirs = pass(ours);

	CHECK_INT(same_description(ours, theirs), !=, 0);
	CHECK_INT(write(theirs, "12345", 5), ==, 5);
	CHECK_INT(lseek(ours, 0, SEEK_CUR), ==, 5);
	CHECK_INT(lseek(ours, 2, SEEK_SET), ==, 2);
	CHECK_INT(lseek(theirs, 0, SEEK_CUR), ==, 2);
	CHECK_OK(close(ours));
	CHECK_OK(close(theirs));
	CHECK_OK(unlink("file"));
}

TEST(status_flags_are_shared)
{
	int ends[2], theirs;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	theirs = pass(ends[0]);
	CHECK_OK(fcntl(theirs, F_SETFL, O_NONBLOCK));
	CHECK_INT(CHECK_OK(fcntl(ends[0], F_GETFL)) & O_NONBLOCK, !=, 0);
	CHECK_OK(fcntl(ends[0], F_SETFL, 0));
	CHECK_INT(CHECK_OK(fcntl(theirs, F_GETFL)) & O_NONBLOCK, ==, 0);
	CHECK_OK(close(theirs));
	close_pair(ends);
}
