/* SPDX-License-Identifier: MIT
 * process_a.c - process A in plain system calls: binds the datagram socket process_a, receives one
 * descriptor, reads what is in it and writes a line through it.
 *
 *   ./process_a &
 *   fdferry send --wait 5s process_a file:notes.txt,rw
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The first descriptor of the message, or -1. */
static int receive(int sock)
{
	char data[512];
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int main(void)
{
	static const char line[] = "written by process A\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "process_a"};
	char text[512];
	ssize_t n;
	int fd, sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || bind(sock, (struct sockaddr *)&name, sizeof(name)) < 0) {
		perror("process_a");
		return 1;
	}
	fd = receive(sock);
	unlink(name.sun_path);
	close(sock);
	if (fd < 0) {
		fprintf(stderr, "process_a: no descriptor has come\n");
		return 1;
	}
	n = read(fd, text, sizeof(text));
	if (n < 0 || write(fd, line, strlen(line)) < 0) {
		perror("process_a: the descriptor that has come");
		return 1;
	}
	printf("process A read: %.*s", (int)n, text);
	close(fd);
	return 0;
}
