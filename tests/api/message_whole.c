/* SPDX-License-Identifier: MIT
 *
 * message_whole.c - tests: a message that does not fit what was asked for leaves nothing open.
 */
#include "api.h"

/* The write ends of pipes are what is sent: a read end sees when no copy is left anywhere. */
struct cargo {
	int read_ends[5], write_ends[5];
	int pair[2];
};

static void load(struct cargo *c, int type)
{
	CHECK_OK(ferry_pair(c->pair, type, 0));
	for (int i = 0; i < 5; i++)
		c->read_ends[i] = new_pipe(&c->write_ends[i]);
}

static void unload(struct cargo *c)
{
	ferry_close_all(c->write_ends, 5);
	for (int i = 0; i < 5; i++)
		CHECK(pipe_ended(c->read_ends[i]));
	ferry_close_all(c->read_ends, 5);
	close_pair(c->pair);
}

/* After a failure: the same descriptors are open as before, and the next message is whole. */
static void next_is_whole(struct cargo *c, struct fd_table *before)
{
	CHECK_FDS(before);
	CHECK_OK(send_text(c->pair[0], "next", &c->write_ends[4], 1));
	CHECK_FILE(c->pair[1], "next", c->write_ends[4]);
	unload(c);
}

static void check_refused(const struct box *b, int r, int error)
{
	CHECK_ERR(r, error);
	CHECK_INT(errno, ==, error);
	CHECK(b->msg.why != NULL);
	CHECK(strcmp(b->msg.why, "from before") != 0);
	CHECK_INT(b->msg.nfds, ==, 0);
	box_check(b);
}

TEST_EACH_TYPE(too_many_descriptors)
{
	struct cargo c;
	struct fd_table *before;
	struct box b;

	load(&c, type);
	before = remember_fds();
	for (size_t room = 0; room < 4; room++) {
		for (size_t n = room + 1; n <= 4; n++) {
			CHECK_OK(send_text(c.pair[0], "many", c.write_ends, n));
			check_refused(&b, box_recv(c.pair[1], &b, room), EMSGSIZE);
		}
	}
	next_is_whole(&c, before);
}

TEST_EACH_TYPE(far_too_many_descriptors)
{
	int pair[2], write_end, read_end = new_pipe(&write_end), all[FERRY_MAX_FDS];
	struct fd_table *before;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	for (size_t i = 0; i < FERRY_MAX_FDS; i++)
		all[i] = write_end;
	before = remember_fds();
	for (size_t room = 0; room < FERRY_MAX_FDS; room += 36) {
		CHECK_OK(send_text(pair[0], "x", all, FERRY_MAX_FDS));
		check_refused(&b, box_recv(pair[1], &b, room), EMSGSIZE);
	}
	CHECK_FDS(before);
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}

TEST_EACH_PACKET(too_much_data)
{
	struct cargo c;
	struct fd_table *before;
	struct box b;

	load(&c, type);
	before = remember_fds();
	for (size_t room = 0; room < 4; room++) {
		CHECK_OK(send_text(c.pair[0], "text", c.write_ends, 2));
		box_new(&b, 2);
		b.iov.iov_len = room;
		check_refused(&b, ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), EMSGSIZE);
		CHECK_MEM(b.data, "text", room);
		/* Both too much. */
		CHECK_OK(send_text(c.pair[0], "text", c.write_ends, 3));
		box_new(&b, 2);
		b.iov.iov_len = room;
		check_refused(&b, ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), EMSGSIZE);
	}
	CHECK_OK(send_text(c.pair[0], "text", c.write_ends, 1));
	box_new(&b, 1);
	b.msg.iov = NULL;
	b.msg.iovlen = 0;
	check_refused(&b, ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), EMSGSIZE);
	/* It fits exactly. */
	CHECK_OK(send_text(c.pair[0], "text", NULL, 0));
	box_new(&b, 0);
	b.iov.iov_len = 4;
	CHECK_INT(ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), ==, 1);
	CHECK_INT(b.msg.len, ==, 4);
	next_is_whole(&c, before);
}

/* What a stream's first read leaves is read later; the descriptors come with the first byte. */
TEST(stream_keeps_the_rest)
{
	struct cargo c;
	struct fd_table *before;
	struct box b;

	load(&c, SOCK_STREAM);
	before = remember_fds();
	CHECK_OK(send_text(c.pair[0], "text", c.write_ends, 2));
	box_new(&b, 2);
	b.iov.iov_len = 1;
	CHECK_INT(ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), ==, 1);
	CHECK_INT(b.msg.len, ==, 1);
	CHECK_INT(b.msg.nfds, ==, 2);
	CHECK(same_file(b.fds[0], c.write_ends[0]));
	CHECK(same_file(b.fds[1], c.write_ends[1]));
	ferry_close_all(b.fds, 2);
	CHECK_TEXT(c.pair[1], "ext");
	next_is_whole(&c, before);
}

TEST_EACH_TYPE(too_few_descriptors)
{
	struct cargo c;
	struct fd_table *before;
	struct box b;

	load(&c, type);
	before = remember_fds();
	for (size_t n = 0; n < 3; n++) {
		CHECK_OK(send_text(c.pair[0], "few", c.write_ends, n));
		box_new(&b, 4);
		b.msg.min_fds = 3;
		check_refused(&b, ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), ENOMSG);
	}
	for (size_t n = 3; n <= 4; n++) {
		CHECK_OK(send_text(c.pair[0], "enough", c.write_ends, n));
		box_new(&b, 4);
		b.msg.min_fds = 3;
		CHECK_INT(ferry_recv(c.pair[1], &b.msg, sizeof(b.msg)), ==, 1);
		CHECK_INT(b.msg.nfds, ==, n);
		ferry_close_all(b.fds, n);
	}
	next_is_whole(&c, before);
}

/* The standard ones away: what comes must not take their place. */
static int recv_without_standard(int sock, struct box *b, size_t max_fds, bool *ret_low_free)
{
	int aside[3], r;

	for (int i = 0; i < 3; i++) {
		aside[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
		close(i);
	}
	box_new(b, max_fds);
	r = ferry_recv(sock, &b->msg, sizeof(b->msg));
	*ret_low_free = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
	for (int i = 0; i < 3; i++) {
		dup2(aside[i], i);
		close(aside[i]);
	}
	return r;
}

TEST_EACH_TYPE(no_low_numbers)
{
	struct cargo c;
	struct box b;
	struct fd_table *before;
	bool low_free;

	load(&c, type);
	before = remember_fds();
	CHECK_OK(send_text(c.pair[0], "low", c.write_ends, 5));
	CHECK_INT(recv_without_standard(c.pair[1], &b, 5, &low_free), ==, 1);
	CHECK(low_free);
	CHECK_INT(b.msg.nfds, ==, 5);
	box_check(&b);
	for (int i = 0; i < 5; i++)
		CHECK(same_file(b.fds[i], c.write_ends[i]));
	ferry_close_all(b.fds, 5);
	CHECK_OK(send_text(c.pair[0], "low", c.write_ends, 5));
	CHECK_INT(recv_without_standard(c.pair[1], &b, 4, &low_free), ==, -EMSGSIZE);
	CHECK(low_free);
	next_is_whole(&c, before);
}

/* What a peer that has gone had sent before comes first, then what became of it. */
TEST(queued_before_a_reset)
{
	struct cargo c;
	struct box b;
	int r;

	load(&c, SOCK_SEQPACKET);
	CHECK_OK(send_text(c.pair[0], "one", c.write_ends, 1));
	CHECK_OK(send_text(c.pair[0], "two", c.write_ends + 1, 1));
	/* It leaves with something unread: ECONNRESET, which seqpacket puts in front. */
	CHECK_OK(send_text(c.pair[1], "unread", NULL, 0));
	close(c.pair[0]);
	CHECK_FILE(c.pair[1], "one", c.write_ends[0]);
	CHECK_FILE(c.pair[1], "two", c.write_ends[1]);
	r = box_recv(c.pair[1], &b, 1);
	CHECK(r == 0 || r == -ECONNRESET);
	CHECK_INT(box_recv(c.pair[1], &b, 1), ==, 0);
	c.pair[0] = new_file(); /* for unload to close */
	unload(&c);
}

/* With nothing queued behind it, the reset is told once. */
TEST_EACH_CONNECTED(reset)
{
	int pair[2], r;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[1], "unread", NULL, 0));
	if (type == SOCK_STREAM)
		CHECK_OK(send_text(pair[0], "data", NULL, 0));
	close(pair[0]);
	if (type == SOCK_STREAM)
		CHECK_TEXT(pair[1], "data");
	r = box_recv(pair[1], &b, 1);
	CHECK_INT(r, ==, -ECONNRESET);
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 0);
	close(pair[1]);
}

/* An empty message behind a reset is a message. */
TEST(empty_message_before_a_reset)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	CHECK_OK(send_text(pair[0], "", NULL, 0));
	CHECK_OK(send_text(pair[0], "last", NULL, 0));
	CHECK_OK(send_text(pair[1], "unread", NULL, 0));
	close(pair[0]);
	CHECK_TEXT(pair[1], "");
	CHECK_TEXT(pair[1], "last");
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 0);
	close(pair[1]);
}
