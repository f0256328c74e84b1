/* SPDX-License-Identifier: MIT
 *
 * refuse.c - tests: FERRY_REFUSE: a socket that takes no descriptors, and does not have to close any.
 */
#include "trust.h"

static void needs_the_option(void)
{
	if (!has_option(SO_PASSRIGHTS))
		SKIP("no SO_PASSRIGHTS: Linux 6.16 has it");
}

TEST_EACH_TYPE(the_sender_is_told)
{
	int pair[2], file = new_file();

	needs_the_option();
	CHECK_OK(ferry_pair(pair, type, FERRY_REFUSE));
	CHECK_FAILS(send_text(pair[0], "file", &file, 1), EPERM);
	CHECK_FAILS(ferry_send_fd(pair[0], file), EPERM);
	check_empty(pair[1]);
	CHECK_OK(send_text(pair[0], "data", NULL, 0));
	CHECK_TEXT(pair[1], "data");
	close(file);
	close_pair(pair);
}

/* It is about what comes, not about what goes. */
TEST_EACH_TYPE(one_way_only)
{
	int pair[2], file = new_file();

	needs_the_option();
	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_INT(ferry_prepare(pair[1], FERRY_REFUSE), ==, type);
	CHECK_OK(send_text(pair[1], "out", &file, 1));
	CHECK_FILE(pair[0], "out", file);
	CHECK_FAILS(send_text(pair[0], "in", &file, 1), EPERM);
	CHECK_INT(ferry_prepare(pair[1], 0), ==, type);
	CHECK_OK(send_text(pair[0], "in", &file, 1));
	CHECK_FILE(pair[1], "in", file);
	close(file);
	close_pair(pair);
}

/* A connection is refused descriptors from its first message on, accepted or not. */
TEST_EACH_CONNECTED(from_the_listener_on)
{
	int listener, client, server, file = new_file();

	needs_the_option();
	listener = CHECK_OK(ferry_bind(own_name(), type, 0, FERRY_REFUSE));
	client = CHECK_OK(ferry_connect(own_name(), type, 0, 0));
	CHECK_FAILS(send_text(client, "early", &file, 1), EPERM);
	server = CHECK_OK(ferry_accept(listener, FERRY_REFUSE, 0));
	CHECK_FAILS(send_text(client, "late", &file, 1), EPERM);
	check_empty(server);
	close(server);
	close(client);
	close(listener);
	close(file);
}

/* On any kernel: what was sent before comes still, and max_fds refuses it. */
TEST_EACH_TYPE(what_was_sent_before)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "before", &write_end, 1));
	close(write_end);
	CHECK_INT(ferry_prepare(pair[1], FERRY_REFUSE), ==, type);
	CHECK_FAILS(box_recv(pair[1], &b, 0), EMSGSIZE);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}
