/* SPDX-License-Identifier: MIT
 *
 * stalled_fuse.c - hostile: a file of a file system that has stopped answering, as a dead NFS mount is.
 *
 * The server speaks as much FUSE as it takes to open one file, which is the root of the mount, in a
 * mount namespace of its own.
 */
#include "fuse.h"
#include "hostile.h"

#include <sys/wait.h>
#include <time.h>

struct stage {
	int sock[2];  /* the file goes from 0 to 1 */
	int ready[2]; /* an errno, or 0: the server answers nothing any more */
	int end[2];   /* closed: the server is to end */
};

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
	int dev, err = fuse_mount(&dev);
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
				fuse_serve_one(dev);
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
