/* SPDX-License-Identifier: MIT
 * terminal.c - starts a command in a new pseudoterminal, and sends its other side to a socket.
 *
 *   fdferry recv --stdin screen -- cat &
 *   terminal screen sh -c 'echo hello'
 */
#include <fcntl.h>
#include <fdferry.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(int master, char **command)
{
	int slave;

	setsid(); /* the first terminal that is opened becomes ours */
	slave = open(ptsname(master), O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	if (slave > 2)
		close(slave);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	int sock, status, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t child;

	if (argc < 3 || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return fprintf(stderr, "usage: terminal SOCKET COMMAND...\n"), 2;
	sock = ferry_connect(argv[1], 0, 0, 0);
	if (sock < 0 || ferry_send_fd(sock, master) < 0)
		return perror(argv[1]), 1;
	child = fork();
	if (child == 0)
		run(master, argv + 2);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
