/* SPDX-License-Identifier: MIT
 *
 * describe.c - tests: the line for people, and the names in it.
 */
#include "api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

static char line[5000];

/* The whole line; where it is kept is overwritten by the next. */
static const char *describe(int fd)
{
	int n;

	memset(line, 'Z', sizeof(line));
	n = CHECK_OK(ferry_describe(fd, line, sizeof(line)));
	CHECK_INT(n, ==, strlen(line));
	CHECK(strchr(line, '\n') == NULL);
	return line;
}

static void has(int fd, const char *part)
{
	const char *all = describe(fd);

	if (strstr(all, part) == NULL)
		FAIL("\"%s\" does not contain \"%s\"", all, part);
}

static void has_not(int fd, const char *part)
{
	const char *all = describe(fd);

	if (strstr(all, part) != NULL)
		FAIL("\"%s\" contains \"%s\"", all, part);
}

static void starts(int fd, const char *start)
{
	const char *all = describe(fd);

	if (strncmp(all, start, strlen(start)) != 0)
		FAIL("\"%s\" does not start with \"%s\"", all, start);
}

TEST(files)
{
	int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));

	CHECK_INT(write(fd, "01234567", 8), ==, 8);
	CHECK_INT(lseek(fd, 3, SEEK_SET), ==, 3);
	starts(fd, "file /");
	has(fd, "/file rw");
	has(fd, "offset 3");
	has(fd, "size 8");
	has(fd, "append");
	CHECK_INT(lseek(fd, 0, SEEK_CUR), ==, 3);
	close(fd);
	fd = CHECK_OK(open("file", O_RDONLY | O_CLOEXEC));
	has(fd, "/file ro");
	has_not(fd, "append");
	close(fd);
	fd = CHECK_OK(open("file", O_WRONLY | O_CLOEXEC));
	has(fd, "/file wo");
	close(fd);
	fd = CHECK_OK(open("file", O_PATH | O_CLOEXEC));
	has(fd, "path");
	has_not(fd, " ro");
	close(fd);
	CHECK_OK(unlink("file"));
}

TEST(other_kinds)
{
	int null = CHECK_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
	int event = CHECK_OK(eventfd(0, EFD_CLOEXEC)), dir;
	int write_end, read_end = new_pipe(&write_end);
	int mem = CHECK_OK(memfd_create("note", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char text[60];

	dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	starts(null, "char /dev/null rw");
	starts(event, "anon ");
	has(event, "eventfd");
	starts(dir, "dir /");
	starts(read_end, "fifo pipe:[");
	has(write_end, "wo");
	has(write_end, "nonblock");
	CHECK_OK(fcntl(mem, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL));
	starts(mem, "memfd /memfd:note");
	has(mem, "seal-grow");
	has(mem, "seal-seal");
	has_not(mem, "seal-shrink");
	if (pidfd >= 0) {
		snprintf(text, sizeof(text), "pidfd of process %ld", (long)getpid());
		starts(pidfd, text);
		close(pidfd);
	}
	close(null);
	close(event);
	close(dir);
	close(read_end);
	close(write_end);
	close(mem);
}

TEST(unix_sockets)
{
	char name[60], text[100];
	int listener = plain_listen("sock", SOCK_STREAM, 5), pair[2];
	int client = CHECK_OK(plain_connect("sock", SOCK_STREAM)), abstract;
	int seqpacket = plain_listen("seq", SOCK_SEQPACKET, 5);

	snprintf(name, sizeof(name), "@fdferry-%ld-describe", (long)getpid());
	abstract = plain_bind(name, SOCK_DGRAM);
	plain_pair(SOCK_SEQPACKET, pair);
	starts(listener, "socket unix-listen:sock");
	starts(client, "socket unix-stream connected to sock");
	starts(seqpacket, "socket unix-seqpacket-listen:seq");
	snprintf(text, sizeof(text), "socket unix-dgram:%s", name);
	starts(abstract, text);
	starts(pair[0], "socket unix-seqpacket ");
	has_not(pair[0], "connected");
	close(listener);
	close(client);
	close(abstract);
	close(seqpacket);
	close_pair(pair);
	CHECK_OK(unlink("sock"));
	CHECK_OK(unlink("seq"));
}

TEST(tcp)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int server = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int client = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	char text[80];

	if (bind(server, (struct sockaddr *)&in, sizeof(in)) < 0)
		SKIP("no 127.0.0.1: %s", strerror(errno));
	CHECK_OK(listen(server, 5));
	CHECK_OK(getsockname(server, (struct sockaddr *)&in, &len));
	CHECK_OK(connect(client, (struct sockaddr *)&in, sizeof(in)));
	snprintf(text, sizeof(text), "socket tcp-listen:127.0.0.1:%d", ntohs(in.sin_port));
	starts(server, text);
	starts(client, "socket tcp:127.0.0.1:");
	snprintf(text, sizeof(text), "connected to 127.0.0.1:%d", ntohs(in.sin_port));
	has(client, text);
	close(server);
	close(client);
}

/* Whoever names a file can write to the terminal of who looks at it. */
static void escaped(const char *name, const char *expected)
{
	int fd = CHECK_OK(open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	has(fd, expected);
	for (const unsigned char *c = (const unsigned char *)line; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			FAIL("byte %#x in \"%s\"", *c, line);
	close(fd);
	CHECK_OK(unlink(name));
}

TEST(control_characters)
{
	char all[40];

	escaped("a\nb", "a\\x0ab");
	escaped("\033[31m", "\\x1b[31m");
	escaped("tab\there\177", "tab\\x09here\\x7f");
	escaped("back\\slash", "back\\\\slash");
	for (int c = 1; c < 32; c++)
		all[c - 1] = (char)c;
	all[31] = '\0';
	escaped(all, "\\x01\\x02\\x03");
}

/* 0x80 to 0x9f are control characters as well (CSI is 0x9b), both as bytes and as U+0080 to U+009f;
 * in other characters of UTF-8 the same bytes are none. */
TEST(control_characters_above_127)
{
	escaped("a\x9b"
		"31m",
		"a\\x9b31m");
	escaped("nel\xc2\x85.", "\\x85.");
	escaped("U\xc3\x9b.", "U\xc3\x9b.");
	escaped("euro \xe2\x82\xac.", "euro \xe2\x82\xac.");
}

/* Behind another byte that is no start of a character, it is none of UTF-8 either. */
TEST(control_characters_behind_stray_bytes)
{
	escaped("a\x80\x9b"
		"31m",
		"\\x9b31m");
	escaped("a\xc3\x9b\x9b"
		"31m",
		"\\x9b31m");
}

TEST(control_characters_in_addresses)
{
	int listener = plain_listen("so\nck", SOCK_STREAM, 5);
	int client = CHECK_OK(plain_connect("so\nck", SOCK_STREAM));

	starts(listener, "socket unix-listen:so\\x0ack");
	starts(client, "socket unix-stream connected to so\\x0ack");
	close(listener);
	close(client);
	CHECK_OK(unlink("so\nck"));
}

TEST(cut_as_snprintf_does)
{
	char whole[300], part[300];
	int null = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	size_t len = (size_t)CHECK_OK(ferry_describe(null, whole, sizeof(whole)));

	CHECK_INT(len, ==, strlen(whole));
	CHECK_INT(ferry_describe(null, NULL, 0), ==, len);
	for (size_t size = 0; size <= len + 2; size++) {
		memset(part, 'Z', sizeof(part));
		CHECK_INT(ferry_describe(null, part, size), ==, len);
		if (size > 0) {
			size_t fits = size - 1 < len ? size - 1 : len;

			CHECK_INT(strlen(part), ==, fits);
			CHECK_MEM(part, whole, fits);
		}
		CHECK_INT(part[size], ==, 'Z');
	}
	close(null);
}

TEST(failures)
{
	char text[10] = "as it was";

	CHECK_FAILS(ferry_describe(-1, text, sizeof(text)), EBADF);
	CHECK_FAILS(ferry_describe(99, text, sizeof(text)), EBADF);
	CHECK_FAILS(ferry_describe(99, NULL, 0), EBADF);
}

TEST(kind_names)
{
	static const struct {
		uint32_t kind;
		const char *name;
	} kinds[] = {{FERRY_IS_FILE, "file"},
		     {FERRY_IS_DIR, "dir"},
		     {FERRY_IS_FIFO, "fifo"},
		     {FERRY_IS_SOCKET, "socket"},
		     {FERRY_IS_MEMFD, "memfd"},
		     {FERRY_IS_PIDFD, "pidfd"},
		     {FERRY_IS_CHAR, "char"},
		     {FERRY_IS_BLOCK, "block"},
		     {FERRY_IS_ANON, "anon"},
		     {FERRY_IS_LINK, "link"},
		     {0, "unknown"},
		     {FERRY_IS_FILE | FERRY_IS_DIR, "unknown"},
		     {1024, "unknown"},
		     {UINT32_MAX, "unknown"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		CHECK_STR(ferry_kind_name(kinds[i].kind), kinds[i].name);
}

TEST(socket_names)
{
	struct ferry_facts st = {0};

	CHECK_STR(ferry_socket_name(&st), "");
	st = (struct ferry_facts){.domain = AF_INET, .type = SOCK_STREAM, .listening = 1};
	CHECK_STR(ferry_socket_name(&st), "tcp-listen");
	st = (struct ferry_facts){.domain = AF_INET6, .type = SOCK_DGRAM};
	CHECK_STR(ferry_socket_name(&st), "udp");
	st = (struct ferry_facts){.domain = AF_UNIX, .type = SOCK_DGRAM};
	CHECK_STR(ferry_socket_name(&st), "unix-dgram");
}

TEST(flag_names)
{
	struct ferry_facts st = {.flags = O_APPEND | O_NONBLOCK, .seals = F_SEAL_WRITE};
	const char *whole = "append,nonblock,seal-write";
	char names[60];

	CHECK_INT(ferry_flag_names(&st, names, sizeof(names)), ==, strlen(whole));
	CHECK_STR(names, whole);
	CHECK_INT(ferry_flag_names(&st, NULL, 0), ==, strlen(whole));
	for (size_t size = 1; size <= strlen(whole); size++) {
		memset(names, 'Z', sizeof(names));
		CHECK_INT(ferry_flag_names(&st, names, size), ==, strlen(whole));
		CHECK_INT(strlen(names), ==, size - 1);
		CHECK_INT(names[size], ==, 'Z');
	}
	st = (struct ferry_facts){0};
	CHECK_INT(ferry_flag_names(&st, names, sizeof(names)), ==, 0);
	CHECK_STR(names, "");
}
