/* SPDX-License-Identifier: MIT
 *
 * message_limit.c - tests: at a full descriptor table a message is lost whole, or waits untouched.
 */
#include "api.h"

/* Open when this is called: 0, 1, 2 and n more, below the limit; then so many numbers are free. */
static void leave_free(unsigned n)
{
	limit_fds((unsigned)open_fds() + n);
}

/* What every one of these needs: a pair and some files, all in a row. */
static void start(int type, int pair[2], int files[4])
{
	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 4; i++)
		files[i] = new_file();
	CHECK_INT(open_fds(), ==, 9);
}

static void finish(int pair[2], int files[4])
{
	limit_fds(256);
	ferry_close_all(files, 4);
	close_pair(pair);
}

/* With room for `room` of `n`, none is given; the next message brings its own. */
static void does_not_fit(int type, size_t n, unsigned room)
{
	int pair[2], files[4];
	struct fd_table *before;
	struct box b;

	start(type, pair, files);
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "first", files, n));
	CHECK_OK(send_text(pair[0], "second", files + 3, 1));
	leave_free(room);
	CHECK_FAILS(box_recv(pair[1], &b, n), EMFILE);
	CHECK(b.msg.why != NULL);
	limit_fds(256);
	CHECK_FDS(before);
	CHECK_FILE(pair[1], "second", files[3]);
	check_empty(pair[1]);
	finish(pair, files);
}

TEST_EACH_TYPE(none_fits)
{
	does_not_fit(type, 1, 0);
	does_not_fit(type, 3, 0);
}

TEST_EACH_TYPE(some_fit)
{
	does_not_fit(type, 2, 1);
	does_not_fit(type, 3, 1);
	does_not_fit(type, 3, 2);
}

TEST_EACH_TYPE(all_fit_exactly)
{
	int pair[2], files[4];
	struct box b;

	start(type, pair, files);
	for (unsigned n = 1; n <= 3; n++) {
		CHECK_OK(send_text(pair[0], "fits", files, n));
		leave_free(n);
		CHECK_INT(box_recv(pair[1], &b, n), ==, 1);
		limit_fds(256);
		CHECK_INT(b.msg.nfds, ==, n);
		for (unsigned i = 0; i < n; i++)
			CHECK(same_file(b.fds[i], files[i]));
		ferry_close_all(b.fds, n);
	}
	finish(pair, files);
}

/* More than asked for and more than fit: nothing may stay open, whatever it is called. */
TEST_EACH_TYPE(too_many_and_no_room)
{
	int pair[2], files[4], r;
	struct fd_table *before;
	struct box b;

	start(type, pair, files);
	before = remember_fds();
	for (unsigned room = 0; room < 4; room++) {
		CHECK_OK(send_text(pair[0], "many", files, 4));
		leave_free(room);
		r = box_recv(pair[1], &b, 1);
		limit_fds(256);
		CHECK(r == -EMFILE || r == -EMSGSIZE);
	}
	CHECK_FDS(before);
	finish(pair, files);
}

/* The descriptor that was lost must not be taken for one that was never sent. */
TEST_EACH_TYPE(recv_fd_at_a_full_table)
{
	int pair[2], files[4], got;

	start(type, pair, files);
	CHECK_OK(ferry_send_fd(pair[0], files[0]));
	CHECK_OK(ferry_send_fd(pair[0], files[1]));
	leave_free(0);
	CHECK_FAILS(ferry_recv_fd(pair[1]), EMFILE);
	leave_free(1);
	got = CHECK_OK(ferry_recv_fd(pair[1]));
	CHECK(same_file(got, files[1]));
	close(got);
	finish(pair, files);
}

/* A message without descriptors needs no number. */
TEST_EACH_TYPE(data_at_a_full_table)
{
	int pair[2], files[4];

	start(type, pair, files);
	leave_free(0);
	CHECK_OK(send_text(pair[0], "data", NULL, 0));
	CHECK_TEXT(pair[1], "data");
	finish(pair, files);
}

TEST_EACH_TYPE(sending_needs_no_number)
{
	int pair[2], files[4];

	start(type, pair, files);
	leave_free(0);
	CHECK_OK(send_text(pair[0], "four", files, 4));
	limit_fds(256);
	{
		struct box b;

		CHECK_INT(box_recv(pair[1], &b, 4), ==, 1);
		CHECK_INT(b.msg.nfds, ==, 4);
		ferry_close_all(b.fds, 4);
	}
	finish(pair, files);
}

static int room_first(int sock, struct box *b, size_t max_fds, uint32_t flags)
{
	box_new(b, max_fds);
	b->msg.flags = FERRY_ROOM_FIRST | flags;
	return ferry_recv(sock, &b->msg, sizeof(b->msg));
}

TEST_EACH_TYPE(room_first_reads_nothing)
{
	int pair[2], files[4];
	struct fd_table *before;
	struct box b;

	start(type, pair, files);
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "kept", files, 3));
	for (unsigned room = 0; room < 3; room++) {
		leave_free(room);
		CHECK_FAILS(room_first(pair[1], &b, 3, 0), ENOSPC);
		CHECK(b.msg.why != NULL);
		CHECK_INT(b.msg.len, ==, 0);
		CHECK_INT(b.msg.nfds, ==, 0);
		box_check(&b);
		CHECK_FAILS(room_first(pair[1], &b, 3, FERRY_NOWAIT), ENOSPC);
	}
	limit_fds(256);
	CHECK_FDS(before);
	CHECK_INT(room_first(pair[1], &b, 3, 0), ==, 1);
	CHECK_MEM(b.data, "kept", 4);
	CHECK_INT(b.msg.nfds, ==, 3);
	for (int i = 0; i < 3; i++)
		CHECK(same_file(b.fds[i], files[i]));
	ferry_close_all(b.fds, 3);
	finish(pair, files);
}

/* max_fds numbers are free, and that is what was asked. */
TEST_EACH_TYPE(room_first_exactly)
{
	int pair[2], files[4];
	struct box b;

	start(type, pair, files);
	for (unsigned n = 1; n <= 3; n++) {
		CHECK_OK(send_text(pair[0], "fits", files, n));
		leave_free(n);
		CHECK_INT(room_first(pair[1], &b, n, 0), ==, 1);
		limit_fds(256);
		CHECK_INT(b.msg.nfds, ==, n);
		ferry_close_all(b.fds, n);
	}
	finish(pair, files);
}

/* The same in a process without the harness's own descriptors, which lie above the limit: there is the
 * number of open ones all that counts. */
static void count_exactly(void *arg)
{
	int pair[2], files[4];
	struct box b;

	(void)arg;
	for (int fd = 100; fd < 1024; fd++)
		close(fd);
	start(SOCK_SEQPACKET, pair, files);
	for (unsigned n = 1; n <= 3; n++) {
		CHECK_OK(send_text(pair[0], "x", files, n));
		leave_free(n - 1);
		CHECK_FAILS(room_first(pair[1], &b, n, 0), ENOSPC);
		leave_free(n);
		CHECK_INT(room_first(pair[1], &b, n, 0), ==, 1);
		limit_fds(256);
		CHECK_INT(b.msg.nfds, ==, n);
		ferry_close_all(b.fds, n);
	}
}

TEST(room_first_by_count)
{
	join_child(in_child(count_exactly, NULL));
}

/* Numbers above a limit that was lowered later are open, and yet take no room below it. */
TEST_EACH_TYPE(room_first_below_a_lowered_limit)
{
	int pair[2], files[4], high[10];
	struct box b;

	start(type, pair, files);
	for (int i = 0; i < 10; i++)
		high[i] = CHECK_OK(fcntl(files[0], F_DUPFD_CLOEXEC, 150));
	CHECK_OK(send_text(pair[0], "below", files, 2));
	limit_fds(9 + 2);
	CHECK_INT(room_first(pair[1], &b, 2, 0), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 2);
	ferry_close_all(b.fds, 2);
	limit_fds(9 + 1);
	CHECK_OK(send_text(pair[0], "below", files, 2));
	CHECK_FAILS(room_first(pair[1], &b, 2, 0), ENOSPC);
	limit_fds(256);
	CHECK_INT(room_first(pair[1], &b, 2, 0), ==, 1);
	ferry_close_all(b.fds, 2);
	ferry_close_all(high, 10);
	finish(pair, files);
}

/* More room than a message can need is not asked for. */
TEST(room_first_with_many_slots)
{
	int pair[2], files[4];
	struct box b;

	start(SOCK_SEQPACKET, pair, files);
	CHECK_OK(send_text(pair[0], "x", files, 1));
	leave_free(FERRY_MAX_FDS);
	CHECK_INT(room_first(pair[1], &b, 299, 0), ==, 1);
	ferry_close_all(b.fds, 1);
	CHECK_OK(send_text(pair[0], "x", files, 1));
	leave_free(FERRY_MAX_FDS - 1);
	CHECK_FAILS(room_first(pair[1], &b, 299, 0), ENOSPC);
	limit_fds(256);
	CHECK_FILE(pair[1], "x", files[0]);
	finish(pair, files);
}

TEST(room_first_of_a_bad_socket)
{
	struct box b;

	CHECK_FAILS(room_first(99, &b, 1, 0), EBADF);
	leave_free(0);
	CHECK_FAILS(room_first(99, &b, 1, 0), EBADF);
	limit_fds(256);
}

/* Low numbers are free, but none above: what comes cannot be moved away from them. */
TEST_EACH_TYPE(only_low_numbers_free)
{
	int pair[2], files[4], r, after, saved;
	struct box b;

	start(type, pair, files);
	CHECK_OK(send_text(pair[0], "low", files, 1));
	saved = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 3));
	leave_free(0);
	close(0);
	box_new(&b, 1);
	r = ferry_recv(pair[1], &b.msg, sizeof(b.msg));
	after = fcntl(0, F_GETFD);
	CHECK_INT(dup2(saved, 0), ==, 0);
	close(saved);
	CHECK_INT(after, ==, -1);
	CHECK_INT(r, ==, -EMFILE);
	CHECK_INT(b.fds[0], ==, -1);
	finish(pair, files);
}
