/* SPDX-License-Identifier: MIT
 * close.c - preloaded into the command: one call of close(2) says that it has failed, and has closed.
 *
 * That is what Linux does: whatever close returns, the number is free (close(2), NOTES).  strace would
 * skip the call.  CLOSE_FAILS=N is which one, CLOSE_ERRNO how, CLOSE_MARK a file that says it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? atoi(text) : 0;
}

/* What the command starts is none of this. */
__attribute__((constructor)) static void alone(void)
{
	unsetenv("LD_PRELOAD");
}

int close(int fd)
{
	static int calls;
	int r = (int)syscall(SYS_close, fd);

	if (r < 0 || ++calls != number("CLOSE_FAILS"))
		return r;
	(void)syscall(SYS_close, open(getenv("CLOSE_MARK"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	errno = number("CLOSE_ERRNO");
	return -1;
}
