/* SPDX-License-Identifier: MIT
 *
 * store_again.c - tests: a request outlives the broker that it was sent to, and is done once.
 */
#include "store.h"

#include <sys/time.h>

static int got[3];

static struct ferry_request request(void)
{
	return (struct ferry_request){
		.names = a, .nnames = 1, .fds = got, .max_fds = 3, .timeout_ms = 20};
}

TEST(asked_again_under_the_same_id)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int fd = new_file();
	struct ferry_request r = {.names = a, .nnames = 1, .fds = &fd, .nfds = 1};
	char id[64];

	fake_asked(&f, ferry_put, s, &r, "put", "\nNAME=a");
	ferry_close_all(f.fds, f.nfds);
	strcpy(id, f.id);
	for (int i = 0; i < 3; i++) {
		fake_next_broker(&f);
		CHECK_FAILS(ferry_put(s, &r, sizeof(r)), EAGAIN);
		fake_accept(&f);
		fake_hear(&f, "put", "\nNAME=a");
		CHECK_STR(f.id, id);
		CHECK_INT(f.nfds, ==, 1);
		CHECK(same_file(f.fds[0], fd));
		ferry_close_all(f.fds, f.nfds);
	}
	fake_say(&f, "ERRNO=0\nID=5\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_put, s, &r), ==, 0);
	close(fd);
	fake_end(&f, s);
}

/* It has ended while nothing was asked: nobody notices. */
TEST(an_idle_connection)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.names = a, .nnames = 1, .flags = FERRY_NOWAIT};

	fake_next_broker(&f);
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "remove", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	fake_end(&f, s);
}

/* What had come is closed, and comes again. */
TEST(in_the_middle_of_an_answer)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	int ends[2], file = new_file();

	ends[0] = new_pipe(&ends[1]);
	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nMORE=1", &ends[1], 1);
	close(ends[1]);
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EAGAIN);
	fake_next_broker(&f);
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "get", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5", &file, 1);
	CHECK_INT(answered(ferry_get, s, &r), ==, 1);
	CHECK(same_file(got[0], file));
	ferry_close_all(got, 1);
	close(ends[0]);
	close(file);
	fake_end(&f, s);
}

static void lent(struct fake *f, struct ferry_store *s, struct ferry_request *r, int file)
{
	fake_asked(f, ferry_take, s, r, "take", "\nNAME=a");
	fake_say(f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5", &file, 1);
	CHECK_FAILS(ferry_take(s, r, sizeof(*r)), EAGAIN);
	fake_hear(f, "confirm", "\nID=5");
}

/* It is not taken again: that would be refused if the broker had done it before it died. */
TEST(a_take_is_confirmed_again)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	int file = new_file();
	char id[64];

	lent(&f, s, &r, file);
	strcpy(id, f.id);
	fake_next_broker(&f);
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "confirm", "\nID=5");
	CHECK_STR(f.id, id);
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_take, s, &r), ==, 1);
	CHECK(same_file(got[0], file));
	ferry_close_all(got, 1);
	close(file);
	fake_end(&f, s);
}

TEST(a_take_is_lent_again)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	int file = new_file();

	fake_asked(&f, ferry_take, s, &r, "take", "\nNAME=a");
	fake_next_broker(&f);
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "take", "\nNAME=a");
	fake_say(&f, "ERRNO=2", NULL, 0);
	CHECK_FAILS(answered(ferry_take, s, &r), ENOENT);
	CHECK(r.why == NULL);
	close(file);
	fake_end(&f, s);
}

/* The time of a call that is not answered has passed: nobody knows whether it was done. */
TEST(an_answer_that_does_not_come)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request(), other = request();

	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), ETIMEDOUT);
	fake_hear(&f, "remove", "\nNAME=a");
	CHECK_STR(r.id, f.id);
	fake_is_left(&f); /* or its answer would be taken for the next one's */
	other.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_remove(s, &other, sizeof(other)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "remove", "\nNAME=a");
	CHECK(strcmp(r.id, f.id) != 0);
	fake_end(&f, s);
}

TEST(the_same_after_its_time)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	char id[64];

	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), ETIMEDOUT);
	fake_hear(&f, "remove", "\nNAME=a");
	strcpy(id, f.id);
	fake_is_left(&f);
	r.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "remove", "\nNAME=a");
	CHECK_STR(f.id, id);
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	fake_end(&f, s);
}

/* What is here may be nowhere else. */
TEST(a_take_outlives_its_time)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request(), other = request();
	int file = new_file();

	lent(&f, s, &r, file);
	r.flags = 0;
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), ETIMEDOUT);
	CHECK_INT(r.nfds, ==, 0);
	CHECK_FAILS(ferry_take(s, &other, sizeof(other)), EBUSY);
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EBUSY);
	r.max_fds = 0;
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EINVAL);
	r.max_fds = 3;
	fake_next_broker(&f);
	fake_close_door(&f);
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), ETIMEDOUT);
	fake_open_door(&f);
	r.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "confirm", "\nID=5");
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_take, s, &r), ==, 1);
	CHECK(same_file(got[0], file));
	ferry_close_all(got, 1);
	close(file);
	fake_end(&f, s);
}

/* Closed with the store. */
TEST(a_take_that_nobody_goes_on_with)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	int file = new_file();

	lent(&f, s, &r, file);
	close(file);
	fake_end(&f, s);
}

TEST(another_is_under_way)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request(), other = request();
	struct ferry_status status = {0};

	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
	other.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_get(s, &other, sizeof(other)), EBUSY);
	CHECK(other.why != NULL);
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EBUSY);
	CHECK_FAILS(ferry_store_status(s, &status, sizeof(status), 0, 0), EBUSY);
	fake_say(&f, "ERRNO=2", NULL, 0);
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), ENOENT);
	fake_asked(&f, ferry_get, s, &other, "get", "\nNAME=a");
	fake_end(&f, s);
}

static void interrupt(int sig)
{
	(void)sig;
}

static void alarms(const struct itimerval *every)
{
	const struct sigaction sa = {.sa_handler =
					     every->it_value.tv_usec > 0 ? interrupt : SIG_DFL,
				     .sa_flags = SA_RESTART};
	const struct itimerval never = {0};

	CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
	CHECK_OK(sigaction(SIGALRM, &sa, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, every, NULL));
}

TEST(signals)
{
	const struct itimerval every = {.it_interval = {.tv_usec = 5000},
					.it_value = {.tv_usec = 5000}},
			       never = {0};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();

	alarms(&every);
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), ETIMEDOUT);
	fake_hear(&f, "remove", "\nNAME=a");
	fake_is_left(&f);
	r = request();
	r.timeout_ms = 0;
	r.flags = FERRY_EINTR;
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EINTR);
	alarms(&never);
	fake_accept(&f);
	fake_hear(&f, "remove", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0); /* it went on */
	fake_end(&f, s);
}

TEST(signals_of_a_watch)
{
	const struct itimerval every = {.it_interval = {.tv_usec = 5000},
					.it_value = {.tv_usec = 5000}},
			       never = {0};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.flags = FERRY_NOWAIT};
	struct ferry_held h = {0};

	fake_asked(&f, ferry_watch, s, &r, "watch", "");
	fake_say(&f, "ERRNO=0", NULL, 0);
	CHECK_INT(answered(ferry_watch, s, &r), ==, 0);
	alarms(&every);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_EINTR, 0), EINTR);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 20), ETIMEDOUT);
	alarms(&never);
	fake_say_as_it_is(&f, "EVENT=put\nID=1\nNAME=a\nUID=1", NULL, 0);
	CHECK_INT(ferry_next(s, &h, sizeof(h), 0, 0), ==, 1);
	fake_end(&f, s);
}

/* Nobody at the door, then no door, then both: a deadline ends it, and without one it goes on. */
TEST(the_door_between_two_brokers)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();

	fake_next_broker(&f);
	close(f.listener);
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), ETIMEDOUT);
	r.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	CHECK_INT(ferry_store_fd(s), ==, -1);
	CHECK_OK(unlink("store"));
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	fake_open_door(&f);
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EAGAIN);
	CHECK_INT(ferry_store_fd(s), >=, 0);
	fake_accept(&f);
	fake_hear(&f, "remove", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	fake_end(&f, s);
}

/* Something else is there: no time makes it a store. */
TEST(the_door_of_something_else)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();

	fake_next_broker(&f);
	fake_close_door(&f);
	f.listener = plain_listen("store", SOCK_STREAM, 8);
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EPROTOTYPE);
	fake_end(&f, s);
}

/* Brokers that die of the request, with the one after them; nothing here returns before it is answered. */
static void brokers(void *arg)
{
	struct fake *f = arg;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			fake_accept(f);
		fake_hear(f, "remove", "\nNAME=a");
		if (i < 3)
			fake_next_broker(f);
	}
	fake_say(f, "ERRNO=0\nCOUNT=3", NULL, 0);
}

TEST(it_waits_for_the_next_broker)
{
	for (int timeout_ms = 0; timeout_ms <= 9000; timeout_ms += 9000) {
		struct fake f;
		struct ferry_store *s = fake_begin(&f);
		struct ferry_request r = request();
		pid_t child = in_child(brokers, &f);

		close(f.conn);
		f.conn = -1;
		r.timeout_ms = timeout_ms;
		CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
		CHECK_INT(r.count, ==, 3);
		join_child(child);
		fake_end(&f, s);
	}
}
