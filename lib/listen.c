/* SPDX-License-Identifier: MIT
 * listen.c - the descriptors that a service manager has put at 3, 4, ... for this process: LISTEN_FDS. */
#include "../wire/lines.h"
#include "fdferry/service.h"
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define PIDFS_MAGIC 0x50494446

static int refuse(struct ferry_listen *l, int err, const char *why)
{
	l->why = why;
	return err;
}

/* Digits and nothing else, at most `most`.  Not strtoul(3), which takes " +7", "-1" and, with errno to be
 * looked at, anything. */
static bool is_number(const char *text, uint64_t most, uint64_t *ret)
{
	uint64_t n = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)*text - '0';

		if (digit > 9 || n > (most - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*ret = n;
	return true;
}

/* The inode of this process in pidfs, which no process ever has again (6.9).  0: the kernel has none, or
 * may not tell; or -errno. */
static int own_inode(uint64_t *ret)
{
	struct ferry_facts st = {0};
	struct statfs fs;
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0), err = 0;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	if (fstatfs(fd, &fs) == 0 && (uint64_t)fs.f_type == PIDFS_MAGIC &&
	    ferry_stat(fd, &st, sizeof(st)) == 0) {
		*ret = st.ino;
		err = 1;
	}
	close(fd);
	return err;
}

/* Is this the process that is meant?  1, 0 or -errno. */
static int for_us(struct ferry_listen *l)
{
	const char *pid = getenv("LISTEN_PID"), *inode = getenv("LISTEN_PIDFDID");
	uint64_t n = 0, own = 0;
	int r;

	if (pid == NULL || getenv("LISTEN_FDS") == NULL)
		return 0;
	if (!is_number(pid, INT_MAX, &n) || n == 0)
		return refuse(l, -EINVAL, "LISTEN_PID is not a process id");
	if (n != (uint64_t)getpid())
		return 0;
	if (inode == NULL)
		return 1;
	if (!is_number(inode, UINT64_MAX, &n))
		return refuse(l, -EINVAL, "LISTEN_PIDFDID is not a number");
	r = own_inode(&own);
	if (r <= 0)
		return r < 0 ? r : 1; /* the pid must do, as before 6.9 */
	/* A kernel of 32 bits shows the lower half only (pidfs_ino in fs/pidfs.c). */
	return own == (own > UINT32_MAX ? n : (uint32_t)n);
}

static int count(struct ferry_listen *l, size_t *ret)
{
	uint64_t n = 0;

	if (!is_number(getenv("LISTEN_FDS"), INT_MAX - FIRST_FD, &n) || n == 0)
		return refuse(l, -EINVAL, "LISTEN_FDS is not a number of descriptors");
	if (n > l->max_fds)
		return refuse(l, -EMSGSIZE, "LISTEN_FDS is more than max_fds");
	*ret = (size_t)n;
	return 0;
}

/* Without a variable they are "unknown", as sd_listen_fds_with_names(3) has it. */
static int split_names(struct ferry_listen *l, size_t nfds)
{
	const char *names = getenv("LISTEN_FDNAMES");
	size_t len = names != NULL ? strlen(names) : 0, n = 1;
	char *at = l->text;

	for (size_t i = 0; i < len; i++)
		n += names[i] == ':';
	if (names != NULL && n != nfds)
		return refuse(l, -EINVAL,
			      "LISTEN_FDNAMES has not as many names as LISTEN_FDS says");
	if (l->names == NULL)
		return 0;
	if (names == NULL) {
		for (size_t i = 0; i < nfds; i++)
			l->names[i] = "unknown";
		return 0;
	}
	if (len >= l->text_size)
		return refuse(l, -ENAMETOOLONG, "LISTEN_FDNAMES does not fit in text");
	memcpy(at, names, len + 1);
	for (size_t i = 0; i < nfds; i++) {
		char *end = at + strcspn(at, ":");

		l->names[i] = at;
		*end = '\0';
		if (!fy_name_is_valid(at, (size_t)(end - at)))
			return refuse(l, -EINVAL,
				      "LISTEN_FDNAMES has a name that is not at most 255 ASCII "
				      "characters");
		at = end + 1;
	}
	return 0;
}

/* Sets close-on-exec on all of them, or on none.  Until then the slots keep their flags. */
static int take(struct ferry_listen *l, size_t nfds)
{
	size_t done = 0;
	int err = 0;

	for (size_t i = 0; i < nfds; i++) {
		l->fds[i] = fcntl(FIRST_FD + (int)i, F_GETFD);
		if (l->fds[i] < 0)
			return refuse(l, -errno, "LISTEN_FDS is more than there are open");
	}
	while (done < nfds && err == 0) {
		if (fcntl(FIRST_FD + (int)done, F_SETFD, l->fds[done] | FD_CLOEXEC) == 0)
			done++;
		else
			err = -errno;
	}
	while (err < 0 && done-- > 0)
		fcntl(FIRST_FD + (int)done, F_SETFD, l->fds[done]);
	if (err < 0)
		return err;
	for (size_t i = 0; i < nfds; i++)
		l->fds[i] = FIRST_FD + (int)i;
	l->nfds = nfds;
	return 0;
}

static void clear_environment(void)
{
	static const char *const all[] = {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
					  "LISTEN_PIDFDID"};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)unsetenv(all[i]); /* fails for a name that is none, and for no other */
}

static void empty(struct ferry_listen *l)
{
	for (size_t i = 0; i < l->max_fds; i++) {
		if (l->fds != NULL)
			l->fds[i] = -1;
		if (l->names != NULL)
			l->names[i] = NULL;
	}
}

static int check(struct ferry_listen *l, size_t size)
{
	int err = fy_check_size(l, size, sizeof(*l));

	if (err < 0)
		return err;
	l->why = NULL;
	l->nfds = 0;
	empty(l);
	if ((l->flags & ~(uint32_t)FERRY_CLEAR_ENV) != 0)
		return refuse(l, -EINVAL, "a flag that this call does not have");
	if (l->fds == NULL && l->max_fds > 0)
		return refuse(l, -EINVAL, "fds is NULL");
	if (l->text == NULL && l->text_size > 0)
		return refuse(l, -EINVAL, "text is NULL");
	return 0;
}

int ferry_listen_fds(struct ferry_listen *listen, size_t size)
{
	size_t nfds = 0;
	int r = check(listen, size);

	if (r < 0)
		return fy_fail(r);
	r = for_us(listen);
	if (r > 0) {
		r = count(listen, &nfds);
		if (r == 0)
			r = split_names(listen, nfds);
		if (r == 0)
			r = take(listen, nfds);
	}
	if (r < 0) {
		empty(listen);
		return fy_fail(r);
	}
	if ((listen->flags & FERRY_CLEAR_ENV) != 0)
		clear_environment();
	return (int)listen->nfds;
}
