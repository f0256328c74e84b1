/* SPDX-License-Identifier: MIT
 * ferry_a.c - process A with the library: the program on the README's first screen. */
#include <fdferry.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
	int sock = ferry_bind("process_a", SOCK_DGRAM, 0600, 0);
	int fd = sock < 0 ? sock : ferry_recv_fd(sock);

	if (fd < 0 || dprintf(fd, "written by process A\n") < 0)
		return perror("process_a"), 1;
	return ferry_unbind(sock, "process_a") < 0;
}
