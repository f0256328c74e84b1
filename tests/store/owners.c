/* SPDX-License-Identifier: MIT
 *
 * owners.c - tests: how much one owner may have of the store, one connection, and for how long.
 */
#include "processes.h"

#include <sys/resource.h>

enum { OTHER = 12345, MANY = 253 };

/* A connection of another user, who has nothing to do with this one. */
static int client_of_another(void)
{
	int sock;

	CHECK_OK(chmod(".", 0711));
	CHECK_OK(seteuid(OTHER));
	sock = client();
	CHECK_OK(seteuid(0));
	return sock;
}

/* Waits until the end of others has been noticed. */
static void await_room(void)
{
	struct answer a;

	do
		ask_anew(&a, "OP=status", NULL, 0);
	while (!says(&a, "ERRNO", "0"));
}

static void put_many(int door)
{
	int fd = new_memfd("x"), fds[MANY];

	for (int i = 0; i < MANY; i++)
		fds[i] = fd;
	put_all(door, "NAME=many", fds, MANY);
	CHECK_OK(close(fd));
}

STORE_TEST(descriptors_of_one_owner)
{
	int door, notify, fd = new_memfd("x"), fds[] = {fd, fd, fd}, other = new_memfd("y");

	store_begin("--max-fds-per-owner", "3", NULL);
	door = client();
	put(door, "NAME=a", fd);
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 3, ENOSPC,
		      "--max-fds-per-owner is 3");
	put_all(door, "NAME=b", fds, 2);
	notify = notifier();
	note(notify, "FDSTORE=1\nFDNAME=c", &other, 1);
	CHECK_HELD(door, "a b b ");
	kill_keeper();
	kill_broker();
	CHECK_INT(status("USED_FDS_PER_OWNER"), ==, 3);
	CHECK_INT(status("LIMIT_FDS_PER_OWNER"), ==, 3);
	close(door);
	door = client();
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=b", fds, 1, ENOSPC,
		      "--max-fds-per-owner is 3");
	CHECK_ANSWER(door, "OP=remove\nNAME=b", "ERRNO=0\nCOUNT=2\n");
	put_all(door, "NAME=d", fds, 2);
	CHECK_INT(status("USED_FDS_PER_OWNER"), ==, 3);
	CHECK_OK(close(fd));
	CHECK_OK(close(other));
	CHECK_OK(close(notify));
	close(door);
	store_end();
}

STORE_TEST(another_owner)
{
	int door, other, fd = new_memfd("x"), fds[] = {fd, fd, fd};

	if (geteuid() != 0)
		SKIP("only root can be two");
	store_begin("--max-fds", "5", "--max-clients", "5", "--mode", "0666", NULL);
	door = client();
	other = client_of_another();
	/* Half of it, where others are let in. */
	put_all(door, "NAME=a", fds, 3);
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=a", fds, 1, ENOSPC,
		      "of uid 0 it holds 3 descriptors, and --max-fds-per-owner is 3");
	put_all(other, "NAME=b", fds, 2);
	CHECK_INT(status("USED_FDS_PER_OWNER"), ==, 3);
	CHECK_ANSWER(door, "OP=remove\nNAME=b", "ERRNO=0\nCOUNT=2\n");
	CHECK_INT(status("USED_FDS_PER_OWNER"), ==, 3);
	/* Whoever takes it away, it was the other's. */
	put_all(other, "NAME=b", fds, 2);
	CHECK_OK(close(fd));
	close(other);
	close(door);
	store_end();
}

STORE_TEST(connections_of_one_owner)
{
	int mine[3], other;
	struct answer a;

	if (geteuid() != 0)
		SKIP("only root can be two");
	store_begin("--max-clients", "6", "--mode", "0666", NULL);
	for (int i = 0; i < 3; i++) {
		mine[i] = client();
		CHECK_ANSWER(mine[i], "OP=watch", "ERRNO=0\n");
	}
	other = client();
	check_refused(HARNESS_HERE, other, "OP=release", NULL, 0, ENOSPC,
		      "--max-clients-per-owner");
	CHECK_OK(close(other));
	other = client_of_another();
	ask(other, &a, "OP=status");
	CHECK_INT(number(&a, "CLIENTS"), ==, 4);
	CHECK_INT(number(&a, "USED_CLIENTS_PER_OWNER"), ==, 1);
	CHECK_INT(number(&a, "LIMIT_CLIENTS_PER_OWNER"), ==, 3);
	CHECK_OK(close(other));
	for (int i = 0; i < 3; i++)
		CHECK_OK(close(mine[i]));
	await_room();
	store_end();
}

/* Those that are turned away are not many: the first of them ends without a word. */
STORE_TEST(a_crowd_before_the_door)
{
	enum { CROWD = 40, STAY = 16 };
	int watcher, crowd[CROWD];

	store_begin("--max-clients", "1", NULL);
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch", "ERRNO=0\n");
	for (int i = 0; i < CROWD; i++)
		crowd[i] = client();
	for (int i = 0; i < CROWD - STAY; i++)
		check_end(crowd[i]);
	for (int i = CROWD - STAY; i < CROWD; i++)
		check_refused(HARNESS_HERE, crowd[i], "OP=list", NULL, 0, ENOSPC, "--max-clients");
	for (int i = 0; i < CROWD; i++)
		CHECK_OK(close(crowd[i]));
	CHECK_OK(close(watcher));
	await_room();
	store_end();
}

/* Also what was lent to it is there again; who watches is silent by its nature. */
STORE_TEST(a_connection_that_says_nothing)
{
	int idle, borrower, watcher, fd = new_memfd("x");
	struct answer a;

	store_begin("--idle-time", "1s", NULL);
	watcher = client();
	CHECK_ANSWER(watcher, "OP=watch\nNAME=b", "ERRNO=0\n");
	borrower = client();
	put(borrower, "NAME=a", fd);
	ask(borrower, &a, "OP=take\nNAME=a");
	CHECK_INT(a.n, ==, 1);
	close_answer(&a);
	idle = client();
	check_end(idle);
	check_end(borrower);
	CHECK_OK(close(idle));
	CHECK_OK(close(borrower));
	ask_anew(&a, "OP=take\nNAME=a", NULL, 0);
	CHECK_INT(a.n, ==, 1);
	close_answer(&a);
	CHECK_INT(status("LIMIT_IDLE_MS"), ==, 1000);
	ask_anew(&a, "OP=put\nNAME=b", &fd, 1);
	CHECK(hear(watcher, &a));
	CHECK(says(&a, "EVENT", "put"));
	CHECK_OK(close(fd));
	CHECK_OK(close(watcher));
	store_end();
}

static void hear_many(int sock)
{
	struct answer a;

	CHECK(hear(sock, &a));
	check_done(HARNESS_HERE, &a);
	CHECK_INT(a.n, ==, MANY);
	close_answer(&a);
}

/* The others of its answers wait in the store, and come when it reads. */
STORE_TEST(a_connection_that_does_not_read)
{
	int door, silent;

	store_begin("--max-unread", "600", NULL);
	door = client();
	put_many(door);
	silent = client();
	for (int i = 0; i < 8; i++)
		tell(silent, "OP=get\nNAME=many", NULL, 0);
	CHECK_ANSWER(door, "OP=release", "ERRNO=0\n");
	for (int i = 0; i < 100; i++)
		CHECK_INT(status("USED_UNREAD"), <=, 600);
	CHECK_INT(status("LIMIT_UNREAD"), ==, 600);
	for (int i = 0; i < 8; i++)
		hear_many(silent);
	/* Now it is known that it has. */
	tell(silent, "OP=get\nNAME=many", NULL, 0);
	hear_many(silent);
	CHECK_OK(close(silent));
	close(door);
	store_end();
}

/* All of one owner together have half of what the kernel admits. */
STORE_TEST(connections_that_do_not_read)
{
	enum { SILENT = 12, SENT = 9 };
	struct rlimit rl = {3000, 3000};
	int door, silent[SILENT];
	struct answer a;
	char refused[16];

	snprintf(refused, sizeof(refused), "%d", ETOOMANYREFS);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	store_begin("--max-clients", "32", NULL);
	door = client();
	put_many(door);
	for (int i = 0; i < SILENT; i++) {
		silent[i] = client();
		tell(silent[i], "OP=get\nNAME=many", NULL, 0);
		CHECK_ANSWER(door, "OP=release", "ERRNO=0\n");
	}
	CHECK_INT(status("USED_UNREAD"), >, 0);
	CHECK_INT(status("USED_UNREAD"), <=, 1500);
	/* Some of the answers wait in the store, the next ones would be too many. */
	check_refused(HARNESS_HERE, door, "OP=get\nNAME=many", NULL, 0, ETOOMANYREFS,
		      "half of RLIMIT_NOFILE");
	CHECK_ANSWER(door, "OP=release", "ERRNO=0\n");
	for (int i = 0; i < SENT; i++)
		hear_many(silent[i]);
	do
		ask(door, &a, "OP=get\nNAME=many");
	while (says(&a, "ERRNO", refused));
	CHECK_INT(a.n, ==, MANY);
	close_answer(&a);
	for (int i = 0; i < SILENT; i++)
		CHECK_OK(close(silent[i]));
	close(door);
	store_end();
}
