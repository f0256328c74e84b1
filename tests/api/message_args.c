/* SPDX-License-Identifier: MIT
 *
 * message_args.c - tests: a call that asks for something impossible does nothing, and says so.
 */
#include "api.h"

#include <limits.h>
#include <sys/syscall.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/* A struct of a newer header: what is behind today's must be zero. */
struct newer {
	struct ferry_msg msg;
	unsigned char more[24];
};

/* What is queued is still there, with its descriptor, and nothing else. */
static void still_there(int pair[2], int file)
{
	CHECK_FILE(pair[1], "kept", file);
	check_empty(pair[1]);
	close_pair(pair);
	close(file);
}

static void queue(int pair[2], int type, int *ret_file)
{
	*ret_file = new_file();
	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "kept", ret_file, 1));
}

TEST_EACH_TYPE(size_of_the_struct)
{
	int pair[2], file;
	struct newer n = {.msg = {.timeout_ms = 1}};
	struct box b;

	queue(pair, type, &file);
	box_new(&b, 1);
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg) - 1), EINVAL);
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, 0), EINVAL);
	CHECK_FAILS(ferry_recv(pair[1], NULL, sizeof(b.msg)), EINVAL);
	CHECK_FAILS(ferry_send(pair[0], &n.msg, sizeof(n.msg) - 1), EINVAL);
	CHECK_FAILS(ferry_send(pair[0], &n.msg, 0), EINVAL);
	CHECK_FAILS(ferry_send(pair[0], NULL, sizeof(n.msg)), EINVAL);
	n.msg.iov = &b.iov;
	n.msg.iovlen = 1;
	for (size_t i = 0; i < sizeof(n.more); i++) {
		n.more[i] = 1;
		CHECK_FAILS(ferry_recv(pair[1], &n.msg, sizeof(n)), E2BIG);
		CHECK_FAILS(ferry_send(pair[0], &n.msg, sizeof(n)), E2BIG);
		n.more[i] = 0;
	}
	still_there(pair, file);
}

TEST_EACH_TYPE(newer_struct_that_asks_for_nothing_new)
{
	int pair[2], file = new_file();
	struct box b;
	struct newer n = {.msg = {.iov = &b.iov, .iovlen = 1, .fds = &file, .nfds = 1}};

	CHECK_OK(ferry_pair(pair, type, 0));
	box_new(&b, 0);
	strcpy(b.data, "new");
	b.iov.iov_len = 3;
	CHECK_INT(ferry_send(pair[0], &n.msg, sizeof(n)), ==, 0);
	box_new(&b, 1);
	n.msg = b.msg;
	n.msg.iov = &b.iov;
	CHECK_INT(ferry_recv(pair[1], &n.msg, sizeof(n)), ==, 1);
	CHECK_MEM(b.data, "new", 3);
	CHECK(same_file(b.fds[0], file));
	close(b.fds[0]);
	close(file);
	close_pair(pair);
}

TEST_EACH_TYPE(bad_receives)
{
	int pair[2], file;
	struct box b;
	char from[FERRY_ADDR_SIZE];
	struct ferry_msg bad[10];

	queue(pair, type, &file);
	for (size_t i = 0; i < 10; i++)
		bad[i] = *box_new(&b, 1);
	bad[0].flags = FERRY_CREDS; /* for a socket, not for a message */
	bad[1].flags = 1u << 31 | FERRY_NOWAIT;
	bad[2].timeout_ms = -1;
	bad[3].timeout_ms = INT_MIN;
	bad[3].flags = FERRY_NOWAIT;
	bad[4].min_fds = 2;
	bad[5].fds = NULL;
	bad[6].iov = NULL;
	bad[7].from = from;
	bad[7].from_size = FERRY_ADDR_SIZE - 1;
	bad[8].from = from;
	bad[9].max_fds = bad[9].min_fds = FERRY_MAX_FDS + 1;
	for (size_t i = 0; i < 10; i++) {
		CHECK_FAILS(ferry_recv(pair[1], &bad[i], sizeof(bad[i])), EINVAL);
		CHECK(bad[i].why != NULL);
		CHECK_INT(bad[i].len, ==, 0);
	}
	still_there(pair, file);
}

/* It would give the descriptors and leave the bytes that they came with. */
TEST(no_room_for_data_on_a_stream)
{
	int pair[2], file;
	struct box b;

	queue(pair, SOCK_STREAM, &file);
	box_new(&b, 1);
	b.iov.iov_len = 0;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EINVAL);
	CHECK(b.msg.why != NULL);
	b.msg.iovlen = 0;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EINVAL);
	still_there(pair, file);
}

/* Whoever closes what nfds says, after whatever result, must not close anything twice. */
TEST(bad_receive_gives_nothing)
{
	int pair[2], file;
	struct box b;

	queue(pair, SOCK_SEQPACKET, &file);
	box_new(&b, 1);
	b.msg.nfds = 1;
	b.msg.timeout_ms = -1;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EINVAL);
	CHECK_INT(b.msg.nfds, ==, 0);
	box_new(&b, 1);
	b.msg.nfds = 1;
	b.msg.flags = 1u << 31;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EINVAL);
	CHECK_INT(b.msg.nfds, ==, 0);
	still_there(pair, file);
}

TEST_EACH_TYPE(bad_sends)
{
	int pair[2], file;
	char byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct ferry_msg bad[7];

	queue(pair, type, &file);
	for (size_t i = 0; i < 7; i++)
		bad[i] = (struct ferry_msg){
			.iov = &iov, .iovlen = 1, .fds = &file, .nfds = 1, .why = "old", .len = 7};
	bad[0].flags = FERRY_ROOM_FIRST;
	bad[1].flags = 1u << 31;
	bad[2].timeout_ms = -1;
	bad[3].timeout_ms = INT_MIN;
	bad[3].flags = FERRY_NOWAIT;
	bad[4].fds = NULL;
	bad[5].iov = NULL;
	bad[6].resume = 2;
	for (size_t i = 0; i < 7; i++) {
		CHECK_FAILS(ferry_send(pair[0], &bad[i], sizeof(bad[i])), EINVAL);
		CHECK(bad[i].why != NULL);
		CHECK(strcmp(bad[i].why, "old") != 0);
		if (i < 6)
			CHECK_INT(bad[i].len, ==, 0);
	}
	still_there(pair, file);
}

/* len > 0 says "goes on", and 0 would have the caller send the descriptors again. */
TEST(bad_resume_keeps_its_place)
{
	int pair[2], file;
	struct iovec iov = {.iov_base = "abcdef", .iov_len = 6};
	struct ferry_msg msg = {
		.iov = &iov, .iovlen = 1, .fds = &file, .nfds = 1, .resume = 4, .timeout_ms = -1};

	queue(pair, SOCK_STREAM, &file);
	CHECK_FAILS(ferry_send(pair[0], &msg, sizeof(msg)), EINVAL);
	CHECK_INT(msg.len, ==, 4);
	still_there(pair, file);
}

TEST_EACH_TYPE(one_bad_descriptor_among_good_ones)
{
	int pair[2], file, fds[3];

	queue(pair, type, &file);
	fds[0] = fds[2] = file;
	fds[1] = -1;
	CHECK_FAILS(send_text(pair[0], "bad", fds, 3), EBADF);
	fds[1] = 200;
	CHECK_FAILS(send_text(pair[0], "bad", fds, 3), EBADF);
	fds[1] = AT_FDCWD;
	CHECK_FAILS(send_text(pair[0], "bad", fds, 3), EBADF);
	still_there(pair, file);
}

TEST(bad_sockets)
{
	int write_end, read_end = new_pipe(&write_end), stream = plain_socket(SOCK_STREAM);
	int dgram = plain_socket(SOCK_DGRAM), seqpacket = plain_socket(SOCK_SEQPACKET);
	struct box b;
	struct fd_table *before = remember_fds();

	CHECK_FAILS(send_text(-1, "x", &read_end, 1), EBADF);
	CHECK_FAILS(send_text(99, "x", &read_end, 1), EBADF);
	CHECK_FAILS(send_text(read_end, "x", &read_end, 1), ENOTSOCK);
	CHECK_FAILS(send_text(stream, "x", &read_end, 1), ENOTCONN);
	CHECK_FAILS(send_text(dgram, "x", &read_end, 1), ENOTCONN);
	CHECK_FAILS(send_text(seqpacket, "x", &read_end, 1), ENOTCONN);
	CHECK_FAILS(box_recv(-1, &b, 1), EBADF);
	CHECK_FAILS(box_recv(99, &b, 1), EBADF);
	CHECK_FAILS(box_recv(read_end, &b, 1), ENOTSOCK);
	CHECK_FAILS(box_recv(stream, &b, 1), EINVAL);
	CHECK_FAILS(box_recv(seqpacket, &b, 1), ENOTCONN);
	CHECK_FAILS(ferry_recv_fd(-1), EBADF);
	CHECK_FAILS(ferry_send_fd(-1, read_end), EBADF);
	CHECK_FDS(before);
	close(read_end);
	close(write_end);
	close(stream);
	close(dgram);
	close(seqpacket);
}

/* More pieces than the kernel takes in one call (1024) must not cost the message that is queued. */
TEST_EACH_TYPE(very_many_pieces)
{
	static struct iovec iov[1100];
	int pair[2], file, slot = 5, r;
	struct ferry_msg msg = {.iov = iov, .iovlen = 1100, .fds = &slot, .max_fds = 1};
	char byte[1100];

	queue(pair, type, &file);
	for (size_t i = 0; i < 1100; i++)
		iov[i] = (struct iovec){.iov_base = &byte[i], .iov_len = 1};
	r = ferry_recv(pair[1], &msg, sizeof(msg));
	if (r == 1) {
		CHECK_MEM(byte, "kept", 4);
		CHECK(same_file(slot, file));
		close(slot);
		close_pair(pair);
		close(file);
		return;
	}
	/* -EMSGSIZE would say that the message was too large, and is consumed. */
	CHECK_INT(r, ==, -EINVAL);
	still_there(pair, file);
}

/* A page that nobody may touch.  What is queued is consumed but for a stream, and its descriptor closed. */
TEST_EACH_TYPE(memory_that_is_not_there)
{
	int pair[2], write_end, read_end = new_pipe(&write_end);
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ferry_msg out = {.iovlen = 1, .fds = &write_end, .nfds = 1};
	struct iovec nowhere = {.iov_base = page, .iov_len = 4};
	struct box b;

	CHECK(page != MAP_FAILED);
	CHECK_OK(ferry_pair(pair, type, 0));
	out.iov = &nowhere;
	CHECK_FAILS(ferry_send(pair[0], &out, sizeof(out)), EFAULT);
	CHECK_INT(out.len, ==, 0);
	check_empty(pair[1]);
	CHECK_OK(send_text(pair[0], "text", &write_end, 1));
	close(write_end);
	box_new(&b, 1);
	b.iov = nowhere;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EFAULT);
	box_check(&b);
	CHECK_INT(b.msg.nfds, ==, 0);
	CHECK(pipe_ended(read_end) == (type != SOCK_STREAM));
	if (type == SOCK_STREAM) {
		CHECK_INT(box_recv(pair[1], &b, 1), ==, 1);
		CHECK_STR(b.data, "text");
		ferry_close_all(b.fds, b.msg.nfds);
		CHECK(pipe_ended(read_end));
	}
	check_empty(pair[1]);
	close(read_end);
	close_pair(pair);
	CHECK_OK(munmap(page, 4096));
}

/* io_uring's: in a queue it could hold itself. */
TEST_EACH_TYPE(a_descriptor_that_cannot_be_sent)
{
	unsigned char parameters[120] = {0}; /* struct io_uring_params */
	int pair[2], ring = (int)syscall(SYS_io_uring_setup, 1, parameters), r, err;

	if (ring < 0)
		SKIP("io_uring_setup: %s", strerror(errno));
	CHECK_OK(ferry_pair(pair, type, 0));
	errno = 0;
	r = send_text(pair[0], "x", &ring, 1);
	err = errno;
	close(ring);
	if (r < 0)
		check_empty(pair[1]);
	close_pair(pair);
	if (r == 0)
		SKIP("this kernel sends io_uring's descriptors");
	CHECK_INT(r, ==, -EINVAL);
	CHECK_INT(err, ==, EINVAL);
}
