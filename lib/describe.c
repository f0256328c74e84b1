/* SPDX-License-Identifier: MIT
 * describe.c - what a descriptor is, as a line for people. */
#include "internal.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

struct line {
	char *text;
	size_t size, len; /* len counts on past size, as snprintf(3) does */
};

struct bit {
	uint32_t bit;
	const char *name;
};

const char *ferry_kind_name(uint32_t kind)
{
	static const struct bit names[] = {
		{FERRY_IS_FILE, "file"},     {FERRY_IS_DIR, "dir"},     {FERRY_IS_FIFO, "fifo"},
		{FERRY_IS_SOCKET, "socket"}, {FERRY_IS_MEMFD, "memfd"}, {FERRY_IS_PIDFD, "pidfd"},
		{FERRY_IS_CHAR, "char"},     {FERRY_IS_BLOCK, "block"}, {FERRY_IS_ANON, "anon"},
		{FERRY_IS_LINK, "link"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].bit == kind)
			return names[i].name;
	return "unknown";
}

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
	size_t at = l->len < l->size ? l->len : l->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at < l->size ? l->text + at : NULL, l->size - at, format, args);
	va_end(args);
	if (n > 0)
		l->len += (size_t)n;
}

/* How many bytes of s are one UTF-8 character that may reach a terminal; 0 for a control character (C1,
 * 0x80 to 0x9f, among them), an overlong form, a surrogate, and what is no UTF-8. */
static size_t printable(const unsigned char *s)
{
	static const unsigned long least[] = {0, 0x20, 0xa0, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned long c = n < 2 ? s[0] : s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c == 0x7f || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	return n;
}

/* A path is whatever its owner liked to write in it, a terminal's control sequences too. */
static void add_escaped(struct line *l, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		size_t n = printable(s);

		if (*s == '\\')
			add(l, "\\\\");
		else if (n == 0)
			add(l, "\\x%02x", *s);
		else
			add(l, "%.*s", (int)n, (const char *)s);
		s += n == 0 ? 1 : n;
	}
}

int ferry_flag_names(const struct ferry_facts *st, char *names, size_t size)
{
	static const struct bit flags[] = {
		{O_PATH, "path"},       {O_APPEND, "append"}, {O_NONBLOCK, "nonblock"},
		{O_ASYNC, "async"},     {O_DIRECT, "direct"}, {O_SYNC, "sync"},
		{O_NOATIME, "noatime"},
	};
	static const struct bit seals[] = {
		{F_SEAL_SEAL, "seal-seal"},
		{F_SEAL_SHRINK, "seal-shrink"},
		{F_SEAL_GROW, "seal-grow"},
		{F_SEAL_WRITE, "seal-write"},
		{F_SEAL_FUTURE_WRITE, "seal-future-write"},
		{F_SEAL_EXEC, "seal-exec"},
	};
	struct line l = {.text = names, .size = size};

	if (size > 0)
		names[0] = '\0';
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if ((st->flags & flags[i].bit) == flags[i].bit)
			add(&l, "%s%s", l.len > 0 ? "," : "", flags[i].name);
	for (size_t i = 0; i < sizeof(seals) / sizeof(*seals); i++)
		if ((st->seals & seals[i].bit) == seals[i].bit)
			add(&l, "%s%s", l.len > 0 ? "," : "", seals[i].name);
	return (int)l.len;
}

static const char *inet_name(int type, bool listening)
{
	if (type == SOCK_STREAM)
		return listening ? "tcp-listen" : "tcp";
	return type == SOCK_DGRAM ? "udp" : "ip";
}

static const char *unix_name(int type, bool listening)
{
	if (type == SOCK_STREAM)
		return listening ? "unix-listen" : "unix-stream";
	if (type == SOCK_SEQPACKET)
		return listening ? "unix-seqpacket-listen" : "unix-seqpacket";
	return "unix-dgram";
}

const char *ferry_socket_name(const struct ferry_facts *st)
{
	switch (st->domain) {
	case AF_UNSPEC:
		return "";
	case AF_UNIX:
		return unix_name(st->type, st->listening);
	case AF_INET:
	case AF_INET6:
		return inet_name(st->type, st->listening);
	case AF_NETLINK:
		return "netlink";
	default:
		return "socket";
	}
}

static void add_socket(struct line *l, const struct ferry_facts *st)
{
	add(l, " %s", ferry_socket_name(st));
	if (st->path[0] != '\0')
		add(l, ":");
	add_escaped(l, st->path);
	if (st->peer[0] != '\0')
		add(l, " connected to ");
	add_escaped(l, st->peer);
}

int ferry_describe(int fd, char *line, size_t size)
{
	static const char *const access[] = {"ro", "wo", "rw"};
	char names[128];
	char path[PATH_MAX + sizeof(" (deleted)")], peer[FERRY_ADDR_SIZE];
	struct ferry_facts st = {.path = path,
				 .path_size = sizeof(path),
				 .peer = peer,
				 .peer_size = sizeof(peer)};
	struct line l = {.text = line, .size = size};
	int err = ferry_stat(fd, &st, sizeof(st));

	if (err < 0)
		return err;
	add(&l, "%s", ferry_kind_name(st.kind));
	if (st.kind == FERRY_IS_SOCKET && st.domain != 0) {
		add_socket(&l, &st);
	} else if (st.kind == FERRY_IS_PIDFD) {
		if (st.pid > 0)
			add(&l, " of process %d", (int)st.pid);
		else if (st.pid < 0)
			add(&l, " of a process that has ended");
	} else if (path[0] != '\0') {
		add(&l, " ");
		add_escaped(&l, path);
	}
	if (st.access >= 0 && st.access <= O_RDWR)
		add(&l, " %s", access[st.access]);
	if (st.offset >= 0)
		add(&l, " offset %lld", (long long)st.offset);
	if (st.size >= 0)
		add(&l, " size %lld", (long long)st.size);
	if (ferry_flag_names(&st, names, sizeof(names)) > 0)
		add(&l, " %s", names);
	return l.len > INT_MAX ? INT_MAX : (int)l.len;
}
