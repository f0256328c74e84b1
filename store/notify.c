/* SPDX-License-Identifier: MIT
 * notify.c - the notify door: systemd's contract of sd_notify(3) and sd_pid_notify_with_fds(3), to the letter.
 *
 * There are no answers.  A message is obeyed whole or ignored whole; what is ignored is closed. */
#include "broker.h"

#include <errno.h>
#include <string.h>

enum { A_TURN = 64 };

struct note {
	const char *name;
	size_t name_len;
	bool has_name, store, remove, no_poll, barrier, other, state;
};

static bool is(const struct fy_line *line, const char *key, const char *value)
{
	return fy_line_is(line, key) && line->value_len == strlen(value) &&
	       memcmp(line->value, value, line->value_len) == 0;
}

static void read_line(struct store *s, struct note *note, const struct fy_line *line, bool obey)
{
	if (line->value == NULL) {
		note->other = true;
		return;
	}
	note->barrier |= is(line, "BARRIER", "1");
	note->other |= !is(line, "BARRIER", "1");
	note->store |= is(line, "FDSTORE", "1");
	note->remove |= is(line, "FDSTOREREMOVE", "1");
	note->no_poll |= is(line, "FDPOLL", "0");
	if (note->name == NULL && fy_line_is(line, "FDNAME")) {
		note->name = line->value;
		note->name_len = line->value_len;
		note->has_name = fy_name_is_valid(line->value, line->value_len);
	}
	if (obey && state_is_key(line)) {
		state_set(&s->state, line);
		note->state = true;
	}
}

static bool has_room(const struct store *s, uid_t uid)
{
	return s->table.n < s->options.max_fds &&
	       owner_has(&s->table.owners, uid, OWNED_FDS) < s->options.max_own_fds;
}

/* One that is held already, the same open file, keeps its place and its name; what is over the limit is
 * closed.  Both are what systemd does. */
static void store_fds(struct store *s, const struct note *note, uid_t uid, int *fds, size_t n)
{
	static const char stored[] = "stored";
	bool named = note->has_name && note->name_len > 0;
	struct put what = {.name = named ? note->name : stored,
			   .name_len = named ? note->name_len : strlen(stored),
			   .put_ms = clock_ms(),
			   .uid = uid,
			   .evict = !note->no_poll};

	if (s->above.on && what.name_len > ABOVE_NAME_MOST)
		return;
	for (size_t i = 0; i < n && has_room(s, uid); i++) {
		if (is_own(s, fds[i]) || same_find(&s->table, fds[i]) != NULL)
			continue;
		what.first_id = s->table.next_id;
		put_fds(s, &what, &fds[i], 1);
	}
}

static void obey(struct store *s, const void *data, size_t len, uid_t uid, int *fds, size_t n)
{
	struct note note = {0};
	struct fy_lines lines, again;
	struct fy_line line;

	if (fy_lines_begin(&lines, data, len) < 0)
		return;
	again = lines;
	while (fy_lines_next(&again, &line))
		read_line(s, &note, &line, false);
	/* A barrier comes alone, with one descriptor; it is closed when this turn is done, behind all
	 * that was sent before.  Together with anything else the message is ignored. */
	if (note.barrier)
		return;
	note = (struct note){0};
	while (fy_lines_next(&lines, &line))
		read_line(s, &note, &line, true);
	if (note.state) {
		link_state(s);
		watch_tell_state(s);
	}
	if (note.remove && note.has_name) {
		struct name *name = table_name(&s->table, note.name, note.name_len);

		if (name != NULL)
			remove_called(s, name, "remove");
	} else if (note.store && !note.remove) {
		store_fds(s, &note, uid, fds, n);
	}
}

void notify_read(struct store *s)
{
	char bytes[FY_LINES_MOST + 1];
	int fds[FERRY_MAX_FDS];
	struct iovec data = {.iov_base = bytes, .iov_len = sizeof(bytes)};

	for (int i = 0; i < A_TURN; i++) {
		struct ferry_peer peer;
		struct ferry_msg msg = {.iov = &data,
					.iovlen = 1,
					.fds = fds,
					.max_fds = FERRY_MAX_FDS,
					.peer = &peer,
					.peer_size = sizeof(peer),
					.flags = FERRY_NOWAIT | FERRY_DISPOSE};
		int r = ferry_recv(s->notify, &msg, sizeof(msg));

		if (r == -EAGAIN)
			return;
		if (r <= 0) /* one that was cut, or lost descriptors, is ignored */
			continue;
		if (msg.len <= FY_LINES_MOST && peer.uid != (uid_t)-1)
			obey(s, bytes, msg.len, peer.uid, fds, msg.nfds);
		for (size_t k = 0; k < msg.nfds; k++)
			doom(s, fds[k]);
		if (peer.pidfd >= 0)
			doom(s, peer.pidfd);
	}
}
