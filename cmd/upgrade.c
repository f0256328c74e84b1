/* SPDX-License-Identifier: MIT
 * upgrade.c - fdferry upgrade: this program, or another, takes over what a running store holds. */
#include "cmd.h"
#include "store_of.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPT_PROGRAM = 256, LOOK_MS = 5 };

/* A regular file that may be run; anything else would be found out by the store, but not said so well. */
static int open_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return say(-1, "cannot open the program %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0) {
		close(fd);
		return say(-1, "%s is no program: a file that may be executed is needed", path);
	}
	return fd;
}

/* What stands behind a key at the beginning of a line of an answer, or NULL. */
static char *value_of(char *text, const char *key)
{
	for (char *at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, strlen(key)) == 0)
			return at + strlen(key);
	}
	return NULL;
}

static int ask(const struct store_of *s, int door, int program)
{
	char request[] = "OP=upgrade\n", text[4097], *line, *why;
	unsigned long err = 0;
	int32_t timeout_ms;
	uint32_t flags = 0;
	struct iovec data = {.iov_base = request, .iov_len = strlen(request)};
	struct ferry_msg msg = {.iov = &data, .iovlen = 1, .fds = &program, .nfds = 1};
	int r;

	store_deadline(s, &flags, &timeout_ms);
	msg.flags = flags;
	msg.timeout_ms = timeout_ms;
	r = ferry_send(door, &msg, sizeof(msg));
	if (r < 0)
		return store_fail(s, "upgrade what is", r, NULL);
	data = (struct iovec){.iov_base = text, .iov_len = sizeof(text) - 1};
	msg = (struct ferry_msg){.iov = &data,
				 .iovlen = 1,
				 .flags = flags,
				 .timeout_ms = timeout_ms};
	r = ferry_recv(door, &msg, sizeof(msg));
	if (r <= 0)
		return store_fail(s, "upgrade what is", r < 0 ? r : -ECONNRESET, NULL);
	text[msg.len] = '\0';
	why = value_of(text, "WHY=");
	line = value_of(text, "ERRNO=");
	if (line != NULL)
		line[strcspn(line, "\n")] = '\0';
	if (line == NULL || read_count(line, INT_MAX, &err) < 0)
		return store_fail(s, "upgrade what is", -EPROTO, NULL);
	if (err == 0)
		return EXIT_DONE;
	if (why != NULL)
		why[strcspn(why, "\n")] = '\0';
	return store_fail(s, "upgrade what is", -(int)err, why);
}

/* Until the new program's broker answers. */
static int wait_for_broker(const struct store_of *s, pid_t old, struct ferry_status *ret)
{
	int status = store_status(s, ret, "ask after what is");

	while (status == EXIT_DONE && ret->broker == old) {
		poll(NULL, 0, LOOK_MS);
		status = store_status(s, ret, "ask after what is");
	}
	return status;
}

static int upgrade(struct store_of *s, int program)
{
	char path[PATH_MAX + 8];
	struct ferry_status before, after;
	int status = store_status(s, &before, "ask after what is"), door;

	if (status != EXIT_DONE)
		return status;
	snprintf(path, sizeof(path), "%s/store", s->dir);
	door = ferry_connect(path, SOCK_SEQPACKET, 0, s->timeout_ms);
	if (door < 0)
		return store_fail(s, "upgrade what is", door, NULL);
	status = ask(s, door, program);
	close(door);
	if (status == EXIT_DONE)
		status = wait_for_broker(s, before.broker, &after);
	if (status == EXIT_DONE)
		printf("%s: %s, was %s: %llu descriptors, broker %ld, keeper %ld\n", s->dir,
		       after.version, before.version, (unsigned long long)after.held,
		       (long)after.broker, (long)after.keeper);
	return status;
}

static const struct option_row rows[] = {
	STORE_ROW,
	STORE_TIMEOUT_ROW,
	{OPT_PROGRAM, "program", "PATH", "the program that takes over (this one)"},
	{'h', "help", NULL, "this text"},
	{0},
};

static int run(int argc, char **argv)
{
	struct options o = {.command = &cmd_upgrade, .argc = argc, .argv = argv};
	const char *path = "/proc/self/exe";
	struct store_of s;
	int id, status, program;

	store_of_init(&s);
	while ((id = next_option(&o)) != OPTION_END) {
		if (id == OPTION_WRONG)
			return EXIT_USAGE;
		if (id == 'h') {
			print_usage(stdout, &cmd_upgrade);
			return EXIT_DONE;
		}
		if (id == OPT_PROGRAM)
			path = o.value;
		else if (store_option(&s, id, o.value) < 0)
			return EXIT_USAGE;
	}
	if (o.at < argc)
		return say(EXIT_USAGE, "'%s' is too much: the directory is --store DIR",
			   argv[o.at]);
	program = open_program(path);
	if (program < 0)
		return EXIT_REFUSED;
	status = store_open(&s);
	if (status == EXIT_DONE)
		status = upgrade(&s, program);
	store_close(&s);
	close(program);
	if (status == EXIT_DONE && fflush(stdout) != 0)
		return say(EXIT_REFUSED, "cannot write to standard output: %s", strerror(errno));
	return status;
}

const struct command cmd_upgrade = {
	.name = "upgrade",
	.synopsis = "",
	.about =
		"Has this program take over what a running store holds; nothing is lost or closed.",
	.options = rows,
	.run = run,
};
