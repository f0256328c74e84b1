/* SPDX-License-Identifier: MIT
 * owner.c - whose is a socket file: is it served, is it this socket's, who else is cleaning up. */
#include "internal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE 0x89E0 /* linux/un.h, 4.5; needs CAP_NET_ADMIN */
#endif

#define LOCK_WAIT_MS 1000
#define DIAG_WAIT_MS 1000

/* Does a process serve the socket file that handle holds?  A datagram socket that connects finds out
 * without a place in anybody's backlog: ECONNREFUSED says that no socket is bound to the file,
 * EPROTOTYPE that one of another type is, listening or not (unix_find_bsd in af_unix.c). */
int fy_alive(int handle, const char *text)
{
	struct statfs fs;
	int err, probe;

	/* A socket file on NFS may be served on another machine, which nobody tells us. */
	if (fstatfs(handle, &fs) == 0 && fs.f_type == NFS_SUPER_MAGIC)
		return 1;
	probe = fy_new_socket(SOCK_DGRAM);
	if (probe < 0)
		return probe;
	err = fy_connect_handle(probe, handle, text);
	close(probe);
	if (err == -EACCES)
		return err;
	return err != -ECONNREFUSED;
}

/* Two servers that clean up stale files delete each other's live one: whoever replaces or removes a
 * file holds a lock on its directory.  *lock is -1 where the directory cannot be opened to lock it:
 * nobody else who may not read it can either.  Leaves *lock open for the caller to close. */
int fy_lock_dir(int dir, int *lock)
{
	struct fy_wait w = {0};

	*lock = fy_high(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (*lock < 0) {
		int err = *lock;

		*lock = -1;
		return err == -EACCES || err == -EPERM ? 0 : err;
	}
	do {
		if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0; /* a file system without locks */
	} while (fy_wait_blind(&w, 0, LOCK_WAIT_MS) == 0);
	close(*lock);
	*lock = -1;
	return -EBUSY;
}

/* The file systems whose st_dev is not the device that the kernel calls the file's own. */
static bool device_of_its_own(int handle)
{
	struct statfs fs;

	return fstatfs(handle, &fs) == 0 && (uint32_t)fs.f_type != BTRFS_SUPER_MAGIC &&
	       (uint32_t)fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

/* The inode and device of the file that sock is bound to, from sock_diag(7): this the kernel tells
 * everybody, about the sockets of our network namespace. */
static int diag_file(int sock, struct unix_diag_vfs *ret)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} ask = {
		.h = {.nlmsg_len = sizeof(ask),
		      .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		      .nlmsg_flags = NLM_F_REQUEST},
		.r = {.sdiag_family = AF_UNIX,
		      .udiag_states = UINT32_MAX,
		      .udiag_show = UDIAG_SHOW_VFS,
		      .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
	};
	union {
		struct nlmsghdr h;
		char bytes[4096];
	} answer;
	struct stat st;
	struct pollfd p = {.events = POLLIN};
	ssize_t n = -1;

	if (fstat(sock, &st) < 0)
		return -errno;
	ask.r.udiag_ino = (uint32_t)st.st_ino;
	p.fd = fy_high(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
	if (p.fd == -EMFILE || p.fd == -ENFILE || p.fd == -ENOMEM)
		return p.fd;
	if (p.fd < 0)
		return -EOPNOTSUPP;
	if (send(p.fd, &ask, sizeof(ask), MSG_NOSIGNAL) == (ssize_t)sizeof(ask) &&
	    poll(&p, 1, DIAG_WAIT_MS) == 1)
		n = recv(p.fd, &answer, sizeof(answer), MSG_DONTWAIT);
	close(p.fd);
	if (n < (ssize_t)NLMSG_HDRLEN || !NLMSG_OK(&answer.h, (size_t)n) ||
	    answer.h.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -EOPNOTSUPP;
	/* Built by hand: NLMSG_DATA and RTA_NEXT warn under -Wconversion. */
	for (size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
	     at + sizeof(struct rtattr) <= answer.h.nlmsg_len;) {
		struct rtattr attr;

		memcpy(&attr, answer.bytes + at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || at + attr.rta_len > answer.h.nlmsg_len)
			break;
		if (attr.rta_type == UNIX_DIAG_VFS && attr.rta_len >= sizeof(attr) + sizeof(*ret)) {
			memcpy(ret, answer.bytes + at + sizeof(attr), sizeof(*ret));
			return 0;
		}
		at += (attr.rta_len + 3u) & ~3u;
	}
	return -ESTALE; /* bound to no file */
}

/* Is the file that handle holds the one that sock is bound to?  0, -ESTALE if not, -EOPNOTSUPP if
 * nobody tells.  While the socket lives its file's inode cannot be used again. */
int fy_owner_check(int sock, int handle)
{
	struct stat file, own;
	struct unix_diag_vfs vfs = {0}; /* no analyser sees that diag_file fills it */
	int fd, err;

	if (fstat(handle, &file) < 0)
		return -errno;
	fd = ioctl(sock, SIOCUNIXFILE);
	if (fd >= 0) {
		err = fstat(fd, &own) < 0 ? -errno : 0;
		close(fd);
		if (err < 0)
			return err;
		return own.st_dev == file.st_dev && own.st_ino == file.st_ino ? 0 : -ESTALE;
	}
	err = diag_file(sock, &vfs);
	if (err < 0)
		return err;
	/* The kernel's own form of a device number: 12 bits major, 20 bits minor (kdev_t.h). */
	if (vfs.udiag_vfs_ino != (uint32_t)file.st_ino ||
	    (device_of_its_own(handle) &&
	     makedev(vfs.udiag_vfs_dev >> 20, vfs.udiag_vfs_dev & 0xfffff) != file.st_dev))
		return -ESTALE;
	return 0;
}
