/* SPDX-License-Identifier: MIT
 *
 * hostile.h - what a peer sends that means no good, in plain system calls.  The deadline of the harness
 * is the proof that nothing waits.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "../api/trust.h"

#include <sys/syscall.h>

static inline void hostile_send(int sock, const char *data, size_t len, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FERRY_MAX_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (char *)(uintptr_t)data, .iov_len = len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > 0) {
		h.msg_control = control.bytes;
		h.msg_controllen = (__typeof__(h.msg_controllen))CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len =
			(__typeof__(control.align.cmsg_len))CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	/* Not musl's sendmsg(), which refuses 253 descriptors. */
	CHECK_INT(syscall(SYS_sendmsg, sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL), ==, len);
}

#endif
