/* SPDX-License-Identifier: MIT
 * process_b.c - process B in plain system calls: opens a file and sends its descriptor to the datagram
 * socket process_a, in a control message with no ordinary data.
 *
 *   cc -o b process_b.c
 *   fdferry recv --stdin process_a -- cat &
 *   ./b notes.txt
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_to(const char *path, int fd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct iovec iov = {.iov_base = NULL, .iov_len = 0};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int sent, sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -1;
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	sent = sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(sock);
	errno = -sent;
	return sent;
}

int main(int argc, char **argv)
{
	int fd, tries;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (tries = 0; send_to("process_a", fd) < 0; tries++) {
		/* A may not be there yet. */
		if ((errno != ENOENT && errno != ECONNREFUSED) || tries == 50) {
			perror("process_a");
			return 1;
		}
		usleep(100000);
	}
	close(fd);
	return 0;
}
