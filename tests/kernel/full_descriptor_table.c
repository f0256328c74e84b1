/* SPDX-License-Identifier: MIT
 *
 * full_descriptor_table.c - at RLIMIT_NOFILE recvmsg() succeeds and loses descriptors.
 *
 * R3, unix(7), scm_detach_fds(): recvmsg() does not say EMFILE.  It returns the data, sets
 * MSG_CTRUNC, installs what numbers there are for (none: no control message) and drops the rest;
 * the message is consumed.
 *
 * The library therefore offers FERRY_ROOM_FIRST, which reads nothing unless enough numbers are free,
 * and never hands out data without its descriptors.
 */
#include "plain.h"

static void receive_at_limit(int type, int free_numbers)
{
	struct received r;
	int pair[2], ends[2];

	make_pair(type, pair);
	make_pipe(ends);
	CHECK_OK(send_fds(pair[0], "data", 4, (int[]){0, 1, ends[1]}, 3, 0));
	CHECK_OK(close(ends[1]));
	/* Now 0 to 5 are open and 6 is the next number. */
	CHECK_INT(ends[1], ==, 6);
	limit_fds((unsigned int)(6 + free_numbers));
	CHECK_OK(recv_msg(pair[1], &r, 4, PLAIN_ROOM, 0));
	limit_fds(64);
	CHECK_INT(r.len, ==, 4);
	CHECK_MEM(r.data, "data", 4);
	CHECK_INT(r.flags & MSG_CTRUNC, !=, 0);
	CHECK_INT(r.count, ==, free_numbers);
	CHECK_INT(r.blocks, ==, free_numbers ? 1 : 0);
	if (!free_numbers)
		CHECK_INT(r.controllen, ==, 0);
	for (int i = 0; i < r.count; i++)
		CHECK(same_file(r.fds[i], i));
	check_writer_is_gone(ends[0]);
	check_queue_is_empty(pair[1]);
	close_received(&r);
	CHECK_OK(close(ends[0]));
	close_pair(pair);
}

TEST(a_prefix_is_installed)
{
	FOR_EACH_TYPE(type)
	receive_at_limit(type, 2);
}

TEST(no_number_means_no_control_message)
{
	FOR_EACH_TYPE(type)
	receive_at_limit(type, 0);
}
