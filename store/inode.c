/* SPDX-License-Identifier: MIT
 * inode.c - which inode a descriptor is of, asked without waiting.
 *
 * statx(2) by number, and its struct from the kernel's own header: musl has had neither until 1.2.4. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EVENTFDS UINT64_MAX /* a device that there is not */

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000 /* what is cached will do: a dead file server is not asked */
#endif

static int ask(int fd, struct inode *ret)
{
	struct statx stx;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		    &stx) < 0)
		return -errno;
	*ret = (struct inode){
		.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
		.ino = stx.stx_ino,
		.is_device = (stx.stx_mode & 0170000) == 0020000,
		.major = stx.stx_rdev_major,
	};
	return 0;
}

/* All anonymous files share one inode; an eventfd has a number of its own in fdinfo (proc(5), 5.2), which
 * is read without any lock of the file. */
static void number_eventfd(int fd, struct inode *inode)
{
	static const char key[] = "\neventfd-id: ";
	char path[64], text[512];
	const char *at;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	if (at == NULL)
		return;
	inode->dev = EVENTFDS;
	inode->ino = strtoull(at + strlen(key), NULL, 10);
}

int inode_of(int fd, struct inode *ret)
{
	static struct inode anonymous;
	int err = ask(fd, ret), probe;

	if (anonymous.ino == 0 && (probe = eventfd(0, EFD_CLOEXEC)) >= 0) {
		if (ask(probe, &anonymous) < 0)
			anonymous.ino = UINT64_MAX;
		close(probe);
	}
	if (err == 0 && ret->ino == anonymous.ino && ret->dev == anonymous.dev)
		number_eventfd(fd, ret);
	return err;
}
