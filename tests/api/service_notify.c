/* SPDX-License-Identifier: MIT
 *
 * service_notify.c - tests: ferry_notify says what it is given, whole and in the manager's words.
 */
#include "service.h"

#define MANY 600

TEST(lines)
{
	int manager = new_manager();

	CHECK_INT(notify_lines("READY=1"), ==, 1);
	CHECK_TEXT(manager, "READY=1");
	CHECK_INT(notify_lines("READY=1\nSTATUS=all = well\nX_OWN="), ==, 1);
	CHECK_TEXT(manager, "READY=1\nSTATUS=all = well\nX_OWN=");
	CHECK_INT(notify_lines("\nSTOPPING=1\n\n"), ==, 1);
	CHECK_TEXT(manager, "STOPPING=1");
	check_empty(manager);
	end_manager(manager);
}

TEST(an_abstract_name)
{
	char name[64];
	int manager;

	snprintf(name, sizeof(name), "@fdferry-test-notify-%d", (int)getpid());
	manager = plain_bind(name, SOCK_DGRAM);
	CHECK_OK(setenv("NOTIFY_SOCKET", name, 1));
	CHECK_INT(notify_lines("READY=1"), ==, 1);
	CHECK_TEXT(manager, "READY=1");
	close(manager);
}

TEST(a_descriptor_and_its_name)
{
	int manager = new_manager(), fd = new_file();
	struct ferry_note n = {.fds = &fd, .nfds = 1};

	CHECK_INT(notify(&n), ==, 1);
	CHECK_FILE(manager, "FDSTORE=1", fd);
	n.name = "notes";
	CHECK_INT(notify(&n), ==, 1);
	CHECK_FILE(manager, "FDSTORE=1\nFDNAME=notes", fd);
	n.flags = FERRY_NO_POLL;
	n.lines = "STATUS=x";
	n.name = "";
	CHECK_INT(notify(&n), ==, 1);
	CHECK_FILE(manager, "FDSTORE=1\nFDNAME=\nFDPOLL=0\nSTATUS=x", fd);
	CHECK_OK(fcntl(fd, F_GETFD)); /* borrowed */
	check_empty(manager);
	close(fd);
	end_manager(manager);
}

TEST(removal)
{
	struct ferry_note n = {.name = "notes", .flags = FERRY_REMOVE, .lines = "STATUS=x"};
	int manager = new_manager();

	CHECK_INT(notify(&n), ==, 1);
	CHECK_TEXT(manager, "FDSTOREREMOVE=1\nFDNAME=notes\nSTATUS=x");
	end_manager(manager);
}

/* Each message announces its own, in order, and the last has the lines. */
static void check_split(int manager, const int *fds, size_t nfds)
{
	for (size_t at = 0; at < nfds;) {
		size_t n = nfds - at < FERRY_MAX_FDS ? nfds - at : FERRY_MAX_FDS;
		struct box b;

		CHECK_INT(box_recv(manager, &b, FERRY_MAX_FDS), ==, 1);
		CHECK_INT(b.msg.nfds, ==, n);
		CHECK_STR(b.data, at + n == nfds ? "FDSTORE=1\nFDNAME=many\nREADY=1"
						 : "FDSTORE=1\nFDNAME=many");
		for (size_t i = 0; i < n; i++)
			CHECK(same_file(b.fds[i], fds[at + i]));
		ferry_close_all(b.fds, n);
		at += n;
	}
	check_empty(manager);
}

TEST_SECONDS(more_than_253_are_split, 60)
{
	static const size_t some[] = {253, 254, 506, MANY};
	int manager = new_manager(), files[7], fds[MANY];

	for (int i = 0; i < 7; i++)
		files[i] = new_file();
	for (int i = 0; i < MANY; i++)
		fds[i] = files[i % 7];
	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
		struct ferry_note n = {.fds = fds,
				       .nfds = some[i],
				       .name = "many",
				       .lines = "READY=1"};

		CHECK_INT(notify(&n), ==, 1);
		CHECK_INT(n.sent, ==, some[i]);
		check_split(manager, fds, some[i]);
	}
	ferry_close_all(files, 7);
	end_manager(manager);
}

/* What has left before the failure is told, and nothing else has. */
TEST(a_descriptor_that_is_none)
{
	int manager = new_manager(), fds[300], file = new_file();
	struct ferry_note n = {.fds = fds, .nfds = 300, .name = "many", .lines = "READY=1"};
	struct box b;

	for (int i = 0; i < 300; i++)
		fds[i] = file;
	fds[260] = -1;
	CHECK_FAILS(notify(&n), EBADF);
	CHECK_INT(n.sent, ==, 253);
	CHECK(n.why != NULL);
	CHECK_INT(box_recv(manager, &b, FERRY_MAX_FDS), ==, 1);
	CHECK_STR(b.data, "FDSTORE=1\nFDNAME=many");
	ferry_close_all(b.fds, b.msg.nfds);
	check_empty(manager);
	fds[0] = -1;
	CHECK_FAILS(notify(&n), EBADF);
	CHECK_INT(n.sent, ==, 0);
	check_empty(manager);
	close(file);
	end_manager(manager);
}

TEST(nobody_to_tell)
{
	int fd = new_file();
	struct ferry_note n = {.fds = &fd, .nfds = 1, .sent = 77};

	CHECK_OK(unsetenv("NOTIFY_SOCKET"));
	CHECK_INT(notify(&n), ==, 0);
	CHECK_INT(n.sent, ==, 0);
	CHECK_INT(ferry_notify_barrier(0, 0), ==, 0);
	/* A mistake shows all the same. */
	n.name = "a:b";
	CHECK_FAILS(notify(&n), EINVAL);
	close(fd);
}

TEST(addresses_that_are_none)
{
	static const char *const wrong[] = {"", "notify", "./notify", "@", "vsok:2:1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CHECK_OK(setenv("NOTIFY_SOCKET", wrong[i], 1));
		CHECK_FAILS(notify_lines("READY=1"), EINVAL);
		CHECK_FAILS(ferry_notify_barrier(1000, 0), EINVAL);
	}
}

TEST(another_machine)
{
	static const char *const vsock[] = {"vsock:2:1234", "vsock-stream:2:1"};

	for (size_t i = 0; i < 2; i++) {
		CHECK_OK(setenv("NOTIFY_SOCKET", vsock[i], 1));
		CHECK_FAILS(notify_lines("READY=1"), EPROTONOSUPPORT);
		CHECK_FAILS(ferry_notify_barrier(1000, 0), EPROTONOSUPPORT);
	}
}

TEST(nobody_serves_it)
{
	notify_address("notify");
	CHECK_FAILS(notify_lines("READY=1"), ENOENT);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), ENOENT);
	plain_stale("notify", SOCK_DGRAM);
	CHECK_FAILS(notify_lines("READY=1"), ECONNREFUSED);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), ECONNREFUSED);
	CHECK_OK(unlink("notify"));
}

TEST(it_is_no_datagram_socket)
{
	int listener = plain_listen("notify", SOCK_STREAM, 1);

	notify_address("notify");
	CHECK_FAILS(notify_lines("READY=1"), EPROTOTYPE);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), EPROTOTYPE);
	close(listener);
	CHECK_OK(unlink("notify"));
}

static void refused(struct ferry_note n, int error)
{
	n.why = NULL;
	CHECK_FAILS(notify(&n), error);
	CHECK(n.why != NULL);
}

TEST(names)
{
	static const char *const wrong[] = {"a:b", "a\nREADY=1", "caf\303\251", "\x7f", "\t"};
	int manager = new_manager(), fd = new_file();
	char longest[258];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		refused((struct ferry_note){.fds = &fd, .nfds = 1, .name = wrong[i]}, EINVAL);
		refused((struct ferry_note){.flags = FERRY_REMOVE, .name = wrong[i]}, EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	refused((struct ferry_note){.fds = &fd, .nfds = 1, .name = longest}, EINVAL);
	check_empty(manager);
	longest[255] = '\0';
	CHECK_INT(notify(&(struct ferry_note){.flags = FERRY_REMOVE, .name = longest}), ==, 1);
	longest[255] = 'x';
	end_manager(manager);
	close(fd);
}

TEST(lines_that_are_none)
{
	static const char *const wrong[] = {"READY",      "=1",
					    "READY=1\nx", "FDSTORE=1",
					    "FDPOLL=0",   "A=1\nBARRIER=1",
					    "FDNAME=x",   "FDSTOREREMOVE=1",
					    "MAINPIDFD=1"};
	int manager = new_manager();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refused((struct ferry_note){.lines = wrong[i]}, EINVAL);
	refused((struct ferry_note){.lines = "\n"}, EINVAL);
	refused((struct ferry_note){.lines = NULL}, EINVAL);
	check_empty(manager);
	CHECK_INT(notify_lines("FDSTORE_X=1\nXBARRIER=1"), ==, 1);
	CHECK_TEXT(manager, "FDSTORE_X=1\nXBARRIER=1");
	end_manager(manager);
}

TEST(at_most_4096_bytes)
{
	int manager = new_manager(), fd = new_file();
	char lines[4098], got[5000];

	memset(lines, 'x', sizeof(lines));
	memcpy(lines, "STATUS=", 7);
	lines[4097] = '\0';
	refused((struct ferry_note){.lines = lines}, EMSGSIZE);
	lines[4096] = '\0';
	/* Together with what the struct says. */
	refused((struct ferry_note){.lines = lines, .fds = &fd, .nfds = 1}, EMSGSIZE);
	check_empty(manager);
	CHECK_INT(notify_lines(lines), ==, 1);
	CHECK_INT(recv(manager, got, sizeof(got), MSG_DONTWAIT), ==, 4096);
	CHECK_MEM(got, lines, 4096);
	end_manager(manager);
	close(fd);
}

TEST(arguments)
{
	int manager = new_manager(), fd = new_file();
	struct {
		struct ferry_note n;
		char more[8];
	} longer = {.n = {.lines = "READY=1"}, .more = {1}};

	CHECK_FAILS(ferry_notify(NULL, sizeof(struct ferry_note)), EINVAL);
	CHECK_FAILS(ferry_notify(&longer.n, sizeof(longer.n) - 1), EINVAL);
	CHECK_FAILS(ferry_notify(&longer.n, sizeof(longer)), E2BIG);
	refused((struct ferry_note){.lines = "A=1", .flags = FERRY_DISPOSE}, EINVAL);
	refused((struct ferry_note){.lines = "A=1", .flags = FERRY_CLEAR_ENV}, EINVAL);
	refused((struct ferry_note){.lines = "A=1", .timeout_ms = -1}, EINVAL);
	refused((struct ferry_note){.nfds = 1}, EINVAL);
	refused((struct ferry_note){.lines = "A=1", .name = "x"}, EINVAL);
	refused((struct ferry_note){.lines = "A=1", .flags = FERRY_NO_POLL}, EINVAL);
	refused((struct ferry_note){.flags = FERRY_REMOVE}, EINVAL);
	refused((struct ferry_note){.flags = FERRY_REMOVE, .name = "x", .fds = &fd, .nfds = 1},
		EINVAL);
	CHECK_FAILS(ferry_notify_barrier(-1, 0), EINVAL);
	CHECK_FAILS(ferry_notify_barrier(0, FERRY_NOWAIT), EINVAL);
	check_empty(manager);
	longer.more[0] = 0;
	CHECK_INT(ferry_notify(&longer.n, sizeof(longer)), ==, 1);
	end_manager(manager);
	close(fd);
}

TEST(no_number_is_free)
{
	int manager = new_manager();

	limit_fds(4);
	CHECK_FAILS(notify_lines("READY=1"), EMFILE);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), EMFILE);
	limit_fds(5);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), EMFILE);
	limit_fds(1024);
	check_empty(manager);
	end_manager(manager);
}
