/* SPDX-License-Identifier: MIT
 * child.c - runs CMD with the descriptors as sd_listen_fds(3) wants them, and takes over its status. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MOST_NAME 255

/* a,b: what sd_listen_fds_with_names(3) can carry.  Becomes a:b, as it is carried: the names of a store
 * may have commas. */
int take_names(char *names)
{
	size_t n = 0;

	for (const char *c = names; *c != '\0'; c++) {
		n = *c == ',' ? 0 : n + 1;
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == ':' ||
		    n > MOST_NAME)
			return say(-1, "'%s': a name is at most 255 ASCII characters without ':'",
				   names);
	}
	for (char *c = names; *c != '\0'; c++)
		if (*c == ',')
			*c = ':';
	return 0;
}

static size_t count_names(const char *names)
{
	size_t n = 1;

	for (; *names != '\0'; names++)
		n += *names == ':';
	return n;
}

static int set_number(const char *name, unsigned long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", n);
	return setenv(name, text, 1);
}

/* LISTEN_FDNAMES has a name for each; those not named are "unknown", as systemd calls them. */
static int set_names(const char *names, size_t nfds)
{
	char *text = malloc(strlen(names) + nfds * sizeof(":unknown"));
	int err;

	if (text == NULL)
		return -1;
	strcpy(text, names);
	for (size_t i = count_names(names); i < nfds; i++)
		strcat(text, ":unknown");
	err = setenv("LISTEN_FDNAMES", text, 1);
	free(text);
	return err;
}

/* LISTEN_PID is this process. */
int child_environment(const struct child *c, size_t listen_fds)
{
	int err = unsetenv("LISTEN_FDS") | unsetenv("LISTEN_PID") | unsetenv("LISTEN_FDNAMES") |
		  unsetenv("LISTEN_PIDFDID") | unsetenv("FDFERRY_DATA");

	if (err == 0 && c->data != NULL)
		err = setenv("FDFERRY_DATA", c->data, 1);
	if (err == 0 && listen_fds > 0)
		err = set_number("LISTEN_FDS", listen_fds) |
		      set_number("LISTEN_PID", (unsigned long)getpid());
	if (err == 0 && listen_fds > 0 && c->names != NULL)
		err = set_names(c->names, listen_fds);
	return err;
}

/* With --stdin the first is standard input; the others are 3, 4, ... */
int child_number(const struct child *c, size_t i)
{
	if (c->as_stdin)
		return i == 0 ? STDIN_FILENO : FIRST_FD + (int)i - 1;
	return FIRST_FD + (int)i;
}

/* Puts all at 3, 4, ...; first out of the way, or one would land on another that has not moved yet.
 * dup2(2) also takes close-on-exec off. */
int child_place(const struct child *c)
{
	int above = FIRST_FD + (int)c->nfds;

	for (size_t i = 0; i < c->nfds; i++) {
		c->fds[i] = fcntl(c->fds[i], F_DUPFD_CLOEXEC, above);
		if (c->fds[i] < 0)
			return -1;
	}
	if (c->as_stdout && dup2(c->fds[0], STDOUT_FILENO) < 0)
		return -1;
	for (size_t i = 0; i < c->nfds; i++)
		if (dup2(c->fds[i], child_number(c, i)) < 0)
			return -1;
	return 0;
}

__attribute__((noreturn)) static void become(const struct child *c, char **words, int report)
{
	size_t first = c->as_stdin ? 1 : 0;
	int err, high;

	/* Above everything that is placed, so that it is still there if CMD cannot be run. */
	high = fcntl(report, F_DUPFD_CLOEXEC, FIRST_FD + (int)c->nfds);
	err = errno;
	signals_end();
	errno = err;
	if (high >= 0)
		report = high;
	if (high >= 0 && child_place(c) == 0 && child_environment(c, c->nfds - first) == 0)
		execvp(words[0], words);
	err = errno;
	/* cppcheck-suppress invalidFunctionArg ; -1 is EBADF, and nobody to tell */
	if (write(report, &err, sizeof(err)) < 0)
		_exit(EXIT_CANNOT_RUN);
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

/* Would execvp(3) find something that may be run?  An exit code (said). */
int check_program(const char *name)
{
	const char *path = strchr(name, '/') != NULL ? "" : getenv("PATH");
	int status = EXIT_NOT_FOUND;

	if (path == NULL) /* it looks where the system says then */
		return EXIT_DONE;
	for (;;) {
		const char *end = strchrnul(path, ':');
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - path), path,
			 end > path ? "/" : "", name);
		if (faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0)
			return EXIT_DONE;
		if (errno != ENOENT && errno != ENOTDIR)
			status = EXIT_CANNOT_RUN;
		if (*end == '\0')
			break;
		path = end + 1;
	}
	return say(status, "cannot run '%s': %s: nothing was taken", name,
		   strerror(status == EXIT_NOT_FOUND ? ENOENT : EACCES));
}

/* Passes signals on until the child has ended.  *ret_signal is the first that came, if any. */
static int wait_for(pid_t pid, int signalfd, int *ret_signal)
{
	struct pollfd p = {.fd = signalfd, .events = POLLIN};
	bool from_terminal;
	int status, signal;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			return say(EXIT_REFUSED, "cannot wait for the command: %s",
				   strerror(errno));
		poll(&p, 1, -1);
		while ((signal = signals_next(signalfd, &from_terminal)) != 0) {
			if (signal == SIGCHLD)
				continue;
			if (!from_terminal)
				kill(pid, signal);
			if (*ret_signal == 0)
				*ret_signal = signal;
		}
	}
	return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* CMD is not run with less than it was promised. */
static char **words_for(const struct child *c, size_t listen_fds)
{
	if (c->names == NULL || count_names(c->names) <= listen_fds)
		return fill_words(c);
	say(0, "%zu names for %zu descriptor%s: '%s' was not run", count_names(c->names),
	    listen_fds, listen_fds == 1 ? "" : "s", c->argv[0]);
	return NULL;
}

static int start_and_wait(const struct child *c, char **words, int signalfd, int *ret_signal)
{
	int report[2], err = 0, status;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return say(EXIT_REFUSED, "cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(c, words, report[1]);
	status = errno;
	close(report[1]);
	ferry_close_all(c->fds, c->nfds);
	if (pid < 0) {
		close(report[0]);
		return say(EXIT_REFUSED, "cannot start a process: %s", strerror(status));
	}
	if (read(report[0], &err, sizeof(err)) != (ssize_t)sizeof(err))
		err = 0; /* end of file: the command runs */
	close(report[0]);
	status = wait_for(pid, signalfd, ret_signal);
	if (err != 0)
		say(0, "cannot run '%s': %s", words[0], strerror(err));
	return status;
}

/* Returns CMD's status as ours.  The descriptors are CMD's: they are closed here in any case, so that
 * their other ends see when CMD has closed them.  *ret_signal is a signal that came while it ran, or 0. */
int run_child(const struct child *c, int signalfd, int *ret_signal)
{
	char **words = words_for(c, c->nfds - (c->as_stdin ? 1 : 0));
	int status;

	*ret_signal = 0;
	status = words != NULL ? start_and_wait(c, words, signalfd, ret_signal) : EXIT_REFUSED;

	ferry_close_all(c->fds, c->nfds);
	free_words(words);
	return status;
}
