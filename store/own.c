/* SPDX-License-Identifier: MIT
 * own.c - is it one of the store's own sockets, or a client's end of a connection to it?
 *
 * A store that held its own door, or the other end of a connection, would keep itself or a dead client's
 * connection alive.  Both ends have the door's address, the accepted one as its name (unix_stream_connect in
 * net/unix/af_unix.c): so it costs a call or two to know of almost all others that they are none.  An address
 * can be another's too, being a text; the inode tells. */
#include "broker.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	socklen_t len;
	struct sockaddr_un un;
};

typedef int ask(int fd, struct sockaddr *un, socklen_t *len);

static bool has_address(ask *which, int fd, struct address *ret)
{
	ret->len = sizeof(ret->un);
	return which(fd, (struct sockaddr *)&ret->un, &ret->len) == 0 &&
	       ret->un.sun_family == AF_UNIX && ret->len <= sizeof(ret->un);
}

static bool is_called(const struct address *a, int door)
{
	struct address b;

	return a->len > sizeof(a->un.sun_family) && has_address(getsockname, door, &b) &&
	       a->len == b.len && memcmp(&a->un, &b.un, a->len) == 0;
}

static bool is_accepted(const struct store *s, uint64_t ino)
{
	const struct client *c = s->turn->clients;

	while (c != NULL && c->ino != ino)
		c = c->next;
	return c != NULL && ino != 0;
}

bool is_own(const struct store *s, int fd)
{
	const int doors[] = {s->door, s->notify};
	struct address name, peer;
	struct inode inode, door;

	if (!has_address(getsockname, fd, &name) || inode_of(fd, &inode) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (is_called(&name, doors[i]) && inode_of(doors[i], &door) == 0 &&
		    door.ino == inode.ino)
			return true;
	if (is_called(&name, s->door))
		return is_accepted(s, inode.ino);
	return has_address(getpeername, fd, &peer) && is_called(&peer, s->door) &&
	       is_accepted(s, peer_unix(inode.ino));
}
