/* SPDX-License-Identifier: MIT
 *
 * bench.h - what the files of the benchmark share.
 *
 *   main.c        the options, and the scenarios in their order
 *   rounds.c      runs variants alternately in rounds and prints a line for each
 *   link.c        two ends of one variant, and whether they move the right descriptors
 *   one.c ...     a scenario each
 *   peer_*.c      a peer each: how it sends and receives, as its documentation says
 *
 * What is measured is printed as lines of five words: scenario, variant, round, number, unit.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MOST 253 /* descriptors in one message, the kernel's limit */

/*
 * One way to pass descriptors.  Functions that fail end the program (die); recv waits until as many
 * have come as it is asked for.
 */
struct variant {
	const char *name;
	unsigned types; /* bits TYPE(SOCK_...) */
	size_t most;    /* descriptors that one send takes */
	unsigned only;  /* FOR_ONE or FOR_MANY: where it is used; 0 everywhere */
	bool sockets;   /* it passes nothing but sockets */
	void *(*open)(int sock, bool first); /* takes the socket over */
	bool (*settle)(void *end);           /* one step of a handshake: true when done; or NULL */
	void (*send)(void *end, const int *fds, size_t n);
	void (*recv)(void *end, int *fds, size_t n);
	void (*drop)(void *end, int *fds, size_t n); /* closes what recv gave */
	void (*close)(void *end);
};

#define TYPE(type) (1u << (type))
enum { FOR_ONE = 1, FOR_MANY = 2 };

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
_Noreturn void die(const char *what) __attribute__((cold));

/* rounds.c: what runs in a round; run does n units and returns the nanoseconds that they took */
struct runner {
	const char *name;
	double (*run)(void *arg, size_t n);
	void *arg;
	double per_unit; /* what the report counts in one unit, such as descriptors in a message */
	size_t n;        /* units in a round; 0 is found out */
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
void link_open(struct link *l, const struct variant *v, int type, size_t n);
void link_settle(const struct variant *v, void *const *ends, size_t n);
void link_verify(struct link *l);
void link_close(struct link *l);
void check_same(const char *name, const int *sent, const int *got, size_t n);
size_t count_open(void);

/* the scenarios */
void scenario_one(int type, bool many);

#endif
