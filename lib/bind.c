/* SPDX-License-Identifier: MIT
 * bind.c - gives a new socket its address, and takes the file away again. */
#include "internal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

/* Where a path is: its directory, held, and the name in it. */
struct place {
	int dir;
	char last[NAME_MAX + 1];
};

/* Is the name still that of the file which handle holds?  0, otherwise if not, or why it cannot be told. */
static int same_file(int dir, const char *name, int handle, int otherwise)
{
	struct stat a, b;

	if (fstat(handle, &b) < 0)
		return -errno;
	if (fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? otherwise : -errno;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? 0 : otherwise;
}

/* A handle of the socket file at place; -ENOTSOCK if it is something else. */
static int open_socket_file(const struct place *at)
{
	struct stat st;
	int err, handle = fy_high(openat(at->dir, at->last, O_PATH | O_NOFOLLOW | O_CLOEXEC));

	if (handle < 0)
		return handle;
	err = fstat(handle, &st) < 0 ? -errno : S_ISSOCK(st.st_mode) ? 0 : -ENOTSOCK;
	if (err == 0)
		return handle;
	close(handle);
	return err;
}

/* Removes a socket file that nobody serves.  0 if the name is free now. */
static int remove_stale(const struct place *at, const char *addr)
{
	int handle = open_socket_file(at), err;

	if (handle == -ENOENT)
		return 0;
	if (handle < 0)
		return handle;
	err = fy_alive(handle, addr);
	if (err > 0)
		err = -EADDRINUSE;
	if (err == 0)
		err = same_file(at->dir, at->last, handle, -EADDRINUSE);
	if (err == 0 && unlinkat(at->dir, at->last, 0) < 0 && errno != ENOENT)
		err = -errno;
	close(handle);
	return err;
}

static int bind_name(int sock, const struct fy_name *name)
{
	return bind(sock, (const struct sockaddr *)&name->un, name->len) < 0 ? -errno : 0;
}

/* Between the making of the file and the kernel's knowing whose it is, bind(2) leaves a moment in which
 * it looks stale (unix_bind_bsd): who replaces is kept out, if nobody holds the lock just now. */
static int bind_shared(int sock, const struct fy_name *name, int dir)
{
	int lock = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (lock >= 0)
		(void)flock(lock, LOCK_SH | LOCK_NB);
	err = bind_name(sock, name);
	if (lock >= 0)
		close(lock);
	return err;
}

static int replace_stale(int sock, const struct fy_name *name, const struct place *at,
			 const char *addr)
{
	int lock, err = fy_lock_dir(at->dir, &lock);

	if (err < 0)
		return err;
	err = remove_stale(at, addr);
	if (err == 0)
		err = bind_name(sock, name);
	if (lock >= 0)
		close(lock);
	return err;
}

/* Binds to the path; the place stays open for a caller that must undo it. */
static int bind_path(int sock, const char *addr, mode_t mode, const struct place *at)
{
	struct fy_name name;
	int err = fy_name_direct(&name, addr);

	/* The text that was asked for is what others see as this socket's name; only one that
	 * does not fit becomes /proc/self/fd/N/name. */
	if (err == -ENAMETOOLONG)
		err = fy_name_below(&name, at->dir, at->last);
	/* bind(2) makes the file with the socket's own mode, less the umask, so that it is never
	 * open wider than asked for; chmod after it would be (unix_bind_bsd in af_unix.c). */
	if (err == 0 && fchmod(sock, mode) < 0)
		err = -errno;
	if (err == 0)
		err = bind_shared(sock, &name, at->dir);
	return err == -EADDRINUSE ? replace_stale(sock, &name, at, addr) : err;
}

static int bind_and_listen(int sock, const char *addr, int type, mode_t mode, uint32_t flags)
{
	struct place at = {.dir = -1};
	struct fy_name abstract;
	int err = ferry_prepare(sock, flags);

	if (err < 0)
		return err;
	if (fy_name_is_abstract(addr)) {
		err = fy_name_direct(&abstract, addr);
		if (err == 0)
			err = bind_name(sock, &abstract);
	} else {
		err = at.dir = fy_path_parent(addr, at.last);
		if (err >= 0)
			err = bind_path(sock, addr, mode, &at);
	}
	if (err == 0 && type != SOCK_DGRAM && listen(sock, BACKLOG) < 0) {
		err = -errno;
		if (at.dir >= 0)
			unlinkat(at.dir, at.last, 0);
	}
	if (at.dir >= 0)
		close(at.dir);
	return err;
}

int ferry_bind(const char *addr, int type, mode_t mode, uint32_t flags)
{
	int sock, err = fy_name_check(addr);

	if (err == 0 && ((flags & ~FY_SOCKET_FLAGS) != 0 || (mode & ~(mode_t)0777) != 0))
		err = -EINVAL;
	if (err < 0)
		return fy_fail(err);
	sock = fy_new_socket(type);
	if (sock < 0)
		return fy_fail(sock);
	err = bind_and_listen(sock, addr, type, mode, flags);
	if (err < 0) {
		close(sock);
		return fy_fail(err);
	}
	return sock;
}

int ferry_unbind(int sock, const char *addr)
{
	struct place at;
	int domain, handle, lock = -1, err = fy_name_check(addr);

	if (err == 0)
		err = fy_get(sock, SO_DOMAIN, &domain);
	if (err == 0 && domain != AF_UNIX)
		err = -EPROTONOSUPPORT;
	if (err < 0)
		return fy_fail(err);
	if (fy_name_is_abstract(addr))
		return 0;
	at.dir = fy_path_parent(addr, at.last);
	if (at.dir < 0)
		return fy_fail(at.dir);
	err = fy_lock_dir(at.dir, &lock);
	if (err == 0) {
		err = handle = open_socket_file(&at);
		if (err == -ENOTSOCK)
			err = -ESTALE;
		if (handle >= 0) {
			err = fy_owner_check(sock, handle);
			if (err == 0)
				err = same_file(at.dir, at.last, handle, -ESTALE);
			if (err == 0 && unlinkat(at.dir, at.last, 0) < 0)
				err = -errno;
			close(handle);
		}
		if (lock >= 0)
			close(lock);
	}
	close(at.dir);
	return err < 0 ? fy_fail(err) : 0;
}
