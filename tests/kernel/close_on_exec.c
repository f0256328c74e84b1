/* SPDX-License-Identifier: MIT
 *
 * close_on_exec.c - the receiver alone decides whether a descriptor is close-on-exec.
 *
 * R15, recvmsg(2) MSG_CMSG_CLOEXEC, receive_fd(): the sender's flag does not travel; recvmsg()
 * returns MSG_CMSG_CLOEXEC in msg_flags when it was asked for.
 *
 * The library therefore receives with MSG_CMSG_CLOEXEC always, and never compares msg_flags with 0.
 */
#include "plain.h"

TEST(the_flag_is_the_receivers)
{
	FOR_EACH_TYPE(type)
	{
		for (int sender = 0; sender <= 1; sender++) {
			for (int receiver = 0; receiver <= 1; receiver++) {
				struct received r;
				int flags = receiver ? MSG_CMSG_CLOEXEC : 0;
				int pair[2], fd;

				make_pair(type, pair);
				fd = CHECK_OK(fcntl(0, sender ? F_DUPFD_CLOEXEC : F_DUPFD, 0));
				CHECK_OK(send_one(pair[0], "x", fd));
				CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, flags));
				CHECK_INT(r.count, ==, 1);
				CHECK_INT(is_cloexec(r.fds[0]), ==, receiver == 1);
				CHECK_INT(r.flags & MSG_CMSG_CLOEXEC, ==, flags);
				close_received(&r);
				CHECK_OK(close(fd));
				close_pair(pair);
			}
		}
	}
}
