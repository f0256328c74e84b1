/* SPDX-License-Identifier: MIT
 *
 * message_basic.c - tests: what is sent arrives as it was: its data, its descriptors in their order,
 * and whether there was a message at all.
 */
#include "api.h"

TEST_EACH_TYPE(one_descriptor)
{
	int pair[2], file = new_file();
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 2; i++) {
		CHECK_INT(send_text(pair[i], "text", &file, 1), ==, 0);
		CHECK(fcntl(file, F_GETFD) >= 0);
		CHECK_INT(box_recv(pair[1 - i], &b, 1), ==, 1);
		CHECK_STR(b.data, "text");
		CHECK_INT(b.msg.len, ==, 4);
		CHECK_INT(b.msg.nfds, ==, 1);
		CHECK_INT(b.fds[0], !=, file);
		CHECK(same_file(b.fds[0], file));
		CHECK_INT(same_description(b.fds[0], file), !=, 0);
		close(b.fds[0]);
	}
	close_pair(pair);
	close(file);
}

TEST_EACH_TYPE(no_descriptor)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "plain", NULL, 0));
	CHECK_INT(box_recv(pair[1], &b, 3), ==, 1);
	CHECK_STR(b.data, "plain");
	CHECK_INT(b.msg.nfds, ==, 0);
	/* The same without any slot. */
	CHECK_OK(send_text(pair[0], "bare", NULL, 0));
	box_new(&b, 0);
	b.msg.fds = NULL;
	CHECK_INT(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ==, 1);
	CHECK_MEM(b.data, "bare", 4);
	CHECK_INT(b.msg.nfds, ==, 0);
	close_pair(pair);
}

/* A table of the given number of files, each its own; they are also what is compared with later. */
static void many_files(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fds[i] = new_file();
}

TEST_EACH_TYPE(most_descriptors)
{
	int pair[2], files[FERRY_MAX_FDS + 1];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	many_files(files, FERRY_MAX_FDS + 1);
	CHECK_OK(send_text(pair[0], "all", files, FERRY_MAX_FDS));
	CHECK_INT(box_recv(pair[1], &b, FERRY_MAX_FDS), ==, 1);
	CHECK_STR(b.data, "all");
	CHECK_INT(b.msg.nfds, ==, FERRY_MAX_FDS);
	for (size_t i = 0; i < FERRY_MAX_FDS; i++) {
		CHECK(same_file(b.fds[i], files[i]));
		close(b.fds[i]);
	}
	CHECK_FAILS(send_text(pair[0], "one too many", files, FERRY_MAX_FDS + 1), E2BIG);
	check_empty(pair[1]);
	CHECK_OK(send_text(pair[0], "next", files, 1));
	CHECK_FILE(pair[1], "next", files[0]);
	close_pair(pair);
	ferry_close_all(files, FERRY_MAX_FDS + 1);
}

/* More slots than a message can have are no mistake. */
TEST_EACH_TYPE(more_slots_than_needed)
{
	int pair[2], files[5];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	many_files(files, 5);
	CHECK_OK(send_text(pair[0], "five", files, 5));
	CHECK_INT(box_recv(pair[1], &b, 299), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 5);
	for (size_t i = 0; i < 5; i++)
		CHECK(same_file(b.fds[i], files[i]));
	ferry_close_all(b.fds, 5);
	ferry_close_all(files, 5);
	close_pair(pair);
}

TEST_EACH_TYPE(same_descriptor_several_times)
{
	int pair[2], file = new_file(), three[3] = {file, file, file};
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "x", three, 3));
	CHECK_INT(box_recv(pair[1], &b, 3), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 3);
	CHECK_INT(b.fds[0], !=, b.fds[1]);
	CHECK_INT(b.fds[1], !=, b.fds[2]);
	for (int i = 0; i < 3; i++)
		CHECK(same_file(b.fds[i], file));
	ferry_close_all(b.fds, 3);
	close_pair(pair);
	close(file);
}

/* Zero data but a descriptor: what the tutorial's {NULL, 0} sends. */
TEST_EACH_TYPE(descriptor_without_data)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);
	struct box b;
	struct ferry_msg msg = {.fds = &write_end, .nfds = 1};
	struct iovec empty = {.iov_base = NULL, .iov_len = 0};

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int pieces = 0; pieces < 2; pieces++) {
		msg.iov = pieces > 0 ? &empty : NULL;
		msg.iovlen = (size_t)pieces;
		if (type == SOCK_STREAM) {
			/* The kernel would say that it is sent, and destroy it. */
			CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), ENODATA);
			CHECK_INT(msg.len, ==, 0);
			CHECK(msg.why != NULL);
			check_empty(pair[1]);
			CHECK(fcntl(write_end, F_GETFD) >= 0);
			continue;
		}
		CHECK_INT(ferry_send(pair[0], &msg, sizeof(msg)), ==, 0);
		CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
		CHECK_INT(b.msg.len, ==, 0);
		CHECK_INT(b.msg.nfds, ==, 1);
		CHECK(same_file(b.fds[0], write_end));
		close(b.fds[0]);
	}
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}

/* Nor needs the receiver any room for data, where messages keep their bounds. */
TEST_EACH_TYPE(no_room_for_data)
{
	int pair[2], file = new_file(), slot = 5;
	struct ferry_msg in = {.fds = &slot, .max_fds = 1};
	struct ferry_msg out = {.fds = &file, .nfds = 1};

	CHECK_OK(ferry_pair(pair, type, 0));
	if (type == SOCK_STREAM) {
		CHECK_OK(send_text(pair[0], "x", &file, 1));
		CHECK_FAILS(ferry_recv(pair[1], &in, sizeof(in)), EINVAL);
		CHECK(in.why != NULL);
		CHECK_FILE(pair[1], "x", file);
	} else {
		CHECK_OK(ferry_send(pair[0], &out, sizeof(out)));
		CHECK_INT(ferry_recv(pair[1], &in, sizeof(in)), ==, 1);
		CHECK_INT(in.nfds, ==, 1);
		CHECK(same_file(slot, file));
		close(slot);
	}
	close_pair(pair);
	close(file);
}

TEST_EACH_TYPE(gathered_and_scattered)
{
	char a[] = "ab", c[] = "cdefg", h[] = "h", x[3], y[1], z[64];
	struct iovec out[] = {{a, 2}, {NULL, 0}, {c, 5}, {h, 1}};
	struct iovec in[] = {{x, 3}, {y, 1}, {NULL, 0}, {z, sizeof(z)}};
	int pair[2], file = new_file(), slot = -1;
	struct ferry_msg sent = {.iov = out, .iovlen = 4, .fds = &file, .nfds = 1};
	struct ferry_msg got = {.iov = in, .iovlen = 4, .fds = &slot, .max_fds = 1};

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_INT(ferry_send(pair[0], &sent, sizeof(sent)), ==, 0);
	CHECK_INT(sent.len, ==, 8);
	CHECK_INT(ferry_recv(pair[1], &got, sizeof(got)), ==, 1);
	CHECK_INT(got.len, ==, 8);
	CHECK_MEM(x, "abc", 3);
	CHECK_MEM(y, "d", 1);
	CHECK_MEM(z, "efgh", 4);
	CHECK(same_file(slot, file));
	close(slot);
	close(file);
	close_pair(pair);
}

TEST_EACH_CONNECTED(end_of_file)
{
	int pair[2], file = new_file();
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "last", &file, 1));
	close(pair[0]);
	CHECK_FILE(pair[1], "last", file);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(box_recv(pair[1], &b, 2), ==, 0);
		CHECK_INT(b.msg.nfds, ==, 0);
		CHECK_INT(b.msg.len, ==, 0);
		CHECK(b.msg.why == NULL);
	}
	close(pair[1]);
	close(file);
}

/* A peer that only stops sending; what min_fds asks for does not make an error of the end. */
TEST_EACH_CONNECTED(end_of_file_by_shutdown)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(shutdown(pair[0], SHUT_WR));
	box_new(&b, 1);
	b.msg.min_fds = 1;
	CHECK_INT(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ==, 0);
	CHECK_INT(b.fds[0], ==, -1);
	CHECK_OK(send_text(pair[1], "still open", NULL, 0));
	CHECK_TEXT(pair[0], "still open");
	close_pair(pair);
}

/* An empty message, another one, and the end are three answers. */
TEST_EACH_TYPE(empty_message)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "", NULL, 0));
	if (type == SOCK_STREAM) {
		/* On a stream there is no such thing. */
		check_empty(pair[1]);
		CHECK_OK(send_text(pair[0], "", NULL, 0));
	} else {
		CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
		CHECK_INT(b.msg.len, ==, 0);
		CHECK_INT(b.msg.nfds, ==, 0);
		check_empty(pair[1]);
		CHECK_OK(send_text(pair[0], "", NULL, 0));
	}
	CHECK_OK(send_text(pair[0], "other", NULL, 0));
	if (type != SOCK_STREAM)
		CHECK_TEXT(pair[1], "");
	if (type != SOCK_STREAM)
		CHECK_OK(send_text(pair[0], "", NULL, 0));
	close(pair[0]);
	CHECK_TEXT(pair[1], "other");
	if (type != SOCK_STREAM)
		CHECK_TEXT(pair[1], "");
	if (type != SOCK_DGRAM)
		CHECK_INT(box_recv(pair[1], &b, 1), ==, 0);
	close(pair[1]);
}

/* The end that a datagram socket can have is the one that its owner asked for; messages that came
 * before it are before it. */
TEST(empty_datagram_before_own_shutdown)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_DGRAM, 0));
	CHECK_OK(send_text(pair[0], "", NULL, 0));
	CHECK_OK(send_text(pair[0], "queued", NULL, 0));
	CHECK_OK(shutdown(pair[1], SHUT_RD));
	CHECK_TEXT(pair[1], "");
	CHECK_TEXT(pair[1], "queued");
	CHECK_INT(box_recv(pair[1], &b, 0), ==, 0);
	close_pair(pair);
}

TEST_EACH_TYPE(send_fd_and_recv_fd)
{
	int pair[2], file = new_file(), got;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_INT(ferry_send_fd(pair[0], file), ==, 0);
	got = CHECK_OK(ferry_recv_fd(pair[1]));
	CHECK_INT(got, >=, 3);
	CHECK(is_cloexec(got));
	CHECK(same_file(got, file));
	close(got);
	/* One zero byte is what others expect. */
	CHECK_OK(ferry_send_fd(pair[0], file));
	{
		struct box b;

		CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
		CHECK_INT(b.msg.len, ==, 1);
		CHECK_INT(b.data[0], ==, 0);
		close(b.fds[0]);
	}
	CHECK_FAILS(ferry_send_fd(pair[0], -1), EBADF);
	CHECK_FAILS(ferry_send_fd(pair[0], 99), EBADF);
	check_empty(pair[1]);
	close(file);
	close_pair(pair);
}

TEST_EACH_TYPE(recv_fd_refuses)
{
	int pair[2], files[2] = {new_file(), new_file()}, got;
	struct fd_table *before;

	CHECK_OK(ferry_pair(pair, type, 0));
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "x", NULL, 0));
	CHECK_FAILS(ferry_recv_fd(pair[1]), ENOMSG);
	CHECK_OK(send_text(pair[0], "x", files, 2));
	CHECK_FAILS(ferry_recv_fd(pair[1]), EMSGSIZE);
	if (type != SOCK_STREAM) {
		CHECK_OK(send_text(pair[0], "xy", files, 1));
		CHECK_FAILS(ferry_recv_fd(pair[1]), EMSGSIZE);
	}
	CHECK_FDS(before);
	CHECK_OK(send_text(pair[0], type == SOCK_STREAM ? "x" : "", files, 1));
	got = CHECK_OK(ferry_recv_fd(pair[1]));
	CHECK(same_file(got, files[0]));
	close(got);
	close(pair[0]);
	if (type != SOCK_DGRAM)
		CHECK_FAILS(ferry_recv_fd(pair[1]), EPIPE);
	close(pair[1]);
	close_pair(files);
}
