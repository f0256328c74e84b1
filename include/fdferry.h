/* SPDX-License-Identifier: MIT
 *
 * fdferry.h - carry open descriptors from one process to another; see fdferry(7).
 *
 * Result     >= 0 is success, < 0 is -errno, and errno holds the same: test "< 0", never "== -1".
 * Ownership  send borrows: yours stays open and yours.  recv gives: what comes is yours to close, and
 *            close-on-exec from birth.  A call that fails has given nothing and left nothing open.
 *            -1 is the only "no descriptor".
 * Waiting    timeout_ms and FERRY_NOWAIT decide, O_NONBLOCK does not.  timeout_ms 0 waits for ever;
 *            a negative one is -EINVAL, because in poll(2) it means the opposite.
 * Growth     structs start zeroed and travel with their size; unknown flags are -EINVAL.
 * Threads    no globals; one socket is used by one thread per direction at a time.
 *
 * All functions: since 0.1.0.
 */
#ifndef FDFERRY_H
#define FDFERRY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FERRY_VERSION "0.1.0"
#define FERRY_API __attribute__((visibility("default")))

#define FERRY_MAX_FDS 253   /* most descriptors in one message (SCM_MAX_FD in the kernel's scm.h) */
#define FERRY_ADDR_SIZE 112 /* room for any address as text, its NUL included */

enum ferry_flag {
	FERRY_NOWAIT = 1, /* -EAGAIN instead of waiting; timeout_ms is not looked at */
	FERRY_EINTR = 2, /* a signal handler ends a wait with -EINTR; without it the wait goes on */
	FERRY_ROOM_FIRST = 4, /* recv: -ENOSPC, nothing read, if max_fds numbers are not free */
	FERRY_DISPOSE = 8, /* recv: what is refused is closed by a helper process (ferry_dispose) */
	/* what a socket is made or prepared for: */
	FERRY_CREDS =
		16, /* tell who sent each message (struct ferry_peer), as the kernel checks it */
	FERRY_PIDFDS = 32, /* and with a pidfd, from Linux 6.5 on; costs 3 us a message */
	FERRY_REFUSE = 64, /* no descriptors: from Linux 6.16 on, who sends some gets EPERM */
};

/*
 * Sockets (ferry_bind(3)).  An address is "path" or "@abstract"; "./@name" is a path that begins
 * with @.  type is SOCK_DGRAM, SOCK_SEQPACKET or SOCK_STREAM.  Every socket that is returned is the
 * caller's to close, close-on-exec, and prepared (ferry_prepare).
 */

/* Binds a new socket, and listens where the type listens.  The file is born with mode, less the
 * umask (no bits beyond 0777; an abstract name has no mode).  A socket file that nobody serves any
 * more is replaced; a live one is -EADDRINUSE and anything else of that name is -ENOTSOCK, both left
 * alone.  Returns the socket; on failure no file was made. */
FERRY_API int ferry_bind(const char *addr, int type, mode_t mode, uint32_t flags);

/* Connects a new socket to addr; type 0 takes the type of what is bound there.  A full backlog is
 * waited for: -ETIMEDOUT, or -EAGAIN with FERRY_NOWAIT.  A symbolic link that somebody else may have
 * planted is not followed: -ELOOP.  Returns the socket. */
FERRY_API int ferry_connect(const char *addr, int type, uint32_t flags, int timeout_ms);

/* Takes the next connection of a listening socket, which stays open.  Where several processes accept
 * from one listener, set O_NONBLOCK on it: another may take the connection that was waited for, and
 * the kernel then waits for the next whatever timeout_ms says.  Returns the connection. */
FERRY_API int ferry_accept(int listener, uint32_t flags, int timeout_ms);

/* Makes two connected sockets.  Returns 0; on failure both slots are -1. */
FERRY_API int ferry_pair(int ret[2], int type, uint32_t flags);

/* Removes the file of a bound socket, if the file at addr is still that socket's; -ESTALE if it is
 * another's, -EOPNOTSUPP if this system does not tell: both leave it.  An abstract name has no file:
 * 0.  Returns 0 and leaves sock open: what is queued in it can still be received. */
FERRY_API int ferry_unbind(int sock, const char *addr);

/* For a socket that others made: checks that it is a UNIX socket which carries descriptors, and sets
 * exactly the socket options that these functions want; file status flags stay as they are.
 * Returns its type; -ENOTSOCK, or -EPROTONOSUPPORT where sendmsg(2) would report success and lose
 * the descriptors (TCP, UDP, ...). */
FERRY_API int ferry_prepare(int sock, uint32_t flags);

/*
 * Who is on the other end (ferry_get_peer(3)).  Unknown is a value of its own, which equals nobody's
 * identity: uid and gid -1, pid 0, pidfd -1.  A user namespace shows users that it has no number for as
 * 65534: where that cannot be told from the real user 65534 it is unknown.
 */
enum ferry_proof {
	FERRY_UID_PROVEN = 1,   /* uid and gid are the kernel's word */
	FERRY_PID_PROVEN = 2,   /* so was pid, then: it may be another process's by now */
	FERRY_PIDFD_PROVEN = 4, /* pidfd is that process, whatever becomes of its pid */
	FERRY_MAY_BE_CLAIM =
		8, /* the kernel checked it, but lets privileged senders claim anybody's */
};

struct ferry_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int pidfd;         /* given: the caller's to close */
	int32_t pidfd_err; /* why it is -1: EOPNOTSUPP kernel too old, ESRCH gone, EMFILE,
			    * ECANCELED its message was refused, ... */
	uint32_t proven;   /* enum ferry_proof */
};

/* Who connected, or whom this socket is connected to, as it was then.  A server's identity is that of
 * the process that called listen(2).  A datagram socket has no such thing: ask for FERRY_CREDS.
 * Returns 0; -ENODATA if the kernel does not know, and *ret is unknown then. */
FERRY_API int ferry_get_peer(int sock, struct ferry_peer *ret, size_t size);

/*
 * Messages (ferry_send(3), ferry_recv(3)).  Nothing is added to the wire: the other end can be any
 * program.  sock was made by the functions above, or has been through ferry_prepare.
 */
struct ferry_msg {
	const struct iovec *iov; /* the data; may be empty, except with descriptors on a stream */
	size_t iovlen;           /* pieces of it */
	int *fds;                /* send: borrowed; recv: given, unused slots are -1 */
	size_t nfds;             /* send: how many to send; recv, out: how many came */
	size_t max_fds;          /* recv: slots in fds; a message with more is -EMSGSIZE */
	size_t min_fds;          /* recv: a message with fewer is -ENOMSG */
	const char *to;          /* send: destination of an unconnected datagram, or NULL */
	char *from;              /* recv, out: where it came from, "" if it has no name; or NULL */
	size_t from_size;        /* recv: at least FERRY_ADDR_SIZE if from is set */
	size_t len;              /* out: bytes sent or received, on failure too */
	size_t resume;           /* send: len of the failed call that this one goes on from, or 0 */
	const char *why;    /* out: the rule or limit that was met, static text; NULL on success */
	int32_t timeout_ms; /* milliseconds; 0 waits for ever */
	uint32_t flags;     /* enum ferry_flag */

	int *err;       /* recv: max_fds slots for partial delivery, or NULL: whole or nothing */
	int lost;       /* recv, out: why those behind the last one are missing (an errno), or 0 */
	size_t *budget; /* recv: descriptors that may still come here, counted down; or NULL */
	const struct ferry_expect *expect; /* recv: of every descriptor; or NULL */
	size_t expect_size;
	size_t why_slot;         /* recv, out: the descriptor that why speaks of */
	struct ferry_peer *peer; /* recv, out: the sender, if FERRY_CREDS was asked for, of a
				  * message that is refused too (without its pidfd); or NULL */
	size_t peer_size;
	uint32_t spin_us;  /* recv: microseconds of trying again before it sleeps; 0: none */
	uint32_t reserved; /* 0 */
};

/* Sends one message.  Returns 0 when all of it is queued; the descriptors stay the caller's.  On
 * failure nothing was sent, unless len > 0 (a stream only): then those bytes and all descriptors
 * have left, and the same call with resume = len sends the rest and no descriptor twice. */
FERRY_API int ferry_send(int sock, struct ferry_msg *msg, size_t size);

/* Receives one message; on a stream, what one recvmsg(2) gives.  Returns 1 for a message (also one
 * without data), 0 for end of file.  On failure no descriptor was given and none is open; after
 * -EMSGSIZE, -EMFILE, -EBADMSG, -ENOMSG, -EDQUOT and -EBADFD the message is consumed, and after -EFAULT
 * but for a stream; after any other it is not.
 *
 * With err, a message that lost descriptors on the way is delivered all the same: slot i has a
 * descriptor and err[i] 0, or -1 and err[i] why (an errno), and lost says why there are no more. */
FERRY_API int ferry_recv(int sock, struct ferry_msg *msg, size_t size);

/* Sends one descriptor with one zero byte, which is what nc -F, ssh, GLib, Ruby and Perl send, and
 * waits for room.  Returns 0; fd stays the caller's. */
FERRY_API int ferry_send_fd(int sock, int fd);

/* Receives a message of one descriptor and at most one byte, which is dropped.  Returns the
 * descriptor, the caller's to close; -EPIPE at end of file, -ENOMSG if the message has none,
 * -EMSGSIZE if it has more descriptors or, but for a stream, more data. */
FERRY_API int ferry_recv_fd(int sock);

/*
 * What a descriptor is (ferry_stat(3)).  Asked with calls that do not block, not even on a file
 * system that has stopped answering.
 */
enum ferry_kind {
	FERRY_IS_FILE = 1,
	FERRY_IS_DIR = 2,
	FERRY_IS_FIFO = 4,
	FERRY_IS_SOCKET = 8,
	FERRY_IS_MEMFD = 16,
	FERRY_IS_PIDFD = 32,
	FERRY_IS_CHAR = 64,
	FERRY_IS_BLOCK = 128,
	FERRY_IS_ANON = 256, /* eventfd, epoll, timerfd, signalfd, inotify, ... */
	FERRY_IS_LINK = 512, /* a symbolic link, opened with O_PATH */
};

struct ferry_facts {
	uint32_t kind;     /* one of enum ferry_kind */
	uint32_t mode;     /* st_mode */
	uint64_t dev;      /* st_dev */
	uint64_t ino;      /* st_ino */
	int32_t access;    /* O_RDONLY, O_WRONLY, O_RDWR; -1 for O_PATH */
	uint32_t flags;    /* file status flags, without the access mode (F_GETFL) */
	uint32_t seals;    /* F_GET_SEALS; 0 where there are none */
	int32_t pid;       /* of a pidfd; 0 unknown, -1 ended */
	int64_t offset;    /* -1: it has none, or no descriptor number was free to ask with */
	int64_t size;      /* bytes; -1: it has none */
	int32_t domain;    /* socket: AF_*, else 0 */
	int32_t type;      /* socket: SOCK_*, else 0 */
	int32_t protocol;  /* socket: IPPROTO_*, else 0 */
	int32_t listening; /* socket: 1 or 0 */
	char *path;        /* in: room for the path, or a socket's own address; or NULL */
	size_t path_size;  /* in: bytes of it; what does not fit is cut, and its end is a NUL */
	char *peer;        /* in: room for the address that a socket is connected to; or NULL */
	size_t peer_size;
};

/* Fills *ret; fd is only looked at.  Returns 0; on failure *ret is as it was. */
FERRY_API int ferry_stat(int fd, struct ferry_facts *ret, size_t size);

/*
 * What is expected of a descriptor (ferry_check(3)).  A field that is 0 asks nothing.
 */
enum ferry_access { FERRY_RO = 1, FERRY_WO = 2, FERRY_RW = 4 };

struct ferry_expect {
	uint32_t kinds;         /* any of enum ferry_kind */
	uint32_t access;        /* any of enum ferry_access; O_PATH is none of them */
	uint32_t seals;         /* all of these F_SEAL_* */
	uint32_t with_flags;    /* all of these file status flags, such as O_APPEND */
	uint32_t without_flags; /* none of these, such as O_PATH, O_NONBLOCK */
	int32_t domain;         /* AF_* */
	int32_t type;           /* SOCK_* */
	int32_t listening;      /* 1 must listen, 2 must not */
	uint64_t min_size;      /* bytes, of a file or memfd */
	uint64_t max_size;
};

/* Is fd what is expected?  It is only looked at, with calls that do not block.  Returns 0, or -EBADFD
 * and the rule that it breaks in *why, static text; why may be NULL. */
FERRY_API int ferry_check(int fd, const struct ferry_expect *want, size_t size, const char **why);

/* Writes the same for people, one line without its newline, control characters escaped.  Returns
 * the length of the whole line, as snprintf(3) does. */
FERRY_API int ferry_describe(int fd, char *line, size_t size);

/* "file", "dir", ... for one of enum ferry_kind; "unknown" for anything else.  Static text. */
FERRY_API const char *ferry_kind_name(uint32_t kind);

/* "tcp-listen", "udp", "unix-dgram", ... for what ferry_stat said of a socket; "" for anything else.
 * Static text. */
FERRY_API const char *ferry_socket_name(const struct ferry_facts *st);

/* Writes the names of the flags and seals in *st: "append,nonblock,seal-write", or "".  Returns the
 * length of the whole list, as snprintf(3) does. */
FERRY_API int ferry_flag_names(const struct ferry_facts *st, char *names, size_t size);

/*
 * Room and closing (ferry_reserve(3)).
 */

/* Grows the descriptor table so that n more descriptors fit, best called before threads start: later
 * growth stalls every receiver for milliseconds.  Leaves nothing open.  Returns 0, or -EMFILE if
 * RLIMIT_NOFILE does not admit n more. */
FERRY_API int ferry_reserve(size_t n);

/* Closes all descriptors of fds, runs of consecutive numbers in one call, and leaves -1 in every
 * slot; negative slots are passed over.  errno stays as it was. */
FERRY_API void ferry_close_all(int *fds, size_t n);

/* The same for descriptors that somebody else made, whose close(2) can wait for ever (a dead FUSE or
 * NFS mount, SO_LINGER): a helper process that shares the descriptor table closes them, and nobody
 * waits.  Returns 0, every slot -1; on failure, when no process could be made, all are still open. */
FERRY_API int ferry_dispose(int *fds, size_t n);

#ifdef __cplusplus
}
#endif
#endif
