/* SPDX-License-Identifier: MIT
 * peer.c - who is on the other end: what the kernel says, and how far that is proof. */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(SO_PEERPIDFD) && !defined(__alpha__) && !defined(__hppa__) && !defined(__mips__) &&   \
	!defined(__sparc__)
#define SO_PEERPIDFD 77
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define OVERFLOW_ID 65534 /* user_namespaces(7): how an id without a number here is shown */
#define NOBODY ((uid_t)-1)
#define NO_GROUP ((gid_t)-1)

static const struct ferry_peer unknown = {.uid = NOBODY, .gid = NO_GROUP, .pidfd = -1};

/* What is there before is only written over: a pidfd in it was given, and is not ours to close. */
int fy_peer_check(struct ferry_peer *peer, size_t size)
{
	int err = fy_check_size(peer, size, sizeof(*peer));

	if (err == 0)
		*peer = unknown;
	return err;
}

/* Has every id a number here?  Then 65534 is who it says; in a narrower user namespace it may be
 * anybody that has none. */
static bool maps_everybody(const char *map)
{
	char line[128], *next = line;
	unsigned long inside, outside;
	ssize_t n;
	int fd = open(map, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n < 0 ? 0 : n] = '\0';
	/* "inside outside count", one line where everybody is mapped; what is no number reads as 0 */
	inside = strtoul(next, &next, 10);
	outside = strtoul(next, &next, 10);
	return inside == 0 && outside == 0 && strtoul(next, &next, 10) >= UINT32_MAX;
}

static void take_creds(const struct ucred *creds, struct ferry_peer *ret)
{
	bool uid = creds->uid != NOBODY, gid = creds->gid != NO_GROUP;

	/* Without a pid it may also be a message from before SO_PASSCRED was set, which has ids of
	 * nobody (scm_recv in scm.h). */
	if (creds->uid == OVERFLOW_ID)
		uid = creds->pid != 0 && maps_everybody("/proc/self/uid_map");
	if (creds->gid == OVERFLOW_ID)
		gid = creds->pid != 0 && maps_everybody("/proc/self/gid_map");
	if (uid)
		ret->uid = creds->uid;
	if (gid)
		ret->gid = creds->gid;
	if (uid && gid)
		ret->proven |= FERRY_UID_PROVEN;
	if (creds->pid > 0) {
		ret->pid = creds->pid;
		ret->proven |= FERRY_PID_PROVEN;
	}
}

/* A sender that has the capability may claim any uid, and any pid that lives (scm_check_creds). */
void fy_peer_of_message(const struct fy_arrival *arrived, struct ferry_peer *ret)
{
	*ret = unknown;
	if (arrived->has_creds)
		take_creds(&arrived->creds, ret);
	if (!arrived->has_pidfd) {
		ret->pidfd_err = EOPNOTSUPP;
	} else if (arrived->pidfd >= 0) {
		ret->pidfd = arrived->pidfd;
		ret->proven |= FERRY_PIDFD_PROVEN;
	} else {
		/* 6.12 answers EINVAL for a sender that has been reaped. */
		ret->pidfd_err = arrived->pidfd == -EINVAL ? ESRCH : -arrived->pidfd;
	}
	/* The pidfd is of the pid that was claimed. */
	if (ret->proven != 0)
		ret->proven |= FERRY_MAY_BE_CLAIM;
}

/* Before 6.5: of the process that has the pid now, and so without proof. */
static void guess_pidfd(struct ferry_peer *ret)
{
	if (ret->pid <= 0) {
		ret->pidfd_err = EOPNOTSUPP;
		return;
	}
	ret->pidfd = fy_high((int)syscall(SYS_pidfd_open, ret->pid, 0));
	if (ret->pidfd >= 0)
		return;
	ret->pidfd_err = ret->pidfd == -ENOSYS ? EOPNOTSUPP : -ret->pidfd;
	ret->pidfd = -1;
}

/* The pidfd that the kernel has kept since connect(2) or listen(2): it cannot be of another process
 * with the same pid, as one that is opened now can. */
static void take_pidfd(int sock, struct ferry_peer *ret)
{
	int fd = -1, err = ENOPROTOOPT;
#ifdef SO_PEERPIDFD
	socklen_t len = sizeof(fd);

	err = getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) < 0 ? errno : 0;
#endif
	if (err == ENOPROTOOPT) {
		guess_pidfd(ret);
		return;
	}
	if (err == 0) {
		fd = fy_high(fd);
		err = fd < 0 ? -fd : 0;
	}
	/* It has ended and been waited for, which the kernel says so before 6.16. */
	if (err == EINVAL || err == ENODATA)
		err = ESRCH;
	ret->pidfd_err = err;
	if (err != 0)
		return;
	ret->pidfd = fd;
	ret->proven |= FERRY_PIDFD_PROVEN;
}

int ferry_get_peer(int sock, struct ferry_peer *ret, size_t size)
{
	int domain, listening, err = fy_peer_check(ret, size);
	struct ucred creds = {0};
	socklen_t len = sizeof(creds);

	if (err == 0)
		err = fy_get(sock, SO_DOMAIN, &domain);
	if (err == 0 && domain != AF_UNIX)
		err = -EPROTONOSUPPORT;
	/* A pair of datagram sockets has one, and keeps it when it is connected elsewhere. */
	if (err == 0 && fy_type(sock) == SOCK_DGRAM)
		err = -ENODATA;
	/* A listener's "peer" is itself. */
	if (err == 0)
		err = fy_get(sock, SO_ACCEPTCONN, &listening);
	if (err == 0 && listening)
		err = -EINVAL;
	if (err == 0 && getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &creds, &len) < 0)
		err = -errno;
	/* One that is not connected succeeds, with pid 0 and uid -1. */
	if (err == 0 && (len != sizeof(creds) || (creds.pid == 0 && creds.uid == NOBODY)))
		err = -ENODATA;
	if (err < 0)
		return fy_fail(err);
	take_creds(&creds, ret);
	take_pidfd(sock, ret);
	return 0;
}
