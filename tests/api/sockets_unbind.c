/* SPDX-License-Identifier: MIT
 *
 * sockets_unbind.c - tests: a socket's file is taken away by nobody but its owner.
 */
#include "api.h"

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
