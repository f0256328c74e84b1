/* SPDX-License-Identifier: MIT
 * wrong_descriptor.c - a campaign: each message brings its own descriptors or an error, whatever the
 * receiver's limits are at the moment.
 *
 * Sender and receiver draw the same plan for message N from the seed, so that the receiver knows which
 * descriptors are due, and which error if it has taken away the room for them.
 * FERRY_MESSAGES=N and FERRY_SEED=N choose another campaign; "make wrong-descriptor" runs a long one. */
#include "fdferry.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

#define POOL 300            /* descriptors that can be told apart */
#define MOST_DATA 60000     /* of one message: less than a socket takes by default */
#define NO_LIMIT UINT32_MAX /* free numbers are as many as they are */

struct head {
	uint32_t number, start, nfds, len;
};

struct plan {
	struct head head; /* what is sent: pool[start], pool[start + 1], ... */
	/* what is done to the receiver */
	uint32_t free;    /* numbers that it has, or NO_LIMIT */
	uint32_t max_fds; /* slots that it gives */
	uint32_t room;    /* bytes that it gives */
	bool room_first, pidfd, nowait;
};

static struct {
	ino_t inodes[POOL];
} * shared;
static uint64_t seed;
static uint32_t messages;
static int type;
static int lowest;         /* the first free number of the receiver */
static rlim_t limits[300]; /* limits[n]: with it, n numbers are free */
static struct rlimit unlimited;
static unsigned errors, delivered, descriptors;

static uint32_t draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(((*state >> 33) * below) >> 31);
}

static struct plan plan_of(uint32_t number)
{
	uint64_t state = seed ^ ((uint64_t)number << 20) ^ (uint64_t)type;
	struct plan p = {.head = {.number = number}, .free = NO_LIMIT};
	uint32_t kind;

	for (int i = 0; i < 4; i++)
		draw(&state, 2);
	kind = draw(&state, 100);
	p.head.nfds = kind < 15   ? 0
		      : kind < 80 ? 1 + draw(&state, 4)
		      : kind < 98 ? draw(&state, 40)
				  : draw(&state, 254);
	p.head.start = draw(&state, POOL);
	kind = draw(&state, 100);
	p.head.len = (uint32_t)sizeof(struct head) +
		     (kind < 90 ? draw(&state, 64) : draw(&state, kind < 99 ? 4096 : MOST_DATA));
	if (draw(&state, 4) == 0)
		p.free = draw(&state, p.head.nfds < 20 ? 2 * p.head.nfds + 3 : 256);
	p.max_fds = draw(&state, 6) == 0 ? draw(&state, p.head.nfds + 1) : FERRY_MAX_FDS;
	if (draw(&state, 3) == 0 && p.max_fds > p.head.nfds)
		p.max_fds = p.head.nfds;
	p.room = draw(&state, 10) == 0 ? draw(&state, p.head.len) : MOST_DATA + 5000;
	p.room_first = draw(&state, 4) == 0;
	p.pidfd = draw(&state, 8) == 0;
	p.nowait = draw(&state, 8) == 0;
	return p;
}

static void fill(unsigned char *data, const struct head *head)
{
	memcpy(data, head, sizeof(*head));
	for (uint32_t i = sizeof(*head); i < head->len; i++)
		data[i] = (unsigned char)(head->number * 31 + i);
}

static void sender(void *arg)
{
	static unsigned char data[MOST_DATA + 5000];
	int pool[POOL], sock = *(int *)arg;
	struct stat st;

	for (size_t i = 0; i < POOL; i++) {
		pool[i] = CHECK_OK(memfd_create("due", MFD_CLOEXEC));
		CHECK_OK(fstat(pool[i], &st));
		shared->inodes[i] = st.st_ino;
	}
	for (uint32_t n = 0; n < messages; n++) {
		const struct plan p = plan_of(n);
		struct iovec iov = {.iov_base = data, .iov_len = p.head.len};
		int fds[FERRY_MAX_FDS];
		struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = fds, .nfds = p.head.nfds};

		for (uint32_t i = 0; i < p.head.nfds; i++)
			fds[i] = pool[(p.head.start + i) % POOL];
		fill(data, &p.head);
		CHECK_OK(ferry_send(sock, &msg, sizeof(msg)));
		CHECK_INT(msg.len, ==, p.head.len);
	}
}

/* With which limit are so many numbers free?  Asked of the table, once: what leaks changes it. */
static void measure(void)
{
	size_t n = 0;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &unlimited));
	for (int number = 0; n < sizeof(limits) / sizeof(*limits); number++)
		if (fcntl(number, F_GETFD) < 0) {
			if (n == 0)
				lowest = number;
			limits[n++] = (rlim_t)number;
		}
}

static void set_limit(uint32_t free)
{
	struct rlimit rl = unlimited;

	if (free != NO_LIMIT)
		rl.rlim_cur = limits[free];
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
}

static void check_nothing_left(uint32_t number)
{
	int probe = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 0));

	close(probe);
	if (probe != lowest)
		FAIL("message %u: something was left open or closed: the first free number is %d, "
		     "was %d",
		     number, probe, lowest);
}

static void check_due(const struct plan *p, const int *fds, size_t n)
{
	struct stat st;

	CHECK_INT(n, ==, p->head.nfds);
	for (uint32_t i = 0; i < n; i++) {
		CHECK_INT(fds[i], >, 2);
		CHECK_OK(fstat(fds[i], &st));
		if (st.st_ino != shared->inodes[(p->head.start + i) % POOL])
			FAIL("message %u: descriptor %u of %zu is not its own", p->head.number, i,
			     n);
	}
}

/* What the documentation says: what is lost comes before what is too much. */
static int expected(const struct plan *p)
{
	if (p->head.nfds > p->free)
		return -EMFILE;
	if (type != SOCK_STREAM && p->head.len > p->room)
		return -EMSGSIZE;
	return p->head.nfds > p->max_fds ? -EMSGSIZE : 1;
}

static void check_result(struct plan *p, int r, const struct ferry_msg *msg)
{
	int due = expected(p);

	if (r != due)
		FAIL("message %u with %u descriptors: %d instead of %d (%s); %u free, max_fds %u",
		     p->head.number, p->head.nfds, r, due,
		     msg->why != NULL ? msg->why : "no reason", p->free, p->max_fds);
	if (r > 0) {
		check_due(p, msg->fds, msg->nfds);
		delivered++;
		descriptors += (unsigned)msg->nfds;
		ferry_close_all(msg->fds, msg->nfds);
	} else {
		errors++;
		CHECK_INT(msg->nfds, ==, 0);
		for (size_t i = 0; i < msg->max_fds; i++)
			CHECK_INT(msg->fds[i], ==, -1);
	}
}

/* Receives once, or again where nothing was read: the faults that lead to that are taken back. */
static int receive(int sock, struct plan *p, struct ferry_msg *msg)
{
	msg->max_fds = p->max_fds;
	msg->flags = p->room_first ? FERRY_ROOM_FIRST : 0;
	for (;;) {
		bool refused = p->room_first && p->free != NO_LIMIT && p->free < p->max_fds;
		int r;

		set_limit(p->free);
		if (p->nowait)
			msg->flags |= FERRY_NOWAIT;
		else
			msg->flags &= ~(uint32_t)FERRY_NOWAIT;
		r = ferry_recv(sock, msg, sizeof(*msg));
		set_limit(NO_LIMIT);
		if (refused)
			CHECK_INT(r, ==, -ENOSPC);
		if (p->nowait && r == -EAGAIN) {
			p->nowait = false;
		} else if (refused) {
			p->free = NO_LIMIT;
			errors++;
		} else {
			return r;
		}
		CHECK_INT(msg->nfds, ==, 0);
		CHECK_INT(msg->len, ==, 0);
		check_nothing_left(p->head.number);
	}
}

/* On a stream what is read never crosses the end of a message: the descriptors come with its first
 * byte, and no other call brings any. */
static void rest_of_stream(int sock, const struct plan *p, unsigned char *data, size_t have)
{
	while (have < p->head.len) {
		struct iovec iov = {.iov_base = data + have, .iov_len = p->head.len - have};
		struct ferry_msg msg = {.iov = &iov, .iovlen = 1};

		CHECK_INT(ferry_recv(sock, &msg, sizeof(msg)), ==, 1);
		CHECK_INT(msg.len, >, 0);
		have += msg.len;
	}
}

static void receive_all(int sock)
{
	static unsigned char data[MOST_DATA + 5000], due[MOST_DATA + 5000];
	int fds[FERRY_MAX_FDS];

	for (uint32_t n = 0; n < messages; n++) {
		struct plan p = plan_of(n);
		struct iovec iov = {.iov_base = data, .iov_len = p.room};
		struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = fds};
		size_t have;
		int r, pidfd = p.pidfd;

		if (type == SOCK_STREAM && (iov.iov_len > p.head.len || iov.iov_len == 0))
			iov.iov_len = p.head.len;
		/* Older kernels do not know it; then there is nothing to try. */
		setsockopt(sock, SOL_SOCKET, SO_PASSPIDFD, &pidfd, sizeof(pidfd));
		r = receive(sock, &p, &msg);
		have = msg.len;
		check_result(&p, r, &msg);
		check_nothing_left(n);
		if (type == SOCK_STREAM)
			rest_of_stream(sock, &p, data, have);
		fill(due, &p.head);
		CHECK_MEM(data, due,
			  p.room < p.head.len && type != SOCK_STREAM ? p.room : p.head.len);
		check_nothing_left(n);
	}
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10) : otherwise;
}

static void campaign(int of_type)
{
	int bound, sock, sending;
	struct fd_table *fds = remember_fds();
	pid_t pid;

	type = of_type;
	seed = from_environment("FERRY_SEED", (uint64_t)time(NULL));
	messages = (uint32_t)from_environment("FERRY_MESSAGES", 20000);
	NOTE("FERRY_SEED=%llu FERRY_MESSAGES=%u", (unsigned long long)seed, messages);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	bound = CHECK_OK(ferry_bind("s", type, 0600, 0));
	sending = CHECK_OK(ferry_connect("s", type, 0, 0));
	sock = type == SOCK_DGRAM ? bound : CHECK_OK(ferry_accept(bound, 0, 0));
	pid = in_child(sender, &sending);
	close(sending);
	measure();
	receive_all(sock);
	join_child(pid);
	CHECK_OK(ferry_unbind(bound, "s"));
	if (sock != bound)
		close(sock);
	close(bound);
	CHECK_FDS(fds);
	CHECK(errors > messages / 20 && delivered > messages / 4);
	NOTE("%u messages delivered with %u descriptors, %u refused as they must be", delivered,
	     descriptors, errors);
}

TEST_SECONDS(datagrams_bring_their_own, 60)
{
	campaign(SOCK_DGRAM);
}

TEST_SECONDS(packets_bring_their_own, 60)
{
	campaign(SOCK_SEQPACKET);
}

TEST_SECONDS(a_stream_brings_its_own, 60)
{
	campaign(SOCK_STREAM);
}
