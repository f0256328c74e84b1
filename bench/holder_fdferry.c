/* SPDX-License-Identifier: MIT
 * holder_fdferry.c - fdferry store: through the library, and in its protocol, where requests go ahead of
 * their answers. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <fdferry.h>
#include <fdferry/store.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER 4096 /* bytes of the longest message */
#define TEN_SECONDS 10000

/* The command of this build: the benchmark is BUILD/bench/bench. */
static void find_command(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("/fdferry"));

	if (n < 0)
		die("/proc/self/exe");
	path[n] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/fdferry");
}

/* What was written to the end of a pipe that the daemon has got says that it is ready. */
static pid_t daemon_start(const char *dir)
{
	char command[PATH_MAX], number[16], byte;
	int ready[2];
	pid_t pid, parent = getpid();

	find_command(command);
	if (pipe2(ready, O_CLOEXEC) < 0)
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		snprintf(number, sizeof(number), "%d", dup(ready[1]));
		/* It says there that it is ready, a line for each daemon. */
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(127);
		if (getppid() == parent)
			execl(command, command, "store", "--store", dir, "--ready-fd", number,
			      (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		wrong(command, "does not run a store");
	close(ready[0]);
	return pid;
}

static void daemon_stop(pid_t pid, const char *dir)
{
	static const char *const files[] = {"notify", "store", "lock"};
	char path[STORE_DIR + 16];

	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* The library */

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	errno = -result;
	die(what);
}

static void *lib_open(const char *dir)
{
	struct ferry_store *store;

	must(ferry_store_open(&store, dir, 0, TEN_SECONDS), "ferry_store_open");
	return store;
}

static void lib_close(void *client)
{
	ferry_store_close(client);
}

static void lib_put(void *client, const char *name, const int *fds, size_t n, bool limited)
{
	struct ferry_request r = {.names = &name,
				  .nnames = 1,
				  .fds = (int *)fds,
				  .nfds = n,
				  .ttl_ms = limited ? AN_HOUR_MS : 0,
				  .timeout_ms = TEN_SECONDS};

	must(ferry_put(client, &r, sizeof(r)), "ferry_put");
}

static int lib_get(void *client, const char *name)
{
	int fd = -1;
	struct ferry_request r = {
		.names = &name, .nnames = 1, .fds = &fd, .max_fds = 1, .timeout_ms = TEN_SECONDS};

	must(ferry_get(client, &r, sizeof(r)), "ferry_get");
	return fd;
}

static void lib_remove(void *client, const char *prefix, size_t n)
{
	char pattern[64];
	struct ferry_request r = {.pattern = pattern, .timeout_ms = TEN_SECONDS};

	(void)n;
	snprintf(pattern, sizeof(pattern), "%s*", prefix);
	must(ferry_remove(client, &r, sizeof(r)), "ferry_remove");
}

/* The protocol */

struct raw {
	int sock;
	unsigned long long requests;
};

int raw_connect(const char *dir)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/store", dir);
	if (sock < 0 || connect(sock, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("connect to the store");
	return sock;
}

static void raw_send(int sock, const char *text, size_t len, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * MOST)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = (char *)text, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		die("a request to the store");
}

/* Returns 0 at the end of the connection; a descriptor goes to *fd, if there is one. */
static size_t raw_receive(int sock, char *text, size_t size, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = text, .iov_len = size - 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = fd != NULL ? sizeof(control.bytes) : 0};
	ssize_t got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	if (got < 0 && errno != ECONNRESET)
		die("an answer of the store");
	text[got > 0 ? got : 0] = '\0';
	c = fd != NULL && got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return got > 0 ? (size_t)got : 0;
}

/* The number behind a key, which stands at the beginning of a line; -1 if there is none. */
long raw_number(const char *answer, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = answer; line != NULL && *line != '\0';) {
		if (strncmp(line, key, len) == 0 && line[len] == '=')
			return strtol(line + len + 1, NULL, 10);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return -1;
}

static void raw_answer_fd(struct raw *c, int *fd)
{
	char answer[ANSWER];

	if (raw_receive(c->sock, answer, sizeof(answer), fd) == 0)
		wrong("fdferry-raw", "the store has closed the connection");
	if (raw_number(answer, "ERRNO") != 0)
		wrong("fdferry-raw", answer);
}

/* Each with an id, as the library's: the store remembers it. */
static void raw_request(struct raw *c, const char *op, const char *rest, const int *fds, size_t n)
{
	char text[ANSWER];
	int len = snprintf(text, sizeof(text), "OP=%s\nREQUEST=%032llx\n%s\n", op, ++c->requests,
			   rest);

	raw_send(c->sock, text, (size_t)len, fds, n);
}

static void *raw_open(const char *dir)
{
	static unsigned long long clients;
	struct raw *c = malloc(sizeof(*c));

	if (c == NULL)
		die("malloc");
	c->requests = ++clients << 40;
	c->sock = raw_connect(dir);
	return c;
}

static void raw_close(void *client)
{
	struct raw *c = client;

	close(c->sock);
	free(c);
}

static void raw_put(void *client, const char *name, const int *fds, size_t n, bool limited)
{
	char rest[300];

	snprintf(rest, sizeof(rest), "NAME=%s%s", name, limited ? "\nTTL=3600000" : "");
	raw_request(client, "put", rest, fds, n);
	raw_answer_fd(client, NULL);
}

static int raw_get(void *client, const char *name)
{
	char rest[300];
	int fd = -1;

	snprintf(rest, sizeof(rest), "NAME=%s", name);
	raw_request(client, "get", rest, NULL, 0);
	raw_answer_fd(client, &fd);
	return fd;
}

static void raw_remove(void *client, const char *prefix, size_t n)
{
	char rest[300];

	(void)n;
	snprintf(rest, sizeof(rest), "PATTERN=%s*", prefix);
	raw_request(client, "remove", rest, NULL, 0);
	raw_answer_fd(client, NULL);
}

static void raw_send_put(void *client, const char *name, int fd)
{
	char rest[300];

	snprintf(rest, sizeof(rest), "NAME=%s", name);
	raw_request(client, "put", rest, &fd, 1);
}

static void raw_answer(void *client)
{
	raw_answer_fd(client, NULL);
}

/* Returns the length of the answer; 0: the connection has ended. */
size_t raw_status(int sock, char *answer, size_t size)
{
	static const char request[] = "OP=status\n";

	raw_send(sock, request, sizeof(request) - 1, NULL, 0);
	return raw_receive(sock, answer, size, NULL);
}

const struct holder fdferry_holder = {
	.name = "fdferry",
	.most = MOST,
	.start = daemon_start,
	.stop = daemon_stop,
	.open = lib_open,
	.close = lib_close,
	.put = lib_put,
	.get = lib_get,
	.remove = lib_remove,
};

const struct holder fdferry_raw_holder = {
	.name = "fdferry-raw",
	.most = MOST,
	.start = daemon_start,
	.stop = daemon_stop,
	.open = raw_open,
	.close = raw_close,
	.put = raw_put,
	.get = raw_get,
	.remove = raw_remove,
	.send_put = raw_send_put,
	.answer = raw_answer,
};
