/* SPDX-License-Identifier: MIT
 * still_watched.c - a descriptor in an epoll set is sent, and closed here. */
#include <sys/epoll.h>

#include "trap.h"

int main(void)
{
	int s[2], ends[2], set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};

	pair(SOCK_SEQPACKET, s);
	must(set >= 0 && pipe2(ends, O_CLOEXEC) == 0, "pipe2");
	must(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll_ctl");
	must(give(s[0], "hello", 5, &ends[0], 1) == 5, "sendmsg");
	close(ends[0]);
	must(write(ends[1], "x", 1) == 1, "write");
	printf("sent and closed; epoll still reports it: %s\n",
	       yes(epoll_wait(set, &event, 1, 0) == 1));
	return 0;
}
