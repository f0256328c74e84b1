/* SPDX-License-Identifier: MIT
 * libsystemd.c - libsystemd put|many|take: a service that uses systemd's own library.
 *
 * put: standard input is kept as "notes"; many: so are MANY memfds, each with its number in it, as "many".
 * Both return when the manager has read it.  take: the last of LISTEN_FDS is "notes"; in front of it are
 * those of "many", if there are any. */
#include "peer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>

enum { MANY = 253 }; /* as many as a message takes */

static void must(int n, const char *what)
{
	if (n < 0)
		errx(1, "%s: %s", what, strerror(-n));
}

static void keep(const char *name, const int *fds, unsigned int nfds)
{
	char state[100];
	int n;

	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	n = sd_pid_notify_with_fds(0, 0, state, fds, nfds);
	must(n, "sd_pid_notify_with_fds");
	if (n == 0)
		errx(1, "there is no NOTIFY_SOCKET");
	must(sd_notify_barrier(0, 60 * 1000 * 1000UL), "sd_notify_barrier");
}

static void keep_many(void)
{
	int fds[MANY];

	for (int i = 0; i < MANY; i++) {
		fds[i] = memfd_create("many", MFD_CLOEXEC);
		if (fds[i] < 0 || dprintf(fds[i], "%d\n", i) < 0)
			err(1, "memfd");
	}
	keep("many", fds, MANY);
}

static void take(void)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	int last = SD_LISTEN_FDS_START + n - 1;

	must(n, "sd_listen_fds_with_names");
	if (n == 0 || strcmp(names[n - 1], "notes") != 0)
		errx(1, "%d descriptors, and no notes behind them", n);
	for (int i = 0; i < n - 1; i++) {
		char text[16] = "";

		if (strcmp(names[i], "many") != 0)
			errx(1, "number %d is called %s", i, names[i]);
		if (pread(SD_LISTEN_FDS_START + i, text, sizeof(text) - 1, 0) < 0 ||
		    atoi(text) != i)
			errx(1, "number %d holds %s", i, text);
	}
	peer_takes(last);
	printf("%d\n", n);
}

int main(int argc, char **argv)
{
	int in = STDIN_FILENO;

	if (argc != 2)
		errx(2, "usage: libsystemd put|many|take");
	if (strcmp(argv[1], "put") == 0)
		keep("notes", &in, 1);
	else if (strcmp(argv[1], "many") == 0)
		keep_many();
	else
		take();
	return 0;
}
