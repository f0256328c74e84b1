/* SPDX-License-Identifier: MIT
 * recv.c - fdferry recv, process A: receives descriptors and shows them, or runs a command with them. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATA_ROOM (1 << 20)          /* more than a socket queues for one message by default */
#define MOST_VARIABLE (120ul * 1024) /* execve(2) takes 128 KiB for one variable: MAX_ARG_STRLEN */

struct recv {
	int type;
	unsigned long messages; /* 0: until a signal */
	unsigned long max_fds;
	int timeout_ms; /* -1: none */
	mode_t mode;
	bool json;
	bool each;          /* CMD once for each message */
	struct child child; /* argv NULL: no CMD */
	struct intake in;
	struct rules rules;
	char *room; /* for data */
	unsigned long count;
	int status;
	int signal; /* that came while CMD ran */
};

/* With --each a failure does not end it: the first one is the status in the end. */
static void note(struct recv *r, int status)
{
	if (!r->each || r->status == EXIT_DONE)
		r->status = status;
}

/* The descriptors of several messages become CMD's in the order of their coming. */
static int keep(struct recv *r, const struct ferry_msg *msg)
{
	size_t n = r->child.nfds + msg->nfds;
	int *fds;

	if (n == 0)
		return 0;
	fds = realloc(r->child.fds, n * sizeof(int));
	if (fds == NULL)
		return say(-1, "no memory for %zu descriptors", n);
	r->child.fds = fds;
	memcpy(fds + r->child.nfds, msg->fds, msg->nfds * sizeof(int));
	r->child.nfds = n;
	if ((r->messages != 1 && !r->each) || msg->len == 0)
		return 0;
	r->child.data = base64(msg->iov[0].iov_base, msg->len);
	if (r->child.data != NULL && strlen(r->child.data) > MOST_VARIABLE) {
		free(r->child.data);
		r->child.data = NULL;
		say(0, "%zu bytes of data are too many for FDFERRY_DATA: they are dropped",
		    msg->len);
	}
	return 0;
}

static const char *refused_hint(int err)
{
	switch (-err) {
	case EMFILE:
		return ": raise the limit with 'ulimit -n'";
	case EMSGSIZE:
		return ": it was refused, and nothing of it is left open";
	default:
		return "";
	}
}

/* Is it a message that ferry_recv has taken?  If not, nothing has come or the socket itself fails. */
static bool is_message(int got)
{
	return got > 0 || got == -EMSGSIZE || got == -EMFILE || got == -EBADMSG || got == -ENOMSG ||
	       got == -EBADFD;
}

/* Says why nothing has been received. */
static void refuse(struct recv *r, int err, const struct ferry_msg *msg)
{
	if (err == -EBADFD)
		say(0, "refused what came to %s: descriptor %zu: %s", r->in.address, msg->why_slot,
		    msg->why);
	else
		say(0, "cannot receive from %s: %s%s", r->in.address,
		    msg->why != NULL ? msg->why : why_text(err), refused_hint(err));
	note(r, EXIT_REFUSED);
}

static int at_end(struct recv *r, int sock)
{
	if (sock != r->in.sock) {
		say(0,
		    sock == r->in.displaced
			    ? "a connection to %s was silent too long, and gave way to another"
			    : "a connection to %s ended without a message",
		    r->in.address);
		return 0;
	}
	if (r->messages > 0)
		note(r, say(EXIT_REFUSED, "end of file on %s before a message", r->in.address));
	return -1;
}

static int accept_message(struct recv *r, const struct ferry_msg *msg)
{
	int err;

	if (r->child.argv != NULL)
		err = keep(r, msg);
	else
		err = print_message(msg, r->count + 1, r->json);
	if (err < 0 || r->child.argv == NULL)
		drop_all(msg->fds, msg->nfds);
	if (err < 0)
		note(r, EXIT_REFUSED);
	return err;
}

/* Runs CMD with what has been kept.  Returns its status as ours. */
static int run_kept(struct recv *r)
{
	int status;

	if (r->child.nfds == 0)
		return say(EXIT_REFUSED, "no descriptor has come: '%s' was not run",
			   r->child.argv[0]);
	status = run_child(&r->child, r->in.signalfd, &r->signal);
	r->child.nfds = 0;
	free(r->child.data);
	r->child.data = NULL;
	return status;
}

/* One recvmsg of sock.  -1: it makes no sense to go on. */
static int take(struct recv *r, int sock)
{
	int fds[FERRY_MAX_FDS], got, err;
	char from[FERRY_ADDR_SIZE];
	struct ferry_peer sender = {0};
	struct iovec data = {.iov_base = r->room, .iov_len = DATA_ROOM};
	struct ferry_msg msg = {
		.iov = &data,
		.iovlen = 1,
		.fds = fds,
		.max_fds = r->max_fds,
		.from = from,
		.from_size = sizeof(from),
		.flags = FERRY_NOWAIT | FERRY_DISPOSE,
		.expect = r->rules.expects ? &r->rules.expect : NULL,
		.expect_size = sizeof(r->rules.expect),
		.peer = &sender,
		.peer_size = sizeof(sender),
	};
	bool connection = sock != r->in.sock;

	got = ferry_recv(sock, &msg, sizeof(msg));
	if (got == -EAGAIN)
		return 0;
	/* From whom comes before what: a stranger takes nobody's turn and ends nothing. */
	if (is_message(got) && !connection &&
	    !is_welcome(&r->rules, sock, &sender, r->in.address)) {
		drop_all(fds, msg.nfds);
		got = err = 0;
	} else if (got == 0) {
		err = at_end(r, sock);
	} else if (got > 0) {
		err = accept_message(r, &msg);
	} else {
		refuse(r, got, &msg);
		err = is_message(got) || connection ? 0 : -1;
	}
	r->count += is_message(got);
	if (connection)
		intake_drop(&r->in, sock);
	if (r->each && got > 0 && err == 0)
		note(r, run_kept(r));
	return err;
}

/* Returns the signal that ended it, or 0; r->status is what came of it. */
static int take_all(struct recv *r)
{
	unsigned long seen = r->count;

	intake_begin_wait(&r->in, r->timeout_ms);
	while (r->messages == 0 || r->count < r->messages) {
		int what = 0;

		if (r->count != seen) { /* what does not count does not begin the time anew */
			seen = r->count;
			intake_begin_wait(&r->in, r->timeout_ms);
		}
		switch (intake_next(&r->in, &what)) {
		case INTAKE_SIGNAL:
			return what;
		case INTAKE_TIMED_OUT:
			note(r, say(EXIT_TIMED_OUT, "no message on %s in the time given",
				    r->in.address));
			return 0;
		case INTAKE_FAILED:
			note(r, EXIT_REFUSED);
			return 0;
		default:
			if (take(r, what) < 0)
				return 0;
			if (r->signal != 0)
				return r->signal;
		}
	}
	return 0;
}

static int receive(struct recv *r, const char *address)
{
	int signal;

	r->room = malloc(DATA_ROOM);
	if (r->room == NULL)
		return say(EXIT_REFUSED, "no memory");
	r->in.signalfd = signals_begin();
	if (r->in.signalfd < 0)
		return EXIT_REFUSED;
	if (address[0] == '@' && r->rules.n == 0)
		default_senders(&r->rules);
	if (intake_open(&r->in, address, r->type, r->mode, &r->rules) < 0)
		return EXIT_REFUSED;
	signal = take_all(r);
	intake_close(&r->in);
	if (signal != 0)
		signals_die_of(signal);
	if (r->child.argv == NULL || r->each || r->status != EXIT_DONE)
		return r->status;
	return run_kept(r);
}

enum {
	OPT_MESSAGES = 256,
	OPT_FDS,
	OPT_TIMEOUT,
	OPT_MODE,
	OPT_NAMES,
	OPT_STDIN,
	OPT_STDIO,
	OPT_EACH,
	OPT_FROM,
	OPT_EXPECT
};
static const struct option_row rows[] = {
	{'t', "type", "TYPE", "dgram (if left out), stream or seqpacket"},
	{OPT_MESSAGES, "messages", "N", "how many to take (1); 0 goes on until a signal"},
	{OPT_FDS, "fds", "N", "most descriptors in a message (253); one with more is refused"},
	{OPT_TIMEOUT, "timeout", "TIME", "how long to wait for each message: 5s, 500ms, 2m"},
	{OPT_MODE, "mode", "MODE", "mode of the socket file (0600): who may send"},
	{OPT_FROM, "from", "WHO",
	 "only uid=N, user=NAME, gid=N, group=NAME may send; more than once"},
	{OPT_EXPECT, "expect", "WORD,...",
	 "refuse what is not: file,memfd,socket,...,ro,rw,sealed,min=N"},
	{'j', "json", NULL, "one JSON object a message"},
	{OPT_NAMES, "names", "A,B", "names of the descriptors, for LISTEN_FDNAMES"},
	{OPT_STDIN, "stdin", NULL, "the first descriptor becomes CMD's standard input"},
	{OPT_STDIO, "stdio", NULL, "the first becomes its standard input and output"},
	{OPT_EACH, "each", NULL, "CMD once for every message, one after the other"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int set_option(struct recv *r, int id, char *value)
{
	switch (id) {
	case 't':
		return parse_type(value, &r->type);
	case OPT_MESSAGES:
		return parse_count(value, ULONG_MAX - 1, &r->messages);
	case OPT_FDS:
		return parse_count(value, FERRY_MAX_FDS, &r->max_fds);
	case OPT_TIMEOUT:
		return parse_duration(value, &r->timeout_ms);
	case OPT_MODE:
		return parse_mode(value, &r->mode);
	case OPT_NAMES:
		r->child.names = value;
		return take_names(value);
	case OPT_STDIO:
		r->child.as_stdout = true;
		/* fall through */
	case OPT_STDIN:
		r->child.as_stdin = true;
		return 0;
	case OPT_FROM:
		return parse_from(value, &r->rules);
	case OPT_EXPECT:
		return parse_expect(value, &r->rules);
	case OPT_EACH:
		r->each = true;
		return 0;
	case 'j':
		r->json = true;
		return 0;
	default:
		return -1;
	}
}

static int check_options(const struct recv *r, int operands)
{
	if (operands == 0)
		return say(EXIT_USAGE, "the socket is missing: fdferry recv %s", cmd_recv.synopsis);
	if (operands > 1)
		return say(EXIT_USAGE, "one socket only: a command goes behind --");
	if (r->child.argv == NULL && (r->child.as_stdin || r->child.names != NULL || r->each))
		return say(EXIT_USAGE,
			   "--stdin, --stdio, --names and --each go with a command behind --");
	if (r->child.argv != NULL && r->json)
		return say(EXIT_USAGE, "--json does not go with a command");
	if (r->child.argv != NULL && r->messages == 0 && !r->each)
		return say(EXIT_USAGE,
			   "--messages 0 goes with a command only if --each runs it for "
			   "every message");
	if (r->child.argv != NULL && r->max_fds == 0)
		return say(EXIT_USAGE, "--fds 0 leaves the command nothing");
	if (r->child.argv != NULL && check_placeholders(&r->child) < 0)
		return EXIT_REFUSED;
	return EXIT_DONE;
}

static void print_placeholders(FILE *out)
{
	fprintf(out,
		"\nIn CMD's words {fd:0}, {fd:1}, ... become the numbers that the descriptors have "
		"in CMD,\nand {fd:A} that of the one which --names calls A.\n");
}

static int run(int argc, char **argv)
{
	struct recv r = {.type = SOCK_DGRAM,
			 .messages = 1,
			 .max_fds = FERRY_MAX_FDS,
			 .timeout_ms = -1,
			 .mode = 0600};
	struct options o = {.command = &cmd_recv};
	int id, status = split_command(&o, argc, argv, &r.child.argv);

	if (status != EXIT_DONE)
		return status;
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == 'h') {
			print_usage(stdout, &cmd_recv);
			return EXIT_DONE;
		}
		if (id == OPTION_WRONG || set_option(&r, id, o.value) < 0)
			return EXIT_USAGE;
	}
	status = check_options(&r, o.argc - o.at);
	if (status == EXIT_DONE)
		status = receive(&r, argv[o.at]);
	free(r.child.fds);
	free(r.child.data);
	free(r.room);
	return status;
}

const struct command cmd_recv = {
	.name = "recv",
	.synopsis = "SOCKET [-- CMD [ARG...]]",
	.about = "Receives descriptors at SOCKET and shows them, or runs CMD with them as 3, 4, "
		 "...\n"
		 "{fd:0}, {fd:1}, ... and {fd:NAME} in CMD's words become their numbers.",
	.options = rows,
	.print_more = print_placeholders,
	.run = run,
};
