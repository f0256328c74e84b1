/* SPDX-License-Identifier: MIT
 *
 * partial.c - tests: delivery of what is left of a message, and why the rest is missing; the budget.
 *
 * The test program has a recvmsg(2) of its own, which the static library calls: it asks the kernel and
 * then takes descriptors away as Linux 7.3 does with SO_RIGHTS_NOTRUNC.
 */
#pragma GCC diagnostic ignored "-Wsign-conversion" /* musl's CMSG_NXTHDR */
#include "trust.h"

/* Bit i: the descriptor in slot i is withheld, and -error is in its slot. */
static unsigned withheld;
static int error_in_slot = EPERM;

ssize_t recvmsg(int sock, struct msghdr *h, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, sock, h, flags);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(h);

	if (withheld == 0)
		return n;
	while (c != NULL && (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS))
		c = CMSG_NXTHDR(h, c);
	for (size_t i = 0; c != NULL && CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++) {
		int fd, err = -error_in_slot;

		if ((withheld & 1u << i) == 0)
			continue;
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		close(fd);
		memcpy(CMSG_DATA(c) + i * sizeof(int), &err, sizeof(err));
	}
	return n;
}

#define MOST 5
struct partial {
	struct box b;
	int err[MOST + 1];
};

static int partial_recv(int sock, struct partial *p, size_t max_fds, size_t min_fds)
{
	struct ferry_msg *msg = box_new(&p->b, max_fds);
	int r, err;

	for (size_t i = 0; i <= MOST; i++)
		p->err[i] = UNTOUCHED;
	msg->err = p->err;
	msg->min_fds = min_fds;
	msg->lost = 77;
	r = ferry_recv(sock, msg, sizeof(*msg));
	err = errno;
	p->b.data[msg->len] = '\0';
	CHECK_INT(p->err[max_fds], ==, UNTOUCHED);
	for (size_t i = msg->nfds; i < max_fds; i++)
		CHECK_INT(p->b.fds[i], ==, -1);
	errno = err;
	return r;
}

static void start(int type, int pair[2], int files[MOST])
{
	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < MOST; i++)
		files[i] = new_file();
}

static void finish(int pair[2], int files[MOST])
{
	ferry_close_all(files, MOST);
	close_pair(pair);
}

TEST_EACH_TYPE(nothing_is_missing)
{
	int pair[2], files[MOST];
	struct partial p;

	start(type, pair, files);
	CHECK_OK(send_text(pair[0], "whole", files, 3));
	CHECK_INT(partial_recv(pair[1], &p, MOST, 0), ==, 1);
	CHECK_STR(p.b.data, "whole");
	CHECK_INT(p.b.msg.nfds, ==, 3);
	CHECK_INT(p.b.msg.lost, ==, 0);
	box_check(&p.b);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(p.err[i], ==, 0);
		CHECK(same_file(p.b.fds[i], files[i]));
	}
	ferry_close_all(p.b.fds, 3);
	finish(pair, files);
}

/* A full table: what fits is a prefix, and of the rest it is said why. */
TEST_EACH_TYPE(room_for_some)
{
	int pair[2], files[MOST];
	struct fd_table *before;
	struct partial p;

	start(type, pair, files);
	before = remember_fds();
	for (unsigned room = 0; room < MOST; room++) {
		CHECK_OK(send_text(pair[0], "some", files, MOST));
		limit_fds((unsigned)open_fds() + room);
		CHECK_INT(partial_recv(pair[1], &p, MOST, 0), ==, 1);
		limit_fds(256);
		CHECK_STR(p.b.data, "some");
		CHECK_INT(p.b.msg.nfds, ==, room);
		CHECK_INT(p.b.msg.lost, ==, EMFILE);
		CHECK(p.b.msg.why == NULL);
		for (unsigned i = 0; i < room; i++) {
			CHECK_INT(p.err[i], ==, 0);
			CHECK(same_file(p.b.fds[i], files[i]));
			CHECK(is_cloexec(p.b.fds[i]));
		}
		ferry_close_all(p.b.fds, room);
	}
	CHECK_FDS(before);
	check_empty(pair[1]);
	finish(pair, files);
}

/* min_fds counts what is really there. */
TEST_EACH_TYPE(too_few_are_left)
{
	int pair[2], files[MOST];
	struct fd_table *before;
	struct partial p;

	start(type, pair, files);
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "few", files, MOST));
	limit_fds((unsigned)open_fds() + 2);
	CHECK_FAILS(partial_recv(pair[1], &p, MOST, 3), ENOMSG);
	limit_fds(256);
	box_check(&p.b);
	CHECK_INT(p.b.msg.nfds, ==, 0);
	CHECK(p.b.msg.why != NULL);
	CHECK_FDS(before);
	CHECK_OK(send_text(pair[0], "few", files, MOST));
	withheld = 1u << 0 | 1u << 3 | 1u << 4;
	CHECK_FAILS(partial_recv(pair[1], &p, MOST, 3), ENOMSG);
	CHECK_OK(send_text(pair[0], "enough", files, MOST));
	CHECK_INT(partial_recv(pair[1], &p, MOST, 2), ==, 1);
	ferry_close_all(p.b.fds, MOST);
	withheld = 0;
	finish(pair, files);
}

TEST_EACH_TYPE(surplus_is_refused_all_the_same)
{
	int pair[2], files[MOST];
	struct fd_table *before;
	struct partial p;

	start(type, pair, files);
	before = remember_fds();
	CHECK_OK(send_text(pair[0], "many", files, 3));
	CHECK_FAILS(partial_recv(pair[1], &p, 2, 0), EMSGSIZE);
	CHECK_INT(p.b.msg.nfds, ==, 0);
	CHECK_FDS(before);
	CHECK_OK(send_text(pair[0], "one", files, 1));
	CHECK_INT(partial_recv(pair[1], &p, 2, 0), ==, 1);
	close(p.b.fds[0]);
	finish(pair, files);
}

TEST_EACH_PACKET(cut_data_is_refused_all_the_same)
{
	int pair[2], files[MOST];
	struct fd_table *before;
	char long_text[100];
	struct partial p;

	start(type, pair, files);
	before = remember_fds();
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	CHECK_OK(send_text(pair[0], long_text, files, 2));
	CHECK_FAILS(partial_recv(pair[1], &p, MOST, 0), EMSGSIZE);
	CHECK_FDS(before);
	finish(pair, files);
}

/* Slots {fd, -EPERM, fd}, without MSG_CTRUNC. */
TEST_EACH_TYPE(one_withheld_strict)
{
	int pair[2], files[MOST], write_end, read_end = new_pipe(&write_end);
	struct fd_table *before;
	struct box b;

	start(type, pair, files);
	for (unsigned slot = 0; slot < 3; slot++) {
		before = remember_fds();
		CHECK_OK(send_text(pair[0], "held", files, 3));
		withheld = 1u << slot;
		CHECK_FAILS(box_recv(pair[1], &b, MOST), EBADMSG);
		withheld = 0;
		CHECK(b.msg.why != NULL);
		CHECK_FDS(before);
	}
	/* The others are closed and not only out of sight. */
	CHECK_OK(send_text(pair[0], "held", (int[]){write_end, files[0], write_end}, 3));
	close(write_end);
	withheld = 1u << 1;
	CHECK_FAILS(box_recv(pair[1], &b, MOST), EBADMSG);
	withheld = 0;
	CHECK(pipe_ended(read_end));
	close(read_end);
	CHECK_OK(send_text(pair[0], "next", files, 1));
	CHECK_FILE(pair[1], "next", files[0]);
	finish(pair, files);
}

TEST_EACH_TYPE(one_withheld_partial)
{
	int pair[2], files[MOST];
	struct partial p;

	start(type, pair, files);
	CHECK_OK(send_text(pair[0], "held", files, 3));
	withheld = 1u << 1;
	CHECK_INT(partial_recv(pair[1], &p, MOST, 0), ==, 1);
	withheld = 0;
	CHECK_STR(p.b.data, "held");
	CHECK_INT(p.b.msg.nfds, ==, 3);
	CHECK_INT(p.b.msg.lost, ==, 0);
	CHECK_INT(p.err[0], ==, 0);
	CHECK_INT(p.err[1], ==, EPERM);
	CHECK_INT(p.err[2], ==, 0);
	CHECK(same_file(p.b.fds[0], files[0]));
	CHECK_INT(p.b.fds[1], ==, -1);
	CHECK(same_file(p.b.fds[2], files[2]));
	ferry_close_all(p.b.fds, 3);
	finish(pair, files);
}

/* -EACCES is -13 and not -1; and a message may lose all that it had. */
TEST_EACH_TYPE(all_withheld)
{
	int pair[2], files[MOST];
	struct partial p;

	start(type, pair, files);
	CHECK_OK(send_text(pair[0], "all", files, 2));
	withheld = 3;
	error_in_slot = EACCES;
	CHECK_INT(partial_recv(pair[1], &p, MOST, 0), ==, 1);
	CHECK_INT(p.b.msg.nfds, ==, 2);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(p.err[i], ==, EACCES);
		CHECK_INT(p.b.fds[i], ==, -1);
	}
	CHECK_OK(send_text(pair[0], "all", files, 2));
	CHECK_FAILS(box_recv(pair[1], &p.b, MOST), EBADMSG);
	withheld = 0;
	error_in_slot = EPERM;
	finish(pair, files);
}

/* What is withheld is expected to be nothing; what is there is looked at. */
TEST(withheld_and_expected)
{
	const struct ferry_expect memfds = {.kinds = FERRY_IS_MEMFD};
	const struct ferry_expect sockets = {.kinds = FERRY_IS_SOCKET};
	int pair[2], files[MOST];
	struct partial p;

	start(SOCK_SEQPACKET, pair, files);
	withheld = 1u << 0;
	for (int i = 0; i < 2; i++) {
		struct ferry_msg *msg = box_new(&p.b, MOST);

		msg->err = p.err;
		msg->expect = i == 0 ? &memfds : &sockets;
		msg->expect_size = sizeof(memfds);
		CHECK_OK(send_text(pair[0], "two", files, 2));
		if (i == 0) {
			CHECK_INT(ferry_recv(pair[1], msg, sizeof(*msg)), ==, 1);
			CHECK_INT(msg->nfds, ==, 2);
			ferry_close_all(p.b.fds, 2);
		} else {
			CHECK_FAILS(ferry_recv(pair[1], msg, sizeof(*msg)), EBADFD);
			CHECK_INT(msg->why_slot, ==, 1);
		}
	}
	withheld = 0;
	finish(pair, files);
}

static int budget_recv(int sock, struct box *b, size_t *budget)
{
	box_new(b, MOST);
	b->msg.budget = budget;
	return ferry_recv(sock, &b->msg, sizeof(b->msg));
}

TEST_EACH_TYPE(a_budget_counts_down)
{
	int pair[2], files[MOST];
	struct fd_table *before;
	size_t budget = 6;
	struct box b;

	start(type, pair, files);
	before = remember_fds();
	for (size_t left = 6; left > 0; left -= 3) {
		CHECK_OK(send_text(pair[0], "three", files, 3));
		CHECK_INT(budget_recv(pair[1], &b, &budget), ==, 1);
		CHECK_INT(b.msg.nfds, ==, 3);
		CHECK_INT(budget, ==, left - 3);
		ferry_close_all(b.fds, 3);
	}
	/* At 0 data still comes, and nothing with a descriptor. */
	CHECK_OK(send_text(pair[0], "data", NULL, 0));
	CHECK_INT(budget_recv(pair[1], &b, &budget), ==, 1);
	CHECK_OK(send_text(pair[0], "one", files, 1));
	CHECK_FAILS(budget_recv(pair[1], &b, &budget), EDQUOT);
	CHECK(b.msg.why != NULL);
	CHECK_INT(b.msg.nfds, ==, 0);
	CHECK_INT(b.fds[0], ==, -1);
	CHECK_INT(budget, ==, 0);
	CHECK_FDS(before);
	finish(pair, files);
}

/* A message that is refused, for this or another reason, is not counted. */
TEST_EACH_TYPE(a_refused_message_costs_nothing)
{
	int pair[2], files[MOST], write_end, read_end = new_pipe(&write_end);
	size_t budget = 2;
	struct box b;

	start(type, pair, files);
	CHECK_OK(send_text(pair[0], "over", (int[]){write_end, write_end, write_end}, 3));
	close(write_end);
	CHECK_FAILS(budget_recv(pair[1], &b, &budget), EDQUOT);
	CHECK(pipe_ended(read_end));
	CHECK_INT(budget, ==, 2);
	CHECK_OK(send_text(pair[0], "few", files, 1));
	box_new(&b, MOST);
	b.msg.budget = &budget;
	b.msg.min_fds = 2;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ENOMSG);
	CHECK_INT(budget, ==, 2);
	CHECK_OK(send_text(pair[0], "two", files, 2));
	CHECK_INT(budget_recv(pair[1], &b, &budget), ==, 1);
	CHECK_INT(budget, ==, 0);
	ferry_close_all(b.fds, 2);
	close(read_end);
	finish(pair, files);
}
