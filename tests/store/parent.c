/* SPDX-License-Identifier: MIT
 *
 * parent.c - tests: how a store begins and how it ends.
 */
#include "processes.h"

#include <dirent.h>

static void check_says(const char *file, const char *words)
{
	char text[1024] = "";
	int fd = CHECK_OK(open(file, O_RDONLY | O_CLOEXEC));

	CHECK_OK(read(fd, text, sizeof(text) - 1));
	if (strstr(text, words) == NULL)
		FAIL("not '%s', but: %s", words, text);
	CHECK_OK(close(fd));
	CHECK_OK(unlink(file));
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void check_ended_by(int sig)
{
	pid_t twins[2];

	store_begin(NULL);
	twins[0] = broker();
	twins[1] = keeper();
	CHECK_OK(kill(the_store, sig));
	CHECK_INT(store_wait(), ==, 0);
	for (int i = 0; i < 2; i++)
		CHECK_ERRNO(kill(twins[i], 0), ESRCH);
	CHECK(!exists("notify") && !exists("store"));
	CHECK_OK(unlink("lock"));
}

STORE_TEST(signals_end_it)
{
	check_ended_by(SIGTERM);
	check_ended_by(SIGINT);
	check_ended_by(SIGHUP);
}

/* At any moment of its start: as soon as there is a door, a bit later, when it is ready. */
static void check_ended_early(int how)
{
	int ready[2], status;

	CHECK_OK(pipe2(ready, O_CLOEXEC));
	the_store = store_start((const char *const[]){NULL}, NULL, ready[1]);
	CHECK_OK(close(ready[1]));
	while (!exists("store") && how > 0)
		pause_ms(0);
	if (how > 1)
		pause_ms(how - 1);
	CHECK_OK(kill(the_store, SIGTERM));
	CHECK_INT(waitpid(the_store, &status, 0), ==, the_store);
	/* Before it has anything that is to be cleared away the signal may have its usual effect. */
	if (WIFSIGNALED(status)) {
		CHECK_INT(WTERMSIG(status), ==, SIGTERM);
		unlink("notify");
		unlink("store");
	} else {
		CHECK_INT(WEXITSTATUS(status), ==, 0);
	}
	CHECK(!exists("store") && !exists("notify"));
	CHECK_OK(close(ready[0]));
	unlink("lock");
}

STORE_TEST(a_signal_before_it_is_ready)
{
	for (int i = 0; i < 60; i++)
		check_ended_early(i % 6);
}

/* Both at one time: what was held is lost, and it says so. */
STORE_TEST(both_twins_are_killed)
{
	pid_t twins[2];

	CHECK(store_try((const char *const[]){NULL}, "errors"));
	twins[0] = broker();
	twins[1] = keeper();
	for (int i = 0; i < 2; i++)
		CHECK_OK(kill(twins[i], SIGSTOP));
	for (int i = 0; i < 2; i++)
		CHECK_OK(kill(twins[i], SIGKILL));
	CHECK_INT(store_wait(), ==, 1);
	check_says("errors", "is lost");
	CHECK(!exists("notify") && !exists("store"));
	CHECK_OK(unlink("lock"));
}

STORE_TEST(a_second_store_is_refused)
{
	const char *const none[] = {NULL};
	int door, fd = new_memfd("x");
	pid_t first;

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	first = the_store;
	CHECK(!store_try(none, "errors"));
	CHECK_INT(store_wait(), ==, 1);
	check_says("errors", "another store");
	the_store = first;
	CHECK_INT(status("PARENT"), ==, first);
	kill_broker();
	close(door);
	door = client();
	CHECK_HELD(door, "a ");
	CHECK(!store_try(none, "errors"));
	CHECK_INT(store_wait(), ==, 1);
	CHECK_OK(unlink("errors"));
	the_store = first;
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* The parent first, so that it removes no door; then the twins come to us. */
static void kill_all(void)
{
	pid_t twins[2] = {broker(), keeper()};
	int status;

	CHECK_OK(kill(the_store, SIGKILL));
	CHECK_INT(waitpid(the_store, &status, 0), ==, the_store);
	for (int i = 0; i < 2; i++)
		CHECK_OK(kill(twins[i], SIGSTOP));
	for (int i = 0; i < 2; i++)
		CHECK_OK(kill(twins[i], SIGKILL));
	while (waitpid(-1, &status, 0) > 0)
		;
	CHECK_INT(errno, ==, ECHILD);
}

STORE_TEST(doors_that_were_left_are_replaced)
{
	int door;

	store_begin(NULL);
	kill_all();
	CHECK(exists("notify") && exists("store") && exists("lock"));
	store_begin(NULL);
	door = client();
	CHECK_HELD(door, "");
	close(door);
	store_end();
}

/* What is no socket of a dead store is somebody's, and stays. */
static void check_in_the_way(const char *door)
{
	const char *const none[] = {NULL};
	int fd = CHECK_OK(open(door, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	CHECK_INT(write(fd, "mine", 4), ==, 4);
	CHECK(!store_try(none, "errors"));
	CHECK_INT(store_wait(), ==, 1);
	check_says("errors", "doors");
	CHECK(exists(door));
	CHECK_OK(close(fd));
	CHECK_OK(unlink(door));
	CHECK(!exists("notify") && !exists("store"));
	CHECK_OK(unlink("lock"));
}

STORE_TEST(a_file_is_in_the_way)
{
	check_in_the_way("notify");
	check_in_the_way("store");
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	return st.st_mode & 07777;
}

STORE_TEST(the_mode_of_the_doors)
{
	store_begin(NULL);
	CHECK_INT(mode_of("notify"), ==, 0600);
	CHECK_INT(mode_of("store"), ==, 0600);
	store_end();
	umask(077);
	store_begin("--mode", "0666", NULL);
	umask(022);
	CHECK_INT(mode_of("notify"), ==, 0666);
	CHECK_INT(mode_of("store"), ==, 0666);
	CHECK_INT(mode_of("lock") & 077, ==, 0);
	store_end();
}

/* Is there a descriptor of the pipe in this process? */
static bool has_pipe(pid_t pid, int end)
{
	char path[64], target[64], ours[64];
	bool found = false;
	struct stat st;
	DIR *dir;

	CHECK_OK(fstat(end, &st));
	snprintf(ours, sizeof(ours), "pipe:[%llu]", (unsigned long long)st.st_ino);
	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	CHECK(dir != NULL);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		found |= strcmp(target, ours) == 0;
	}
	CHECK_OK(closedir(dir));
	return found;
}

/* What the starter has left open is not kept by the twins, which may live as long as the machine. */
STORE_TEST(what_is_inherited_is_not_kept)
{
	int low[2], high[2];

	if (access("/proc/self/fd", F_OK) < 0)
		SKIP("no /proc");
	make_pipe(low);
	make_pipe(high);
	CHECK_OK(fcntl(low[1], F_SETFD, 0));
	CHECK_OK(dup2(high[1], 900)); /* not close-on-exec */
	store_begin(NULL);
	CHECK_OK(close(900));
	for (int i = 0; i < 3; i++) {
		CHECK(!has_pipe(broker(), low[1]) && !has_pipe(broker(), high[1]));
		CHECK(!has_pipe(keeper(), low[1]) && !has_pipe(keeper(), high[1]));
		if (i == 0)
			kill_broker();
		else
			kill_keeper();
	}
	close_pair(low);
	close_pair(high);
	store_end();
}
