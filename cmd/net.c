/* SPDX-License-Identifier: MIT
 * net.c - sockets that WHAT makes: tcp-listen:, tcp-connect:, udp-bind:, unix-listen:, unix-connect:. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */
#define MOST_PORT 65535
#define LISTEN_MODE 0600   /* of a socket file */
#define CONNECT_MS 10000   /* a UNIX socket whose backlog is full */
#define LIKE_V6 "[::1]:80" /* for errors */

/* HOST:PORT, taken apart. */
struct place {
	char host[NI_MAXHOST]; /* "": any */
	char port[6];
	bool bracketed; /* so it is an IPv6 address and not a name */
};

/* What is done with an address. */
struct act {
	int type;
	bool passive;
	int (*with)(int fd, const struct sockaddr *addr, socklen_t len);
};

static int listen_at(int fd, const struct sockaddr *addr, socklen_t len)
{
	int on = 1;

	/* Connections of a listener that has ended do not keep its port (TIME_WAIT). */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, addr, len) < 0 ? -1 : listen(fd, BACKLOG);
}

static const struct act listen_act = {SOCK_STREAM, true, listen_at};
static const struct act connect_act = {SOCK_STREAM, false, connect};
static const struct act bind_act = {SOCK_DGRAM, true, bind};

static int split(const char *what, const char *text, const struct act *act, struct place *ret)
{
	const char *host = text, *end = strrchr(text, ':'), *port = end != NULL ? end + 1 : text;
	unsigned long n;
	size_t len;

	if (text[0] == '[') {
		host = text + 1;
		end = strchr(text, ']');
		if (end == NULL || end == host || end[1] != ':')
			return say(-EXIT_USAGE, "%s: write an IPv6 address as in " LIKE_V6, what);
		port = end + 2;
		ret->bracketed = true;
	} else if (end != NULL && memchr(text, ':', (size_t)(end - text)) != NULL) {
		return say(-EXIT_USAGE, "%s: an IPv6 address goes in brackets, as in " LIKE_V6,
			   what);
	}
	len = end != NULL ? (size_t)(end - host) : 0;
	if (len >= sizeof(ret->host))
		return say(-EXIT_USAGE, "%s: the name of a host is not that long", what);
	memcpy(ret->host, host, len);
	ret->host[len] = '\0';
	if (read_count(port, MOST_PORT, &n) < 0)
		return say(-EXIT_USAGE, "%s: '%s' is not a port from 0 to %d: write HOST:PORT",
			   what, port, MOST_PORT);
	snprintf(ret->port, sizeof(ret->port), "%lu", n);
	if (!act->passive && (len == 0 || n == 0))
		return say(-EXIT_USAGE, "%s: a host and its port are needed to connect", what);
	return 0;
}

static const char *hint(int err)
{
	switch (-err) {
	case EACCES:
		return ": a low port takes CAP_NET_BIND_SERVICE";
	case EADDRINUSE:
		return ": end it, or choose another port";
	case EADDRNOTAVAIL:
		return ": it must be an address of this machine";
	default:
		return "";
	}
}

/* Returns 0, or minus an exit code (said). */
static int resolve(const char *what, const struct place *place, const char *host,
		   const struct act *act, struct addrinfo **ret)
{
	struct addrinfo wanted = {
		.ai_family = place->bracketed ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = act->type,
		.ai_flags = AI_NUMERICSERV | (place->bracketed ? AI_NUMERICHOST : 0),
	};
	int err = getaddrinfo(host, place->port, &wanted, ret);

	if (err == 0)
		return 0;
	if (err == EAI_NONAME && place->bracketed)
		return say(-EXIT_USAGE, "%s: '%s' is not an IPv6 address", what, host);
	return say(-1, "cannot open %s: %s: check the name of the host", what,
		   err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
}

/* A socket at the first of the addresses that works, or -errno of the last. */
static int try_all(const struct addrinfo *list, const struct act *act, bool any)
{
	int no = 0, fd = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		int err = 0;

		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0) {
			fd = -errno;
			continue;
		}
		/* One descriptor hears IPv4 too, whatever net.ipv6.bindv6only says. */
		if (any && a->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
		if (act->with(fd, a->ai_addr, a->ai_addrlen) < 0) {
			err = -errno;
			close(fd);
			fd = err;
		}
	}
	return fd;
}

static int open_inet(const char *what, const char *text, const struct act *act)
{
	struct place place = {.port = ""};
	/* No host is any: where there is no IPv6, IPv4 alone. */
	const char *hosts[] = {"::", "0.0.0.0"};
	size_t n = 2;
	int fd = split(what, text, act, &place);

	if (fd < 0)
		return fd;
	if (place.host[0] != '\0') {
		hosts[0] = place.host;
		n = 1;
	}
	fd = -EAFNOSUPPORT;
	for (size_t i = 0; i < n && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL); i++) {
		struct addrinfo *list;
		int err = resolve(what, &place, hosts[i], act, &list);

		if (err < 0)
			return err;
		fd = try_all(list, act, n > 1);
		freeaddrinfo(list);
	}
	if (fd < 0)
		return say(-1, "cannot open %s: %s%s", what, why_text(fd),
			   act->passive ? hint(fd) : "");
	return fd;
}

int open_tcp_listen(const char *what, const char *text)
{
	return open_inet(what, text, &listen_act);
}

int open_tcp_connect(const char *what, const char *text)
{
	return open_inet(what, text, &connect_act);
}

int open_udp_bind(const char *what, const char *text)
{
	return open_inet(what, text, &bind_act);
}

static int check_path(const char *what, const char *path)
{
	return path[0] != '\0' ? 0
			       : say(-EXIT_USAGE, "%s: a path or @ and a name is missing", what);
}

int open_unix_listen(const char *what, const char *path)
{
	int fd = check_path(what, path);

	if (fd < 0)
		return fd;
	fd = ferry_bind(path, SOCK_STREAM, LISTEN_MODE, 0);
	if (fd < 0)
		return say(-1, "cannot open %s: %s%s", what, why_text(fd), bind_hint(fd));
	return fd;
}

int open_unix_connect(const char *what, const char *path)
{
	int no = 0, fd = check_path(what, path);

	if (fd < 0)
		return fd;
	fd = ferry_connect(path, 0, 0, CONNECT_MS);
	if (fd < 0)
		return say(-1, "cannot open %s: %s", what, why_text(fd));
	/* The library wants it for its own seqpacket sockets; who gets this one did not ask for it. */
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &no, sizeof(no));
	return fd;
}
