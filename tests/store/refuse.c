/* SPDX-License-Identifier: MIT
 *
 * refuse.c - tests: every refusal at the store's door, its errno, and what it says of the rule.
 */
#include "processes.h"

/* A request that is refused with a descriptor, which is closed. */
static void check_closed(struct harness_place place, int door, const char *request, int error,
			 const char *words)
{
	int ends[2];

	make_pipe(ends);
	check_refused(place, door, request, &ends[1], 1, error, words);
	CHECK_OK(close(ends[1]));
	await_end(ends[0]);
}
#define CHECK_CLOSED(door, request, error, words)                                                  \
	check_closed(HARNESS_HERE, (door), (request), (error), (words))

STORE_TEST(lines)
{
	int door;

	store_begin(NULL);
	door = client();
	CHECK_REFUSED(door, "\n", EINVAL, "OP=");
	CHECK_REFUSED(door, "\n\n\n", EINVAL, "OP=");
	CHECK_REFUSED(door, "hello", EINVAL, "'='");
	CHECK_REFUSED(door, "NAME=a\nOP=get", EINVAL, "OP=");
	CHECK_REFUSED(door, "OP=get\nNAME", EINVAL, "'='");
	CHECK_REFUSED(door, "OP=get\nNAME=a\nOP=get", EINVAL, "OP=");
	CHECK_REFUSED(door, "OP=", EINVAL, "OP=");
	CHECK_REFUSED(door, "OP=Get\nNAME=a", EINVAL, "OP=Get");
	CHECK_REFUSED(door, "OP=get \nNAME=a", EINVAL, "OP=get ");
	CHECK_REFUSED(door, "op=get\nNAME=a", EINVAL, "OP=");
	CHECK_REFUSED(door, "OP=list\n=a", EINVAL, "");
	CHECK_ANSWER(door, "\n\nOP=list\n\n", "ERRNO=0\n");
	close(door);
	store_end();
}

/* The answer can be told apart although the request was not understood. */
STORE_TEST(what_is_unknown_keeps_its_id)
{
	struct answer a;
	int door;

	store_begin(NULL);
	door = client();
	ask(door, &a, "OP=newer\nREQUEST=n1");
	CHECK(says(&a, "REQUEST", "n1"));
	CHECK(strncmp(a.text, "REQUEST=n1\nERRNO=22\nWHY=", 24) == 0);
	CHECK(strstr(value_at(a.text, "WHY"), "OP=newer") != NULL);
	ask(door, &a, "OP=get\nCOLOUR=red\nNAME=a\nREQUEST=n2");
	CHECK(says(&a, "REQUEST", "n2"));
	CHECK(strstr(value_at(a.text, "WHY"), "COLOUR=") != NULL);
	ask(door, &a, "REQUEST=n3\nOP=list");
	CHECK(says(&a, "REQUEST", "n3"));
	CHECK_INT(number(&a, "ERRNO"), ==, EINVAL);
	close(door);
	store_end();
}

STORE_TEST(ids_of_requests)
{
	int door;

	store_begin(NULL);
	door = client();
	CHECK_ANSWER(door, "OP=list\nREQUEST=AZaz09._-56789012345678901234567",
		     "REQUEST=AZaz09._-56789012345678901234567\nERRNO=0\n");
	CHECK_REFUSED(door, "OP=list\nREQUEST=AZaz09._-567890123456789012345678", EINVAL,
		      "REQUEST=");
	CHECK_REFUSED(door, "OP=list\nREQUEST=", EINVAL, "REQUEST=");
	CHECK_REFUSED(door, "OP=list\nREQUEST=a b", EINVAL, "REQUEST=");
	CHECK_REFUSED(door, "OP=list\nREQUEST=a/b", EINVAL, "REQUEST=");
	CHECK_REFUSED(door, "OP=list\nREQUEST=\xc3\xa4", EINVAL, "REQUEST=");
	close(door);
	store_end();
}

STORE_TEST(names)
{
	char text[300], name[257];
	int door, fd = new_memfd("x");

	store_begin(NULL);
	door = client();
	CHECK_CLOSED(door, "OP=put\nNAME=", EINVAL, "1 to 255");
	CHECK_CLOSED(door, "OP=put\nNAME=a:b", EINVAL, "':'");
	CHECK_CLOSED(door, "OP=put\nNAME=a\tb", EINVAL, "printable");
	CHECK_CLOSED(door, "OP=put\nNAME=a\x7f", EINVAL, "printable");
	CHECK_CLOSED(door, "OP=put\nNAME=\xc3\xa4", EINVAL, "ASCII");
	CHECK_REFUSED(door, "OP=get\nNAME=a:b", EINVAL, "':'");
	memset(name, 'n', 256);
	name[256] = '\0';
	snprintf(text, sizeof(text), "OP=put\nNAME=%s", name);
	CHECK_CLOSED(door, text, EINVAL, "255");
	name[255] = '\0';
	snprintf(text, sizeof(text), "NAME=%s", name);
	CHECK_INT(put(door, text, fd), ==, 1);
	snprintf(text, sizeof(text), "OP=remove\nNAME=%s", name);
	CHECK_ANSWER(door, text, "ERRNO=0\nCOUNT=1\n");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

STORE_TEST(puts)
{
	int door;

	store_begin(NULL);
	door = client();
	CHECK_REFUSED(door, "OP=put\nNAME=a", EINVAL, "1 to 253 descriptors");
	CHECK_CLOSED(door, "OP=put", EINVAL, "one NAME=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nNAME=b", EINVAL, "one NAME=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nID=1", EINVAL, "ID=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nPATTERN=b", EINVAL, "PATTERN=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nREPLACE=1\nNEW=1", EINVAL, "exclude");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nREPLACE=0", EINVAL, "REPLACE=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nNEW=yes", EINVAL, "NEW=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nEVICT=", EINVAL, "EVICT=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=0", EINVAL, "TTL=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=", EINVAL, "TTL=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=-1", EINVAL, "TTL=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=1s", EINVAL, "TTL=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=9999999999999999999", EINVAL, "TTL=");
	CHECK_CLOSED(door, "OP=put\nNAME=a\nTTL=99999999999999999999", EINVAL, "TTL=");
	CHECK_HELD(door, "");
	close(door);
	store_end();
}

/* Bytes of control characters do not get into an answer, which is made of lines. */
STORE_TEST(what_is_repeated_is_clean)
{
	struct answer a;
	int door;

	store_begin(NULL);
	door = client();
	CHECK_REFUSED(door, "OP=x\x01\ry\x1b[0m", EINVAL, "OP=x??y?[0m");
	ask(door, &a, "OP=get\nN\rM=\x07");
	for (const char *at = a.text; *at != '\0'; at++)
		CHECK(*at == '\n' || (unsigned char)*at >= 0x20);
	close(door);
	store_end();
}

STORE_TEST(keys_that_are_not_for_it)
{
	static const char *const ops[] = {"get",  "take",   "confirm", "release",
					  "list", "remove", "watch",   "status"};
	static const char *const lines[] = {"REPLACE=1", "NEW=1", "EVICT=1", "TTL=5", "X=1"};
	char text[64];
	int door;

	store_begin(NULL);
	door = client();
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		for (size_t k = 0; k < sizeof(lines) / sizeof(*lines); k++) {
			snprintf(text, sizeof(text), "OP=%s\n%s", ops[i], lines[k]);
			CHECK_REFUSED(door, text, EINVAL, ops[i]);
		}
	CHECK_REFUSED(door, "OP=confirm\nPATTERN=*", EINVAL, "PATTERN=");
	CHECK_REFUSED(door, "OP=confirm\nNAME=a", EINVAL, "confirm");
	CHECK_REFUSED(door, "OP=confirm\nID=1\nNAME=a", EINVAL, "confirm");
	CHECK_REFUSED(door, "OP=confirm", EINVAL, "ID=");
	CHECK_REFUSED(door, "OP=get", EINVAL, "NAME=");
	CHECK_REFUSED(door, "OP=take", EINVAL, "NAME=");
	CHECK_REFUSED(door, "OP=remove", EINVAL, "NAME=");
	CHECK_REFUSED(door, "OP=release\nID=1", EINVAL, "release");
	CHECK_REFUSED(door, "OP=status\nNAME=a", EINVAL, "status");
	CHECK_REFUSED(door, "OP=get\nPATTERN=a\nPATTERN=b", EINVAL, "PATTERN=");
	close(door);
	store_end();
}

STORE_TEST(ids)
{
	static const char *const wrong[] = {"0",
					    "x",
					    "-1",
					    "1-",
					    "-",
					    "2-1",
					    "1-x",
					    "1-2-3",
					    "0-5",
					    "+1",
					    " 1",
					    "1 ",
					    "",
					    "1,2",
					    "0x1",
					    "1.5",
					    "99999999999999999999"};
	char text[64];
	int door;

	store_begin(NULL);
	door = client();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), "OP=get\nID=%s", wrong[i]);
		CHECK_REFUSED(door, text, EINVAL, "ID=");
	}
	CHECK_REFUSED(door, "OP=get\nID=9999999999999999999", ENOENT, "9999999999999999999");
	CHECK_REFUSED(door, "OP=confirm\nID=9999999999999999998-9999999999999999999", ESTALE, "");
	CHECK_ANSWER(door, "OP=remove\nID=1-9999999999999999999", "ERRNO=0\nCOUNT=0\n");
	close(door);
	store_end();
}

STORE_TEST(descriptors_where_none_belong)
{
	static const char *const requests[] = {"OP=get\nNAME=a",   "OP=take\nNAME=a",
					       "OP=confirm\nID=1", "OP=release",
					       "OP=list",          "OP=remove\nNAME=a",
					       "OP=watch",         "OP=status"};
	int door;

	store_begin(NULL);
	door = client();
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		CHECK_CLOSED(door, requests[i], EINVAL, "no descriptors");
	CHECK_CLOSED(door, "OP=none", EINVAL, "OP=none");
	CHECK_CLOSED(door, "garbage", EINVAL, "'='");
	CHECK_HELD(door, ""); /* it does not watch */
	close(door);
	store_end();
}

static void check_bytes(struct harness_place place, int door, const char *bytes, size_t len,
			int error, const char *words)
{
	struct answer a;
	int ends[2];

	make_pipe(ends);
	tell_bytes(door, bytes, len, &ends[1], 1);
	CHECK_OK(close(ends[1]));
	CHECK(hear(door, &a));
	if (number(&a, "ERRNO") != error || strstr(value_at(a.text, "WHY"), words) == NULL)
		harness_fail(place, "not %s and '%s', but\n%s", strerror(error), words, a.text);
	await_end(ends[0]);
}

STORE_TEST(bytes)
{
	static char text[8000];
	int door, fd = new_memfd("x");
	struct answer a;

	store_begin(NULL);
	door = client();
	memset(text, '\n', sizeof(text));
	memcpy(text, "OP=put\nNAME=a", 13);
	check_bytes(HARNESS_HERE, door, text, 4097, EMSGSIZE, "4096");
	check_bytes(HARNESS_HERE, door, text, 4098, EMSGSIZE, "4096");
	check_bytes(HARNESS_HERE, door, text, sizeof(text), EMSGSIZE, "4096");
	check_bytes(HARNESS_HERE, door, "OP=put\nNAME=a\0b", 15, EBADMSG, "NUL");
	check_bytes(HARNESS_HERE, door, "OP=put\nNAME=a\0\0", 15, EBADMSG, "NUL");
	tell_bytes(door, text, 4096, &fd, 1);
	CHECK(hear(door, &a));
	CHECK_STR(a.text, "ERRNO=0\nID=1\nCOUNT=1\n");
	tell_bytes(door, "OP=put\nNAME=a", 14, &fd, 1); /* with its NUL */
	CHECK(hear(door, &a));
	CHECK_STR(a.text, "ERRNO=0\nID=2\nCOUNT=1\n");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}

/* As many selectors as a request has bytes for. */
STORE_TEST(many_selectors)
{
	static char text[4096];
	int door, fd = new_memfd("x");
	size_t len = 0;

	store_begin(NULL);
	door = client();
	put(door, "NAME=a", fd);
	len = (size_t)snprintf(text, sizeof(text), "OP=list");
	while (len + 6 < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\nID=1");
	{
		struct answer a;

		ask(door, &a, text);
		check_done(HARNESS_HERE, &a);
		while (has(&a, "MORE"))
			CHECK(hear(door, &a));
	}
	memcpy(text, "OP=take", 7);
	CHECK_REFUSED(door, text, EINVAL, "twice");
	CHECK_OK(close(fd));
	close(door);
	store_end();
}
