/* SPDX-License-Identifier: MIT
 * target.c - a live socket whose other end sends anything: what ferry_recv gives is what was sent, in
 * its order, and nothing is left open.
 *
 * The input is a program: the type of the socket, and then for each message its length, its control
 * data and how it is to be received. */
#include "../fuzz.h"
#include "fdferry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define POOL 8
#define MOST_MESSAGES 6 /* of one input; a queue has room for ten */
#define MOST_DUE 4000

static int pool[POOL];
static ino_t inodes[POOL];

struct input {
	const uint8_t *data;
	size_t left;
};

/* What has been sent and not been received: one entry for each message that sendmsg has taken. */
struct due {
	size_t len, n;
	uint8_t which[256];
};

static uint8_t byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static void open_pool(void)
{
	struct stat st;

	for (size_t i = 0; i < POOL; i++) {
		pool[i] = memfd_create("pool", MFD_CLOEXEC);
		REQUIRE(pool[i] >= 0 && fstat(pool[i], &st) == 0);
		inodes[i] = st.st_ino;
	}
}

static int first_free(void)
{
	int probe = fcntl(pool[0], F_DUPFD_CLOEXEC, 0);

	close(probe);
	return probe;
}

/* Several control messages, of which some are no SCM_RIGHTS, not ours, too short or too long. */
static size_t make_control(struct input *in, unsigned char *control, size_t size, struct due *due)
{
	size_t at = 0, count = byte(in) % 4;

	memset(control, 0, size);
	due->n = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t how = byte(in);
		size_t n = byte(in) % 64, len = CMSG_LEN(n * sizeof(int));
		struct cmsghdr *c = (struct cmsghdr *)(void *)(control + at);

		if (at + CMSG_SPACE(n * sizeof(int)) > size)
			break;
		c->cmsg_level = how % 16 == 1 ? SOL_SOCKET + 1 : SOL_SOCKET;
		c->cmsg_type = how % 16 == 2   ? SCM_CREDENTIALS
			       : how % 16 == 3 ? byte(in)
					       : SCM_RIGHTS;
		if (how % 16 == 4)
			len += byte(in) % 4; /* a part of a number */
		if (how % 16 == 5)
			len = byte(in); /* anything */
		c->cmsg_len = len;
		for (size_t k = 0; k < n; k++) {
			uint8_t which = byte(in) % POOL;
			int fd = how % 16 == 6 ? (int)which - 20 : pool[which];

			memcpy(CMSG_DATA(c) + k * sizeof(int), &fd, sizeof(fd));
			/* The kernel takes as many whole numbers as the length says. */
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
			    len >= CMSG_LEN((k + 1) * sizeof(int)) && due->n < sizeof(due->which))
				due->which[due->n++] = which;
		}
		at += CMSG_SPACE(n * sizeof(int));
	}
	return at;
}

static int send_one(struct input *in, int sock, struct due *due)
{
	static unsigned char data[4096];
	union {
		struct cmsghdr align;
		unsigned char bytes[2048];
	} control;
	struct iovec iov = {.iov_base = data};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	due->len = iov.iov_len = (size_t)byte(in) << (byte(in) % 5);
	h.msg_controllen = make_control(in, control.bytes, sizeof(control), due);
	h.msg_control = h.msg_controllen > 0 ? &control : NULL;
	return sendmsg(sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void check_given(const struct ferry_msg *msg, const struct due *due)
{
	struct stat st;

	REQUIRE(msg->nfds == due->n && msg->len == due->len);
	for (size_t i = 0; i < msg->nfds; i++) {
		REQUIRE(fstat(msg->fds[i], &st) == 0 && st.st_ino == inodes[due->which[i]]);
		REQUIRE((fcntl(msg->fds[i], F_GETFD) & FD_CLOEXEC) != 0);
	}
}

/* due is NULL on a stream, where messages flow together: what comes is then only counted. */
static int receive_one(struct input *in, int sock, const struct due *due)
{
	static char data[4096];
	int fds[FERRY_MAX_FDS], r, before = first_free();
	uint8_t how = byte(in);
	struct iovec iov = {.iov_base = data, .iov_len = how % 4 == 0 ? byte(in) : sizeof(data)};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = fds,
				.max_fds = how % 8 == 1 ? byte(in) % FERRY_MAX_FDS : FERRY_MAX_FDS,
				.flags = FERRY_NOWAIT | (how % 16 < 4 ? FERRY_ROOM_FIRST : 0)};

	if (due == NULL && iov.iov_len == 0)
		iov.iov_len = 1;
	if (how % 32 == 2)
		msg.min_fds = 1;
	r = ferry_recv(sock, &msg, sizeof(msg));
	REQUIRE((r == 1) == (msg.why == NULL) || r == 0 || r == -EAGAIN);
	for (size_t i = msg.nfds; i < msg.max_fds; i++)
		REQUIRE(fds[i] == -1);
	if (due != NULL && due->n > msg.max_fds)
		REQUIRE(r == -EMSGSIZE);
	else if (due != NULL && due->len > iov.iov_len)
		REQUIRE(r == -EMSGSIZE);
	else if (due != NULL)
		REQUIRE(r == (due->n < msg.min_fds ? -ENOMSG : 1));
	if (r == 1 && due != NULL)
		check_given(&msg, due);
	REQUIRE(r == 1 || msg.nfds == 0);
	ferry_close_all(fds, msg.max_fds);
	REQUIRE(first_free() == before);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	struct input in = {.data = data, .left = size};
	static struct due due[MOST_MESSAGES];
	size_t sent = 0;
	int ends[2], type, before;

	if (pool[0] == 0)
		open_pool();
	before = first_free();
	type = types[byte(&in) % 3];
	REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
	REQUIRE(ferry_prepare(ends[0], 0) == type);
	for (size_t i = 0; i < MOST_MESSAGES && in.left > 0; i++)
		sent += send_one(&in, ends[1], &due[sent]) == 0;
	close(ends[1]);
	if (type == SOCK_STREAM)
		for (int i = 0; i < MOST_DUE && receive_one(&in, ends[0], NULL) != 0; i++)
			;
	else
		for (size_t i = 0; i < sent; i++)
			receive_one(&in, ends[0], &due[i]);
	close(ends[0]);
	REQUIRE(first_free() == before);
	return 0;
}
