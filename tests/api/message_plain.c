/* SPDX-License-Identifier: MIT
 *
 * message_plain.c - tests: the other end is any program, and knows of no library.
 */
#include "api.h"

/* The tutorial's receiver: 512 bytes of data, room for one descriptor and no more. */
static ssize_t tutorial_recv(int sock, char data[static 512], int *ret_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = 512};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(sock, &h, MSG_DONTWAIT);
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	*ret_fd = -1;
	CHECK_OK((int)n);
	CHECK_INT(h.msg_flags & MSG_CTRUNC, ==, 0);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		CHECK_INT(c->cmsg_len, ==, CMSG_LEN(sizeof(int)));
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	}
	return n;
}

/* The sender of any tutorial; with data NULL the iovec is {NULL, 0}. */
static void tutorial_send(int sock, const char *data, const int *fds, size_t nfds, size_t blocks)
{
	union {
		struct cmsghdr align;
		char bytes[4 * CMSG_SPACE(4 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (char *)(uintptr_t)data,
			    .iov_len = data == NULL ? 0 : strlen(data)};
	size_t space = CMSG_SPACE(nfds * sizeof(int));
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes};

	h.msg_controllen = (__typeof__(h.msg_controllen))(blocks * space); /* musl's is 32 bits */
	for (size_t i = 0; i < blocks; i++) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)(control.bytes + i * space);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (__typeof__(c->cmsg_len))CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds + i * nfds, nfds * sizeof(int));
	}
	CHECK_INT(sendmsg(sock, &h, 0), ==, iov.iov_len);
}

/* One end ours, the other as its program made it. */
static void half_prepared(int type, int pair[2])
{
	plain_pair(type, pair);
	CHECK_OK(ferry_prepare(pair[0], 0));
}

TEST_EACH_TYPE(to_the_tutorial)
{
	int pair[2], file = new_file(), fd;
	char data[512];

	half_prepared(type, pair);
	CHECK_OK(send_text(pair[0], "hello", &file, 1));
	CHECK_INT(tutorial_recv(pair[1], data, &fd), ==, 5);
	CHECK_MEM(data, "hello", 5);
	CHECK(same_file(fd, file));
	close(fd);
	CHECK_OK(ferry_send_fd(pair[0], file));
	CHECK_INT(tutorial_recv(pair[1], data, &fd), ==, 1);
	CHECK_INT(data[0], ==, 0);
	CHECK(same_file(fd, file));
	close(fd);
	close_pair(pair);
	close(file);
}

/* An end of ours is inherited by, or passed to, a program that receives as the tutorial does: on
 * seqpacket its small buffer has no room for credentials beside the descriptor (ferry_bind.3). */
TEST_EACH_TYPE(our_pair_given_to_the_tutorial)
{
	int pair[2], file = new_file(), fd, off = 0;
	char data[512];

	CHECK_OK(ferry_pair(pair, type, 0));
	if (type == SOCK_SEQPACKET)
		CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)));
	CHECK_OK(send_text(pair[0], "hello", &file, 1));
	CHECK_INT(tutorial_recv(pair[1], data, &fd), ==, 5);
	CHECK(same_file(fd, file));
	close(fd);
	close_pair(pair);
	close(file);
}

TEST_EACH_TYPE(from_the_tutorial)
{
	int pair[2], files[3] = {new_file(), new_file(), new_file()}, fd;
	struct box b;

	half_prepared(type, pair);
	tutorial_send(pair[1], "hi", files, 1, 1);
	CHECK_FILE(pair[0], "hi", files[0]);
	tutorial_send(pair[1], "x", files + 1, 1, 1);
	fd = CHECK_OK(ferry_recv_fd(pair[0]));
	CHECK(same_file(fd, files[1]));
	close(fd);
	tutorial_send(pair[1], "three", files, 3, 1);
	CHECK_INT(box_recv(pair[0], &b, 3), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 3);
	for (int i = 0; i < 3; i++) {
		CHECK(same_file(b.fds[i], files[i]));
		close(b.fds[i]);
		close(files[i]);
	}
	close_pair(pair);
}

/* {NULL, 0}: no data at all. */
TEST_EACH_TYPE(from_the_tutorial_without_data)
{
	int pair[2], write_end, read_end = new_pipe(&write_end), fd;

	half_prepared(type, pair);
	tutorial_send(pair[1], NULL, &write_end, 1, 1);
	if (type == SOCK_STREAM) {
		/* Lost in the kernel: there is nothing to receive. */
		check_empty(pair[0]);
	} else {
		CHECK_FILE(pair[0], "", write_end);
		tutorial_send(pair[1], NULL, &write_end, 1, 1);
		fd = CHECK_OK(ferry_recv_fd(pair[0]));
		CHECK(same_file(fd, write_end));
		close(fd);
	}
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
	close_pair(pair);
}

/* The kernel makes one block of them; a receiver must not take it for the first only. */
TEST_EACH_TYPE(two_blocks_of_descriptors)
{
	int pair[2], files[4] = {new_file(), new_file(), new_file(), new_file()};
	struct box b;

	half_prepared(type, pair);
	tutorial_send(pair[1], "blocks", files, 2, 2);
	CHECK_INT(box_recv(pair[0], &b, 4), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 4);
	for (int i = 0; i < 4; i++) {
		CHECK(same_file(b.fds[i], files[i]));
		close(b.fds[i]);
	}
	tutorial_send(pair[1], "blocks", files, 1, 2);
	CHECK_FAILS(box_recv(pair[0], &b, 1), EMSGSIZE);
	ferry_close_all(files, 4);
	close_pair(pair);
}

/* CMSG_SPACE(sizeof(int)) has room for two on 64 bits: so that one receives what it did not ask for.
 * We receive what the sender's cmsg_len says. */
TEST_EACH_TYPE(padding_brings_no_descriptor)
{
	int pair[2], files[3] = {new_file(), new_file(), new_file()};
	struct box b;

	half_prepared(type, pair);
	for (size_t n = 1; n <= 3; n++) {
		tutorial_send(pair[1], "n", files, n, 1);
		CHECK_INT(box_recv(pair[0], &b, 3), ==, 1);
		CHECK_INT(b.msg.nfds, ==, n);
		ferry_close_all(b.fds, n);
		tutorial_send(pair[1], "n", files, n, 1);
		if (n > 1)
			CHECK_FAILS(box_recv(pair[0], &b, n - 1), EMSGSIZE);
		else
			CHECK_FAILS(box_recv(pair[0], &b, 0), EMSGSIZE);
	}
	ferry_close_all(files, 3);
	close_pair(pair);
}

/* write(2) and the tutorial's read(2): no control data, no difference. */
TEST_EACH_TYPE(data_only)
{
	int pair[2];
	char text[10] = "";

	half_prepared(type, pair);
	CHECK_INT(write(pair[1], "plain", 5), ==, 5);
	CHECK_TEXT(pair[0], "plain");
	CHECK_OK(send_text(pair[0], "back", NULL, 0));
	CHECK_INT(read(pair[1], text, sizeof(text)), ==, 4);
	CHECK_STR(text, "back");
	close_pair(pair);
}

/* A stream's plain bytes in front of a message are one piece with it, and what is behind is not. */
TEST(stream_pieces)
{
	int pair[2], file = new_file();
	struct box b;

	half_prepared(SOCK_STREAM, pair);
	CHECK_INT(write(pair[1], "ab", 2), ==, 2);
	tutorial_send(pair[1], "cd", &file, 1, 1);
	CHECK_INT(write(pair[1], "ef", 2), ==, 2);
	CHECK_INT(box_recv(pair[0], &b, 1), ==, 1);
	CHECK_STR(b.data, "abcd");
	CHECK_INT(b.msg.nfds, ==, 1);
	close(b.fds[0]);
	CHECK_TEXT(pair[0], "ef");
	close_pair(pair);
	close(file);
}

/* An out-of-band byte is a byte like any other; a wait must neither hang nor spin for it. */
TEST(out_of_band_byte)
{
	int pair[2];

	half_prepared(SOCK_STREAM, pair);
	if (send(pair[1], "!", 1, MSG_OOB) < 0)
		SKIP("no out-of-band data: %s", strerror(errno));
	CHECK_INT(write(pair[1], "a", 1), ==, 1);
	close(pair[1]);
	{
		char all[3] = "";
		size_t n = 0;
		struct box b;

		for (int i = 0; i < 3 && box_recv(pair[0], &b, 0) == 1; i++)
			for (size_t k = 0; k < b.msg.len && n < 2; k++)
				all[n++] = b.data[k];
		CHECK_STR(all, "!a");
	}
	close(pair[0]);
}
