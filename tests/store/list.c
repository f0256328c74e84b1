/* SPDX-License-Identifier: MIT
 *
 * list.c - tests: what a list says of each kind, and what a status says of the store.
 */
#include "processes.h"

#include <netinet/in.h>

static void list_one(int door, int64_t id, struct answer *a)
{
	char request[64];

	snprintf(request, sizeof(request), "OP=list\nID=%lld", (long long)id);
	ask(door, a, request);
	check_done(HARNESS_HERE, a);
	CHECK_INT(a->n, ==, 0);
	CHECK(!has(a, "MORE"));
}

STORE_TEST(a_file)
{
	char path[PATH_MAX], uid[24];
	int door, fd, flags;
	struct answer a;

	store_begin(NULL);
	door = client();
	fd = CHECK_OK(open("notes\n.txt", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
	CHECK_INT(write(fd, "hello", 5), ==, 5);
	flags = CHECK_OK(fcntl(fd, F_GETFL));
	list_one(door, put(door, "NAME=a b", fd), &a);
	CHECK(strncmp(a.text, "ERRNO=0\nID=1\n", 13) == 0);
	CHECK(says(&a, "NAME", "a b"));
	CHECK(says(&a, "KIND", "file"));
	CHECK(says(&a, "SIZE", "5"));
	CHECK_INT(number(&a, "FLAGS"), ==, flags);
	snprintf(uid, sizeof(uid), "%u", (unsigned int)getuid());
	CHECK(says(&a, "UID", uid));
	CHECK_INT(number(&a, "AGE"), >=, 0);
	CHECK(!has(&a, "TTL") && !has(&a, "WAITING") && !has(&a, "TAKER"));
	CHECK(getcwd(path, sizeof(path) - 32) != NULL);
	CHECK(says(&a, "PATH", strcat(path, "/notes\\x0a.txt")));
	CHECK_OK(unlink("notes\n.txt"));
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(a_memfd_and_a_pipe)
{
	int door, fd = new_memfd("seven b"), ends[2];
	struct answer a;

	store_begin(NULL);
	door = client();
	list_one(door, put(door, "NAME=m", fd), &a);
	CHECK(says(&a, "KIND", "memfd"));
	CHECK(says(&a, "SIZE", "7"));
	make_pipe(ends);
	list_one(door, put(door, "NAME=p", ends[1]), &a);
	CHECK(says(&a, "KIND", "fifo"));
	CHECK_INT(number(&a, "FLAGS") & O_ACCMODE, ==, O_WRONLY);
	CHECK_OK(close(ends[0]));
	CHECK_OK(close(ends[1]));
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

static void await_waiting(int door, int64_t id, int64_t n)
{
	struct answer a;

	do
		list_one(door, id, &a);
	while (number(&a, "WAITING") != n);
}

STORE_TEST(a_tcp_listener)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	socklen_t len = sizeof(in);
	int door, callers[3];
	struct answer a;
	char path[64];
	int64_t id;

	CHECK_OK(bind(listener, (struct sockaddr *)&in, sizeof(in)));
	CHECK_OK(listen(listener, 8));
	CHECK_OK(getsockname(listener, (struct sockaddr *)&in, &len));
	store_begin(NULL);
	door = client();
	id = put(door, "NAME=http", listener);
	list_one(door, id, &a);
	CHECK(says(&a, "KIND", "tcp-listen"));
	snprintf(path, sizeof(path), "127.0.0.1:%d", ntohs(in.sin_port));
	CHECK(says(&a, "PATH", path));
	CHECK(says(&a, "WAITING", "0"));
	CHECK(!has(&a, "SIZE"));
	for (int i = 0; i < 3; i++) {
		callers[i] = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
		CHECK_OK(connect(callers[i], (struct sockaddr *)&in, sizeof(in)));
	}
	await_waiting(door, id, 3);
	CHECK_OK(close(CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC))));
	await_waiting(door, id, 2);
	for (int i = 0; i < 3; i++)
		CHECK_OK(close(callers[i]));
	CHECK_OK(close(listener));
	close(door);
	store_end();
}

STORE_TEST(a_unix_listener)
{
	int door, listener = new_server(SOCK_STREAM, "listener"), callers[2];
	struct answer a;
	int64_t id;

	store_begin(NULL);
	door = client();
	id = put(door, "NAME=l", listener);
	list_one(door, id, &a);
	CHECK(says(&a, "KIND", "unix-listen"));
	CHECK(says(&a, "PATH", "listener"));
	if (!has(&a, "WAITING"))
		NOTE("this kernel does not tell how many wait (unix_diag)");
	for (int i = 0; i < 2; i++)
		callers[i] = try_connect("listener", SOCK_STREAM);
	if (has(&a, "WAITING"))
		await_waiting(door, id, 2);
	for (int i = 0; i < 2; i++)
		CHECK_OK(close(callers[i]));
	CHECK_OK(close(listener));
	CHECK_OK(unlink("listener"));
	close(door);
	store_end();
}

STORE_TEST(selectors)
{
	int door, fd = new_memfd("x");
	struct answer a;

	store_begin(NULL);
	door = client();
	CHECK_ANSWER(door, "OP=list\nREQUEST=l", "REQUEST=l\nERRNO=0\n");
	CHECK_ANSWER(door, "OP=list\nPATTERN=*", "ERRNO=0\n");
	CHECK_REFUSED(door, "OP=list\nNAME=a", ENOENT, "'a'");
	CHECK_REFUSED(door, "OP=list\nID=1", ENOENT, "no 1 ");
	put(door, "NAME=a", fd);
	put(door, "NAME=b", fd);
	put(door, "NAME=c", fd);
	CHECK_HELD(door, "a b c ");
	ask(door, &a, "OP=list\nPATTERN=[bc]");
	CHECK_INT(number(&a, "ID"), ==, 2);
	CHECK(value_at(strstr(a.text, "ID=2\n") + 5, "ID") != NULL);
	CHECK_REFUSED(door, "OP=list\nNAME=a\nNAME=d", ENOENT, "'d'");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* Entries are whole, and none is missing where a message ends. */
STORE_TEST(a_long_list)
{
	static char names[300 * 260], expected[300 * 260], line[300];
	int door, fd = new_memfd("x"), messages = 0;
	struct answer a;

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "NAME=%03d%0*d", i, 1 + i % 200, 0);
		put(door, line, fd);
		strcat(strcat(expected, line + 5), " ");
	}
	held_names(door, names, sizeof(names));
	CHECK_STR(names, expected);
	tell(door, "OP=list", NULL, 0);
	do {
		CHECK(hear(door, &a));
		messages++;
	} while (has(&a, "MORE"));
	CHECK_INT(messages, >, 5);
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(the_status_of_the_store)
{
	int door, other, fd = new_memfd("x");
	struct answer a;

	store_begin("--max-fds", "5", "--max-clients", "7", NULL);
	keeper();
	door = client();
	other = client();
	put(door, "NAME=a", fd);
	CHECK_ANSWER(other, "OP=list\nPATTERN=x", "ERRNO=0\n");
	ask(door, &a, "OP=status\nREQUEST=s");
	CHECK(says(&a, "REQUEST", "s"));
	CHECK(has(&a, "VERSION"));
	CHECK_INT(number(&a, "PARENT"), ==, the_store);
	CHECK_INT(number(&a, "BROKER"), >, 0);
	CHECK_INT(number(&a, "KEEPER"), >, 0);
	CHECK_INT(number(&a, "BROKER"), !=, number(&a, "KEEPER"));
	CHECK_INT(number(&a, "REPLACED"), ==, 0);
	CHECK_INT(number(&a, "HELD"), ==, 1);
	CHECK_INT(number(&a, "MAX_FDS"), ==, 5);
	CHECK_INT(number(&a, "CLIENTS"), >=, 2);
	CHECK_INT(number(&a, "MAX_CLIENTS"), ==, 7);
	CHECK_OK(close(fd));
	close(other);
	close(door);
	store_end();
}
