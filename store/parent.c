/* SPDX-License-Identifier: MIT
 * parent.c - the process that was started: opens the directory and its doors, starts the twins, and holds
 * nothing then.  It reaps, ends the store on a signal, and its pid is the one that others watch. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHERS = 64, END_PAUSE_MS = 20, END_TRIES = 100 };

/* The directory and those above it, as mkdir -p makes them, for this user alone. */
static int make_dir(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	if (strlen(dir) >= sizeof(path))
		return -ENAMETOOLONG;
	strcpy(path, dir);
	for (char *at = path + 1; *at != '\0'; at++)
		if (*at == '/') {
			*at = '\0';
			if (mkdir(path, 0755) < 0 && errno != EEXIST && errno != EROFS)
				return -errno;
			*at = '/';
		}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int door_path(char *path, const char *dir, const char *door)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, door);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int open_lock(const char *dir)
{
	char path[PATH_MAX];
	int fd, err = door_path(path, dir, "lock");

	if (err < 0)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* cppcheck-suppress resourceLeak ; it is returned */
	return fd < 0 ? -errno : fd;
}

/* Two locks of one file.  The first byte is the parent's, as long as it lives; the file is the twins', as
 * long as one of them does, and with it everything that is held.  Returns 0, -EBUSY if there is a parent, or
 * -EEXIST if there are twins without one. */
static int lock(struct store *s)
{
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	s->parent_lock = open_lock(s->options.dir);
	if (s->parent_lock < 0)
		return s->parent_lock;
	if (fcntl(s->parent_lock, F_OFD_SETLK, &byte) < 0)
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	s->lock = open_lock(s->options.dir);
	if (s->lock < 0)
		return s->lock;
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EEXIST : -errno;
}

static int bind_door(const struct store_options *o, const char *door, int type, uint32_t flags)
{
	char path[PATH_MAX];
	int fd, err = door_path(path, o->dir, door);

	if (err < 0)
		return err;
	fd = ferry_bind(path, type, o->mode, flags);
	/* The umask is for files that nobody has thought about: these have a mode that was asked for. */
	if (fd >= 0 && chmod(path, o->mode) < 0) {
		err = -errno;
		close(fd);
		unlink(path);
		return err;
	}
	return fd;
}

void unbind_doors(const char *dir)
{
	char path[PATH_MAX];

	if (door_path(path, dir, "notify") == 0)
		unlink(path);
	if (door_path(path, dir, "store") == 0)
		unlink(path);
}

/* After a failure, those that were bound: what else is called so is somebody's. */
static void unbind_bound(const struct store *s)
{
	char path[PATH_MAX];

	if (s->notify >= 0 && door_path(path, s->options.dir, "notify") == 0)
		unlink(path);
	if (s->door >= 0 && door_path(path, s->options.dir, "store") == 0)
		unlink(path);
}

/* What one owner may have of it, unless that was asked for: where others can open the doors, half. */
static void share(struct store_options *o)
{
	uint64_t shares = (o->mode & 066) != 0 ? 2 : 1;

	if (o->max_own_fds == 0)
		o->max_own_fds = (o->max_fds + shares - 1) / shares;
	if (o->max_own_clients == 0)
		o->max_own_clients = (o->max_clients + shares - 1) / shares;
}

/* As many as the kernel admits, and of those what clients, messages and the store itself do not need.
 * Where that is little there are fewer clients, unless their number was asked for. */
static int set_limits(struct store *s)
{
	struct store_options *o = &s->options;
	uint64_t others = OTHERS + 6 * ROOM_FOR_ONE;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return -errno;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (o->max_clients == 0)
		o->max_clients = rl.rlim_cur / 4 < STORE_CLIENTS ? rl.rlim_cur / 4 : STORE_CLIENTS;
	others += o->max_clients;
	if (rl.rlim_cur <= others)
		return -EMFILE;
	s->most_fds = rl.rlim_cur - others;
	s->most_unread = rl.rlim_cur / 2;
	if (o->max_fds == 0)
		o->max_fds = s->most_fds;
	if (o->max_unread == 0)
		o->max_unread = STORE_UNREAD;
	share(o);
	return o->max_fds > s->most_fds ? -EMFILE : 0;
}

static int open_store(struct store *s, const char **why)
{
	int err = make_dir(s->options.dir);

	*why = "cannot make its directory";
	if (err < 0)
		return err;
	*why = "cannot lock it: another store serves this directory";
	err = lock(s);
	if (err < 0)
		return err;
	*why = "cannot bind its doors";
	s->notify = bind_door(&s->options, "notify", SOCK_DGRAM, FERRY_CREDS);
	if (s->notify < 0)
		return s->notify;
	s->door = bind_door(&s->options, "store", SOCK_SEQPACKET, 0);
	if (s->door < 0 || fcntl(s->door, F_SETFL, O_NONBLOCK) < 0)
		return s->door < 0 ? s->door : -errno;
	*why = "no memory";
	s->page_fd = page_new(&s->page);
	if (s->page_fd < 0)
		return s->page_fd;
	atomic_store(&s->page->parent, getpid());
	err = table_init(&s->table);
	if (err == 0)
		err = done_init(&s->done);
	return err < 0 ? err : manager_take(s, why);
}

static void close_store(struct store *s)
{
	int *fds[] = {&s->notify, &s->door, &s->lock, &s->page_fd, &s->above.sock};

	while (s->table.first != NULL) { /* taken back for the twins, which have them by now */
		ferry_close_all(&s->table.first->fd, 1);
		table_drop(&s->table, s->table.first);
	}

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		ferry_close_all(fds[i], 1);
	free(s->table.by_id);
	free(s->table.by_name);
	free(s->table.heap);
	free(s->table.owners.by_uid);
	free(s->done.ring);
	free(s->done.heads);
	s->table = (struct table){0};
	s->done = (struct done){0};
}

/* In the first twin: what a terminal sends is for the parent, which tells the twins by killing them. */
static void begin_twin(const sigset_t *before)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, before, NULL);
}

static void kill_twins(const struct page *page)
{
	pid_t twins[] = {atomic_load(&page->broker), atomic_load(&page->keeper)};

	for (int i = 0; i < 2; i++)
		if (twins[i] > 0)
			kill(twins[i], SIGKILL);
}

static bool twins_live(const struct page *page)
{
	return kill(atomic_load(&page->broker), 0) == 0 || kill(atomic_load(&page->keeper), 0) == 0;
}

/* Ends both twins, and reaps them if they are children; what is stuck in the kernel is left to init. */
void end_twins(struct page *page, bool children)
{
	atomic_store(&page->stopping, true);
	for (int i = 0; i < END_TRIES; i++) {
		pid_t pid;

		kill_twins(page);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (children ? pid < 0 : !twins_live(page))
			return;
		poll(NULL, 0, END_PAUSE_MS);
	}
}

bool asks_for_end(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP;
}

/* Until both twins are there.  Returns 1, 0 when a signal has asked for the end before, or -ECHILD: a twin that
 * ends so early has failed. */
static int wait_for_twins(const struct page *page, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (atomic_load(&page->keeper) == 0) {
		int sig = sigtimedwait(signals, NULL, &pause);

		if (asks_for_end(sig))
			return 0;
		if (sig == SIGCHLD)
			return -ECHILD;
	}
	return 1;
}

/* Until a signal asks for the end, or there is no twin any more.  Orphans that others leave to this process
 * (as PID 1) are reaped too, so that it is the twins that are asked for. */
static int serve(const sigset_t *signals)
{
	for (;;) {
		int sig = sigwaitinfo(signals, NULL);
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (asks_for_end(sig))
			return 0;
		if (pid < 0 && errno == ECHILD)
			return -ECHILD;
	}
}

static int run_twins(struct store *s, const sigset_t *signals, const sigset_t *before,
		     const char **why)
{
	bool above = getenv("NOTIFY_SOCKET") != NULL && getenv("FDSTORE") != NULL;
	pid_t pid;
	int err;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	*why = "cannot make its processes";
	pid = fork();
	if (pid == 0) {
		begin_twin(before);
		close(s->parent_lock);
		twin_sweep(s, true, -1);
		if (!s->options.no_sandbox)
			atomic_store(&s->page->cage, cage_enter(above));
		atomic_store(&s->page->broker, getpid());
		twin_run(s, TWIN_BROKER);
	}
	err = pid < 0 ? -errno : 0;
	close_store(s);
	if (err == 0)
		err = wait_for_twins(s->page, signals);
	if (err > 0) {
		s->options.ready(s->options.arg);
		*why = "both of its processes have ended, and what they held is lost";
		err = serve(signals);
	}
	unbind_doors(s->options.dir);
	if (pid > 0)
		end_twins(s->page, true);
	return err;
}

int store_run(const struct store_options *options, const char **why)
{
	static struct store s; /* large: the link's buffer is in it */
	sigset_t signals, before;
	int err;

	s = (struct store){.options = *options,
			   .notify = -1,
			   .door = -1,
			   .lock = -1,
			   .parent_lock = -1,
			   .page_fd = -1,
			   .epoll = -1,
			   .closer = -1,
			   .above = {.sock = -1},
			   .link = {.end = -1, .bell = -1, .twin = -1}};
	*why = "RLIMIT_NOFILE does not admit so many descriptors and clients";
	err = set_limits(&s);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (err == 0)
		err = open_store(&s, why);
	if (err == 0)
		err = run_twins(&s, &signals, &before, why);
	else if (err == -EEXIST && s.lock >= 0 && s.notify < 0) {
		manager_drop(); /* the twins have them */
		err = adopt(&s, &signals, why);
	} else
		unbind_bound(&s);
	close_store(&s);
	if (s.parent_lock >= 0)
		close(s.parent_lock);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}
