/* SPDX-License-Identifier: MIT
 * target.c - datagrams at a store's notify door: what they put, remove and say is what sd_notify(3) has
 * them mean, and every descriptor is kept or closed, once. */
#include "../../store/notify.c"
#include "../../store/state.c"
#include "../../wire/lines.c"
#include "../fuzz.h"

/* Of five that come the second one is held already, and the last is one too many. */
enum { FDS = 5, SAME = 1, HELD = 2, MOST = HELD + FDS - 2 };

static const uint8_t *datagram;
static size_t datagram_size;
static bool is_there;
static unsigned kept[FDS], closed[FDS], nputs, removals, told;
static struct put last_put;
static char put_name[FY_NAME_MOST + 1];
static struct name *called;

/* In place of what notify.c calls. */
int ferry_recv(int sock, struct ferry_msg *msg, size_t size)
{
	(void)sock;
	if (!is_there)
		return -EAGAIN;
	is_there = false;
	REQUIRE(size == sizeof(*msg) && msg->max_fds >= FDS && msg->iov[0].iov_len > FY_LINES_MOST);
	if (datagram_size > msg->iov[0].iov_len)
		return -EMSGSIZE;
	if (datagram_size > 0)
		memcpy(msg->iov[0].iov_base, datagram, datagram_size);
	msg->len = datagram_size;
	for (int i = 0; i < FDS; i++)
		msg->fds[i] = i;
	msg->nfds = FDS;
	msg->peer->uid = 1000;
	msg->peer->pidfd = -1;
	return 1;
}

size_t owner_has(const struct owners *o, uid_t uid, enum owned what)
{
	(void)o;
	REQUIRE(uid == 1000 && what == OWNED_FDS);
	return HELD + nputs;
}

bool is_own(const struct store *s, int fd)
{
	(void)s;
	(void)fd;
	return false;
}

struct entry *same_find(struct table *t, int fd)
{
	static struct entry e;

	(void)t;
	REQUIRE(fd >= 0 && fd < FDS);
	return fd == SAME ? &e : NULL;
}

int put_fds(struct store *s, const struct put *put, int *fds, size_t n)
{
	REQUIRE(n == 1 && fds[0] >= 0 && fds[0] < FDS && put->name_len <= FY_NAME_MOST);
	kept[fds[0]]++;
	fds[0] = -1;
	last_put = *put;
	memcpy(put_name, put->name, put->name_len);
	put_name[put->name_len] = '\0';
	nputs++;
	s->table.n++;
	return 0;
}

void doom(struct store *s, int fd)
{
	(void)s;
	REQUIRE(fd < FDS);
	if (fd >= 0)
		closed[fd]++;
}

struct name *table_name(const struct table *t, const char *name, size_t len)
{
	(void)t;
	free(called);
	called = calloc(1, sizeof(*called) + len + 1);
	if (called == NULL)
		abort();
	memcpy(called->text, name, len);
	called->len = (uint8_t)len;
	return called;
}

void remove_called(struct store *s, struct name *name, const char *event)
{
	(void)s;
	REQUIRE(name == called && strcmp(event, "remove") == 0);
	removals++;
}

void link_state(struct store *s)
{
	REQUIRE(s->state.len <= sizeof(s->state.lines));
	told++;
}

void watch_tell_state(struct store *s)
{
	(void)s;
}

int64_t clock_ms(void)
{
	return 1;
}

/* What the datagram means, read in another way: a copy that is cut into strings. */
struct meaning {
	bool ignored, barrier, store, remove, no_poll, has_name, named;
	char name[8200];
};

static void read_meaning(struct meaning *m, const uint8_t *data, size_t size)
{
	static char copy[8200];
	char *rest = copy, *line;

	memset(m, 0, sizeof(*m));
	m->ignored = size > FY_LINES_MOST;
	if (m->ignored || size == 0)
		return;
	memcpy(copy, data, size);
	copy[size] = '\0';
	m->ignored = strlen(copy) + 1 < size;
	while (!m->ignored && (line = strsep(&rest, "\n")) != NULL) {
		m->barrier |= strcmp(line, "BARRIER=1") == 0;
		m->store |= strcmp(line, "FDSTORE=1") == 0;
		m->remove |= strcmp(line, "FDSTOREREMOVE=1") == 0;
		m->no_poll |= strcmp(line, "FDPOLL=0") == 0;
		if (!m->has_name && strncmp(line, "FDNAME=", 7) == 0) { /* the first one counts */
			m->has_name = true;
			m->named = strlen(line + 7) <= 255 && strchr(line + 7, ':') == NULL;
			for (const char *at = line + 7; *at != '\0'; at++)
				m->named &= *at >= 0x20 && *at <= 0x7e;
			strcpy(m->name, line + 7);
		}
	}
}

static void check_puts(const struct meaning *m)
{
	bool puts = !m->ignored && !m->barrier && m->store && !m->remove;

	REQUIRE(nputs == (puts ? FDS - 2 : 0));
	for (int i = 0; i < FDS; i++)
		REQUIRE(kept[i] + closed[i] == 1 &&
			(kept[i] == 1) == (puts && i != SAME && i < FDS - 1));
	if (!puts)
		return;
	REQUIRE(last_put.evict == !m->no_poll && last_put.uid == 1000 && last_put.end_ms == 0);
	REQUIRE(strcmp(put_name, m->named && m->name[0] != '\0' ? m->name : "stored") == 0);
}

static void check_state(const struct state *state)
{
	const char *at = state->lines, *end = at + state->len;

	REQUIRE(state->len <= sizeof(state->lines));
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *equals;
		struct fy_line line;
		int same = 0;

		REQUIRE(newline != NULL);
		equals = memchr(at, '=', (size_t)(newline - at));
		REQUIRE(equals != NULL);
		line = (struct fy_line){.key = at,
					.key_len = (size_t)(equals - at),
					.value = equals + 1,
					.value_len = (size_t)(newline - equals - 1)};
		REQUIRE(state_is_key(&line) && memchr(at, '\0', (size_t)(newline - at)) == NULL);
		for (const char *other = state->lines; other < end;
		     other = (const char *)memchr(other, '\n', (size_t)(end - other)) + 1)
			same += strncmp(other, at, line.key_len + 1) == 0;
		REQUIRE(same == 1);
		at = newline + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "STATUS=before\n";
	static struct store s;
	static struct meaning m;

	if (size > sizeof(m.name) - 8)
		return 0;
	memset(kept, 0, sizeof(kept));
	memset(closed, 0, sizeof(closed));
	nputs = removals = told = 0;
	s = (struct store){.table.n = HELD,
			   .table.next_id = 1,
			   .options = {.max_fds = MOST, .max_own_fds = MOST}};
	s.state.len = strlen(before);
	memcpy(s.state.lines, before, s.state.len);
	datagram = data;
	datagram_size = size;
	is_there = true;
	notify_read(&s);
	read_meaning(&m, data, size);
	if (size <= FY_LINES_MOST + 1)
		check_puts(&m);
	REQUIRE(removals == (!m.ignored && !m.barrier && m.remove && m.named ? 1 : 0));
	REQUIRE(told == 0 || (!m.ignored && !m.barrier));
	REQUIRE(told > 0 ||
		(s.state.len == strlen(before) && memcmp(s.state.lines, before, s.state.len) == 0));
	check_state(&s.state);
	free(called);
	called = NULL;
	return 0;
}
