/* SPDX-License-Identifier: MIT
 * drop.c - closes what others made, or have queued in our sockets, without waiting for it.
 *
 * A socket of theirs that lingers makes close(2) wait in whoever closes it last, and exit(2) as well.
 * What ferry_dispose has a helper close is as slow, but we go on.  It costs two processes, and so it is
 * asked first whether there is anything. */
#include "cmd.h"

#include "fdferry.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static bool helped; /* a helper may still hold the table of descriptors */

void drop_all(int *fds, size_t n)
{
	if (n == 0)
		return;
	if (ferry_dispose(fds, n) < 0)
		ferry_close_all(fds, n);
	else
		helped = true;
}

static int get(int sock, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(sock, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

/* An out-of-band byte, which can have descriptors, is not seen by the look behind it. */
static bool is_empty(int sock)
{
	char byte;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr h = {.msg_iov = &data, .msg_iovlen = 1};
	struct pollfd p = {.fd = sock, .events = POLLPRI};
	ssize_t n;

	if (poll(&p, 1, 0) != 0 && (p.revents & POLLPRI) != 0)
		return false;
	n = recvmsg(sock, &h, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN;
	/* End of file, and not a message of nothing: that has credentials, which are cut off here. */
	return n == 0 && (h.msg_flags & MSG_CTRUNC) == 0 && get(sock, SO_TYPE) != SOCK_DGRAM;
}

/* Ours alone: nothing more can come after the shutdown, and what is seen then is true. */
void drop_socket(int sock)
{
	int fds[2] = {sock, -1};
	bool shut = shutdown(sock, SHUT_RD) == 0; /* accept(2) would wait else */

	if (shut && get(sock, SO_ACCEPTCONN) > 0) {
		/* cppcheck-suppress nullPointer ; accept(2): no address is asked for */
		fds[1] = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fds[1] < 0 && errno == EINVAL) /* nobody waits there */
			close(sock);
		else
			drop_all(fds, 2);
	} else if (shut && is_empty(sock)) {
		close(sock);
	} else {
		drop_all(fds, 1);
	}
}

/* One that others may have too: it stays theirs as it is. */
void drop_inherited(int sock)
{
	struct pollfd p = {.fd = sock, .events = POLLIN | POLLPRI};

	if (poll(&p, 1, 0) == 0)
		close(sock);
	else
		drop_all(&sock, 1);
}

/* At our end: who reads what we print must see the end of it, although a helper still has it open. */
void drop_standard(void)
{
	if (!helped)
		return;
	fflush(NULL);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}
