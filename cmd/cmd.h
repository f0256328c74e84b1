/* SPDX-License-Identifier: MIT
 * cmd.h - what the files of the command share; main.c is the map. */
#ifndef FDFERRY_CMD_H
#define FDFERRY_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "fdferry.h"

/* Exit codes; 126 and 127 are a shell's, above 128 is a signal's. */
enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_TIMED_OUT = 3,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNALLED = 128,
};

/* A subcommand: its file ends in one of these, and main.c lists them.  Parsing, --help, completion and
 * the check of the man page all read the table. */
struct option_row {
	int id;           /* the short letter, or a number above 255 if there is none */
	const char *name; /* the long name, or NULL */
	const char *arg;  /* what to call its argument, or NULL */
	const char *help;
};
struct command {
	const char *name;
	const char *synopsis; /* the operands */
	const char *about;
	const struct option_row *options; /* ends in a row of zeros */
	void (*print_more)(FILE *out);    /* what --help says behind them, or NULL */
	int (*run)(int argc, char **argv);
};
extern const struct command cmd_send, cmd_recv, cmd_inspect, cmd_complete, cmd_store;
extern const struct command cmd_put, cmd_get, cmd_take, cmd_list, cmd_remove, cmd_watch, cmd_exec,
	cmd_check, cmd_upgrade;
extern const struct command *const commands[]; /* ends in NULL */
extern const struct option_row main_options[]; /* without a subcommand */

/* A word that an argument may be or begin with, for complete.c.  Where the words of an argument are read,
 * there is a function that gives the i-th of them, and false behind the last. */
struct word {
	const char *text; /* something follows it if it ends in : or = */
	const char *help;
	const char *
		behind; /* what follows, as a shell can complete it: "path", "user", "group"; or NULL */
};
bool type_word(size_t i, struct word *ret);
bool sender_word(size_t i, struct word *ret);
bool expect_word(size_t i, struct word *ret);
bool endpoint_word(size_t i, struct word *ret);

/* say.c: one line on standard error: what failed, on what, why, what to do */
void say_name(const char *subcommand);
__attribute__((format(printf, 2, 3))) int say(int status, const char *format, ...);
const char *why_text(int err);
void print_clean(FILE *out, const char *text);
size_t utf8_length(const unsigned char *s); /* of one character; 0: it is none */
bool is_c1(const unsigned char *s);

/* options.c */
struct options {
	const struct command *command;
	int argc;
	char **argv;
	int at; /* the operands, when next_option has returned 0 */
	char *value;
};
enum { OPTION_WRONG = -1, OPTION_END = 0 };
int next_option(struct options *o); /* an id, OPTION_END, or OPTION_WRONG (said already) */
int split_command(struct options *o, int argc, char **argv, char ***ret_command);
void print_usage(FILE *out, const struct command *command);
int parse_duration(const char *text, int *ret_ms);
int64_t now_ms(void); /* what a duration is added to: CLOCK_MONOTONIC */
int read_count(const char *text, unsigned long most, unsigned long *ret);
int parse_count(const char *text, unsigned long most, unsigned long *ret);
int parse_mode(const char *text, mode_t *ret);
int parse_type(const char *text, int *ret);

/* endpoint.c: WHAT as a descriptor */
int open_endpoint(const char *what);      /* the caller's to close, or minus an exit code (said) */
void take_back(int fd, const char *what); /* before a descriptor that nobody has got is closed */
void print_endpoints(FILE *out);

/* net.c, process.c: for the table in endpoint.c; text is WHAT behind its prefix */
int open_tcp_listen(const char *what, const char *text);
int open_tcp_connect(const char *what, const char *text);
int open_udp_bind(const char *what, const char *text);
int open_unix_listen(const char *what, const char *path);
int open_unix_connect(const char *what, const char *path);
int open_pidfd(const char *what, const char *text);
int open_descriptor_of(const char *what, const char *text);
int try_pidfd(pid_t pid);                   /* -1 and errno, nothing said */
int copy_descriptor(int pidfd, int number); /* -errno, nothing said */
int say_no_copy(const char *what, unsigned long pid, unsigned long fd, int err);

/* target.c: SOCKET as a socket */
int is_inherited(const char *text);
int take_inherited(const char *text, uint32_t flags,
		   int *ret_type); /* a descriptor of ours, or -1 (said already) */
const char *bind_hint(int err);
const char *connect_hint(int err, const char *address);

/* confirm.c */
int wait_taken(int sock, int64_t end_ms); /* 0, -ETIMEDOUT, -ECONNRESET */

/* rules.c: --from and --expect */
enum { MOST_SENDERS = 16 };
struct rules {
	struct sender {
		bool group;
		unsigned id;
	} from[MOST_SENDERS]; /* any of them may send; none: everybody */
	size_t n;
	bool expects;
	struct ferry_expect expect;
};
int parse_from(const char *text, struct rules *rules);
int parse_expect(char *text, struct rules *rules);
void default_senders(struct rules *rules);
bool may_connect(const struct rules *rules, int sock, const char *address);
bool is_welcome(const struct rules *rules, int sock, const struct ferry_peer *sender,
		const char *address);

/* intake.c: where messages come from: the socket, and the connections that it has accepted */
enum { MOST_CONNECTIONS = 64, SPARE = 6 };
struct intake {
	const char *address; /* as it was written */
	const struct rules *rules;
	int sock; /* -1: closed */
	bool listening;
	bool bound;                        /* by us: the file is ours to remove */
	int connections[MOST_CONNECTIONS]; /* in the order of their coming */
	int displaced;                     /* the one of them that must go, or -1 */
	size_t n;
	int signalfd;
	int64_t end_ms;   /* of the wait, INT64_MAX: never */
	bool looked;      /* since it began */
	int spare[SPARE]; /* numbers that removing the file takes, kept for it */
};
enum { INTAKE_READY, INTAKE_TIMED_OUT, INTAKE_SIGNAL, INTAKE_FAILED };
int intake_open(struct intake *in, const char *address, int type, mode_t mode,
		const struct rules *rules);
void intake_begin_wait(struct intake *in, int timeout_ms);
int intake_next(struct intake *in, int *ret); /* a socket, or a signal */
void intake_drop(struct intake *in, int connection);
void intake_close(struct intake *in);

/* drop.c: close without waiting for what others made or have queued */
void drop_all(int *fds, size_t n);
void drop_socket(int sock);
void drop_inherited(int sock);
void drop_standard(void);

/* print.c */
int print_message(const struct ferry_msg *msg, unsigned long number, bool json);
int print_descriptor(int fd, bool json, const char *before);
void print_json_string(FILE *out, const char *text);
void print_json_text(FILE *out, const char *text);
char *base64(const void *data, size_t len);

/* signals.c */
int signals_begin(void); /* a signalfd of what ends us, blocked from now on */
int signals_next(int signalfd, bool *ret_from_terminal);
void signals_end(void);                                    /* as they were, for CMD */
__attribute__((noreturn)) void signals_die_of(int signal); /* of the signal itself */

/* child.c: CMD with the descriptors */
struct child {
	char **argv;
	int *fds; /* given to CMD; closed here */
	size_t nfds;
	const char *names; /* a:b or NULL */
	bool as_stdin, as_stdout;
	char *data; /* base64, or NULL */
};
int take_names(char *names);
int check_program(const char *name);
int child_environment(const struct child *c, size_t listen_fds);
int child_place(const struct child *c);
int child_number(const struct child *c, size_t i); /* that the descriptor has in CMD */
int run_child(const struct child *c, int signalfd, int *ret_signal);

/* placeholder.c: {fd:0}, {fd:NAME} */
int check_placeholders(const struct child *c);
char **fill_words(const struct child *c); /* CMD's words, or NULL (said) */
void free_words(char **words);

#endif
