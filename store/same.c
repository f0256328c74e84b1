/* SPDX-License-Identifier: MIT
 * same.c - which of the descriptors that are held is the same open file: a tree by device, inode and, where
 * these are equal, the kernel's own order of open files (kcmp(2)).
 *
 * systemd compares each new descriptor with every old one.  Anonymous files share one inode (but for
 * eventfds, which inode.c numbers), so that only kcmp tells them apart; it also orders them, by a number that
 * the kernel makes up at boot (kernel/kcmp.c).  The tree is a treap: its shape depends on priorities that are
 * hashed from ids with a seed that no client knows.
 *
 * Only the notify door asks for duplicates.  So the broker alone has the tree, and makes it when the first
 * FDSTORE=1 comes; until then nobody pays for it. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Where kcmp is refused (a seccomp filter) or does not order, no two are the same. */
static int by_file(int a, int b, uint64_t id_a, uint64_t id_b)
{
	long r;
	pid_t me = getpid();

	r = syscall(SYS_kcmp, me, me, KCMP_FILE, (unsigned long)a, (unsigned long)b);
	if (r < 0 || r > 2)
		return by_number(id_a, id_b);
	return r == 0 ? 0 : r == 1 ? -1 : 1;
}

/* What a descriptor is compared by.  Where there is no statx(2) (Linux 4.11) all are of one inode. */
struct key {
	uint64_t dev, ino;
	uint64_t id; /* it has, or will have */
	int fd;
};

static struct key key_of(const struct table *t, int fd)
{
	struct inode inode = {0};

	inode_of(fd, &inode);
	return (struct key){.dev = inode.dev, .ino = inode.ino, .id = t->next_id, .fd = fd};
}

static int compare(const struct key *key, const struct entry *with)
{
	int r = by_number(key->ino, with->ino);

	if (r == 0)
		r = by_number(key->dev, with->dev);
	return r != 0 ? r : by_file(key->fd, with->fd, key->id, with->id);
}

static uint64_t priority(const struct table *t, const struct entry *e)
{
	uint64_t x = e->id ^ t->seed;

	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static struct entry **link_to(struct table *t, const struct entry *e)
{
	return e->up == NULL ? &t->same : e->up->left == e ? &e->up->left : &e->up->right;
}

static void hang(struct entry **at, struct entry *up, struct entry *e)
{
	*at = e;
	if (e != NULL)
		e->up = up;
}

/* e changes places with the one above it. */
static void rotate_up(struct table *t, struct entry *e)
{
	struct entry *up = e->up;

	hang(link_to(t, up), up->up, e);
	if (up->left == e) {
		hang(&up->left, up, e->right);
		hang(&e->right, e, up);
	} else {
		hang(&up->right, up, e->left);
		hang(&e->left, e, up);
	}
}

/* A descriptor that was put is found from here on, if the tree is there. */
void same_add(struct table *t, struct entry *e)
{
	struct entry **at = &t->same, *up = NULL;
	struct key key;

	if (!t->compares)
		return;
	key = key_of(t, e->fd);
	e->dev = key.dev;
	e->ino = key.ino;
	key.id = e->id;
	e->left = e->right = NULL;
	while (*at != NULL) {
		up = *at;
		at = compare(&key, up) < 0 ? &up->left : &up->right;
	}
	hang(at, up, e);
	e->compared = true;
	while (e->up != NULL && priority(t, e->up) < priority(t, e))
		rotate_up(t, e);
}

void same_drop(struct table *t, struct entry *e)
{
	if (!e->compared)
		return;
	while (e->left != NULL && e->right != NULL)
		rotate_up(t, priority(t, e->left) >= priority(t, e->right) ? e->left : e->right);
	hang(link_to(t, e), e->up, e->left != NULL ? e->left : e->right);
	e->compared = false;
}

/* In a new broker: the tree is one that others have made, and not kept up. */
void same_forget(struct table *t)
{
	t->compares = false;
	t->same = NULL;
	for (struct entry *e = t->first; e != NULL; e = e->next)
		e->compared = false;
}

/* One of those held that is the same open file, or NULL. */
struct entry *same_find(struct table *t, int fd)
{
	struct entry *e;
	struct key key;
	int r;

	if (!t->compares) {
		t->compares = true;
		for (e = t->first; e != NULL; e = e->next)
			same_add(t, e);
	}
	key = key_of(t, fd);
	for (e = t->same; e != NULL; e = r < 0 ? e->left : e->right) {
		r = compare(&key, e);
		if (r == 0)
			break;
	}
	return e;
}
