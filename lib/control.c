/* SPDX-License-Identifier: MIT
 * control.c - the control data of a message: the one place that writes it, the one that reads it. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04
#endif

/* A wrong cmsg_level would be ignored and the descriptors lost without a word (__scm_send in scm.c):
 * so it is written nowhere else.  Returns the length for msg_controllen. */
size_t fy_control_put(union fy_control *control, const int *fds, size_t n)
{
	struct cmsghdr *c = &control->align;
	int *slots = (int *)(void *)CMSG_DATA(c);

	memset(c, 0, sizeof(*c)); /* musl has padding where the kernel has a length */
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	FY_SET(c->cmsg_len, CMSG_LEN(n * sizeof(int)));
	memcpy(slots, fds, n * sizeof(int));
	slots[n] = 0; /* the padding, where there is some */
	return CMSG_SPACE(n * sizeof(int));
}

static void take_slots(struct fy_arrival *arrived, const struct cmsghdr *c, size_t bytes)
{
	const unsigned char *data = CMSG_DATA(c);

	if (bytes % sizeof(int) != 0)
		arrived->malformed = true;
	for (size_t i = 0; i < bytes / sizeof(int); i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(int), sizeof(fd));
		/* A slot may hold -errno (SO_RIGHTS_NOTRUNC in scm_detach_fds, 7.3), and -EPERM looks
		 * like "no descriptor". */
		arrived->withheld += fd < 0;
		arrived->low |= fd <= STDERR_FILENO;
		arrived->fds[arrived->n++] = fd;
	}
}

/* SCM_PIDFD is a descriptor too, and comes also where somebody else has set SO_PASSPIDFD on the socket.
 * At a full table it is a negative errno, without MSG_CTRUNC (scm_pidfd_recv in scm.h). */
static __attribute__((cold)) void take_pidfd(struct fy_arrival *arrived, const struct cmsghdr *c,
					     size_t bytes)
{
	int fd;

	if (bytes < sizeof(fd))
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	ferry_close_all(&arrived->pidfd, 1);
	arrived->pidfd = fd;
	arrived->low |= fd <= STDERR_FILENO;
	arrived->has_pidfd = true;
}

/* Only a whole one counts. */
static void take_creds(struct fy_arrival *arrived, const struct cmsghdr *c, size_t bytes)
{
	if (bytes != sizeof(arrived->creds))
		return;
	memcpy(&arrived->creds, CMSG_DATA(c), sizeof(arrived->creds));
	arrived->has_creds = true;
}

/* Closes what came and was not given away.  Who sent it stays known, but for the pidfd. */
void fy_control_close(struct fy_arrival *arrived, bool dispose)
{
	if (dispose)
		(void)ferry_dispose(arrived->fds, arrived->n); /* leaves -1, or all open */
	ferry_close_all(arrived->fds, arrived->n);
	if (arrived->pidfd < 0)
		return;
	ferry_close_all(&arrived->pidfd, 1);
	arrived->pidfd = -ECANCELED;
}

/* Moves every descriptor out of what recvmsg(2) left in h, whatever else is in it: how many came is
 * what cmsg_len says and never what was expected, since the padding of a buffer for one descriptor
 * has room for two (CMSG_SPACE in cmsg(3), CVE-2014-3635). */
void fy_control_take(const struct msghdr *h, struct fy_arrival *arrived)
{
	const unsigned char *bytes = h->msg_control;
	size_t at = 0, len = h->msg_controllen;

	arrived->n = arrived->withheld = 0;
	arrived->malformed = arrived->low = arrived->has_creds = arrived->has_pidfd = false;
	arrived->pidfd = -1;
	/* Not CMSG_NXTHDR: glibc and musl differ in what they do about a length that cannot be. */
	while (at < len && len - at >= CMSG_LEN(0)) {
		const struct cmsghdr *c = (const void *)(bytes + at);
		size_t data;

		if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > len - at) {
			arrived->malformed = true;
			return;
		}
		data = c->cmsg_len - CMSG_LEN(0);
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_slots(arrived, c, data);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_PIDFD)
			take_pidfd(arrived, c, data);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			take_creds(arrived, c, data);
		at += CMSG_ALIGN((size_t)c->cmsg_len);
	}
}
