/* SPDX-License-Identifier: MIT
 * rights.c - what a descriptor permits was decided when it was opened, and travels with it. */
#include <sys/stat.h>

#include "trap.h"

static int pass(int fd) /* through a socket, as if to another process */
{
	int s[2];

	pair(SOCK_DGRAM, s);
	must(give(s[0], "", 0, &fd, 1) == 0, "sendmsg");
	close(fd);
	return take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC).fds[0];
}

static const char *result(ssize_t n)
{
	return n < 0 ? error() : "works";
}

int main(void)
{
	char c;
	int fd = open("file.txt", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(write(fd, "text", 4) == 4, "file.txt");
	close(fd);

	fd = pass(open("file.txt", O_PATH | O_CLOEXEC));
	printf("O_PATH: read %s\n", result(read(fd, &c, 1)));
	close(fd);

	fd = open("file.txt", O_RDONLY | O_CLOEXEC);
	must(chmod("file.txt", 0) == 0 && unlink("file.txt") == 0, "file.txt");
	fd = pass(fd);
	printf("O_RDONLY, mode 000, no name any more: read %s, ", result(read(fd, &c, 1)));
	printf("write %s\n", result(write(fd, &c, 1)));
	return 0;
}
