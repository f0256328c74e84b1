/* SPDX-License-Identifier: MIT
 *
 * hostile.h - a store that somebody means no good: others are answered meanwhile, and its memory is bounded.
 */
#ifndef STORE_HOSTILE_H
#define STORE_HOSTILE_H

#include "processes.h"

#include <sys/stat.h>
#include <sys/syscall.h>

/* No time is measured: it is there for what hangs, and generous where the machine is slow. */
enum { ANSWER_MS = 20000 };

/* Somebody else puts, gets and removes, and waits for none of it longer than that. */
static inline void check_served(void)
{
	int sock = client(), fd = new_memfd("served");
	struct answer a;
	static const char *const requests[] = {"OP=put\nNAME=served\nREPLACE=1",
					       "OP=get\nNAME=served", "OP=remove\nNAME=served"};

	for (int i = 0; i < 3; i++) {
		struct pollfd p = {.fd = sock, .events = POLLIN};

		tell(sock, requests[i], &fd, i == 0 ? 1 : 0);
		if (poll(&p, 1, ANSWER_MS) != 1)
			FAIL("no answer within %d ms: %s", ANSWER_MS, requests[i]);
		CHECK(hear(sock, &a));
		check_done(HARNESS_HERE, &a);
		close_answer(&a);
	}
	CHECK_OK(close(fd));
	CHECK_OK(close(sock));
}

/* Kilobytes in memory. */
static inline long memory_of(pid_t pid)
{
	char path[64], line[256];
	long kb = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	CHECK(file != NULL);
	while (kb < 0 && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmRSS: %ld kB", &kb) != 1)
			kb = -1;
	fclose(file);
	return kb;
}

/* Of the store's own: a sanitizer keeps what was freed, and that has no bound. */
static inline void check_memory(long most_kb)
{
#ifdef __SANITIZE_ADDRESS__
	most_kb *= 100;
#endif
	CHECK_INT(memory_of(broker()), <, most_kb);
	CHECK_INT(memory_of(keeper()), <, most_kb);
}

/* What others have in flight counts against the quota of this user: where nothing exempts the store from it, a keeper
 * that cannot be sent anything is replaced, and that is no crash. */
static inline void siege_end(void)
{
	ended_twins = (int)status("REPLACED");
	store_end();
}

#endif
