/* SPDX-License-Identifier: MIT
 *
 * sender_killed.c - descriptors that are queued outlive their sender.
 *
 * R20, unix(7), unix_attach_fds(): the queue holds its own references, so what was sent before the
 * sender's SIGKILL is received after it.
 *
 * The library therefore needs no word from the receiver before a sender may exit; and a sender must
 * not take success for delivery.
 */
#include "plain.h"

#include <signal.h>
#include <sys/wait.h>

struct sender {
	int sock, fd;
};

static void send_and_wait(void *arg)
{
	const struct sender *s = arg;

	CHECK_OK(send_one(s->sock, "x", s->fd));
	for (int i = 0; i < 60; i++)
		sleep(1);
}

TEST(queued_descriptors_survive)
{
	FOR_EACH_TYPE(type)
	{
		struct received r;
		struct sender s;
		struct pollfd p = {.events = POLLIN};
		int pair[2], ends[2], status;
		pid_t pid;
		char c;

		make_pair(type, pair);
		make_pipe(ends);
		s = (struct sender){pair[0], ends[1]};
		pid = in_child(send_and_wait, &s);
		CHECK_OK(close(pair[0]));
		CHECK_OK(close(ends[1]));
		p.fd = pair[1];
		CHECK_INT(poll(&p, 1, -1), ==, 1);
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_INT(waitpid(pid, &status, 0), ==, pid);

		check_writer_lives(ends[0]);
		CHECK_OK(recv_msg(pair[1], &r, 1, PLAIN_ROOM, 0));
		CHECK_INT(r.count, ==, 1);
		CHECK_INT(write(r.fds[0], "y", 1), ==, 1);
		CHECK_INT(read(ends[0], &c, 1), ==, 1);
		close_received(&r);
		CHECK_OK(close(ends[0]));
		CHECK_OK(close(pair[1]));
	}
}
