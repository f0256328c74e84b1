/* SPDX-License-Identifier: MIT
 *
 * s6.h - a client of s6-fdholder-daemon, and the daemon with rules that let us do all; also for
 * tests/store/.  Functions return -errno where they fail.
 */
#ifndef S6_H
#define S6_H

#include <stdint.h>
#include <sys/types.h>

#define S6_MOST 253 /* descriptors in a message of a dump */

/* Seconds and nanoseconds after which s6 drops a descriptor, as it wants them: TAI. */
struct s6_limit {
	uint64_t seconds;
	uint32_t nanoseconds;
};

/* Starts the daemon in directory dir, which is made: rules and the socket are in it.  Returns its pid;
 * -ENOENT if it is not installed. */
pid_t s6_start(const char *dir, unsigned max_fds);

/* Ends it and removes dir. */
void s6_stop(pid_t pid, const char *dir);

int s6_connect(const char *dir);

/* One that never comes, and that nobody else has: the daemon looks for a free one otherwise. */
struct s6_limit s6_never(void);
struct s6_limit s6_from_now(uint64_t seconds);

/* Requests, and the answer to the oldest that has none yet; get leaves its descriptor in *fd. */
int s6_send_store(int sock, const char *name, int fd, struct s6_limit limit);
int s6_send_get(int sock, const char *name, int and_delete);
int s6_send_delete(int sock, const char *name);
int s6_answer(int sock, int *fd);

/* n descriptors in as many messages as it takes, each under a name of its own: prefix.0, ... */
int s6_dump(int sock, const char *prefix, const int *fds, unsigned n, struct s6_limit limit);

#endif
