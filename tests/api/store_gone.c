/* SPDX-License-Identifier: MIT
 *
 * store_gone.c - tests: a store that does not come back is not waited for without end.
 *
 * The clock is the test's own: time passes when the test says so, and a millisecond each time that somebody
 * looks, so that nothing depends on how fast this machine is. */
#include "store.h"

#include <sys/syscall.h>
#include <time.h>

static long ahead; /* milliseconds; 0: the clock is that of the system */

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (ahead == 0)
		return (int)syscall(SYS_clock_gettime, clock, ts);
	ahead++;
	ts->tv_sec = ahead / 1000;
	ts->tv_nsec = ahead % 1000 * 1000000;
	return 0;
}

static struct ferry_store *begin(struct fake *f)
{
	struct ferry_store *s = fake_begin(f);

	ahead = 1000000;
	return s;
}

static struct ferry_request request(void)
{
	return (struct ferry_request){.names = a, .nnames = 1, .flags = FERRY_NOWAIT};
}

static void goes_on(struct ferry_store *s, struct ferry_request *r)
{
	for (int i = 0; i < 3; i++) {
		CHECK_FAILS(ferry_remove(s, r, sizeof(*r)), EAGAIN);
		ahead += 2000;
	}
}

static void ends(struct ferry_store *s, int err)
{
	struct ferry_request r = request(), other = request();
	char id[64];

	goes_on(s, &r);
	strcpy(id, r.id);
	ahead += 20000;
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), err);
	CHECK(r.why != NULL);
	CHECK_STR(r.id, id);
	goes_on(s, &other); /* which has ten seconds of its own */
}

TEST(nobody_at_the_door)
{
	struct fake f;
	struct ferry_store *s = begin(&f);

	fake_next_broker(&f);
	close(f.listener);
	ends(s, ECONNREFUSED);
	CHECK_OK(unlink("store"));
	fake_open_door(&f);
	fake_end(&f, s);
}

TEST(no_door)
{
	struct fake f;
	struct ferry_store *s = begin(&f);

	fake_next_broker(&f);
	fake_close_door(&f);
	ends(s, ECONNREFUSED); /* and not that what was asked about is not there */
	fake_open_door(&f);
	fake_end(&f, s);
}

/* Each connection is made, and ends unanswered. */
TEST(a_door_that_leads_nowhere)
{
	struct fake f;
	struct ferry_store *s = begin(&f);
	struct ferry_request r = request();
	int n = 0, err;

	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	do {
		fake_next_broker(&f);
		ahead += 900;
		err = ferry_remove(s, &r, sizeof(r));
		if (err == -EAGAIN)
			fake_accept(&f);
	} while (err == -EAGAIN && ++n < 20);
	CHECK_INT(err, ==, -ECONNRESET);
	CHECK_INT(n, >=, 10);
	CHECK(r.why != NULL);
	fake_end(&f, s);
}

/* What takes its time is not away. */
TEST(a_store_that_is_slow)
{
	struct fake f;
	struct ferry_store *s = begin(&f);
	struct ferry_request r = request();

	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	for (int i = 0; i < 5; i++) {
		fake_next_broker(&f);
		CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
		fake_accept(&f);
		ahead += 20000;
		CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	}
	fake_end(&f, s);
}

static void watches(struct fake *f, struct ferry_store *s)
{
	struct ferry_request r = {.flags = FERRY_NOWAIT};

	fake_asked(f, ferry_watch, s, &r, "watch", "");
	fake_say(f, "ERRNO=0", NULL, 0);
	CHECK_INT(answered(ferry_watch, s, &r), ==, 0);
}

/* It is told each time, and the watch goes on when there is a store again. */
TEST(a_watch)
{
	struct fake f;
	struct ferry_store *s = begin(&f);
	struct ferry_held h = {0};

	watches(&f, s);
	fake_next_broker(&f);
	fake_close_door(&f);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
	ahead += 20000;
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), ECONNREFUSED);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 0), ECONNREFUSED);
	fake_open_door(&f);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "watch", "");
	fake_say(&f, "ERRNO=0", NULL, 0);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), ESTALE);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
	fake_end(&f, s);
}

TEST(a_watch_at_a_door_that_leads_nowhere)
{
	struct fake f;
	struct ferry_store *s = begin(&f);
	struct ferry_held h = {0};
	int n = 0, err;

	watches(&f, s);
	do {
		fake_next_broker(&f);
		ahead += 900;
		err = ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0);
		if (err == -EAGAIN)
			fake_accept(&f);
	} while (err == -EAGAIN && ++n < 20);
	CHECK_INT(err, ==, -ECONNRESET);
	fake_end(&f, s);
}

/* Who has said how long he waits waits so long. */
TEST(the_callers_own_time)
{
	struct fake f;
	struct ferry_store *s = begin(&f);
	struct ferry_request r = request();

	fake_next_broker(&f);
	fake_close_door(&f);
	goes_on(s, &r);
	ahead += 20000;
	r.flags = 0;
	r.timeout_ms = 20;
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), ETIMEDOUT);
	fake_open_door(&f);
	fake_end(&f, s);
}
