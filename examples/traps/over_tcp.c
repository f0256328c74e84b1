/* SPDX-License-Identifier: MIT
 * over_tcp.c - the same message over a TCP connection to ourselves. */
#include <netinet/in.h>

#include "trap.h"

int main(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int b = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(bind(listener, (struct sockaddr *)&here, size) == 0, "bind");
	must(listen(listener, 1) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&here, &size) == 0, "getsockname");
	must(connect(b, (struct sockaddr *)&here, size) == 0, "connect");

	int a = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd there = {.fd = a, .events = POLLIN};
	ssize_t sent = give(b, "hello", 5, &b, 1);

	must(poll(&there, 1, -1) == 1, "poll");

	struct message m = take(a, CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC);

	printf("sendmsg returned %zd, recvmsg %zd\n", sent, m.len);
	printf("sent 1, came %d, MSG_CTRUNC: %s\n", m.n, yes(m.truncated));
	return 0;
}
