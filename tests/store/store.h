/* SPDX-License-Identifier: MIT
 *
 * store.h - a store for a test: the command is started in the test's directory, asked in plain words, and
 * ended.
 *
 * The tests know the protocol and no library, so that they see what a client written in any language sees.
 */
#ifndef STORE_TESTS_H
#define STORE_TESTS_H

#include "../kernel/plain.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Processes are started, and sanitizers make that slow: the deadline is there for what hangs. */
#define STORE_TEST(name) TEST_SECONDS(name, 120)

enum { STORE_ARGS = 16, STORE_TEXT = 4096 };

/* The parent of the store that this test has started, and how many of its twins this test has ended. */
static pid_t the_store;
static int ended_twins;

/* The command of the variant that this program belongs to: BUILD/tests/store/PROGRAM is where we are. */
static inline void store_command(char path[PATH_MAX])
{
	ssize_t len = CHECK_OK(readlink("/proc/self/exe", path, PATH_MAX - 32));

	path[len] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');

		CHECK(slash != NULL);
		*slash = '\0';
	}
	strcat(path, "/fdferry");
}

/* Starts the command with stderr in the file errors, or where the test's own is; ready is descriptor 3. */
static inline pid_t store_start(const char *const *args, const char *errors, int ready)
{
	/* However slow this machine is, no twin is replaced but by a test that says so. */
	const char *argv[STORE_ARGS] = {"fdferry",    "store", "--store",    ".",
					"--ready-fd", "3",     "--patience", "0ms"};
	char path[PATH_MAX];
	size_t n = 8;
	pid_t pid;

	store_command(path);
	for (; *args != NULL; args++) {
		CHECK_INT(n, <, STORE_ARGS - 1);
		argv[n++] = *args;
	}
	pid = CHECK_OK(fork());
	if (pid > 0)
		return pid;
	if (errors != NULL) {
		int fd = CHECK_OK(open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));

		CHECK_OK(dup2(fd, 2));
	}
	if (ready == 3)
		CHECK_OK(fcntl(3, F_SETFD, 0));
	else
		CHECK_OK(dup2(ready, 3));
	execv(path, (char *const *)(uintptr_t)argv);
	FAIL("%s: %s", path, strerror(errno));
}

/* True: it has said that it is ready.  False: it has ended instead. */
static inline bool store_is_ready(int ready)
{
	char c;
	ssize_t n = CHECK_OK(read(ready, &c, 1));

	CHECK_OK(close(ready));
	CHECK(n == 0 || c == '\n');
	return n == 1;
}

static inline bool store_try(const char *const *args, const char *errors)
{
	struct rlimit rl;
	int ready[2];

	/* It limits what we may have in flight, together with the store where we are not root. */
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = rl.rlim_max;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(pipe2(ready, O_CLOEXEC));
	the_store = store_start(args, errors, ready[1]);
	CHECK_OK(close(ready[1]));
	return store_is_ready(ready[0]);
}

/* Starts a store in this directory with more options, the last of which is NULL. */
#define store_begin(...) CHECK(store_try((const char *const[]){__VA_ARGS__}, NULL))

/* Returns the exit status of the store that was started last. */
static inline int store_wait(void)
{
	int status;

	while (waitpid(the_store, &status, 0) < 0)
		CHECK_INT(errno, ==, EINTR);
	if (!WIFEXITED(status))
		FAIL("the store was killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* An answer, or an event.  Its descriptors are the test's to close. */
struct answer {
	int n;
	int fds[256];
	char text[STORE_TEXT + 1];
};

static inline int try_connect(const char *door, int type)
{
	int sock = new_socket(type);

	CHECK_OK(connect_to(sock, door));
	return sock;
}

/* A connection to the store's door. */
static inline int client(void)
{
	return try_connect("store", SOCK_SEQPACKET);
}

static inline void wait_until(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	while (poll(&p, 1, -1) < 0)
		CHECK_INT(errno, ==, EINTR);
}

/* Sends bytes, all of them, at once; waits for room. */
static inline void tell_bytes(int sock, const void *bytes, size_t len, const int *fds, size_t n)
{
	ssize_t sent;

	while ((sent = send_fds(sock, bytes, len, fds, n, MSG_NOSIGNAL)) < 0) {
		/* What a user has in flight is limited (unix(7)), and passes; nothing tells when. */
		if (errno == ETOOMANYREFS)
			poll(NULL, 0, 5);
		else
			CHECK_INT(errno, ==, EAGAIN);
		wait_until(sock, POLLOUT);
	}
	CHECK_INT(sent, ==, len);
}

static inline void tell(int sock, const char *text, const int *fds, size_t n)
{
	tell_bytes(sock, text, strlen(text), fds, n);
}

/* The next message; false: the connection has ended. */
static inline bool hear(int sock, struct answer *a)
{
	static struct received r;
	ssize_t len;

	a->n = 0;
	a->text[0] = '\0';
	wait_until(sock, POLLIN);
	len = recv_msg(sock, &r, STORE_TEXT, PLAIN_ROOM, MSG_CMSG_CLOEXEC);
	if (len == 0 || (len < 0 && errno == ECONNRESET))
		return false;
	CHECK_OK(len);
	CHECK_INT(r.flags & (MSG_TRUNC | MSG_CTRUNC), ==, 0);
	memcpy(a->text, r.data, (size_t)len);
	a->text[len] = '\0';
	CHECK_INT(strlen(a->text), ==, len);
	a->n = r.count;
	memcpy(a->fds, r.fds, sizeof(r.fds));
	return true;
}

static inline void close_answer(struct answer *a)
{
	for (int i = 0; i < a->n; i++)
		CHECK_OK(close(a->fds[i]));
	a->n = 0;
}

static inline void check_end(int sock)
{
	struct answer a;

	if (hear(sock, &a))
		FAIL("not the end, but:\n%s", a.text);
}

/* What stands behind KEY= at the beginning of a line, from at on; NULL: there is no such line. */
static inline const char *value_at(const char *at, const char *key)
{
	size_t len = strlen(key);

	while (at != NULL && !(strncmp(at, key, len) == 0 && at[len] == '=')) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	return at != NULL ? at + len + 1 : NULL;
}

static inline bool has(const struct answer *a, const char *key)
{
	return value_at(a->text, key) != NULL;
}

static inline int64_t number(const struct answer *a, const char *key)
{
	const char *value = value_at(a->text, key);
	char *end;
	int64_t n;

	if (value == NULL)
		FAIL("no %s= in:\n%s", key, a->text);
	n = strtoll(value, &end, 10);
	if (end == value || *end != '\n')
		FAIL("%s= is no number in:\n%s", key, a->text);
	return n;
}

/* The value of a line is exactly this. */
static inline bool says(const struct answer *a, const char *key, const char *expected)
{
	const char *value = value_at(a->text, key);
	size_t len = strlen(expected);

	return value != NULL && strncmp(value, expected, len) == 0 && value[len] == '\n';
}

static inline void ask_with(int sock, struct answer *a, const char *text, const int *fds, size_t n)
{
	tell(sock, text, fds, n);
	if (!hear(sock, a))
		FAIL("the connection has ended instead of an answer to:\n%s", text);
}

static inline void ask(int sock, struct answer *a, const char *text)
{
	ask_with(sock, a, text, NULL, 0);
}

static inline void check_done(struct harness_place place, const struct answer *a)
{
	if (!says(a, "ERRNO", "0"))
		harness_fail(place, "it was refused:\n%s", a->text);
}

/* The answer is this text, to the last byte, with no descriptors. */
static inline void check_answer(struct harness_place place, int sock, const char *request,
				const char *expected)
{
	struct answer a;

	ask(sock, &a, request);
	harness_str(place, request, "its answer", a.text, expected);
	CHECK_INT(a.n, ==, 0);
}
#define CHECK_ANSWER(sock, request, expected)                                                      \
	check_answer(HARNESS_HERE, (sock), (request), (expected))

/* It is refused with this errno, and WHY has these words. */
static inline void check_refused(struct harness_place place, int sock, const char *request,
				 const int *fds, size_t n, int error, const char *words)
{
	struct answer a;
	const char *why;

	ask_with(sock, &a, request, fds, n);
	why = value_at(a.text, "WHY");
	if (a.n != 0 || number(&a, "ERRNO") != error || why == NULL || strstr(why, words) == NULL ||
	    strchr(why, '\n') != a.text + strlen(a.text) - 1)
		harness_fail(place, "not refused with %s, '%s', but:\n%s", strerror(error), words,
			     a.text);
}
#define CHECK_REFUSED(sock, request, error, words)                                                 \
	check_refused(HARNESS_HERE, (sock), (request), NULL, 0, (error), (words))

/* Returns the id of the first one. */
static inline int64_t put_all(int sock, const char *lines, const int *fds, size_t n)
{
	char text[STORE_TEXT];
	struct answer a;

	CHECK_INT(snprintf(text, sizeof(text), "OP=put\n%s", lines), <, sizeof(text));
	ask_with(sock, &a, text, fds, n);
	check_done(HARNESS_HERE, &a);
	CHECK_INT(number(&a, "COUNT"), ==, n);
	return number(&a, "ID");
}

static inline int64_t put(int sock, const char *lines, int fd)
{
	return put_all(sock, lines, &fd, 1);
}

/* The names of all that is held, in the order of the ids, with a blank behind each. */
static inline void held_names(int sock, char *names, size_t size)
{
	struct answer a;

	names[0] = '\0';
	tell(sock, "OP=list", NULL, 0);
	do {
		const char *at = a.text;

		CHECK(hear(sock, &a));
		check_done(HARNESS_HERE, &a);
		while ((at = value_at(at, "NAME")) != NULL) {
			size_t used = strlen(names);

			CHECK_INT(used + 2 + strcspn(at, "\n"), <, size);
			snprintf(names + used, size - used, "%.*s ", (int)strcspn(at, "\n"), at);
		}
	} while (has(&a, "MORE"));
}
#define CHECK_HELD(sock, expected)                                                                 \
	do {                                                                                       \
		char held_text[1024];                                                              \
                                                                                                   \
		held_names((sock), held_text, sizeof(held_text));                                  \
		CHECK_STR(held_text, (expected));                                                  \
	} while (0)

/* A file in memory that says what it is. */
static inline int new_memfd(const char *text)
{
	int fd = CHECK_OK(memfd_create("test", MFD_CLOEXEC));

	CHECK_INT(CHECK_OK(pwrite(fd, text, strlen(text), 0)), ==, strlen(text));
	return fd;
}

static inline void check_contents(int fd, const char *expected)
{
	char text[64];
	ssize_t len = CHECK_OK(pread(fd, text, sizeof(text) - 1, 0));

	text[len] = '\0';
	CHECK_STR(text, expected);
}

/* Waits until nobody has the other end any more: closing is done behind the answer, by helpers. */
static inline void await_end(int read_end)
{
	char c;

	wait_until(read_end, POLLIN);
	CHECK_INT(CHECK_OK(read(read_end, &c, 1)), ==, 0);
	CHECK_OK(close(read_end));
}

#endif
