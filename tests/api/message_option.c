/* SPDX-License-Identifier: MIT
 *
 * message_option.c - tests: who else has the socket may set its options at any time; that costs no
 * message, no descriptor, and not the end of file.
 */
#include "api.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* not on all architectures */
#endif

static const struct {
	const char *name;
	int option;
} options[] = {
	{"SO_PASSCRED", SO_PASSCRED},   {"SO_PASSPIDFD", SO_PASSPIDFD},
	{"SO_TIMESTAMP", SO_TIMESTAMP}, {"SO_TIMESTAMPNS", SO_TIMESTAMPNS},
	{"SO_PASSSEC", SO_PASSSEC},
};
#define OPTIONS (sizeof(options) / sizeof(*options))

/* False where the kernel does not have it, or not for this type. */
static bool try_option(int sock, size_t i)
{
	int on = 1;

	fprintf(stderr, "%s\n", options[i].name); /* shown if the test fails */
	return setsockopt(sock, SOL_SOCKET, options[i].option, &on, sizeof(on)) == 0;
}

/* On both ends: some make the sender add something, some the receiver. */
static bool start(int type, size_t i, int pair[2])
{
	CHECK_OK(ferry_pair(pair, type, 0));
	if (try_option(pair[0], i) && try_option(pair[1], i))
		return true;
	close_pair(pair);
	return false;
}

TEST_EACH_TYPE(messages)
{
	int pair[2], file = new_file();

	for (size_t i = 0; i < OPTIONS; i++) {
		struct fd_table *before;

		if (!start(type, i, pair))
			continue;
		before = remember_fds();
		for (int n = 0; n < 5; n++) {
			CHECK_OK(send_text(pair[0], "with", &file, 1));
			CHECK_FILE(pair[1], "with", file);
			CHECK_OK(send_text(pair[0], "without", NULL, 0));
			CHECK_TEXT(pair[1], "without");
			if (type != SOCK_STREAM) {
				CHECK_OK(send_text(pair[0], "", NULL, 0));
				CHECK_TEXT(pair[1], "");
			}
		}
		CHECK_FDS(before);
		close_pair(pair);
	}
	close(file);
}

TEST_EACH_TYPE(most_descriptors)
{
	int pair[2], file = new_file(), all[FERRY_MAX_FDS];
	struct box b;

	for (size_t i = 0; i < FERRY_MAX_FDS; i++)
		all[i] = file;
	CHECK_OK(ferry_pair(pair, type, 0));
	for (size_t i = 0; i < OPTIONS; i++)
		try_option(pair[1], i);
	CHECK_OK(send_text(pair[0], "all", all, FERRY_MAX_FDS));
	CHECK_INT(box_recv(pair[1], &b, FERRY_MAX_FDS), ==, 1);
	CHECK_INT(b.msg.nfds, ==, FERRY_MAX_FDS);
	for (size_t i = 0; i < FERRY_MAX_FDS; i++)
		CHECK(same_file(b.fds[i], file));
	ferry_close_all(b.fds, FERRY_MAX_FDS);
	close_pair(pair);
	close(file);
}

TEST_EACH_TYPE(failures)
{
	int pair[2], write_end, read_end = new_pipe(&write_end), two[2] = {write_end, write_end};
	struct box b;

	for (size_t i = 0; i < OPTIONS; i++) {
		struct fd_table *before;

		if (!start(type, i, pair))
			continue;
		before = remember_fds();
		CHECK_OK(send_text(pair[0], "x", two, 2));
		CHECK_FAILS(box_recv(pair[1], &b, 1), EMSGSIZE);
		CHECK_OK(send_text(pair[0], "x", NULL, 0));
		CHECK_FAILS(ferry_recv_fd(pair[1]), ENOMSG);
		CHECK_FDS(before);
		close_pair(pair);
	}
	close(write_end);
	CHECK(pipe_ended(read_end));
	close(read_end);
}

TEST_EACH_CONNECTED(end_of_file)
{
	int pair[2];
	struct box b;

	for (size_t i = 0; i < OPTIONS; i++) {
		if (!start(type, i, pair))
			continue;
		CHECK_OK(send_text(pair[0], "last", NULL, 0));
		close(pair[0]);
		CHECK_TEXT(pair[1], "last");
		for (int n = 0; n < 3; n++)
			CHECK_INT(box_recv(pair[1], &b, 1), ==, 0);
		CHECK_FAILS(ferry_recv_fd(pair[1]), EPIPE);
		close(pair[1]);
	}
}

/* A pidfd that nobody asked for needs a number too; it must not be the message that lacks it. */
TEST_EACH_TYPE(full_table)
{
	int pair[2], file = new_file();

	for (size_t i = 0; i < OPTIONS; i++) {
		struct fd_table *before;
		struct box b;

		if (!start(type, i, pair))
			continue;
		before = remember_fds();
		CHECK_OK(send_text(pair[0], "text", NULL, 0));
		CHECK_OK(send_text(pair[0], "file", &file, 1));
		CHECK_OK(send_text(pair[0], "lost", &file, 1));
		CHECK_OK(send_text(pair[0], "next", &file, 1));
		limit_fds((unsigned)open_fds());
		if (type == SOCK_STREAM) {
			/* The text and the file are one piece there. */
			CHECK_FAILS(box_recv(pair[1], &b, 1), EMFILE);
		} else {
			CHECK_TEXT(pair[1], "text");
			limit_fds((unsigned)open_fds() + 1);
			CHECK_FILE(pair[1], "file", file);
			limit_fds((unsigned)open_fds());
		}
		CHECK_FAILS(box_recv(pair[1], &b, 1), EMFILE);
		limit_fds(256);
		CHECK_FILE(pair[1], "next", file);
		CHECK_FDS(before);
		close_pair(pair);
	}
	close(file);
}

/* O_NONBLOCK is one of them: it does not shorten a wait. */
TEST_EACH_TYPE(nonblock)
{
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(fcntl(pair[1], F_SETFL, O_NONBLOCK));
	box_new(&b, 0);
	b.msg.timeout_ms = 10;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ETIMEDOUT);
	CHECK_OK(send_text(pair[0], "x", NULL, 0));
	CHECK_TEXT(pair[1], "x");
	CHECK_INT(fcntl(pair[1], F_GETFL) & O_NONBLOCK, ==, O_NONBLOCK);
	close_pair(pair);
}

/* A socket's own timeouts neither. */
TEST_EACH_TYPE(socket_timeouts)
{
	struct timeval tv = {.tv_usec = 1000};
	int pair[2];
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	box_new(&b, 0);
	b.msg.timeout_ms = 30;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), ETIMEDOUT);
	close_pair(pair);
}
