/* SPDX-License-Identifier: MIT
 *
 * sockets_bind.c - tests: with which mode a socket file is born, and what is in its way.
 */
#include "api.h"

#include <sys/inotify.h>
#include <sys/resource.h>

static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};

TEST_EACH_TYPE(mode_is_exact_without_umask)
{
	static const mode_t modes[] = {0, 0600, 0620, 0660, 0666, 0777, 0007};

	umask(0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		int fd = CHECK_OK(ferry_bind("sock", type, modes[i], 0));

		CHECK_INT(mode_of("sock"), ==, S_IFSOCK | modes[i]);
		close(fd);
		CHECK_OK(unlink("sock"));
	}
	umask(022);
}

TEST_EACH_TYPE(mode_is_masked)
{
	int fd;

	umask(027);
	fd = CHECK_OK(ferry_bind("sock", type, 0777, 0));
	CHECK_INT(mode_of("sock"), ==, S_IFSOCK | 0750);
	CHECK_INT(umask(022), ==, 027);
	close(fd);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(mode_of_a_replaced_file)
{
	int fd;

	umask(0);
	plain_stale("sock", type);
	CHECK_INT(mode_of("sock"), ==, S_IFSOCK | 0777);
	fd = CHECK_OK(ferry_bind("sock", type, 0640, 0));
	CHECK_INT(mode_of("sock"), ==, S_IFSOCK | 0640);
	close(fd);
	CHECK_OK(unlink("sock"));
	umask(022);
}

/* A chmod after bind would leave the file open wider for a moment: the directory's events tell. */
TEST_EACH_TYPE(file_is_born_with_its_mode)
{
	union {
		struct inotify_event first;
		char bytes[4096];
	} events;
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), fd;
	ssize_t n;

	if (watch < 0)
		SKIP("inotify: %s", strerror(errno));
	CHECK_OK(inotify_add_watch(watch, ".", IN_CREATE | IN_ATTRIB | IN_MOVED_TO));
	umask(0);
	fd = CHECK_OK(ferry_bind("sock", type, 0600, 0));
	umask(022);
	n = read(watch, &events, sizeof(events));
	CHECK_INT(n, >=, sizeof(struct inotify_event));
	CHECK_INT(events.first.mask, ==, IN_CREATE);
	CHECK_INT(n, ==, sizeof(struct inotify_event) + events.first.len);
	close(fd);
	close(watch);
	CHECK_OK(unlink("sock"));
}

TEST(mode_in_a_long_path)
{
	char path[200] = "";
	int fd;

	memset(path, 'd', 100);
	CHECK_OK(mkdir(path, 0700));
	strcat(path, "/sock-in-a-long-path");
	umask(0);
	fd = CHECK_OK(ferry_bind(path, SOCK_STREAM, 0604, 0));
	umask(022);
	CHECK_INT(mode_of(path), ==, S_IFSOCK | 0604);
	close(fd);
	CHECK_OK(unlink(path));
	path[100] = '\0';
	CHECK_OK(rmdir(path));
}

TEST_EACH_TYPE(stale_file_is_replaced)
{
	for (int i = 0; i < 3; i++) {
		int fd, client, old;

		old = plain_bind("sock", types[i]);
		if (types[i] != SOCK_DGRAM)
			CHECK_OK(listen(old, 5));
		close(old);
		fd = CHECK_OK(ferry_bind("sock", type, 0600, 0));
		CHECK(is_cloexec(fd));
		client = CHECK_OK(plain_connect("sock", type));
		close(client);
		close(fd);
		CHECK_OK(unlink("sock"));
	}
}

/* Not one place in its backlog may be used up to find out that it lives. */
static void live_listener(int server_type, int type)
{
	int server = plain_listen("sock", server_type, 1), clients[2], got;
	ino_t was = inode("sock");

	for (int i = 0; i < 3; i++)
		CHECK_FAILS(ferry_bind("sock", type, 0600, 0), EADDRINUSE);
	CHECK_INT(inode("sock"), ==, was);
	CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(accept4(server, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	/* A full one is alive too, and must not be waited for. */
	for (int i = 0; i < 2; i++)
		clients[i] = CHECK_OK(plain_connect("sock", server_type));
	CHECK_ERR(plain_connect("sock", server_type), EAGAIN);
	CHECK_FAILS(ferry_bind("sock", type, 0600, 0), EADDRINUSE);
	for (int i = 0; i < 2; i++) {
		got = CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC));
		close(got);
	}
	CHECK_ERRNO(accept4(server, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	close_pair(clients);
	close(server);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(live_listener_is_left_alone)
{
	live_listener(SOCK_STREAM, type);
	live_listener(SOCK_SEQPACKET, type);
}

TEST_EACH_TYPE(live_datagram_server_is_left_alone)
{
	int server = plain_bind("sock", SOCK_DGRAM);
	int client = CHECK_OK(plain_connect("sock", SOCK_DGRAM));
	ino_t was = inode("sock");
	char text[10];

	CHECK_INT(send(client, "queued", 6, 0), ==, 6);
	for (int i = 0; i < 3; i++)
		CHECK_FAILS(ferry_bind("sock", type, 0600, 0), EADDRINUSE);
	CHECK_INT(inode("sock"), ==, was);
	CHECK_INT(recv(server, text, sizeof(text), MSG_DONTWAIT), ==, 6);
	CHECK_MEM(text, "queued", 6);
	CHECK_ERRNO(recv(server, text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	close(server);
	close(client);
	CHECK_OK(unlink("sock"));
}

/* A datagram socket that is connected itself refuses all others: EPERM, which is not stale. */
TEST(live_connected_datagram_socket)
{
	int server = plain_bind("sock", SOCK_DGRAM), other = plain_bind("other", SOCK_DGRAM);
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, "other");

	CHECK_OK(connect(server, (struct sockaddr *)&un, len));
	CHECK_FAILS(ferry_bind("sock", SOCK_DGRAM, 0600, 0), EADDRINUSE);
	CHECK(exists("sock"));
	close(server);
	close(other);
	CHECK_OK(unlink("sock"));
	CHECK_OK(unlink("other"));
}

/* connect(2) refuses here just as for a stale file. */
TEST_EACH_TYPE(bound_but_not_listening)
{
	for (int i = 0; i < 3; i++) {
		int server = plain_bind("sock", types[i]);
		ino_t was = inode("sock");

		CHECK_FAILS(ferry_bind("sock", type, 0600, 0), EADDRINUSE);
		CHECK_INT(inode("sock"), ==, was);
		close(server);
		CHECK_OK(unlink("sock"));
	}
}

TEST_EACH_TYPE(abstract_name_in_use)
{
	char name[60];
	int fd, again;

	snprintf(name, sizeof(name), "@fdferry-%ld-used", (long)getpid());
	fd = CHECK_OK(ferry_bind(name, type, 0, 0));
	CHECK_FAILS(ferry_bind(name, type, 0600, 0), EADDRINUSE);
	close(fd);
	again = CHECK_OK(ferry_bind(name, type, 0600, 0));
	close(again);
}

static void left_as_it_was(const char *path, int type)
{
	struct stat before = {0}, after = {0};

	CHECK_OK(lstat(path, &before));
	CHECK_FAILS(ferry_bind(path, type, 0666, 0), ENOTSOCK);
	CHECK_OK(lstat(path, &after));
	CHECK_INT(after.st_ino, ==, before.st_ino);
	CHECK_INT(after.st_mode, ==, before.st_mode);
	CHECK_INT(after.st_size, ==, before.st_size);
	CHECK_INT(after.st_mtim.tv_nsec, ==, before.st_mtim.tv_nsec);
}

TEST_EACH_TYPE(other_things_of_that_name)
{
	int file = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	CHECK_INT(write(file, "content", 7), ==, 7);
	close(file);
	CHECK_OK(mkdir("dir", 0700));
	CHECK_OK(mkfifo("fifo", 0600));
	CHECK_OK(symlink("nowhere", "dangling"));
	plain_stale("stale", type);
	CHECK_OK(symlink("stale", "link"));
	left_as_it_was("file", type);
	left_as_it_was("dir", type);
	left_as_it_was("fifo", type);
	left_as_it_was("dangling", type);
	left_as_it_was("link", type);
	CHECK(!exists("nowhere"));
	CHECK(exists("stale"));
	CHECK_OK(unlink("file"));
	CHECK_OK(rmdir("dir"));
	CHECK_OK(unlink("fifo"));
	CHECK_OK(unlink("dangling"));
	CHECK_OK(unlink("link"));
	CHECK_OK(unlink("stale"));
}

TEST(directory_with_slashes)
{
	CHECK_OK(mkdir("dir", 0700));
	left_as_it_was("./dir", SOCK_STREAM);
	left_as_it_was("dir/.", SOCK_STREAM);
	left_as_it_was("dir/..", SOCK_STREAM);
	/* These name no file at all. */
	CHECK_FAILS(ferry_bind("dir/", SOCK_STREAM, 0600, 0), EISDIR);
	CHECK_FAILS(ferry_bind("/", SOCK_STREAM, 0600, 0), EISDIR);
	CHECK_FAILS(ferry_bind("absent/", SOCK_STREAM, 0600, 0), ENOENT);
	CHECK(!exists("absent"));
	CHECK_OK(rmdir("dir"));
}

TEST(bad_arguments_leave_no_file)
{
	CHECK_FAILS(ferry_bind("sock", 0, 0600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_RAW, 0600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM | SOCK_CLOEXEC, 0600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, 01600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, S_IFSOCK | 0600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, 0600, FERRY_NOWAIT), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, 0600, 1u << 31), EINVAL);
	CHECK_FAILS(ferry_bind("@fdferry-x", SOCK_STREAM, 010000, 0), EINVAL);
	CHECK(!exists("sock"));
}

TEST(bad_arguments_leave_a_stale_file)
{
	ino_t was;

	plain_stale("sock", SOCK_STREAM);
	was = inode("sock");
	CHECK_FAILS(ferry_bind("sock", 77, 0600, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, 01000, 0), EINVAL);
	CHECK_FAILS(ferry_bind("sock", SOCK_STREAM, 0600, 8), EINVAL);
	CHECK_INT(inode("sock"), ==, was);
	CHECK_OK(unlink("sock"));
}

/* However few numbers are free: it works, or it is -EMFILE and nothing has happened. */
static void at_each_limit(const char *path, bool stale)
{
	int fd = -1;

	for (unsigned limit = 3; fd < 0 && limit < 20; limit++) {
		struct fd_table *before = remember_fds();
		ino_t was = stale ? inode(path) : 0;

		limit_fds(limit);
		fd = ferry_bind(path, SOCK_STREAM, 0600, 0);
		limit_fds(256);
		if (fd >= 0) {
			close(fd);
			CHECK_FDS(before);
			break;
		}
		CHECK_INT(fd, ==, -EMFILE);
		CHECK_FDS(before);
		CHECK(exists(path) == stale);
		if (stale)
			CHECK_INT(inode(path), ==, was);
	}
	CHECK_INT(fd, >=, 3);
	CHECK_OK(unlink(path));
}

TEST(full_table)
{
	at_each_limit("sock", false);
}

/* With 0 free and nothing above 2: another errno of fcntl(2), the same for the caller. */
static void low_limit(void *arg)
{
	struct rlimit old, three;
	int fd;

	(void)arg;
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
	three = (struct rlimit){.rlim_cur = 3, .rlim_max = old.rlim_max};
	close(STDIN_FILENO);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &three));
	fd = ferry_bind("@fdferry-low-limit", SOCK_DGRAM, 0, 0);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
	CHECK_INT(fd, ==, -EMFILE);
	CHECK_INT(open("/dev/null", O_RDONLY), ==, STDIN_FILENO);
}

TEST(no_number_above_two)
{
	join_child(in_child(low_limit, NULL));
}

TEST(full_table_and_a_stale_file)
{
	plain_stale("sock", SOCK_STREAM);
	at_each_limit("sock", true);
}

static void bind_as_user(void *arg)
{
	(void)arg;
	drop_root();
	CHECK_FAILS(ferry_bind("public/sock", SOCK_DGRAM, 0600, 0), EPERM);
}

/* Nobody serves it, and it can be seen that nobody does; but in a sticky directory it is its owner's. */
TEST(stale_file_of_another_in_a_sticky_directory)
{
	if (!is_root())
		SKIP("only root can make files of other users");
	CHECK_OK(mkdir("public", 0700));
	CHECK_OK(chmod("public", 01777));
	plain_stale("public/sock", SOCK_DGRAM);
	CHECK_OK(chmod("public/sock", 0666));
	join_child(in_child(bind_as_user, NULL));
	CHECK_OK(unlink("public/sock"));
	CHECK_OK(rmdir("public"));
}
