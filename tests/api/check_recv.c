/* SPDX-License-Identifier: MIT
 *
 * check_recv.c - tests: what ferry_recv expects of descriptors, and that looking at them never blocks.
 */
#include "trust.h"

#include <netinet/in.h>
#include <sys/ioctl.h>

static int recv_expect(int sock, struct box *b, const struct ferry_expect *want, size_t size)
{
	int r, err;

	box_new(b, 4);
	b->msg.expect = want;
	b->msg.expect_size = size;
	b->msg.why_slot = 77;
	r = ferry_recv(sock, &b->msg, sizeof(b->msg));
	err = errno;
	b->data[b->msg.len] = '\0';
	box_check(b);
	errno = err;
	return r;
}

static const struct ferry_expect memfds = {.kinds = FERRY_IS_MEMFD};

TEST_EACH_TYPE(all_as_expected)
{
	int pair[2], files[3] = {new_file(), new_file(), new_file()};
	struct box b;

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_OK(send_text(pair[0], "three", files, 3));
	CHECK_INT(recv_expect(pair[1], &b, &memfds, sizeof(memfds)), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 3);
	CHECK_INT(b.msg.why_slot, ==, 0);
	CHECK(b.msg.why == NULL);
	for (int i = 0; i < 3; i++)
		CHECK(same_file(b.fds[i], files[i]));
	ferry_close_all(b.fds, 3);
	/* Nothing is expected of a message without descriptors. */
	CHECK_OK(send_text(pair[0], "none", NULL, 0));
	CHECK_INT(recv_expect(pair[1], &b, &memfds, sizeof(memfds)), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 0);
	ferry_close_all(files, 3);
	close_pair(pair);
}

/* One is not as expected: none is given, all are closed, and the next message is whole. */
TEST_EACH_TYPE(one_is_not)
{
	for (size_t wrong = 0; wrong < 3; wrong++) {
		int pair[2], files[3] = {new_file(), new_file(), new_file()}, ends[2];
		struct fd_table *before;
		struct box b;

		CHECK_OK(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
		CHECK_OK(ferry_pair(pair, type, 0));
		CHECK_INT(dup3(ends[1], files[wrong], O_CLOEXEC), ==, files[wrong]);
		close(ends[1]);
		CHECK_OK(send_text(pair[0], "wrong", files, 3));
		close(files[wrong]);
		files[wrong] = new_file();
		CHECK_OK(send_text(pair[0], "right", files, 1));
		before = remember_fds();
		CHECK_FAILS(recv_expect(pair[1], &b, &memfds, sizeof(memfds)), EBADFD);
		CHECK_FDS(before);
		CHECK_INT(b.msg.nfds, ==, 0);
		CHECK_INT(b.msg.why_slot, ==, wrong);
		CHECK(b.msg.why != NULL && b.msg.why[0] != '\0');
		CHECK(pipe_ended(ends[0]));
		CHECK_INT(recv_expect(pair[1], &b, &memfds, sizeof(memfds)), ==, 1);
		CHECK_STR(b.data, "right");
		CHECK_INT(b.msg.nfds, ==, 1);
		CHECK(same_file(b.fds[0], files[0]));
		close(b.fds[0]);
		close(ends[0]);
		ferry_close_all(files, 3);
		close_pair(pair);
	}
}

/* The first that is wrong is named. */
TEST(several_are_not)
{
	int pair[2], files[4] = {new_file(), 0, new_file(), 1};
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	CHECK_OK(send_text(pair[0], "wrong", files, 4));
	CHECK_FAILS(recv_expect(pair[1], &b, &memfds, sizeof(memfds)), EBADFD);
	CHECK_INT(b.msg.why_slot, ==, 1);
	close(files[0]);
	close(files[2]);
	close_pair(pair);
}

/* A wrong size of the rules is found before anything is read. */
TEST(sizes)
{
	struct {
		struct ferry_expect want;
		char more[8];
	} big = {.want = memfds};
	int pair[2], file = new_file();
	struct box b;

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	CHECK_OK(send_text(pair[0], "kept", &file, 1));
	CHECK_FAILS(recv_expect(pair[1], &b, &big.want, 0), EINVAL);
	CHECK_FAILS(recv_expect(pair[1], &b, &big.want, sizeof(big.want) - 1), EINVAL);
	big.more[3] = 1;
	CHECK_FAILS(recv_expect(pair[1], &b, &big.want, sizeof(big)), E2BIG);
	big.more[3] = 0;
	CHECK_INT(recv_expect(pair[1], &b, &big.want, sizeof(big)), ==, 1);
	CHECK_STR(b.data, "kept");
	close(b.fds[0]);
	close(file);
	close_pair(pair);
}

/* Sent, received with an expectation that it breaks, and closed, within the test's deadline. */
static void looks_and_refuses(int fd, const struct ferry_expect *want)
{
	const struct ferry_expect none = {.kinds = FERRY_IS_BLOCK};
	struct box b;
	int pair[2];

	CHECK_OK(ferry_check(fd, want, sizeof(*want), NULL));
	CHECK_FAILS(ferry_check(fd, &none, sizeof(none), NULL), EBADFD);
	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	CHECK_OK(send_text(pair[0], "x", &fd, 1));
	CHECK_FAILS(recv_expect(pair[1], &b, &none, sizeof(none)), EBADFD);
	CHECK_OK(send_text(pair[0], "x", &fd, 1));
	CHECK_INT(recv_expect(pair[1], &b, want, sizeof(*want)), ==, 1);
	close(b.fds[0]);
	close_pair(pair);
}

TEST(a_fifo_without_another_end)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_FIFO, .access = FERRY_RO};
	const struct ferry_expect path_want = {.kinds = FERRY_IS_FIFO, .with_flags = O_PATH};
	int fd, path;

	CHECK_OK(mkfifo("fifo", 0600));
	path = CHECK_OK(open("fifo", O_PATH | O_CLOEXEC));
	looks_and_refuses(path, &path_want);
	fd = CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	looks_and_refuses(fd, &want);
	close(fd);
	close(path);
	unlink("fifo");
}

/* A pipe that is full, and blocks who writes, and one that is empty, and blocks who reads. */
TEST(pipes_that_block)
{
	const struct ferry_expect ro = {.kinds = FERRY_IS_FIFO, .access = FERRY_RO};
	const struct ferry_expect wo = {.kinds = FERRY_IS_FIFO, .access = FERRY_WO};
	static const char page[4096];
	int empty[2], full[2];

	CHECK_OK(pipe2(empty, O_CLOEXEC));
	CHECK_OK(pipe2(full, O_CLOEXEC | O_NONBLOCK));
	for (int i = 0; i < 1024 && write(full[1], page, sizeof(page)) > 0; i++)
		;
	CHECK_ERRNO((int)write(full[1], page, 1), EAGAIN);
	CHECK_OK(fcntl(full[1], F_SETFL, 0));
	looks_and_refuses(empty[0], &ro);
	looks_and_refuses(full[1], &wo);
	close_pair(empty);
	close_pair(full);
}

/* Unsent data and SO_LINGER: only the last close waits, and ours is not the last. */
TEST(a_socket_that_lingers)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_SOCKET,
					  .domain = AF_INET,
					  .type = SOCK_STREAM,
					  .listening = 2};
	const struct linger ling = {.l_onoff = 1, .l_linger = 60}, off = {.l_onoff = 1};
	int end[2];

	if (!tcp_unsent(end))
		SKIP("no TCP on the loopback: %s", strerror(errno));
	CHECK_OK(setsockopt(end[0], SOL_SOCKET, SO_LINGER, &ling, sizeof(ling)));
	looks_and_refuses(end[0], &want);
	CHECK_OK(setsockopt(end[0], SOL_SOCKET, SO_LINGER, &off, sizeof(off)));
	close_pair(end);
}

TEST(a_terminal_that_is_stopped)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_CHAR, .access = FERRY_RW};
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char name[32];

	if (master < 0)
		SKIP("no pseudo-terminals: %s", strerror(errno));
	CHECK_OK(unlockpt(master));
	CHECK_INT(ptsname_r(master, name, sizeof(name)), ==, 0);
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		close(master);
		SKIP("%s: %s", name, strerror(errno));
	}
	CHECK_INT(write(master, "\023", 1), ==, 1); /* ^S: output stops */
	looks_and_refuses(master, &want);
	looks_and_refuses(slave, &want);
	close(slave);
	close(master);
}
