/* SPDX-License-Identifier: MIT
 *
 * sockets_links.c - tests: which symbolic links on the way to a socket are followed.
 */
#include "api.h"

#define OTHER 12345 /* somebody else */

/* A directory that others may write to, as /tmp is. */
static void public_directory(const char *path, mode_t mode)
{
	CHECK_OK(mkdir(path, 0700));
	CHECK_OK(chmod(path, mode));
}

static void link_of(uid_t uid, const char *target, const char *path)
{
	CHECK_OK(symlink(target, path));
	if (lchown(path, uid, (gid_t)-1) < 0)
		SKIP("lchown: %s", strerror(errno));
}

static void need_root(void)
{
	if (!is_root())
		SKIP("only root can make links of other users");
}

static int connects(const char *path)
{
	int fd = ferry_connect(path, 0, 0, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int sends(const char *path)
{
	int sock = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), file = new_file();
	int r = send_text_to(sock, path, "x", &file, 1, 0);

	close(sock);
	close(file);
	return r;
}

static int binds(const char *path)
{
	int fd = ferry_bind(path, SOCK_DGRAM, 0600, 0);

	if (fd >= 0) {
		close(fd);
		CHECK_OK(unlink(path));
	}
	return fd < 0 ? fd : 0;
}

static void all_give(const char *path, int result)
{
	CHECK_INT(connects(path), ==, result);
	CHECK_INT(sends(path), ==, result);
}

TEST(own_links)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));

	public_directory("public", 01777);
	CHECK_OK(symlink("../sock", "public/link"));
	CHECK_OK(symlink("link", "public/chain"));
	CHECK_OK(symlink("..", "public/up"));
	CHECK_OK(symlink("sock", "beside"));
	all_give("public/link", 0);
	all_give("public/chain", 0);
	all_give("public/up/sock", 0);
	all_give("public/up/public/up/beside", 0);
	all_give("beside", 0);
	CHECK_OK(unlink("public/link"));
	CHECK_OK(unlink("public/chain"));
	CHECK_OK(unlink("public/up"));
	CHECK_OK(unlink("beside"));
	CHECK_OK(rmdir("public"));
	CHECK_OK(unlink("sock"));
	close(server);
}

TEST(absolute_links)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	char cwd[80], path[100];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "%s/sock", cwd);
	CHECK_OK(symlink(path, "link"));
	CHECK_OK(symlink(cwd, "here"));
	all_give("link", 0);
	all_give("here/link", 0);
	CHECK_OK(unlink("link"));
	CHECK_OK(unlink("here"));
	CHECK_OK(unlink("sock"));
	close(server);
}

/* /dev/fd is one, and a program may have got its directory as a descriptor. */
TEST(links_in_proc)
{
	int server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	int dir = CHECK_OK(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	char path[80];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/sock", dir);
	all_give(path, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/new", dir);
	CHECK_INT(binds(path), ==, 0);
	all_give("/proc/self/cwd/sock", 0);
	close(dir);
	/* Its text says "(deleted)" then; it leads there all the same. */
	dir = CHECK_OK(open("sock", O_PATH | O_CLOEXEC));
	CHECK_OK(unlink("sock"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	all_give(path, 0);
	close(dir);
	close(server);
}

static void planted(mode_t mode, uid_t dir_owner, uid_t link_owner, int result)
{
	int server;

	need_root();
	server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0666, 0));
	public_directory("public", mode);
	CHECK_OK(chown("public", dir_owner, 0));
	link_of(link_owner, "../sock", "public/link");
	link_of(link_owner, "..", "public/up");
	all_give("public/link", result);
	/* Also where it is not the last one, and behind one of our own. */
	all_give("public/up/sock", result);
	CHECK_INT(binds("public/up/new"), ==, result);
	CHECK_OK(symlink("public/link", "link"));
	all_give("link", result);
	CHECK_OK(unlink("link"));
	CHECK_OK(unlink("public/link"));
	CHECK_OK(unlink("public/up"));
	CHECK_OK(rmdir("public"));
	CHECK(!exists("new"));
	CHECK_OK(unlink("sock"));
	close(server);
}

TEST(link_of_another_in_a_sticky_directory)
{
	planted(01777, 0, OTHER, -ELOOP);
}

TEST(link_of_another_in_a_world_writable_directory)
{
	planted(0777, 0, OTHER, -ELOOP);
}

TEST(link_of_another_in_a_group_writable_directory)
{
	planted(0775, 0, OTHER, -ELOOP);
}

TEST(link_of_another_in_a_directory_of_a_third)
{
	planted(01777, OTHER + 1, OTHER, -ELOOP);
}

TEST(link_of_the_directory_owner)
{
	planted(01777, OTHER, OTHER, 0);
}

/* Nobody but root could have put it there. */
TEST(link_of_another_in_a_closed_directory)
{
	planted(0755, 0, OTHER, 0);
}

static void as_user(void *arg)
{
	(void)arg;
	drop_root();
	CHECK_INT(connects("public/of-root"), ==, 0);
	CHECK_INT(connects("public/of-user"), ==, 0);
	CHECK_INT(connects("public/of-other"), ==, -ELOOP);
}

TEST(links_of_root_and_of_the_user_for_a_user)
{
	int server;

	need_root();
	server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	CHECK_OK(chmod("sock", 0666));
	public_directory("public", 01777);
	CHECK_OK(chown("public", OTHER + 1, 0));
	CHECK_OK(symlink("../sock", "public/of-root"));
	link_of(dropped_id(), "../sock", "public/of-user");
	link_of(OTHER, "../sock", "public/of-other");
	join_child(in_child(as_user, NULL));
	CHECK_OK(unlink("public/of-root"));
	CHECK_OK(unlink("public/of-user"));
	CHECK_OK(unlink("public/of-other"));
	CHECK_OK(rmdir("public"));
	CHECK_OK(unlink("sock"));
	close(server);
}

TEST(links_that_lead_nowhere)
{
	char name[20], last[20];

	CHECK_OK(symlink("b", "a"));
	CHECK_OK(symlink("a", "b"));
	CHECK_OK(symlink("self", "self"));
	all_give("a", -ELOOP);
	all_give("self", -ELOOP);
	all_give("a/sock", -ELOOP);
	CHECK_INT(binds("a/sock"), ==, -ELOOP);
	CHECK_OK(symlink("absent", "dangling"));
	all_give("dangling", -ENOENT);
	CHECK_OK(unlink("a"));
	CHECK_OK(unlink("b"));
	CHECK_OK(unlink("self"));
	CHECK_OK(unlink("dangling"));
	/* 40 in a row are what the kernel follows. */
	plain_stale("link0", SOCK_DGRAM);
	for (int i = 1; i <= 41; i++) {
		snprintf(last, sizeof(last), "link%d", i - 1);
		snprintf(name, sizeof(name), "link%d", i);
		CHECK_OK(symlink(last, name));
	}
	all_give("link40", -ECONNREFUSED);
	all_give("link41", -ELOOP);
	for (int i = 0; i <= 41; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		CHECK_OK(unlink(name));
	}
}

TEST(link_that_grows_the_path_too_long)
{
	char target[4000], path[4096];

	memset(target, 'd', sizeof(target));
	for (size_t i = 100; i < sizeof(target); i += 100)
		target[i] = '/';
	target[sizeof(target) - 1] = '\0';
	CHECK_OK(symlink(target, "link"));
	memset(path, 'e', sizeof(path));
	for (size_t i = 4; i < sizeof(path); i += 100)
		path[i] = '/';
	memcpy(path, "link", 4);
	path[200] = '\0';
	all_give(path, -ENAMETOOLONG);
	CHECK_OK(unlink("link"));
}
