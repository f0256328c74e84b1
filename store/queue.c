/* SPDX-License-Identifier: MIT
 * queue.c - what is in a UNIX socket's queue, and who is at its other end: sock_diag(7) tells it by the inode,
 * and of descriptors fdinfo. */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel answers while it handles the request, so that there is nothing to wait for; a socket of
 * another network namespace is not found. */
static bool diag(uint64_t ino, uint32_t show, unsigned short what, void *ret, size_t size)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} ask = {.header = {.nlmsg_len = sizeof(ask),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST},
		 .request = {.sdiag_family = AF_UNIX,
			     .udiag_states = UINT32_MAX,
			     .udiag_ino = (uint32_t)ino,
			     .udiag_show = show,
			     .udiag_cookie = {UINT32_MAX, UINT32_MAX}}};
	_Alignas(struct nlmsghdr) char bytes[1024];
	const struct nlmsghdr *h = (const void *)bytes;
	struct rtattr {
		unsigned short len, type;
	} attr;
	size_t at = NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool found = false;
	ssize_t len;

	if (sock < 0)
		return false;
	len = send(sock, &ask, sizeof(ask), MSG_DONTWAIT) < 0
		      ? -1
		      : recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT);
	close(sock);
	if (len < (ssize_t)sizeof(*h) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	while (at + sizeof(attr) <= (size_t)len) {
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.len < sizeof(attr) || attr.len > (size_t)len - at)
			break;
		if (attr.type == what && attr.len >= sizeof(attr) + size) {
			memcpy(ret, bytes + at + sizeof(attr), size);
			found = true;
		}
		at += NLMSG_ALIGN(attr.len);
	}
	return found;
}

int64_t waiting_unix(uint64_t ino)
{
	struct unix_diag_rqlen queue;

	return diag(ino, UDIAG_SHOW_RQLEN, UNIX_DIAG_RQLEN, &queue, sizeof(queue))
		       ? (int64_t)queue.udiag_rqueue
		       : -1;
}

/* The inode of the socket that it is connected to, or 0. */
uint64_t peer_unix(uint64_t ino)
{
	uint32_t peer;

	return diag(ino, UDIAG_SHOW_PEER, UNIX_DIAG_PEER, &peer, sizeof(peer)) ? peer : 0;
}

/* Descriptors in the messages of a UNIX socket's queue (unix_show_fdinfo in net/unix/af_unix.c); -1 where
 * that is not told. */
int64_t queued_unix(int fd)
{
	static const char key[] = "\nscm_fds: ";
	char path[64], text[1024];
	const char *at;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -1;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at != NULL ? (int64_t)strtoul(at + strlen(key), NULL, 10) : -1;
}
