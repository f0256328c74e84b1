/* SPDX-License-Identifier: MIT
 * upgrade.c - another program takes over what the twins hold.
 *
 * The broker forks; the child writes its table down and becomes the new program, which reads it and is the
 * next keeper.  Only when that says so is the old keeper ended; then the broker ends itself, and the new
 * keeper replaces it as it would any.  Until then a failure leaves everything as it was. */
#include "broker.h"
#include "form.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { START_MS = 5000, LOOK_MS = 1 };

static int keep_over_exec(int fd)
{
	return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

static int keep_all(const struct store *s)
{
	const int own[] = {s->notify,   s->door,      s->lock,     s->page_fd,
			   s->link.end, s->link.bell, s->link.twin};
	int err = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own) && err == 0; i++)
		err = keep_over_exec(own[i]);
	if (s->above.sock >= 0 && err == 0)
		err = keep_over_exec(s->above.sock);
	for (const struct entry *e = s->table.first; e != NULL && err == 0; e = e->next)
		err = keep_over_exec(e->fd);
	return err;
}

/* In the forked child.  program stays open for the call alone: it is close-on-exec. */
__attribute__((noreturn)) static void become(struct store *s, int program)
{
	char number[16], name[] = "fdferry", command[] = "store", option[] = "--inherit";
	char *argv[] = {name, command, option, number, NULL};
	int form, err = keep_all(s);

	form = err < 0 ? err : form_write(s);
	if (form >= 0) {
		snprintf(number, sizeof(number), "%d", form);
		syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
		form = -errno;
	}
	atomic_store(&s->page->upgrade_err, -form);
	_exit(EXIT_FAILURE);
}

/* Until the new program is a keeper; else why it is none. */
static int wait_for(struct store *s, pid_t pid)
{
	for (int i = 0; i < START_MS / LOOK_MS; i++) {
		/* The old keeper must not think that this one is stuck. */
		atomic_fetch_add(&s->page->turns, 1);
		if (atomic_load(&s->page->keeper) == pid)
			return 0;
		if (twin_wait(s->link.twin, LOOK_MS) == 0) {
			int err = atomic_load(&s->page->upgrade_err);

			return atomic_load(&s->page->keeper) == pid ? 0
			       : err != 0                           ? -err
								    : -ENOEXEC;
		}
	}
	return -ETIMEDOUT;
}

/* Returns 0 when the new program holds all that this one does, or an errno, and nothing has changed. */
static int replace_keeper(struct store *s, int program)
{
	struct link old;
	pid_t pid;
	int err;

	page_claim(s, TWIN_BROKER);
	atomic_store(&s->page->upgrade_err, 0);
	pid = twin_fork(s, &old);
	if (pid == 0) {
		twin_leave(s, &old, program);
		become(s, program);
	}
	err = pid < 0 ? (int)pid : wait_for(s, pid);
	if (err == 0)
		twin_drop_link(s, &old);
	else if (pid > 0)
		twin_take_back(s, &old);
	page_release(s);
	return err;
}

static const char *why_not(int err)
{
	switch (-err) {
	case EPROTONOSUPPORT:
		return "the new program is older, and does not read what this one writes";
	case ENOEXEC:
		return "the new program has ended before it held anything: is it fdferry?";
	case ETIMEDOUT:
		return "the new program was not ready in time";
	default:
		return NULL;
	}
}

/* At the end of a turn, when all that it speaks of is answered. */
void upgrade_now(struct store *s)
{
	struct turn *turn = s->turn;
	struct client *c = turn->upgrader;
	struct request r = {.why = NULL};
	struct text text;
	int err;

	if (c == NULL)
		return;
	turn->upgrader = NULL;
	err = replace_keeper(s, turn->program);
	close(turn->program);
	turn->program = -1;
	if (c->gone)
		c = NULL;
	if (err < 0 && c != NULL) {
		r.why = why_not(err);
		answer_error(s, c, &r, err);
	} else if (c != NULL) {
		answer_begin(&text, "", 0);
		answer_text(s, c, &text, NULL, 0, NULL);
	}
	answers_send(s);
	if (err == 0)
		_exit(EXIT_SUCCESS); /* the next broker is the new keeper's to fork */
}

void upgrade(struct store *s, struct client *c, struct request *r)
{
	struct turn *turn = s->turn;

	if (c->uid != geteuid() && c->uid != 0) {
		r->why = "only the store's own user and root may upgrade it";
		answer_error(s, c, r, -EPERM);
		return;
	}
	if (turn->upgrader != NULL) {
		r->why = "another upgrade is under way";
		answer_error(s, c, r, -EBUSY);
		return;
	}
	turn->upgrader = c;
	turn->program = r->fds[0];
	r->fds[0] = -1;
}

/* The new program: a keeper, from what the old one has written.  Returns only on failure. */
int store_inherit(int form, const char **why)
{
	static struct store s;
	int err;

	s = (struct store){.epoll = -1, .closer = -1, .parent_lock = -1, .above = {.sock = -1}};
	err = table_init(&s.table);
	if (err == 0)
		err = done_init(&s.done);
	if (err == 0)
		err = form_read(&s, form);
	close(form);
	*why = "cannot read what the old program has written";
	if (s.page_fd > 0)
		s.page = page_map(s.page_fd);
	if (s.page == NULL)
		return err < 0 ? err : -EBADMSG;
	if (err < 0) {
		atomic_store(&s.page->upgrade_err, -err);
		return err;
	}
	s.born = atomic_load(&s.page->token);
	atomic_fetch_add(&s.page->replaced, 1);
	atomic_store(&s.page->keeper, getpid());
	twin_run(&s, TWIN_KEEPER);
}
