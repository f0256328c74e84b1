/* SPDX-License-Identifier: MIT
 *
 * succession.c - tests: either twin ends, and what the store holds is there as it was.
 */
#include "processes.h"

#include <dirent.h>

#define HELD 40

static void put_numbered(int door)
{
	for (int i = 0; i < HELD; i++) {
		char text[32];
		int fd;

		snprintf(text, sizeof(text), "%d", i);
		fd = new_memfd(text);
		snprintf(text, sizeof(text), "NAME=n%d", i);
		put(door, text, fd);
		CHECK_OK(close(fd));
	}
}

static void check_numbered(void)
{
	struct answer a;
	int n = 0;

	ask_anew(&a, "OP=get\nPATTERN=n*", NULL, 0);
	check_done(HARNESS_HERE, &a);
	CHECK_INT(a.n, ==, HELD);
	for (const char *at = a.text; (at = value_at(at, "NAME")) != NULL; n++) {
		char text[16];

		snprintf(text, sizeof(text), "n%d\n", n);
		CHECK(strncmp(at, text, strlen(text)) == 0);
		snprintf(text, sizeof(text), "%d", n);
		check_contents(a.fds[n], text);
	}
	CHECK_INT(n, ==, HELD);
	close_answer(&a);
}

static ino_t inode(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_ino;
}

/* The doors are the same sockets all the time: who has connected to the notify door goes on. */
STORE_TEST(each_twin_is_killed_thirty_times)
{
	int sock, fd = new_memfd("x");
	ino_t notify, store;
	int door;

	store_begin(NULL);
	door = client();
	put_numbered(door);
	sock = notifier();
	notify = inode("notify");
	store = inode("store");
	for (int i = 0; i < 30; i++) {
		if (i % 2)
			kill_broker();
		else
			kill_keeper();
		check_numbered();
		note(sock, "FDSTORE=1\nFDNAME=more", &fd, 1);
	}
	for (int i = 0; i < 30; i++)
		kill_broker();
	for (int i = 0; i < 30; i++)
		kill_keeper();
	check_numbered();
	CHECK_INT(status("HELD"), ==, HELD + 1);
	CHECK_INT(inode("notify"), ==, notify);
	CHECK_INT(inode("store"), ==, store);
	CHECK_INT(status("PARENT"), ==, the_store);
	CHECK_OK(close(fd));
	close(sock);
	close(door);
	store_end();
}

/* Which of the two the survivor is, it ends too: the second generation knows as much as the first. */
STORE_TEST(neither_waits_until_the_other_is_complete)
{
	int door;

	store_begin(NULL);
	door = client();
	put_numbered(door);
	close(door);
	for (int i = 0; i < 20; i++) {
		pid_t old = broker();

		end_twin(old, SIGKILL);
		await_broker(old);
		old = broker();
		end_twin(old, SIGKILL);
		await_broker(old);
	}
	check_numbered();
	store_end();
}

/* How many descriptors a process has: of our files in memory, and others. */
static void count_fds(pid_t pid, int *memfds, int *others)
{
	char path[64], target[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	*memfds = *others = 0;
	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		*(strcmp(target, "/memfd:test (deleted)") == 0 ? memfds : others) += 1;
	}
	CHECK_OK(closedir(dir));
}

/* What a twin has open, by name: for who must find out why it is too much. */
static void note_fds(pid_t pid)
{
	char path[64], target[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		NOTE("%s: %s", e->d_name, target);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Closing is done behind the answer; the rest must come to this number, and stay there.  A helper that closes
 * costs two (a pipe to it), and so may clients that have just gone. */
static void await_fds(const char *twin, int held, int others)
{
	struct timespec begin, now;
	int memfds, rest;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		pid = (pid_t)status(twin);
		count_fds(pid, &memfds, &rest);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec > 60) {
			note_fds(pid);
			FAIL("%s %ld has %d of %d, and %d others, %d before", twin, (long)pid,
			     memfds, held, rest, others);
		}
	} while (memfds != held || rest > others + 4);
}

static void churn(int door)
{
	struct answer a;
	int fds[200];

	for (int i = 0; i < 200; i++)
		fds[i] = new_memfd("churn");
	put_all(door, "NAME=churn", fds, 200);
	ask(door, &a, "OP=get\nNAME=churn");
	close_answer(&a);
	put_all(door, "NAME=churn\nREPLACE=1", fds, 100);
	CHECK_ANSWER(door, "OP=remove\nNAME=churn", "ERRNO=0\nCOUNT=100\n");
	for (int i = 0; i < 200; i++)
		CHECK_OK(close(fds[i]));
}

STORE_TEST(no_descriptor_is_left_in_either_twin)
{
	int door, memfds, brokers, keepers;

	if (access("/proc/self/fd", F_OK) < 0)
		SKIP("no /proc");
	store_begin(NULL);
	door = client();
	put_numbered(door);
	close(door);
	await_fds("BROKER", HELD, 1000);
	await_fds("KEEPER", HELD, 1000);
	count_fds(broker(), &memfds, &brokers);
	count_fds(keeper(), &memfds, &keepers);
	for (int i = 0; i < 12; i++) {
		door = client();
		churn(door);
		if (i % 2)
			kill_broker();
		else
			kill_keeper();
		close(door);
		door = client();
		churn(door);
		close(door);
		await_fds("BROKER", HELD, brokers);
		await_fds("KEEPER", HELD, keepers);
	}
	check_numbered();
	store_end();
}

/* The broker finds the request and the death of the keeper in one turn: the new keeper is born with a thousand
 * descriptors that are no longer held.  before: as many brokers as came before, each with its own descriptors
 * at other numbers. */
static void check_swept(int before)
{
	int door, fds[250], ends[2], memfds, others;
	pid_t old_broker, old_keeper;
	struct answer a;

	door = client();
	await_fds("KEEPER", HELD, 1000);
	count_fds(keeper(), &memfds, &others);
	make_pipe(ends);
	for (int i = 0; i < 250; i++)
		fds[i] = ends[1];
	for (int i = 0; i < 4; i++)
		put_all(door, "NAME=much", fds, 250);
	CHECK_OK(close(ends[1]));
	for (int i = 0; i < before; i++)
		kill_broker();
	close(door);
	door = client();
	ask(door, &a, "OP=status");
	old_broker = (pid_t)number(&a, "BROKER");
	old_keeper = (pid_t)number(&a, "KEEPER");
	CHECK_OK(kill(old_broker, SIGSTOP));
	tell(door, "OP=remove\nNAME=much", NULL, 0);
	end_twin(old_keeper, SIGKILL);
	CHECK_OK(kill(old_broker, SIGCONT));
	CHECK(hear(door, &a));
	CHECK_STR(a.text, "ERRNO=0\nCOUNT=1000\n");
	await_keeper(old_keeper);
	await_end(ends[0]);
	await_fds("KEEPER", HELD, others);
	check_numbered();
	close(door);
}

STORE_TEST(what_was_to_be_closed_is_swept)
{
	int door;

	store_begin(NULL);
	door = client();
	put_numbered(door);
	close(door);
	for (int before = 0; before < 5; before++)
		check_swept(before);
	store_end();
}

/* At its first turn after the stop a twin finds itself replaced, and ends. */
static void check_stopped(const char *twin)
{
	pid_t stopped, now;
	int door;

	CHECK(store_try((const char *const[]){"--patience", "500ms", NULL}, NULL));
	door = client();
	put_numbered(door);
	close(door);
	keeper();
	for (int i = 0; i < 2; i++) {
		stopped = (pid_t)status(twin);
		CHECK_OK(kill(stopped, SIGSTOP));
		while ((now = (pid_t)status(twin)) == stopped || now == 0)
			pause_ms(5);
		check_numbered();
		while (kill(stopped, 0) == 0) /* its parent, or ours, reaps it */
			pause_ms(5);
		CHECK_INT(errno, ==, ESRCH);
	}
	CHECK_INT(status("REPLACED"), >=, 2);
	CHECK_OK(kill(the_store, SIGTERM));
	CHECK_INT(store_wait(), ==, 0);
	CHECK_OK(unlink("lock"));
}

STORE_TEST(a_broker_that_is_stopped)
{
	check_stopped("BROKER");
}

STORE_TEST(a_keeper_that_is_stopped)
{
	check_stopped("KEEPER");
}

/* It sends what nobody takes until the link is full, and a keeper is made that has all. */
STORE_TEST(a_stopped_keeper_and_a_full_link)
{
	int door, fd, fds[253];
	struct answer a;
	pid_t old;

	if (!is_root())
		SKIP("what a user has in flight is limited, and less than the link has room for");
	fd = new_memfd("x");
	store_begin(NULL);
	door = client();
	old = keeper();
	CHECK_OK(kill(old, SIGSTOP));
	for (int i = 0; i < 253; i++)
		fds[i] = fd;
	for (int i = 0; i < 8; i++)
		put_all(door, "NAME=a", fds, 253);
	while (kill(old, 0) == 0 && keeper() == old) {
		put_all(door, "NAME=a\nREPLACE=1", fds, 253);
		put_all(door, "NAME=b\nREPLACE=1", fds, 253);
	}
	ended_twins++;
	kill_broker();
	close(door);
	door = client();
	ask(door, &a, "OP=get\nNAME=b");
	CHECK_INT(a.n, ==, 253);
	close_answer(&a);
	CHECK_INT(status("HELD"), ==, 506);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* The broker finds more than a message of the link has, and in the middle of that turn that the keeper is
 * dead: the new one is made at its end and has each of them once. */
STORE_TEST(the_keeper_dies_in_the_middle_of_a_turn)
{
	int sock, fds[200];
	pid_t old_broker, old_keeper;
	struct answer a;

	store_begin(NULL);
	sock = notifier();
	old_broker = broker();
	old_keeper = keeper();
	CHECK_OK(kill(old_broker, SIGSTOP));
	for (int at = 0; at < 800; at += 200) {
		for (int i = 0; i < 200; i++)
			fds[i] = new_memfd("x");
		tell(sock, "FDSTORE=1\nFDNAME=a", fds, 200);
		for (int i = 0; i < 200; i++)
			CHECK_OK(close(fds[i]));
	}
	end_twin(old_keeper, SIGKILL);
	CHECK_OK(kill(old_broker, SIGCONT));
	barrier(sock);
	await_keeper(old_keeper);
	CHECK_INT(status("HELD"), ==, 800);
	kill_broker();
	CHECK_INT(status("HELD"), ==, 800);
	ask_anew(&a, "OP=remove\nID=1-800", NULL, 0);
	CHECK_STR(a.text, "ERRNO=0\nCOUNT=800\n");
	CHECK_INT(status("HELD"), ==, 0);
	close(sock);
	store_end();
}
