/* SPDX-License-Identifier: MIT
 *
 * in_flight_limit.c - a user may have only so many descriptors sent and not yet received.
 *
 * S2, unix(7) ETOOMANYREFS, too_many_unix_fds(): when all of a user's queued descriptors exceed the
 * sender's soft RLIMIT_NOFILE the next sendmsg() with descriptors fails, whoever queued them; data
 * alone still goes; receiving makes room.  CAP_SYS_RESOURCE and CAP_SYS_ADMIN are exempt.
 *
 * The library therefore hands ETOOMANYREFS out as an error of its own that a caller may retry: no
 * event tells of room.
 */
#include "plain.h"

enum { LIMIT = 64 };

TEST(the_limit_is_etoomanyrefs)
{
	struct received r;
	int pair[2], sent = 0, arrived = 0;

	/* Others may run as the same user, and count: no exact numbers. */
	drop_root();
	make_pair(SOCK_STREAM, pair);
	limit_fds(LIMIT);
	while (sent <= LIMIT + 1 && send_one(pair[0], "x", 0) == 1)
		sent++;
	CHECK_INT(errno, ==, ETOOMANYREFS);
	CHECK_INT(sent, <=, LIMIT + 1);
	CHECK_ERRNO(send_one(pair[0], "x", 0), ETOOMANYREFS);
	CHECK_INT(send_fds(pair[0], "y", 1, NULL, 0, 0), ==, 1);

	for (int i = 0; i < sent; i++) {
		CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
		arrived += r.count;
		close_received(&r);
	}
	CHECK_INT(arrived, ==, sent);
	if (sent > 0)
		CHECK_OK(send_one(pair[0], "x", 0));
	close_pair(pair);
}
