/* SPDX-License-Identifier: MIT
 *
 * count.c - hostile: more, fewer and other things than are expected, and nothing is left open.
 */
#include "hostile.h"

/* One descriptor is expected, and n come. */
static void n_where_one_is_expected(int type, size_t n)
{
	int pair[2], many[FERRY_MAX_FDS], read_end, write_end;
	struct fd_table *before;
	struct box b;

	read_end = new_pipe(&write_end);
	CHECK_OK(ferry_pair(pair, type, 0));
	for (size_t i = 0; i < n; i++)
		many[i] = write_end;
	before = remember_fds();
	hostile_send(pair[0], "n", 1, many, n);
	box_new(&b, 1);
	b.msg.min_fds = 1;
	if (n == 1) {
		CHECK_INT(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ==, 1);
		close(b.fds[0]);
	} else {
		CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), n == 0 ? ENOMSG : EMSGSIZE);
		box_check(&b);
	}
	CHECK_FDS(before);
	before = remember_fds();
	hostile_send(pair[0], "n", 1, many, n);
	if (n == 1)
		close(CHECK_OK(ferry_recv_fd(pair[1])));
	else
		CHECK_FAILS(ferry_recv_fd(pair[1]), n == 0 ? ENOMSG : EMSGSIZE);
	CHECK_FDS(before);
	close(write_end);
	CHECK(pipe_ended(read_end));
	/* The next one is not harmed. */
	write_end = new_file();
	CHECK_OK(ferry_send_fd(pair[0], write_end));
	close(many[0] = CHECK_OK(ferry_recv_fd(pair[1])));
	close(write_end);
	close(read_end);
	close_pair(pair);
}

TEST_EACH_TYPE(none_where_one_is_expected)
{
	n_where_one_is_expected(type, 0);
}

TEST_EACH_TYPE(one_where_one_is_expected)
{
	n_where_one_is_expected(type, 1);
}

TEST_EACH_TYPE(two_where_one_is_expected)
{
	n_where_one_is_expected(type, 2);
}

TEST_EACH_TYPE(most_where_one_is_expected)
{
	n_where_one_is_expected(type, FERRY_MAX_FDS);
}

TEST_EACH_TYPE(some_where_none_is_expected)
{
	int pair[2], fds[2] = {new_file(), new_file()};
	struct fd_table *before;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	before = remember_fds();
	for (size_t n = 1; n <= 2; n++) {
		hostile_send(pair[0], "n", 1, fds, n);
		CHECK_FAILS(box_recv(pair[1], &b, 0), EMSGSIZE);
	}
	CHECK_FDS(before);
	ferry_close_all(fds, 2);
	close_pair(pair);
}

/* Many messages that are refused, one after another: the table is the same afterwards. */
TEST_EACH_TYPE(a_hundred_refused_messages)
{
	int pair[2], many[FERRY_MAX_FDS], file = new_file();
	struct fd_table *before;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	for (size_t i = 0; i < FERRY_MAX_FDS; i++)
		many[i] = file;
	before = remember_fds();
	for (int i = 0; i < 100; i++) {
		hostile_send(pair[0], "n", 1, many, FERRY_MAX_FDS);
		CHECK_FAILS(box_recv(pair[1], &b, 3), EMSGSIZE);
	}
	CHECK_FDS(before);
	close(file);
	close_pair(pair);
}

TEST_EACH_PACKET(short_and_huge_data)
{
	static char huge[100000];
	int pair[2], file = new_file();
	struct fd_table *before;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	before = remember_fds();
	hostile_send(pair[0], huge, sizeof(huge), &file, 1);
	CHECK_FAILS(box_recv(pair[1], &b, 1), EMSGSIZE);
	CHECK_FDS(before);
	before = remember_fds();
	hostile_send(pair[0], huge, 64, &file, 1); /* one more than there is room for */
	CHECK_FAILS(box_recv(pair[1], &b, 1), EMSGSIZE);
	CHECK_FDS(before);
	before = remember_fds();
	hostile_send(pair[0], huge, 2, &file, 1);
	CHECK_FAILS(ferry_recv_fd(pair[1]), EMSGSIZE);
	CHECK_FDS(before);
	hostile_send(pair[0], huge, 0, &file, 1);
	close(CHECK_OK(ferry_recv_fd(pair[1])));
	hostile_send(pair[0], huge, 0, NULL, 0);
	CHECK_FAILS(ferry_recv_fd(pair[1]), ENOMSG);
	check_empty(pair[1]);
	close(file);
	close_pair(pair);
}

/* A stream in pieces of one byte, each with a descriptor of its own: none is merged into another's. */
TEST(a_torn_stream)
{
	int pair[2], files[7];
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	for (int i = 0; i < 7; i++) {
		files[i] = new_file();
		hostile_send(pair[0], &"abcdefg"[i], 1, &files[i], i % 2 == 0);
	}
	close(pair[0]);
	for (int i = 0; i < 7; i += 2) {
		CHECK_INT(box_recv(pair[1], &b, 8), ==, 1);
		CHECK_INT(b.msg.nfds, ==, 1);
		CHECK(same_file(b.fds[0], files[i]));
		/* The byte that it came with is there. */
		CHECK(memchr(b.data, "abcdefg"[i], b.msg.len) != NULL);
		close(b.fds[0]);
	}
	CHECK_INT(box_recv(pair[1], &b, 8), ==, 0);
	ferry_close_all(files, 7);
	close(pair[1]);
}

/* A message that never ends: what is there is given, and the deadline holds for the rest. */
TEST(an_unfinished_stream)
{
	int pair[2], file = new_file();
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	hostile_send(pair[0], "half", 4, &file, 1);
	CHECK_FILE(pair[1], "half", file);
	box_new(&b, 1);
	b.msg.timeout_ms = 50;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ETIMEDOUT);
	close(file);
	close_pair(pair);
}

/* A socket that holds itself: what is closed is its last reference but that in its own queue. */
TEST_EACH_TYPE(its_own_end)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	hostile_send(pair[0], "end", 3, &pair[0], 1);
	close(pair[0]);
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
	CHECK(!same_file(b.fds[0], pair[1]));
	/* It lives on in us: no end of file comes, and the deadline holds. */
	close(pair[1]);
	close(b.fds[0]);
}

TEST_EACH_CONNECTED(no_end_of_file_from_who_sent_its_end)
{
	int pair[2], held;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	hostile_send(pair[0], "end", 3, &pair[0], 1);
	close(pair[0]);
	box_new(&b, 1);
	CHECK_INT(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ==, 1);
	held = b.fds[0];
	box_new(&b, 1);
	b.msg.timeout_ms = 50;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ETIMEDOUT);
	close(held);
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 0);
	close(pair[1]);
}

TEST_EACH_TYPE(a_socket_queued_in_itself)
{
	int pair[2], read_end, write_end;
	struct box b;

	read_end = new_pipe(&write_end);
	CHECK_OK(ferry_pair(pair, type, 0));
	hostile_send(pair[0], "in", 2, (int[]){pair[1], write_end}, 2);
	close(write_end);
	CHECK_FAILS(box_recv(pair[1], &b, 1), EMSGSIZE);
	CHECK(pipe_ended(read_end));
	hostile_send(pair[0], "in", 2, &pair[1], 1);
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
	CHECK(same_file(b.fds[0], pair[1]));
	close(b.fds[0]);
	/* And never read again: the kernel collects it. */
	hostile_send(pair[0], "in", 2, &pair[1], 1);
	close(read_end);
	close_pair(pair);
}
