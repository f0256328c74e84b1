/* SPDX-License-Identifier: MIT
 *
 * pidfd_is_a_descriptor.c - SCM_PIDFD installs a descriptor that nobody sent.
 *
 * R6, unix(7) SO_PASSPIDFD (Linux 6.5), scm_pidfd_recv(): with the option set on a socket every
 * message brings a pidfd, close-on-exec always, leaked by whoever looks for SCM_RIGHTS alone.  With
 * no number free the slot holds -EMFILE and MSG_CTRUNC is not set.
 *
 * The library therefore walks every control message, closes this one too, and takes a negative slot
 * for no descriptor.
 */
#include "plain.h"

static void make_pidfd_pair(int type, int pair[2])
{
	make_pair(type, pair);
	if (setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &(int){1}, sizeof(int)) == 0)
		return;
	CHECK_INT(errno, ==, ENOPROTOOPT);
	SKIP("no SO_PASSPIDFD in this kernel");
}

TEST(each_message_installs_one)
{
	FOR_EACH_TYPE(type)
	{
		struct received r[4];
		int pair[2];

		make_pidfd_pair(type, pair);
		for (int i = 0; i < 4; i++) {
			CHECK_OK(send_fds(pair[0], "x", 1, NULL, 0, 0));
			CHECK_OK(recv_msg(pair[1], &r[i], 1, PLAIN_ROOM, 0));
			CHECK_INT(r[i].count, ==, 0);
			CHECK(r[i].has_pidfd);
			CHECK_INT(open_fds(), ==, 6 + i);
			CHECK(is_cloexec(r[i].pidfd));
		}
		for (int i = 0; i < 4; i++)
			close_received(&r[i]);
		close_pair(pair);
	}
}

TEST(no_number_free_is_a_negative_slot)
{
	struct received r;
	int pair[2];

	make_pidfd_pair(SOCK_SEQPACKET, pair);
	CHECK_OK(send_fds(pair[0], "x", 1, NULL, 0, 0));
	limit_fds(5);
	CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
	limit_fds(64);
	CHECK(r.has_pidfd);
	CHECK_INT(r.pidfd, ==, -EMFILE);
	CHECK_INT(r.flags & MSG_CTRUNC, ==, 0);
	close_pair(pair);
}
