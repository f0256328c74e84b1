/* SPDX-License-Identifier: MIT
 *
 * message_stream.c - tests: a large message on a stream leaves in parts, its descriptors once.
 */
#include "api.h"

#define LARGE (1024 * 1024)

/* The byte at each place; a wrong resume shifts them. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

static unsigned char *large(void)
{
	unsigned char *data = malloc(LARGE);

	CHECK(data != NULL);
	for (size_t i = 0; i < LARGE; i++)
		data[i] = pattern(i);
	return data;
}

struct reader {
	int sock;
	bool slow;
	size_t fds;
};

/* Until all is there: each byte in its place, and so many descriptors in all, with the first one. */
static void read_all(void *arg)
{
	const struct reader *r = arg;
	static unsigned char bytes[30011];
	size_t at = 0, fds = 0;

	while (at < LARGE) {
		struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
		int slots[10];
		struct ferry_msg msg = {
			.iov = &iov, .iovlen = 1, .fds = slots, .max_fds = 10, .timeout_ms = 9000};

		CHECK_INT(ferry_recv(r->sock, &msg, sizeof(msg)), ==, 1);
		for (size_t i = 0; i < msg.len; i++)
			CHECK_INT(bytes[i], ==, pattern(at + i));
		if (at > 0)
			CHECK_INT(msg.nfds, ==, 0);
		at += msg.len;
		fds += msg.nfds;
		ferry_close_all(slots, msg.nfds);
		if (r->slow)
			poll(NULL, 0, 2);
	}
	CHECK_INT(at, ==, LARGE);
	CHECK_INT(fds, ==, r->fds);
	{
		struct box b;

		box_new(&b, 1);
		b.msg.flags = FERRY_NOWAIT;
		CHECK_INT(ferry_recv(r->sock, &b.msg, sizeof(b.msg)), ==, -EAGAIN);
	}
}

/* In pieces of growing sizes, many more than one call's worth of what is left. */
static size_t pieces(unsigned char *data, struct iovec iov[100])
{
	size_t at = 0, n = 0;

	for (; n < 99; n++) {
		size_t len = n * 100 < LARGE - at ? n * 100 : LARGE - at;

		iov[n] = (struct iovec){.iov_base = data + at, .iov_len = len};
		at += len;
	}
	iov[n++] = (struct iovec){.iov_base = data + at, .iov_len = LARGE - at};
	return n;
}

static void send_all(bool slow, bool gathered, int timeout_ms)
{
	int pair[2], files[3] = {new_file(), new_file(), new_file()};
	unsigned char *data = large();
	struct iovec iov[100] = {{.iov_base = data, .iov_len = LARGE}};
	struct ferry_msg msg = {.iov = iov,
				.iovlen = gathered ? pieces(data, iov) : 1,
				.fds = files,
				.nfds = 3,
				.timeout_ms = timeout_ms};
	struct reader r = {.slow = slow, .fds = 3};
	pid_t pid;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	r.sock = pair[1];
	pid = in_child(read_all, &r);
	CHECK_INT(ferry_send(pair[0], &msg, sizeof(msg)), ==, 0);
	CHECK_INT(msg.len, ==, LARGE);
	CHECK(msg.why == NULL);
	join_child(pid);
	free(data);
	close_pair(pair);
	ferry_close_all(files, 3);
}

TEST(to_a_fast_reader)
{
	send_all(false, false, 0);
	send_all(false, true, 60000);
}

TEST(to_a_slow_reader)
{
	send_all(true, false, 60000);
	send_all(true, true, 0);
}

/* Each time that it is full: what has left has left, with all descriptors, and the same call again
 * sends the rest. */
static void resume(bool gathered, uint32_t flags, int timeout_ms, int error)
{
	int pair[2], files[2] = {new_file(), new_file()}, r = 0, fails = 0;
	unsigned char *data = large();
	struct iovec iov[100] = {{.iov_base = data, .iov_len = LARGE}};
	struct ferry_msg msg = {.iov = iov,
				.iovlen = gathered ? pieces(data, iov) : 1,
				.fds = files,
				.nfds = 2,
				.flags = flags,
				.timeout_ms = timeout_ms};
	struct reader reader = {.slow = false, .fds = 2};
	size_t before = 0;
	pid_t pid;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), error);
	CHECK_INT(msg.len, >, 0);
	CHECK_INT(msg.len, <, LARGE);
	CHECK(msg.why != NULL);
	/* And again with nothing read meanwhile: it stays where it is. */
	before = msg.resume = msg.len;
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), error);
	CHECK_INT(msg.len, >=, before);
	reader.sock = pair[1];
	pid = in_child(read_all, &reader);
	do {
		struct pollfd p = {.fd = pair[0], .events = POLLOUT};

		CHECK_INT(msg.len, >=, before);
		before = msg.resume = msg.len;
		CHECK_INT(poll(&p, 1, 9000), ==, 1);
		r = ferry_send(pair[0], &msg, sizeof(msg));
		if (r < 0)
			CHECK_INT(r, ==, -error);
	} while (r < 0 && ++fails < 100000);
	CHECK_INT(r, ==, 0);
	CHECK_INT(msg.len, ==, LARGE);
	join_child(pid);
	free(data);
	close_pair(pair);
	close_pair(files);
}

TEST(resume_without_waiting)
{
	resume(false, FERRY_NOWAIT, 0, EAGAIN);
}

TEST(resume_in_pieces)
{
	resume(true, FERRY_NOWAIT, 0, EAGAIN);
}

TEST(resume_after_timeout)
{
	resume(true, 0, 20, ETIMEDOUT);
}

TEST(resume_at_the_very_end)
{
	int pair[2], file = new_file();
	struct iovec iov = {.iov_base = "abc", .iov_len = 3};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = &file, .nfds = 1, .resume = 2};
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_INT(ferry_send(pair[0], &msg, sizeof(msg)), ==, 0);
	CHECK_INT(msg.len, ==, 3);
	CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
	CHECK_STR(b.data, "c");
	CHECK_INT(b.msg.nfds, ==, 0);
	msg.resume = 3;
	CHECK_INT(ferry_send(pair[0], &msg, sizeof(msg)), ==, 0);
	CHECK_INT(msg.len, ==, 3);
	check_empty(pair[1]);
	close_pair(pair);
	close(file);
}

/* The reader goes when a part has left. */
TEST(broken_in_the_middle)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);
	unsigned char *data = large();
	struct iovec iov = {.iov_base = data, .iov_len = LARGE};
	struct ferry_msg msg = {
		.iov = &iov, .iovlen = 1, .fds = &write_end, .nfds = 1, .flags = FERRY_NOWAIT};

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), EAGAIN);
	close(pair[1]);
	msg.resume = msg.len;
	CHECK_INT(ferry_send(pair[0], &msg, sizeof(msg)), <, 0);
	CHECK_INT(msg.len, ==, msg.resume);
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), EPIPE);
	CHECK_INT(msg.len, ==, msg.resume);
	free(data);
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close(pair[0]);
}

/* The other types send all or nothing. */
static void too_large(int type)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);
	unsigned char *data = large();
	struct iovec iov = {.iov_base = data, .iov_len = LARGE};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = &write_end, .nfds = 1};

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), EMSGSIZE);
	CHECK_INT(msg.len, ==, 0);
	CHECK(msg.why != NULL);
	check_empty(pair[1]);
	msg.resume = 1;
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), EINVAL);
	check_empty(pair[1]);
	free(data);
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}

TEST(larger_than_the_send_buffer)
{
	too_large(SOCK_DGRAM);
	too_large(SOCK_SEQPACKET);
}
