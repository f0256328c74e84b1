/* SPDX-License-Identifier: MIT
 *
 * hostile_stuck.c - tests: descriptors that make who closes them wait, and descriptors that nobody reads.
 */
#include "../hostile/fuse.h"

#include "hostile.h"

#include <fdferry.h>
#include <netinet/in.h>
#include <sys/resource.h>

struct stage {
	int sock[2];  /* the file goes from 0 to 1 */
	int ready[2]; /* an errno, or 0: the server answers nothing any more */
	int end[2];   /* closed: the server is to end */
};

/* Opens the file, sends it, and closes its own. */
static void open_it(int dev, int sock)
{
	int file;

	close(dev);
	file = CHECK_OK(open("m", O_RDWR | O_CLOEXEC));
	CHECK_INT(send_fds(sock, "x", 1, &file, 1, MSG_NOSIGNAL), ==, 1);
	close(file);
	_exit(0);
}

/* What has been read and is not answered holds who asked for it, also when he is killed
 * (request_wait_answer in fs/fuse/dev.c). */
static void swallow(int dev, int end)
{
	static char bytes[FUSE_MIN_READ_BUFFER + 4096 * 33];
	struct pollfd p[] = {{.fd = dev, .events = POLLIN}, {.fd = end, .events = POLLIN}};

	while (poll(p, 2, -1) >= 0 && p[1].revents == 0)
		if (read(dev, bytes, sizeof(bytes)) < 0 && errno != EAGAIN && errno != ENOENT &&
		    errno != EINTR)
			return;
}

static void serve(void *arg)
{
	struct stage *s = arg;
	int dev, err = fuse_mount(&dev);
	pid_t opener;

	close(s->end[1]);
	if (err == 0) {
		opener = CHECK_OK(fork());
		if (opener == 0)
			open_it(dev, s->sock[0]);
		for (int i = 0; i < 20000 && waitpid(opener, NULL, WNOHANG) == 0; i++) {
			struct pollfd p = {.fd = dev, .events = POLLIN};

			if (poll(&p, 1, 1) == 1)
				fuse_serve_one(dev);
		}
	}
	CHECK_INT(write(s->ready[1], &err, sizeof(err)), ==, sizeof(err));
	close(s->sock[0]);
	if (err == 0)
		swallow(dev, s->end[0]);
	/* The device is closed now: who is stuck in the file system is let go. */
}

/* Returns the server, the file being in the queue; or why there is none. */
static pid_t stage_begin(struct stage *s)
{
	pid_t server;
	int err = -1;

	CHECK_OK(close(CHECK_OK(open("m", O_WRONLY | O_CREAT | O_CLOEXEC, 0600))));
	make_pair(SOCK_SEQPACKET, s->sock);
	CHECK_OK(pipe2(s->ready, O_CLOEXEC));
	CHECK_OK(pipe2(s->end, O_CLOEXEC));
	server = in_child(serve, s);
	CHECK_OK(close(s->ready[1]));
	CHECK_OK(close(s->sock[0]));
	CHECK_INT(read(s->ready[0], &err, sizeof(err)), ==, sizeof(err));
	CHECK_OK(close(s->ready[0]));
	CHECK_OK(close(s->end[0]));
	if (err == 0)
		return server;
	CHECK_OK(close(s->sock[1]));
	CHECK_OK(close(s->end[1]));
	join_child(server);
	CHECK_OK(unlink("m"));
	SKIP("no FUSE: %s", strerror(err));
}

/* From here on this process must not fork: the child could not close it. */
static int stage_file(const struct stage *s)
{
	static struct received r;

	CHECK_OK(recv_msg(s->sock[1], &r, 16, PLAIN_ROOM, MSG_CMSG_CLOEXEC));
	CHECK_INT(r.count, ==, 1);
	CHECK_OK(close(s->sock[1]));
	return r.fds[0];
}

STORE_TEST(a_file_system_that_has_stalled)
{
	struct stage s;
	struct answer a;
	int door, file, memfd = new_memfd("x");
	pid_t server, old;

	if (geteuid() != 0)
		SKIP("only root can mount a file system of its own");
	server = stage_begin(&s);
	store_begin("--patience", "1s", NULL);
	file = stage_file(&s);
	door = client();
	for (int i = 0; i < 3; i++)
		put(door, "NAME=stuck\nEVICT=1", file);
	put(door, "NAME=old", file);
	check_served();
	ask(door, &a, "OP=list");
	check_done(HARNESS_HERE, &a);
	ask(door, &a, "OP=get\nNAME=stuck");
	CHECK_INT(a.n, ==, 3);
	CHECK_OK(ferry_dispose(a.fds, 3));
	/* Each of these is a close that does not come to its end, in both twins. */
	put(door, "NAME=old\nREPLACE=1", memfd);
	check_served();
	CHECK_ANSWER(door, "OP=remove\nID=1", "ERRNO=0\nCOUNT=1\n");
	check_served();
	CHECK_OK(ferry_dispose(&file, 1));
	CHECK_OK(close(memfd));
	/* Its exit hangs: what it has open is never closed. */
	old = broker();
	end_twin(old, SIGKILL);
	await_broker(old);
	check_served();
	close(door);
	door = client();
	CHECK_ANSWER(door, "OP=remove\nNAME=stuck", "ERRNO=0\nCOUNT=2\n");
	check_served();
	CHECK_OK(close(s.end[1]));
	join_child(server);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	close(door);
	siege_end();
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	CHECK_OK(unlink("m"));
}

/* A connection whose other end reads nothing, and whose close(2) waits for it. */
static void make_lingering(int pair[2])
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct linger linger = {.l_onoff = 1, .l_linger = 600};
	socklen_t len = sizeof(to);
	int listener = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	static char bytes[65536];

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_OK(bind(listener, (struct sockaddr *)&to, sizeof(to)));
	CHECK_OK(listen(listener, 1));
	CHECK_OK(getsockname(listener, (struct sockaddr *)&to, &len));
	pair[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	CHECK_OK(connect(pair[0], (struct sockaddr *)&to, sizeof(to)));
	pair[1] = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	CHECK_OK(close(listener));
	CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	while (send(pair[0], bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

STORE_TEST(sockets_that_linger)
{
	enum { PAIRS = 5 };
	int door, pairs[PAIRS][2];

	store_begin(NULL);
	door = client();
	for (int i = 0; i < PAIRS; i++) {
		make_lingering(pairs[i]);
		put(door, "NAME=linger", pairs[i][0]);
		CHECK_OK(close(pairs[i][0]));
	}
	CHECK_ANSWER(door, "OP=remove\nID=1-2", "ERRNO=0\nCOUNT=2\n");
	check_served();
	kill_broker();
	check_served();
	kill_keeper();
	check_served();
	close(door);
	door = client();
	CHECK_ANSWER(door, "OP=remove\nNAME=linger", "ERRNO=0\nCOUNT=3\n");
	check_served();
	for (int i = 0; i < PAIRS; i++)
		CHECK_OK(close(pairs[i][1]));
	close(door);
	siege_end();
}

/* For the rest of this test, so that there is a limit. */
static void become_ordinary(void)
{
	char path[PATH_MAX];

	if (geteuid() == 0) {
		CHECK_OK(chmod(".", 0777));
		CHECK_OK(setresgid(54321, 54321, 54321));
		CHECK_OK(setresuid(54321, 54321, 54321));
	}
	store_command(path);
	if (access(path, X_OK) < 0)
		SKIP("%s: %s", path, strerror(errno));
}

/* Somebody of the same user has all the descriptors in flight that the kernel admits: nothing with descriptors
 * can be sent, and the store says everything else. */
STORE_TEST(descriptors_parked_by_others)
{
	struct rlimit rl = {3000, 3000};
	int door, other, fd = new_memfd("x"), fds[253], park[2];
	struct answer a;
	ssize_t n;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	become_ordinary();
	store_begin("--max-clients", "16", NULL);
	door = client();
	other = client();
	put(door, "NAME=a", fd);
	for (int i = 0; i < 253; i++)
		fds[i] = fd;
	make_pair(SOCK_STREAM, park);
	CHECK_OK(setsockopt(park[0], SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int)));
	while ((n = send_fds(park[0], "x", 1, fds, 253, MSG_NOSIGNAL)) > 0)
		;
	CHECK_INT(errno, ==, ETOOMANYREFS);
	tell(door, "OP=get\nNAME=a", NULL, 0);
	for (int i = 0; i < 50; i++) {
		CHECK_ANSWER(other, "OP=release", "ERRNO=0\n");
		ask(other, &a, "OP=list");
		check_done(HARNESS_HERE, &a);
		pause_ms(2);
	}
	close_pair(park);
	CHECK(hear(door, &a));
	check_done(HARNESS_HERE, &a);
	CHECK_INT(a.n, ==, 1);
	close_answer(&a);
	check_served();
	CHECK_OK(close(fd));
	CHECK_OK(close(other));
	close(door);
	siege_end();
}
