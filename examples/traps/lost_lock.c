/* SPDX-License-Identifier: MIT
 * lost_lock.c - we hold a lock on a file, and receive and close another descriptor of that file. */
#include <sys/wait.h>

#include "trap.h"

static bool locked(const char *path) /* as another process sees it */
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct flock ask = {.l_type = F_WRLCK};
		int fd = open(path, O_RDWR | O_CLOEXEC);

		must(fcntl(fd, F_GETLK, &ask) == 0, "F_GETLK");
		_exit(ask.l_type != F_UNLCK);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	return WEXITSTATUS(status) == 1;
}

static void try(const char *name, int command)
{
	struct flock all = {.l_type = F_WRLCK};
	int s[2], ours = open("lock.txt", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int theirs = open("lock.txt", O_RDONLY | O_CLOEXEC); /* as a stranger may have opened it */

	must(ours >= 0 && theirs >= 0, "lock.txt");
	must(fcntl(ours, command, &all) == 0, "lock");
	pair(SOCK_DGRAM, s);
	must(give(s[0], "hello", 5, &theirs, 1) == 5, "sendmsg");
	printf("%s: locked %s, ", name, yes(locked("lock.txt")));
	close(take(s[1], CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC).fds[0]);
	printf("after the close %s\n", yes(locked("lock.txt")));
	close(ours);
	close(theirs);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0); /* fork copies what is buffered */
	try("F_SETLK    ", F_SETLK);
	try("F_OFD_SETLK", F_OFD_SETLK);
	return 0;
}
