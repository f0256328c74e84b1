/* SPDX-License-Identifier: MIT
 * child.c - processes that take part in rounds: told on standard input how many units to run, they
 * answer on standard output how many nanoseconds it took. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 64

/* In the child: its pipes become standard input and output, and nothing outlives the benchmark. */
static void settle_in(int commands, int answers, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(commands, STDIN_FILENO) < 0 ||
	    dup2(answers, STDOUT_FILENO) < 0)
		_exit(1);
	close(commands);
	close(answers);
}

/* Returns in both processes, true in the child. */
static bool split(struct child *c)
{
	int commands[2], answers[2];
	pid_t parent = getpid();

	if (pipe2(commands, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
		die("pipe2");
	fflush(stdout);
	c->pid = fork();
	if (c->pid < 0)
		die("fork");
	if (c->pid == 0) {
		close(commands[1]);
		close(answers[0]);
		settle_in(commands[0], answers[1], parent);
		return true;
	}
	close(commands[0]);
	close(answers[1]);
	c->to = commands[1];
	c->from = fdopen(answers[0], "r");
	return false;
}

void child_fork(struct child *c, void (*body)(const void *arg), const void *arg)
{
	if (!split(c))
		return;
	body(arg);
	_exit(0);
}

/* fds become 3, 4, ... */
void child_exec(struct child *c, int core, const char *const argv[], const int *fds, size_t n)
{
	int high[2 * MOST];

	if (!split(c))
		return;
	pin(core);
	/* Out of the way first: a number may be one that another is to have. */
	for (size_t i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + (int)n);
	for (size_t i = 0; i < n; i++)
		if (high[i] < 0 || dup2(high[i], 3 + (int)i) < 0)
			die("dup2");
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* In the child: from here on it is asked. */
void child_serve(double (*run)(void *arg, size_t n), void *arg)
{
	char line[LINE];

	dprintf(STDOUT_FILENO, "ready\n");
	while (fgets(line, sizeof(line), stdin) != NULL)
		dprintf(STDOUT_FILENO, "%.0f\n", run(arg, strtoul(line, NULL, 10)));
}

bool child_ready(struct child *c)
{
	char line[LINE];

	return fgets(line, sizeof(line), c->from) != NULL && strcmp(line, "ready\n") == 0;
}

void child_tell(struct child *c, size_t n)
{
	if (dprintf(c->to, "%zu\n", n) < 0)
		die("a child does not listen");
}

double child_answer(struct child *c)
{
	char line[LINE];

	if (fgets(line, sizeof(line), c->from) == NULL)
		die("a child has ended");
	return strtod(line, NULL);
}

/* As a runner. */
double child_run(void *arg, size_t n)
{
	child_tell(arg, n);
	return child_answer(arg);
}

static int reap(struct child *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	fclose(c->from);
	return status;
}

/* Tells it that nothing more is asked; what it finds wrong then, it says, and ends with an error.  The
 * last one first: the others' pipes are open in those that were forked after them. */
void child_end(struct child *c)
{
	close(c->to);
	if (reap(c) != 0) {
		errno = ECHILD;
		die("a child found something wrong");
	}
}

/* Returns how it ended, if it had before. */
int child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	close(c->to);
	return reap(c);
}
