/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the parts of the harness share, and tests do not see.
 */
#ifndef HARNESS_INTERNAL_H
#define HARNESS_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * The test's report to the runner.  It lies in a shared mapping, not in a pipe, because a mapping
 * takes no descriptor number, survives close_range() and SIGKILL, and every descendant can write it.
 */
struct report {
	pid_t pid; /* of the test process; somebody else is its child */
	atomic_bool failed;
	atomic_bool skipped;
	atomic_bool finished; /* the test function returned and all was looked at */
	atomic_uint used;     /* bytes of text asked for, perhaps more than there are */
	char reason[256];     /* of the skip */
	char text[32768];
};

enum { HARNESS_SKIPPED = 77 }; /* exit status of a child that called SKIP */

/* The report of the test that runs now; NULL in the runner between tests. */
extern struct report *harness_report;

/* report.c: adds a line to the report; complain also fails the test. */
__attribute__((format(printf, 1, 2))) void harness_complain(const char *format, ...);
__attribute__((noreturn)) void harness_leave(int status);
void harness_print(const char *prefix, const char *text, size_t len);

/* table.c */
enum table_how {
	HOLD_ANONYMOUS, /* duplicates only what cannot be told apart otherwise */
	HOLD_ALL,       /* also notices a file that was opened anew under its old number */
};
struct fd_table *harness_table(enum table_how how);
void harness_table_free(struct fd_table *table);
bool harness_table_compare(const struct fd_table *before, const struct fd_table *now);
void harness_close_above(int last);
bool harness_own_fds_gone(void);

/* after.c */
void harness_end_children(bool tell);
void harness_remove(const char *dir, bool tell);
struct signals;
void harness_reset_signals(void);
struct signals *harness_signals(void);
void harness_signals_compare(const struct signals *before);

/* names.c: "EAGAIN", "SIGSEGV", or a number as text where there is no name. */
const char *harness_errno_name(int error);
const char *harness_signal_name(int signal);

#endif
