/* SPDX-License-Identifier: MIT
 * list.c - one descriptor as a list shows it. */
#include "broker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Connections that wait to be accepted.  TCP tells it of a listener (tcp_info in net/ipv4/tcp.c: the
 * accept queue is in tcpi_unacked). */
static int64_t waiting_tcp(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return -1;
	return info.tcpi_unacked;
}

static int64_t waiting(int fd, const struct ferry_facts *st)
{
	if (st->kind != FERRY_IS_SOCKET || !st->listening)
		return -1;
	if ((st->domain == AF_INET || st->domain == AF_INET6) && st->protocol == IPPROTO_TCP)
		return waiting_tcp(fd);
	return st->domain == AF_UNIX ? waiting_unix(st->ino) : -1;
}

/* Control characters as \xNN, since an answer is made of lines. */
static void clean(char *to, size_t size, const char *path)
{
	size_t at = 0;

	for (; *path != '\0' && at + 5 < size; path++)
		if ((unsigned char)*path < 0x20 || *path == 0x7f)
			at += (size_t)snprintf(to + at, size - at, "\\x%02x", (unsigned char)*path);
		else
			to[at++] = *path;
	to[at] = '\0';
}

/* An entry, whole, or nothing and false if it does not fit any more. */
bool list_entry(struct text *text, const struct entry *e)
{
	char path[1024], shown[1024];
	struct ferry_facts st = {.path = path, .path_size = sizeof(path)};
	int64_t now = clock_ms(), n;
	size_t before = text->len;
	bool ok;

	path[0] = '\0';
	ok = text_number(text, "ID", (int64_t)e->id) &&
	     text_add(text, "NAME", e->name->text, e->name->len);
	if (ok && ferry_stat(e->fd, &st, sizeof(st)) == 0) {
		const char *kind = ferry_socket_name(&st);

		ok = text_string(text, "KIND", kind[0] != '\0' ? kind : ferry_kind_name(st.kind));
		clean(shown, sizeof(shown), path);
		if (ok && shown[0] != '\0')
			ok = text_string(text, "PATH", shown);
		n = waiting(e->fd, &st);
		if (ok && n >= 0)
			ok = text_number(text, "WAITING", n);
		n = st.domain == AF_UNIX ? queued_unix(e->fd) : -1;
		if (ok && n > 0)
			ok = text_number(text, "QUEUED", n);
		if (ok && st.size >= 0)
			ok = text_number(text, "SIZE", st.size);
	} else if (ok) {
		ok = text_string(text, "KIND", "unknown");
	}
	ok = ok && text_number(text, "FLAGS", e->flags) && text_number(text, "UID", e->uid) &&
	     text_number(text, "AGE", now > e->put_ms ? now - e->put_ms : 0);
	if (ok && e->end_ms != 0)
		ok = text_number(text, "TTL", e->end_ms > now ? e->end_ms - now : 0);
	if (ok && e->lent != NULL)
		ok = text_number(text, "TAKER", 1);
	if (!ok)
		text->len = before;
	return ok;
}
