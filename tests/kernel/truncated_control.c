/* SPDX-License-Identifier: MIT
 *
 * truncated_control.c - a control buffer that is too small installs a prefix of the descriptors.
 *
 * R1, unix(7) SCM_RIGHTS, scm_detach_fds(): as many as fit are installed, in order, the others are
 * closed at once, MSG_CTRUNC is set and nothing is queued again.  With no room for one there is no
 * control message at all, only the flag.
 *
 * The library therefore always receives with room for everything, and takes MSG_CTRUNC for a
 * damaged message: it closes what came and fails.
 */
#include "plain.h"

TEST(a_prefix_is_installed)
{
	FOR_EACH_TYPE(type)
	{
		struct received r;
		int pair[2], first[2], second[2], third[2];

		make_pair(type, pair);
		make_pipe(first);
		make_pipe(second);
		make_pipe(third);
		CHECK_OK(send_fds(pair[0], "x", 1, (int[]){first[1], second[1], third[1]}, 3, 0));
		CHECK_OK(close(third[1]));
		/* CMSG_LEN, because padding would admit one more: padding_admits_one_more.c. */
		CHECK_OK(recv_msg(pair[1], &r, 1, CMSG_LEN(2 * sizeof(int)), 0));
		CHECK_INT(r.len, ==, 1);
		CHECK_INT(r.flags & MSG_CTRUNC, !=, 0);
		CHECK_INT(r.blocks, ==, 1);
		CHECK_INT(r.count, ==, 2);
		CHECK(same_file(r.fds[0], first[1]));
		CHECK(same_file(r.fds[1], second[1]));
		check_writer_is_gone(third[0]);
		check_queue_is_empty(pair[1]);

		close_received(&r);
		CHECK_OK(close(third[0]));
		close_pair(first);
		close_pair(second);
		close_pair(pair);
	}
}

TEST(no_room_means_no_control_message)
{
	const size_t rooms[] = {0, CMSG_LEN(0), CMSG_LEN(0) + sizeof(int) - 1};

	FOR_EACH_TYPE(type)
	{
		for (int i = 0; i < 3; i++) {
			struct received r;
			int pair[2], ends[2];

			make_pair(type, pair);
			make_pipe(ends);
			CHECK_OK(send_one(pair[0], "x", ends[1]));
			CHECK_OK(close(ends[1]));
			check_writer_lives(ends[0]);
			CHECK_OK(recv_msg(pair[1], &r, 1, rooms[i], 0));
			CHECK_INT(r.len, ==, 1);
			CHECK_INT(r.flags & MSG_CTRUNC, !=, 0);
			CHECK_INT(r.blocks + r.others, ==, 0);
			CHECK_INT(r.controllen, ==, 0);
			check_writer_is_gone(ends[0]);
			check_queue_is_empty(pair[1]);
			CHECK_OK(close(ends[0]));
			close_pair(pair);
		}
	}
}
