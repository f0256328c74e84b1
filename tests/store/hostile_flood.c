/* SPDX-License-Identifier: MIT
 *
 * hostile_flood.c - tests: many requests, many clients, and clients that do not read.
 */
#include "hostile.h"

#include <sys/resource.h>

enum { MANY = 253, FLOODS = 8, MEMORY_KB = 65536 };

static void put_many(int door)
{
	int fd = new_memfd("x"), fds[MANY];

	for (int i = 0; i < MANY; i++)
		fds[i] = fd;
	put_all(door, "NAME=many", fds, MANY);
	CHECK_OK(close(fd));
}

/* Sends until the queue is full; false: the connection has ended. */
static bool flood(int sock, const char *text, size_t len, const int *fds, size_t n, int most)
{
	for (int i = 0; i < most; i++)
		if (send_fds(sock, text, len, fds, n, MSG_NOSIGNAL) < 0)
			return errno == EAGAIN || errno == ETOOMANYREFS;
	return true;
}

/* Half messages, and what is no message at all, each with descriptors that nobody asked for. */
STORE_TEST(malformed_requests)
{
	static char large[8192];
	static const char *const texts[] = {
		"",
		"\n",
		"OP=",
		"OP=put",
		"OP=put\nNAME=",
		"OP=put\nNAME=a\nNAME=b",
		"OP=get\nID=1-18446744073709551615",
		"OP=confirm\nID=1-18446744073709551615",
		"OP=remove\nID=18446744073709551616",
		"OP=list\nPATTERN=[[[[*",
		"NAME=a\nOP=put",
		"OP=take\nNAME=\x01\xff",
		"OP=none\nREQUEST=0123456789012345678901234567890123",
	};
	int door, fd = new_memfd("x"), fds[MANY], socks[FLOODS];

	memset(large, 'A', sizeof(large));
	for (int i = 0; i < MANY; i++)
		fds[i] = fd;
	store_begin(NULL);
	door = client();
	for (int i = 0; i < FLOODS; i++)
		socks[i] = client();
	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
		for (int i = 0; i < FLOODS; i++)
			flood(socks[i], texts[k], strlen(texts[k]), fds, k % 2 ? 1 : 0, 50);
		check_served();
	}
	for (int i = 0; i < FLOODS; i++) {
		CHECK_OK(close(socks[i]));
		socks[i] = client();
		flood(socks[i], large, sizeof(large), fds, MANY, 20);
		check_served();
	}
	for (int i = 0; i < FLOODS; i++)
		CHECK_OK(close(socks[i]));
	CHECK_HELD(door, "");
	check_memory(MEMORY_KB);
	CHECK_OK(close(fd));
	close(door);
	siege_end();
}

/* The same at the door that answers nothing. */
STORE_TEST(malformed_notes)
{
	static const char *const texts[] = {"",
					    "FDSTORE=1\nFDNAME=a:b\nX",
					    "FDSTOREREMOVE=1\nFDNAME=",
					    "BARRIER=1\nFDSTORE=1",
					    "\n\n\n",
					    "FDSTORE"};
	int notify, fds[MANY], fd = new_memfd("x");

	for (int i = 0; i < MANY; i++)
		fds[i] = fd;
	store_begin(NULL);
	notify = notifier();
	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
		flood(notify, texts[k], strlen(texts[k]), fds, MANY, 50);
		check_served();
	}
	barrier(notify);
	check_memory(MEMORY_KB);
	CHECK_OK(close(fd));
	CHECK_OK(close(notify));
	siege_end();
}

/* As many as this user may have, up to five thousand. */
STORE_TEST(idle_clients)
{
	enum { IDLE = 5000 };
	struct rlimit rl;
	static int socks[IDLE];
	char most[16];
	int n;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = rl.rlim_max;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	n = rl.rlim_cur > 2 * IDLE + 4096 ? IDLE : (int)(rl.rlim_cur / 4);
	snprintf(most, sizeof(most), "%d", n + 10);
	store_begin("--max-clients", most, NULL);
	for (int i = 0; i < n; i++) {
		socks[i] = client();
		if (i % 500 == 0)
			check_served();
	}
	check_served();
	CHECK_INT(status("CLIENTS"), >, n);
	/* A broker that is new has them all again, as they come. */
	kill_broker();
	check_served();
	for (int i = 0; i < n; i++) {
		CHECK_OK(close(socks[i]));
		socks[i] = client();
	}
	check_served();
	check_memory(2 * MEMORY_KB);
	for (int i = 0; i < n; i++)
		CHECK_OK(close(socks[i]));
	siege_end();
}

/* Each asks for all that is held, again and again, and reads nothing. */
STORE_TEST(clients_that_never_read)
{
	enum { SILENT = 40 };
	int door, socks[SILENT];

	store_begin(NULL);
	door = client();
	put_many(door);
	for (int i = 0; i < SILENT; i++) {
		socks[i] = client();
		flood(socks[i], "OP=get\nNAME=many", 16, NULL, 0, 400);
		check_served();
	}
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < SILENT; i++)
			flood(socks[i], "OP=list", 7, NULL, 0, 400);
		check_served();
	}
	check_memory(MEMORY_KB);
	kill_broker();
	check_served();
	for (int i = 0; i < SILENT; i++)
		CHECK_OK(close(socks[i]));
	close(door);
	siege_end();
}

/* They come, ask, and are gone before the answer. */
STORE_TEST(clients_that_do_not_wait)
{
	int door;

	store_begin(NULL);
	door = client();
	put_many(door);
	for (int i = 0; i < 2000; i++) {
		int sock = client();

		flood(sock, i % 2 ? "OP=get\nNAME=many" : "OP=take\nNAME=many", i % 2 ? 16 : 17,
		      NULL, 0, 1);
		CHECK_OK(close(sock));
		if (i % 200 == 0)
			check_served();
	}
	check_served();
	check_memory(MEMORY_KB);
	CHECK_ANSWER(door, "OP=remove\nNAME=many", "ERRNO=0\nCOUNT=253\n");
	close(door);
	siege_end();
}
