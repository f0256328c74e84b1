/* SPDX-License-Identifier: MIT
 * s6.c - a client of s6-fdholder-daemon, and the daemon with rules that let us do all.
 *
 * A message on its stream is a length of 4 bytes and a number of descriptors of 2, then so many bytes; the
 * descriptors come with the first byte.  The first byte of the data says what is wanted, or is the errno of
 * an answer. */
#include "s6.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEAD 6
#define TAI_EPOCH 0x400000000000000au /* of what time(2) counts from */
#define LIMIT 12                      /* bytes of a time */
#define LARGEST 70000                 /* bytes of a message */

static void big_endian(unsigned char *to, uint64_t value, size_t n)
{
	while (n-- > 0) {
		to[n] = (unsigned char)value;
		value >>= 8;
	}
}

static void put_limit(unsigned char *to, struct s6_limit limit)
{
	big_endian(to, limit.seconds, 8);
	big_endian(to + 8, limit.nanoseconds, 4);
}

struct s6_limit s6_never(void)
{
	static uint64_t used;

	used++;
	return (struct s6_limit){.seconds = 0x600000006b000000u + used / 1000000000,
				 .nanoseconds = (uint32_t)(used % 1000000000)};
}

/* The leap seconds are left out. */
struct s6_limit s6_from_now(uint64_t seconds)
{
	return (struct s6_limit){.seconds = TAI_EPOCH + (uint64_t)time(NULL) + seconds};
}

static int send_all(int sock, unsigned char *data, size_t len, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * S6_MOST)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t sent;

	big_endian(data, len - HEAD, 4);
	big_endian(data + 4, n, 2);
	if (n > 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	while (iov.iov_len > 0) {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
		if (sent < 0)
			return -errno;
		iov.iov_base = (char *)iov.iov_base + sent;
		iov.iov_len -= (size_t)sent;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return 0;
}

/* The end of a request: length, name and NUL. */
static size_t put_name(unsigned char *to, const char *name)
{
	size_t len = strlen(name);

	to[0] = (unsigned char)len;
	memcpy(to + 1, name, len + 1);
	return len + 2;
}

int s6_send_store(int sock, const char *name, int fd, struct s6_limit limit)
{
	unsigned char data[HEAD + 1 + LIMIT + 300];

	data[HEAD] = 'S';
	put_limit(data + HEAD + 1, limit);
	return send_all(sock, data, HEAD + 1 + LIMIT + put_name(data + HEAD + 1 + LIMIT, name), &fd,
			1);
}

int s6_send_get(int sock, const char *name, int and_delete)
{
	unsigned char data[HEAD + 2 + 300];

	data[HEAD] = 'R';
	data[HEAD + 1] = (unsigned char)and_delete;
	return send_all(sock, data, HEAD + 2 + put_name(data + HEAD + 2, name), NULL, 0);
}

int s6_send_delete(int sock, const char *name)
{
	unsigned char data[HEAD + 1 + 300];

	data[HEAD] = 'D';
	return send_all(sock, data, HEAD + 1 + put_name(data + HEAD + 1, name), NULL, 0);
}

/* Exactly so many bytes; a descriptor that comes with them goes to *fd. */
static int receive(int sock, unsigned char *data, size_t len, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	while (iov.iov_len > 0) {
		ssize_t got;
		struct cmsghdr *c;

		msg.msg_control = fd != NULL ? control.bytes : NULL;
		msg.msg_controllen = fd != NULL ? sizeof(control.bytes) : 0;
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
		if (got <= 0)
			return got < 0 ? -errno : -ECONNRESET;
		c = CMSG_FIRSTHDR(&msg);
		if (fd != NULL && c != NULL && c->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(c), sizeof(int));
		iov.iov_base = (char *)iov.iov_base + got;
		iov.iov_len -= (size_t)got;
	}
	return 0;
}

int s6_answer(int sock, int *fd)
{
	unsigned char data[HEAD + 1];
	int r = receive(sock, data, sizeof(data), fd);

	return r < 0 ? r : -data[HEAD];
}

/* The answer to the announcement has 4 bytes more: in how many messages. */
int s6_dump(int sock, const char *prefix, const int *fds, unsigned n, struct s6_limit limit)
{
	static unsigned char data[LARGEST];
	unsigned char rest[4];
	char name[64];
	int r;

	data[HEAD] = '!';
	big_endian(data + HEAD + 1, n, 4);
	r = send_all(sock, data, HEAD + 5, NULL, 0);
	if (r == 0)
		r = s6_answer(sock, NULL);
	if (r == 0)
		r = receive(sock, rest, sizeof(rest), NULL);
	for (unsigned at = 0; r == 0 && at < n;) {
		unsigned step = n - at < S6_MOST ? n - at : S6_MOST;
		size_t len = HEAD + 1;

		data[HEAD] = '.';
		for (unsigned i = at; i < at + step; i++) {
			put_limit(data + len, limit);
			if (++limit.nanoseconds == 1000000000) {
				limit.nanoseconds = 0;
				limit.seconds++;
			}
			snprintf(name, sizeof(name), "%s.%u", prefix, i);
			len += LIMIT + put_name(data + len + LIMIT, name);
		}
		r = send_all(sock, data, len, fds + at, step);
		if (r == 0)
			r = s6_answer(sock, NULL);
		at += step;
		if (r == -EAGAIN && at < n)
			r = 0; /* more is waited for */
	}
	return r;
}

/* What is below the directory: for our user everything is allowed.  In the order of making. */
static const struct {
	const char *before, *after; /* the user's number is between them, unless after is NULL */
	const char *text;           /* of a file; NULL: a directory */
} made[] = {
	{"rules", NULL, NULL},
	{"rules/uid", NULL, NULL},
	{"rules/uid/", "", NULL},
	{"rules/uid/", "/allow", ""},
	{"rules/uid/", "/env", NULL},
	{"rules/uid/", "/env/S6_FDHOLDER_STORE_REGEX", ".*"},
	{"rules/uid/", "/env/S6_FDHOLDER_RETRIEVE_REGEX", ".*"},
	{"rules/uid/", "/env/S6_FDHOLDER_SETDUMP", "1"},
};
#define MADE (sizeof(made) / sizeof(made[0]))

static void path_of(size_t i, const char *dir, char path[PATH_MAX])
{
	if (made[i].after == NULL)
		snprintf(path, PATH_MAX, "%s/%s", dir, made[i].before);
	else
		snprintf(path, PATH_MAX, "%s/%s%lu%s", dir, made[i].before,
			 (unsigned long)geteuid(), made[i].after);
}

/* What cannot be made is missed by the daemon, which refuses us then. */
static void make_rules(const char *dir)
{
	char path[PATH_MAX];

	mkdir(dir, 0700);
	for (size_t i = 0; i < MADE; i++) {
		FILE *f;

		path_of(i, dir, path);
		if (made[i].text == NULL) {
			mkdir(path, 0700);
			continue;
		}
		f = fopen(path, "we");
		if (f == NULL)
			continue;
		fputs(made[i].text, f);
		fclose(f);
	}
}

pid_t s6_start(const char *dir, unsigned max_fds)
{
	char number[20], rules[PATH_MAX], path[PATH_MAX], byte;
	pid_t pid, parent = getpid();
	int ready[2];

	make_rules(dir);
	snprintf(number, sizeof(number), "%u", max_fds);
	snprintf(rules, sizeof(rules), "%s/rules", dir);
	snprintf(path, sizeof(path), "%s/sock", dir);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent && dup2(ready[1], STDOUT_FILENO) >= 0)
			execlp("s6-fdholder-daemon", "s6-fdholder-daemon", "-1", "-c", "64", "-n",
			       number, "-i", rules, path, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	/* It prints a newline when it is ready; nothing, if it is not there. */
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		s6_stop(pid, dir);
		pid = -ENOENT;
	}
	close(ready[0]);
	return pid;
}

void s6_stop(pid_t pid, const char *dir)
{
	char path[PATH_MAX];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "%s/sock", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sock.lock", dir);
	unlink(path);
	for (size_t i = MADE; i-- > 0;) {
		path_of(i, dir, path);
		remove(path);
	}
	rmdir(dir);
}

int s6_connect(const char *dir)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int sock, e;

	if (strlen(dir) + sizeof("/sock") > sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", dir);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return sock;
	e = errno;
	close(sock);
	return -e;
}
