/* SPDX-License-Identifier: MIT
 *
 * options.c - hostile: somebody who shares the socket switches options on behind our back.
 */
#include "hostile.h"

/* A message of two descriptors at each of two receivers, and one that is refused. */
static void works_all_the_same(int pair[2])
{
	int files[2] = {new_file(), new_file()};
	struct fd_table *before = remember_fds();
	struct box b;

	hostile_send(pair[0], "two", 3, files, 2);
	CHECK_INT(box_recv(pair[1], &b, 2), ==, 1);
	CHECK_STR(b.data, "two");
	CHECK_INT(b.msg.nfds, ==, 2);
	CHECK(same_file(b.fds[0], files[0]));
	CHECK(same_file(b.fds[1], files[1]));
	ferry_close_all(b.fds, 2);
	hostile_send(pair[0], "two", 3, files, 2);
	CHECK_FAILS(box_recv(pair[1], &b, 1), EMSGSIZE);
	hostile_send(pair[0], "none", 4, NULL, 0);
	CHECK_TEXT(pair[1], "none");
	CHECK_FDS(before);
	ferry_close_all(files, 2);
}

static void with_option(int type, int option)
{
	int pair[2], one = 1;

	CHECK_OK(ferry_pair(pair, type, 0));
	if (setsockopt(pair[1], SOL_SOCKET, option, &one, sizeof(one)) < 0) {
		int err = errno;

		close_pair(pair);
		SKIP("option %d: %s", option, strerror(err));
	}
	works_all_the_same(pair);
	close_pair(pair);
}

TEST_EACH_TYPE(credentials)
{
	with_option(type, SO_PASSCRED);
}

TEST_EACH_TYPE(pidfds)
{
	with_option(type, SO_PASSPIDFD);
}

TEST_EACH_TYPE(timestamps)
{
	with_option(type, SO_TIMESTAMP);
}

/* Whoever made the socket wanted more at a time than there is; to prepare it makes that undone. */
TEST_EACH_TYPE(bytes_to_wait_for)
{
	int pair[2], many = 1000;

	CHECK_OK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair));
	CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVLOWAT, &many, sizeof(many)));
	CHECK_INT(ferry_prepare(pair[1], 0), ==, type);
	works_all_the_same(pair);
	close_pair(pair);
}

TEST_EACH_TYPE(security_labels)
{
	with_option(type, SO_PASSSEC);
}

TEST_EACH_TYPE(all_at_once)
{
	int pair[2], one = 1;

	CHECK_OK(ferry_pair(pair, type, 0));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSSEC, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
	works_all_the_same(pair);
	close_pair(pair);
}

/* The most that one message can bring, with everything else on: all of it has room. */
TEST_EACH_TYPE(all_at_once_and_the_most_descriptors)
{
	int pair[2], one = 1, many[FERRY_MAX_FDS], file = new_file();
	struct fd_table *before;
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_PASSSEC, &one, sizeof(one));
	setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
	for (int i = 0; i < FERRY_MAX_FDS; i++)
		many[i] = file;
	limit_fds(600);
	before = remember_fds();
	hostile_send(pair[0], "most", 4, many, FERRY_MAX_FDS);
	CHECK_INT(box_recv(pair[1], &b, FERRY_MAX_FDS), ==, 1);
	CHECK_INT(b.msg.nfds, ==, FERRY_MAX_FDS);
	for (int i = 0; i < FERRY_MAX_FDS; i++)
		CHECK(same_file(b.fds[i], file));
	ferry_close_all(b.fds, FERRY_MAX_FDS);
	CHECK_FDS(before);
	close(file);
	close_pair(pair);
}

/* With the credentials off an empty message is told from the end when nothing is behind it. */
TEST(seqpacket_without_credentials)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	set_option(pair[1], SO_PASSCRED, 0);
	hostile_send(pair[0], "", 0, NULL, 0);
	CHECK_INT(box_recv(pair[1], &b, 0), ==, 1);
	CHECK_INT(b.msg.len, ==, 0);
	hostile_send(pair[0], "text", 4, NULL, 0);
	CHECK_TEXT(pair[1], "text");
	close(pair[0]);
	CHECK_INT(box_recv(pair[1], &b, 0), ==, 0);
	close(pair[1]);
}

#ifndef MSG_OOB
#define MSG_OOB 1
#endif

/* Whatever the kernel makes of an out-of-band byte: no call takes longer than it was given. */
static void out_of_band(int in_line, const char *before_it, const char *behind_it)
{
	int pair[2], r = 0;
	size_t got = 0;
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	set_option(pair[1], SO_OOBINLINE, in_line);
	if (before_it[0] != '\0')
		hostile_send(pair[0], before_it, strlen(before_it), NULL, 0);
	if (send(pair[0], "!", 1, MSG_OOB | MSG_NOSIGNAL) < 0) {
		close_pair(pair);
		SKIP("no out-of-band data on UNIX sockets: %s", strerror(errno));
	}
	if (behind_it[0] != '\0')
		hostile_send(pair[0], behind_it, strlen(behind_it), NULL, 0);
	for (int i = 0; i < 8; i++) {
		box_new(&b, 1);
		b.msg.timeout_ms = 20;
		r = ferry_recv(pair[1], &b.msg, sizeof(b.msg));
		if (r < 0)
			break;
		got += b.msg.len;
	}
	CHECK_INT(r, ==, -ETIMEDOUT);
	CHECK_INT(got, >=, strlen(before_it) + strlen(behind_it) + (in_line ? 1u : 0u));
	/* And the connection goes on. */
	hostile_send(pair[0], "more", 4, NULL, 0);
	CHECK_TEXT(pair[1], "more");
	close_pair(pair);
}

TEST(out_of_band_in_line)
{
	out_of_band(1, "", "");
	out_of_band(1, "a", "");
	out_of_band(1, "", "b");
	out_of_band(1, "a", "b");
}

TEST(out_of_band_alone)
{
	out_of_band(0, "", "");
}

TEST(out_of_band_behind_data)
{
	out_of_band(0, "a", "");
}

TEST(out_of_band_before_data)
{
	out_of_band(0, "", "b");
}

TEST(out_of_band_between_data)
{
	out_of_band(0, "a", "b");
}

/* The deadline holds also if an end of file is behind the byte. */
TEST(out_of_band_and_the_end)
{
	int pair[2], r = -1;
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
	set_option(pair[1], SO_OOBINLINE, 0);
	if (send(pair[0], "!", 1, MSG_OOB | MSG_NOSIGNAL) < 0) {
		close_pair(pair);
		SKIP("no out-of-band data on UNIX sockets: %s", strerror(errno));
	}
	close(pair[0]);
	for (int i = 0; i < 4 && r != 0; i++) {
		box_new(&b, 1);
		b.msg.timeout_ms = 20;
		r = ferry_recv(pair[1], &b.msg, sizeof(b.msg));
		CHECK(r >= 0 || r == -ECONNRESET || r == -ETIMEDOUT);
	}
	close(pair[1]);
}

/* A descriptor that comes with such a byte is the kernel's to lose, and must not stay open here. */
TEST(out_of_band_with_a_descriptor)
{
	int pair[2], read_end, write_end;
	struct cmsghdr *c;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = "!", .iov_len = 1};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	struct box b;

	for (int in_line = 0; in_line < 2; in_line++) {
		read_end = new_pipe(&write_end);
		CHECK_OK(ferry_pair(pair, SOCK_STREAM, 0));
		set_option(pair[1], SO_OOBINLINE, in_line);
		c = &control.align;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &write_end, sizeof(int));
		if (sendmsg(pair[0], &h, MSG_OOB | MSG_NOSIGNAL) < 0) {
			close_pair(pair);
			close(read_end);
			close(write_end);
			SKIP("no out-of-band data on UNIX sockets: %s", strerror(errno));
		}
		close(write_end);
		box_new(&b, 1);
		b.msg.timeout_ms = 20;
		if (ferry_recv(pair[1], &b.msg, sizeof(b.msg)) == 1)
			ferry_close_all(b.fds, 1);
		close_pair(pair);
		CHECK(pipe_ended(read_end));
		close(read_end);
	}
}
