/* SPDX-License-Identifier: MIT
 * unread.c - descriptors that are on their way to clients, which the kernel counts for all of one user
 * (too_many_unix_fds in net/core/scm.c): so that one that does not read them does not stop the others.
 *
 * A connection may have so many, or one message, and all of one owner half of what the kernel admits.  Where
 * the quota is used up all the same, by whatever process of this user, nothing tells when there is room: then
 * it is tried again by and by.  To end a connection would not help: what lies in its queue lies there until
 * the client reads it or closes its own end. */
#include "broker.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

/* An empty queue may for a moment look as if something were in it: sock_wfree in net/core/sock.c leaves one
 * byte until its owner has been told.  No message is so small. */
enum { NEXT_TO_NOTHING = 64 };

void unread_forget(struct store *s, struct client *c)
{
	if (c->unread > 0)
		owner_loses(&s->table.owners, c->uid, OWNED_UNREAD, c->unread);
	c->unread = 0;
}

/* How much of several messages it has read is not known, only that it has read all. */
bool has_unread(struct store *s, struct client *c)
{
	int bytes;

	if (c->unread > 0 && ioctl(c->fd, SIOCOUTQ, &bytes) == 0 && bytes < NEXT_TO_NOTHING)
		unread_forget(s, c);
	return c->unread > 0;
}

static bool owner_fits(const struct store *s, const struct client *c, size_t n)
{
	return owner_has(&s->table.owners, c->uid, OWNED_UNREAD) + n <= s->most_unread;
}

/* What others of this owner have read may not have been seen. */
static void look_at_all(struct store *s)
{
	struct turn *turn = s->turn;

	if (turn->now_ms < turn->looked_ms + RETRY_MS)
		return;
	turn->looked_ms = turn->now_ms;
	for (struct client *c = turn->clients; c != NULL; c = c->next)
		(void)has_unread(s, c);
}

/* It must read before its next request is: else its answers would fill the backlog. */
bool unread_is_full(struct store *s, struct client *c)
{
	return c->unread >= s->options.max_unread && has_unread(s, c);
}

/* May an answer with n wait, if it cannot be sent?  Only so many of one owner have their place in the backlog,
 * and the next ones are refused. */
bool unread_may_wait(struct store *s, const struct client *c, size_t n)
{
	n = (n < FERRY_MAX_FDS ? n : FERRY_MAX_FDS) + s->turn->nfds;
	if (owner_fits(s, c, n))
		return true;
	look_at_all(s);
	return owner_fits(s, c, n) || s->turn->backlog_fds + n <= BACKLOG_FDS;
}

/* May it be sent n more?  If not, it is tried again when it has read, or else by and by. */
bool unread_admits(struct store *s, struct client *c, size_t n)
{
	if (n == 0)
		return true;
	if (c->unread > 0 && c->unread + n > s->options.max_unread && has_unread(s, c))
		return false;
	if (owner_fits(s, c, n))
		return true;
	look_at_all(s);
	if (owner_fits(s, c, n))
		return true;
	stall(s, c);
	return false;
}

void unread_add(struct store *s, struct client *c, size_t n)
{
	if (n > 0 && owner_gets(&s->table.owners, c->uid, OWNED_UNREAD, n) == 0)
		c->unread += n;
}

void stall(struct store *s, struct client *c)
{
	struct turn *turn = s->turn;

	if (c->stalled_at != NULL)
		return;
	c->next_stalled = turn->stalled;
	if (turn->stalled != NULL)
		turn->stalled->stalled_at = &c->next_stalled;
	turn->stalled = c;
	c->stalled_at = &turn->stalled;
	if (c->next_stalled == NULL)
		turn->retry_ms = clock_ms() + RETRY_MS;
}

void stall_end(struct client *c)
{
	if (c->stalled_at == NULL)
		return;
	*c->stalled_at = c->next_stalled;
	if (c->next_stalled != NULL)
		c->next_stalled->stalled_at = c->stalled_at;
	c->stalled_at = NULL;
}

/* Those that stall again are in the list of the next time. */
void stalled_retry(struct store *s)
{
	struct client *list = s->turn->stalled, *c;

	if (list == NULL || s->turn->now_ms < s->turn->retry_ms)
		return;
	s->turn->stalled = NULL;
	list->stalled_at = &list;
	/* cppcheck-suppress knownConditionTrueFalse ; stall_end changes list, by way of stalled_at */
	while ((c = list) != NULL) {
		stall_end(c);
		if (c->waits_out && client_can_write(s, c))
			client_read(s, c);
	}
}
