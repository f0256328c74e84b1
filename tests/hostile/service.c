/* SPDX-License-Identifier: MIT
 *
 * service.c - hostile: an environment that says anything, and managers that mean no good.
 */
#include "../api/service.h"
#include "hostile.h"

/* Whatever the variables say, what is open stays open and no other number is touched. */
TEST_SECONDS(any_environment, 60)
{
	static const char *const counts[] = {"1",          "2",  "3",   "99999",
					     "2147483644", "-1", "1:1", "0"},
				 *const names[] = {NULL,    "",  "a",    "a:b",
						   "a:b:c", ":", "::::", "a:\n"};
	char pid[32];
	int fd = new_file(), text_fd = new_file();
	struct fd_table *before;

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK_OK(setenv("LISTEN_PID", pid, 1));
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_OK(fcntl(text_fd, F_SETFD, 0));
	before = remember_fds();
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
			int fds[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED}, r;
			const char *name[3];
			char text[4];
			struct ferry_listen l = {.fds = fds,
						 .names = name,
						 .max_fds = 2,
						 .text = text,
						 .text_size = sizeof(text)};

			CHECK_OK(setenv("LISTEN_FDS", counts[i], 1));
			CHECK_OK(names[j] != NULL ? setenv("LISTEN_FDNAMES", names[j], 1)
						  : unsetenv("LISTEN_FDNAMES"));
			r = ferry_listen_fds(&l, sizeof(l));
			CHECK_INT(fds[2], ==, UNTOUCHED);
			CHECK_INT(is_cloexec(3), ==, r >= 1);
			CHECK_INT(is_cloexec(4), ==, r == 2);
			CHECK_OK(fcntl(fd, F_SETFD, 0));
			CHECK_OK(fcntl(text_fd, F_SETFD, 0));
		}
	}
	CHECK_FDS(before);
	close(fd);
	close(text_fd);
}

/* It cannot make the service talk to somebody else. */
TEST(a_planted_link)
{
	int other, fd;
	struct ferry_note n = {.fds = &fd, .nfds = 1};

	if (!is_root())
		SKIP("only root can give files away");
	fd = new_file();
	CHECK_OK(mkdir("sticky", 0777));
	CHECK_OK(chmod("sticky", 01777));
	other = plain_bind("other", SOCK_DGRAM);
	CHECK_OK(symlink("../other", "sticky/notify"));
	CHECK_OK(lchown("sticky/notify", dropped_id(), dropped_id()));
	notify_address("sticky/notify");
	CHECK_FAILS(notify(&n), ELOOP);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), ELOOP);
	check_empty(other);
	close(other);
	close(fd);
	CHECK_OK(unlink("other"));
	CHECK_OK(unlink("sticky/notify"));
	CHECK_OK(rmdir("sticky"));
}

TEST(it_is_connected_to_somebody_else)
{
	int manager = new_manager(), other = plain_bind("other", SOCK_DGRAM);
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, "other");

	CHECK_OK(connect(manager, (struct sockaddr *)&un, len));
	CHECK_FAILS(notify_lines("READY=1"), EPERM);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), EPERM);
	close(other);
	CHECK_OK(unlink("other"));
	end_manager(manager);
}

static int end = -1;

/* Takes the barrier's end away and keeps it, or only the data. */
static void keeps_the_end(void *arg)
{
	const int *manager = arg;
	struct pollfd p = {.fd = *manager, .events = POLLIN};
	struct box b;

	CHECK_INT(poll(&p, 1, 5000), ==, 1);
	CHECK_INT(box_recv(*manager, &b, 1), ==, 1);
	CHECK_INT(b.msg.nfds, ==, 1);
	end = b.fds[0];
	/* The other side gives up. */
	p = (struct pollfd){.fd = end};
	CHECK_INT(poll(&p, 1, 5000), ==, 1);
	CHECK_INT(p.revents, ==, POLLERR);
	close(end);
}

TEST(it_keeps_the_barrier)
{
	int manager = new_manager();
	pid_t pid = in_child(keeps_the_end, &manager);

	CHECK_FAILS(ferry_notify_barrier(50, 0), ETIMEDOUT);
	join_child(pid);
	end_manager(manager);
}

static void reads_it_away(void *arg)
{
	const int *manager = arg;
	char got[20];

	/* read(2) closes the descriptor. */
	CHECK_INT(read(*manager, got, sizeof(got)), ==, strlen("BARRIER=1"));
}

TEST(it_reads_the_barrier_away)
{
	int manager = new_manager();
	pid_t pid = in_child(reads_it_away, &manager);

	CHECK_INT(ferry_notify_barrier(0, 0), ==, 1);
	join_child(pid);
	end_manager(manager);
}

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* It wants no descriptors; lines it takes. */
TEST(it_refuses_descriptors)
{
	int manager = new_manager(), fd = new_file(), off = 0;
	struct ferry_note n = {.fds = &fd, .nfds = 1};

	if (setsockopt(manager, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off)) < 0) {
		end_manager(manager);
		close(fd);
		SKIP("no SO_PASSRIGHTS here: Linux 6.16");
	}
	CHECK_FAILS(notify(&n), EPERM);
	CHECK_INT(n.sent, ==, 0);
	CHECK_FAILS(ferry_notify_barrier(1000, 0), EPERM);
	CHECK_INT(notify_lines("READY=1"), ==, 1);
	CHECK_TEXT(manager, "READY=1");
	end_manager(manager);
	close(fd);
}
