/* SPDX-License-Identifier: MIT
 *
 * names.c - names of errors and signals; strerrorname_np() and sigabbrev_np() are glibc's alone.
 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

struct name {
	int number;
	const char *text;
};

#define NAME(x)                                                                                    \
	{                                                                                          \
		x, #x                                                                              \
	}

static const struct name errors[] = {
	{0, "no error"},       NAME(EPERM),         NAME(ENOENT),
	NAME(ESRCH),           NAME(EINTR),         NAME(EIO),
	NAME(ENXIO),           NAME(E2BIG),         NAME(EBADF),
	NAME(ECHILD),          NAME(EAGAIN),        NAME(ENOMEM),
	NAME(EACCES),          NAME(EFAULT),        NAME(EBUSY),
	NAME(EEXIST),          NAME(EXDEV),         NAME(ENODEV),
	NAME(ENOTDIR),         NAME(EISDIR),        NAME(EINVAL),
	NAME(ENFILE),          NAME(EMFILE),        NAME(ENOTTY),
	NAME(EFBIG),           NAME(ENOSPC),        NAME(ESPIPE),
	NAME(EROFS),           NAME(EMLINK),        NAME(EPIPE),
	NAME(ERANGE),          NAME(EDEADLK),       NAME(ENAMETOOLONG),
	NAME(ENOSYS),          NAME(ENOTEMPTY),     NAME(ELOOP),
	NAME(EPROTO),          NAME(EBADMSG),       NAME(EOVERFLOW),
	NAME(EILSEQ),          NAME(ENOTSOCK),      NAME(EDESTADDRREQ),
	NAME(EMSGSIZE),        NAME(EPROTOTYPE),    NAME(ENOPROTOOPT),
	NAME(EPROTONOSUPPORT), NAME(EOPNOTSUPP),    NAME(EAFNOSUPPORT),
	NAME(EADDRINUSE),      NAME(EADDRNOTAVAIL), NAME(ENETDOWN),
	NAME(ENETUNREACH),     NAME(ECONNABORTED),  NAME(ECONNRESET),
	NAME(ENOBUFS),         NAME(EISCONN),       NAME(ENOTCONN),
	NAME(ESHUTDOWN),       NAME(ETOOMANYREFS),  NAME(ETIMEDOUT),
	NAME(ECONNREFUSED),    NAME(EHOSTUNREACH),  NAME(EALREADY),
	NAME(EINPROGRESS),     NAME(ESTALE),        NAME(EDQUOT),
	NAME(ECANCELED),       NAME(ENODATA),       NAME(ETXTBSY),
	NAME(EOWNERDEAD),      NAME(ENOTUNIQ),      NAME(ENOKEY),
};

static const struct name signals[] = {
	NAME(SIGHUP),    NAME(SIGINT),  NAME(SIGQUIT),  NAME(SIGILL),  NAME(SIGTRAP), NAME(SIGABRT),
	NAME(SIGBUS),    NAME(SIGFPE),  NAME(SIGKILL),  NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2),
	NAME(SIGPIPE),   NAME(SIGALRM), NAME(SIGTERM),  NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP),
	NAME(SIGTSTP),   NAME(SIGTTIN), NAME(SIGTTOU),  NAME(SIGURG),  NAME(SIGXCPU), NAME(SIGXFSZ),
	NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),   NAME(SIGPWR),  NAME(SIGSYS),
};

static const char *find(const struct name *names, size_t count, int number, char *room, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].text;
	snprintf(room, size, "number %d", number);
	return room;
}

const char *harness_errno_name(int error)
{
	/* Two, because one line names two errors. */
	static _Thread_local char room[2][24];
	static _Thread_local unsigned int turn;

	return find(errors, sizeof errors / sizeof errors[0], error, room[turn++ % 2],
		    sizeof room[0]);
}

const char *harness_signal_name(int signal)
{
	static _Thread_local char room[24];

	return find(signals, sizeof signals / sizeof signals[0], signal, room, sizeof room);
}
