/* SPDX-License-Identifier: MIT
 *
 * cage_calls.c - tests: what a process in the store's cage can do, and what it dies of.
 *
 * cage.c and filter.c are part of this program, so that a child of a test can go in and try.
 */
#include "../../store/cage.c"   /* NOLINT(bugprone-suspicious-include): it is its test */
#include "../../store/filter.c" /* NOLINT(bugprone-suspicious-include) */

#include "harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { DONE = 100, DIED = 101, NO_CAGE = 102 };

/* In a child in the cage: the errno that the call failed with, DONE, or DIED of SIGSYS. */
static int in_cage(int part, bool above, int (*call)(void))
{
	int status;
	pid_t pid = CHECK_OK(fork());

	if (pid == 0) {
		if (part == CAGE_LANDLOCK
			    ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || close_files(above) < 0
			    : (cage_enter(above) & (unsigned)part) == 0)
			_exit(NO_CAGE);
		_exit(call() < 0 ? errno : DONE);
	}
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	if (WIFSIGNALED(status)) {
		CHECK_INT(WTERMSIG(status), ==, SIGSYS);
		return DIED;
	}
	if (WEXITSTATUS(status) == NO_CAGE)
		SKIP("this kernel, or this program, has not got this part of it");
	return WEXITSTATUS(status);
}

static int open_to_write(void)
{
	return open("file", O_WRONLY | O_CREAT, 0600);
}

static int open_to_read(void)
{
	return open("/proc/thread-self/status", O_RDONLY);
}

static int make_directory(void)
{
	return mkdir("directory", 0700);
}

static int list_directory(void)
{
	return opendir("/") == NULL ? -1 : 0;
}

static int remove_file(void)
{
	return unlink("kept");
}

static int ask_for_parent(void)
{
	return kill(getppid(), 0);
}

static int become(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int local(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr address = {.sa_family = AF_UNIX};

	if (fd < 0)
		return -1;
	/* There is no such address; what matters is who says so. */
	return connect(fd, &address, sizeof(address)) < 0 && errno == ENOSYS ? -1 : 0;
}

static int new_user(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}

static int child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, &status, 0);
}

static int raise_limit(void)
{
	struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};

	return setrlimit(RLIMIT_NOFILE, &limit);
}

#if UINTPTR_MAX > UINT32_MAX
/* By a pointer whose lower half is 0. */
static int raise_limit_from_afar(void)
{
	void *far = (void *)((uintptr_t)UINT32_MAX + 1);
	struct rlimit *limit = mmap(far, sizeof(*limit), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (limit == MAP_FAILED)
		return 0;
	*limit = (struct rlimit){.rlim_cur = 64, .rlim_max = 64};
	return (int)syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, NULL);
}
#endif

static int ask_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit);
}

static int without_privileges(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	errno = EEXIST;
	return (data[0].permitted & ~(1u << CAP_SYS_RESOURCE)) == 0 && data[1].permitted == 0 ? 0
											      : -1;
}

TEST(what_the_twins_do_is_allowed)
{
	CHECK_INT(in_cage(CAGE_SECCOMP, false, open_to_read), ==, DONE);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, child), ==, DONE);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, ask_limit), ==, DONE);
}

TEST(what_only_an_attacker_does_kills)
{
	CHECK_INT(in_cage(CAGE_SECCOMP, false, open_to_write), ==, DIED);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, become), ==, DIED);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, trace), ==, DIED);
}

TEST(what_nobody_needs_fails)
{
	CHECK_INT(in_cage(CAGE_SECCOMP, false, make_directory), ==, ENOSYS);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, ask_for_parent), ==, ENOSYS);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, new_user), ==, EPERM);
#if UINTPTR_MAX > UINT32_MAX
	CHECK_INT(in_cage(CAGE_SECCOMP, false, raise_limit), ==, EPERM);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, raise_limit_from_afar), ==, EPERM);
#else
	CHECK_INT(in_cage(CAGE_SECCOMP, false, raise_limit), !=, DONE);
#endif
}

/* i386 has one call for all of sockets, whose arguments no filter sees. */
TEST(sockets_to_nobody_but_a_manager_above)
{
#ifdef __i386__
	SKIP("socketcall(2) is not looked into");
#endif
	CHECK_INT(in_cage(CAGE_SECCOMP, false, tcp), ==, EPERM);
	CHECK_INT(in_cage(CAGE_SECCOMP, false, local), ==, EPERM);
	CHECK_INT(in_cage(CAGE_SECCOMP, true, local), ==, DONE);
	CHECK_INT(in_cage(CAGE_SECCOMP, true, tcp), ==, EPERM);
}

TEST(files_are_out_of_reach)
{
	CHECK_OK(mkdir("kept", 0700));
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, open_to_write), ==, EACCES);
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, make_directory), ==, EACCES);
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, list_directory), ==, EACCES);
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, open_to_read), ==, DONE);
	CHECK_OK(rmdir("kept"));
	close(CHECK_OK(open("kept", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, remove_file), ==, EACCES);
	CHECK_OK(unlink("kept"));
}

TEST(other_processes_are_out_of_reach)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION) < 6)
		SKIP("Landlock knows of signals from its version 6 on (Linux 6.12)");
	CHECK_INT(in_cage(CAGE_LANDLOCK, false, ask_for_parent), ==, EPERM);
}

/* Looked at before the filter, which has no capget(2). */
TEST(capabilities)
{
	int status;
	pid_t pid = CHECK_OK(fork());

	if (pid == 0)
		_exit(drop_capabilities() < 0 || without_privileges() < 0);
	CHECK_INT(waitpid(pid, &status, 0), ==, pid);
	CHECK_INT(status, ==, 0);
}

TEST(names)
{
	char names[CAGE_NAMES];

	cage_names(0, names);
	CHECK_STR(names, "none");
	cage_names(CAGE_SECCOMP, names);
	CHECK_STR(names, "seccomp");
	cage_names(UINT32_MAX, names);
	CHECK_STR(names, "no_new_privs,capabilities,seccomp,landlock");
}
