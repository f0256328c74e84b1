/* SPDX-License-Identifier: MIT
 *
 * harness.h - write a test program: one process per test, and a table of descriptors that must be
 * found as it was.
 *
 *	#include "harness.h"
 *
 *	TEST(a_pipe_has_two_ends)
 *	{
 *		int fds[2];
 *
 *		CHECK_OK(pipe2(fds, O_CLOEXEC));
 *		CHECK_INT(open_fds(), ==, 5);
 *		close(fds[0]);
 *		close(fds[1]);
 *	}
 *
 * A test runs in a new process and process group, in a new empty directory, with descriptors 0, 1
 * and 2 open and 3 the next free number, umask 022, default signal dispositions and an empty signal
 * mask.  It fails when a check fails, when it does not reach its end, when its deadline passes, and
 * when it leaves anything behind: a descriptor, a process, a file, a changed signal.
 *
 * The program prints TAP: ./prog runs all tests, ./prog NAME... those, ./prog --list names them.
 * HARNESS_SLOWER=N multiplies every deadline, HARNESS_VERBOSE=1 shows what passing tests printed,
 * HARNESS_LEAKS=1 asks LeakSanitizer (where it is linked in) at the end of each test.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Defines a test; seconds is its deadline, at which its whole process group is killed. */
#define TEST(name) TEST_SECONDS(name, 10)
#define TEST_SECONDS(name, seconds)                                                                \
	static void test_##name(void);                                                             \
	__attribute__((constructor)) static void harness_add_##name(void)                          \
	{                                                                                          \
		static struct harness_test test = {#name, test_##name, (seconds), NULL};           \
                                                                                                   \
		harness_add(&test);                                                                \
	}                                                                                          \
	static void test_##name(void)

/*
 * Checks.  One that fails prints where it stands and what it saw, and ends the test at once; in a
 * child process it ends the child with status 1, and the test fails all the same.
 */
#define CHECK(expr) ((expr) ? (void)0 : harness_fail(HARNESS_HERE, "%s is false", #expr))

/* CHECK_INT(a, ==, b): any integer types, compared as numbers, so -1 is less than 1u. */
#define CHECK_INT(a, op, b)                                                                        \
	harness_int(HARNESS_HERE, #a, #op, #b, HARNESS_NUMBER(a), HARNESS_NUMBER(b))

#define CHECK_STR(a, b) harness_str(HARNESS_HERE, #a, #b, (a), (b))
#define CHECK_MEM(a, b, len) harness_mem(HARNESS_HERE, #a, #b, (a), (b), (len))

/* The call must return >= 0, which is handed on. */
#define CHECK_OK(call) harness_ok(HARNESS_HERE, #call, (call))

/* The call must return -error (CHECK_ERR), or -1 with errno set to error (CHECK_ERRNO). */
#define CHECK_ERR(call, error) harness_err(HARNESS_HERE, #call, (call), (error))
#define CHECK_ERRNO(call, error) harness_errno(HARNESS_HERE, #call, (call), (error))

#define FAIL(...) harness_fail(HARNESS_HERE, __VA_ARGS__)
#define SKIP(...) harness_skip(__VA_ARGS__)
#define NOTE(...) harness_note(__VA_ARGS__)

/* Remembers the descriptors that are open now; CHECK_FDS fails unless they are the same then, and
 * frees the memory.  For "the call that failed left the table as it was", within a test. */
struct fd_table *remember_fds(void);
#define CHECK_FDS(table) harness_fds(HARNESS_HERE, (table))

/* Runs f(arg) in a child process, which then exits 0.  Returns its pid. */
pid_t in_child(void (*f)(void *), void *arg);

/* Waits for the child; the test fails unless it exited 0. */
#define join_child(pid) harness_join(HARNESS_HERE, (pid))

/* How many descriptors are open, those of the harness itself not counted. */
int open_fds(void);

/* Sets the soft RLIMIT_NOFILE; the harness puts it back after the test. */
void limit_fds(unsigned int limit);

/* Whether two descriptors are of one file; anonymous ones (eventfd...) share an inode and are told
 * apart where the kernel can, and taken for the same where it cannot. */
bool same_file(int a, int b);

/* Whether two descriptors share one open file description: 1, 0, or -1 if the kernel cannot say. */
int same_description(int a, int b);

bool is_cloexec(int fd);
bool is_root(void);

/* If root: becomes user and group dropped_id() for good, and gives the current directory to them. */
unsigned int dropped_id(void);
void drop_root(void);

/* What the macros call. */
#define HARNESS_HERE ((struct harness_place){__FILE__, __LINE__})
#define HARNESS_NUMBER(x)                                                                          \
	_Generic((x), unsigned long                                                                \
		 : harness_unsigned, unsigned long long                                            \
		 : harness_unsigned, default                                                       \
		 : harness_signed)(x)

struct harness_test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	struct harness_test *next;
};

struct harness_place {
	const char *file;
	int line;
};

struct harness_number {
	bool negative;
	uintmax_t bits; /* two's complement when negative */
};

static inline struct harness_number harness_signed(intmax_t value)
{
	return (struct harness_number){value < 0, (uintmax_t)value};
}

static inline struct harness_number harness_unsigned(uintmax_t value)
{
	return (struct harness_number){false, value};
}

void harness_add(struct harness_test *test);
__attribute__((noreturn, format(printf, 2, 3))) void harness_fail(struct harness_place place,
								  const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void harness_skip(const char *format, ...);
__attribute__((format(printf, 1, 2))) void harness_note(const char *format, ...);
void harness_int(struct harness_place place, const char *left, const char *op, const char *right,
		 struct harness_number a, struct harness_number b);
void harness_str(struct harness_place place, const char *left, const char *right, const char *a,
		 const char *b);
void harness_mem(struct harness_place place, const char *left, const char *right, const void *a,
		 const void *b, size_t len);
int harness_ok(struct harness_place place, const char *call, intmax_t value);
void harness_err(struct harness_place place, const char *call, intmax_t value, int error);
void harness_errno(struct harness_place place, const char *call, intmax_t value, int error);
void harness_fds(struct harness_place place, struct fd_table *table);
void harness_join(struct harness_place place, pid_t pid);

#endif
