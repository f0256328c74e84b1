/* SPDX-License-Identifier: MIT
 *
 * store_list.c - tests: what a store has, and what happens in it, as ferry_next tells it.
 */
#include "store.h"

static char path[64];

static struct ferry_held room(void)
{
	return (struct ferry_held){.id = 77, .path = path, .path_size = sizeof(path)};
}

static int next(struct ferry_store *s, struct ferry_held *ret)
{
	*ret = room();
	return ferry_next(s, ret, sizeof(*ret), FERRY_NOWAIT, 0);
}

static void begin(struct fake *f, struct ferry_store *s, call *ask, const char *op,
		  const char *answer)
{
	struct ferry_request r = {.flags = FERRY_NOWAIT};

	fake_asked(f, ask, s, &r, op, "");
	fake_say(f, answer, NULL, 0);
	CHECK_INT(answered(ask, s, &r), ==, 0);
}

TEST(entries)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_held h;

	begin(&f, s, ferry_list, "list",
	      "ERRNO=0\n"
	      "ID=7\nNAME=a\nKIND=memfd\nFLAGS=2\nUID=5\nAGE=10\nPATH=/"
	      "memfd:x\nTTL=20\nSIZE=30\nTAKER=1\n"
	      "ID=9\nNAME=b\nKIND=unix-listen\nFLAGS=4\nUID=6\nAGE=40\nWAITING=2\nNEW_KEY=1");
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_INT(h.id, ==, 7);
	CHECK_STR(h.name, "a");
	CHECK_STR(h.kind, "memfd");
	CHECK_INT(h.flags, ==, 2);
	CHECK_INT(h.uid, ==, 5);
	CHECK_INT(h.age_ms, ==, 10);
	CHECK_STR(path, "/memfd:x");
	CHECK_INT(h.ttl_ms, ==, 20);
	CHECK_INT(h.size, ==, 30);
	CHECK_INT(h.lent, ==, 1);
	CHECK_INT(h.waiting, ==, -1);
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_INT(h.id, ==, 9);
	CHECK_STR(h.kind, "unix-listen");
	CHECK_INT(h.waiting, ==, 2);
	CHECK_INT(h.ttl_ms, ==, -1);
	CHECK_INT(h.size, ==, -1);
	CHECK_INT(h.lent, ==, 0);
	CHECK_STR(path, "");
	CHECK_STR(h.event, "");
	CHECK_INT(next(s, &h), ==, 0);
	CHECK_INT(next(s, &h), ==, 0);
	fake_end(&f, s);
}

TEST(an_empty_list)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_held h;

	begin(&f, s, ferry_list, "list", "ERRNO=0");
	CHECK_INT(next(s, &h), ==, 0);
	CHECK_INT(h.id, ==, 77);
	fake_end(&f, s);
}

TEST(no_room_for_the_path)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_held h;
	char little[4] = "xxx";

	begin(&f, s, ferry_list, "list",
	      "ERRNO=0\nID=1\nNAME=a\nPATH=/long\nID=2\nNAME=a\nPATH=/long");
	h = (struct ferry_held){.path = little, .path_size = sizeof(little)};
	CHECK_INT(ferry_next(s, &h, sizeof(h), 0, 0), ==, 1);
	CHECK_STR(little, "/lo");
	h.path = NULL;
	CHECK_INT(ferry_next(s, &h, sizeof(h), 0, 0), ==, 1);
	CHECK_INT(h.id, ==, 2);
	fake_end(&f, s);
}

#define MANY 300

static void say_part(struct fake *f, int from, int to)
{
	char text[4096] = "ERRNO=0";

	for (int i = from; i < to; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "\nID=%d\nNAME=a\nPATH=/%032d", i, i);
	fake_say(f, strcat(text, to < MANY ? "\nMORE=1" : ""), NULL, 0);
}

static void check_many(struct ferry_store *s)
{
	struct ferry_held h;

	for (int i = 0; i < MANY; i++) {
		CHECK_INT(next(s, &h), ==, 1);
		CHECK_INT(h.id, ==, i);
		CHECK_INT(strlen(path), ==, 33);
	}
	CHECK_INT(next(s, &h), ==, 0);
}

/* It comes whole, from one broker; what is left to read of it stays when something else is asked. */
TEST(a_long_list)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.flags = FERRY_NOWAIT}, other = {.names = a, .nnames = 1};
	struct ferry_held h;

	fake_asked(&f, ferry_list, s, &r, "list", "");
	say_part(&f, 0, 50);
	say_part(&f, 50, 100);
	CHECK_FAILS(ferry_list(s, &r, sizeof(r)), EAGAIN);
	CHECK_FAILS(next(s, &h), EINVAL);
	fake_next_broker(&f);
	CHECK_FAILS(ferry_list(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "list", "");
	for (int i = 0; i < MANY; i += 50)
		say_part(&f, i, i + 50);
	CHECK_INT(answered(ferry_list, s, &r), ==, 0);
	fake_asked(&f, ferry_remove, s, &other, "remove", "\nNAME=a");
	fake_say(&f, "ERRNO=2", NULL, 0);
	CHECK_FAILS(ferry_remove(s, &other, sizeof(other)), ENOENT);
	check_many(s);
	fake_end(&f, s);
}

TEST(a_list_that_is_refused)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.names = a, .nnames = 1, .pattern = "*"};
	struct ferry_held h;

	fake_asked(&f, ferry_list, s, &r, "list", "\nNAME=a\nPATTERN=*");
	fake_say(&f, "ERRNO=2\nWHY=nothing is called a", NULL, 0);
	CHECK_FAILS(answered(ferry_list, s, &r), ENOENT);
	CHECK_STR(r.why, "nothing is called a");
	CHECK_FAILS(next(s, &h), EINVAL);
	fake_end(&f, s);
}

TEST(events)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_held h;

	begin(&f, s, ferry_watch, "watch", "ERRNO=0");
	CHECK_FAILS(next(s, &h), EAGAIN);
	CHECK_INT(h.id, ==, 77);
	fake_say_as_it_is(&f,
			  "EVENT=put\nID=7\nNAME=a\nUID=5\n"
			  "EVENT=state\nREADY=1\nSTATUS=a=b\nX\n"
			  "EVENT=expire\nID=8\nNAME=b\nUID=6\n",
			  NULL, 0);
	fake_say_as_it_is(&f, "EVENT=take\nID=9\nNAME=c\nUID=7", NULL, 0);
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_STR(h.event, "put");
	CHECK_INT(h.id, ==, 7);
	CHECK_STR(h.name, "a");
	CHECK_INT(h.uid, ==, 5);
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_STR(h.event, "state");
	CHECK_STR(path, "READY=1\nSTATUS=a=b\nX");
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_STR(h.event, "expire");
	CHECK_STR(path, "");
	CHECK_INT(next(s, &h), ==, 1);
	CHECK_STR(h.event, "take");
	CHECK_INT(h.id, ==, 9);
	CHECK_FAILS(next(s, &h), EAGAIN);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 20), ETIMEDOUT);
	fake_end(&f, s);
}

TEST(a_state_without_room)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	char little[10];
	struct ferry_held h = {.path = little, .path_size = sizeof(little)};

	begin(&f, s, ferry_watch, "watch", "ERRNO=0");
	for (int i = 0; i < 2; i++)
		fake_say_as_it_is(&f, "EVENT=state\nREADY=1\nSTATUS=serving\nX=1", NULL, 0);
	CHECK_INT(ferry_next(s, &h, sizeof(h), 0, 0), ==, 1);
	CHECK_STR(little, "READY=1\nS");
	h.path = NULL;
	CHECK_INT(ferry_next(s, &h, sizeof(h), 0, 0), ==, 1);
	fake_end(&f, s);
}

TEST(it_does_nothing_else)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.names = a, .nnames = 1};
	struct ferry_status is = {0};

	begin(&f, s, ferry_watch, "watch", "ERRNO=0");
	CHECK_FAILS(ferry_remove(s, &r, sizeof(r)), EBUSY);
	CHECK(r.why != NULL);
	CHECK_FAILS(ferry_list(s, &r, sizeof(r)), EBUSY);
	CHECK_FAILS(ferry_watch(s, &r, sizeof(r)), EBUSY);
	CHECK_FAILS(ferry_store_status(s, &is, sizeof(is), 0, 0), EBUSY);
	fake_end(&f, s);
}

/* Each time it is told once, between what came before and what comes afterwards. */
TEST(another_broker)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.names = a, .nnames = 1};
	struct ferry_held h;

	fake_asked(&f, ferry_watch, s, &r, "watch", "\nNAME=a");
	fake_say(&f, "ERRNO=0", NULL, 0);
	CHECK_INT(answered(ferry_watch, s, &r), ==, 0);
	for (int i = 0; i < 3; i++) {
		fake_say_as_it_is(&f, "EVENT=put\nID=7\nNAME=a\nUID=5", NULL, 0);
		fake_next_broker(&f);
		CHECK_INT(next(s, &h), ==, 1);
		CHECK_INT(h.id, ==, 7);
		CHECK_FAILS(next(s, &h), EAGAIN);
		fake_accept(&f);
		fake_hear(&f, "watch", "\nNAME=a");
		CHECK_FAILS(next(s, &h), EAGAIN);
		fake_say(&f, "ERRNO=0", NULL, 0);
		fake_say_as_it_is(&f, "EVENT=put\nID=8\nNAME=a\nUID=5", NULL, 0);
		CHECK_FAILS(next(s, &h), ESTALE);
		CHECK_INT(h.id, ==, 77);
		CHECK_INT(next(s, &h), ==, 1);
		CHECK_INT(h.id, ==, 8);
		CHECK_FAILS(next(s, &h), EAGAIN);
	}
	fake_next_broker(&f);
	fake_close_door(&f);
	CHECK_FAILS(ferry_next(s, &h, sizeof(h), 0, 20), ETIMEDOUT);
	fake_open_door(&f);
	CHECK_FAILS(next(s, &h), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "watch", "\nNAME=a");
	fake_say(&f, "ERRNO=28\nWHY=enough", NULL, 0);
	CHECK_FAILS(next(s, &h), ENOSPC);
	CHECK_FAILS(next(s, &h), EINVAL); /* and that was its end */
	fake_end(&f, s);
}

TEST(a_watch_that_is_refused)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.pattern = "*"};
	struct ferry_held h;

	fake_asked(&f, ferry_watch, s, &r, "watch", "\nPATTERN=*");
	fake_say(&f, "ERRNO=22", NULL, 0);
	CHECK_FAILS(answered(ferry_watch, s, &r), EINVAL);
	CHECK_FAILS(next(s, &h), EINVAL);
	fake_end(&f, s);
}

TEST(next_arguments)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct {
		struct ferry_held h;
		char more[8];
	} newer = {.more = "more"};

	CHECK_FAILS(ferry_next(s, &newer.h, sizeof(newer.h), 0, 0), EINVAL); /* of what? */
	begin(&f, s, ferry_list, "list", "ERRNO=0");
	CHECK_FAILS(ferry_next(NULL, &newer.h, sizeof(newer.h), 0, 0), EINVAL);
	CHECK_FAILS(ferry_next(s, NULL, sizeof(newer.h), 0, 0), EINVAL);
	CHECK_FAILS(ferry_next(s, &newer.h, 8, 0, 0), EINVAL);
	CHECK_FAILS(ferry_next(s, &newer.h, sizeof(newer), 0, 0), E2BIG);
	CHECK_FAILS(ferry_next(s, &newer.h, sizeof(newer.h), FERRY_ROOM_FIRST, 0), EINVAL);
	CHECK_FAILS(ferry_next(s, &newer.h, sizeof(newer.h), 0, -1), EINVAL);
	CHECK_INT(ferry_next(s, &newer.h, sizeof(newer.h), 0, 0), ==, 0);
	fake_end(&f, s);
}
