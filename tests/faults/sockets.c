/* SPDX-License-Identifier: MIT
 * sockets.c - connect, accept, pair and prepare, with each system call failing in turn. */
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

#define MANY_MS                                                                                    \
	5000 /* never reached: a wait that is bounded takes other ways than one that is not */

static const char *address; /* of the case that runs */
static int type;            /* of its sockets */
static int kept = -1;       /* what before() made and undo() closes */
static int made[2];         /* what the operation gave */
static uint32_t flags;
static int timeout_ms;

static void no_before(void)
{
}

static void drop_kept(void)
{
	if (kept >= 0)
		close(kept);
	kept = -1;
}

static void bind_kept(void)
{
	kept = plain_bound(address, type);
}

static void drop_bound(void)
{
	unlink(address);
	drop_kept();
}

/* Connect. */

static int asked_type;     /* 0: found */
static const char *target; /* what leads to address */

static int do_connect(void)
{
	return made[0] = ferry_connect(target, asked_type, flags, timeout_ms);
}

/* Reads all that is queued: how many bytes.  A connection that has come and gone is as good as none. */
static ssize_t arrived(int sock)
{
	char bytes[16];
	ssize_t sum = 0, n;
	int from =
		type == SOCK_DGRAM ? sock : accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (from < 0)
		return 0;
	while ((n = recv(from, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		sum += n;
	if (from != sock)
		close(from);
	return sum;
}

static void after_connect(int r, const struct fault_seen *seen)
{
	(void)seen;
	fcntl(kept, F_SETFL, O_RDWR | O_NONBLOCK);
	if (r >= 0) {
		CHECK(is_cloexec(r));
		CHECK_INT(fcntl(r, F_GETFL) & O_NONBLOCK, ==, 0);
		CHECK_INT(send(r, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), ==, 1);
		close(r);
		CHECK_INT(arrived(kept), ==, 1);
	}
	CHECK_INT(arrived(kept), ==, 0);
	fcntl(kept, F_SETFL, O_RDWR);
}

static void connect_each(const char *name, const char *text, int of_type, int asked)
{
	const struct fault_case c = {.name = name,
				     .before = bind_kept,
				     .op = do_connect,
				     .after = after_connect,
				     .undo = text[0] == '@' ? drop_kept : drop_bound,
				     .fewest = 8};

	address = target = text;
	type = of_type;
	asked_type = asked;
	fault_each(&c);
}

static void connect_all(int asked_stream, int asked_seqpacket, int asked_dgram)
{
	connect_each("stream", "s", SOCK_STREAM, asked_stream);
	connect_each("seqpacket", "s", SOCK_SEQPACKET, asked_seqpacket);
	connect_each("dgram", "s", SOCK_DGRAM, asked_dgram);
	connect_each("abstract", "@fdferry faults connect", SOCK_STREAM, asked_stream);
}

TEST_SECONDS(connect_to_a_type, 60)
{
	connect_all(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM);
	timeout_ms = MANY_MS;
	connect_all(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM);
	flags = FERRY_NOWAIT;
	connect_all(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM);
	flags = FERRY_EINTR;
	connect_each("eintr", "s", SOCK_STREAM, SOCK_STREAM);
}

TEST_SECONDS(connect_to_whatever_type_it_is, 60)
{
	connect_all(0, 0, 0);
	timeout_ms = MANY_MS;
	connect_all(0, 0, 0);
}

TEST_SECONDS(connect_along_links, 60)
{
	char full[300], dir[200];

	CHECK(getcwd(dir, sizeof(dir)) != NULL);
	snprintf(full, sizeof(full), "%s/s", dir);
	CHECK_OK(symlink("s", "relative"));
	CHECK_OK(symlink(full, "absolute"));
	for (int i = 0; i < 2; i++) {
		const struct fault_case c = {.name = i == 0 ? "relative" : "absolute",
					     .before = bind_kept,
					     .op = do_connect,
					     .after = after_connect,
					     .undo = drop_bound,
					     .fewest = 8};

		type = asked_type = SOCK_DGRAM;
		address = "s";
		target = c.name;
		fault_each(&c);
	}
	CHECK_OK(unlink("relative"));
	CHECK_OK(unlink("absolute"));
}

/* Accept. */

static int client = -1;

static void bind_and_call(void)
{
	bind_kept();
	client = plain_connected(address, type);
}

static int do_accept(void)
{
	return made[0] = ferry_accept(kept, flags, timeout_ms);
}

static void after_accept(int r, const struct fault_seen *seen)
{
	char byte;

	(void)seen;
	if (r >= 0) {
		CHECK(is_cloexec(r));
		CHECK_INT(send(client, "x", 1, MSG_NOSIGNAL), ==, 1);
		CHECK_INT(recv(r, &byte, 1, MSG_DONTWAIT), ==, 1);
		close(r);
	} else if (recv(client, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
		/* Not taken: it waits for who accepts next. */
		fcntl(kept, F_SETFL, O_RDWR | O_NONBLOCK);
		close(CHECK_OK(accept4(kept, NULL, NULL, SOCK_CLOEXEC)));
	}
}

static void undo_accept(void)
{
	close(client);
	drop_bound();
}

static void accept_each(int of_type)
{
	static const int also[] = {EAGAIN, EINVAL, EPROTONOSUPPORT, 0};
	const struct fault_case c = {.name = of_type == SOCK_STREAM ? "stream" : "seqpacket",
				     .before = bind_and_call,
				     .op = do_accept,
				     .after = after_accept,
				     .undo = undo_accept,
				     .also = also,
				     .fewest = 8};

	address = "s";
	type = of_type;
	fault_each(&c);
}

TEST_SECONDS(accept_a_connection, 60)
{
	accept_each(SOCK_STREAM);
	accept_each(SOCK_SEQPACKET);
	timeout_ms = MANY_MS;
	accept_each(SOCK_STREAM);
	flags = FERRY_NOWAIT;
	accept_each(SOCK_SEQPACKET);
}

/* Pair, prepare. */

static int do_pair(void)
{
	made[0] = made[1] = 7;
	return ferry_pair(made, type, 0);
}

static void after_pair(int r, const struct fault_seen *seen)
{
	char byte;

	(void)seen;
	if (r < 0) {
		CHECK_INT(made[0], ==, -1);
		CHECK_INT(made[1], ==, -1);
		return;
	}
	CHECK(made[0] > 2 && made[1] > 2 && is_cloexec(made[0]) && is_cloexec(made[1]));
	CHECK_INT(send(made[0], "x", 1, MSG_NOSIGNAL), ==, 1);
	CHECK_INT(recv(made[1], &byte, 1, MSG_DONTWAIT), ==, 1);
	close(made[0]);
	close(made[1]);
}

static void pair_each(int of_type)
{
	const struct fault_case c = {.name = "pair",
				     .before = no_before,
				     .op = do_pair,
				     .after = after_pair,
				     .undo = no_before,
				     .fewest = 10};

	type = of_type;
	fault_each(&c);
}

TEST_SECONDS(pair_of_each_type, 60)
{
	pair_each(SOCK_STREAM);
	pair_each(SOCK_DGRAM);
	pair_each(SOCK_SEQPACKET);
}

TEST_SECONDS(pair_where_standard_input_is_closed, 60)
{
	int input = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 20));

	close(0);
	pair_each(SOCK_STREAM);
	CHECK_OK(dup2(input, 0));
	close(input);
}

static void make_kept(void)
{
	kept = CHECK_OK(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

static int do_prepare(void)
{
	return ferry_prepare(kept, 0);
}

static void after_prepare(int r, const struct fault_seen *seen)
{
	(void)seen;
	if (r >= 0)
		CHECK_INT(r, ==, type);
}

TEST_SECONDS(prepare_each_type, 60)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	const struct fault_case c = {.name = "prepare",
				     .before = make_kept,
				     .op = do_prepare,
				     .after = after_prepare,
				     .undo = drop_kept,
				     .fewest = 5};

	for (size_t i = 0; i < 3; i++) {
		type = types[i];
		fault_each(&c);
	}
}
