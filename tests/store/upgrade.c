/* SPDX-License-Identifier: MIT
 *
 * upgrade.c - tests: another program takes over what a store holds, or cannot.
 */
#include "processes.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { HELD = 300 };

/* A copy of the command is another program: /proc/PID/exe tells which one a process is. */
static void copy_command(const char *to)
{
	char path[PATH_MAX], bytes[65536];
	int in, out;
	ssize_t n;

	store_command(path);
	in = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	out = CHECK_OK(open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
	while ((n = CHECK_OK(read(in, bytes, sizeof(bytes)))) > 0)
		CHECK_INT(write(out, bytes, (size_t)n), ==, n);
	CHECK_OK(close(in));
	CHECK_OK(close(out));
}

static bool runs(pid_t pid, const char *name)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = CHECK_OK(readlink(path, target, sizeof(target) - 1));
	target[n] = '\0';
	return strcmp(strrchr(target, '/') + 1, name) == 0;
}

/* Asks for an upgrade to the program; returns the errno of the answer. */
static int64_t upgrade_to(const char *program)
{
	int fd = CHECK_OK(open(program, O_RDONLY | O_CLOEXEC)), sock = client();
	struct answer a;

	tell(sock, "OP=upgrade", &fd, 1);
	CHECK(hear(sock, &a));
	close(sock);
	CHECK_OK(close(fd));
	return number(&a, "ERRNO");
}

static void put_many(void)
{
	int sock = client(), fd;
	char text[64], lines[128];

	for (int i = 0; i < HELD; i++) {
		snprintf(text, sizeof(text), "contents %d", i);
		snprintf(lines, sizeof(lines), "REQUEST=r%d\nNAME=n%d", i, i % 7);
		fd = new_memfd(text);
		put(sock, lines, fd);
		CHECK_OK(close(fd));
	}
	close(sock);
}

static void check_many(void)
{
	char text[64], request[64];
	struct answer a;

	for (int i = 0; i < HELD; i++) {
		snprintf(text, sizeof(text), "contents %d", i);
		snprintf(request, sizeof(request), "OP=get\nID=%d", i + 1);
		ask_anew(&a, request, NULL, 0);
		CHECK_INT(a.n, ==, 1);
		check_contents(a.fds[0], text);
		close_answer(&a);
	}
}

STORE_TEST(all_is_taken_over)
{
	pid_t old;

	store_begin(NULL);
	put_many();
	copy_command("newer");
	for (int i = 0; i < 3; i++) {
		old = broker();
		CHECK_INT(upgrade_to("newer"), ==, 0);
		await_broker(old);
		ended_twins += 2;
		CHECK(runs(broker(), "newer") && runs(keeper(), "newer"));
		check_many();
		kill_keeper();
		kill_broker();
		CHECK(runs(broker(), "newer") && runs(keeper(), "newer"));
	}
	CHECK_INT(status("HELD"), ==, HELD);
	CHECK_OK(unlink("newer"));
	store_end();
}

/* The small things too: requests that were done, times, states, duplicates, what hangs up. */
STORE_TEST(and_what_is_known_of_it)
{
	int sock, fd = new_memfd("x"), ev = CHECK_OK(eventfd(0, EFD_CLOEXEC)), note, ends[2];
	struct answer a;
	pid_t old;

	store_begin(NULL);
	sock = client();
	put(sock, "REQUEST=once\nNAME=a\nTTL=1000000", fd);
	CHECK_OK(pipe2(ends, O_CLOEXEC));
	put(sock, "NAME=pipe\nEVICT=1", ends[1]);
	close(sock);
	note = notifier();
	tell(note, "FDSTORE=1\nFDNAME=ev\nSTATUS=well", &ev, 1);
	barrier(note);
	copy_command("newer");
	old = broker();
	CHECK_INT(upgrade_to("newer"), ==, 0);
	await_broker(old);
	ended_twins += 2;
	ask_anew(&a, "OP=put\nREQUEST=once\nNAME=b", &fd, 1);
	CHECK_INT(number(&a, "ID"), ==, 1);
	ask_anew(&a, "OP=list\nNAME=a", NULL, 0);
	CHECK_INT(number(&a, "TTL"), >, 0);
	tell(note, "FDSTORE=1\nFDNAME=again", &ev, 1);
	barrier(note);
	ask_anew(&a, "OP=get\nNAME=again", NULL, 0);
	CHECK_INT(number(&a, "ERRNO"), ==, ENOENT);
	ask_anew(&a, "OP=status", NULL, 0);
	CHECK(says(&a, "STATE_STATUS", "well"));
	close_pair(ends);
	do
		ask_anew(&a, "OP=list\nPATTERN=pipe*", NULL, 0);
	while (has(&a, "ID"));
	ask_anew(&a, "OP=put\nNAME=last", &fd, 1);
	CHECK_INT(number(&a, "ID"), ==, 4);
	CHECK_OK(close(fd));
	CHECK_OK(close(ev));
	CHECK_OK(close(note));
	CHECK_OK(unlink("newer"));
	store_end();
}

STORE_TEST(what_is_no_store_changes_nothing)
{
	pid_t twins[2];

	store_begin(NULL);
	put_many();
	twins[0] = broker();
	twins[1] = keeper();
	CHECK_INT(upgrade_to("/bin/true"), ==, ENOEXEC);
	CHECK_INT(upgrade_to("/etc/passwd"), ==, EACCES);
	CHECK_INT(broker(), ==, twins[0]);
	CHECK_INT(keeper(), ==, twins[1]);
	check_many();
	kill_broker();
	kill_keeper();
	check_many();
	store_end();
}

/* What another program has written: form.h. */
static int inherit(const void *bytes, size_t len)
{
	int fd = CHECK_OK(memfd_create("form", 0)), status;
	char path[PATH_MAX], number[16];
	pid_t pid;

	CHECK_INT(write(fd, bytes, len), ==, len);
	store_command(path);
	snprintf(number, sizeof(number), "%d", fd);
	pid = CHECK_OK(fork());
	if (pid == 0) {
		execl(path, "fdferry", "store", "--inherit", number, (char *)NULL);
		_exit(99);
	}
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	CHECK_OK(close(fd));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

STORE_TEST(a_newer_form_is_refused)
{
	struct {
		char magic[8];
		uint32_t version, reserved;
		uint64_t size;
		uint32_t len, what;
	} form = {.magic = "fdferry\n", .version = 1, .size = sizeof(form), .len = 8, .what = 99};

	CHECK_INT(inherit(&form, sizeof(form)), ==, 1); /* a record that it does not know */
	form.version = 1000000;
	CHECK_INT(inherit(&form, sizeof(form)), ==, 1);
	form.version = 1;
	form.len = 4096;
	CHECK_INT(inherit(&form, sizeof(form)), ==, 1); /* longer than there is */
	form.len = 0;
	CHECK_INT(inherit(&form, sizeof(form)), ==, 1);
	form.size = 0;
	CHECK_INT(inherit(&form, sizeof(form)), ==, 1);
	CHECK_INT(inherit("", 0), ==, 1);
}

STORE_TEST(not_for_a_stranger)
{
	int status;
	pid_t pid;

	if (!is_root())
		SKIP("only root can be somebody else");
	CHECK_OK(chmod(".", 0755));
	store_begin("--mode", "0666", NULL);
	pid = CHECK_OK(fork());
	if (pid == 0) {
		drop_root();
		CHECK_INT(upgrade_to("/bin/true"), ==, EPERM);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	CHECK_INT(status, ==, 0);
	store_end();
}
