/* SPDX-License-Identifier: MIT
 * sent_twice.c - a stream takes a part of a message, and the rest is sent with the same header. */
#include "trap.h"

static char data[4 << 20]; /* more than any socket queues */
static int came;

static void drain(int sock)
{
	struct message m;

	while ((m = take(sock, CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC)).len > 0)
		came += m.n;
}

int main(void)
{
	size_t sent;
	int s[2];

	pair(SOCK_STREAM | SOCK_NONBLOCK, s);
	sent = (size_t)give(s[0], data, sizeof(data), &s[0], 1);
	drain(s[1]);
	must(give(s[0], data + sent, sizeof(data) - sent, &s[0], 1) > 0, "sendmsg");
	drain(s[1]);
	printf("1 descriptor, 2 calls of sendmsg, came %d\n", came);
	return 0;
}
