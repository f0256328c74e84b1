/* SPDX-License-Identifier: MIT
 *
 * sockets_unbind.c - tests: a socket's file is taken away by nobody but its owner.
 */
#include "api.h"

#include <limits.h>
#include <sched.h>

/* Who may ask the kernel for a socket's file directly (CAP_NET_ADMIN) takes another way than others. */
#define TEST_BOTH_USERS(name)                                                                      \
	static void both_##name(int type);                                                         \
	TEST_EACH_TYPE(name)                                                                       \
	{                                                                                          \
		both_##name(type);                                                                 \
	}                                                                                          \
	TEST_EACH_TYPE(name##_as_user)                                                             \
	{                                                                                          \
		drop_root();                                                                       \
		both_##name(type);                                                                 \
	}                                                                                          \
	static void both_##name(int type)

TEST_BOTH_USERS(own_file)
{
	int fd = CHECK_OK(ferry_bind("sock", type, 0600, 0));

	CHECK_INT(ferry_unbind(fd, "sock"), ==, 0);
	CHECK(!exists("sock"));
	CHECK_FAILS(ferry_unbind(fd, "sock"), ENOENT);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
}

/* Bound by others before the library came: systemd's sockets are. */
TEST_BOTH_USERS(file_of_a_plain_socket)
{
	int fd = plain_bind("sock", type);

	CHECK_INT(ferry_unbind(fd, "sock"), ==, 0);
	CHECK(!exists("sock"));
	close(fd);
}

TEST_BOTH_USERS(somebody_has_rebound)
{
	int fd = CHECK_OK(ferry_bind("sock", type, 0600, 0)), other;
	ino_t was;

	CHECK_OK(unlink("sock"));
	other = plain_bind("sock", type);
	was = inode("sock");
	CHECK_FAILS(ferry_unbind(fd, "sock"), ESTALE);
	CHECK_INT(inode("sock"), ==, was);
	close(other);
	/* Also when that one is dead: it is not ours to clean up. */
	CHECK_FAILS(ferry_unbind(fd, "sock"), ESTALE);
	CHECK_INT(inode("sock"), ==, was);
	CHECK_OK(unlink("sock"));
	close(fd);
}

TEST_BOTH_USERS(something_else_has_the_name)
{
	int fd = CHECK_OK(ferry_bind("sock", type, 0600, 0));

	CHECK_OK(rename("sock", "moved"));
	CHECK_OK(mkdir("sock", 0700));
	CHECK_FAILS(ferry_unbind(fd, "sock"), ESTALE);
	CHECK(exists("sock"));
	CHECK_OK(rmdir("sock"));
	/* A link to it is not it. */
	CHECK_OK(symlink("moved", "sock"));
	CHECK_FAILS(ferry_unbind(fd, "sock"), ESTALE);
	CHECK(exists("sock"));
	CHECK_OK(unlink("sock"));
	/* Renamed, it still is the same file. */
	CHECK_INT(ferry_unbind(fd, "moved"), ==, 0);
	CHECK(!exists("moved"));
	close(fd);
}

TEST_BOTH_USERS(sockets_without_a_file)
{
	int server = CHECK_OK(ferry_bind("sock", type, 0600, 0)), fresh = plain_socket(type);
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_FAILS(ferry_unbind(fresh, "sock"), ESTALE);
	CHECK_FAILS(ferry_unbind(pair[0], "sock"), ESTALE);
	CHECK(exists("sock"));
	CHECK_OK(ferry_unbind(server, "sock"));
	close_pair(pair);
	close(server);
	close(fresh);
}

TEST_BOTH_USERS(abstract_socket)
{
	char name[60];
	int fd, server = CHECK_OK(ferry_bind("sock", type, 0600, 0)), other;

	snprintf(name, sizeof(name), "@fdferry-%ld-unbind", (long)getpid());
	fd = CHECK_OK(ferry_bind(name, type, 0600, 0));
	CHECK_INT(ferry_unbind(fd, name), ==, 0);
	CHECK_FAILS(ferry_unbind(fd, "sock"), ESTALE);
	/* It stays in use until it is closed. */
	CHECK_FAILS(ferry_bind(name, type, 0600, 0), EADDRINUSE);
	close(fd);
	other = CHECK_OK(ferry_bind(name, type, 0600, 0));
	close(other);
	CHECK_OK(ferry_unbind(server, "sock"));
	close(server);
}

/* The accepted connections of a server have its name. */
TEST_BOTH_USERS(connection_of_the_server)
{
	int server, client;

	served("sock", type, &server, &client);
	CHECK_FAILS(ferry_unbind(client, "sock"), ESTALE);
	CHECK(exists("sock"));
	CHECK_OK(unlink("sock"));
	close(server);
	close(client);
}

TEST_BOTH_USERS(long_path)
{
	char path[240] = "";
	int fd;

	memset(path, 'd', 200);
	CHECK_OK(mkdir(path, 0700));
	strcat(path, "/sock");
	fd = CHECK_OK(ferry_bind(path, type, 0600, 0));
	CHECK_INT(ferry_unbind(fd, path), ==, 0);
	CHECK(!exists(path));
	close(fd);
	path[200] = '\0';
	CHECK_OK(rmdir(path));
}

TEST(what_is_queued_stays)
{
	int file = new_file(), server, client;

	served("sock", SOCK_DGRAM, &server, &client);
	CHECK_OK(send_text(client, "before", &file, 1));
	CHECK_OK(ferry_unbind(server, "sock"));
	CHECK_OK(send_text(client, "after", NULL, 0));
	CHECK_FILE(server, "before", file);
	CHECK_TEXT(server, "after");
	close(server);
	close(client);
	close(file);
}

TEST(not_sockets)
{
	int write_end, read_end = new_pipe(&write_end);
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));

	CHECK_FAILS(ferry_unbind(read_end, "sock"), ENOTSOCK);
	CHECK_FAILS(ferry_unbind(-1, "sock"), EBADF);
	CHECK_FAILS(ferry_unbind(99, "sock"), EBADF);
	CHECK_FAILS(ferry_unbind(server, "absent"), ENOENT);
	CHECK_FAILS(ferry_unbind(server, "absent/sock"), ENOENT);
	CHECK(exists("sock"));
	CHECK_OK(ferry_unbind(server, "sock"));
	close(server);
	close(read_end);
	close(write_end);
}

/* However few numbers are free: it works, or it says why not. */
static void at_each_limit(void)
{
	int fd = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0)), r = -1;

	for (unsigned limit = 4; r < 0 && limit < 20; limit++) {
		struct fd_table *before = remember_fds();

		limit_fds(limit);
		r = ferry_unbind(fd, "sock");
		limit_fds(256);
		CHECK_FDS(before);
		if (r < 0) {
			CHECK_INT(r, ==, -EMFILE);
			CHECK(exists("sock"));
		}
	}
	CHECK_INT(r, ==, 0);
	CHECK(!exists("sock"));
	close(fd);
}

TEST(full_table)
{
	at_each_limit();
}

TEST(full_table_as_user)
{
	drop_root();
	at_each_limit();
}

TEST(other_sockets_and_other_places)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));
	int tcp = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	char name[NAME_MAX + 2];

	CHECK_FAILS(ferry_unbind(tcp, "sock"), EPROTONOSUPPORT);
	CHECK_FAILS(ferry_unbind(server, "sock/x"), ENOTDIR);
	CHECK_FAILS(ferry_unbind(server, "./"), EISDIR);
	CHECK_OK(symlink("loop", "loop"));
	CHECK_FAILS(ferry_unbind(server, "loop/sock"), ELOOP);
	memset(name, 'n', NAME_MAX + 1);
	name[NAME_MAX + 1] = '\0';
	CHECK_FAILS(ferry_unbind(server, name), ENAMETOOLONG);
	CHECK_OK(unlink("loop"));
	CHECK_OK(ferry_unbind(server, "sock"));
	close(server);
	close(tcp);
}

TEST(directory_without_leave)
{
	int server;

	drop_root();
	CHECK_OK(mkdir("closed", 0700));
	server = CHECK_OK(ferry_bind("closed/sock", SOCK_STREAM, 0600, 0));
	CHECK_OK(chmod("closed", 0500));
	CHECK_FAILS(ferry_unbind(server, "closed/sock"), EACCES);
	CHECK_OK(chmod("closed", 0));
	CHECK_FAILS(ferry_unbind(server, "closed/sock"), EACCES);
	CHECK_OK(chmod("closed", 0700));
	CHECK_OK(ferry_unbind(server, "closed/sock"));
	CHECK_OK(rmdir("closed"));
	close(server);
}

static void unbind_as_user(void *arg)
{
	drop_root();
	CHECK_FAILS(ferry_unbind(*(int *)arg, "public/sock"), EPERM);
}

/* The socket is inherited, and its file another's, who alone may remove it. */
TEST(file_of_another_in_a_sticky_directory)
{
	int server;

	if (!is_root())
		SKIP("only root can make files of other users");
	CHECK_OK(mkdir("public", 0700));
	CHECK_OK(chmod("public", 01777));
	server = CHECK_OK(ferry_bind("public/sock", SOCK_DGRAM, 0600, 0));
	join_child(in_child(unbind_as_user, &server));
	CHECK_OK(ferry_unbind(server, "public/sock"));
	CHECK_OK(rmdir("public"));
	close(server);
}

/* Without privilege the kernel tells of the sockets of our network namespace only. */
TEST(bound_in_another_network)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), server;

	if (own < 0 || unshare(CLONE_NEWNET) < 0) {
		int err = errno;

		ferry_close_all(&own, 1);
		SKIP("no network namespace: %s", strerror(err));
	}
	server = plain_bind("sock", SOCK_DGRAM);
	CHECK_OK(setns(own, CLONE_NEWNET));
	close(own);
	drop_root();
	CHECK_FAILS(ferry_unbind(server, "sock"), EOPNOTSUPP);
	CHECK(exists("sock"));
	CHECK_OK(unlink("sock"));
	close(server);
}
