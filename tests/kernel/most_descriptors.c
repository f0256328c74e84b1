/* SPDX-License-Identifier: MIT
 *
 * most_descriptors.c - 253 descriptors go in one message, and all of them or none.
 *
 * S1, unix(7), SCM_MAX_FD, scm_fp_copy(): 254 are EINVAL; one that is not open is EBADF; either way
 * nothing is sent, neither data nor the good ones.
 *
 * The library therefore has FERRY_MAX_FDS = 253, refuses more itself, and leaves EBADF to the
 * kernel.
 *
 * The system call is made directly: sendmsg() of musl up to 1.2.3 copies the control data into 1024
 * bytes and fails with ENOMEM at 253, which is not the kernel's doing.
 */
#include "plain.h"

#include <sys/syscall.h>

static long send_many(int sock, const int *fds, size_t n)
{
	union plain_control control;
	struct iovec iov = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	memset(&control, 0, sizeof control);
	msg.msg_controllen =
		(__typeof__(msg.msg_controllen))put_ints(&control.header, SOL_SOCKET, fds, n);
	return syscall(SYS_sendmsg, sock, &msg, MSG_DONTWAIT);
}

TEST(all_of_253_arrive_in_order)
{
	FOR_EACH_TYPE(type)
	{
		struct received r;
		int pair[2], fds[253];

		for (int i = 0; i < 253; i++)
			fds[i] = i % 2;
		make_pair(type, pair);
		CHECK_INT(CHECK_OK(send_many(pair[0], fds, 253)), ==, 1);
		CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, MSG_CMSG_CLOEXEC));
		CHECK_INT(r.flags & MSG_CTRUNC, ==, 0);
		CHECK_INT(r.blocks, ==, 1);
		CHECK_INT(r.count, ==, 253);
		for (int i = 0; i < 253; i++) {
			CHECK(same_file(r.fds[i], i % 2));
			if (i > 0)
				CHECK_INT(r.fds[i], >, r.fds[i - 1]);
		}
		close_received(&r);
		close_pair(pair);
	}
}

TEST(of_254_none_is_sent)
{
	FOR_EACH_TYPE(type)
	{
		int pair[2], fds[254] = {0};

		make_pair(type, pair);
		CHECK_ERRNO(send_many(pair[0], fds, 254), EINVAL);
		check_queue_is_empty(pair[1]);
		close_pair(pair);
	}
}

TEST(one_bad_descriptor_stops_all)
{
	const int bad[] = {-1, AT_FDCWD, 63};

	FOR_EACH_TYPE(type)
	{
		for (int i = 0; i < 3; i++) {
			int pair[2];

			make_pair(type, pair);
			CHECK_ERRNO(send_many(pair[0], (int[]){0, bad[i], 1}, 3), EBADF);
			check_queue_is_empty(pair[1]);
			close_pair(pair);
		}
	}
}
