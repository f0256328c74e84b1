/* SPDX-License-Identifier: MIT
 * cage.c - the power that the first twin gives up, and all that come after it have never had.
 *
 * Each part is taken as the kernel has it; which ones are in force is in the page, and told by OP=status.  All of
 * it is inherited by fork and by execve, so that successions and upgrades need nothing of it, and a store gets no
 * part back until it is started anew. */
#include "store.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif
#define ASK_VERSION 1u

/* Of landlock(7), by the version of the kernel's that has them first: headers are older than kernels. */
#define READ_FILES ((uint64_t)1 << 2 | 1u << 0) /* and run them: an upgrade does both */
#define FILES_1 ((uint64_t)(1u << 13) - 1)
#define REFER_2 ((uint64_t)1 << 13)
#define TRUNCATE_3 ((uint64_t)1 << 14)
#define TCP_4 ((uint64_t)3)
#define IOCTL_DEV_5 ((uint64_t)1 << 15)
#define ABSTRACT_6 ((uint64_t)1) /* to connect out of the cage */
#define SIGNALS_6 ((uint64_t)2)

struct ruleset {
	uint64_t files, tcp, scopes;
};

/* Nothing is written, made, removed or listed by path.  To read is left: the kernel opens the program of an upgrade
 * and its libraries, wherever they are. */
static int close_files(bool above)
{
	struct ruleset rules = {.files = FILES_1 & ~READ_FILES};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	size_t size = sizeof(rules.files);
	long fd, r;

	if (version < 1)
		return -ENOSYS;
	rules.files |= version >= 2 ? REFER_2 : 0;
	rules.files |= version >= 3 ? TRUNCATE_3 : 0;
	rules.files |= version >= 5 ? IOCTL_DEV_5 : 0;
	if (version >= 4) {
		rules.tcp = TCP_4;
		size += sizeof(rules.tcp);
	}
	if (version >= 6) {
		rules.scopes = above ? SIGNALS_6 : SIGNALS_6 | ABSTRACT_6;
		size += sizeof(rules.scopes);
	}
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return -errno;
	r = syscall(SYS_landlock_restrict_self, (int)fd, 0) < 0 ? -errno : 0;
	close((int)fd);
	return (int)r;
}

/* CAP_SYS_RESOURCE is kept, where it is there: who has it is exempt from the quota of descriptors in flight,
 * which all processes of a user share, and so nobody else's unread messages make a put fail.  What else it can
 * do, to raise limits, the filter refuses.  CAP_NET_ADMIN goes: a link is shorter without it, as an ordinary
 * user's is. */
static int drop_capabilities(void)
{
	const uint32_t kept = 1u << CAP_SYS_RESOURCE;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	/* What is not there may stay in the bounding set: without CAP_SETPCAP it cannot be taken out of it, and with
	 * no_new_privs no program gets it from there. */
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_SYS_RESOURCE)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	data[0].effective &= kept;
	data[0].permitted &= kept;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){0};
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* above: a manager is told what is held, and may have to be found again.  Returns what is in force.  The filter comes last: it refuses what the others call. */
uint32_t cage_enter(bool above)
{
	uint32_t in_force = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		in_force |= CAGE_NO_NEW_PRIVS;
	if (close_files(above) == 0)
		in_force |= CAGE_LANDLOCK;
	if (drop_capabilities() == 0)
		in_force |= CAGE_CAPABILITIES;
	if (filter_calls(above) == 0)
		in_force |= CAGE_SECCOMP;
	return in_force;
}

/* Their names, with commas between them; room for all. */
void cage_names(uint32_t in_force, char names[CAGE_NAMES])
{
	static const struct {
		uint32_t bit;
		const char *name;
	} parts[] = {{CAGE_NO_NEW_PRIVS, "no_new_privs"},
		     {CAGE_CAPABILITIES, "capabilities"},
		     {CAGE_SECCOMP, "seccomp"},
		     {CAGE_LANDLOCK, "landlock"}};

	names[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if ((in_force & parts[i].bit) != 0) {
			strcat(names, names[0] != '\0' ? "," : "");
			strcat(names, parts[i].name);
		}
	if (names[0] == '\0')
		strcpy(names, "none");
}
