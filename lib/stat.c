/* SPDX-License-Identifier: MIT
 * stat.c - what a descriptor is.
 *
 * Nothing here can block, whatever the descriptor is and whoever made it.  fstat(2), poll(2), isatty(3)
 * and lseek(2) can, for ever, on a FUSE or NFS mount whose server has stopped answering; lseek also
 * waits for another process that is in a read(2) on the same open file (fdget_pos in fs/file.c). */
#include "internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif
#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif
#define ACCESS_MODE 3 /* O_ACCMODE, in which musl includes O_PATH */

/* struct statx of linux/stat.h, which musl has not and glibc has since 2.28. */
struct facts {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, blocks, attributes_mask;
	uint64_t times[8];
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t spare[14];
};
#define BASIC_FACTS 0x7ffu

static int ask(int fd, struct facts *ret)
{
	/* 4.11.  What the kernel has cached is enough: to ask the server would be to wait for it. */
	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, BASIC_FACTS, ret) < 0
		       ? -errno
		       : 0;
}

/* What the kernel calls it; "" where /proc is not mounted. */
static void link_text(int fd, char *text, size_t size)
{
	char name[sizeof(FY_PROC_FD "/-2147483648")];
	ssize_t n;

	snprintf(name, sizeof(name), FY_PROC_FD "/%d", fd);
	n = readlink(name, text, size - 1);
	text[n < 0 ? 0 : n] = '\0';
}

/* A number from fdinfo, which is read without any lock of the file: proc_pid_fdinfo(5). */
static int64_t fdinfo(int fd, const char *key, int64_t otherwise)
{
	char name[sizeof("/proc/thread-self/fdinfo/-2147483648")], text[1024];
	const char *line = text;
	ssize_t n;
	int info;

	snprintf(name, sizeof(name), "/proc/thread-self/fdinfo/%d", fd);
	info = open(name, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return otherwise;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n < 0 ? 0 : n] = '\0';
	while (line != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			return strtoll(line + strlen(key), NULL, 10);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return otherwise;
}

static uint32_t kind_of(const struct facts *facts, const char *link, int seals)
{
	/* From 6.9 a pidfd and from 6.16 other anonymous inodes look like regular files. */
	if (strcmp(link, "anon_inode:[pidfd]") == 0 || strncmp(link, "pidfd:", 6) == 0)
		return FERRY_IS_PIDFD;
	if (strncmp(link, "anon_inode:", 11) == 0)
		return FERRY_IS_ANON;
	switch (facts->mode & S_IFMT) {
	case S_IFREG:
		return seals >= 0 && facts->nlink == 0 && strncmp(link, "/memfd:", 7) == 0
			       ? FERRY_IS_MEMFD
			       : FERRY_IS_FILE;
	case S_IFDIR:
		return FERRY_IS_DIR;
	case S_IFIFO:
		return FERRY_IS_FIFO;
	case S_IFSOCK:
		return FERRY_IS_SOCKET;
	case S_IFCHR:
		return FERRY_IS_CHAR;
	case S_IFBLK:
		return FERRY_IS_BLOCK;
	case S_IFLNK:
		return FERRY_IS_LINK;
	default:
		return FERRY_IS_ANON;
	}
}

union any_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct fy_raw_name un;
};

static void address_text(const union any_address *a, socklen_t len, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (text == NULL || size == 0)
		return;
	text[0] = '\0';
	if (len < sizeof(sa_family_t))
		return;
	if (a->sa.sa_family == AF_UNIX) {
		fy_name_text(&a->un, len, text, size);
	} else if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%d", host, ntohs(a->in.sin_port));
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%d", host, ntohs(a->in6.sin6_port));
	}
}

static int32_t option(int fd, int name)
{
	int value;

	return fy_get(fd, name, &value) < 0 ? 0 : value;
}

static void look_at_socket(int fd, struct ferry_facts *ret)
{
	union any_address a;
	socklen_t len = sizeof(a);

	ret->domain = option(fd, SO_DOMAIN);
	ret->type = option(fd, SO_TYPE);
	ret->protocol = option(fd, SO_PROTOCOL);
	ret->listening = option(fd, SO_ACCEPTCONN);
	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.sa, &len) < 0)
		len = 0;
	address_text(&a, len, ret->path, ret->path_size);
	memset(&a, 0, sizeof(a));
	len = sizeof(a);
	if (getpeername(fd, &a.sa, &len) < 0)
		len = 0;
	address_text(&a, len, ret->peer, ret->peer_size);
}

int ferry_stat(int fd, struct ferry_facts *ret, size_t size)
{
	char link[PATH_MAX + sizeof(" (deleted)")];
	struct ferry_facts st;
	struct facts facts = {0}; /* no analyser sees that statx(2) fills it */
	int flags, seals, err = fy_check_size(ret, size, sizeof(*ret));

	if (err == 0)
		err = ask(fd, &facts);
	if (err < 0)
		return fy_fail(err);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return fy_fail(errno);
	seals = fcntl(fd, F_GET_SEALS);
	link_text(fd, link, sizeof(link));
	st = (struct ferry_facts){
		.kind = kind_of(&facts, link, seals),
		.mode = facts.mode,
		.dev = makedev(facts.dev_major, facts.dev_minor),
		.ino = facts.ino,
		.access = (flags & O_PATH) != 0 ? -1 : flags & ACCESS_MODE,
		.flags = (uint32_t)(flags & ~ACCESS_MODE),
		.offset = -1,
		.size = -1,
		.path = ret->path,
		.path_size = ret->path_size,
		.peer = ret->peer,
		.peer_size = ret->peer_size,
	};
	if (st.kind == FERRY_IS_MEMFD)
		st.seals = (uint32_t)seals;
	if (st.kind == FERRY_IS_FILE || st.kind == FERRY_IS_MEMFD)
		st.size = (int64_t)facts.size;
	if (st.access >= 0 &&
	    (st.kind & (FERRY_IS_FILE | FERRY_IS_MEMFD | FERRY_IS_DIR | FERRY_IS_BLOCK)) != 0)
		st.offset = fdinfo(fd, "pos:", -1);
	if (st.kind == FERRY_IS_PIDFD)
		st.pid = (int32_t)fdinfo(fd, "Pid:", 0);
	if (st.path != NULL && st.path_size > 0)
		snprintf(st.path, st.path_size, "%s", link);
	if (st.peer != NULL && st.peer_size > 0)
		st.peer[0] = '\0';
	if (st.kind == FERRY_IS_SOCKET && st.access >= 0)
		look_at_socket(fd, &st);
	*ret = st;
	return 0;
}
