/* SPDX-License-Identifier: MIT
 *
 * store_get.c - tests: ferry_get gives copies and ferry_take the only ones, whole or not at all.
 */
#include "store.h"

#define ROOM 600

static int got[ROOM];
static struct ferry_held held[ROOM];

static struct ferry_request request(size_t max_fds)
{
	for (int i = 0; i < ROOM; i++)
		got[i] = UNTOUCHED;
	memset(held, 0, sizeof(held));
	return (struct ferry_request){.names = a,
				      .nnames = 1,
				      .fds = got,
				      .max_fds = max_fds,
				      .held = held,
				      .held_size = sizeof(*held),
				      .nfds = 77};
}

static void check_none(const struct ferry_request *r)
{
	CHECK_INT(r->nfds, ==, 0);
	for (size_t i = 0; i < r->max_fds; i++)
		CHECK_INT(got[i], ==, -1);
	CHECK_INT(got[r->max_fds], ==, UNTOUCHED);
}

static void check_given(const struct ferry_request *r, const int *files, size_t nfiles)
{
	for (size_t i = 0; i < r->nfds; i++) {
		CHECK(same_file(got[i], files[i % nfiles]));
		CHECK(is_cloexec(got[i]));
	}
	for (size_t i = r->nfds; i < r->max_fds; i++)
		CHECK_INT(got[i], ==, -1);
	CHECK_INT(got[r->max_fds], ==, UNTOUCHED);
	ferry_close_all(got, r->nfds);
}

TEST(copies_in_order)
{
	static const char *const names[] = {"a", "b"};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file()};
	struct ferry_request r = request(5);

	r.names = names;
	r.nnames = 2;
	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a\nNAME=b");
	check_none(&r);
	fake_say(&f,
		 "ERRNO=0\nNAME=a\nFLAGS=32770\nUID=7\nID=5\nID=9\nNAME=b\nFLAGS=1\nUID=8\nID=2",
		 files, 3);
	CHECK_INT(answered(ferry_get, s, &r), ==, 3);
	CHECK_INT(r.nfds, ==, 3);
	check_given(&r, files, 3);
	CHECK_INT(held[1].id, ==, 9);
	CHECK_STR(held[1].name, "a");
	CHECK_INT(held[1].flags, ==, 32770);
	CHECK_INT(held[1].uid, ==, 7);
	CHECK_INT(held[2].id, ==, 2);
	CHECK_STR(held[2].name, "b");
	CHECK_INT(held[2].uid, ==, 8);
	CHECK_INT(held[2].size, ==, -1);
	CHECK_INT(held[3].uid, ==, 0); /* untouched */
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

TEST(without_held)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int file = new_file();
	struct ferry_request r = request(1);

	r.held = NULL;
	r.held_size = 0;
	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\n", &file, 1);
	CHECK_INT(answered(ferry_get, s, &r), ==, 1);
	check_given(&r, &file, 1);
	close(file);
	fake_end(&f, s);
}

/* An answer of n descriptors, in messages of 253, whose ids begin at first. */
static void answer_many(struct fake *f, size_t n, uint64_t first, int *files)
{
	for (size_t at = 0; at < n;) {
		size_t some = n - at < FERRY_MAX_FDS ? n - at : FERRY_MAX_FDS;
		char text[4000] = "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7";
		int fds[FERRY_MAX_FDS];

		for (size_t i = 0; i < some; i++) {
			fds[i] = files[(at + i) % 3];
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "\nID=%ju",
				 (uintmax_t)(first + at + i));
		}
		at += some;
		if (at < n)
			strcat(text, "\nMORE=1");
		fake_say(f, text, fds, some);
	}
}

TEST(more_than_a_message)
{
	static const size_t some[] = {253, 254, 506, ROOM - 1};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file()};

	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
		struct ferry_request r = request(ROOM - 1);

		fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
		answer_many(&f, some[i], 1000, files);
		CHECK_INT(answered(ferry_get, s, &r), ==, some[i]);
		CHECK_INT(held[some[i] - 1].id, ==, 1000 + some[i] - 1);
		check_given(&r, files, 3);
	}
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

/* What comes piece by piece is given in one piece. */
TEST(half_an_answer)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int file = new_file();
	struct ferry_request r = request(3);

	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nMORE=1", &file, 1);
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EAGAIN);
	check_none(&r);
	fake_say(&f, "ERRNO=0\nNAME=b\nFLAGS=2\nUID=7\nID=6", &file, 1);
	CHECK_INT(answered(ferry_get, s, &r), ==, 2);
	CHECK_INT(held[0].id, ==, 5);
	CHECK_INT(held[1].id, ==, 6);
	check_given(&r, &file, 1);
	close(file);
	fake_end(&f, s);
}

TEST(more_than_slots)
{
	static const size_t slots[] = {0, 2, 253, 300, ROOM - 2};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file()};

	for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
		struct ferry_request r = request(slots[i]);

		fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
		answer_many(&f, ROOM - 1, 1, files);
		CHECK_FAILS(answered(ferry_get, s, &r), EMSGSIZE);
		CHECK(r.why != NULL);
		CHECK_INT(r.count, ==, ROOM - 1);
		check_none(&r);
	}
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

TEST(flags_are_restored)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), CHECK_OK(open(".", O_PATH | O_CLOEXEC))};
	struct ferry_request r = request(3);
	char text[200];

	CHECK_OK(fcntl(files[1], F_SETFL, O_NONBLOCK | O_APPEND));
	r.flags = FERRY_RESTORE_FLAGS;
	fake_asked(&f, ferry_get, s, &r, "get", "\nNAME=a");
	snprintf(text, sizeof(text),
		 "ERRNO=0\nNAME=a\nFLAGS=%u\nUID=7\nID=5\nFLAGS=%u\nID=6\nFLAGS=%u\nID=7",
		 O_RDWR | O_NONBLOCK, O_RDWR | O_APPEND, O_PATH);
	fake_say(&f, text, files, 3);
	CHECK_INT(answered(ferry_get, s, &r), ==, 3);
	CHECK_INT(fcntl(got[0], F_GETFL) & (O_NONBLOCK | O_APPEND), ==, O_NONBLOCK);
	CHECK_INT(fcntl(got[1], F_GETFL) & (O_NONBLOCK | O_APPEND), ==, O_APPEND);
	check_given(&r, files, 3);
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

static void take_and_confirm(struct fake *f, struct ferry_store *s, struct ferry_request *r,
			     const char *ids, int *files, size_t nfiles, const char *confirmed)
{
	char text[500], id[64];

	fake_asked(f, ferry_take, s, r, "take", "\nNAME=a");
	snprintf(text, sizeof(text), "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7%s", ids);
	fake_say(f, text, files, nfiles);
	strcpy(id, f->id);
	CHECK_FAILS(ferry_take(s, r, sizeof(*r)), EAGAIN);
	check_none(r);
	fake_hear(f, "confirm", confirmed);
	CHECK_STR(f->id, id);
}

TEST(a_take_is_confirmed)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file(), new_file(), new_file()};
	struct ferry_request r = request(5);

	take_and_confirm(&f, s, &r, "\nID=7\nID=5\nID=6\nID=18446744073709551615\nID=9", files, 5,
			 "\nID=5-7\nID=9\nID=18446744073709551615");
	fake_say(&f, "ERRNO=0\nCOUNT=5", NULL, 0);
	CHECK_INT(answered(ferry_take, s, &r), ==, 5);
	CHECK_INT(held[0].id, ==, 7); /* in the order of the answer */
	check_given(&r, files, 5);
	ferry_close_all(files, 5);
	fake_end(&f, s);
}

TEST(thousands_are_one_line)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file()};
	struct ferry_request r = request(ROOM - 1);

	fake_asked(&f, ferry_take, s, &r, "take", "\nNAME=a");
	answer_many(&f, ROOM - 1, 1, files);
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EAGAIN);
	fake_hear(&f, "confirm", "\nID=1-599");
	fake_say(&f, "ERRNO=0\nCOUNT=599", NULL, 0);
	CHECK_INT(answered(ferry_take, s, &r), ==, 599);
	check_given(&r, files, 3);
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

/* Somebody else took them meanwhile: what came is not given, and what is still lent goes back with the
 * connection. */
TEST(a_take_that_comes_too_late)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int ends[2];
	struct ferry_request r = request(2);

	ends[0] = new_pipe(&ends[1]);
	take_and_confirm(&f, s, &r, "\nID=5", &ends[1], 1, "\nID=5");
	close(ends[1]);
	fake_say(&f, "ERRNO=116\nWHY=5 is not here any more", NULL, 0);
	CHECK_FAILS(answered(ferry_take, s, &r), ESTALE);
	CHECK_STR(r.why, "5 is not here any more");
	CHECK_STR(r.id, "");
	check_none(&r);
	fake_is_left(&f);
	close(ends[0]);
	fake_end(&f, s);
}

TEST(a_take_without_room_gives_back)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file()};
	struct ferry_request r = request(1);

	fake_asked(&f, ferry_take, s, &r, "take", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nID=6", files, 2);
	CHECK_FAILS(answered(ferry_take, s, &r), EMSGSIZE);
	CHECK_INT(r.count, ==, 2);
	check_none(&r);
	fake_is_left(&f);
	ferry_close_all(files, 2);
	fake_end(&f, s);
}

/* More ids without a range than a request has room for. */
TEST(a_take_that_cannot_be_confirmed)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int file = new_file(), fds[FERRY_MAX_FDS];
	struct ferry_request r = request(ROOM - 1);

	fake_asked(&f, ferry_take, s, &r, "take", "\nNAME=a");
	for (size_t at = 0; at < 2; at++) {
		char text[4000] = "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7";

		for (size_t i = 0; i < FERRY_MAX_FDS; i++) {
			fds[i] = file;
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "\nID=%ju",
				 (uintmax_t)1000000 * (at + 1) + 2 * i);
		}
		fake_say(&f, strcat(text, at == 0 ? "\nMORE=1" : ""), fds, FERRY_MAX_FDS);
	}
	CHECK_FAILS(answered(ferry_take, s, &r), EMSGSIZE);
	CHECK(r.why != NULL);
	check_none(&r);
	fake_is_left(&f);
	close(file);
	fake_end(&f, s);
}

TEST(refusals)
{
	static const int errors[] = {ENOENT, EBUSY, EINVAL};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);

	for (size_t i = 0; i < 2 * sizeof(errors) / sizeof(*errors); i++) {
		call *ask = i % 2 == 0 ? ferry_get : ferry_take;
		struct ferry_request r = request(3);
		char text[64];

		fake_asked(&f, ask, s, &r, i % 2 == 0 ? "get" : "take", "\nNAME=a");
		snprintf(text, sizeof(text), "ERRNO=%d\nWHY=because", errors[i / 2]);
		fake_say(&f, text, NULL, 0);
		CHECK_FAILS(answered(ask, s, &r), errors[i / 2]);
		CHECK_STR(r.why, "because");
		check_none(&r);
	}
	fake_end(&f, s);
}

TEST(no_number_is_free)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int files[] = {new_file(), new_file(), new_file()};
	struct ferry_request r = request(3);

	fake_asked(&f, ferry_take, s, &r, "take", "\nNAME=a");
	fake_say(&f, "ERRNO=0\nNAME=a\nFLAGS=2\nUID=7\nID=5\nID=6\nID=7", files, 3);
	limit_fds((unsigned)files[2] + 2);
	CHECK_FAILS(answered(ferry_take, s, &r), EMFILE);
	CHECK(r.why != NULL);
	check_none(&r);
	fake_is_left(&f); /* they go back */
	ferry_close_all(files, 3);
	fake_end(&f, s);
}

TEST(arguments)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = request(3);

	r.fds = NULL;
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EINVAL);
	CHECK(r.why != NULL);
	r = request(3);
	r.held_size--;
	CHECK_FAILS(ferry_get(s, &r, sizeof(r)), EINVAL);
	check_none(&r);
	r = request(3);
	r.nnames = 0;
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EINVAL);
	r = request(3);
	r.flags = FERRY_EVICT;
	CHECK_FAILS(ferry_take(s, &r, sizeof(r)), EINVAL);
	check_none(&r);
	CHECK_FAILS(ferry_take(s, &r, 8), EINVAL);
	CHECK_FAILS(ferry_get(NULL, &r, sizeof(r)), EINVAL);
	check_empty(f.conn);
	fake_end(&f, s);
}
