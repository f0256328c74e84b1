/* SPDX-License-Identifier: MIT
 * process_a.c - process A in plain system calls: binds the datagram socket process_a, receives one
 * descriptor, reads what is in it and writes a line through it.
 *
 *   cc -o a process_a.c
 *   ./a &
 *   fdferry send --wait 5s process_a file:notes.txt,rw
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The descriptor of the next message, or -1: then nothing is left open. */
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
	int fds[sizeof(control.bytes) / sizeof(int)]; /* more than fit */
	size_t n = 0;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) < 0) {
		perror("recvmsg");
		return -1;
	}
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		}
	}
	/* The message may have had none, several, or some that got lost. */
	if (n == 1 && (msg.msg_flags & MSG_CTRUNC) == 0)
		return fds[0];
	while (n > 0)
		close(fds[--n]);
	fprintf(stderr, "process A: not a message of one descriptor\n");
	return -1;
}

int main(void)
{
	static const char line[] = "written by process A\n";
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "process_a"};
	char text[512];
	ssize_t n;
	int fd, sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* The mode of the socket becomes that of its file: nobody else may send to us. */
	if (sock < 0 || fchmod(sock, 0600) < 0 ||
	    bind(sock, (struct sockaddr *)&name, sizeof(name)) < 0) {
		perror("process_a");
		return 1;
	}
	fd = receive(sock);
	unlink(name.sun_path);
	close(sock);
	if (fd < 0)
		return 1;
	n = read(fd, text, sizeof(text));
	if (n < 0 || write(fd, line, strlen(line)) < 0) {
		perror("process A: the descriptor that has come");
		return 1;
	}
	printf("process A read: %.*s", (int)n, text);
	close(fd);
	return 0;
}
