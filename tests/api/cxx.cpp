/* SPDX-License-Identifier: MIT
 *
 * cxx.cpp - test: the header is C++ as well, and a round trip works from it.  It prints its TAP itself.
 */
#include "fdferry.h"

#include <cstdio>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int tests, failed;

static void check(const char *what, long left, long right)
{
	std::printf("%sok %d - %s\n", left == right ? "" : "not ", ++tests, what);
	if (left != right)
		std::printf("# left is  %ld\n# right is %ld\n", left, right);
	failed += left != right;
}

static long inode(int fd)
{
	struct stat st = {};

	return fstat(fd, &st) < 0 ? -1 : static_cast<long>(st.st_ino);
}

int main()
{
	int pair[2], ends[2], got[1];
	char text[] = "from C++", room[32] = "";
	iovec out = {text, std::strlen(text)}, in = {room, sizeof(room) - 1};
	ferry_msg sent = {}, received = {};
	const int next = dup(0); /* whatever else this was started with */

	close(next);
	std::printf("1..8\n");
	check("pair", ferry_pair(pair, SOCK_SEQPACKET, 0), 0);
	check("pipe", pipe(ends), 0);
	sent.iov = &out;
	sent.iovlen = 1;
	sent.fds = &ends[0];
	sent.nfds = 1;
	check("send", ferry_send(pair[0], &sent, sizeof(sent)), 0);
	received.iov = &in;
	received.iovlen = 1;
	received.fds = got;
	received.max_fds = 1;
	received.flags = FERRY_NOWAIT | FERRY_ROOM_FIRST;
	check("receive", ferry_recv(pair[1], &received, sizeof(received)), 1);
	check("the data is the same", std::strcmp(room, text), 0);
	check("one descriptor came", static_cast<long>(received.nfds), 1);
	check("it is the same file", inode(got[0]), inode(ends[0]));
	ferry_close_all(got, 1);
	ferry_close_all(ends, 2);
	ferry_close_all(pair, 2);
	const int last = dup(0);

	check("nothing is open", last, next);
	close(last);
	return failed != 0;
}
