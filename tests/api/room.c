/* SPDX-License-Identifier: MIT
 *
 * room.c - tests: ferry_reserve and ferry_close_all.
 */
#include "api.h"

#include <limits.h>
#include <sys/resource.h>

/* How many numbers the descriptor table has room for. */
static long table_size(void)
{
	char line[200];
	long size = -1;
	FILE *f = fopen("/proc/self/status", "re");

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "FDSize: %ld", &size) == 1)
			break;
	fclose(f);
	CHECK_INT(size, >, 0);
	return size;
}

TEST(reserve_grows_the_table)
{
	struct rlimit rl;
	struct fd_table *before = remember_fds();
	long was = table_size();
	size_t more = (size_t)was + 100;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	if (rl.rlim_max < more + 10)
		SKIP("the hard limit is %ju", (uintmax_t)rl.rlim_max);
	limit_fds((unsigned)more + 10);
	CHECK_INT(ferry_reserve(more), ==, 0);
	CHECK_INT(table_size(), >=, more);
	CHECK_FDS(before);
	CHECK_INT(open_fds(), ==, 3);
}

TEST(reserve_nothing)
{
	long was = table_size();

	CHECK_INT(ferry_reserve(0), ==, 0);
	CHECK_INT(table_size(), ==, was);
	limit_fds(3);
	CHECK_INT(ferry_reserve(0), ==, 0);
	limit_fds(256);
}

/* Exactly as many as the limit admits, and not one more. */
TEST(reserve_up_to_the_limit)
{
	limit_fds(40);
	for (size_t n = 1; n <= 37; n++)
		CHECK_INT(ferry_reserve(n), ==, 0);
	CHECK_FAILS(ferry_reserve(38), EMFILE);
	CHECK_FAILS(ferry_reserve(1000000), EMFILE);
	CHECK_FAILS(ferry_reserve(SIZE_MAX), EMFILE);
	/* With few of them, what the call itself opens is in the way of it. */
	for (unsigned n = 1; n < 4; n++) {
		limit_fds(3 + n);
		CHECK_INT(ferry_reserve(n), ==, 0);
		CHECK_FAILS(ferry_reserve(n + 1), EMFILE);
	}
	limit_fds(3);
	CHECK_FAILS(ferry_reserve(1), EMFILE);
	limit_fds(256);
}

/* Free numbers between open ones count, and open ones above a lowered limit do not. */
TEST(reserve_with_gaps)
{
	int fds[10];

	for (int i = 0; i < 10; i++)
		fds[i] = new_file();
	for (int i = 0; i < 10; i += 2)
		close(fds[i]);
	limit_fds(13);
	for (size_t n = 1; n <= 5; n++)
		CHECK_INT(ferry_reserve(n), ==, 0);
	CHECK_FAILS(ferry_reserve(6), EMFILE);
	limit_fds(8);
	for (size_t n = 1; n <= 3; n++)
		CHECK_INT(ferry_reserve(n), ==, 0);
	CHECK_FAILS(ferry_reserve(4), EMFILE);
	limit_fds(256);
	for (int i = 1; i < 10; i += 2)
		close(fds[i]);
	CHECK_INT(open_fds(), ==, 3);
}

/* What was promised can be had. */
TEST(reserved_can_be_opened)
{
	int fds[20];

	limit_fds(23);
	CHECK_INT(ferry_reserve(20), ==, 0);
	for (int i = 0; i < 20; i++)
		fds[i] = CHECK_OK(dup(0));
	CHECK_FAILS(ferry_reserve(1), EMFILE);
	ferry_close_all(fds, 20);
	limit_fds(256);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Numbers 20 to 39 are open; the marked ones are named, in the given order. */
static void closes(const int *named, size_t n)
{
	int fds[32];

	for (int fd = 20; fd < 40; fd++)
		CHECK_INT(dup3(0, fd, O_CLOEXEC), ==, fd);
	memcpy(fds, named, n * sizeof(int));
	errno = ENOTTY;
	ferry_close_all(fds, n);
	CHECK_INT(errno, ==, ENOTTY);
	for (size_t i = 0; i < n; i++)
		CHECK_INT(fds[i], ==, -1);
	for (int fd = 20; fd < 40; fd++) {
		bool was_named = false;

		for (size_t i = 0; i < n; i++)
			was_named = was_named || named[i] == fd;
		if (is_open(fd) == was_named)
			FAIL("%d is %s, and was%s named", fd, was_named ? "open" : "closed",
			     was_named ? "" : " not");
		if (!was_named)
			close(fd);
	}
	CHECK_INT(open_fds(), ==, 3);
}

#define CLOSES(...)                                                                                \
	do {                                                                                       \
		const int named[] = {__VA_ARGS__};                                                 \
                                                                                                   \
		closes(named, sizeof(named) / sizeof(*named));                                     \
	} while (0)

TEST(close_runs)
{
	CLOSES(20);
	CLOSES(20, 21);
	CLOSES(20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39);
	CLOSES(24, 25, 26);
	CLOSES(38, 39);
}

TEST(close_gaps)
{
	CLOSES(20, 22, 24, 26);
	CLOSES(20, 21, 23, 24, 26, 27);
	CLOSES(20, 39);
	CLOSES(21, 22, 24, 38);
}

TEST(close_negative_slots)
{
	CLOSES(-1);
	CLOSES(-1, -1, -1);
	CLOSES(-1, 20, -1, 21, 22, -1);
	CLOSES(20, -1, 21);
	CLOSES(-7, 25, INT_MIN, 26, -2);
	/* -1 and 0 are a run of numbers, -1 none to be closed. */
	CLOSES(-2, -1, 30, 31);
}

TEST(close_unsorted)
{
	CLOSES(25, 24, 23, 22);
	CLOSES(30, 20, 31, 21, 32);
	CLOSES(22, 23, 20, 21);
	CLOSES(39, 20, 21);
}

/* Not open any more, or named twice: nothing else is closed for it. */
TEST(close_what_is_not_open)
{
	CLOSES(20, 20);
	CLOSES(20, 21, 20, 21);
	CLOSES(38, 39, 40, 41, 42);
	CLOSES(20, INT_MAX);
	CLOSES(INT_MAX - 1, INT_MAX);
}

TEST(close_nothing)
{
	int fds[1] = {0};

	errno = ENOTTY;
	ferry_close_all(fds, 0);
	CHECK_INT(fds[0], ==, 0);
	ferry_close_all(NULL, 0);
	CHECK_INT(errno, ==, ENOTTY);
	CHECK(is_open(0));
}

TEST(close_number_zero)
{
	int fds[2] = {0, 1}, saved[2] = {CHECK_OK(dup(0)), CHECK_OK(dup(1))}, zero, one;

	ferry_close_all(fds, 2);
	zero = fcntl(0, F_GETFD);
	one = fcntl(1, F_GETFD);
	CHECK_INT(dup2(saved[0], 0), ==, 0);
	CHECK_INT(dup2(saved[1], 1), ==, 1);
	close_pair(saved);
	CHECK_INT(zero, ==, -1);
	CHECK_INT(one, ==, -1);
}
