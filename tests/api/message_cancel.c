/* SPDX-License-Identifier: MIT
 *
 * message_cancel.c - tests: a thread that waits can be cancelled, and what is on its way is not lost.
 */
#include "api.h"

#include <pthread.h>

#define ROUNDS 3000

struct waiter {
	int sock;
	int result; /* 0: it was cancelled before it had one */
};

static void *receive(void *arg)
{
	struct waiter *w = arg;
	int fd = ferry_recv_fd(w->sock), state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	w->result = fd;
	return NULL;
}

/* A message and the cancellation, a different while apart each time. */
TEST_EACH_TYPE(message_and_cancellation)
{
	int pair[2], file = new_file();
	struct fd_table *before;

	CHECK_OK(ferry_pair(pair, type, 0));
	before = remember_fds();
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct waiter w = {.sock = pair[1]};
		pthread_t thread;

		CHECK_INT(pthread_create(&thread, NULL, receive, &w), ==, 0);
		for (volatile unsigned i = 0; i < round * 37 % 20000; i++)
			;
		CHECK_OK(ferry_send_fd(pair[0], file));
		for (volatile unsigned i = 0; i < round * 101 % 10000; i++)
			;
		pthread_cancel(thread);
		CHECK_INT(pthread_join(thread, NULL), ==, 0);
		if (w.result == 0)
			w.result = ferry_recv_fd(pair[1]);
		CHECK(same_file(CHECK_OK(w.result), file));
		close(w.result);
	}
	CHECK_FDS(before);
	close_pair(pair);
	close(file);
}

/* One that nothing comes for ends all the same. */
TEST_EACH_TYPE(cancelled_while_it_waits)
{
	int pair[2];
	pthread_t thread;
	struct waiter w;
	void *end;

	CHECK_OK(ferry_pair(pair, type, 0));
	w = (struct waiter){.sock = pair[1]};
	CHECK_INT(pthread_create(&thread, NULL, receive, &w), ==, 0);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	CHECK_INT(pthread_cancel(thread), ==, 0);
	CHECK_INT(pthread_join(thread, &end), ==, 0);
	CHECK(end == PTHREAD_CANCELED);
	close_pair(pair);
}
