/* SPDX-License-Identifier: MIT
 *
 * bench.h - what the files of the benchmark share.
 *
 *   main.c        the options, and the scenarios in their order
 *   rounds.c      runs variants alternately in rounds and prints a line for each
 *   link.c        two ends of one variant, and whether they move the right descriptors
 *   child.c       processes that take part in rounds; scripts.c starts those of other languages
 *   one.c ...     a scenario each
 *   store.h       the scenarios of daemons that keep descriptors, and their files
 *   peer_*.c      a peer each: how it sends and receives, as its documentation says
 *
 * What is measured is printed as lines of five words: scenario, variant, round, number, unit.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MOST 253         /* descriptors in one message, the kernel's limit */
#define MANY_VARIANTS 32 /* more than there are */

/*
 * One way to pass descriptors.  Functions that fail end the program (die); recv waits until as many
 * have come as it is asked for.
 */
struct variant {
	const char *name;
	unsigned types;                      /* bits TYPE(SOCK_...) */
	size_t most;                         /* descriptors that one send takes */
	unsigned only;                       /* FOR_...: where it is used; 0 everywhere */
	bool sockets;                        /* it passes nothing but sockets */
	void *(*open)(int sock, bool first); /* takes the socket over */
	bool (*settle)(void *end);           /* one step of a handshake: true when done; or NULL */
	void (*send)(void *end, const int *fds, size_t n);
	void (*recv)(void *end, int *fds, size_t n);
	void (*drop)(void *end, int *fds, size_t n); /* closes what recv gave */
	void (*close)(void *end);
};

#define TYPE(type) (1u << (type))
enum {
	FOR_ONE = 1,
	FOR_MANY = 2,
	FOR_TRIP_1 = 4,
	FOR_TRIP_2 = 8,
	FOR_THREADS = 16,
	FOR_QUEUE = 32,
	FOR_FLOW = 64
};

/* Each peer_*.c lists its variants; all that were linked are found in one section, in that order. */
#define VARIANTS                                                                                   \
	static const struct variant *const file_variants[]                                         \
		__attribute__((used, section("variants"), aligned(sizeof(void *))))

extern const struct variant *const __start_variants[], *const __stop_variants[];
#define EACH_VARIANT(v)                                                                            \
	for (const struct variant *const *v = __start_variants; v < __stop_variants; v++)

/* main.c */
struct options {
	int rounds;
	double target_ns; /* how long a variant runs in a round */
	bool cpu_time;    /* instead of the clock: for a machine that does other things too */
	const char *only; /* names of variants with commas, or NULL */
};
extern struct options options;
bool wanted(const char *variant);
bool takes_part(const struct variant *v, unsigned where, int type);
_Noreturn void die(const char *what) __attribute__((cold)); /* with errno */
_Noreturn void wrong(const char *name, const char *what) __attribute__((cold));

/* rounds.c: what runs in a round; run does n units and returns the nanoseconds that they took */
struct runner {
	const char *name;
	double (*run)(void *arg, size_t n);
	void *arg;
	const char *unit; /* NULL: "ns" */
	double per_unit;  /* what the report counts in one unit, such as descriptors in a message */
	size_t n;         /* units in a round; 0 is found out */
};
double now_ns(void);
void run_rounds(const char *scenario, struct runner *runners, size_t n);
void print_result(const char *scenario, const char *variant, int round, double value,
		  const char *unit);
void pin(int core); /* 0: the last one, 1: the one before it */

/* link.c */
struct link {
	const struct variant *v;
	void *ends[2];
	int *fds; /* what is sent: MOST of them */
	size_t n; /* how many in a message */
};
const int *samples(bool sockets);
void socketpair_or_die(int type, int ret[2]);
void link_open(struct link *l, const struct variant *v, int type, size_t n);
void link_settle(const struct variant *v, void *const *ends, size_t n);
void link_verify(struct link *l);
void link_close(struct link *l);
void check_same(const char *name, const int *sent, const int *got, size_t n);
size_t count_open(void);

/* child.c */
struct child {
	pid_t pid;
	int to;
	FILE *from;
};
void child_fork(struct child *c, void (*body)(const void *arg), const void *arg);
void child_exec(struct child *c, int core, const char *const argv[], const int *fds, size_t n);
void child_serve(double (*run)(void *arg, size_t n), void *arg);
bool child_ready(struct child *c);
void child_tell(struct child *c, size_t n);
double child_answer(struct child *c);
double child_run(void *arg, size_t n);
void child_end(struct child *c);
int child_kill(struct child *c);

/* scripts.c: adds the peers that are scripts, and returns how many */
struct pair {
	struct child sides[2];
};
size_t scripts_one(struct child *children, struct runner *runners, bool many);
size_t scripts_trip(struct pair *pairs, struct runner *runners, bool two_cores);

/* the scenarios, with the name that their results have */
void scenario_one(const char *scenario, int type, bool many);
void scenario_trip(const char *scenario, bool two_cores);
void scenario_flow(const char *scenario);
void scenario_threads(const char *scenario);
void scenario_queue(const char *scenario, bool many);

#endif
