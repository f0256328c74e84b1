/* SPDX-License-Identifier: MIT
 * prepare.c - makes a socket what the rest of the library relies on: its options are checked and set
 * here, once, and not at each message. */
#include "internal.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

/* Newer than the headers of the oldest libc we build with; the numbers are those of asm-generic, and
 * the architectures that have others are left to their headers. */
#if !defined(__alpha__) && !defined(__hppa__) && !defined(__mips__) && !defined(__sparc__)
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef SO_INQ
#define SO_INQ 84
#endif
#ifndef SO_RIGHTS_NOTRUNC
#define SO_RIGHTS_NOTRUNC 85
#endif
#endif

int fy_get(int sock, int option, int *value)
{
	socklen_t len = sizeof(*value);

	return getsockopt(sock, SOL_SOCKET, option, value, &len) < 0 ? -errno : 0;
}

/* An older kernel that does not know the option (ENOPROTOOPT) does not do what it is about either. */
static int set(int sock, int option, int value)
{
	if (setsockopt(sock, SOL_SOCKET, option, &value, sizeof(value)) == 0)
		return 0;
	return errno == ENOPROTOOPT || errno == EOPNOTSUPP || errno == EINVAL ? 0 : -errno;
}

int fy_type(int sock)
{
	int type, err = fy_get(sock, SO_TYPE, &type);

	return err < 0 ? err : type;
}

/* Another number of 3 or more for it.  Below such a limit fcntl(2) calls the argument wrong. */
int fy_high_copy(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (high >= 0)
		return high;
	return errno == EINVAL ? -EMFILE : -errno;
}

/* A received or new descriptor below 3 would become somebody's standard input or output. */
int fy_high(int fd)
{
	int high;

	if (fd < 0)
		return -errno;
	if (fd > STDERR_FILENO)
		return fd;
	high = fy_high_copy(fd);
	close(fd);
	return high;
}

bool fy_carries(int type)
{
	return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET;
}

int fy_new_socket(int type)
{
	if (!fy_carries(type))
		return -EINVAL;
	return fy_high(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

int ferry_prepare(int sock, uint32_t flags)
{
	/* What others may have switched on puts more control data in front of or behind the
	 * descriptors. */
	static const int off[] = {
#ifdef SO_INQ
		SO_INQ,
#endif
		SO_PASSSEC,
		SO_TIMESTAMP,
		SO_TIMESTAMPNS,
	};
	int domain, type = fy_type(sock), err;

	if ((flags & ~FY_SOCKET_FLAGS) != 0)
		return fy_fail(EINVAL);
	err = type < 0 ? type : fy_get(sock, SO_DOMAIN, &domain);
	if (err < 0)
		return fy_fail(err);
	/* sendmsg(2) on TCP or UDP takes SCM_RIGHTS, reports success and sends no descriptor. */
	if (domain != AF_UNIX || !fy_carries(type))
		return fy_fail(EPROTONOSUPPORT);
	err = 0;
	for (size_t i = 0; err == 0 && i < sizeof(off) / sizeof(*off); i++)
		err = set(sock, off[i], 0);
#ifdef SO_PASSRIGHTS
	if (err == 0)
		err = set(sock, SO_PASSRIGHTS, (flags & FERRY_REFUSE) == 0);
#endif
#ifdef SO_RIGHTS_NOTRUNC
	/* A security module then withholds one descriptor, and not all behind it too (7.3). */
	if (err == 0)
		err = set(sock, SO_RIGHTS_NOTRUNC, 1);
#endif
#ifdef SO_PASSPIDFD
	/* It installs a descriptor with each message: not where nobody asked for it (unix(7), 6.5). */
	if (err == 0)
		err = set(sock, SO_PASSPIDFD, (flags & FERRY_PIDFDS) != 0);
#endif
	/* More would make a recvmsg(2) that waits wait for more than there is (unix_stream_read_generic). */
	if (err == 0)
		err = set(sock, SO_RCVLOWAT, 1);
	/* On seqpacket an empty message and end of file are the same answer, but only a message
	 * carries credentials.  On a stream they would split what different writers wrote. */
	if (err == 0)
		err = set(sock, SO_PASSCRED,
			  type == SOCK_SEQPACKET || (flags & (FERRY_CREDS | FERRY_PIDFDS)) != 0);
	/* An out-of-band byte makes poll(2) say readable when nothing can be read; in line it is a
	 * byte like any other (unix_stream_recv_urg in af_unix.c, 5.15). */
	if (err == 0 && type == SOCK_STREAM)
		err = set(sock, SO_OOBINLINE, 1);
	return err < 0 ? fy_fail(err) : type;
}
