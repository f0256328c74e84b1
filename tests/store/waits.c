/* SPDX-License-Identifier: MIT
 *
 * waits.c - tests: a descriptor whose closing waits keeps nobody waiting.
 */
#include "processes.h"

#include <netinet/in.h>

/* A connection with so much on its way that nobody reads, whose close(2) waits for a day (socket(7),
 * SO_LINGER).  Returns the other end: when it is closed, the wait is over. */
static int new_lingering(int *ret)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct linger linger = {.l_onoff = 1, .l_linger = 86400};
	int listener = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), other;
	socklen_t len = sizeof(in);
	static char bytes[65536];

	CHECK_OK(bind(listener, (struct sockaddr *)&in, sizeof(in)));
	CHECK_OK(listen(listener, 1));
	CHECK_OK(getsockname(listener, (struct sockaddr *)&in, &len));
	*ret = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	CHECK_OK(connect(*ret, (struct sockaddr *)&in, sizeof(in)));
	other = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	CHECK_OK(close(listener));
	CHECK_OK(setsockopt(*ret, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	while (send(*ret, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	CHECK_INT(errno, ==, EAGAIN);
	return other;
}

/* An answer that does not come is told by this and not by the deadline, at which nothing would be said. */
static void check_answers(int door)
{
	struct pollfd p = {.fd = door, .events = POLLIN};
	struct answer a;

	tell(door, "OP=release", NULL, 0);
	CHECK_INT(poll(&p, 1, 30000), ==, 1);
	CHECK(hear(door, &a));
}

STORE_TEST(what_is_removed)
{
	int fd, other = new_lingering(&fd), door;

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	CHECK_OK(close(fd));
	CHECK_ANSWER(door, "OP=remove\nNAME=a", "ERRNO=0\nCOUNT=1\n");
	for (int i = 0; i < 20; i++)
		check_answers(door);
	kill_keeper();
	check_answers(door);
	kill_broker();
	close(door);
	door = client();
	check_answers(door);
	CHECK_OK(close(other));
	close(door);
	store_end();
}

STORE_TEST(what_is_refused)
{
	int fd, other = new_lingering(&fd), door, sock;
	struct answer a;

	store_begin(NULL);
	door = client();
	sock = notifier();
	ask_with(door, &a, "OP=none", &fd, 1);
	tell(sock, "READY=1", &fd, 1);
	CHECK_OK(close(fd));
	for (int i = 0; i < 20; i++)
		check_answers(door);
	kill_broker();
	CHECK_OK(close(other));
	close(sock);
	close(door);
	store_end();
}
