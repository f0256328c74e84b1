/* SPDX-License-Identifier: MIT
 *
 * message_inflight.c - tests: the kernel's limit on descriptors that are sent and not yet received.
 *
 * It counts all of one user's, against RLIMIT_NOFILE, and root is exempt: so these become a user first,
 * and count nothing exactly, because that user may have others in flight.
 */
#include "api.h"

#define LIMIT 40

struct flight {
	int pair[2], file;
	int sent;
};

static int send_one(struct flight *f, uint32_t flags, int timeout_ms)
{
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = &f->file,
				.nfds = 1,
				.flags = flags,
				.timeout_ms = timeout_ms};
	int r = ferry_send(f->pair[0], &msg, sizeof(msg)), err = errno;

	CHECK_INT(msg.len, ==, r == 0 ? 1 : 0);
	CHECK((msg.why == NULL) == (r == 0));
	errno = err;
	return r;
}

/* To the limit. */
static void take_off(struct flight *f, int type)
{
	int r = 0;

	drop_root();
	CHECK_OK(ferry_pair(f->pair, type, 0));
	f->file = new_file();
	limit_fds(LIMIT);
	for (f->sent = 0; f->sent < 2 * LIMIT; f->sent++) {
		r = send_one(f, FERRY_NOWAIT, 0);
		if (r < 0)
			break;
	}
	if (r == 0)
		SKIP("this user is exempt from the limit");
	/* A queue holds many times more, so that -EAGAIN would be the wrong answer. */
	CHECK_INT(r, ==, -ETOOMANYREFS);
	CHECK_INT(f->sent, >, 0);
}

static void land(struct flight *f)
{
	for (int i = 0; i < f->sent; i++) {
		int fd = CHECK_OK(ferry_recv_fd(f->pair[1]));

		CHECK(same_file(fd, f->file));
		close(fd);
	}
	check_empty(f->pair[1]);
	close_pair(f->pair);
	close(f->file);
}

TEST_EACH_TYPE(limit_is_met)
{
	struct flight f;

	take_off(&f, type);
	CHECK_FAILS(send_one(&f, FERRY_NOWAIT, 0), ETOOMANYREFS);
	CHECK_FAILS(send_one(&f, 0, 20), ETOOMANYREFS);
	CHECK_FAILS(send_one(&f, FERRY_EINTR, 20), ETOOMANYREFS);
	/* Data without descriptors passes. */
	CHECK_OK(send_text(f.pair[1], "data", NULL, 0));
	CHECK_TEXT(f.pair[0], "data");
	land(&f);
}

TEST_EACH_TYPE(room_after_a_receive)
{
	struct flight f;
	int fd;

	take_off(&f, type);
	fd = CHECK_OK(ferry_recv_fd(f.pair[1]));
	close(fd);
	CHECK_INT(send_one(&f, FERRY_NOWAIT, 0), ==, 0);
	land(&f);
}

static void receive_later(void *arg)
{
	const struct flight *f = arg;
	int fd;

	poll(NULL, 0, 30);
	fd = CHECK_OK(ferry_recv_fd(f->pair[1]));
	close(fd);
}

static void waits(int type, int timeout_ms)
{
	struct flight f;
	pid_t pid;

	take_off(&f, type);
	pid = in_child(receive_later, &f);
	CHECK_INT(send_one(&f, 0, timeout_ms), ==, 0);
	join_child(pid);
	land(&f);
}

TEST_EACH_TYPE(waits_without_end)
{
	waits(type, 0);
}

TEST_EACH_TYPE(waits_with_timeout)
{
	waits(type, 60000);
}
