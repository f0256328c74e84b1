/* SPDX-License-Identifier: MIT
 * internal.h - what the files of the library share; docs/design.md has the map. */
#ifndef FDFERRY_INTERNAL_H
#define FDFERRY_INTERNAL_H

#include "fdferry.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* errno holds what is returned, whatever the cleaning up before it did. */
static inline int fy_fail(int err)
{
	errno = err > 0 ? err : -err;
	return -errno;
}

/* Lengths that glibc has as size_t and musl as int or socklen_t; all of them are checked before. */
#define FY_SET(field, value) ((field) = (__typeof__(field))(value))

/* message.c: what sending and receiving ask of a struct alike */
int fy_check_other_size(const void *arg, size_t size, size_t known);
int fy_check_fields(struct ferry_msg *msg, uint32_t flags);
int fy_refuse(struct ferry_msg *msg, int err, const char *why) __attribute__((cold));

static inline int fy_check_size(const void *arg, size_t size, size_t known)
{
	return arg != NULL && size == known ? 0 : fy_check_other_size(arg, size, known);
}

#define FY_MOST_PIECES 1024 /* UIO_MAXIOV */

static inline int fy_check_msg(struct ferry_msg *msg, uint32_t flags)
{
	msg->why = NULL;
	if ((msg->flags & ~flags) == 0 && msg->timeout_ms >= 0 && msg->reserved == 0 &&
	    msg->iov != NULL && msg->iovlen <= FY_MOST_PIECES)
		return 0;
	return fy_check_fields(msg, flags);
}

static inline size_t fy_total(const struct ferry_msg *msg)
{
	size_t sum = 0;

	for (size_t i = 0; i < msg->iovlen; i++)
		sum += msg->iov[i].iov_len;
	return sum;
}

/* Not /proc/self, which shows the table of the thread group's leader (proc_thread_self(5), 3.17). */
#define FY_PROC_FD "/proc/thread-self/fd"

/* address.c: text and sockaddr_un */
struct fy_name {
	struct sockaddr_un un;
	socklen_t len;
};
int fy_name_check(const char *text);
bool fy_name_is_abstract(const char *text);
int fy_name_direct(struct fy_name *name, const char *text);
int fy_name_below(struct fy_name *name, int dir, const char *last);
int fy_name_handle(struct fy_name *name, int handle);
int fy_name_without_proc(struct fy_name *name, const char *text);
/* namelen as the kernel gave it; the buffer is as large as the kernel may make it (see fy_raw_name) */
struct fy_raw_name {
	struct sockaddr_un un;
	char beyond
		[4]; /* getsockname reports 111 bytes for a path of 108 without NUL: unix(7) BUGS */
};
void fy_name_text(const struct fy_raw_name *raw, socklen_t namelen, char *text, size_t size);

/* path.c: to a directory or a file, following no link that may have been planted */
int fy_path_parent(const char *path, char last[static NAME_MAX + 1]);
int fy_path_open(const char *path);

/* owner.c: is this file that socket's, and who else is at work in the directory */
int fy_owner_check(int sock, int handle);
int fy_lock_dir(int dir, int *lock);
int fy_alive(int handle, const char *text); /* 1, 0 or -errno */

/* connect.c */
int fy_connect_handle(int sock, int handle, const char *text);

/* prepare.c */
#define FY_SOCKET_FLAGS ((uint32_t)(FERRY_CREDS | FERRY_PIDFDS | FERRY_REFUSE))
int fy_get(int sock, int option, int *value);
int fy_type(int sock);
bool fy_carries(int type); /* descriptors: one of the three types that sockets have here */
int fy_new_socket(int type);
int fy_high(int fd);
int fy_high_copy(int fd);

/* wait.c */
struct fy_wait {
	int64_t deadline_ns; /* of CLOCK_MONOTONIC; 0: not known yet */
	int64_t spin_end_ns; /* likewise, of trying again without a pause; 0: not begun */
	unsigned lies;       /* how often poll said ready and the call after it did not */
};
int fy_wait(struct fy_wait *w, int sock, short events, uint32_t flags, int timeout_ms);
bool fy_wait_spin(struct fy_wait *w, const struct ferry_msg *msg);
int fy_wait_blind(struct fy_wait *w, uint32_t flags, int timeout_ms);
int64_t fy_wait_left(struct fy_wait *w, int timeout_ms);
int fy_wait_ms(struct fy_wait *w, uint32_t flags, int timeout_ms, int32_t *ret);

/* control.c */
#define FY_CONTROL_SIZE 2048
union fy_control {
	struct cmsghdr align;
	unsigned char bytes[FY_CONTROL_SIZE];
};
struct fy_arrival {
	int fds[FY_CONTROL_SIZE / sizeof(int)]; /* -errno in a slot whose descriptor was withheld */
	size_t n;
	size_t withheld; /* such slots */
	bool malformed;  /* a length that cannot be */
	bool low;        /* some slot is below 3 */
	bool has_creds, has_pidfd;
	struct ucred creds;
	int pidfd; /* or -errno */
};
size_t fy_control_put(union fy_control *control, const int *fds, size_t n);
void fy_control_take(const struct msghdr *h, struct fy_arrival *arrived);
void fy_control_close(struct fy_arrival *arrived, bool dispose);

/* judge.c: 0 if what arrived is what was asked for */
int fy_judge(int sock, const struct msghdr *h, struct fy_arrival *arrived, struct ferry_msg *msg);

/* peer.c */
int fy_peer_check(struct ferry_peer *peer, size_t size);
void fy_peer_of_message(const struct fy_arrival *arrived, struct ferry_peer *ret);

/* room.c */
int fy_room_check(int sock, size_t n);

#endif
