/* SPDX-License-Identifier: MIT
 * send.c - fdferry send, process B: opens what is asked for and sends the descriptors. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 20     /* between two looks whether the receiver has appeared */
#define FINISH_MS 10000 /* without --wait: for --confirm, and for a message that has begun */

struct send {
	const char *socket;
	const char *data;
	int type;
	bool confirm;
	bool waits; /* --wait is there */
	int wait_ms;
	int64_t end_ms; /* of CLOCK_MONOTONIC */
	char **what;
	int fds[FERRY_MAX_FDS];
	size_t nfds;
	bool gone; /* the descriptors have left: a file that was made for one stays */
};

/* What is left of --wait, as the library wants it: it takes 0 for "for ever". */
static int left_ms(const struct send *s)
{
	int64_t left = s->end_ms - now_ms();

	return left > 0 ? (int)left : 0;
}

static uint32_t nowait_flag(int left)
{
	return left > 0 ? 0 : FERRY_NOWAIT;
}

/* Nothing is sent unless all of them could be opened. */
static int open_all(struct send *s, int n)
{
	if (n > FERRY_MAX_FDS)
		return say(EXIT_USAGE, "%d descriptors: a message carries at most %d", n,
			   FERRY_MAX_FDS);
	for (int i = 0; i < n; i++) {
		int fd = open_endpoint(s->what[i]);

		if (fd < 0)
			return -fd;
		s->fds[s->nfds++] = fd;
	}
	return EXIT_DONE;
}

/* The receiver may not be there yet: no file, a file that nobody serves, one that is bound but does
 * not listen. */
static int connect_wait(const struct send *s)
{
	for (;;) {
		int left = left_ms(s);
		int sock = ferry_connect(s->socket, s->type, nowait_flag(left), left);

		if (sock >= 0)
			return sock;
		if ((sock != -ENOENT && sock != -ECONNREFUSED) || left == 0) {
			bool waited = s->wait_ms > 0 && (left == 0 || sock == -ETIMEDOUT);

			say(0, "cannot connect to %s: %s%s%s", s->socket, why_text(sock),
			    waited ? ", all the time it was waited for" : "",
			    waited ? "" : connect_hint(sock, s->socket));
			return waited ? -ETIMEDOUT : sock;
		}
		poll(NULL, 0, left < PAUSE_MS ? left : PAUSE_MS);
	}
}

static int send_message(struct send *s, int sock, int type)
{
	char zero = 0;
	struct iovec data = {.iov_base = &zero, .iov_len = 0};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = s->fds, .nfds = s->nfds};
	int err;

	if (s->data != NULL)
		data = (struct iovec){.iov_base = (char *)s->data, .iov_len = strlen(s->data)};
	/* A stream loses descriptors that have no data.  That an empty message was left
	 * unread a seqpacket connection does not tell on newer kernels, 6.18 for one. */
	if (data.iov_len == 0 && (type == SOCK_STREAM || (type == SOCK_SEQPACKET && s->confirm)))
		data = (struct iovec){.iov_base = &zero, .iov_len = 1};
	msg.timeout_ms = left_ms(s);
	msg.flags = nowait_flag(msg.timeout_ms);
	err = ferry_send(sock, &msg, sizeof(msg));
	/* Half a message helps nobody, and only a stream that was inherited takes one: its queue may
	 * be nearly full. */
	if (err == -EAGAIN && msg.len > 0 && !s->waits) {
		msg.resume = msg.len;
		msg.timeout_ms = FINISH_MS;
		msg.flags = 0;
		err = ferry_send(sock, &msg, sizeof(msg));
	}
	s->gone = err == 0 || msg.len > 0;
	if (err == 0)
		return EXIT_DONE;
	if (s->gone)
		return say(err == -ETIMEDOUT ? EXIT_TIMED_OUT : EXIT_REFUSED,
			   "sent to %s the descriptors and %zu of %zu bytes, then: %s", s->socket,
			   msg.len, data.iov_len, msg.why != NULL ? msg.why : why_text(err));
	if (err == -EAGAIN || err == -ETIMEDOUT || err == -ETOOMANYREFS)
		return say(s->wait_ms > 0 ? EXIT_TIMED_OUT : EXIT_REFUSED,
			   "cannot send to %s: %s%s", s->socket,
			   msg.why != NULL ? msg.why : strerror(-err),
			   s->wait_ms > 0 ? ", all the time it was waited for"
					  : ": wait for room with --wait 5s");
	return say(EXIT_REFUSED, "cannot send to %s: %s", s->socket,
		   msg.why != NULL ? msg.why : why_text(err));
}

/* It has been sent: what was made for it stays, since part of a message may have been read. */
static int confirm(const struct send *s, int sock)
{
	int err = wait_taken(sock, s->waits ? s->end_ms : now_ms() + FINISH_MS);

	switch (-err) {
	case 0:
		return EXIT_DONE;
	case ETIMEDOUT:
		return say(EXIT_TIMED_OUT,
			   "sent to %s, but not taken out of its queue in the time given: it is "
			   "still there",
			   s->socket);
	case ECONNRESET:
		return say(EXIT_REFUSED,
			   "sent to %s, which was closed with it unread: send it again", s->socket);
	default:
		return say(EXIT_REFUSED,
			   "sent to %s, but it cannot be told whether it was read: %s", s->socket,
			   strerror(-err));
	}
}

static int send_to(struct send *s)
{
	int status, type = s->type, sock;

	s->end_ms = now_ms() + s->wait_ms;
	if (is_inherited(s->socket)) {
		sock = take_inherited(s->socket, 0, &type);
	} else {
		sock = connect_wait(s);
		if (sock >= 0)
			type = ferry_prepare(sock, 0);
	}
	if (sock < 0)
		return sock == -ETIMEDOUT ? EXIT_TIMED_OUT : EXIT_REFUSED;
	status = send_message(s, sock, type);
	if (status == EXIT_DONE && s->confirm)
		status = confirm(s, sock);
	if (is_inherited(s->socket))
		drop_inherited(sock);
	else
		drop_socket(sock);
	return status;
}

enum { OPT_DATA = 256, OPT_WAIT, OPT_CONFIRM };
static const struct option_row rows[] = {
	{'t', "type", "TYPE", "dgram, stream or seqpacket; found by itself if left out"},
	{OPT_DATA, "data", "TEXT", "data to send along"},
	{OPT_WAIT, "wait", "TIME", "how long to wait for the receiver and for room: 5s, 500ms, 2m"},
	{OPT_CONFIRM, "confirm", NULL, "wait until the message has left the receiver's queue"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_send, .argc = argc, .argv = argv};
	struct send s = {0};
	int id, status;

	while ((id = next_option(&o)) != OPTION_END) {
		int err = 0;

		if (id == 'h') {
			print_usage(stdout, &cmd_send);
			return EXIT_DONE;
		}
		if (id == 't')
			err = parse_type(o.value, &s.type);
		else if (id == OPT_DATA)
			s.data = o.value;
		else if (id == OPT_CONFIRM)
			s.confirm = true;
		else if (id == OPT_WAIT)
			err = parse_duration(o.value, &s.wait_ms);
		s.waits |= id == OPT_WAIT;
		if (id == OPTION_WRONG || err < 0)
			return EXIT_USAGE;
	}
	if (argc - o.at < 2)
		return say(EXIT_USAGE, "the socket and what to send are needed: fdferry send %s",
			   cmd_send.synopsis);
	s.socket = argv[o.at];
	s.what = argv + o.at + 1;
	status = open_all(&s, argc - o.at - 1);
	if (status == EXIT_DONE)
		status = send_to(&s);
	for (size_t i = 0; i < s.nfds && !s.gone; i++)
		take_back(s.fds[i], s.what[i]);
	ferry_close_all(s.fds, s.nfds);
	return status;
}

const struct command cmd_send = {
	.name = "send",
	.synopsis = "SOCKET WHAT...",
	.about = "Sends descriptors of WHAT (a PATH, tcp-listen::80, fd:N, ...) to who serves "
		 "SOCKET.",
	.options = rows,
	.print_more = print_endpoints,
	.run = run,
};
