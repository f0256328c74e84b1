/* SPDX-License-Identifier: MIT
 * full_table.c - a descriptor comes to a process that may not open any more. */
#include <sys/resource.h>

#include "trap.h"

int main(void)
{
	struct rlimit limit;
	int s[2], next;

	pair(SOCK_DGRAM, s);
	must(give(s[0], "hello", 5, &s[0], 1) == 5, "sendmsg");
	must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	next = dup(s[0]); /* the lowest free number: from here on none is allowed */
	close(next);
	limit.rlim_cur = (rlim_t)next;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");

	struct message m = take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC);

	printf("recvmsg returned %zd, \"%s\"\n", m.len, m.data);
	printf("sent 1, came %d, MSG_CTRUNC: %s\n", m.n, yes(m.truncated));
	return 0;
}
