/* SPDX-License-Identifier: MIT
 *
 * sockets_connect.c - tests: what a connection finds, and what is returned when it does not.
 */
#include "api.h"

#include <sys/time.h>

static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};

static char *abstract(char room[static 60])
{
	snprintf(room, 60, "@fdferry-%ld-connect", (long)getpid());
	return room;
}

/* What every returned socket must be. */
static void check_socket(int fd, int type)
{
	struct timeval tv = {.tv_sec = 77};
	socklen_t len = sizeof(tv);

	CHECK_INT(fd, >=, 3);
	CHECK(is_cloexec(fd));
	CHECK_INT(get_option(fd, SO_TYPE), ==, type);
	CHECK_INT(CHECK_OK(fcntl(fd, F_GETFL)) & (O_NONBLOCK | O_ASYNC), ==, 0);
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	CHECK_INT(tv.tv_sec, ==, 0);
	CHECK_INT(tv.tv_usec, ==, 0);
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	CHECK_INT(tv.tv_sec, ==, 0);
	CHECK_INT(tv.tv_usec, ==, 0);
}

static void finds(const char *addr, int type)
{
	static const struct {
		uint32_t flags;
		int timeout_ms;
	} ways[] = {{0, 0}, {FERRY_NOWAIT, 0}, {0, 1000}, {FERRY_EINTR, 1000}, {FERRY_NOWAIT, 5}};
	int server = type == SOCK_DGRAM ? plain_bind(addr, type) : plain_listen(addr, type, 20);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int any = CHECK_OK(ferry_connect(addr, 0, ways[i].flags, ways[i].timeout_ms));
		int one = CHECK_OK(ferry_connect(addr, type, ways[i].flags, ways[i].timeout_ms));

		check_socket(any, type);
		check_socket(one, type);
		CHECK_INT(send(any, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), ==, 1);
		close(any);
		close(one);
	}
	close(server);
}

TEST_EACH_TYPE(finds_path)
{
	finds("sock", type);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(finds_abstract)
{
	char name[60];

	finds(abstract(name), type);
}

/* To find the type out must not take a place in the backlog. */
TEST_EACH_CONNECTED(any_type_takes_one_place)
{
	int server, client, got;

	server = plain_listen("sock", type, 5);
	client = CHECK_OK(ferry_connect("sock", 0, 0, 0));
	CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
	got = CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	CHECK_ERRNO(accept4(server, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	close(got);
	close(client);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(wrong_type)
{
	int server = type == SOCK_DGRAM ? plain_bind("sock", type) : plain_listen("sock", type, 5);

	for (int i = 0; i < 3; i++)
		if (types[i] != type)
			CHECK_FAILS(ferry_connect("sock", types[i], 0, 0), EPROTOTYPE);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(stale)
{
	char name[60];

	plain_stale("sock", type);
	CHECK_FAILS(ferry_connect("sock", type, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect("sock", 0, 0, 0), ECONNREFUSED);
	CHECK_OK(unlink("sock"));
	CHECK_FAILS(ferry_connect("sock", type, 0, 0), ENOENT);
	CHECK_FAILS(ferry_connect("sock", 0, 0, 0), ENOENT);
	CHECK_FAILS(ferry_connect(abstract(name), type, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect(name, 0, 0, 0), ECONNREFUSED);
}

/* An abstract name is looked up with the type: of another one there is nobody. */
TEST(wrong_type_of_an_abstract_name)
{
	char name[60];
	int server = plain_listen(abstract(name), SOCK_STREAM, 5);

	CHECK_FAILS(ferry_connect(name, SOCK_DGRAM, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect(name, SOCK_SEQPACKET, 0, 0), ECONNREFUSED);
	close(server);
}

TEST(bound_but_not_listening)
{
	int server = plain_bind("sock", SOCK_SEQPACKET);

	CHECK_FAILS(ferry_connect("sock", SOCK_SEQPACKET, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect("sock", 0, 0, 10000), ECONNREFUSED);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(not_a_socket)
{
	int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	CHECK_OK(mkfifo("fifo", 0600));
	CHECK_FAILS(ferry_connect("file", SOCK_STREAM, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect("fifo", 0, 0, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_connect(".", 0, 0, 0), ECONNREFUSED);
	close(fd);
	CHECK_OK(unlink("file"));
	CHECK_OK(unlink("fifo"));
}

TEST(bad_arguments)
{
	int server = plain_listen("sock", SOCK_STREAM, 5);

	CHECK_FAILS(ferry_connect("sock", SOCK_RAW, 0, 0), EINVAL);
	CHECK_FAILS(ferry_connect("sock", -1, 0, 0), EINVAL);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM | SOCK_NONBLOCK, 0, 0), EINVAL);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, FERRY_ROOM_FIRST, 0), EINVAL);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, 1u << 31, 0), EINVAL);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, 0, -1), EINVAL);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, FERRY_NOWAIT, -1), EINVAL);
	CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(accept4(server, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	close(server);
	CHECK_OK(unlink("sock"));
}

/* A listener with backlog 0 has room for one connection; that one is made. */
static int full_backlog(const char *addr, int type, int *ret_first)
{
	int server = plain_listen(addr, type, 0);

	*ret_first = CHECK_OK(plain_connect(addr, type));
	CHECK_ERR(plain_connect(addr, type), EAGAIN);
	return server;
}

static void backlog_is_full(const char *addr, int type)
{
	int first, got, client, server = full_backlog(addr, type, &first);

	for (int any = 0; any < 2; any++) {
		CHECK_FAILS(ferry_connect(addr, any ? 0 : type, FERRY_NOWAIT, 0), EAGAIN);
		CHECK_FAILS(ferry_connect(addr, any ? 0 : type, 0, 10), ETIMEDOUT);
		CHECK_FAILS(ferry_connect(addr, any ? 0 : type, FERRY_EINTR, 10), ETIMEDOUT);
		/* timeout_ms is not looked at. */
		CHECK_FAILS(ferry_connect(addr, any ? 0 : type, FERRY_NOWAIT, 60000), EAGAIN);
	}
	got = CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	client = CHECK_OK(ferry_connect(addr, type, FERRY_NOWAIT, 0));
	check_socket(client, type);
	close(client);
	close(got);
	close(first);
	close(server);
}

TEST_EACH_CONNECTED(full_backlog)
{
	char name[60];

	backlog_is_full("sock", type);
	CHECK_OK(unlink("sock"));
	backlog_is_full(abstract(name), type);
}

struct later {
	int server, go;
};

/* The server that takes its time: not before the parent says so, which then soon is waiting. */
static void accept_later(void *arg)
{
	const struct later *l = arg;
	char byte;

	CHECK_INT(read(l->go, &byte, 1), ==, 1);
	poll(NULL, 0, 30);
	for (int i = 0; i < 2; i++) {
		int fd = CHECK_OK(accept4(l->server, NULL, NULL, SOCK_CLOEXEC));

		CHECK_INT(write(fd, "in", 2), ==, 2);
		close(fd);
	}
}

static void waits_for_a_place(int type, int timeout_ms)
{
	int first, go[2], client;
	struct later l;
	char text[2];
	ssize_t n;
	pid_t pid;

	l.server = full_backlog("sock", type, &first);
	CHECK_OK(pipe2(go, O_CLOEXEC));
	l.go = go[0];
	pid = in_child(accept_later, &l);
	CHECK_INT(write(go[1], "g", 1), ==, 1);
	client = CHECK_OK(ferry_connect("sock", 0, 0, timeout_ms));
	check_socket(client, type);
	do
		n = read(client, text, 2);
	while (n < 0 && errno == EINTR); /* the timer of not_interrupted */
	CHECK_INT(n, ==, 2);
	join_child(pid);
	close(client);
	close(first);
	close(l.server);
	close_pair(go);
	CHECK_OK(unlink("sock"));
}

TEST(place_after_an_accept)
{
	waits_for_a_place(SOCK_STREAM, 0);
	waits_for_a_place(SOCK_SEQPACKET, 0);
	waits_for_a_place(SOCK_STREAM, 60000);
	waits_for_a_place(SOCK_SEQPACKET, 60000);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void alarms(bool on, int sa_flags)
{
	struct sigaction act = {.sa_handler = on ? on_alarm : SIG_DFL, .sa_flags = sa_flags};
	struct itimerval it = {.it_interval.tv_usec = on ? 20000 : 0,
			       .it_value.tv_usec = on ? 20000 : 0};

	if (on)
		CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	if (!on)
		CHECK_OK(sigaction(SIGALRM, &act, NULL));
}

static void interrupted(int sa_flags, int timeout_ms)
{
	int first, server = full_backlog("sock", SOCK_STREAM, &first);

	alarms(true, sa_flags);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, FERRY_EINTR, timeout_ms), EINTR);
	alarms(false, 0);
	close(first);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST(interrupted_without_end)
{
	interrupted(0, 0);
}

TEST(interrupted_with_timeout)
{
	interrupted(0, 60000);
	interrupted(SA_RESTART, 60000);
}

/* Whether the handler's owner asked for restarts is not FERRY_EINTR's business. */
TEST(interrupted_despite_sa_restart)
{
	interrupted(SA_RESTART, 0);
}

/* Signals come, and the wait goes on to its end. */
TEST(not_interrupted)
{
	int first, server = full_backlog("sock", SOCK_STREAM, &first);

	alarms(true, 0);
	CHECK_FAILS(ferry_connect("sock", SOCK_STREAM, 0, 100), ETIMEDOUT);
	alarms(false, 0);
	close(first);
	close(server);
	CHECK_OK(unlink("sock"));
	alarms(true, 0);
	waits_for_a_place(SOCK_STREAM, 0);
	alarms(false, 0);
}

/* However few numbers are free: it works, or it is -EMFILE. */
TEST_EACH_TYPE(full_table)
{
	int server = type == SOCK_DGRAM ? plain_bind("sock", type) : plain_listen("sock", type, 9);
	int fd = -1;

	for (unsigned limit = 4; fd < 0 && limit < 20; limit++) {
		struct fd_table *before = remember_fds();

		limit_fds(limit);
		fd = ferry_connect("sock", 0, 0, 0);
		limit_fds(256);
		if (fd >= 0)
			close(fd);
		else
			CHECK_INT(fd, ==, -EMFILE);
		CHECK_FDS(before);
	}
	CHECK_INT(fd, >=, 3);
	close(server);
	CHECK_OK(unlink("sock"));
}

/* A datagram socket that is connected takes from nobody else. */
TEST(receiver_of_another)
{
	int server = plain_bind("sock", SOCK_DGRAM), other = plain_bind("other", SOCK_DGRAM);
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, "other");

	CHECK_OK(connect(server, (struct sockaddr *)&un, len));
	CHECK_FAILS(ferry_connect("sock", SOCK_DGRAM, 0, 0), EPERM);
	CHECK_FAILS(ferry_connect("sock", 0, 0, 0), EPERM);
	close(server);
	close(other);
	CHECK_OK(unlink("sock"));
	CHECK_OK(unlink("other"));
}

TEST(paths_that_end_in_a_slash)
{
	CHECK_OK(mkdir("dir", 0700));
	CHECK_FAILS(ferry_connect("dir/", 0, 0, 0), EISDIR);
	CHECK_FAILS(ferry_connect("/", SOCK_STREAM, 0, 0), EISDIR);
	CHECK_OK(rmdir("dir"));
}
