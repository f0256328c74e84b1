/* SPDX-License-Identifier: MIT
 *
 * store_open.c - tests: where a store is looked for, and what is there instead; its status.
 */
#include "store.h"

static void opens(const char *dir)
{
	struct ferry_store *s = NULL;

	CHECK_INT(ferry_store_open(&s, dir, 0, 5000), ==, 0);
	CHECK_INT(ferry_store_fd(s), >=, 3);
	ferry_store_close(s);
}

static void fails(const char *dir, int err)
{
	struct ferry_store *s = (void *)&err;

	CHECK_FAILS(ferry_store_open(&s, dir, 0, 5000), err);
	CHECK(s == NULL);
}

static int at_home(const char *dir)
{
	char door[64];

	snprintf(door, sizeof(door), "./%s/store", dir);
	CHECK_OK(mkdir(dir, 0700));
	return plain_listen(door, SOCK_SEQPACKET, 8);
}

static void leave(const char *dir, int listener)
{
	char door[64];

	snprintf(door, sizeof(door), "./%s/store", dir);
	close(listener);
	CHECK_OK(unlink(door));
	CHECK_OK(rmdir(dir));
}

TEST(the_directory_that_is_named)
{
	int dir = at_home("dir"), at = at_home("@dir");

	opens("dir");
	opens("dir/");
	opens("@dir");
	leave("dir", dir);
	leave("@dir", at);
}

TEST(the_directory_that_is_not_named)
{
	int listener;

	CHECK_OK(unsetenv("FDFERRY_STORE"));
	CHECK_OK(setenv("XDG_RUNTIME_DIR", ".", 1));
	drop_root();
	fails(NULL, ENOENT);
	CHECK_OK(mkdir("fdferry", 0700));
	listener = at_home("fdferry/default");
	opens(NULL);
	CHECK_OK(setenv("FDFERRY_STORE", "nowhere", 1));
	fails(NULL, ENOENT);
	CHECK_OK(setenv("FDFERRY_STORE", "fdferry/default", 1));
	CHECK_OK(unsetenv("XDG_RUNTIME_DIR"));
	opens(NULL);
	CHECK_OK(setenv("FDFERRY_STORE", "", 1));
	fails(NULL, ENOENT);
	leave("fdferry/default", listener);
	CHECK_OK(rmdir("fdferry"));
}

/* At once, and not after ten seconds. */
TEST(no_store)
{
	fails("nowhere", ENOENT);
	fails(".", ENOENT);
	plain_stale("store", SOCK_SEQPACKET);
	fails(".", ECONNREFUSED);
	CHECK_OK(unlink("store"));
}

TEST(something_else)
{
	int stream = plain_listen("store", SOCK_STREAM, 1);

	fails(".", EPROTOTYPE);
	close(stream);
	CHECK_OK(unlink("store"));
	close(CHECK_OK(open("store", O_CREAT | O_CLOEXEC, 0600)));
	fails(".", ECONNREFUSED);
	CHECK_OK(unlink("store"));
}

TEST(a_store_that_is_behind)
{
	int listener = plain_listen("store", SOCK_SEQPACKET, 0), waiting[10], n = 0;
	struct ferry_store *s;

	while (n < 10 && (waiting[n] = plain_connect("store", SOCK_SEQPACKET)) >= 0)
		n++;
	CHECK_FAILS(ferry_store_open(&s, ".", FERRY_NOWAIT, 0), EAGAIN);
	CHECK_FAILS(ferry_store_open(&s, ".", 0, 20), ETIMEDOUT);
	ferry_close_all(waiting, (size_t)n);
	close(listener);
	CHECK_OK(unlink("store"));
}

TEST(arguments)
{
	struct ferry_store *s = NULL;
	char dir[5000];

	memset(dir, 'd', sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = '\0';
	CHECK_FAILS(ferry_store_open(NULL, ".", 0, 0), EINVAL);
	CHECK_FAILS(ferry_store_open(&s, ".", FERRY_CREDS, 0), EINVAL);
	CHECK_FAILS(ferry_store_open(&s, ".", 0, -1), EINVAL);
	fails("", EINVAL);
	fails(dir, ENAMETOOLONG);
	CHECK_OK(setenv("FDFERRY_STORE", dir, 1));
	fails(NULL, ENAMETOOLONG);
}

TEST(no_number_is_free)
{
	int listener = plain_listen("store", SOCK_SEQPACKET, 8);

	limit_fds((unsigned)listener + 1);
	fails(".", EMFILE);
	close(listener);
	CHECK_OK(unlink("store"));
}

TEST(nothing_to_close)
{
	errno = 77;
	ferry_store_close(NULL);
	CHECK_INT(errno, ==, 77);
	CHECK_INT(ferry_store_fd(NULL), ==, -1);
}

static int ask(struct ferry_store *s, struct ferry_status *ret)
{
	return ferry_store_status(s, ret, sizeof(*ret), FERRY_NOWAIT, 0);
}

TEST(status)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_status is = {0};

	CHECK_FAILS(ask(s, &is), EAGAIN);
	fake_hear(&f, "status", "");
	fake_say(&f,
		 "ERRNO=0\nVERSION=0.1.0\nPARENT=10\nBROKER=11\nKEEPER=12\nREPLACED=3\nHELD=4\n"
		 "MAX_FDS=5\nCLIENTS=6\nMAX_CLIENTS=7\nFUTURE=8\nSANDBOX=seccomp\n"
		 "STATE_READY=1\nSTATE_STATUS=a=b\n"
		 "STATE_=\nSTATE_MAINPID=9\nUSED_FDS_PER_OWNER=10\nLIMIT_FDS_PER_OWNER=11\n"
		 "USED_CLIENTS_PER_OWNER=12\nLIMIT_CLIENTS_PER_OWNER=13\nUSED_UNREAD=14\n"
		 "LIMIT_UNREAD=15\nLIMIT_IDLE_MS=16\nSTATE_",
		 NULL, 0);
	CHECK_INT(ask(s, &is), ==, 0);
	CHECK_STR(is.version, "0.1.0");
	CHECK_INT(is.parent, ==, 10);
	CHECK_INT(is.broker, ==, 11);
	CHECK_INT(is.keeper, ==, 12);
	CHECK_INT(is.replaced, ==, 3);
	CHECK_INT(is.held, ==, 4);
	CHECK_INT(is.max_fds, ==, 5);
	CHECK_INT(is.clients, ==, 6);
	CHECK_INT(is.max_clients, ==, 7);
	CHECK_STR(is.sandbox, "seccomp");
	CHECK_INT(is.own_fds, ==, 10);
	CHECK_INT(is.max_own_fds, ==, 11);
	CHECK_INT(is.own_clients, ==, 12);
	CHECK_INT(is.max_own_clients, ==, 13);
	CHECK_INT(is.unread, ==, 14);
	CHECK_INT(is.max_unread, ==, 15);
	CHECK_INT(is.idle_ms, ==, 16);
	CHECK_STR(is.state, "READY=1\nSTATUS=a=b\nMAINPID=9");
	fake_end(&f, s);
}

/* What does not fit is left out, line by line. */
TEST(status_with_more_state_than_room)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_status is = {0};
	char text[2000] = "ERRNO=0\nSTATE_READY=1\nSTATE_STATUS=";

	CHECK_FAILS(ask(s, &is), EAGAIN);
	fake_hear(&f, "status", "");
	memset(text + strlen(text), 's', 1100);
	strcat(text, "\nSTATE_MAINPID=9");
	fake_say(&f, text, NULL, 0);
	CHECK_INT(ask(s, &is), ==, 0);
	CHECK_STR(is.state, "READY=1\nMAINPID=9");
	fake_end(&f, s);
}

/* A store that is asked by another broker, and one that refuses. */
TEST(status_again)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_status is = {.held = 77};

	CHECK_FAILS(ask(s, &is), EAGAIN);
	fake_next_broker(&f);
	CHECK_FAILS(ask(s, &is), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "status", "");
	fake_say(&f, "ERRNO=22\nWHY=no", NULL, 0);
	CHECK_FAILS(ask(s, &is), EINVAL);
	CHECK_INT(is.held, ==, 77);
	CHECK_FAILS(ferry_store_status(s, &is, sizeof(is), 0, 20), ETIMEDOUT);
	CHECK_INT(is.held, ==, 77);
	fake_end(&f, s);
}

TEST(status_arguments)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct {
		struct ferry_status is;
		char more;
	} newer = {.more = 1};

	CHECK_FAILS(ferry_store_status(s, NULL, sizeof(newer.is), 0, 0), EINVAL);
	CHECK_FAILS(ferry_store_status(NULL, &newer.is, sizeof(newer.is), 0, 0), EINVAL);
	CHECK_FAILS(ferry_store_status(s, &newer.is, 8, 0, 0), EINVAL);
	CHECK_FAILS(ferry_store_status(s, &newer.is, sizeof(newer), 0, 0), E2BIG);
	CHECK_FAILS(ferry_store_status(s, &newer.is, sizeof(newer.is), FERRY_DISPOSE, 0), EINVAL);
	CHECK_FAILS(ferry_store_status(s, &newer.is, sizeof(newer.is), 0, -1), EINVAL);
	check_empty(f.conn);
	fake_end(&f, s);
}
