/* SPDX-License-Identifier: MIT
 * kill_peer.c - the same done to s6-fdholder-daemon, once: what it has is in one process. */
#include "../../bench/s6.h"
#include "kill.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void fill(const char *dir, size_t held)
{
	int sock = CHECK_OK(s6_connect(dir));
	char name[KILL_NAME];

	for (size_t i = 0; i < held; i++) {
		int fd = kill_identified(i + 1);

		snprintf(name, sizeof(name), "kept.%zu", i);
		CHECK_OK(s6_send_store(sock, name, fd, s6_never()));
		CHECK_OK(s6_answer(sock, NULL));
		close(fd);
	}
	close(sock);
}

static size_t count(const char *dir, size_t held)
{
	int sock = CHECK_OK(s6_connect(dir)), fd;
	char name[KILL_NAME];
	size_t n = 0;

	for (size_t i = 0; i < held; i++) {
		snprintf(name, sizeof(name), "kept.%zu", i);
		CHECK_OK(s6_send_get(sock, name, 0));
		fd = -1;
		if (s6_answer(sock, &fd) < 0)
			continue;
		n += kill_identity(fd) == i + 1;
		close(fd);
	}
	close(sock);
	return n;
}

void kill_peer_s6(size_t held)
{
	pid_t pid = s6_start("s6", (unsigned)held + 100);

	if (pid == -ENOENT)
		SKIP("s6-fdholder-daemon is not installed");
	CHECK_OK(pid);
	fill("s6", held);
	CHECK_INT(count("s6", held), ==, held);
	s6_stop(pid, "s6");
	pid = CHECK_OK(s6_start("s6", (unsigned)held + 100));
	kill_say("s6-fdholder-daemon beside it, killed once and started again: lost", "%zu of %zu",
		 held - count("s6", held), held);
	s6_stop(pid, "s6");
}
