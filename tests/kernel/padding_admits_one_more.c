/* SPDX-License-Identifier: MIT
 *
 * padding_admits_one_more.c - the padding in CMSG_SPACE() is room for a descriptor.
 *
 * R2, cmsg(3), scm_max_fds(): on 64 bits CMSG_SPACE(sizeof(int)) ends in four bytes of padding, and
 * the kernel puts a second descriptor there without MSG_CTRUNC (CVE-2014-3635 in dbus).
 *
 * The library therefore counts by cmsg_len, never by what it expects, and closes the surplus.
 */
#include "plain.h"

TEST(padding_admits_one_more)
{
	if (CMSG_SPACE(sizeof(int)) == CMSG_LEN(sizeof(int)))
		SKIP("no padding in a control message on %zu bits", 8 * sizeof(long));
	FOR_EACH_TYPE(type)
	{
		struct received r;
		int pair[2];

		make_pair(type, pair);
		CHECK_OK(send_fds(pair[0], "x", 1, (int[]){0, 1}, 2, 0));
		CHECK_OK(recv_msg(pair[1], &r, 1, CMSG_SPACE(sizeof(int)), 0));
		CHECK_INT(r.count, ==, 2);
		CHECK_INT(r.flags & MSG_CTRUNC, ==, 0);
		close_received(&r);
		close_pair(pair);
	}
}

TEST(cmsg_len_is_the_exact_limit)
{
	struct received r;
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	CHECK_OK(send_fds(pair[0], "x", 1, (int[]){0, 1}, 2, 0));
	CHECK_OK(recv_msg(pair[1], &r, 1, CMSG_LEN(sizeof(int)), 0));
	CHECK_INT(r.count, ==, 1);
	CHECK_INT(r.flags & MSG_CTRUNC, !=, 0);
	close_received(&r);
	close_pair(pair);
}
