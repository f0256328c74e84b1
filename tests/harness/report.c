/* SPDX-License-Identifier: MIT
 *
 * report.c - checks, and how a test tells the runner what it saw.
 */
#include "harness.h"
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct report *harness_report;

/* gcov writes its counts at exit(), which no test process reaches: the coverage build asks here. */
#ifdef HARNESS_GCOV
void __gcov_dump(void);
#endif

void harness_leave(int status)
{
#ifdef HARNESS_GCOV
	__gcov_dump();
#endif
	_exit(status);
}

/* Several processes may add lines at once: each claims its room first and fills it then. */
static void add_line(const char *format, va_list args)
{
	char line[2048];
	size_t len;
	unsigned int at;
	int n = vsnprintf(line, sizeof line - 1, format, args);

	if (n < 0)
		return;
	len = strlen(line);
	line[len++] = '\n';
	at = atomic_fetch_add(&harness_report->used, (unsigned int)len);
	if (at + len <= sizeof harness_report->text)
		memcpy(harness_report->text + at, line, len);
}

void harness_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(format, args);
	va_end(args);
}

void harness_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(format, args);
	va_end(args);
	atomic_store(&harness_report->failed, true);
}

void harness_fail(struct harness_place place, const char *format, ...)
{
	char text[1536], who[40] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (getpid() != harness_report->pid)
		snprintf(who, sizeof who, "in child %ld: ", (long)getpid());
	harness_complain("%s:%d: %s%s", place.file, place.line, who, text);
	fflush(NULL);
	harness_leave(1);
}

void harness_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(harness_report->reason, sizeof harness_report->reason, format, args);
	va_end(args);
	atomic_store(&harness_report->skipped, true);
	fflush(NULL);
	harness_leave(getpid() == harness_report->pid ? 0 : HARNESS_SKIPPED);
}

static void number_text(char *room, size_t size, struct harness_number n)
{
	if (n.negative)
		snprintf(room, size, "%jd", (intmax_t)n.bits);
	else if (n.bits < 10)
		snprintf(room, size, "%ju", n.bits);
	else
		snprintf(room, size, "%ju (0x%jx)", n.bits, n.bits);
}

void harness_int(struct harness_place place, const char *left, const char *op, const char *right,
		 struct harness_number a, struct harness_number b)
{
	bool less = a.negative != b.negative ? a.negative : a.bits < b.bits;
	bool same = a.negative == b.negative && a.bits == b.bits;
	char va[64], vb[64];
	bool good;

	if (strcmp(op, "==") == 0)
		good = same;
	else if (strcmp(op, "!=") == 0)
		good = !same;
	else if (strcmp(op, "<") == 0)
		good = less;
	else if (strcmp(op, "<=") == 0)
		good = less || same;
	else if (strcmp(op, ">") == 0)
		good = !less && !same;
	else if (strcmp(op, ">=") == 0)
		good = !less;
	else
		harness_fail(place, "CHECK_INT knows no operator %s", op);
	if (good)
		return;
	number_text(va, sizeof va, a);
	number_text(vb, sizeof vb, b);
	harness_fail(place, "%s %s %s is false\n  left is  %s\n  right is %s", left, op, right, va,
		     vb);
}

void harness_str(struct harness_place place, const char *left, const char *right, const char *a,
		 const char *b)
{
	if (a == b || (a && b && strcmp(a, b) == 0))
		return;
	harness_fail(place, "%s and %s differ\n  left is  \"%.500s\"\n  right is \"%.500s\"", left,
		     right, a ? a : "(null)", b ? b : "(null)");
}

static void bytes_text(char *room, size_t size, const unsigned char *bytes, size_t len)
{
	size_t n = 0;

	room[0] = '\0';
	for (size_t i = 0; i < len && n + 4 < size; i++)
		n += (size_t)snprintf(room + n, size - n, " %02x", bytes[i]);
}

void harness_mem(struct harness_place place, const char *left, const char *right, const void *a,
		 const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;
	size_t at = 0, shown;
	char vx[64], vy[64];

	while (at < len && x[at] == y[at])
		at++;
	if (at == len)
		return;
	shown = len - at < 16 ? len - at : 16;
	bytes_text(vx, sizeof vx, x + at, shown);
	bytes_text(vy, sizeof vy, y + at, shown);
	harness_fail(place, "%s and %s differ from byte %zu of %zu\n  left is %s\n  right is%s",
		     left, right, at, len, vx, vy);
}

int harness_ok(struct harness_place place, const char *call, intmax_t value)
{
	/* -1 is what system calls say, and what a library means by -EPERM: errno holds both. */
	int error = value == -1 ? errno : (int)-value;

	if (value < 0)
		harness_fail(place, "%s returned %jd: %s (%s)", call, value, strerror(error),
			     harness_errno_name(error));
	if (value > INT_MAX)
		harness_fail(place, "%s returned %jd, too much for CHECK_OK", call, value);
	return (int)value;
}

void harness_err(struct harness_place place, const char *call, intmax_t value, int error)
{
	if (value == -(intmax_t)error)
		return;
	if (value < 0)
		harness_fail(place, "%s returned %jd (-%s), expected %d (-%s)", call, value,
			     harness_errno_name((int)-value), -error, harness_errno_name(error));
	harness_fail(place, "%s returned %jd, expected %d (-%s)", call, value, -error,
		     harness_errno_name(error));
}

void harness_errno(struct harness_place place, const char *call, intmax_t value, int error)
{
	int seen = errno;

	if (value == -1 && seen == error)
		return;
	if (value == -1)
		harness_fail(place, "%s failed with %d (%s), expected %d (%s)", call, seen,
			     harness_errno_name(seen), error, harness_errno_name(error));
	harness_fail(place, "%s returned %jd, expected -1 and %d (%s)", call, value, error,
		     harness_errno_name(error));
}

pid_t in_child(void (*f)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	f(arg);
	fflush(NULL);
	harness_leave(0);
}

void harness_join(struct harness_place place, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			harness_fail(place, "waitpid(%ld): %s", (long)pid, strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_SKIPPED && harness_report->skipped)
		harness_leave(0);
	if (WIFSIGNALED(status))
		harness_fail(place, "child %ld was killed by %s", (long)pid,
			     harness_signal_name(WTERMSIG(status)));
	harness_fail(place, "child %ld exited with status %d", (long)pid, WEXITSTATUS(status));
}

/* Foreign bytes must not look like TAP, nor break a terminal. */
void harness_print(const char *prefix, const char *text, size_t len)
{
	bool start = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (start)
			fputs(prefix, stdout);
		start = c == '\n';
		if (c == '\n' || c == '\t' || (c >= ' ' && c < 127))
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	if (!start)
		putchar('\n');
}
