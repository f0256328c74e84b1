/* SPDX-License-Identifier: MIT
 * ferry_b.c - process B with the library: opens a file and sends its descriptor to process_a. */
#include <fcntl.h>
#include <fdferry.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	int sock = fd < 0 ? -1 : ferry_connect("process_a", 0, 0, 0);

	if (sock < 0 || ferry_send_fd(sock, fd) < 0)
		return perror("process_b"), 1;
	return 0;
}
