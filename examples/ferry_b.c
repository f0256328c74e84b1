/* SPDX-License-Identifier: MIT
 * ferry_b.c - process B with the library: opens a file and sends its descriptor to process_a. */
#include <fcntl.h>
#include <fdferry.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int sock, fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (argc != 2)
		return fprintf(stderr, "usage: %s FILE\n", argv[0]), 2;
	if (fd < 0)
		return perror(argv[1]), 1;
	sock = ferry_connect("process_a", 0, 0, 0);
	if (sock < 0 || ferry_send_fd(sock, fd) < 0)
		return perror("process_a"), 1;
	return 0;
}
