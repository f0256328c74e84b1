/* SPDX-License-Identifier: MIT
 * speak.h - what speak.c and its connections (connections.c) share. */
#ifndef SPEAK_H
#define SPEAK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define MOST_FDS 253

struct message {
	size_t len, lines, n_fds;
	bool end; /* of the connection */
	int fds[MOST_FDS];
	char text[8192];
};

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* connections.c: '1' to '9' are connections to the store door, made when they are first used, and 'n' is the
 * notify door. */
bool begin(const char *dir);
void send_to(char who, const struct message *m);
void receive(char who, struct message *ret);
void disconnect(char who);
void close_fds(struct message *m);

/* objects.c: m1 is a memfd, r1 and w1 are the two ends of a pipe; made when they are first named. */
int object(const char *name);
void close_object(const char *name);
void await_end(const char *name);
bool same_open_file(int a, int b);

void kill_twin(const char *which);

#endif
