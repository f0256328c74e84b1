/* SPDX-License-Identifier: MIT
 *
 * sockets_address.c - tests: what an address may be, and where each one leads.
 */
#include "api.h"

#include <limits.h>
#include <sched.h>

/* A name that no other run of the tests has bound. */
static char *abstract(char *room, size_t len)
{
	int n = snprintf(room, 120, "@fdferry-%ld-", (long)getpid());

	for (size_t i = (size_t)n; i < len; i++)
		room[i] = 'x';
	room[len] = '\0';
	return room;
}

static void make_dirs(char *path)
{
	for (char *at = path; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		CHECK_OK(mkdir(path, 0700));
		*at = '/';
	}
}

static void remove_dirs(char *path)
{
	for (char *at; (at = strrchr(path, '/')) != NULL;) {
		*at = '\0';
		CHECK_OK(rmdir(path));
	}
}

/* Longer than sun_path, and only its last name is not a directory. */
static char *long_path(char *room, const char *last)
{
	room[0] = '\0';
	for (int i = 0; i < 5; i++) {
		memset(room + strlen(room), 'd', 60);
		memcpy(room + i * 61 + 60, "/", 2);
	}
	strcat(room, last);
	return room;
}

static void round_trip(const char *addr, int type)
{
	int server, client, file = new_file();

	served(addr, type, &server, &client);
	CHECK_OK(send_text(client, "hello", &file, 1));
	CHECK_FILE(server, "hello", file);
	close(server);
	close(client);
	close(file);
}

static int name_len(int sock, struct sockaddr_un *un)
{
	socklen_t len = sizeof(*un);

	*un = (struct sockaddr_un){0};
	CHECK_OK(getsockname(sock, (struct sockaddr *)un, &len));
	return (int)(len - offsetof(struct sockaddr_un, sun_path));
}

TEST_EACH_TYPE(path)
{
	round_trip("sock", type);
	CHECK(S_ISSOCK(mode_of("sock")));
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(absolute_path)
{
	char cwd[80], path[100];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "%s/sock", cwd);
	round_trip(path, type);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(abstract)
{
	char name[120];

	round_trip(abstract(name, 40), type);
}

TEST_EACH_TYPE(at_sign_in_a_path)
{
	round_trip("./@sock", type);
	CHECK(S_ISSOCK(mode_of("@sock")));
	CHECK_OK(unlink("@sock"));
}

/* Each byte that addrlen counts is part of an abstract name: one NUL too many is another name. */
TEST(bound_name_is_exact)
{
	struct sockaddr_un un;
	char name[120];
	int fd = CHECK_OK(ferry_bind(abstract(name, 30), SOCK_STREAM, 0600, 0));

	CHECK_INT(name_len(fd, &un), ==, 30);
	CHECK_MEM(un.sun_path + 1, name + 1, 29);
	close(fd);
	fd = CHECK_OK(ferry_bind("sock", SOCK_STREAM, 0600, 0));
	CHECK_INT(name_len(fd, &un), ==, 5);
	CHECK_STR(un.sun_path, "sock");
	close(fd);
	CHECK_OK(unlink("sock"));
}

TEST_EACH_TYPE(longest_abstract_name)
{
	char name[120];

	round_trip(abstract(name, 108), type);
	CHECK_FAILS(ferry_bind(abstract(name, 109), type, 0600, 0), ENAMETOOLONG);
	CHECK_FAILS(ferry_connect(name, type, 0, 0), ENAMETOOLONG);
}

TEST(longest_path_that_fits)
{
	char path[120];

	for (size_t len = 105; len < 110; len++) {
		int r;

		memset(path, 'p', len);
		path[len] = '\0';
		r = ferry_bind(path, SOCK_STREAM, 0600, 0);
		/* A name alone that does not fit below /proc either cannot be bound. */
		if (len > 107) {
			CHECK_INT(r, ==, -ENAMETOOLONG);
			CHECK(!exists(path));
			continue;
		}
		CHECK_OK(r);
		close(r);
		round_trip(path, SOCK_STREAM);
		CHECK_OK(unlink(path));
	}
}

TEST_EACH_TYPE(long_path)
{
	char path[400], before[200], after[200];

	CHECK(getcwd(before, sizeof(before)) != NULL);
	make_dirs(long_path(path, "sock"));
	round_trip(path, type);
	round_trip(path, type); /* the second time over a stale one */
	CHECK(S_ISSOCK(mode_of(path)));
	CHECK(getcwd(after, sizeof(after)) != NULL);
	CHECK_STR(after, before);
	CHECK_OK(unlink(path));
	remove_dirs(path);
}

TEST(long_path_of_a_live_one)
{
	char path[400];
	int fd;

	make_dirs(long_path(path, "sock"));
	fd = CHECK_OK(ferry_bind(path, SOCK_DGRAM, 0600, 0));
	CHECK_FAILS(ferry_bind(path, SOCK_DGRAM, 0600, 0), EADDRINUSE);
	CHECK_OK(ferry_unbind(fd, path));
	CHECK(!exists(path));
	close(fd);
	remove_dirs(path);
}

TEST(send_to_long_path)
{
	char path[400];
	int server, client = plain_socket(SOCK_DGRAM), file = new_file();

	make_dirs(long_path(path, "sock"));
	server = CHECK_OK(ferry_bind(path, SOCK_DGRAM, 0600, 0));
	CHECK_OK(ferry_prepare(client, 0));
	CHECK_OK(send_text_to(client, path, "far", &file, 1, 0));
	CHECK_FILE(server, "far", file);
	CHECK_OK(unlink(path));
	CHECK_FAILS(send_text_to(client, path, "far", &file, 1, 0), ENOENT);
	remove_dirs(path);
	close(server);
	close(client);
	close(file);
}

/* A name that cannot be bound can come from a rename, and can be connected to. */
TEST_EACH_TYPE(connect_to_longest_name)
{
	char name[NAME_MAX + 1];
	int server = CHECK_OK(ferry_bind("sock", type, 0600, 0)), client;

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	CHECK_OK(rename("sock", name));
	client = CHECK_OK(ferry_connect(name, type, 0, 0));
	close(client);
	close(server);
	CHECK_OK(unlink(name));
}

TEST(impossible_paths)
{
	char path[PATH_MAX + 10];

	make_dirs(long_path(path, ""));
	memset(path + strlen(path), 'n', 200);
	path[5 * 61 + 200] = '\0';
	CHECK_FAILS(ferry_bind(path, SOCK_STREAM, 0600, 0), ENAMETOOLONG);
	long_path(path, "");
	remove_dirs(path);

	memset(path, 'n', NAME_MAX + 1);
	path[NAME_MAX + 1] = '\0';
	CHECK_FAILS(ferry_bind(path, SOCK_STREAM, 0600, 0), ENAMETOOLONG);
	CHECK_FAILS(ferry_connect(path, SOCK_STREAM, 0, 0), ENAMETOOLONG);

	memset(path, '/', PATH_MAX);
	strcpy(path + PATH_MAX - 1, "x");
	CHECK_FAILS(ferry_bind(path, SOCK_STREAM, 0600, 0), ENAMETOOLONG);
	CHECK_FAILS(ferry_connect(path, SOCK_STREAM, 0, 0), ENAMETOOLONG);
	CHECK(!exists("/x"));
}

TEST(nothing_is_no_address)
{
	const char *const none[] = {NULL, "", "@"};
	int sock = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));

	for (size_t i = 0; i < 3; i++) {
		CHECK_FAILS(ferry_bind(none[i], SOCK_STREAM, 0600, 0), EINVAL);
		CHECK_FAILS(ferry_bind(none[i], SOCK_DGRAM, 0600, 0), EINVAL);
		CHECK_FAILS(ferry_connect(none[i], SOCK_STREAM, 0, 0), EINVAL);
		CHECK_FAILS(ferry_connect(none[i], 0, 0, 0), EINVAL);
		CHECK_FAILS(ferry_unbind(sock, none[i]), EINVAL);
		if (none[i] != NULL)
			CHECK_FAILS(send_text_to(sock, none[i], "x", NULL, 0, 0), EINVAL);
	}
	CHECK(S_ISSOCK(mode_of("sock")));
	CHECK_OK(unlink("sock"));
	close(sock);
}

TEST(places_that_are_not)
{
	int file = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	CHECK_FAILS(ferry_bind("absent/sock", SOCK_STREAM, 0600, 0), ENOENT);
	CHECK_FAILS(ferry_connect("absent/sock", SOCK_STREAM, 0, 0), ENOENT);
	CHECK_FAILS(ferry_bind("file/sock", SOCK_STREAM, 0600, 0), ENOTDIR);
	CHECK_FAILS(ferry_connect("file/sock", SOCK_STREAM, 0, 0), ENOTDIR);
	close(file);
	CHECK_OK(unlink("file"));
}

TEST(directory_without_leave)
{
	int server;

	drop_root();
	CHECK_OK(mkdir("closed", 0700));
	server = CHECK_OK(ferry_bind("closed/old", SOCK_STREAM, 0600, 0));
	CHECK_OK(chmod("closed", 0500));
	CHECK_FAILS(ferry_bind("closed/new", SOCK_STREAM, 0600, 0), EACCES);
	CHECK_OK(chmod("closed", 0));
	CHECK_FAILS(ferry_connect("closed/old", SOCK_STREAM, 0, 0), EACCES);
	CHECK_OK(chmod("closed", 0700));
	CHECK_OK(unlink("closed/old"));
	CHECK_OK(rmdir("closed"));
	close(server);
}

TEST_EACH_TYPE(file_without_leave)
{
	int server;

	drop_root();
	server = CHECK_OK(ferry_bind("sock", type, 0, 0));
	CHECK_FAILS(ferry_connect("sock", type, 0, 0), EACCES);
	CHECK_FAILS(ferry_connect("sock", 0, 0, 0), EACCES);
	/* It cannot be asked whether it is alive: so it must be left alone. */
	CHECK_FAILS(ferry_bind("sock", type, 0600, 0), EACCES);
	CHECK_INT(mode_of("sock"), ==, S_IFSOCK);
	CHECK_OK(unlink("sock"));
	close(server);
}

/* Below a root that has no /proc, as a service may be confined.  A short path does without. */
struct jail {
	int server, entered;
};

static void without_proc(void *arg)
{
	struct jail *jail = arg;
	char path[400];
	int client = plain_socket(SOCK_DGRAM), fd;

	if (chroot("jail") < 0 && (unshare(CLONE_NEWUSER) < 0 || chroot("jail") < 0))
		return;
	CHECK_OK(chdir("/"));
	jail->entered = 1;
	fd = CHECK_OK(ferry_connect("sock", 0, 0, 0));
	close(fd);
	CHECK_FAILS(ferry_connect(long_path(path, "sock"), 0, 0, 0), ENAMETOOLONG);
	CHECK_FAILS(send_text_to(client, path, "x", NULL, 0, 0), ENAMETOOLONG);
	CHECK_FAILS(ferry_bind(long_path(path, "new"), SOCK_DGRAM, 0600, 0), ENOENT);
	CHECK_FAILS(ferry_bind(long_path(path, "sock"), SOCK_DGRAM, 0600, 0), ENOENT);
	check_empty(jail->server);
	close(client);
}

TEST(long_paths_without_proc)
{
	struct jail *jail = mmap(NULL, sizeof(*jail), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[400];
	int entered, far;

	CHECK(jail != MAP_FAILED);
	CHECK_OK(mkdir("jail", 0700));
	CHECK_OK(chdir("jail"));
	jail->server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	make_dirs(long_path(path, "sock"));
	far = CHECK_OK(ferry_bind(path, SOCK_DGRAM, 0600, 0));
	CHECK_OK(chdir(".."));
	join_child(in_child(without_proc, jail));
	entered = jail->entered;
	CHECK_OK(chdir("jail"));
	CHECK_OK(ferry_unbind(far, path));
	CHECK_OK(ferry_unbind(jail->server, "sock"));
	remove_dirs(path);
	CHECK_OK(chdir(".."));
	CHECK_OK(rmdir("jail"));
	close(far);
	close(jail->server);
	CHECK_OK(munmap(jail, sizeof(*jail)));
	if (!entered)
		SKIP("this user cannot change its root");
}
