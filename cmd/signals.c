/* SPDX-License-Identifier: MIT
 * signals.c - signals that end the command end it in order: the socket file goes first. */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t before;
static struct sigaction pipe_before;

/* Blocks them and returns a descriptor that poll(2) can wait for, with SIGCHLD.  A signal that the
 * parent has set to be ignored (nohup) stays so.  SIGPIPE is ignored, for us alone, so that a closed
 * standard output is an error that can be handled. */
int signals_begin(void)
{
	static const int ours[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, action;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (sigaction(ours[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, ours[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	sigaction(SIGPIPE, &ignore, &pipe_before);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		say(0, "cannot wait for signals: %s", strerror(errno));
		signals_end();
	}
	return fd;
}

/* The next signal, or 0.  One from the terminal has reached CMD too. */
int signals_next(int signalfd, bool *ret_from_terminal)
{
	struct signalfd_siginfo info;

	if (read(signalfd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	*ret_from_terminal = info.ssi_code == SI_KERNEL;
	return (int)info.ssi_signo;
}

void signals_end(void)
{
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* A shell that runs us in a loop sees that a signal has ended us. */
void signals_die_of(int signal)
{
	sigset_t set;

	fflush(NULL);
	drop_standard();
	sigemptyset(&set);
	sigaddset(&set, signal);
	raise(signal);
	/* cppcheck-suppress unreachableCode ; the signal is blocked when raise(3) sends it */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(EXIT_SIGNALLED + signal);
}
