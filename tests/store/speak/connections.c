/* SPDX-License-Identifier: MIT
 * connections.c - the doors of a store, in plain system calls. */
#include "speak.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#pragma GCC diagnostic ignored "-Wsign-conversion" /* musl's CMSG_NXTHDR */

#define PATIENCE_MS 30000

static const char *store;
static int connections['n' + 1];

bool begin(const char *dir)
{
	for (size_t i = 0; i < sizeof(connections) / sizeof(*connections); i++)
		connections[i] = -1;
	store = dir;
	return access(dir, X_OK) == 0;
}

static int door(const char *name, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", store, name);
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path) || sock < 0 ||
	    connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("%s/%s: %s", store, name, strerror(errno));
	return sock;
}

static int connection(char who)
{
	int *sock = &connections[(unsigned char)who];

	if (*sock < 0)
		*sock = who == 'n' ? door("notify", SOCK_DGRAM) : door("store", SOCK_SEQPACKET);
	return *sock;
}

void disconnect(char who)
{
	close(connection(who));
	connections[(unsigned char)who] = -1;
}

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
};

void send_to(char who, const struct message *m)
{
	union control control = {.bytes = {0}};
	struct iovec data = {.iov_base = (void *)(uintptr_t)m->text, .iov_len = m->len};
	struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1};

	if (m->n_fds > 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = (socklen_t)CMSG_SPACE(m->n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (socklen_t)CMSG_LEN(m->n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), m->fds, m->n_fds * sizeof(int));
	}
	if (sendmsg(connection(who), &msg, MSG_NOSIGNAL) < 0)
		fail("sendmsg: %s", strerror(errno));
}

void close_fds(struct message *m)
{
	while (m->n_fds > 0)
		close(m->fds[--m->n_fds]);
}

static void take_fds(struct msghdr *msg, struct message *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			ret->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(ret->fds, CMSG_DATA(c), ret->n_fds * sizeof(int));
		}
}

void receive(char who, struct message *ret)
{
	union control control;
	struct iovec data = {.iov_base = ret->text, .iov_len = sizeof(ret->text) - 1};
	struct msghdr msg = {.msg_iov = &data,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct pollfd wait = {.fd = connection(who), .events = POLLIN};
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	if (poll(&wait, 1, PATIENCE_MS) <= 0)
		fail("the store does not answer");
	n = recvmsg(wait.fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0 && errno != ECONNRESET)
		fail("recvmsg: %s", strerror(errno));
	ret->end = n <= 0;
	ret->len = n > 0 ? (size_t)n : 0;
	if (n > 0)
		take_fds(&msg, ret);
	if (n > 0 && (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		fail("an answer that is cut off:\n%s", ret->text);
}

/* The process that OP=status names; sock is a connection for that. */
static pid_t ask_pid(int sock, const char *key)
{
	static const char request[] = "OP=status";
	char answer[4097];
	const char *at;
	ssize_t n;

	if (send(sock, request, strlen(request), MSG_NOSIGNAL) < 0)
		return 0;
	n = recv(sock, answer, sizeof(answer) - 1, 0);
	if (n <= 0)
		return 0;
	answer[n] = '\0';
	at = strstr(answer, key);
	return at != NULL ? (pid_t)strtol(at + strlen(key), NULL, 10) : 0;
}

/* The broker is dead when the connection to it has ended; of the keeper, the next status tells. */
void kill_twin(const char *which)
{
	const char *key = strcmp(which, "broker") == 0 ? "\nBROKER=" : "\nKEEPER=";
	int sock = door("store", SOCK_SEQPACKET), tries = 0;
	pid_t pid = ask_pid(sock, key), next = pid;
	char byte;

	if (pid <= 1 || kill(pid, SIGKILL) < 0)
		fail("the store names no %s", which);
	if (strcmp(which, "broker") == 0 && recv(sock, &byte, 1, 0) > 0)
		fail("the broker speaks without having been asked");
	close(sock);
	for (; next == pid || next <= 0; tries++) {
		if (tries * 10 > PATIENCE_MS)
			fail("the %s is not replaced", which);
		usleep(10000);
		sock = door("store", SOCK_SEQPACKET);
		next = ask_pid(sock, key);
		close(sock);
	}
}
