/* SPDX-License-Identifier: MIT
 * filter.c - which system calls a twin can make (seccomp(2)), as a program for the kernel.
 *
 * The list is what broker, keeper and helper were seen to call under strace in all tests, with the calls that
 * glibc and musl use instead of those elsewhere, and what a dynamic linker needs: an upgrade runs a program,
 * and a filter is never lifted.
 *
 * What is not in it fails with ENOSYS, as on an older kernel, for which libc and this program have another
 * way; EPERM has none.  What only an attacker calls kills: to become a program by its path, to reach into
 * another process, to open something for writing.  The other twin goes on then, as after any death.
 *
 * Numbers are those of the headers.  On an architecture that is not in ARCH there is no filter. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

/* A sanitizer makes calls of its own, which no list of ours has. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#endif

#ifdef ARCH

/* Those with nothing to look at in their arguments; the ones of every turn first. */
static const int allowed[] = {
	SYS_read,
	SYS_write,
	SYS_close,
	SYS_recvmsg,
	SYS_sendmsg,
	SYS_fcntl,
	SYS_getpid,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_kcmp,
#ifdef SYS_statx
	SYS_statx,
#endif
	SYS_accept4,
	SYS_getsockopt,
	SYS_setsockopt,
#ifdef SYS_close_range
	SYS_close_range,
#endif
	SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_clock_gettime,
	/* What a descriptor is. */
	SYS_readlinkat,
#ifdef SYS_readlink
	SYS_readlink,
#endif
	SYS_fstat,
	SYS_fstatfs,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
	SYS_getsockname,
	SYS_getpeername,
	SYS_ioctl,
	SYS_sendto,
	SYS_recvfrom,
	SYS_lseek,
/* A succession, and the helper. */
#ifdef SYS_fork
	SYS_fork,
#endif
	SYS_gettid,
	SYS_getppid,
	SYS_set_robust_list,
	SYS_set_tid_address,
	SYS_eventfd2,
	SYS_epoll_create1,
	SYS_pipe2,
	SYS_socketpair,
	SYS_shutdown,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_pidfd_open,
	SYS_pidfd_send_signal,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_wait4,
	SYS_exit,
	SYS_exit_group,
	/* Memory. */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_mprotect,
#ifdef SYS_mmap
	SYS_mmap,
#endif
	SYS_futex,
	SYS_getrandom,
	/* An upgrade: the form; the start of a program. */
	SYS_memfd_create,
	SYS_ftruncate,
	SYS_geteuid,
	SYS_getuid,
	SYS_getegid,
	SYS_getgid,
	SYS_pread64,
	SYS_pwrite64,
	SYS_readv,
	SYS_writev,
	SYS_faccessat,
	SYS_uname,
	SYS_sysinfo,
	SYS_sched_getaffinity,
#ifdef SYS_access
	SYS_access,
#endif
#ifdef SYS_stat
	SYS_stat,
	SYS_lstat,
#endif
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef __i386__
	/* Its calls for 64 bits, and the one call that once was all of sockets. */
	SYS_socketcall,
	SYS_fcntl64,
	SYS_fstat64,
	SYS_stat64,
	SYS_lstat64,
	SYS_fstatat64,
	SYS_fstatfs64,
	SYS_ftruncate64,
	SYS__llseek,
	SYS_mmap2,
	SYS_sigreturn,
	SYS_set_thread_area,
	SYS_geteuid32,
	SYS_getuid32,
	SYS_getegid32,
	SYS_getgid32,
	SYS_gettimeofday,
	SYS_time,
	SYS_waitpid,
	SYS_ugetrlimit,
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
	SYS_clock_nanosleep_time64,
	SYS_ppoll_time64,
	SYS_futex_time64,
#endif
#endif
};

static const int deadly[] = {
	SYS_execve, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
#ifdef SYS_creat
	SYS_creat,
#endif
};

/* Those whose argument decides: the bits of it in mask must be value, or also.  What is whole must be so in its
 * upper half too, which is a pointer's. */
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))
#define FORKS (CLONE_FILES | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | 0xff)
#define ALL UINT32_MAX
#define NOT_HERE (SECCOMP_RET_ERRNO | ENOSYS)
#define NOT_YOU (SECCOMP_RET_ERRNO | EPERM)

struct rule {
	int number, argument;
	uint32_t mask, value, also, otherwise;
	bool whole;
};

static const struct rule rules[] = {
	{SYS_openat, 2, WRITES, 0, 0, SECCOMP_RET_KILL_PROCESS, false},
#ifdef SYS_open
	{SYS_open, 1, WRITES, 0, 0, SECCOMP_RET_KILL_PROCESS, false},
#endif
	{SYS_execveat, 4, ALL, AT_EMPTY_PATH, AT_EMPTY_PATH, SECCOMP_RET_KILL_PROCESS, false},
	{SYS_clone, 0, ~(uint32_t)FORKS, 0, 0, NOT_YOU, false},
	{SYS_prctl, 0, ALL, PR_SET_PDEATHSIG, PR_SET_PDEATHSIG, NOT_YOU, false},
	/* To ask for a limit, and set none. */
	{SYS_prlimit64, 2, ALL, 0, 0, NOT_YOU, true},
};

/* Netlink says how much waits in the queue of a UNIX socket.  A manager above is spoken to, and found again. */
static const struct rule sockets = {SYS_socket, 0, ALL, AF_NETLINK, AF_NETLINK, NOT_YOU, false};
static const struct rule sockets_above = {SYS_socket, 0, ALL, AF_NETLINK, AF_UNIX, NOT_YOU, false};
static const int above_too[] = {SYS_connect};

enum { COUNT_ALLOWED = sizeof(allowed) / sizeof(*allowed) };
enum { COUNT_DEADLY = sizeof(deadly) / sizeof(*deadly) };
enum { COUNT_RULES = sizeof(rules) / sizeof(*rules) };
enum { MOST = 5 + 2 * (COUNT_ALLOWED + COUNT_DEADLY + 1) + 9 * (COUNT_RULES + 1) };

struct program {
	unsigned short n;
	struct sock_filter code[MOST];
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void load(struct program *p, size_t at)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

static void give(struct program *p, uint32_t verdict)
{
	add(p, BPF_RET | BPF_K, verdict, 0, 0);
}

static void add_list(struct program *p, const int *numbers, size_t n, uint32_t verdict)
{
	for (size_t i = 0; i < n; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], 0, 1);
		give(p, verdict);
	}
}

/* The lower half of an argument is the first one on all of ARCH. */
static void add_rule(struct program *p, const struct rule *rule)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * (size_t)rule->argument;

	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, rule->whole ? 8 : 6);
	if (rule->whole) {
		load(p, at + 4);
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5);
	}
	load(p, at);
	add(p, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, rule->value, 1, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, rule->also, 0, 1);
	give(p, SECCOMP_RET_ALLOW);
	give(p, rule->otherwise);
}

int filter_calls(bool above)
{
	static struct program p;
	struct sock_fprog prog = {.filter = p.code};

	p.n = 0;
	load(&p, offsetof(struct seccomp_data, arch));
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	give(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
	add_list(&p, allowed, COUNT_ALLOWED, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT_RULES; i++)
		add_rule(&p, &rules[i]);
	add_rule(&p, above ? &sockets_above : &sockets);
	if (above)
		add_list(&p, above_too, 1, SECCOMP_RET_ALLOW);
	add_list(&p, deadly, COUNT_DEADLY, SECCOMP_RET_KILL_PROCESS);
	give(&p, NOT_HERE);
	prog.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 ? -errno : 0;
}

#else

int filter_calls(bool above)
{
	(void)above;
	return -ENOSYS;
}

#endif
