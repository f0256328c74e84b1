/* SPDX-License-Identifier: MIT
 * bind.c - bind and unbind, with each system call failing in turn. */
#include "fdferry.h"
#include "harness.h"
#include "wrap/inject.h"
#include "wrap/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *address; /* of the case that runs */
static int type;            /* of its sockets */
static int kept = -1;       /* what before() made and undo() closes */
static ino_t old_file;      /* 0: there was none */
static int old_handle = -1;

static void no_before(void)
{
}

static void drop_kept(void)
{
	if (kept >= 0)
		close(kept);
	kept = -1;
}

/* Bind. */

/* The old file is held, so that its inode number cannot be that of a new one. */
static void leave_stale(void)
{
	close(plain_bound(address, type));
	old_file = file_at(address);
	old_handle = CHECK_OK(open(address, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

static int do_bind(void)
{
	return ferry_bind(address, type, 0600, 0);
}

static void after_bind(int r, const struct fault_seen *seen)
{
	ino_t now = address[0] == '@' ? 0 : file_at(address);
	struct stat st;

	(void)seen;
	if (r < 0) {
		if (now != 0)
			CHECK_INT(now, ==, old_file);
		return;
	}
	if (address[0] != '@') {
		CHECK_INT(now, !=, 0);
		CHECK_INT(now, !=, old_file);
		CHECK_OK(stat(address, &st));
		CHECK_INT(st.st_mode & 0777, ==, 0600);
	}
	CHECK(is_cloexec(r));
	if (strlen(address) < 100)
		close(plain_connected(address, type));
	close(r);
}

static void undo_bind(void)
{
	if (address[0] != '@')
		unlink(address);
	if (old_handle >= 0)
		close(old_handle);
	old_handle = -1;
	old_file = 0;
}

/* EADDRINUSE: whether the old one is served could not be found out, and so it is left alone. */
static const int bind_also[] = {EADDRINUSE, EBUSY, 0};

static void bind_each(const char *name, const char *text, int of_type, bool stale)
{
	const struct fault_case c = {.name = name,
				     .before = stale ? leave_stale : no_before,
				     .op = do_bind,
				     .after = after_bind,
				     .undo = undo_bind,
				     .also = bind_also,
				     .fewest = 4};

	address = text;
	type = of_type;
	fault_each(&c);
}

TEST_SECONDS(bind_to_a_fresh_name, 60)
{
	bind_each("dgram", "s", SOCK_DGRAM, false);
	bind_each("stream", "s", SOCK_STREAM, false);
	bind_each("seqpacket", "./s", SOCK_SEQPACKET, false);
	bind_each("abstract", "@fdferry faults bind", SOCK_STREAM, false);
}

TEST_SECONDS(bind_over_a_stale_file, 60)
{
	bind_each("dgram", "s", SOCK_DGRAM, true);
	bind_each("stream", "s", SOCK_STREAM, true);
}

TEST_SECONDS(bind_below_a_long_directory, 60)
{
	char dir[200], path[210];

	memset(dir, 'd', 150);
	dir[150] = '\0';
	CHECK_OK(mkdir(dir, 0700));
	snprintf(path, sizeof(path), "%s/s", dir);
	bind_each("long", path, SOCK_STREAM, false);
	CHECK_OK(rmdir(dir));
}

TEST_SECONDS(bind_along_a_link, 60)
{
	CHECK_OK(mkdir("real", 0700));
	CHECK_OK(symlink("real", "link"));
	bind_each("link", "link/s", SOCK_DGRAM, false);
	CHECK_OK(unlink("link"));
	CHECK_OK(rmdir("real"));
}

/* Unbind. */

static void bind_kept(void)
{
	kept = plain_bound(address, type);
}

static int do_unbind(void)
{
	return ferry_unbind(kept, address);
}

static void after_unbind(int r, const struct fault_seen *seen)
{
	(void)seen;
	CHECK_INT(file_at(address) == 0, ==, r == 0);
}

static void undo_unbind(void)
{
	unlink(address);
	drop_kept();
}

/* What cannot be found out is left: ESTALE, or EOPNOTSUPP. */
static const int unbind_also[] = {ESTALE, EOPNOTSUPP, EBUSY, 0};
static const struct fault_case unbind_case = {.name = "unbind",
					      .before = bind_kept,
					      .op = do_unbind,
					      .after = after_unbind,
					      .undo = undo_unbind,
					      .also = unbind_also,
					      .fewest = 8};

TEST_SECONDS(unbind, 60)
{
	address = "s";
	type = SOCK_DGRAM;
	fault_each(&unbind_case);
}

TEST_SECONDS(unbind_without_privilege, 60)
{
	address = "s";
	type = SOCK_STREAM;
	drop_root();
	bind_kept();
	if (ferry_unbind(kept, address) == -EOPNOTSUPP) {
		undo_unbind();
		SKIP("this system does not tell which file a socket is bound to");
	}
	undo_unbind();
	fault_each(&unbind_case);
}
