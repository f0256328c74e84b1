/* SPDX-License-Identifier: MIT
 *
 * trust.h - what the tests of identities and expectations share.
 */
#ifndef TRUST_H
#define TRUST_H

#include "api.h"

#include <netinet/in.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define NOT_A_PID (-7)

/* An abstract name that no other run of the tests has.  A child that wants the same one gets it from its
 * parent. */
static inline const char *own_name(void)
{
	static char name[40];

	snprintf(name, sizeof(name), "@fdferry-test-%ld", (long)getpid());
	return name;
}

static inline int signal_pidfd(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

/* Whether this kernel has the socket option; tried on a socket of its own. */
static inline bool has_option(int option)
{
	int sock = plain_socket(SOCK_DGRAM), one = 1;
	bool has = setsockopt(sock, SOL_SOCKET, option, &one, sizeof(one)) == 0;

	close(sock);
	return has;
}

/* What the kernel says of a pidfd: -1 ended, NOT_A_PID no pidfd or no /proc. */
static inline int fdinfo_pid(int fd)
{
	char name[64], text[1024], *at;
	ssize_t n;
	int info;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	info = open(name, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return NOT_A_PID;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, "\nPid:");
	return at == NULL ? NOT_A_PID : (int)strtol(at + 5, NULL, 10);
}

static inline void check_unknown(const struct ferry_peer *peer)
{
	CHECK_INT(peer->uid, ==, (uid_t)-1);
	CHECK_INT(peer->gid, ==, (gid_t)-1);
	CHECK_INT(peer->pid, ==, 0);
	CHECK_INT(peer->pidfd, ==, -1);
	CHECK_INT(peer->proven, ==, 0);
}

/* It is of pid, which lives; or the kernel has none, and it says so. */
static inline void check_pidfd(const struct ferry_peer *peer, pid_t pid)
{
	if (peer->pidfd < 0) {
		CHECK_INT(peer->pidfd, ==, -1);
		CHECK_INT(peer->pidfd_err, ==, EOPNOTSUPP);
		CHECK_INT(peer->proven & FERRY_PIDFD_PROVEN, ==, 0);
		return;
	}
	CHECK_INT(peer->pidfd_err, ==, 0);
	CHECK_INT(peer->pidfd, >, 2);
	CHECK(is_cloexec(peer->pidfd));
	CHECK_INT(peer->proven & FERRY_PIDFD_PROVEN, ==,
		  has_option(SO_PASSPIDFD) ? FERRY_PIDFD_PROVEN : 0);
	if (access("/proc/self/fdinfo", F_OK) == 0)
		CHECK_INT(fdinfo_pid(peer->pidfd), ==, pid);
	if (geteuid() == 0 || peer->uid == geteuid())
		CHECK_INT(signal_pidfd(peer->pidfd, 0), ==, 0);
}

/* A plain sendmsg(2) of text with explicit credentials; returns 0 or -errno. */
static inline int plain_send_as(int sock, const char *text, const struct ucred *creds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {0};
	struct iovec iov = {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_CREDENTIALS;
	control.align.cmsg_len = CMSG_LEN(sizeof(*creds));
	memcpy(CMSG_DATA(&control.align), creds, sizeof(*creds));
	return sendmsg(sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A connection over the loopback whose ret[0] has data that ret[1] does not take; false if there is no
 * TCP.  To close ret[0] with SO_LINGER then waits: SO_LINGER of 0 seconds resets it instead. */
static inline bool tcp_unsent(int ret[2])
{
	static const char page[4096];
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	ssize_t n = 1;

	if (listener < 0)
		return false;
	ret[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	set_option(listener, SO_RCVBUF, 2048);
	if (bind(listener, (struct sockaddr *)&in, len) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&in, &len) < 0 ||
	    connect(ret[0], (struct sockaddr *)&in, len) < 0) {
		err = errno;
		close(listener);
		close(ret[0]);
		errno = err;
		return false;
	}
	ret[1] = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
	for (int i = 0; i < 65536 && n > 0; i++)
		n = send(ret[0], page, sizeof(page), MSG_DONTWAIT);
	/* Asked again it may take more: what was sent is still on its way into the other's buffer. */
	CHECK_ERRNO((int)n, EAGAIN);
	return true;
}

#endif
