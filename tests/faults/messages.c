/* SPDX-License-Identifier: MIT
 * messages.c - sending and receiving, with each system call failing in turn: what did not succeed has
 * not arrived, what did has arrived once, with its own descriptors. */
#include "fdferry.h"
#include "harness.h"
#include "wrap/inject.h"
#include "wrap/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define ROOM 4096

static int type;
static int near, far;  /* the library's end, and ours */
static int pool[POOL]; /* what is sent, in turns */
static int sent_fds[FERRY_MAX_FDS];
static int got_fds[FERRY_MAX_FDS];
static char data[ROOM], got[ROOM];
static size_t nfds, max_fds, min_fds, len;
static const char *to;
static uint32_t flags;
static bool low, ended, last;
static int input = -1; /* standard input, while its number is free */
static struct ferry_msg msg;
static struct iovec iov;

static void open_pool(void)
{
	for (size_t i = 0; i < POOL; i++)
		pool[i] = CHECK_OK(memfd_create("pool", MFD_CLOEXEC));
	for (size_t i = 0; i < FERRY_MAX_FDS; i++)
		sent_fds[i] = pool[i % POOL];
}

static void close_pool(void)
{
	for (size_t i = 0; i < POOL; i++)
		close(pool[i]);
}

static void make_ends(void)
{
	int ends[2];

	CHECK_OK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
	near = ends[0];
	far = ends[1];
	CHECK_OK(ferry_prepare(near, 0));
}

static void close_ends(void)
{
	close(near);
	close(far);
}

/* Send. */

static void before_send(void)
{
	if (to != NULL) {
		near = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		far = plain_bound(to, SOCK_DGRAM);
	} else {
		make_ends();
	}
	iov = (struct iovec){.iov_base = data, .iov_len = len};
	msg = (struct ferry_msg){
		.iov = &iov, .iovlen = 1, .fds = sent_fds, .nfds = nfds, .to = to, .flags = flags};
}

static int do_send(void)
{
	return ferry_send(near, &msg, sizeof(msg));
}

static void after_send(int r, const struct fault_seen *seen)
{
	struct queue q;

	(void)seen;
	if (r < 0 && msg.len > 0) {
		/* A part has left, and with it all descriptors: the rest goes without them. */
		CHECK_INT(type, ==, SOCK_STREAM);
		msg.resume = msg.len;
		CHECK_OK(ferry_send(near, &msg, sizeof(msg)));
		r = 0;
	}
	q = drain(far, type, pool);
	CHECK(!q.wrong);
	CHECK_INT(q.bytes, ==, r < 0 ? 0 : len);
	CHECK_INT(q.n, ==, r < 0 ? 0 : nfds);
	CHECK_INT(msg.len, ==, r < 0 ? 0 : len);
	if (type != SOCK_STREAM)
		CHECK_INT(q.messages, ==, r < 0 ? 0 : 1);
}

static void undo_send(void)
{
	if (to != NULL)
		unlink(to);
	close_ends();
}

static void send_each(const char *name, int of_type, size_t n, size_t bytes)
{
	const struct fault_case c = {.name = name,
				     .before = before_send,
				     .op = do_send,
				     .after = after_send,
				     .undo = undo_send,
				     .fewest = 1};

	type = of_type;
	nfds = n;
	len = bytes;
	fault_each(&c);
}

TEST_SECONDS(send, 60)
{
	open_pool();
	for (int i = 0; i < 2; i++) {
		flags = i == 0 ? 0 : FERRY_NOWAIT;
		send_each("dgram", SOCK_DGRAM, 1, 5);
		send_each("dgram without data", SOCK_DGRAM, 1, 0);
		send_each("stream", SOCK_STREAM, 1, 5);
		send_each("seqpacket", SOCK_SEQPACKET, 1, 5);
		send_each("253 by dgram", SOCK_DGRAM, FERRY_MAX_FDS, 5);
		send_each("253 by stream", SOCK_STREAM, FERRY_MAX_FDS, 5);
	}
	close_pool();
}

TEST_SECONDS(send_to_a_path_or_a_name, 60)
{
	open_pool();
	to = "s";
	send_each("path", SOCK_DGRAM, 2, 5);
	to = "@fdferry faults send";
	send_each("abstract", SOCK_DGRAM, 2, 5);
	close_pool();
}

TEST_SECONDS(send_a_stream_in_parts, 60)
{
	open_pool();
	fault_cut_sends(2);
	send_each("five parts", SOCK_STREAM, 3, 10);
	flags = FERRY_NOWAIT;
	send_each("five parts", SOCK_STREAM, 3, 10);
	close_pool();
}

/* Receive. */

static void send_plain(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(sent_fds))];
	} control = {0};
	struct iovec v = {.iov_base = data, .iov_len = len};
	struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1};

	if (nfds > 0) {
		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), sent_fds, nfds * sizeof(int));
	}
	CHECK_INT(sendmsg(far, &h, 0), ==, len);
}

static void before_recv(void)
{
	make_ends();
	if (ended) {
		close(far);
		far = -1;
	} else {
		send_plain();
	}
	if (last) {
		close(far);
		far = -1;
	}
	if (low) {
		input = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 20));
		close(0);
	}
	iov = (struct iovec){.iov_base = got, .iov_len = sizeof(got)};
	msg = (struct ferry_msg){.iov = &iov,
				 .iovlen = 1,
				 .fds = got_fds,
				 .max_fds = max_fds,
				 .min_fds = min_fds,
				 .flags = flags};
}

static int do_recv(void)
{
	return ferry_recv(near, &msg, sizeof(msg));
}

static void check_queue(int r)
{
	bool consumed = r >= 0 || r == -EMSGSIZE || r == -EMFILE || r == -EBADMSG || r == -ENOMSG;
	struct queue q = drain(near, type, pool);

	CHECK(!q.wrong);
	CHECK_INT(q.messages, ==, consumed || ended ? 0 : 1);
	CHECK_INT(q.n, ==, consumed || ended ? 0 : nfds);
}

static void after_recv(int r, const struct fault_seen *seen)
{
	(void)seen;
	if (r < 0 || ended) {
		CHECK_INT(msg.nfds, ==, 0);
		for (size_t i = 0; i < max_fds; i++)
			CHECK_INT(got_fds[i], ==, -1);
	}
	if (r >= 0) {
		struct queue q = {0};

		CHECK_INT(r, ==, ended ? 0 : 1);
		CHECK_INT(msg.nfds, ==, ended ? 0 : nfds);
		CHECK_INT(msg.len, ==, ended ? 0 : len);
		CHECK(msg.why == NULL);
		for (size_t i = 0; i < msg.nfds; i++) {
			CHECK_INT(got_fds[i], >, 2);
			CHECK(is_cloexec(got_fds[i]));
			queue_look(&q, got_fds[i], pool);
		}
		CHECK(!q.wrong);
	}
	check_queue(r);
}

static void undo_recv(void)
{
	if (low) {
		CHECK_OK(dup2(input, 0));
		close(input);
	}
	close(near);
	if (far >= 0)
		close(far);
}

/* A number that cannot be had is EMFILE, whatever fcntl(2) calls it. */
static const int recv_also[] = {EMFILE, ENOSPC, 0};

static void recv_each(const char *name, int of_type, size_t n, int expected)
{
	const struct fault_case c = {.name = name,
				     .before = before_recv,
				     .op = do_recv,
				     .after = after_recv,
				     .undo = undo_recv,
				     .also = recv_also,
				     .expected = expected,
				     .fewest = 1};

	type = of_type;
	nfds = n;
	len = 5;
	fault_each(&c);
}

static void recv_all(void)
{
	recv_each("dgram", SOCK_DGRAM, 1, 1);
	recv_each("stream", SOCK_STREAM, 1, 1);
	recv_each("seqpacket", SOCK_SEQPACKET, 1, 1);
	recv_each("253", SOCK_SEQPACKET, FERRY_MAX_FDS, 1);
}

TEST_SECONDS(receive, 60)
{
	open_pool();
	max_fds = FERRY_MAX_FDS;
	recv_all();
	flags = FERRY_NOWAIT;
	recv_all();
	flags = FERRY_ROOM_FIRST;
	recv_all();
	limit_fds(300); /* so that room is looked for by trying */
	recv_each("room by trying", SOCK_DGRAM, 2, 1);
	close_pool();
}

TEST_SECONDS(receive_where_standard_input_is_closed, 60)
{
	open_pool();
	low = true;
	max_fds = 3;
	recv_each("dgram", SOCK_DGRAM, 3, 1);
	recv_each("stream", SOCK_STREAM, 1, 1);
	close_pool();
}

TEST_SECONDS(receive_what_is_refused, 60)
{
	open_pool();
	max_fds = 1;
	recv_each("too many", SOCK_DGRAM, 3, -EMSGSIZE);
	recv_each("too many by stream", SOCK_STREAM, 3, -EMSGSIZE);
	low = true;
	recv_each("too many, low", SOCK_DGRAM, 3, -EMSGSIZE);
	low = false;
	min_fds = 1;
	recv_each("none", SOCK_SEQPACKET, 0, -ENOMSG);
	close_pool();
}

/* The other end has gone, and its message is still there: no answer but the message, or an error that
 * leaves it there. */
TEST_SECONDS(receive_the_last_message, 60)
{
	open_pool();
	last = true;
	max_fds = 2;
	for (int i = 0; i < 2; i++) {
		flags = i == 0 ? FERRY_NOWAIT : 0;
		recv_each("dgram", SOCK_DGRAM, 2, 1);
		recv_each("stream", SOCK_STREAM, 2, 1);
		recv_each("seqpacket", SOCK_SEQPACKET, 2, 1);
	}
	close_pool();
}

TEST_SECONDS(receive_the_end_of_file, 60)
{
	ended = true;
	max_fds = 1;
	recv_each("stream", SOCK_STREAM, 0, 0);
	recv_each("seqpacket", SOCK_SEQPACKET, 0, 0);
}

/* One descriptor. */

static int do_send_fd(void)
{
	int r = ferry_send_fd(near, sent_fds[0]);

	msg.len = r < 0 ? 0 : 1;
	return r;
}

static int do_recv_fd(void)
{
	int r = ferry_recv_fd(near);

	got_fds[0] = r < 0 ? -1 : r;
	msg.nfds = r < 0 ? 0 : 1;
	msg.len = r < 0 ? 0 : 1;
	return r;
}

static void after_recv_fd(int r, const struct fault_seen *seen)
{
	after_recv(r < 0 ? r : 1, seen);
}

TEST_SECONDS(one_descriptor, 60)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	open_pool();
	nfds = len = max_fds = 1;
	for (size_t i = 0; i < 6; i++) {
		const struct fault_case c = {.name = i < 3 ? "send_fd" : "recv_fd",
					     .before = i < 3 ? before_send : before_recv,
					     .op = i < 3 ? do_send_fd : do_recv_fd,
					     .after = i < 3 ? after_send : after_recv_fd,
					     .undo = i < 3 ? undo_send : undo_recv,
					     .also = recv_also,
					     .fewest = 1};

		type = types[i % 3];
		low = i > 3;
		fault_each(&c);
	}
	close_pool();
}
