/* SPDX-License-Identifier: MIT
 *
 * stalled_fuse.c - hostile: a file of a file system that has stopped answering, as a dead NFS mount is.
 *
 * The server speaks as much FUSE as it takes to open one file, which is the root of the mount, in a
 * mount namespace of its own.
 */
#include "hostile.h"

#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

struct stage {
	int sock[2];  /* the file goes from 0 to 1 */
	int ready[2]; /* an errno, or 0: the server answers nothing any more */
	int end[2];   /* closed: the server is to end */
};

static void answer(int dev, uint64_t unique, const void *data, size_t len)
{
	struct {
		struct fuse_out_header h;
		char data[256];
	} out = {.h = {.len = (uint32_t)(sizeof(out.h) + len), .unique = unique}};

	if (len > 0)
		memcpy(out.data, data, len);
	CHECK_INT(write(dev, &out, out.h.len), ==, out.h.len);
}

static void serve_one(int dev)
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
		answer(dev, in.h.unique, &init, sizeof(init));
	else if (in.h.opcode == FUSE_OPEN)
		answer(dev, in.h.unique, &opened, sizeof(opened));
	else if (in.h.opcode == FUSE_GETATTR)
		answer(dev, in.h.unique, &attr, sizeof(attr));
	else if (in.h.opcode == FUSE_FLUSH || in.h.opcode == FUSE_RELEASE)
		answer(dev, in.h.unique, NULL, 0);
}

static int mount_it(int *ret_dev)
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

/* Opens the file, sends it, and closes its own. */
static void open_it(int sock)
{
	int file = CHECK_OK(open("m", O_RDWR | O_CLOEXEC));

	CHECK_OK(ferry_send_fd(sock, file));
	close(file);
}

static void serve(void *arg)
{
	struct stage *s = arg;
	int dev, err = mount_it(&dev);
	char byte;
	pid_t opener;

	close(s->end[1]);
	if (err == 0) {
		opener = fork();
		CHECK_OK(opener);
		if (opener == 0) {
			close(dev);
			open_it(s->sock[0]);
			_exit(0);
		}
		for (int i = 0; i < 5000 && waitpid(opener, NULL, WNOHANG) == 0; i++) {
			struct pollfd p = {.fd = dev, .events = POLLIN};

			if (poll(&p, 1, 1) == 1)
				serve_one(dev);
		}
	}
	CHECK_INT(write(s->ready[1], &err, sizeof(err)), ==, sizeof(err));
	close(s->sock[0]);
	CHECK_INT(read(s->end[0], &byte, 1), ==, 0);
	/* The device is closed now: who is stuck in the file system is let go. */
}

static void receive_and_dispose(void *arg)
{
	const struct ferry_expect want = {.kinds = FERRY_IS_FILE, .access = FERRY_RW};
	const struct ferry_expect other = {.kinds = FERRY_IS_DIR};
	struct stage *s = arg;
	char line[256];
	struct box b;

	close(s->end[1]);
	box_new(&b, 1);
	b.msg.expect = &want;
	b.msg.expect_size = sizeof(want);
	CHECK_INT(ferry_recv(s->sock[1], &b.msg, sizeof(b.msg)), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 1);
	CHECK_FAILS(ferry_check(b.fds[0], &other, sizeof(other), NULL), EBADFD);
	CHECK_OK(ferry_describe(b.fds[0], line, sizeof(line)));
	CHECK_OK(ferry_dispose(b.fds, 1));
	CHECK_INT(b.fds[0], ==, -1);
	/* The caller ends, with the helper in the file system. */
}

TEST(a_file_system_that_has_stalled)
{
	struct stage s;
	pid_t server, caller = -1;
	int err = -1;

	if (!is_root())
		SKIP("only root can mount a file system of its own");
	close(CHECK_OK(open("m", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	CHECK_OK(ferry_pair(s.sock, SOCK_SEQPACKET, 0));
	CHECK_OK(pipe2(s.ready, O_CLOEXEC));
	CHECK_OK(pipe2(s.end, O_CLOEXEC));
	server = in_child(serve, &s);
	close(s.ready[1]);
	close(s.sock[0]);
	CHECK_INT(read(s.ready[0], &err, sizeof(err)), ==, sizeof(err));
	if (err == 0) {
		caller = in_child(receive_and_dispose, &s);
		close(s.sock[1]);
		join_child(caller);
		/* It waits there: nobody but the end of the server lets it go. */
		CHECK_INT(waitpid(-1, NULL, WNOHANG | __WALL), ==, 0);
	} else {
		close(s.sock[1]);
	}
	close(s.ready[0]);
	close_pair(s.end);
	join_child(server);
	unlink("m");
	if (err != 0)
		SKIP("no FUSE: %s", strerror(err));
	CHECK_INT(waitpid(-1, NULL, __WALL), >, 0);
}
