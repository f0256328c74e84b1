/* SPDX-License-Identifier: MIT
 * service.c - a server that counts its visitors, and goes on counting when it is started again.
 *
 *   service web.sock
 *   systemd-socket-activate -l "$PWD/web.sock" --fdname=web ./service
 *
 * The listener comes from the service manager, or else it is made here.  The count is in a memfd that
 * the manager is asked to keep; if it gives one back, the count goes on from there. */
#include <fdferry/service.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what, const char *why)
{
	if (why != NULL)
		fprintf(stderr, "%s: %s\n", what, why);
	else
		perror(what);
	return 1;
}

static int serve(int listener, int state)
{
	char line[32];
	int conn, n = 0;

	while ((conn = ferry_accept(listener, 0, 0)) >= 0) {
		if (pread(state, &n, sizeof(n), 0) < 0 || ++n < 0 ||
		    pwrite(state, &n, sizeof(n), 0) < 0)
			return fail("state", NULL);
		snprintf(line, sizeof(line), "visitor %d\n", n);
		(void)send(conn, line, strlen(line), MSG_NOSIGNAL);
		close(conn);
	}
	return fail("accept", NULL);
}

int main(int argc, char **argv)
{
	int fds[8], listener = -1, state = -1, r;
	const char *names[8];
	char text[256];
	struct ferry_listen kept = {.fds = fds,
				    .names = names,
				    .max_fds = 8,
				    .text = text,
				    .text_size = sizeof(text),
				    .flags = FERRY_CLEAR_ENV};
	struct ferry_note note = {.lines = "READY=1\nSTATUS=counting", .timeout_ms = 5000};

	if (ferry_listen_fds(&kept, sizeof(kept)) < 0)
		return fail("LISTEN_FDS", kept.why);
	for (size_t i = 0; i < kept.nfds; i++) {
		if (strcmp(names[i], "web") == 0 && listener < 0)
			listener = fds[i];
		else if (strcmp(names[i], "state") == 0 && state < 0)
			state = fds[i];
		else
			close(fds[i]); /* nothing that we know */
	}
	if (listener < 0 && argc == 2)
		listener = ferry_bind(argv[1], SOCK_STREAM, 0600, 0);
	if (listener < 0)
		return fail(argc == 2 ? argv[1] : "usage: service ADDRESS", NULL);
	if (state < 0) {
		state = memfd_create("state", MFD_CLOEXEC);
		note.fds = &state;
		note.nfds = 1;
		note.name = "state";
	}
	r = state < 0 ? -1 : ferry_notify(&note, sizeof(note));
	if (r < 0)
		return fail("NOTIFY_SOCKET", note.why);
	return serve(listener, state);
}
