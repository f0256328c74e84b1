/* SPDX-License-Identifier: MIT
 *
 * store.c - tests: a store that answers what no store answers: nothing of it is believed, nothing is left.
 */
#include "../api/store.h"

static int got[4];

static struct ferry_request request(void)
{
	return (struct ferry_request){.names = a, .nnames = 1, .flags = FERRY_NOWAIT};
}

static struct ferry_request request_of(call *ask)
{
	struct ferry_request r = request();

	r.fds = got;
	if (ask == ferry_put) {
		got[0] = 1;
		r.nfds = 1;
	}
	if (ask == ferry_get || ask == ferry_take)
		r.max_fds = 4;
	return r;
}

/* It comes as one end of a pipe, n times; afterwards nobody has any. */
static void malformed(call *ask, const char *op, const char *text, size_t n)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request_of(ask);
	int ends[2], fds[FERRY_MAX_FDS];

	ends[0] = new_pipe(&ends[1]);
	for (size_t i = 0; i < n; i++)
		fds[i] = ends[1];
	fake_asked(&f, ask, s, &r, op, "\nNAME=a");
	ferry_close_all(f.fds, f.nfds);
	fake_say(&f, text, fds, n);
	close(ends[1]);
	CHECK_FAILS(answered(ask, s, &r), EPROTO);
	CHECK(r.why != NULL);
	for (size_t i = 0; i < r.max_fds; i++)
		CHECK_INT(got[i], ==, -1);
	fake_is_left(&f);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	CHECK(pipe_ended(ends[0]));
	close(ends[0]);
	fake_end(&f, s);
}

TEST(the_first_lines)
{
	static const char *const texts[] = {
		"COUNT=1",
		"ERRNO=\nCOUNT=1",
		"ERRNO\nCOUNT=1",
		"ERRNO=-1\nCOUNT=1",
		"ERRNO=4096",
		"ERRNO=11", /* EAGAIN: "not yet" is no answer */
		"ERRNO=4",
		"ERRNO=110",
		"ERRNO=0x0\nCOUNT=1",
		"ERRNO=0\nREQUEST=another\nCOUNT=1",
		"REQUEST=another\nERRNO=0\nCOUNT=1",
		"WHY=so\nCOUNT=1\nERRNO=0",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		malformed(ferry_remove, "remove", texts[i], 0);
}

TEST(numbers)
{
	static const char *const puts[] = {
		"ERRNO=0",
		"ERRNO=0\nID=1",
		"ERRNO=0\nCOUNT=1",
		"ERRNO=0\nID=1\nCOUNT=2",
		"ERRNO=0\nID=\nCOUNT=1",
		"ERRNO=0\nID=18446744073709551616\nCOUNT=1",
		"ERRNO=0\nID=99999999999999999999999\nCOUNT=1",
		"ERRNO=0\nID=1 \nCOUNT=1",
		"ERRNO=0\nID=+1\nCOUNT=1",
	};

	for (size_t i = 0; i < sizeof(puts) / sizeof(*puts); i++)
		malformed(ferry_put, "put", puts[i], 0);
}

TEST(descriptors_that_nobody_asked_for)
{
	malformed(ferry_put, "put", "ERRNO=0\nID=1\nCOUNT=1", 1);
	malformed(ferry_remove, "remove", "ERRNO=0\nCOUNT=1", 253);
	malformed(ferry_list, "list", "ERRNO=0", 1);
	malformed(ferry_watch, "watch", "ERRNO=0", 1);
}

TEST(descriptors_and_ids_that_do_not_match)
{
	static const char *const texts[] = {
		"ERRNO=0",
		"ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5",
		"ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nID=6\nID=7",
		"ERRNO=0\nFLAGS=2\nUID=7\nID=5\nID=6",
		"ERRNO=0\nNAME=a\nUID=7\nID=5\nID=6",
		"ERRNO=0\nNAME=a\nFLAGS=2\nID=5\nID=6",
		"ERRNO=0\nNAME=a:b\nFLAGS=2\nUID=7\nID=5\nID=6",
		"ERRNO=0\nNAME=a\nFLAGS=4294967296\nUID=7\nID=5\nID=6",
		"ERRNO=0\nNAME=a\nFLAGS=2\nUID=x\nID=5\nID=6",
		"ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nID=",
		"ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5-6\nMORE=1",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		malformed(ferry_get, "get", texts[i], 2);
		malformed(ferry_take, "take", texts[i], 2);
	}
}

/* No more than a message of the protocol has; or no text. */
TEST(no_lines)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		struct fake f;
		struct ferry_store *s = fake_begin(&f);
		struct ferry_request r = request();

		fake_asked(&f, ferry_remove, s, &r, "remove", "\nNAME=a");
		if (i == 0)
			fake_say_as_it_is(&f, text, NULL, 0);
		else
			CHECK_INT(send(f.conn, "ERRNO=0\0COUNT=1", 15, 0), ==, 15);
		CHECK_FAILS(answered(ferry_remove, s, &r), EPROTO);
		fake_is_left(&f);
		fake_end(&f, s);
	}
}

static void half_taken(struct fake *f, struct ferry_store *s, struct ferry_request *r, int file)
{
	fake_asked(f, ferry_take, s, r, "take", "\nNAME=a");
	fake_say(f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nID=6", (int[]){file, file}, 2);
	CHECK_FAILS(ferry_take(s, r, sizeof(*r)), EAGAIN);
	fake_hear(f, "confirm", "\nID=5-6");
}

TEST(confirmed_otherwise)
{
	static const char *const texts[] = {"ERRNO=0",          "ERRNO=0\nCOUNT=1",
					    "ERRNO=0\nCOUNT=3", "ERRNO=0\nCOUNT=x",
					    "COUNT=2",          "ERRNO=0\nCOUNT=2"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fake f;
		struct ferry_store *s = fake_begin(&f);
		struct ferry_request r = request_of(ferry_take);
		int ends[2];

		ends[0] = new_pipe(&ends[1]);
		half_taken(&f, s, &r, ends[1]);
		fake_say(&f, texts[i], &ends[1], i == 5);
		close(ends[1]);
		CHECK_FAILS(answered(ferry_take, s, &r), EPROTO);
		CHECK_INT(got[0], ==, -1);
		fake_is_left(&f);
		while (waitpid(-1, NULL, __WALL) > 0)
			;
		CHECK(pipe_ended(ends[0]));
		close(ends[0]);
		fake_end(&f, s);
	}
}

/* What has come of it is of no use any more; the next list is. */
TEST(entries)
{
	static const char *const texts[] = {"NAME=a\nID=5", "ID=x", "ID=5\nAGE=-1", "ID=5\nTAKER=2",
					    "ID=5\nNAME=\n\x01=1\nNAME=\x01"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fake f;
		struct ferry_store *s = fake_begin(&f);
		struct ferry_request r = request();
		struct ferry_held h = {0};
		char text[100];

		fake_asked(&f, ferry_list, s, &r, "list", "\nNAME=a");
		snprintf(text, sizeof(text), "ERRNO=0\n%s", texts[i]);
		fake_say(&f, text, NULL, 0);
		CHECK_INT(answered(ferry_list, s, &r), ==, 0);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 0), EPROTO);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 0), EINVAL);
		fake_end(&f, s);
	}
}

/* The watch begins anew, and says that something was missed. */
TEST(events)
{
	static const char *const texts[] = {"", "ID=5\nEVENT=put", "EVENT=put\nID=x",
					    "REQUEST=1\nERRNO=0"};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request();
	struct ferry_held h = {0};

	fake_asked(&f, ferry_watch, s, &r, "watch", "\nNAME=a");
	fake_say(&f, "ERRNO=0", NULL, 0);
	CHECK_INT(answered(ferry_watch, s, &r), ==, 0);
	fake_say_as_it_is(&f, texts[0], NULL, 0);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
	for (size_t i = 1; i < sizeof(texts) / sizeof(*texts); i++) {
		fake_say_as_it_is(&f, texts[i], NULL, 0);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EPROTO);
		fake_is_left(&f);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
		fake_accept(&f);
		fake_hear(&f, "watch", "\nNAME=a");
		fake_say(&f, "ERRNO=0", NULL, 0);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), ESTALE);
		CHECK_FAILS(ferry_next(s, &h, sizeof(h), FERRY_NOWAIT, 0), EAGAIN);
	}
	fake_end(&f, s);
}

TEST(status)
{
	static const char *const texts[] = {"HELD=x", "HELD=-1", "BROKER=4294967295", "CLIENTS"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fake f;
		struct ferry_store *s = fake_begin(&f);
		struct ferry_status is = {.held = 77};
		char text[100];

		CHECK_FAILS(ferry_store_status(s, &is, sizeof(is), FERRY_NOWAIT, 0), EAGAIN);
		fake_hear(&f, "status", "");
		snprintf(text, sizeof(text), "ERRNO=0\n%s", texts[i]);
		fake_say(&f, text, NULL, 0);
		CHECK_FAILS(ferry_store_status(s, &is, sizeof(is), FERRY_NOWAIT, 0), EPROTO);
		CHECK_INT(is.held, ==, 77);
		fake_is_left(&f);
		fake_end(&f, s);
	}
}
