/* SPDX-License-Identifier: MIT
 * separation.c - a worker that cannot open anything, and an opener that decides what it gets.
 *
 *   separation notes.txt /etc/shadow
 */
#include <errno.h>
#include <fcntl.h>
#include <fdferry.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From here on open(2) fails, in whatever this process and its children run. */
static int give_up_opening(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_open
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 1, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
		       ? -1
		       : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static int worker(int sock, char **names)
{
	if (give_up_opening() < 0)
		return perror("seccomp"), 1;
	for (; *names != NULL; names++) {
		char line[80] = "";
		int fd = open(*names, O_RDONLY | O_CLOEXEC);

		printf("%s: open %s, ", *names, fd < 0 ? "fails" : "works");
		if (send(sock, *names, strlen(*names), MSG_NOSIGNAL) < 0)
			return perror("send"), 1;
		fd = ferry_recv_fd(sock);
		if (fd < 0)
			printf("and the opener gives nothing\n");
		else if (read(fd, line, sizeof(line) - 1) >= 0)
			printf("but the opener gives: %s", line);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* What the worker says is not to be trusted: the rule is here, and it names a file, not a path. */
static void opener(int sock)
{
	char name[80];
	ssize_t n;

	while ((n = recv(sock, name, sizeof(name) - 1, 0)) > 0) {
		int fd = -1;

		name[n] = '\0';
		if (strcmp(name, "notes.txt") == 0)
			fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			send(sock, "", 1, MSG_NOSIGNAL); /* a message without a descriptor: no */
		else
			ferry_send_fd(sock, fd);
		if (fd >= 0)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	int ends[2];

	if (argc < 2 || ferry_pair(ends, SOCK_SEQPACKET, 0) < 0)
		return fprintf(stderr, "usage: separation FILE...\n"), 2;
	if (fork() != 0) {
		close(ends[1]);
		return worker(ends[0], argv + 1);
	}
	close(ends[0]);
	opener(ends[1]);
	return 0;
}
