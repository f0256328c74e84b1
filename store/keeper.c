/* SPDX-License-Identifier: MIT
 * keeper.c - the twin that holds the same and parses nothing of any client.
 *
 * It waits for the bell, for the end of the broker, and for the next look whether the broker still moves.  For
 * what comes on the link it does not wait (a poll for nothing but hang-up is not woken by data). */
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { TICKS = 3 };

static void look_at_broker(struct store *s, uint32_t *turns, unsigned *silent)
{
	uint32_t now = atomic_load(&s->page->turns);

	*silent = now == *turns ? *silent + 1 : 0;
	*turns = now;
	if (*silent > TICKS && s->options.patience_ms > 0) {
		*silent = 0;
		twin_renew_broker(s);
	}
}

void keeper_run(struct store *s)
{
	int tick_ms = s->options.patience_ms > 0 ? (int)(s->options.patience_ms / TICKS) : 1000;
	int64_t tick = clock_ms() + tick_ms;
	uint64_t rings;
	uint32_t turns = 0;
	unsigned silent = 0;

	for (;;) {
		struct pollfd p[] = {{.fd = s->link.bell, .events = POLLIN},
				     {.fd = s->link.twin, .events = POLLIN},
				     {.fd = s->link.end, .events = 0}};
		int64_t now = clock_ms();

		poll(p, sizeof(p) / sizeof(*p), now >= tick ? 0 : (int)(tick - now));
		atomic_fetch_add(&s->page->beats, 1);
		if (p[0].revents != 0 && read(s->link.bell, &rings, sizeof(rings)) < 0 &&
		    errno != EAGAIN)
			_exit(EXIT_FAILURE);
		if (link_drain(s) < 0)
			_exit(EXIT_FAILURE);
		if (p[1].revents != 0 || (p[2].revents & (POLLHUP | POLLERR)) != 0)
			twin_renew_broker(s);
		now = clock_ms();
		if (now >= tick) {
			look_at_broker(s, &turns, &silent);
			tick = now + tick_ms;
		}
	}
}
