/* SPDX-License-Identifier: MIT
 * service_listen.c - tests: ferry_listen_fds takes what LISTEN_FDS speaks of, or loses nothing. */
#include "api.h"
#include "fdferry/service.h"

#include <sys/statfs.h>
#include <sys/syscall.h>

#define SLOTS 4

static struct {
	int fds[SLOTS + 1];
	const char *names[SLOTS + 1];
	char text[64];
	struct ferry_listen arg;
} room;

static struct ferry_listen *new_room(void)
{
	memset(&room, 0, sizeof(room));
	for (size_t i = 0; i <= SLOTS; i++) {
		room.fds[i] = UNTOUCHED;
		room.names[i] = "untouched";
	}
	room.arg = (struct ferry_listen){.fds = room.fds,
					 .names = room.names,
					 .max_fds = SLOTS,
					 .text = room.text,
					 .text_size = sizeof(room.text),
					 .nfds = 77,
					 .why = "from before"};
	return &room.arg;
}

/* Looks at what every call must leave. */
static int look(void)
{
	int r = ferry_listen_fds(&room.arg, sizeof(room.arg)), err = errno;

	CHECK_INT(room.fds[SLOTS], ==, UNTOUCHED);
	CHECK_STR(room.names[SLOTS], "untouched");
	CHECK_INT(room.arg.nfds, ==, r > 0 ? r : 0);
	for (size_t i = room.arg.nfds; i < room.arg.max_fds; i++) {
		CHECK_INT(room.fds[i], ==, -1);
		CHECK(room.names[i] == NULL);
	}
	CHECK(r < 0 || room.arg.why == NULL);
	errno = err;
	return r;
}

static void set(const char *name, const char *value)
{
	if (value == NULL)
		CHECK_OK(unsetenv(name));
	else
		CHECK_OK(setenv(name, value, 1));
}

static void set_number(const char *name, unsigned long long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", n);
	set(name, text);
}

/* As a service manager starts a program: n files from 3 on, without close-on-exec. */
static void managed(int n, const char *fds, const char *names)
{
	for (int i = 0; i < n; i++) {
		int fd = new_file();

		CHECK_INT(fd, ==, 3 + i);
		CHECK_OK(fcntl(fd, F_SETFD, 0));
	}
	set("LISTEN_FDS", fds);
	set_number("LISTEN_PID", (unsigned long long)getpid());
	set("LISTEN_FDNAMES", names);
	set("LISTEN_PIDFDID", NULL);
	new_room();
}

static void close_managed(int n)
{
	for (int i = 0; i < n; i++)
		CHECK_OK(close(3 + i));
}

static void check_untouched(int n)
{
	for (int i = 0; i < n; i++)
		CHECK(!is_cloexec(3 + i));
	CHECK(getenv("LISTEN_FDS") != NULL);
}

static void check_refused(int n, int error)
{
	CHECK_FAILS(look(), error);
	CHECK(room.arg.why != NULL && strcmp(room.arg.why, "from before") != 0);
	check_untouched(n);
}

TEST(descriptors_and_names)
{
	managed(3, "3", "web:state:web");
	CHECK_INT(look(), ==, 3);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(room.fds[i], ==, 3 + i);
		CHECK(is_cloexec(3 + i));
	}
	CHECK_STR(room.names[0], "web");
	CHECK_STR(room.names[1], "state");
	CHECK_STR(room.names[2], "web");
	/* The environment is as it was, and says the same again. */
	CHECK_STR(getenv("LISTEN_FDNAMES"), "web:state:web");
	new_room();
	CHECK_INT(look(), ==, 3);
	ferry_close_all(room.fds, 3);
}

TEST(without_names_they_are_unknown)
{
	managed(2, "2", NULL);
	room.arg.text = NULL;
	room.arg.text_size = 0;
	CHECK_INT(look(), ==, 2);
	CHECK_STR(room.names[0], "unknown");
	CHECK_STR(room.names[1], "unknown");
	close_managed(2);
}

TEST(empty_names)
{
	managed(3, "3", ":b:");
	CHECK_INT(look(), ==, 3);
	CHECK_STR(room.names[0], "");
	CHECK_STR(room.names[1], "b");
	CHECK_STR(room.names[2], "");
	close_managed(3);
}

TEST(names_that_nobody_wants)
{
	managed(2, "2", "a:b");
	room.arg.names = NULL;
	CHECK_INT(ferry_listen_fds(&room.arg, sizeof(room.arg)), ==, 2);
	CHECK_INT(room.fds[1], ==, 4);
	close_managed(2);
}

TEST(nothing_for_anybody)
{
	managed(1, NULL, NULL);
	CHECK_INT(look(), ==, 0);
	managed(0, "1", NULL);
	set("LISTEN_PID", NULL);
	CHECK_INT(look(), ==, 0);
	CHECK(!is_cloexec(3));
	close_managed(1);
}

TEST(another_process_is_meant)
{
	managed(1, "1", NULL);
	set_number("LISTEN_PID", (unsigned long long)getppid());
	CHECK_INT(look(), ==, 0);
	check_untouched(1);
	/* Nor is it looked at what that one would find. */
	set("LISTEN_FDS", "-1");
	set("LISTEN_FDNAMES", "a:b:c");
	CHECK_INT(look(), ==, 0);
	close_managed(1);
}

static void child_finds_none(void *arg)
{
	(void)arg;
	CHECK_INT(look(), ==, 0);
	check_untouched(1);
}

TEST(not_for_a_child)
{
	managed(1, "1", NULL);
	join_child(in_child(child_finds_none, NULL));
	close_managed(1);
}

static void each_wrong(const char *variable, const char *const *values, size_t n)
{
	managed(1, "1", NULL);
	for (size_t i = 0; i < n; i++) {
		set(variable, values[i]);
		new_room();
		check_refused(1, EINVAL);
	}
	close_managed(1);
}

TEST(pid_is_no_number)
{
	static const char *const wrong[] = {"",    "0",          "-1",
					    "+1",  " 1",         "1 ",
					    "0x1", "2147483648", "18446744073709551617"};

	each_wrong("LISTEN_PID", wrong, sizeof(wrong) / sizeof(*wrong));
}

TEST(count_is_no_number)
{
	static const char *const wrong[] = {"",    "0",          "-1",
					    "+1",  " 1",         "1 ",
					    "0x1", "2147483647", "18446744073709551617"};

	each_wrong("LISTEN_FDS", wrong, sizeof(wrong) / sizeof(*wrong));
}

TEST(inode_is_no_number)
{
	static const char *const wrong[] = {"", "1x", "-1", "18446744073709551616"};

	each_wrong("LISTEN_PIDFDID", wrong, sizeof(wrong) / sizeof(*wrong));
}

TEST(as_many_names_as_descriptors)
{
	static const char *const wrong[] = {"", "a", "a:b:c", ":::"};

	managed(2, "2", NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		set("LISTEN_FDNAMES", wrong[i]);
		new_room();
		check_refused(2, EINVAL);
		/* Also where they are not wanted. */
		room.arg.names = NULL;
		CHECK_FAILS(ferry_listen_fds(&room.arg, sizeof(room.arg)), EINVAL);
	}
	close_managed(2);
}

TEST(names_that_are_none)
{
	static char text[600];

	managed(2, "2", "a\tb:c");
	check_refused(2, EINVAL);
	set("LISTEN_FDNAMES", "a:caf\303\251");
	check_refused(2, EINVAL);
	memset(text, 'x', 256);
	strcpy(text + 256, ":b");
	set("LISTEN_FDNAMES", text);
	new_room();
	room.arg.text = text + 300;
	room.arg.text_size = 300;
	check_refused(2, EINVAL);
	set("LISTEN_FDNAMES", text + 1); /* 255 */
	CHECK_INT(look(), ==, 2);
	CHECK_INT(strlen(room.names[0]), ==, 255);
	close_managed(2);
}

TEST(room_for_the_names)
{
	managed(2, "2", "12345:1234");
	room.arg.text_size = 10;
	room.text[10] = 'x';
	check_refused(2, ENAMETOOLONG);
	room.arg.text_size = 11;
	CHECK_INT(look(), ==, 2);
	CHECK_STR(room.names[1], "1234");
	close_managed(2);
}

TEST(more_than_slots)
{
	managed(SLOTS + 1, "5", NULL);
	check_refused(SLOTS + 1, EMSGSIZE);
	room.arg.max_fds = 0;
	room.arg.fds = NULL;
	CHECK_FAILS(ferry_listen_fds(&room.arg, sizeof(room.arg)), EMSGSIZE);
	close_managed(SLOTS + 1);
}

TEST(fewer_are_open)
{
	managed(2, "3", "a:b:c");
	check_refused(2, EBADF);
	CHECK_OK(close(3));
	set("LISTEN_FDS", "2");
	set("LISTEN_FDNAMES", "a:b");
	CHECK_FAILS(look(), EBADF);
	CHECK(!is_cloexec(4));
	CHECK_OK(close(4));
}

TEST(clears_the_environment)
{
	managed(1, "1", "a");
	room.arg.flags = FERRY_CLEAR_ENV;
	CHECK_INT(look(), ==, 1);
	CHECK_STR(room.names[0], "a");
	CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
	CHECK(getenv("LISTEN_FDNAMES") == NULL && getenv("LISTEN_PIDFDID") == NULL);
	new_room();
	CHECK_INT(look(), ==, 0);
	close_managed(1);
}

TEST(clears_what_is_anothers_and_keeps_what_failed)
{
	managed(1, "2", NULL);
	room.arg.flags = FERRY_CLEAR_ENV;
	check_refused(1, EBADF);
	set("LISTEN_PID", "1");
	set("LISTEN_PIDFDID", "7");
	if (getpid() != 1) {
		CHECK_INT(look(), ==, 0);
		CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PIDFDID") == NULL);
	}
	close_managed(1);
}

/* The inode of this process, or 0 where the kernel has none. */
static unsigned long long own_inode(void)
{
	struct ferry_facts st = {0};
	struct statfs fs = {0};
	int fd = (int)syscall(434, getpid(), 0); /* pidfd_open */
	bool has;

	if (fd < 0)
		return 0;
	CHECK_OK(fstatfs(fd, &fs));
	CHECK_OK(ferry_stat(fd, &st, sizeof(st)));
	has = fs.f_type == 0x50494446; /* PIDFS_MAGIC */
	close(fd);
	return has ? st.ino : 0;
}

TEST(another_process_of_this_number_is_meant)
{
	unsigned long long inode = own_inode();

	managed(1, "1", NULL);
	if (inode == 0) {
		close_managed(1);
		SKIP("no pidfs here: Linux 6.9");
	}
	set_number("LISTEN_PIDFDID", inode + 1);
	CHECK_INT(look(), ==, 0);
	check_untouched(1);
	set_number("LISTEN_PIDFDID", inode);
	CHECK_INT(look(), ==, 1);
	CHECK(is_cloexec(3));
	close_managed(1);
}

/* Whether it is this process cannot be asked: that is not "no". */
TEST(no_number_is_free)
{
	managed(1, "1", NULL);
	set_number("LISTEN_PIDFDID", own_inode());
	limit_fds(4);
	if (syscall(434, getpid(), 0) < 0 && errno == ENOSYS) {
		close_managed(1);
		SKIP("no pidfd_open here: Linux 5.3");
	}
	CHECK_FAILS(look(), EMFILE);
	limit_fds(1024);
	check_untouched(1);
	close_managed(1);
}

TEST(arguments)
{
	struct {
		struct ferry_listen arg;
		char more[8];
	} longer = {0};

	managed(1, "1", NULL);
	CHECK_FAILS(ferry_listen_fds(NULL, sizeof(room.arg)), EINVAL);
	CHECK_FAILS(ferry_listen_fds(&room.arg, sizeof(room.arg) - 1), EINVAL);
	room.arg.flags = FERRY_NOWAIT;
	check_refused(1, EINVAL);
	new_room()->text = NULL;
	check_refused(1, EINVAL);
	new_room()->fds = NULL;
	CHECK_FAILS(ferry_listen_fds(&room.arg, sizeof(room.arg)), EINVAL);
	longer.arg = *new_room();
	longer.more[7] = 1;
	CHECK_FAILS(ferry_listen_fds(&longer.arg, sizeof(longer)), E2BIG);
	check_untouched(1);
	longer.more[7] = 0;
	CHECK_INT(ferry_listen_fds(&longer.arg, sizeof(longer)), ==, 1);
	close_managed(1);
}
