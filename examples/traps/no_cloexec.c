/* SPDX-License-Identifier: MIT
 * no_cloexec.c - a program that is started sees what was received without MSG_CMSG_CLOEXEC. */
#include "trap.h"

static int receive(int flags)
{
	int s[2], secret = open("secret.txt", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(secret >= 0, "secret.txt");
	pair(SOCK_DGRAM, s);
	must(give(s[0], "hello", 5, &secret, 1) == 5, "sendmsg");
	close(secret);
	return take(s[1], CMSG_SPACE(sizeof(int)), flags).fds[0];
}

int main(void)
{
	static const char count[] = "ls -l /proc/self/fd | grep -c secret.txt";
	int fd = receive(MSG_CMSG_CLOEXEC);

	printf("with the flag a child has: ");
	fflush(stdout);
	must(system(count) != -1, "system");
	close(fd);
	receive(0);
	printf("without: ");
	fflush(stdout);
	must(system(count) != -1, "system");
	return 0;
}
