/* SPDX-License-Identifier: MIT
 *
 * dispose.c - tests: ferry_dispose closes what others made, and nobody waits or notices.
 *
 * The caller is a child of the test, which adopts the helper and so sees how it ends.
 */
#include "trust.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define TRIES 5000

static void a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void until_closed(int fd)
{
	for (int i = 0; i < TRIES && is_open(fd); i++)
		a_moment();
	CHECK(!is_open(fd));
}

/* Waits for the helpers that were adopted; each must have ended well.  Returns how many there were. */
static int adopted_have_ended(void)
{
	int status, n = 0;

	for (int i = 0; i < TRIES; i++) {
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid < 0) {
			CHECK_INT(errno, ==, ECHILD);
			return n;
		}
		if (pid == 0) {
			a_moment();
			continue;
		}
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		n++;
	}
	FAIL("a helper does not end");
	return n;
}

static void in_a_caller(void (*f)(void *), void *arg)
{
	join_child(in_child(f, arg));
	adopted_have_ended();
}

static void disposes(void *arg)
{
	int numbers[4], fds[6], write_end, read_end = new_pipe(&write_end), keep = new_file();
	struct fd_table *before;

	(void)arg;
	numbers[0] = new_file();
	numbers[1] = new_file();
	numbers[2] = CHECK_OK(fcntl(write_end, F_DUPFD_CLOEXEC, 50));
	close(write_end);
	numbers[3] = new_file();
	for (int i = 0; i < 3; i++)
		fds[i] = numbers[i];
	fds[3] = -1;
	fds[4] = -9;
	fds[5] = numbers[3];
	errno = 0;
	CHECK_INT(ferry_dispose(fds, 6), ==, 0);
	for (int i = 0; i < 6; i++)
		CHECK_INT(fds[i], ==, -1);
	for (int i = 0; i < 4; i++)
		until_closed(numbers[i]);
	/* Closed, and not only out of the table. */
	for (int i = 0; i < TRIES && !pipe_ended(read_end); i++)
		a_moment();
	CHECK(pipe_ended(read_end));
	CHECK(is_open(keep));
	before = remember_fds();
	CHECK_FDS(before);
	close(keep);
	close(read_end);
}

TEST(numbers_are_free_and_slots_empty)
{
	in_a_caller(disposes, NULL);
}

TEST(nothing_to_dispose)
{
	int fds[2] = {5, 5};

	CHECK_INT(ferry_dispose(NULL, 0), ==, 0);
	CHECK_INT(ferry_dispose(fds, 0), ==, 0);
	CHECK_INT(fds[0], ==, 5);
}

static void many(void *arg)
{
	int fds[200], last, file = new_file();

	(void)arg;
	for (int i = 0; i < 200; i++)
		fds[i] = CHECK_OK(fcntl(file, F_DUPFD_CLOEXEC, 3));
	last = fds[199];
	CHECK_OK(ferry_dispose(fds, 200));
	until_closed(last);
	CHECK_INT(open_fds(), ==, 4);
	close(file);
}

TEST(two_hundred)
{
	in_a_caller(many, NULL);
}

static void *reap(void *arg)
{
	atomic_bool *quit = arg;

	while (!*quit)
		(void)waitpid(-1, NULL, __WALL | WNOHANG);
	return NULL;
}

/* Another thread takes the helper's status away: it is at work all the same, and no second close may
 * hit what has the number by then. */
static void with_a_reaper(void *arg)
{
	atomic_bool quit = false;
	pthread_t thread;

	(void)arg;
	CHECK_INT(pthread_create(&thread, NULL, reap, &quit), ==, 0);
	for (int i = 0; i < 200; i++) {
		int fd = new_file(), number = fd;

		CHECK_OK(ferry_dispose(&fd, 1));
		CHECK_INT(fd, ==, -1);
		until_closed(number);
	}
	quit = true;
	pthread_join(thread, NULL);
}

TEST(status_reaped_by_another_thread)
{
	in_a_caller(with_a_reaper, NULL);
}

static volatile sig_atomic_t children;

static void count_child(int sig)
{
	(void)sig;
	children++;
}

static void is_not_noticed(void *arg)
{
	struct sigaction sa = {.sa_handler = arg == NULL ? count_child : SIG_IGN};
	pid_t own;
	int fd, number, status;

	CHECK_OK(sigaction(SIGCHLD, &sa, NULL));
	for (int i = 0; i < 20; i++) {
		number = fd = new_file();
		CHECK_OK(ferry_dispose(&fd, 1));
		CHECK_INT(fd, ==, -1);
		CHECK_ERRNO(waitpid(-1, NULL, WNOHANG | __WALL), ECHILD);
		until_closed(number);
		CHECK_ERRNO(waitpid(-1, NULL, WNOHANG | __WALL), ECHILD);
	}
	CHECK_INT(children, ==, 0);
	/* A child of the caller's own is left to it. */
	sa.sa_handler = SIG_DFL;
	CHECK_OK(sigaction(SIGCHLD, &sa, NULL));
	own = fork();
	CHECK_OK(own);
	if (own == 0)
		_exit(7);
	number = fd = new_file();
	CHECK_OK(ferry_dispose(&fd, 1));
	CHECK_INT(waitpid(own, &status, 0), ==, own);
	CHECK_INT(WEXITSTATUS(status), ==, 7);
	until_closed(number);
}

TEST(no_zombie_and_no_sigchld)
{
	in_a_caller(is_not_noticed, NULL);
}

TEST(sigchld_ignored)
{
	static int yes = 1;

	in_a_caller(is_not_noticed, &yes);
}

/* A socket whose last close(2) waits for 60 seconds, longer than a test may take. */
struct lingering {
	int end[2];
	int go[2]; /* closed: the caller has the only end[0] */
};

static bool make_lingering(struct lingering *l)
{
	const struct linger ling = {.l_onoff = 1, .l_linger = 60};

	if (!tcp_unsent(l->end))
		return false;
	CHECK_OK(setsockopt(l->end[0], SOL_SOCKET, SO_LINGER, &ling, sizeof(ling)));
	CHECK_OK(pipe2(l->go, O_CLOEXEC));
	return true;
}

static void wait_to_go(struct lingering *l)
{
	char byte;

	close(l->go[1]);
	CHECK_INT(read(l->go[0], &byte, 1), ==, 0);
	close(l->go[0]);
}

static void goes_on(void *arg)
{
	struct lingering *l = arg;
	int fds[2], behind = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 60)), other = new_file(), number;

	wait_to_go(l);
	close(l->end[1]); /* or the helper would keep it open */
	fds[0] = l->end[0];
	fds[1] = behind;
	CHECK_OK(ferry_dispose(fds, 2));
	number = other;
	CHECK_OK(ferry_dispose(&other, 1));
	until_closed(number);
	CHECK(is_open(behind));
	/* The caller ends here, with the helper in the kernel. */
}

TEST(nobody_waits_for_a_lingering_socket)
{
	struct lingering l;
	pid_t pid;

	if (!make_lingering(&l))
		SKIP("no TCP on the loopback: %s", strerror(errno));
	pid = in_child(goes_on, &l);
	close(l.end[0]);
	close_pair(l.go);
	join_child(pid);
	/* Unread data there resets the connection: now the helper is let go. */
	close(l.end[1]);
	CHECK_INT(adopted_have_ended(), ==, 2);
}

static void refuses(void *arg)
{
	struct lingering *l = arg;
	int pair[2];
	struct box b;

	wait_to_go(l);
	close(l->end[1]);
	CHECK_OK(ferry_pair(pair, SOCK_DGRAM, 0));
	CHECK_OK(send_text(pair[0], "x", &l->end[0], 1));
	close(l->end[0]); /* the message has the only one */
	box_new(&b, 0);
	b.msg.flags = FERRY_DISPOSE;
	CHECK_FAILS(ferry_recv(pair[1], &b.msg, sizeof(b.msg)), EMSGSIZE);
	close_pair(pair);
}

TEST(nor_does_who_refuses_it)
{
	struct lingering l;
	pid_t pid;

	if (!make_lingering(&l))
		SKIP("no TCP on the loopback: %s", strerror(errno));
	pid = in_child(refuses, &l);
	close(l.end[0]);
	close_pair(l.go);
	join_child(pid);
	close(l.end[1]);
	CHECK_INT(adopted_have_ended(), ==, 1);
}

/* The other end lets go while the caller lives: the rest is closed then. */
static void is_let_go(void *arg)
{
	struct lingering *l = arg;
	int fds[2] = {l->end[0], CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 60))}, behind = fds[1];

	wait_to_go(l);
	CHECK_OK(ferry_dispose(fds, 2));
	for (int i = 0; i < 100; i++)
		close(new_file());
	CHECK(is_open(behind));
	close(l->end[1]);
	until_closed(behind);
}

TEST(it_is_closed_when_the_other_lets_go)
{
	struct lingering l;
	pid_t pid;

	if (!make_lingering(&l))
		SKIP("no TCP on the loopback: %s", strerror(errno));
	pid = in_child(is_let_go, &l);
	close_pair(l.end);
	close_pair(l.go);
	join_child(pid);
	CHECK_INT(adopted_have_ended(), ==, 1);
}

/* A caller that adopts orphans gets the helper, and can wait for it as for any other. */
TEST(a_caller_that_adopts)
{
	int fd = new_file(), number = fd;

	CHECK_OK(ferry_dispose(&fd, 1));
	until_closed(number);
	CHECK_INT(adopted_have_ended(), ==, 1);
}

static void dispose_fails(int error)
{
	int fds[3] = {new_file(), -1, new_file()}, a = fds[0], b = fds[2];

	CHECK_FAILS(ferry_dispose(fds, 3), error);
	CHECK_INT(fds[0], ==, a);
	CHECK_INT(fds[1], ==, -1);
	CHECK_INT(fds[2], ==, b);
	CHECK(is_open(a) && is_open(b));
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG | __WALL), ECHILD);
	ferry_close_all(fds, 3);
}

static void without_processes(void *arg)
{
	const struct rlimit limit = {.rlim_cur = *(rlim_t *)arg, .rlim_max = *(rlim_t *)arg};

	drop_root();
	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	dispose_fails(EAGAIN);
}

TEST(no_process_can_be_made)
{
	static rlim_t none = 0;

	in_a_caller(without_processes, &none);
}

/* The first can be made, and the second, which would do the work, not. */
TEST(only_one_process_can_be_made)
{
	static rlim_t two = 2; /* the caller and one more */

	if (!is_root())
		SKIP("only root can become a user that has no processes");
	in_a_caller(without_processes, &two);
}
