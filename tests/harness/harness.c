/* SPDX-License-Identifier: MIT
 *
 * harness.c - the runner: main() of every test program.
 *
 *	main()			which tests, the TAP plan, the exit status
 *	  run_test()		one test: directory, report, fork, verdict
 *	    be_test()		the test process; never returns
 *	      look_after()	table.c, after.c: what did it leave?
 *	    wait_for()		the deadline
 *	    print_verdict()	"ok", "not ok", and why
 */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* or 32-bit stat() and readdir() fail on large inode numbers */
#endif

#include "harness.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef NDEBUG
#error "tests are not built with NDEBUG"
#endif

#define OWN_IDS 0x40000000u /* far above the users of any system */

static unsigned int the_dropped_id;

/* Present only where the program is built with a sanitizer that has it. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

static struct harness_test *tests;
static struct harness_test **tests_end = &tests;
static struct rlimit nofile;
static sigset_t waited; /* what wait_for() takes synchronously; blocked in the runner */
static char directory[96];

void harness_add(struct harness_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

__attribute__((noreturn)) static void bail_out(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(2);
}

static unsigned int env_number(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);
	unsigned long n = value ? strtoul(value, NULL, 10) : 0;

	return n > 0 && n < 100000 ? (unsigned int)n : otherwise;
}

/* A short path: a test may bind sockets by absolute names, and sun_path holds 107 bytes. */
static void make_directory(void)
{
	const char *places[] = {getenv("TMPDIR"), "/tmp", "/dev/shm", "."};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (!places[i] || !*places[i] || strlen(places[i]) > 60)
			continue;
		snprintf(directory, sizeof directory, "%s/t.XXXXXX", places[i]);
		if (mkdtemp(directory))
			return;
	}
	bail_out("no temporary directory");
}

static int scratch_file(void)
{
	int fd = memfd_create("test output", MFD_CLOEXEC);

	if (fd < 0) {
		char path[] = "/tmp/o.XXXXXX";

		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			bail_out("no file for the test's output");
		unlink(path);
	}
	fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static void look_after(const struct fd_table *fds, const struct signals *signals)
{
	struct fd_table *now;

	/* A limit that the test lowered must not keep us from looking. */
	setrlimit(RLIMIT_NOFILE, &nofile);
	if (harness_own_fds_gone())
		harness_complain("a descriptor of the harness itself was closed");
	now = harness_table(HOLD_ANONYMOUS);
	harness_table_compare(fds, now);
	harness_table_free(now);
	harness_signals_compare(signals);
	harness_end_children(true);
	if (getenv("HARNESS_LEAKS") && __lsan_do_recoverable_leak_check &&
	    __lsan_do_recoverable_leak_check())
		harness_complain("memory was leaked");
}

__attribute__((noreturn)) static void be_test(const struct harness_test *test, int output)
{
	struct fd_table *fds;
	struct signals *signals;
	int input;

	harness_report->pid = getpid();
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	harness_reset_signals();
	umask(022);
	if (chdir(directory) < 0)
		FAIL("chdir %s: %s", directory, strerror(errno));

	/* An initramfs may have no /dev yet. */
	input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input < 0)
		input = memfd_create("empty", MFD_CLOEXEC);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		FAIL("dup2: %s", strerror(errno));
	harness_close_above(2);

	fds = harness_table(HOLD_ALL);
	signals = harness_signals();
	test->run();
	fflush(NULL);
	look_after(fds, signals);
	atomic_store(&harness_report->finished, true);
	harness_leave(0);
}

static struct timespec until(const struct timespec *deadline)
{
	struct timespec now, left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = deadline->tv_sec - now.tv_sec;
	left.tv_nsec = deadline->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	return left;
}

/* Waits for the test process and then kills what is left of its group: while the leader is not
 * reaped its number cannot belong to anybody else. */
static int wait_for(pid_t pid, unsigned int seconds)
{
	struct timespec deadline, left;
	siginfo_t info = {0};
	int status = 0, signal;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += (time_t)seconds;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0) {
		left = until(&deadline);
		if (left.tv_sec < 0) {
			harness_complain("it did not end within %u s and was killed", seconds);
			break;
		}
		signal = sigtimedwait(&waited, NULL, &left);
		if (signal > 0 && signal != SIGCHLD) {
			kill(-pid, SIGKILL);
			harness_remove(directory, false);
			sigprocmask(SIG_UNBLOCK, &waited, NULL);
			raise(signal);
		}
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void print_output(int output)
{
	static char text[65536];
	ssize_t n = pread(output, text, sizeof text, 0);

	if (n > 0)
		harness_print("# | ", text, (size_t)n);
	if (n == (ssize_t)sizeof text)
		puts("# | ... and more");
}

static bool print_verdict(unsigned int number, const char *name, int output)
{
	struct report *report = harness_report;
	bool failed = report->failed;
	size_t used = atomic_load(&report->used);

	printf("%s %u - %s", failed ? "not ok" : "ok", number, name);
	if (!failed && report->skipped)
		printf(" # SKIP %s", report->reason);
	putchar('\n');
	if (used > sizeof report->text)
		used = sizeof report->text;
	harness_print("# ", report->text, strnlen(report->text, used));
	if (failed || getenv("HARNESS_VERBOSE"))
		print_output(output);
	fflush(stdout);
	return !failed;
}

static bool run_test(const struct harness_test *test, unsigned int number)
{
	struct report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int output = scratch_file(), status;
	pid_t pid;
	bool good;

	if (report == MAP_FAILED)
		bail_out("mmap");
	harness_report = report;
	make_directory();
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bail_out("fork");
	if (pid == 0)
		be_test(test, output);
	/* Both sides do it, so that it is done whoever runs first. */
	setpgid(pid, pid);
	report->pid = pid;
	status = wait_for(pid, test->seconds * env_number("HARNESS_SLOWER", 1));
	harness_end_children(false);
	if (WIFSIGNALED(status) && !report->failed)
		harness_complain("it was killed by %s", harness_signal_name(WTERMSIG(status)));
	else if (!report->failed && !report->skipped && !report->finished)
		harness_complain("it ended before its end, with exit status %d",
				 WEXITSTATUS(status));
	harness_remove(directory, !report->failed);
	good = print_verdict(number, test->name, output);
	close(output);
	munmap(report, sizeof *report);
	harness_report = NULL;
	return good;
}

/* Children that whoever execed us had are none of ours to kill: then a new process is the runner,
 * and this one waits for it. */
static void shed_children(void)
{
	int status;
	pid_t pid;

	if (waitpid(-1, NULL, WNOHANG) < 0)
		return;
	pid = fork();
	if (pid <= 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

static void prepare(void)
{
	/* Without 0, 1 and 2 our own first descriptor would become one of them. */
	while (open("/dev/null", O_RDWR) >= 0 && fcntl(3, F_GETFD) < 0)
		;
	signal(SIGCHLD, SIG_DFL);
	shed_children();
	getrlimit(RLIMIT_NOFILE, &nofile);
	/* What is orphaned when a test process dies comes to the runner, which ends it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&waited);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGHUP);
	sigprocmask(SIG_BLOCK, &waited, NULL);
}

static struct harness_test *find_test(const char *name)
{
	for (struct harness_test *t = tests; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int count = 0, number = 0, failed = 0;

	the_dropped_id = OWN_IDS + (unsigned int)getpid();
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (struct harness_test *t = tests; t; t = t->next)
			puts(t->name);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		if (!find_test(argv[i])) {
			fprintf(stderr, "usage: %s [--list | NAME...]\nno test is named %s\n",
				argv[0], argv[i]);
			return 2;
		}
	}
	for (struct harness_test *t = tests; t; t = t->next)
		count++;
	prepare();
	printf("1..%u\n", argc > 1 ? (unsigned int)argc - 1 : count);
	if (access("/proc/self/fd", F_OK) < 0)
		puts("# no /proc: what is left behind is told by its number, not by its name");
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			failed += !run_test(find_test(argv[i]), ++number);
	else
		for (struct harness_test *t = tests; t; t = t->next)
			failed += !run_test(t, ++number);
	return failed || number == 0;
}

bool is_root(void)
{
	return geteuid() == 0;
}

/* The limit of descriptors in flight is a user's (unix(7), ETOOMANYREFS): each run of tests has a user of
 * its own, or one would meet what another has in flight. */
unsigned int dropped_id(void)
{
	return the_dropped_id;
}

void drop_root(void)
{
	unsigned int id = dropped_id();

	if (!is_root())
		return;
	if (chown(".", id, id) < 0 || setgroups(0, NULL) < 0 || setgid(id) < 0 || setuid(id) < 0)
		SKIP("this root cannot become another user: %s", strerror(errno));
	/* A change of user hides /proc/self from its owner, and with it what we want to look at. */
	prctl(PR_SET_DUMPABLE, 1);
}

void limit_fds(unsigned int limit)
{
	struct rlimit lowered = {0};

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &lowered));
	lowered.rlim_cur = limit;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &lowered));
}

bool is_cloexec(int fd)
{
	return CHECK_OK(fcntl(fd, F_GETFD)) & FD_CLOEXEC;
}
