/* SPDX-License-Identifier: MIT
 * confirm.c - has the receiver taken the message out of its queue? */
#include "cmd.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define MOST_PAUSE_MS 20 /* between two looks: nothing wakes us when the queue is empty */

/* Waits until nothing that was sent through sock is queued at the other end.  0, -ETIMEDOUT, or
 * -ECONNRESET if the other end was closed with it unread.
 *
 * SIOCOUTQ is what the sender's messages take in queues: it falls when a message is read, and also when
 * it is thrown away with its socket.  A connection tells the two apart: closing an end that has unread
 * messages leaves ECONNRESET at the other before they are thrown away (unix_release_sock in af_unix.c),
 * so that asking for the error second cannot miss it.  A datagram socket tells nothing. */
int wait_taken(int sock, int64_t end_ms)
{
	for (int pause = 1;; pause *= 2) {
		int64_t left = end_ms - now_ms();
		int queued = 0, err = 0;
		socklen_t len = sizeof(err);

		if (ioctl(sock, SIOCOUTQ, &queued) < 0)
			return -errno;
		if (queued == 0)
			return getsockopt(sock, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno
										      : -err;
		if (left <= 0)
			return -ETIMEDOUT;
		if (pause > MOST_PAUSE_MS)
			pause = MOST_PAUSE_MS;
		poll(NULL, 0, left < pause ? (int)left : pause);
	}
}
