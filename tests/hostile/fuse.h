/* SPDX-License-Identifier: MIT
 *
 * fuse.h - as much FUSE as it takes to open one file, which is the root of the mount.
 */
#ifndef HOSTILE_FUSE_H
#define HOSTILE_FUSE_H

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void fuse_answer(int dev, uint64_t unique, const void *data, size_t len)
{
	struct {
		struct fuse_out_header h;
		char data[256];
	} out = {.h = {.len = (uint32_t)(sizeof(out.h) + len), .unique = unique}};

	if (len > 0)
		memcpy(out.data, data, len);
	CHECK_INT(write(dev, &out, out.h.len), ==, out.h.len);
}

static inline void fuse_serve_one(int dev)
{
	static union {
		struct fuse_in_header h;
		char bytes[FUSE_MIN_READ_BUFFER + 4096 * 33];
	} in;
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
				     .minor = 31,
				     .max_readahead = 4096,
				     .max_write = 4096};
	struct fuse_open_out opened = {.fh = 1};
	struct fuse_attr_out attr = {
		.attr = {.ino = 1, .size = 100, .mode = S_IFREG | 0600, .nlink = 1}};

	if (read(dev, &in, sizeof(in)) < (ssize_t)sizeof(in.h))
		return;
	if (in.h.opcode == FUSE_INIT)
		fuse_answer(dev, in.h.unique, &init, sizeof(init));
	else if (in.h.opcode == FUSE_OPEN)
		fuse_answer(dev, in.h.unique, &opened, sizeof(opened));
	else if (in.h.opcode == FUSE_GETATTR)
		fuse_answer(dev, in.h.unique, &attr, sizeof(attr));
	else if (in.h.opcode == FUSE_FLUSH || in.h.opcode == FUSE_RELEASE)
		fuse_answer(dev, in.h.unique, NULL, 0);
}

/* In a mount namespace of its own, on the file m. */
static inline int fuse_mount(int *ret_dev)
{
	char options[64];

	*ret_dev = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*ret_dev < 0)
		return errno;
	snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0", *ret_dev);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("stalled", "m", "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return errno;
	return 0;
}

#endif
