/* SPDX-License-Identifier: MIT
 *
 * long_sun_path.c - a path of 108 bytes binds, and getsockname() answers with more than sizeof.
 *
 * S8, unix(7) "Pathname sockets" and BUGS, unix_mkname_bsd(): sun_path need not end in a NUL, the
 * kernel adds one, and the length it reports counts it: one more than struct sockaddr_un has.
 *
 * The library therefore refuses paths of more than 107 bytes, and reads names into a larger buffer.
 */
#include "plain.h"

TEST(getsockname_reports_more_than_sizeof)
{
	int sock = new_socket(SOCK_STREAM);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	union {
		struct sockaddr_un un;
		char bytes[sizeof(struct sockaddr_un) + 16];
	} name;
	socklen_t len = sizeof name;
	char path[sizeof a.sun_path + 1] = "";

	memset(path, 'x', sizeof a.sun_path);
	memcpy(a.sun_path, path, sizeof a.sun_path);
	CHECK_OK(bind(sock, (struct sockaddr *)&a, sizeof a));
	memset(&name, '!', sizeof name);
	CHECK_OK(getsockname(sock, (struct sockaddr *)&name.un, &len));
	CHECK_INT(len, ==, sizeof a + 1);
	CHECK_INT(name.bytes[sizeof a - 1], ==, 'x');
	CHECK_INT(name.bytes[sizeof a], ==, '\0');

	/* Whoever offers sizeof gets no NUL, and a length beyond what was written. */
	memset(&name, '!', sizeof name);
	len = sizeof a;
	CHECK_OK(getsockname(sock, (struct sockaddr *)&name.un, &len));
	CHECK_INT(len, ==, sizeof a + 1);
	CHECK_INT(name.bytes[sizeof a], ==, '!');
	CHECK_OK(close(sock));
	CHECK_OK(unlink(path));
}
