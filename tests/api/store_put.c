/* SPDX-License-Identifier: MIT
 *
 * store_put.c - tests: what ferry_put and ferry_remove ask a store, and what they make of its answer.
 */
#include "store.h"

TEST(a_descriptor_and_its_name)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int fd = new_file();
	struct ferry_request r = {.names = a, .nnames = 1, .fds = &fd, .nfds = 1};

	fake_asked(&f, ferry_put, s, &r, "put", "\nNAME=a");
	CHECK_INT(strlen(f.id), ==, 32);
	CHECK_INT(f.nfds, ==, 1);
	CHECK(same_file(f.fds[0], fd));
	close(f.fds[0]);
	fake_say(&f, "ERRNO=0\nID=18446744073709551615\nCOUNT=1", NULL, 0);
	CHECK_INT(answered(ferry_put, s, &r), ==, 0);
	CHECK_INT(r.first_id, ==, UINT64_MAX);
	CHECK_OK(fcntl(fd, F_GETFD)); /* borrowed */
	close(fd);
	fake_end(&f, s);
}

TEST(what_can_be_asked_for)
{
	static const struct {
		uint32_t flags;
		uint64_t ttl_ms;
		const char *rest;
	} ways[] = {
		{FERRY_REPLACE, 0, "\nNAME=a\nREPLACE=1"},
		{FERRY_NEW, 0, "\nNAME=a\nNEW=1"},
		{FERRY_EVICT | FERRY_NEW, 1500, "\nNAME=a\nNEW=1\nEVICT=1\nTTL=1500"},
		{0, UINT64_MAX, "\nNAME=a\nTTL=18446744073709551615"},
	};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int fd = 1;
		struct ferry_request r = {.names = a,
					  .nnames = 1,
					  .fds = &fd,
					  .nfds = 1,
					  .ttl_ms = ways[i].ttl_ms,
					  .flags = ways[i].flags};

		fake_asked(&f, ferry_put, s, &r, "put", ways[i].rest);
		ferry_close_all(f.fds, f.nfds);
		fake_say(&f, "ERRNO=0\nID=1\nCOUNT=1", NULL, 0);
		CHECK_INT(answered(ferry_put, s, &r), ==, 0);
	}
	fake_end(&f, s);
}

TEST(as_many_as_a_message_has)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int file = new_file(), fds[FERRY_MAX_FDS];
	struct ferry_request r = {.names = a, .nnames = 1, .fds = fds, .nfds = FERRY_MAX_FDS};

	for (int i = 0; i < FERRY_MAX_FDS; i++)
		fds[i] = file;
	fake_asked(&f, ferry_put, s, &r, "put", "\nNAME=a");
	CHECK_INT(f.nfds, ==, FERRY_MAX_FDS);
	ferry_close_all(f.fds, f.nfds);
	fake_say(&f, "ERRNO=0\nID=1\nCOUNT=253", NULL, 0);
	CHECK_INT(answered(ferry_put, s, &r), ==, 0);
	close(file);
	fake_end(&f, s);
}

/* The same struct is another request when it has been answered, or nothing would be done. */
TEST(ids)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {.names = a, .nnames = 1, .id = "my-own.id_1"};
	char seen[20][64];

	fake_asked(&f, ferry_remove, s, &r, "remove", "\nNAME=a");
	CHECK_STR(f.id, "my-own.id_1");
	fake_say(&f, "ERRNO=0\nCOUNT=0", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	for (int i = 0; i < 20; i++) {
		fake_asked(&f, ferry_remove, s, &r, "remove", "\nNAME=a");
		strcpy(seen[i], f.id);
		for (int before = 0; before < i; before++)
			CHECK(strcmp(seen[before], f.id) != 0);
		fake_say(&f, "ERRNO=0\nCOUNT=0", NULL, 0);
		CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	}
	fake_end(&f, s);
}

TEST(remove_by_all_that_selects)
{
	static const char *const names[] = {"a", "b c"};
	static const uint64_t ids[] = {7, 9, UINT64_MAX};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	struct ferry_request r = {
		.names = names, .nnames = 2, .pattern = "x*[=]", .ids = ids, .nids = 3};

	fake_asked(&f, ferry_remove, s, &r, "remove",
		   "\nNAME=a\nNAME=b c\nPATTERN=x*[=]\nID=7\nID=9\nID=18446744073709551615");
	fake_say(&f, "ERRNO=0\nCOUNT=12", NULL, 0);
	CHECK_INT(answered(ferry_remove, s, &r), ==, 0);
	CHECK_INT(r.count, ==, 12);
	fake_end(&f, s);
}

/* The store's word, and its errno; the connection is as good as before. */
TEST(refusals)
{
	static const struct {
		int err;
		const char *why;
	} refused[] = {
		{EINVAL, "two names"},
		{EEXIST, "something is called so"},
		{ENOSPC, "max-fds: 5"},
		{EMSGSIZE, "too long"},
		{EBADMSG, "they got lost"},
		{EOPNOTSUPP, "that was another request"},
		{ENOENT, ""},
	};
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int fd = 1;

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct ferry_request r = {.names = a, .nnames = 1, .fds = &fd, .nfds = 1};
		char text[64];

		fake_asked(&f, ferry_put, s, &r, "put", "\nNAME=a");
		ferry_close_all(f.fds, f.nfds);
		snprintf(text, sizeof(text), "ERRNO=%d\nWHY=%s\nX=1", refused[i].err,
			 refused[i].why);
		fake_say(&f, text, NULL, 0);
		CHECK_FAILS(answered(ferry_put, s, &r), refused[i].err);
		CHECK_STR(r.why, refused[i].why);
		CHECK_STR(r.id, "");
	}
	fake_end(&f, s);
}

static void refused_here(struct ferry_store *s, call *ask, struct ferry_request r, int err)
{
	CHECK_FAILS(ask(s, &r, sizeof(r)), err);
	CHECK(r.why != NULL);
}

TEST(arguments)
{
	static const char *const bad[] = {"", "a:b", "a\nb", "\x7f"};
	static const char *const two[] = {"a", "b"};
	char long_name[FERRY_NAME_SIZE + 1], long_id[FERRY_REQUEST_SIZE];
	const char *name = long_name;
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int fd = 1;
	uint64_t one = 1;
	const struct ferry_request good = {.names = a, .nnames = 1, .fds = &fd, .nfds = 1};
	struct ferry_request r = good;
	struct {
		struct ferry_request r;
		char more;
	} newer = {good, 1};

	CHECK_FAILS(ferry_put(NULL, &r, sizeof(r)), EINVAL);
	CHECK_FAILS(ferry_put(s, NULL, sizeof(r)), EINVAL);
	CHECK_FAILS(ferry_put(s, &r, sizeof(r) - 1), EINVAL);
	CHECK_FAILS(ferry_put(s, &newer.r, sizeof(newer)), E2BIG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = good;
		r.names = &bad[i];
		refused_here(s, ferry_put, r, EINVAL);
	}
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	memset(long_id, 'i', sizeof(long_id));
#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		r = good;                                                                          \
		r.field = (value);                                                                 \
		refused_here(s, ferry_put, r, EINVAL);                                             \
	} while (0)
	REFUSED(names, &name);
	r = good;
	r.names = two;
	r.nnames = 2;
	refused_here(s, ferry_put, r, EINVAL);
	REFUSED(names, NULL);
	REFUSED(nnames, 0);
	REFUSED(pattern, "*");
	REFUSED(nids, 1);
	r.ids = &one;
	refused_here(s, ferry_put, r, EINVAL);
	REFUSED(fds, NULL);
	REFUSED(nfds, 0);
	REFUSED(timeout_ms, -1);
	REFUSED(flags, FERRY_RESTORE_FLAGS);
	REFUSED(flags, 1u << 30);
	REFUSED(flags, FERRY_NEW | FERRY_REPLACE);
	REFUSED(id[0], ' ');
	r = good;
	memcpy(r.id, long_id, sizeof(long_id));
	refused_here(s, ferry_put, r, EINVAL);
	r = good;
	r.nfds = FERRY_MAX_FDS + 1;
	refused_here(s, ferry_put, r, E2BIG);
	r = (struct ferry_request){.fds = NULL};
	refused_here(s, ferry_remove, r, EINVAL);
	r.pattern = "a\nOP=put";
	refused_here(s, ferry_remove, r, EINVAL);
	r = (struct ferry_request){.pattern = "a", .flags = FERRY_NEW};
	refused_here(s, ferry_remove, r, EINVAL);
	check_empty(f.conn);
	fake_end(&f, s);
}

TEST(a_request_that_is_too_long)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	char pattern[4096];
	struct ferry_request r = {.pattern = pattern};

	memset(pattern, 'p', sizeof(pattern) - 1);
	pattern[sizeof(pattern) - 1] = '\0';
	refused_here(s, ferry_remove, r, EMSGSIZE);
	check_empty(f.conn);
	fake_end(&f, s);
}

TEST(a_descriptor_that_is_none)
{
	struct fake f;
	struct ferry_store *s = fake_begin(&f);
	int fd = -1;
	struct ferry_request r = {.names = a, .nnames = 1, .fds = &fd, .nfds = 1};

	CHECK_FAILS(ferry_put(s, &r, sizeof(r)), EBADF);
	CHECK(r.why != NULL);
	fake_is_left(&f);
	fd = 1;
	CHECK_FAILS(ferry_put(s, &r, sizeof(r) - 1), EINVAL); /* which is nothing under way */
	r.flags = FERRY_NOWAIT;
	CHECK_FAILS(ferry_put(s, &r, sizeof(r)), EAGAIN);
	fake_accept(&f);
	fake_hear(&f, "put", "\nNAME=a");
	ferry_close_all(f.fds, f.nfds);
	fake_end(&f, s);
}
