/* SPDX-License-Identifier: MIT
 *
 * instant.c - tests: the broker dies at an instant, and each request is done once all the same.
 *
 * strace(1) kills it when it begins its nth sendmsg(2): some of them commit to the keeper, the others answer,
 * so that both halves of a request are hit.  Each new broker counts anew, and dies as well.
 */
#include "processes.h"

static bool has_strace(void)
{
	char *const argv[] = {"strace", "-f", "-o", "/dev/null", "-e", "trace=none", "true", NULL};
	int status, null = CHECK_OK(open("/dev/null", O_WRONLY | O_CLOEXEC));
	pid_t pid = CHECK_OK(fork());

	if (pid == 0) {
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	CHECK_OK(close(null));
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The store below strace, which sends each of its processes a signal at the nth of these calls. */
static void begin_at(const char *call, int nth, const char *signal, const char *patience)
{
	char path[PATH_MAX], inject[64], trace[64];
	int ready[2];

	if (!has_strace())
		SKIP("strace cannot trace here");
	store_command(path);
	snprintf(trace, sizeof(trace), "trace=%s", call);
	snprintf(inject, sizeof(inject), "inject=%s:signal=%s:when=%d", call, signal, nth);
	CHECK_OK(pipe2(ready, O_CLOEXEC));
	the_store = CHECK_OK(fork());
	if (the_store == 0) {
		/* LeakSanitizer traces as well, and there can be one only. */
		CHECK_OK(setenv("ASAN_OPTIONS", "detect_leaks=0", 1));
		CHECK_OK(dup2(ready[1], 7));
		execlp("strace", "strace", "-f", "-qq", "-o", "/dev/null", "-e", trace, "-e",
		       inject, path, "store", "--store", ".", "--ready-fd", "7", "--patience",
		       patience, NULL);
		FAIL("strace: %s", strerror(errno));
	}
	CHECK_OK(close(ready[1]));
	CHECK(store_is_ready(ready[0]));
}

static void begin_killed_at(const char *call, int nth)
{
	begin_at(call, nth, "SIGKILL", "0ms");
}

/* The parent is told, not strace. */
static void end_killed(void)
{
	CHECK_OK(kill((pid_t)status("PARENT"), SIGTERM));
	CHECK_INT(store_wait(), ==, 0);
	CHECK_OK(unlink("lock"));
}

static void put_once(int i, struct answer *a)
{
	char text[64];
	int fd;

	snprintf(text, sizeof(text), "%d", i);
	fd = new_memfd(text);
	snprintf(text, sizeof(text), "OP=put\nNAME=n%d\nREQUEST=p%d", i, i);
	ask_anew(a, text, &fd, 1);
	CHECK_OK(close(fd));
	check_done(HARNESS_HERE, a);
}

/* Whatever the broker was doing when it died, the id is the next one: nothing was done twice or lost. */
static void check_puts(int nth)
{
	struct answer a;
	char text[64];

	begin_killed_at("sendmsg", nth);
	for (int i = 1; i <= 15; i++) {
		put_once(i, &a);
		CHECK_INT(number(&a, "ID"), ==, i);
	}
	CHECK_INT(status("HELD"), ==, 15);
	for (int i = 1; i <= 15; i++) {
		snprintf(text, sizeof(text), "OP=get\nID=%d", i);
		ask_anew(&a, text, NULL, 0);
		CHECK_INT(a.n, ==, 1);
		snprintf(text, sizeof(text), "%d", i);
		check_contents(a.fds[0], text);
		close_answer(&a);
	}
	CHECK_INT(status("REPLACED"), >, 0);
	end_killed();
}

STORE_TEST(puts_and_every_second_message)
{
	check_puts(2);
}

STORE_TEST(puts_and_every_third_message)
{
	check_puts(3);
}

STORE_TEST(puts_and_every_fourth_message)
{
	check_puts(4);
}

/* The new one instead of the old one, in one step: there is always one, also for who asks before the request that
 * was cut off is repeated. */
static void check_replaces(int nth)
{
	struct answer a;

	begin_killed_at("sendmsg", nth);
	for (int i = 1; i <= 15; i++) {
		char text[64];
		int fd = new_memfd("x"), sock = client();

		snprintf(text, sizeof(text), "OP=put\nNAME=a\nREPLACE=1\nREQUEST=r%d", i);
		if (send_fds(sock, text, strlen(text), &fd, 1, MSG_NOSIGNAL) >= 0)
			hear(sock, &a);
		CHECK_OK(close(sock));
		ask_anew(&a, "OP=get\nPATTERN=*", NULL, 0);
		if (i > 1)
			CHECK_INT(a.n, ==, 1);
		close_answer(&a);
		ask_anew(&a, text, &fd, 1);
		CHECK_OK(close(fd));
		CHECK_INT(number(&a, "ID"), ==, i);
		ask_anew(&a, "OP=get\nNAME=a", NULL, 0);
		CHECK_INT(a.n, ==, 1);
		CHECK_INT(number(&a, "ID"), ==, i);
		close_answer(&a);
	}
	end_killed();
}

STORE_TEST(replaces_and_every_third_message)
{
	check_replaces(3);
}

STORE_TEST(replaces_and_every_fourth_message)
{
	check_replaces(4);
}

/* Asks on this connection, or on new ones when it has ended without an answer.  Returns the one that it came on. */
static int ask_until_answered(int sock, struct answer *a, const char *text)
{
	while (send_fds(sock, text, strlen(text), NULL, 0, MSG_NOSIGNAL) < 0 || !hear(sock, a)) {
		CHECK_OK(close(sock));
		sock = client();
	}
	check_done(HARNESS_HERE, a);
	return sock;
}

/* What was lent by a broker that has died is confirmed to the next one. */
static void check_takes(int nth)
{
	struct answer a;
	char text[64];
	int sock;

	begin_killed_at("sendmsg", nth);
	for (int i = 1; i <= 8; i++)
		put_once(i, &a);
	for (int i = 1; i <= 4; i++) {
		int first = 2 * i - 1;

		snprintf(text, sizeof(text), "OP=take\nID=%d-%d", first, first + 1);
		sock = ask_until_answered(client(), &a, text);
		CHECK_INT(a.n, ==, 2);
		close_answer(&a);
		snprintf(text, sizeof(text), "OP=confirm\nID=%d-%d\nREQUEST=c%d", first, first + 1,
			 i);
		sock = ask_until_answered(sock, &a, text);
		CHECK_INT(number(&a, "COUNT"), ==, 2);
		CHECK_OK(close(sock));
		CHECK_INT(status("HELD"), ==, 8 - 2 * i);
	}
	end_killed();
}

STORE_TEST(takes_and_every_third_message)
{
	check_takes(3);
}

STORE_TEST(takes_and_every_fifth_message)
{
	check_takes(5);
}

/* Stopped, as a tracer sees it or anybody. */
static void await_stop(pid_t pid)
{
	char path[64], line[256], state = '?';

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	while (state != 'T' && state != 't') {
		int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
		ssize_t len = CHECK_OK(read(fd, line, sizeof(line) - 1));
		const char *after;

		line[len] = '\0';
		after = strrchr(line, ')');
		CHECK(after != NULL);
		state = after[2];
		CHECK_OK(close(fd));
	}
}

/* In its first turn a new broker finds a put and a list, and dies when it begins its third message, which is the
 * answer to the list: were it not the last one, somebody would have read of what may still be lost. */
STORE_TEST(a_reader_sees_what_is_done)
{
	int writer, reader, fd = new_memfd("x");
	struct answer a;
	bool seen;

	begin_killed_at("sendmsg", 3);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK_OK(kill((pid_t)number(&a, "KEEPER"), SIGSTOP));
	await_stop((pid_t)number(&a, "KEEPER"));
	CHECK_OK(kill((pid_t)number(&a, "BROKER"), SIGKILL));
	writer = client();
	tell(writer, "OP=put\nNAME=a", &fd, 1);
	reader = client();
	tell(reader, "OP=list", NULL, 0);
	CHECK_OK(kill((pid_t)number(&a, "KEEPER"), SIGCONT));
	seen = hear(reader, &a) && has(&a, "NAME");
	CHECK(!seen || status("HELD") == 1);
	CHECK_OK(close(fd));
	close(writer);
	close(reader);
	end_killed();
}
