/* SPDX-License-Identifier: MIT
 * intake.c - where messages come from: a socket that we bind or inherit, and the connections that it
 * accepts.  None of them can keep the others from being heard. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_listening(int sock)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(sock, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

/* What will be received may take every number that is free; to remove the file then takes some too. */
static int keep_spare(struct intake *in)
{
	for (size_t i = 0; i < SPARE; i++)
		in->spare[i] = -1;
	for (size_t i = 0; in->bound && i < SPARE; i++) {
		in->spare[i] = fcntl(in->signalfd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (in->spare[i] >= 0)
			continue;
		ferry_close_all(in->spare, SPARE);
		return say(-1,
			   "too few descriptors to begin with: raise the limit with 'ulimit -n'");
	}
	return 0;
}

/* Signals are blocked before (in->signalfd): from bind(2) on there is a file to take away. */
int intake_open(struct intake *in, const char *address, int type, mode_t mode,
		const struct rules *rules)
{
	uint32_t flags = rules->n > 0 ? FERRY_CREDS : 0;
	mode_t before;

	in->address = address;
	in->rules = rules;
	in->displaced = -1;
	in->n = 0;
	in->bound = !is_inherited(address);
	in->sock = -1;
	if (keep_spare(in) < 0)
		return -1;
	if (in->bound) {
		/* --mode is what the file gets: the umask would take bits away. */
		before = umask(0);
		in->sock = ferry_bind(address, type, mode, flags);
		umask(before);
		if (in->sock < 0)
			return say(-1, "cannot bind %s: %s%s", address, why_text(in->sock),
				   bind_hint(in->sock));
	} else {
		in->sock = take_inherited(address, flags, &type);
		if (in->sock < 0)
			return -1;
	}
	in->listening = is_listening(in->sock);
	return 0;
}

void intake_drop(struct intake *in, int connection)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->connections[i] == connection) {
			drop_socket(connection);
			memmove(in->connections + i, in->connections + i + 1,
				(--in->n - i) * sizeof(int));
			in->displaced = -1;
			return;
		}
}

void intake_close(struct intake *in)
{
	int err;

	ferry_close_all(in->spare, SPARE);
	while (in->n > 0)
		intake_drop(in, in->connections[0]);
	if (in->sock < 0)
		return;
	err = in->bound ? ferry_unbind(in->sock, in->address) : 0;
	if (err < 0 && err != -ENOENT && err != -ESTALE)
		say(0, "cannot remove %s: %s", in->address, strerror(-err));
	if (in->bound)
		drop_socket(in->sock);
	else
		drop_inherited(in->sock);
	in->sock = -1;
}

/* The first has been silent longest.  What it has said by now is still read, and then its end: that is
 * the shutdown's, behind which nobody can say any more. */
static void displace(struct intake *in)
{
	in->displaced = in->connections[0];
	shutdown(in->displaced, SHUT_RD);
}

static int accept_one(struct intake *in)
{
	int fd;

	if (in->n == MOST_CONNECTIONS) {
		displace(in);
		return 0;
	}
	fd = ferry_accept(in->sock, FERRY_NOWAIT, 0);
	if (fd >= 0 && !may_connect(in->rules, fd, in->address))
		drop_socket(fd);
	else if (fd >= 0)
		in->connections[in->n++] = fd;
	else if (fd == -EMFILE && in->n > 0)
		displace(in);
	else if (fd != -EAGAIN && fd != -ECONNABORTED)
		return say(-1, "cannot accept a connection on %s: %s", in->address, why_text(fd));
	return 0;
}

/* A wait of timeout_ms (-1: for ever) begins. */
void intake_begin_wait(struct intake *in, int timeout_ms)
{
	in->end_ms = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
	in->looked = false;
}

/* Waits until the end of the wait for something to receive: *ret is the socket that has it, or the
 * signal that has come. */
int intake_next(struct intake *in, int *ret)
{
	for (;;) {
		struct pollfd p[2 + MOST_CONNECTIONS] = {
			{.fd = in->signalfd, .events = POLLIN},
			{.fd = in->sock, .events = POLLIN},
		};
		int64_t left = in->end_ms - now_ms();
		bool from_terminal;
		int r;

		/* Otherwise who always has something that does not count would keep us for ever. */
		if (left <= 0 && in->looked)
			return INTAKE_TIMED_OUT;
		in->looked = true;
		for (size_t i = 0; i < in->n; i++)
			p[2 + i] = (struct pollfd){.fd = in->connections[i], .events = POLLIN};
		r = poll(p, 2 + in->n, left > INT_MAX ? -1 : left > 0 ? (int)left : 0);
		if (r == 0)
			return INTAKE_TIMED_OUT;
		if (r < 0 && errno != EINTR) {
			say(0, "cannot wait: %s", strerror(errno));
			return INTAKE_FAILED;
		}
		if (r < 0)
			continue;
		if (p[0].revents != 0) {
			*ret = signals_next(in->signalfd, &from_terminal);
			if (*ret != 0 && *ret != SIGCHLD)
				return INTAKE_SIGNAL;
		}
		for (size_t i = 0; i < in->n; i++)
			if (p[2 + i].revents != 0) {
				*ret = in->connections[i];
				return INTAKE_READY;
			}
		if (p[1].revents != 0 && !in->listening) {
			*ret = in->sock;
			return INTAKE_READY;
		}
		if (p[1].revents != 0 && accept_one(in) < 0)
			return INTAKE_FAILED;
	}
}
