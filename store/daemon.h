/* SPDX-License-Identifier: MIT
 * daemon.h - the store as the command starts it. */
#ifndef STORE_DAEMON_H
#define STORE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store_options {
	const char *dir;
	mode_t mode;              /* of the doors */
	uint64_t max_fds;         /* 0: what RLIMIT_NOFILE admits */
	uint64_t max_clients;     /* 0: STORE_CLIENTS, or fewer where RLIMIT_NOFILE is low */
	uint64_t max_own_fds;     /* of one owner; 0: max_fds, or half where mode lets others in */
	uint64_t max_own_clients; /* likewise */
	uint64_t max_unread;      /* descriptors that one client has not read */
	uint64_t idle_ms;         /* until a connection that says nothing is ended; 0: never */
	uint32_t patience_ms;     /* until a twin that does not move is replaced; 0: never */
	bool no_sandbox;          /* twins keep the power that they were started with */
	void (*ready)(void *arg); /* called when both doors are served and both twins are there */
	void *arg;
};

enum {
	STORE_CLIENTS = 1024,
	STORE_PATIENCE_MS = 3000,
	STORE_UNREAD = 1012, /* four messages */
	STORE_IDLE_MS = 600000,
};

/* Runs the store until SIGTERM, SIGINT or SIGHUP; returns 0 then, or -errno, and in *why what could not be
 * done, static text. */
int store_run(const struct store_options *options, const char **why);

/* Goes on with what the process before has written down (fdferry upgrade), and becomes a keeper.  Returns -errno if
 * it cannot. */
int store_inherit(int form, const char **why);

#endif
