/* SPDX-License-Identifier: MIT
 * above.c - everything that is held is pushed up, to the service manager or store that started this one, and
 * removed there when it is removed here: what is there survives the death of all three processes.
 *
 * It is done at the end of a turn, when the keeper has the changes, and before the answers: puts by their id,
 * and a removal when all that was put before it has been pushed.  How far it has got is in the page, and
 * both twins note what was removed (drop() in remove.c and drain.c, in the same order), so that a new
 * broker goes on where the old one was.  To say something twice does no harm.
 *
 * A manager that does not read is waited for once, for a part of a second; then it is "behind", and what is owed
 * is tried again and again without waiting. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 500, LAST_BLOCK = 1 << 20 };

static bool may_later(int err)
{
	return err == -EAGAIN || err == -ETIMEDOUT || err == -ENOMEM || err == -ENOBUFS;
}

static bool has_ended(int err)
{
	return err == -ECONNREFUSED || err == -ENOTCONN || err == -ECONNRESET || err == -EPIPE;
}

int above_connect(struct store *s)
{
	int sock = ferry_connect(getenv("NOTIFY_SOCKET"), SOCK_DGRAM, FERRY_NOWAIT, 0);

	if (sock < 0)
		return sock;
	if (s->above.sock >= 0)
		close(s->above.sock);
	s->above.sock = sock;
	return 0;
}

/* Stores fd there, or removes what is called so.  A descriptor that hangs up stays: it is this store that
 * looks after that. */
int above_tell(struct store *s, bool store, const char *name, int fd)
{
	char text[ABOVE_NAME_SIZE + 64];
	int n = snprintf(text, sizeof(text), "%s=1\n%sFDNAME=%s\n",
			 store ? "FDSTORE" : "FDSTOREREMOVE", store ? "FDPOLL=0\n" : "", name);
	struct iovec data = {.iov_base = text, .iov_len = (size_t)n};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &fd, .nfds = store ? 1 : 0};
	int64_t left = s->above.until - clock_ms();

	if (s->above.sock < 0)
		return -ENOTCONN;
	if (left > 0)
		msg.timeout_ms = (int32_t)left;
	else
		msg.flags = FERRY_NOWAIT;
	return ferry_send(s->above.sock, &msg, sizeof(msg));
}

static void trim(struct store *s)
{
	struct above *a = &s->above;
	uint64_t told = atomic_load(&s->page->above_removed);

	while (a->first != NULL && a->first->number <= told) {
		struct gone *g = a->first;

		a->first = g->next;
		if (a->first == NULL)
			a->last = NULL;
		free(g);
	}
}

int above_note(struct store *s, uint64_t number, uint64_t before, const char *name)
{
	struct above *a = &s->above;
	size_t len = strlen(name) + 1;
	struct gone *g = malloc(sizeof(*g) + len);

	if (g == NULL)
		return -ENOMEM;
	*g = (struct gone){.number = number, .before = before};
	memcpy(g->name, name, len);
	*(a->last != NULL ? &a->last->next : &a->first) = g;
	a->last = g;
	return 0;
}

/* In both twins, of each entry that is about to leave the table. */
void above_forget(struct store *s, const struct entry *e)
{
	struct above *a = &s->above;
	char name[ABOVE_NAME_SIZE];

	if (!a->on)
		return;
	trim(s);
	a->removed++;
	if (e->id > atomic_load(&s->page->above_tried))
		return;
	above_name_of(e, name);
	if (above_note(s, a->removed, s->table.next_id, name) < 0) {
		a->until = 0; /* it can at least be tried at once */
		above_tell(s, false, name, -1);
	}
}

static int remove_there(struct store *s, const struct gone *g)
{
	int err = above_tell(s, false, g->name, -1);

	if (err < 0)
		return err;
	atomic_store(&s->page->above_removed, g->number);
	trim(s);
	return 1;
}

/* Ids are not used again, also where all that had the highest ones is gone: a note there says how far they may
 * have been used, for many at a time. */
static int note_last(struct store *s, uint64_t id)
{
	uint64_t before = atomic_load(&s->page->above_last), last = id + LAST_BLOCK;
	char name[ABOVE_NAME_SIZE];
	int err, fd;

	if (id <= before)
		return 0;
	fd = memfd_create("fdferry-last", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	above_name_last(last, name);
	err = above_tell(s, true, name, fd);
	close(fd);
	if (err < 0)
		return err;
	atomic_store(&s->page->above_last, last);
	if (before == 0)
		return 0;
	above_name_last(before, name);
	err = above_tell(s, false, name, -1);
	return err < 0 ? err : 0;
}

/* An envelope of the same name may be there, if this is done again. */
static int push_envelope(struct store *s, const struct entry *e, const char *name)
{
	int envelope = envelope_seal(e->fd), err;

	if (envelope < 0)
		return envelope;
	err = above_tell(s, false, name, -1);
	if (err == 0)
		err = above_tell(s, true, name, envelope);
	close(envelope);
	return err;
}

static int push(struct store *s, const struct entry *e)
{
	char name[ABOVE_NAME_SIZE];
	int err = note_last(s, e->id);

	if (err < 0)
		return err;
	if (e->id > atomic_load(&s->page->above_tried))
		atomic_store(&s->page->above_tried, e->id);
	above_name_of(e, name);
	return e->again ? push_envelope(s, e, name) : above_tell(s, true, name, e->fd);
}

/* One that cannot be sent, as the quota of descriptors in flight is used up, must not keep back the others. */
static int push_or_skip(struct store *s, const struct entry *e)
{
	int err = push(s, e);

	if (may_later(err) || has_ended(err))
		return err;
	if (err < 0 && atomic_load(&s->page->above_skipped) == 0)
		atomic_store(&s->page->above_skipped, e->id);
	atomic_store(&s->page->above_pushed, e->id);
	return 1;
}

static struct entry *first_owed(const struct store *s)
{
	uint64_t pushed = atomic_load(&s->page->above_pushed);
	struct entry *e = s->table.last;

	if (e == NULL || e->id <= pushed)
		return NULL;
	while (e->before != NULL && e->before->id > pushed)
		e = e->before;
	return e;
}

/* An acknowledged put is above when it is answered, unless the manager is behind. */
void above_commit(struct store *s)
{
	struct above *a = &s->above;
	uint32_t patience = s->options.patience_ms;
	struct entry *e;
	int err = 1;

	if (!a->on)
		return;
	trim(s);
	a->until = a->behind      ? 0
		   : patience > 0 ? clock_ms() + (patience / 4 < WAIT_MS ? patience / 4 : WAIT_MS)
				  : clock_ms() + WAIT_MS;
	e = first_owed(s);
	while (err > 0 && (e != NULL || a->first != NULL)) {
		if (a->first != NULL && (e == NULL || e->id >= a->first->before)) {
			err = remove_there(s, a->first);
			continue;
		}
		err = push_or_skip(s, e);
		if (err > 0)
			e = e->next;
	}
	if (has_ended(err) && a->sock >= 0) {
		close(a->sock);
		a->sock = -1;
	}
	a->behind = err < 0 || a->sock < 0 || atomic_load(&s->page->above_skipped) != 0;
}

/* One that has begun anew has nothing any more; to one that has everything it says nothing new. */
static void connect_anew(struct store *s)
{
	if (above_connect(s) < 0)
		return;
	atomic_store(&s->page->above_pushed, 0);
	atomic_store(&s->page->above_skipped, 0);
	atomic_store(&s->page->above_last, 0);
}

void above_tick(struct store *s)
{
	uint64_t skipped = atomic_load(&s->page->above_skipped);
	const struct entry *e;

	if (!s->above.on)
		return;
	if (s->above.sock < 0) {
		connect_anew(s);
		return;
	}
	if (skipped == 0)
		return;
	/* As soon as this one can be sent, those behind it are tried again too. */
	s->above.until = 0;
	e = table_find(&s->table, skipped);
	if (e != NULL && push(s, e) < 0)
		return;
	if (skipped <= atomic_load(&s->page->above_pushed))
		atomic_store(&s->page->above_pushed, skipped - 1);
	atomic_store(&s->page->above_skipped, 0);
}
