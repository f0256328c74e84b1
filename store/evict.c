/* SPDX-License-Identifier: MIT
 * evict.c - descriptors that are dropped when they hang up.
 *
 * To ask for events of what a client made can wait for ever (epoll_ctl(2) of a file on a dead FUSE mount),
 * and an epoll descriptor in ours would poll what is in it.  So only those are watched that cannot: sockets,
 * pipes, processes and terminals. */
#include "broker.h"

#include <sys/epoll.h>

enum { A_TURN = 256 };

/* TTY_MAJOR, TTYAUX_MAJOR and UNIX98_PTY_SLAVE_MAJOR in the kernel's major.h. */
static bool is_terminal(int fd)
{
	struct inode inode;

	return inode_of(fd, &inode) == 0 && inode.is_device &&
	       (inode.major == 4 || inode.major == 5 || (inode.major >= 136 && inode.major <= 143));
}

static bool may_watch(int fd)
{
	struct ferry_facts st = {0};

	if (ferry_stat(fd, &st, sizeof(st)) < 0)
		return false;
	if (st.kind == FERRY_IS_CHAR)
		return is_terminal(fd);
	return st.kind == FERRY_IS_SOCKET || st.kind == FERRY_IS_FIFO || st.kind == FERRY_IS_PIDFD;
}

/* EPOLLHUP and EPOLLERR are always told. */
void evict_watch(struct store *s, struct entry *e)
{
	struct epoll_event event = {.events = 0, .data.u64 = e->id * TAGS | TAG_ENTRY};

	if (e->evict && !e->watched && may_watch(e->fd))
		e->watched = epoll_ctl(s->epoll, EPOLL_CTL_ADD, e->fd, &event) == 0;
}

/* Before it is closed: others may have the same open file, and then the set would keep telling of it. */
void evict_forget(struct store *s, struct entry *e)
{
	if (e->watched)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, e->fd, NULL);
	if (s->turn->unwatched == e)
		s->turn->unwatched = e->next;
}

void evict_hung_up(struct store *s, uint64_t id)
{
	struct entry *e = table_find(&s->table, id);

	if (e != NULL)
		remove_entry(s, e, "evict");
}

/* A new broker watches what it has inherited, some in each turn, so that it answers at once. */
void evict_go_on(struct store *s)
{
	struct turn *turn = s->turn;

	for (int i = 0; i < A_TURN && turn->unwatched != NULL; i++) {
		struct entry *e = turn->unwatched;

		turn->unwatched = e->next;
		evict_watch(s, e);
	}
}
