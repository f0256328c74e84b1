/* SPDX-License-Identifier: MIT
 *
 * message_address.c - tests: where a datagram goes, and where a message says that it came from.
 */
#include "api.h"

static int recv_from(int sock, struct box *b, size_t max_fds, char from[static FERRY_ADDR_SIZE])
{
	box_new(b, max_fds);
	memset(from, 'Z', FERRY_ADDR_SIZE);
	b->msg.from = from;
	b->msg.from_size = FERRY_ADDR_SIZE;
	return ferry_recv(sock, &b->msg, sizeof(b->msg));
}

static void check_from(int server, const char *expected)
{
	char from[FERRY_ADDR_SIZE];
	struct box b;

	CHECK_INT(recv_from(server, &b, 0, from), ==, 1);
	CHECK_STR(from, expected);
}

static char *abstract(char room[static 60], const char *what)
{
	snprintf(room, 60, "@fdferry-%ld-%s", (long)getpid(), what);
	return room;
}

TEST(answer_to_where_it_came_from)
{
	char from[FERRY_ADDR_SIZE];
	int server = CHECK_OK(ferry_bind("server", SOCK_DGRAM, 0600, 0));
	int client = CHECK_OK(ferry_bind("client", SOCK_DGRAM, 0600, 0)), file = new_file();
	struct box b;

	CHECK_OK(send_text_to(client, "server", "ask", &file, 1, 0));
	CHECK_INT(recv_from(server, &b, 1, from), ==, 1);
	CHECK_STR(from, "client");
	CHECK(same_file(b.fds[0], file));
	CHECK_OK(send_text_to(server, from, "answer", b.fds, 1, 0));
	close(b.fds[0]);
	CHECK_FILE(client, "answer", file);
	CHECK_OK(unlink("server"));
	CHECK_OK(unlink("client"));
	close(server);
	close(client);
	close(file);
}

static void named(const char *name, const char *expected)
{
	char server_name[60];
	int server = CHECK_OK(ferry_bind(abstract(server_name, "s"), SOCK_DGRAM, 0600, 0));
	int client = CHECK_OK(ferry_bind(name, SOCK_DGRAM, 0600, 0));

	CHECK_OK(send_text_to(client, server_name, "x", NULL, 0, 0));
	check_from(server, expected);
	/* The text leads back. */
	CHECK_OK(send_text_to(server, expected, "back", NULL, 0, 0));
	CHECK_TEXT(client, "back");
	close(server);
	close(client);
	if (name[0] != '@')
		CHECK_OK(unlink(name));
}

TEST(from_a_path)
{
	named("client", "client");
	named("./client", "./client");
}

TEST(from_a_path_that_begins_with_at)
{
	named("./@x", "./@x");
}

TEST(from_abstract)
{
	char name[60], longest[109];

	named(abstract(name, "c"), name);
	memset(longest, 'l', sizeof(longest));
	memcpy(longest, name, strlen(name));
	longest[108] = '\0';
	named(longest, longest);
}

TEST(from_the_longest_path)
{
	char path[108];

	memset(path, 'p', sizeof(path));
	path[107] = '\0';
	named(path, path);
}

/* Bound as "@x" by a plain program: the file's name begins with @, the address must not. */
TEST(from_a_plain_at)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "@x"};
	int server = CHECK_OK(ferry_bind("server", SOCK_DGRAM, 0600, 0));
	int client = plain_socket(SOCK_DGRAM), to = plain_socket(SOCK_DGRAM);

	CHECK_OK(bind(client, (struct sockaddr *)&un, sizeof(un)));
	CHECK(exists("@x"));
	CHECK_OK(ferry_prepare(client, 0));
	CHECK_OK(send_text_to(client, "server", "x", NULL, 0, 0));
	check_from(server, "./@x");
	CHECK_OK(unlink("@x"));
	CHECK_OK(unlink("server"));
	close(server);
	close(client);
	close(to);
}

static void from_raw(const char *bytes, size_t n, const char *expected)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX}, to;
	int server = CHECK_OK(ferry_bind("server", SOCK_DGRAM, 0600, 0));
	int client = plain_socket(SOCK_DGRAM);
	socklen_t len = plain_name(&to, "server");

	memcpy(un.sun_path, bytes, n);
	CHECK_OK(bind(client, (struct sockaddr *)&un,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
	CHECK_INT(sendto(client, "x", 1, 0, (struct sockaddr *)&to, len), ==, 1);
	check_from(server, expected);
	close(client);
	close(server);
	CHECK_OK(unlink("server"));
}

/* As text it would be another name: somebody else's, who would get the answer. */
TEST(from_abstract_with_nul)
{
	char name[100];
	int n = snprintf(name, sizeof(name), "%cfdferry-%ld-nul%cmore", 0, (long)getpid(), 0);

	from_raw(name, (size_t)n, "");
	/* One at its end makes another name too. */
	n = snprintf(name, sizeof(name), "%cfdferry-%ld-end%c", 0, (long)getpid(), 0);
	from_raw(name, (size_t)n, "");
	name[n - 1] = 'x';
	name[n] = '\0';
	name[0] = '@';
	{
		char raw[100];

		memcpy(raw, name, sizeof(raw));
		raw[0] = '\0';
		from_raw(raw, (size_t)n, name);
	}
}

/* 108 bytes and no NUL: the kernel reports more than the struct holds. */
TEST(from_path_without_nul)
{
	char path[110];

	memset(path, 'q', 108);
	path[108] = '\0';
	from_raw(path, 108, path);
	CHECK_OK(unlink(path));
	path[0] = '@';
	{
		char expected[FERRY_ADDR_SIZE];

		snprintf(expected, sizeof(expected), "./%s", path);
		from_raw(path, 108, expected);
	}
	CHECK_OK(unlink(path));
}

/* A prepared seqpacket socket without a name gets one from the kernel at its first send, because it has
 * SO_PASSCRED on (unix_autobind): five hexadecimal digits. */
static void check_nameless(int sock, int type)
{
	char from[FERRY_ADDR_SIZE];
	struct box b;

	if (type != SOCK_SEQPACKET) {
		check_from(sock, "");
		return;
	}
	CHECK_INT(recv_from(sock, &b, 0, from), ==, 1);
	CHECK_INT(strlen(from), ==, 6);
	CHECK_INT(from[0], ==, '@');
	CHECK_INT(strspn(from + 1, "0123456789abcdef"), ==, 5);
}

TEST_EACH_TYPE(from_nobody)
{
	int pair[2];

	CHECK_OK(ferry_pair(pair, type, 0));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(send_text(pair[i], "x", NULL, 0));
		check_nameless(pair[1 - i], type);
		CHECK_OK(send_text(pair[i], "x", NULL, 0));
		check_nameless(pair[1 - i], type);
	}
	close_pair(pair);
}

/* The same from a client that has no name, over a connection. */
TEST_EACH_TYPE(from_a_client_and_from_the_server)
{
	int server, client;

	served("sock", type, &server, &client);
	CHECK_OK(send_text(client, "x", NULL, 0));
	check_nameless(server, type);
	if (type != SOCK_DGRAM) {
		CHECK_OK(send_text(server, "x", NULL, 0));
		check_from(client, "sock");
	}
	CHECK_OK(unlink("sock"));
	close(server);
	close(client);
}

/* No socket gets a name that nobody gave it (others could find it in /proc/net/unix), but for what the
 * page of ferry_prepare says of seqpacket. */
TEST_EACH_TYPE(sending_gives_no_name)
{
	int server, client;
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	served("sock", type, &server, &client);
	CHECK_OK(send_text(client, "x", NULL, 0));
	CHECK_OK(getsockname(client, (struct sockaddr *)&un, &len));
	CHECK_INT(len, ==,
		  sizeof(sa_family_t) + (type == SOCK_SEQPACKET ? sizeof("@00000") - 1 : 0));
	CHECK_OK(unlink("sock"));
	close(server);
	close(client);
}

TEST(from_is_empty_after_end_and_failure)
{
	char from[FERRY_ADDR_SIZE];
	struct box b;
	int pair[2], file = new_file();

	CHECK_OK(ferry_pair(pair, SOCK_SEQPACKET, 0));
	CHECK_OK(send_text(pair[0], "x", &file, 1));
	CHECK_FAILS(recv_from(pair[1], &b, 0, from), EMSGSIZE);
	CHECK_STR(from, "");
	close(pair[0]);
	CHECK_INT(recv_from(pair[1], &b, 0, from), ==, 0);
	CHECK_STR(from, "");
	close(pair[1]);
	close(file);
}

TEST(to_nowhere)
{
	int client = plain_socket(SOCK_DGRAM), file = new_file();
	char name[60];

	CHECK_OK(ferry_prepare(client, 0));
	CHECK_FAILS(send_text_to(client, "absent", "x", &file, 1, 0), ENOENT);
	CHECK_FAILS(send_text_to(client, abstract(name, "absent"), "x", &file, 1, 0), ECONNREFUSED);
	plain_stale("stale", SOCK_DGRAM);
	CHECK_FAILS(send_text_to(client, "stale", "x", &file, 1, 0), ECONNREFUSED);
	CHECK_OK(unlink("stale"));
	close(plain_listen("stream", SOCK_STREAM, 5));
	CHECK_FAILS(send_text_to(client, "stream", "x", &file, 1, 0), ECONNREFUSED);
	CHECK_OK(unlink("stream"));
	close(client);
	close(file);
}

TEST(to_another_type)
{
	int client = plain_socket(SOCK_DGRAM), server = plain_listen("stream", SOCK_STREAM, 5);

	CHECK_FAILS(send_text_to(client, "stream", "x", NULL, 0, 0), EPROTOTYPE);
	CHECK_OK(unlink("stream"));
	close(client);
	close(server);
}

/* It went to the other one than it says: the kernel ignores the address (seqpacket) or refuses. */
TEST_EACH_CONNECTED(to_on_a_connection)
{
	int pair[2], other;

	other = CHECK_OK(ferry_bind("other", SOCK_DGRAM, 0600, 0));
	CHECK_OK(ferry_pair(pair, type, 0));
	CHECK_FAILS(send_text_to(pair[0], "other", "secret", NULL, 0, 0), EISCONN);
	check_empty(pair[1]);
	check_empty(other);
	CHECK_OK(unlink("other"));
	close_pair(pair);
	close(other);
}

/* Its name leads below a descriptor of its own process, which is another file in any other. */
TEST(from_a_long_path)
{
	char path[200], from[FERRY_ADDR_SIZE];
	int server, client;
	struct box b;

	memset(path, 'd', 150);
	strcpy(path + 150, "/s");
	path[150] = '\0';
	CHECK_OK(mkdir(path, 0700));
	path[150] = '/';
	server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0600, 0));
	client = CHECK_OK(ferry_bind(path, SOCK_DGRAM, 0600, 0));
	CHECK_OK(send_text_to(client, "sock", "x", NULL, 0, 0));
	CHECK_INT(recv_from(server, &b, 0, from), ==, 1);
	CHECK_STR(from, "");
	CHECK_OK(ferry_unbind(client, path));
	CHECK_OK(ferry_unbind(server, "sock"));
	path[150] = '\0';
	CHECK_OK(rmdir(path));
	close(server);
	close(client);
}

TEST(to_paths_that_cannot_be_walked)
{
	int client = plain_socket(SOCK_DGRAM), server = plain_bind("sock", SOCK_DGRAM);

	CHECK_OK(mkdir("dir", 0700));
	CHECK_FAILS(send_text_to(client, "sock/x", "x", NULL, 0, 0), ENOTDIR);
	CHECK_FAILS(send_text_to(client, "dir/", "x", NULL, 0, 0), EISDIR);
	CHECK_FAILS(send_text_to(client, "/", "x", NULL, 0, 0), EISDIR);
	CHECK_FAILS(send_text_to(client, "dir", "x", NULL, 0, 0), ECONNREFUSED);
	limit_fds((unsigned)open_fds());
	CHECK_FAILS(send_text_to(client, "sock", "x", NULL, 0, 0), EMFILE);
	limit_fds(256);
	check_empty(server);
	CHECK_OK(rmdir("dir"));
	CHECK_OK(unlink("sock"));
	close(server);
	close(client);
}

TEST(to_without_leave)
{
	int client = plain_socket(SOCK_DGRAM), server;

	drop_root();
	server = CHECK_OK(ferry_bind("sock", SOCK_DGRAM, 0, 0));
	CHECK_FAILS(send_text_to(client, "sock", "x", NULL, 0, 0), EACCES);
	CHECK_OK(mkdir("closed", 0));
	CHECK_FAILS(send_text_to(client, "closed/sock", "x", NULL, 0, 0), EACCES);
	check_empty(server);
	CHECK_OK(rmdir("closed"));
	CHECK_OK(unlink("sock"));
	close(server);
	close(client);
}

TEST(to_one_that_is_connected_to_another)
{
	int client = plain_socket(SOCK_DGRAM), server = plain_bind("sock", SOCK_DGRAM);
	int other = plain_bind("other", SOCK_DGRAM);
	struct sockaddr_un un;
	socklen_t len = plain_name(&un, "other");

	CHECK_OK(connect(server, (struct sockaddr *)&un, len));
	CHECK_FAILS(send_text_to(client, "sock", "x", NULL, 0, 0), EPERM);
	CHECK_OK(unlink("sock"));
	CHECK_OK(unlink("other"));
	close(other);
	close(server);
	close(client);
}
