/* SPDX-License-Identifier: MIT
 * target.c - what a person writes for the socket: "-", fd:N, a path, @abstract. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int is_inherited(const char *text)
{
	return strcmp(text, "-") == 0 || strncmp(text, "fd:", 3) == 0;
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The socket that is already standard input or output ("-"), or fd:N, prepared, and a number of our
 * own for it. */
int take_inherited(const char *text, uint32_t flags, int *ret_type)
{
	unsigned long n = STDIN_FILENO;
	int fd;

	if (text[0] != '-') {
		if (parse_count(text + 3, INT_MAX, &n) < 0)
			return -1;
	} else if (!is_socket(STDIN_FILENO)) {
		if (!is_socket(STDOUT_FILENO))
			return say(-1, "neither standard input nor standard output is a socket: "
				       "'-' takes the one that the parent process has put there");
		n = STDOUT_FILENO;
	}
	fd = fcntl((int)n, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		return say(-1, "%s: %s", text, strerror(errno));
	*ret_type = ferry_prepare(fd, flags);
	if (*ret_type < 0) {
		say(0, "cannot use %s as the socket: %s", text, why_text(*ret_type));
		close(fd);
		return -1;
	}
	return fd;
}

const char *bind_hint(int err)
{
	switch (err < 0 ? -err : err) {
	case EADDRINUSE:
		return ": end it, or choose another name";
	case ENOTSOCK:
		return ": remove the file, or choose another name";
	case ENOENT:
		return ": make its directory first";
	case ENAMETOOLONG:
		return ": the name of a socket has at most 107 bytes, fewer below a long directory";
	case EINVAL:
		return ": write a path, or @ and a name";
	case EACCES:
		return ": choose a directory that you may write to";
	default:
		return "";
	}
}

const char *connect_hint(int err, const char *address)
{
	struct stat st;

	/* The kernel says the same of a file that is none as of one that nobody serves. */
	if (err == -ECONNREFUSED && stat(address, &st) == 0 && !S_ISSOCK(st.st_mode))
		return ": it is not a socket, which comes first; what to send stands behind it";
	switch (err < 0 ? -err : err) {
	case ENOENT:
	case ECONNREFUSED:
		return ": start the receiver first, or wait for it with --wait 5s";
	case EPROTOTYPE:
		return ": leave -t out";
	case EACCES:
		return ": the receiver's owner can allow it with recv --mode 0660 or 0666";
	case EAGAIN:
		return ": it does not accept connections just now, wait for it with --wait 5s";
	case ELOOP:
		return ": write the path of the socket itself";
	case EINVAL:
		return ": write a path, or @ and a name";
	default:
		return "";
	}
}
