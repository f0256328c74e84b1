/* SPDX-License-Identifier: MIT
 * endpoint.c - what a person writes for a descriptor (WHAT) as a descriptor: the table of what there is,
 * and files. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_SIZE 65536
#define CREATE_MODE 0600

static const char *open_hint(int err, const char *what, int flags)
{
	switch (err) {
	case ENOENT:
		if ((flags & O_CREAT) != 0)
			return ": make its directory first";
		return strncmp(what, "memfd:", 6) == 0 ? ""
						       : ": to make it, write file:PATH,create";
	case ENXIO:
		return ": a socket or an unread fifo cannot be opened this way; the socket to send "
		       "to comes first";
	default:
		return "";
	}
}

static int open_file(const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, CREATE_MODE);

	if (fd < 0)
		say(0, "cannot open %s: %s%s", what, strerror(errno),
		    open_hint(errno, what, flags));
	return fd;
}

/* Makes text the path at its front, up to a comma ("\," is a comma in the path).  Returns the rest. */
static char *take_path(char *text)
{
	char *to = text, *from = text;

	while (*from != '\0' && *from != ',') {
		if (from[0] == '\\' && (from[1] == ',' || from[1] == '\\'))
			from++;
		*to++ = *from++;
	}
	from += *from == ',';
	*to = '\0'; /* never behind from */
	return from;
}

/* PATH,ro|rw|wo|append|create */
static int open_spec(const char *what, char *path)
{
	char *words = take_path(path), *word, *save = NULL;
	int access = -1, more = 0;

	for (word = strtok_r(words, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		int asked = strcmp(word, "ro") == 0   ? O_RDONLY
			    : strcmp(word, "rw") == 0 ? O_RDWR
			    : strcmp(word, "wo") == 0 ? O_WRONLY
						      : -1;

		if (asked >= 0 && access >= 0 && access != asked)
			return say(-EXIT_USAGE, "%s: only one of ro, rw and wo can hold", what);
		if (asked >= 0)
			access = asked;
		else if (strcmp(word, "append") == 0)
			more |= O_APPEND;
		else if (strcmp(word, "create") == 0)
			more |= O_CREAT;
		else
			return say(-EXIT_USAGE,
				   "%s: '%s' is none of ro, rw, wo, append, create: a comma in a "
				   "path is written '\\,'",
				   what, word);
	}
	if (access == O_RDONLY && more != 0)
		return say(-EXIT_USAGE, "%s: ro does not go with append or create", what);
	if (access < 0)
		access = (more & O_CREAT) != 0    ? O_RDWR
			 : (more & O_APPEND) != 0 ? O_WRONLY
						  : O_RDONLY;
	if (path[0] == '\0')
		return say(-EXIT_USAGE, "%s: a path is missing", what);
	return open_file(what, path, access | more);
}

static int copy_number(const char *what, const char *number)
{
	unsigned long n;
	int fd;

	if (parse_count(number, INT_MAX, &n) < 0)
		return -EXIT_USAGE;
	fd = fcntl((int)n, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		say(0, "%s: %s%s", what, strerror(errno),
		    errno == EBADF ? ": the process that started this one must leave it open" : "");
	return fd;
}

static int fill(int to, int from)
{
	static char buffer[COPY_SIZE];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, buffer + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

/* A copy that nobody can change any more, the sender included: what the receiver checks stays so. */
static int copy_sealed(const char *what, const char *path)
{
	const char *slash = strrchr(path, '/');
	int from = open_file(what, path, O_RDONLY), fd, err;
	char name[200];

	if (from < 0)
		return -1;
	snprintf(name, sizeof(name), "%s", slash != NULL ? slash + 1 : path);
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	err = fd < 0 ? -errno : fill(fd, from);
	close(from);
	if (err == 0 &&
	    (lseek(fd, 0, SEEK_SET) < 0 ||
	     fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0))
		err = -errno;
	if (err == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return say(-1, "cannot copy %s: %s", what, strerror(-err));
}

static int open_words(const char *what, const char *text)
{
	char *copy = strdup(text);
	int fd;

	if (copy == NULL)
		return say(-1, "%s: %s", what, strerror(errno));
	fd = open_spec(what, copy);
	free(copy);
	return fd;
}

#define UNIX_LISTEN "unix-listen:"

/* Returns a descriptor that is the caller's to close, or minus an exit code (said). */
static const struct kind {
	const char *prefix;
	const char *argument;
	const char *help;
	int (*make)(const char *what, const char *text);
} kinds[] = {
	{"file:", "PATH,WORD...", "opened ro, wo or rw; append; create", open_words},
	{"fd:", "N", "the descriptor that the caller has left open", copy_number},
	{"memfd:", "PATH", "a copy of the file in memory, sealed", copy_sealed},
	{"tcp-listen:", "HOST:PORT", "a TCP socket that listens; no HOST is any", open_tcp_listen},
	{"tcp-connect:", "HOST:PORT", "a TCP connection", open_tcp_connect},
	{"udp-bind:", "HOST:PORT", "a UDP socket with an address; no HOST is any", open_udp_bind},
	{UNIX_LISTEN, "PATH", "a UNIX stream socket that listens", open_unix_listen},
	{"unix-connect:", "PATH", "a connection to a UNIX socket of any type", open_unix_connect},
	{"pidfd:", "PID", "the process", open_pidfd},
	{"pid:", "PID/FD", "a copy of descriptor FD of the process", open_descriptor_of},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

bool endpoint_word(size_t i, struct word *ret)
{
	if (i >= KINDS)
		return false;
	*ret = (struct word){
		.text = kinds[i].prefix,
		.help = kinds[i].help,
		.behind = strncmp(kinds[i].argument, "PATH", 4) == 0 ? "path" : NULL,
	};
	return true;
}

int open_endpoint(const char *what)
{
	for (size_t i = 0; i < KINDS; i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(what, kinds[i].prefix, len) == 0)
			return kinds[i].make(what, what + len);
	}
	if (strcmp(what, "-") == 0)
		return say(-EXIT_USAGE,
			   "'-' is no descriptor here: write fd:0 for standard input, ./- for a "
			   "file of that name");
	return open_file(what, what, O_RDONLY);
}

/* The file of a listener goes along with the listener, which nobody has got.  That there was an error
 * has been said. */
void take_back(int fd, const char *what)
{
	if (strncmp(what, UNIX_LISTEN, strlen(UNIX_LISTEN)) == 0)
		ferry_unbind(fd, what + strlen(UNIX_LISTEN));
}

void print_endpoints(FILE *out)
{
	fprintf(out, "\nWHAT is one of:\n  %-24s %s\n", "PATH", "the file, for reading");
	for (size_t i = 0; i < KINDS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "%s%s", kinds[i].prefix, kinds[i].argument);
		fprintf(out, "  %-24s %s\n", left, kinds[i].help);
	}
}
