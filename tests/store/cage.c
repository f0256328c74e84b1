/* SPDX-License-Identifier: MIT
 *
 * cage.c - tests: what the twins have given up, from outside, and that they go on without it.
 *
 * What a process in the cage can do is in cage_calls.c.
 */
#include "processes.h"

#include <sys/syscall.h>

enum { SYS_RESOURCE = 24, LANDLOCK_CREATE = 444 };

/* A field of /proc/PID/status. */
static uint64_t field(pid_t pid, const char *key, int base)
{
	char path[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoull(line + strlen(key) + 1, NULL, base);
	fclose(file);
	return value;
}

static bool gave_up(const char *what)
{
	struct answer a;
	const char *at;

	ask_anew(&a, "OP=status", NULL, 0);
	at = strstr(a.text, "SANDBOX=");
	CHECK(at != NULL);
	*strchrnul((char *)(uintptr_t)at, '\n') = '\0';
	return strstr(at, what) != NULL;
}

/* The kernel's word for it. */
static void check_caged(pid_t pid)
{
	CHECK_INT(field(pid, "NoNewPrivs", 10), ==, 1);
	CHECK_INT(field(pid, "CapEff", 16) & ~(1ull << SYS_RESOURCE), ==, 0);
	CHECK_INT(field(pid, "CapPrm", 16) & ~(1ull << SYS_RESOURCE), ==, 0);
	if (gave_up("seccomp"))
		CHECK_INT(field(pid, "Seccomp", 10), ==, 2);
}

STORE_TEST(in_force_through_successions)
{
	int door, fd = new_memfd("kept");
	struct answer a;

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	close(door);
	CHECK_OK(close(fd));
	CHECK(gave_up("no_new_privs,capabilities"));
	for (int i = 0; i < 3; i++) {
		check_caged(broker());
		check_caged(keeper());
		kill_broker();
		kill_keeper();
	}
	check_caged(broker());
	check_caged(keeper());
	ask_anew(&a, "OP=get\nNAME=a", NULL, 0);
	check_contents(a.fds[0], "kept");
	close_answer(&a);
	store_end();
}

/* The parent holds nothing, and keeps what it needs to take its doors away. */
STORE_TEST(the_parent_is_what_it_was)
{
	store_begin(NULL);
	CHECK_INT(field(the_store, "NoNewPrivs", 10), ==, field(getpid(), "NoNewPrivs", 10));
	CHECK_INT(field(the_store, "CapEff", 16), ==, field(getpid(), "CapEff", 16));
	store_end();
}

/* What the kernel has not got is not said to be in force; and what it has is. */
STORE_TEST(landlock_is_told_where_it_is)
{
	bool there = syscall(LANDLOCK_CREATE, NULL, 0, 1) >= 1;

	store_begin(NULL);
	CHECK_INT(gave_up("landlock"), ==, there);
	store_end();
}

STORE_TEST(no_sandbox)
{
	pid_t pid;

	store_begin("--no-sandbox", NULL);
	CHECK(gave_up("SANDBOX=none"));
	pid = broker();
	CHECK_INT(field(pid, "NoNewPrivs", 10), ==, field(getpid(), "NoNewPrivs", 10));
	CHECK_INT(field(pid, "Seccomp", 10), ==, field(getpid(), "Seccomp", 10));
	CHECK_INT(field(pid, "CapEff", 16), ==, field(getpid(), "CapEff", 16));
	store_end();
}
