/* SPDX-License-Identifier: MIT
 * shared.c - what a receiver shares with the sender, looked at by a receiver. */
#include <errno.h>
#include <fcntl.h>
#include <fdferry.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER = 50, OFFSET = 5 };

static void say(const char *what, int shared)
{
	printf("%-26s%s\n", what, shared ? "shared" : "not shared");
}

static int send_it(int sock, pid_t child)
{
	struct flock all = {.l_type = F_WRLCK};
	int fd = open("file.txt", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int high = fcntl(fd, F_DUPFD, NUMBER); /* not close-on-exec */
	int ok = high == NUMBER && lseek(high, OFFSET, SEEK_SET) == OFFSET &&
		 fcntl(high, F_SETFL, O_APPEND) == 0 && fcntl(high, F_SETOWN, getpid()) == 0 &&
		 flock(high, LOCK_EX) == 0 && fcntl(high, F_SETLK, &all) == 0 &&
		 ferry_send_fd(sock, high) == 0;

	if (!ok)
		perror("shared: sender");
	close(sock); /* a child that still waits sees the end */
	waitpid(child, NULL, 0);
	return !ok;
}

static int look_at_it(int sock)
{
	struct flock ask = {.l_type = F_WRLCK};
	int fd = ferry_recv_fd(sock);
	int other = open("file.txt", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || other < 0)
		return perror("shared: receiver"), 1;
	say("offset", lseek(fd, 0, SEEK_CUR) == OFFSET);
	say("O_APPEND, O_NONBLOCK, ...", (fcntl(fd, F_GETFL) & O_APPEND) != 0);
	say("who gets SIGIO (F_SETOWN)", fcntl(fd, F_GETOWN) == getppid());
	/* Shared, if the receiver can release it. */
	say("lock by flock(2)", flock(other, LOCK_EX | LOCK_NB) < 0 && flock(fd, LOCK_UN) == 0 &&
					flock(other, LOCK_EX | LOCK_NB) == 0);
	say("lock by F_SETLK", fcntl(fd, F_GETLK, &ask) < 0 || ask.l_type == F_UNLCK);
	say("close-on-exec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
	say("number", fd == NUMBER);
	return 0;
}

int main(void)
{
	int ends[2];
	pid_t child;

	if (ferry_pair(ends, SOCK_SEQPACKET, 0) < 0 || (child = fork()) < 0)
		return perror("shared"), 1;
	close(ends[child == 0 ? 0 : 1]);
	return child == 0 ? look_at_it(ends[1]) : send_it(ends[0], child);
}
