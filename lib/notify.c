/* SPDX-License-Identifier: MIT
 * notify.c - what a service says to its manager, and gives it to keep: NOTIFY_SOCKET. */
#include "../wire/lines.h"
#include "fdferry/service.h"
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_FLAGS ((uint32_t)(FERRY_NOWAIT | FERRY_EINTR))

static int refuse(struct ferry_note *n, int err, const char *why)
{
	n->why = why;
	return err;
}

/* The address to tell: 1, 0 if there is none, or -errno. */
static int address(const char **why, const char **ret)
{
	*ret = getenv("NOTIFY_SOCKET");
	if (*ret == NULL)
		return 0;
	if ((*ret)[0] == '/' || (*ret)[0] == '@')
		return 1;
	if (strncmp(*ret, "vsock", strlen("vsock")) == 0) {
		*why = "NOTIFY_SOCKET is of another machine, and descriptors are not";
		return -EPROTONOSUPPORT;
	}
	*why = "NOTIFY_SOCKET is neither a whole path nor @name";
	return -EINVAL;
}

static int put(struct ferry_note *n, struct fy_lines_out *out, const struct fy_line *line)
{
	int err = fy_lines_put(out, line);

	if (err == -EMSGSIZE)
		return refuse(n, err, "more than 4096 bytes, which the manager would ignore");
	return err < 0 ? refuse(n, err, "a line that is not KEY=VALUE") : 0;
}

static int put_text(struct ferry_note *n, struct fy_lines_out *out, const char *key,
		    const char *value)
{
	const struct fy_line line = {.key = key,
				     .key_len = strlen(key),
				     .value = value,
				     .value_len = strlen(value)};

	return put(n, out, &line);
}

/* A barrier among other lines, or a descriptor that is not announced, makes the manager drop it all. */
static bool has_a_field(const struct fy_line *line)
{
	static const char *const keys[] = {"FDSTORE", "FDSTOREREMOVE", "FDNAME",
					   "FDPOLL",  "BARRIER",       "MAINPIDFD"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (fy_line_is(line, keys[i]))
			return true;
	return false;
}

static int put_lines(struct ferry_note *n, struct fy_lines_out *out)
{
	struct fy_lines lines;
	struct fy_line line;
	int err;

	if (n->lines == NULL)
		return 0;
	if (fy_lines_begin(&lines, n->lines, strlen(n->lines)) < 0)
		return refuse(n, -EMSGSIZE, "more than 4096 bytes, which the manager would ignore");
	while (fy_lines_next(&lines, &line)) {
		if (has_a_field(&line))
			return refuse(n, -EINVAL,
				      "a line that speaks of descriptors: there are fields for it");
		err = put(n, out, &line);
		if (err < 0)
			return err;
	}
	return 0;
}

/* The lines of one message, with or without those of the caller. */
static int compose(struct ferry_note *n, struct fy_lines_out *out, bool last)
{
	int err = 0;

	out->len = 0;
	if ((n->flags & FERRY_REMOVE) != 0)
		err = put_text(n, out, "FDSTOREREMOVE", "1");
	else if (n->nfds > 0)
		err = put_text(n, out, "FDSTORE", "1");
	if (err == 0 && n->name != NULL)
		err = put_text(n, out, "FDNAME", n->name);
	if (err == 0 && (n->flags & FERRY_NO_POLL) != 0)
		err = put_text(n, out, "FDPOLL", "0");
	return err == 0 && last ? put_lines(n, out) : err;
}

static int check(struct ferry_note *n, size_t size)
{
	const uint32_t store_flags = FERRY_NO_POLL | FERRY_REMOVE;
	int err = fy_check_size(n, size, sizeof(*n));

	if (err < 0)
		return err;
	n->why = NULL;
	n->sent = 0;
	if ((n->flags & ~(WAIT_FLAGS | store_flags)) != 0)
		return refuse(n, -EINVAL, "a flag that this call does not have");
	if (n->timeout_ms < 0)
		return refuse(n, -EINVAL, "timeout_ms is negative: 0 waits for ever");
	if (n->nfds > 0 && n->fds == NULL)
		return refuse(n, -EINVAL, "fds is NULL");
	if (n->name != NULL && !fy_name_is_valid(n->name, strlen(n->name)))
		return refuse(n, -EINVAL,
			      "a name is at most 255 ASCII characters without control characters "
			      "and ':'");
	/* The manager would remove, and close what came. */
	if ((n->flags & FERRY_REMOVE) != 0 && (n->nfds > 0 || n->name == NULL))
		return refuse(n, -EINVAL, "FERRY_REMOVE is about a name, and takes no descriptors");
	if (n->nfds == 0 && (n->flags & FERRY_REMOVE) == 0 &&
	    (n->name != NULL || (n->flags & FERRY_NO_POLL) != 0))
		return refuse(n, -EINVAL, "name and FERRY_NO_POLL are about descriptors");
	return 0;
}

static int send_one(int sock, struct ferry_note *n, const struct fy_lines_out *out, size_t nfds,
		    struct fy_wait *w)
{
	struct iovec iov = {.iov_base = (char *)out->bytes, .iov_len = out->len};
	struct ferry_msg msg = {.iov = &iov,
				.iovlen = 1,
				.fds = nfds > 0 ? (int *)n->fds + n->sent : NULL,
				.nfds = nfds,
				.flags = n->flags & WAIT_FLAGS};
	int err = fy_wait_ms(w, n->flags, n->timeout_ms, &msg.timeout_ms);

	if (err == 0)
		err = ferry_send(sock, &msg, sizeof(msg));
	if (err < 0)
		return refuse(n, err, msg.why);
	n->sent += nfds;
	return 0;
}

/* All messages through one socket, connected: poll(2) then tells when there is room.  The lines are in
 * the last, so that READY=1 does not come before what it promises. */
static int send_all(struct ferry_note *n, struct fy_lines_out *out, const char *to)
{
	int err, sock = ferry_connect(to, SOCK_DGRAM, n->flags & WAIT_FLAGS, n->timeout_ms);
	struct fy_wait w = {0};

	if (sock < 0)
		return sock;
	do {
		size_t nfds = n->nfds - n->sent;
		bool last = nfds <= FERRY_MAX_FDS;

		err = compose(n, out, last);
		if (err == 0)
			err = send_one(sock, n, out, last ? nfds : FERRY_MAX_FDS, &w);
	} while (err == 0 && n->sent < n->nfds);
	close(sock);
	return err;
}

int ferry_notify(struct ferry_note *note, size_t size)
{
	struct fy_lines_out out;
	const char *to = NULL;
	int err = check(note, size);

	/* Before anything is sent, and also where nobody listens: a mistake shows wherever it runs. */
	if (err == 0)
		err = compose(note, &out, true);
	if (err == 0 && out.len == 0)
		err = refuse(note, -EINVAL, "there is nothing to say");
	if (err == 0)
		err = address(&note->why, &to);
	if (err <= 0)
		return err < 0 ? fy_fail(err) : 0;
	err = send_all(note, &out, to);
	return err < 0 ? fy_fail(err) : 1;
}

static int send_barrier(const char *to, int end, struct fy_wait *w, uint32_t flags, int timeout_ms)
{
	static const char line[] = "BARRIER=1";
	struct iovec iov = {.iov_base = (char *)line, .iov_len = strlen(line)};
	struct ferry_msg msg = {.iov = &iov, .iovlen = 1, .fds = &end, .nfds = 1, .flags = flags};
	int sock, err = fy_wait_ms(w, flags, timeout_ms, &msg.timeout_ms);

	if (err < 0)
		return err;
	sock = ferry_connect(to, SOCK_DGRAM, flags, timeout_ms);
	if (sock < 0)
		return sock;
	err = ferry_send(sock, &msg, sizeof(msg));
	close(sock);
	return err;
}

int ferry_notify_barrier(int timeout_ms, uint32_t flags)
{
	struct fy_wait w = {0};
	const char *to, *why;
	int ends[2], err;

	if ((flags & ~(uint32_t)FERRY_EINTR) != 0 || timeout_ms < 0)
		return fy_fail(EINVAL);
	err = address(&why, &to);
	if (err <= 0)
		return err < 0 ? fy_fail(err) : 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fy_fail(errno);
	err = 0;
	for (int i = 0; i < 2; i++) {
		ends[i] = fy_high(ends[i]);
		if (ends[i] < 0)
			err = ends[i];
	}
	if (err == 0)
		err = send_barrier(to, ends[1], &w, flags, timeout_ms);
	ferry_close_all(&ends[1], 1);
	/* Nobody holds the other end any more: no event but the hang-up is asked for. */
	if (err == 0)
		err = fy_wait(&w, ends[0], 0, flags, timeout_ms);
	ferry_close_all(&ends[0], 1);
	return err < 0 ? fy_fail(err) : 1;
}
