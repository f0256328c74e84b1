/* SPDX-License-Identifier: MIT
 * adopt.c - a store that is started where twins live without a parent becomes their parent.
 *
 * It is none in the kernel's sense: it cannot wait for them, and watches them by pidfds.  What it needs to end
 * them, the page, the broker gives to nobody but its own user and root. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASK_MS = 5000, LOOK_MS = 200, GONE_LOOKS = 10 };

static int ask_for_page(int door)
{
	static const char good[] = "ERRNO=0\n";
	char request[] = "OP=adopt\n", text[256];
	int fd = -1, r;
	struct iovec data = {.iov_base = request, .iov_len = strlen(request)};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .timeout_ms = ASK_MS};

	r = ferry_send(door, &msg, sizeof(msg));
	if (r < 0)
		return r;
	data = (struct iovec){.iov_base = text, .iov_len = sizeof(text)};
	msg = (struct ferry_msg){
		.iov = &data, .iovlen = 1, .fds = &fd, .max_fds = 1, .timeout_ms = ASK_MS};
	r = ferry_recv(door, &msg, sizeof(msg));
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	if (msg.nfds == 1 && msg.len >= strlen(good) && memcmp(text, good, strlen(good)) == 0)
		return fd;
	ferry_close_all(&fd, 1);
	return -EBUSY;
}

static int find_page(const char *dir)
{
	char path[PATH_MAX];
	int door, fd, err = door_path(path, dir, "store");

	if (err < 0)
		return err;
	door = ferry_connect(path, SOCK_SEQPACKET, 0, ASK_MS);
	if (door < 0)
		return door;
	fd = ask_for_page(door);
	close(door);
	return fd;
}

/* Has the process of a role ended?  pidfd is that of the one before, or -1. */
static bool has_ended(atomic_int_least32_t *pid, pid_t *seen, int *pidfd)
{
	pid_t now = atomic_load(pid);

	if (now != *seen || *pidfd < 0) {
		if (*pidfd >= 0)
			close(*pidfd);
		*pidfd = twin_pidfd(now);
		*seen = now;
	}
	return twin_wait(*pidfd, 0) == 0;
}

/* Until a signal asks for the end.  Both gone, and nobody new for some time: they are lost. */
static int watch_twins(struct page *page, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	pid_t broker = 0, keeper = 0;
	int pidfds[] = {-1, -1}, gone = 0, sig = 0;

	while (gone < GONE_LOOKS && !asks_for_end(sig)) {
		bool both = has_ended(&page->broker, &broker, &pidfds[0]);

		both = has_ended(&page->keeper, &keeper, &pidfds[1]) && both;
		gone = both ? gone + 1 : 0;
		sig = sigtimedwait(signals, NULL, &pause);
	}
	ferry_close_all(pidfds, 2);
	return gone < GONE_LOOKS ? 0 : -ECHILD;
}

/* Returns when the store has ended, like store_run. */
int adopt(struct store *s, const sigset_t *signals, const char **why)
{
	int fd = find_page(s->options.dir), err;

	*why = "its twins live without a parent, and do not answer: end them by hand";
	if (fd < 0)
		return fd;
	s->page = page_map(fd);
	close(fd);
	if (s->page == NULL)
		return -errno;
	atomic_store(&s->page->parent, getpid());
	s->options.ready(s->options.arg);
	*why = "both of its processes have ended, and what they held is lost";
	err = watch_twins(s->page, signals);
	unbind_doors(s->options.dir);
	end_twins(s->page, false);
	return err;
}
