/* SPDX-License-Identifier: MIT
 *
 * hostile.c - tests: what is put into a store, or into its doors, by who means it no good.
 */
#include "hostile.h"

#include "fdferry/store.h"

#include <fcntl.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static void refuse(int door, int fd)
{
	check_refused(HARNESS_HERE, door, "OP=put\nNAME=loop", &fd, 1, ELOOP,
		      "a socket of this store");
}

/* The socket of the broker that has this name: the same user may take it out of there, unless the system is
 * stricter (-1). */
static int steal(const char *door, int listening)
{
	struct ferry_facts st;
	char path[128];
	int pidfd = (int)CHECK_OK(syscall(SYS_pidfd_open, broker(), 0));
	bool found = false;

	for (int n = 3; n < 64; n++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);

		if (fd < 0 && (errno == EPERM || errno == ENOSYS))
			break;
		if (fd < 0)
			continue;
		found = true;
		st = (struct ferry_facts){.path = path, .path_size = sizeof(path)};
		CHECK_OK(ferry_stat(fd, &st, sizeof(st)));
		if (st.domain == AF_UNIX && st.listening == listening &&
		    strstr(path, door) != NULL) {
			CHECK_OK(close(pidfd));
			return fd;
		}
		CHECK_OK(close(fd));
	}
	CHECK_OK(close(pidfd));
	CHECK(!found);
	return -1;
}

static void refuse_stolen(int door, const char *name, int listening)
{
	int fd = steal(name, listening);

	if (fd < 0)
		return;
	refuse(door, fd);
	CHECK_OK(close(fd));
}

STORE_TEST(the_sockets_of_the_store)
{
	int door, other, namesake, far;

	store_begin(NULL);
	door = client();
	other = client();
	refuse(door, door);
	refuse(door, other);
	refuse(other, door);
	CHECK_HELD(door, "");
	/* What was queued for the notify door goes the same way. */
	far = notifier();
	note(far, "FDSTORE=1\nFDNAME=loop", &other, 1);
	CHECK_HELD(door, "");
	/* A connection to somebody who is called the same is none to this store. */
	CHECK_OK(mkdir("d", 0700));
	CHECK_OK(chdir("d"));
	namesake = new_server(SOCK_SEQPACKET, "store");
	CHECK_OK(close(other));
	other = client();
	CHECK_OK(unlink("store"));
	CHECK_OK(chdir(".."));
	CHECK_OK(rmdir("d"));
	put(door, "NAME=other", other);
	put(door, "NAME=listener", namesake);
	CHECK_HELD(door, "other listener ");
	refuse_stolen(door, "store", 1);
	refuse_stolen(door, "notify", 0);
	refuse_stolen(door, "store", 0);
	CHECK_OK(close(namesake));
	CHECK_OK(close(other));
	CHECK_OK(close(far));
	close(door);
	siege_end();
}

STORE_TEST(own_end_by_the_library)
{
	struct ferry_store *store;
	const char *name = "loop";
	int fd;

	store_begin(NULL);
	CHECK_OK(ferry_store_open(&store, ".", 0, 0));
	fd = ferry_store_fd(store);
	struct ferry_request r = {.names = &name, .nnames = 1, .fds = &fd, .nfds = 1};
	CHECK_INT(ferry_put(store, &r, sizeof(r)), ==, -ELOOP);
	CHECK(strstr(r.why, "of this store") != NULL);
	ferry_store_close(store);
	siege_end();
}

/* It puts its own end and is gone: nothing of it is left. */
STORE_TEST(a_client_that_puts_its_end_and_dies)
{
	int door;

	store_begin(NULL);
	door = client();
	for (int i = 0; i < 20; i++) {
		int sock = client();

		tell(sock, "OP=put\nNAME=loop", &sock, 1);
		CHECK_OK(close(sock));
	}
	while (status("CLIENTS") > 2)
		pause_ms(1);
	CHECK_HELD(door, "");
	close(door);
	siege_end();
}

/* Sockets in whose queues descriptors lie, which lie in the queue of the next. */
STORE_TEST(descriptors_in_queues)
{
	bool told;
	int door, fd = new_memfd("x"), inner[2], outer[2], three[] = {fd, fd, fd};
	struct answer a;

	store_begin(NULL);
	door = client();
	make_pair(SOCK_SEQPACKET, inner);
	make_pair(SOCK_STREAM, outer);
	tell(inner[0], "x", three, 3);
	tell(inner[0], "x", three, 2);
	tell(outer[0], "x", &inner[1], 1);
	put(door, "NAME=inner", inner[1]);
	put(door, "NAME=outer", outer[1]);
	put(door, "NAME=end", outer[0]);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(close(inner[i]));
		CHECK_OK(close(outer[i]));
	}
	ask(door, &a, "OP=list\nNAME=inner");
	told = has(&a, "QUEUED"); /* fdinfo has scm_fds from Linux 5.6 on */
	CHECK(!told || number(&a, "QUEUED") == 5);
	ask(door, &a, "OP=list\nNAME=outer");
	CHECK(!told || number(&a, "QUEUED") == 1);
	ask(door, &a, "OP=list\nNAME=end");
	CHECK(!has(&a, "QUEUED"));
	kill_broker();
	close(door);
	door = client();
	ask(door, &a, "OP=list\nNAME=inner");
	CHECK(!told || number(&a, "QUEUED") == 5);
	CHECK_ANSWER(door, "OP=remove\nPATTERN=*", "ERRNO=0\nCOUNT=3\n");
	put(door, "NAME=a", fd);
	CHECK_OK(close(fd));
	close(door);
	siege_end();
}

/* There is nothing out of band at these doors: what asks for it is refused before it leaves, or is as any
 * other message. */
STORE_TEST(out_of_band)
{
	int door, notify, sock;

	store_begin(NULL);
	door = client();
	sock = client();
	notify = notifier();
	(void)send(sock, "OP=release", 10, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)send(notify, "READY=1", 7, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
	CHECK_ANSWER(sock, "OP=release", "ERRNO=0\n");
	barrier(notify);
	CHECK_ANSWER(door, "OP=release", "ERRNO=0\n");
	CHECK_OK(close(sock));
	CHECK_OK(close(notify));
	close(door);
	siege_end();
}
