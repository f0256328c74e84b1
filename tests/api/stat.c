/* SPDX-License-Identifier: MIT
 *
 * stat.c - tests: ferry_stat tells what a descriptor is, and does nothing to it.
 */
#include "api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ACCESS_MODE 3 /* O_ACCMODE, in which musl includes O_PATH */

struct seen {
	char path[200], peer[200];
	struct ferry_facts st;
};

/* What holds for every descriptor. */
static struct ferry_facts *look(int fd, struct seen *s)
{
	struct stat st = {0};
	int flags = CHECK_OK(fcntl(fd, F_GETFL));

	memset(s, 0x55, sizeof(*s));
	memset(&s->st, 0, sizeof(s->st));
	s->st.path = s->path;
	s->st.path_size = sizeof(s->path);
	s->st.peer = s->peer;
	s->st.peer_size = sizeof(s->peer);
	CHECK_INT(ferry_stat(fd, &s->st, sizeof(s->st)), ==, 0);
	CHECK_OK(fstat(fd, &st));
	CHECK_INT(s->st.ino, ==, st.st_ino);
	CHECK_INT(s->st.dev, ==, st.st_dev);
	CHECK_INT(s->st.mode, ==, st.st_mode);
	CHECK_INT(s->st.access, ==, (flags & O_PATH) != 0 ? -1 : flags & ACCESS_MODE);
	CHECK_INT(s->st.flags, ==, flags & ~ACCESS_MODE);
	CHECK(s->st.path == s->path);
	CHECK_INT(s->st.path_size, ==, sizeof(s->path));
	CHECK(s->st.peer == s->peer);
	if (s->st.kind != FERRY_IS_SOCKET) {
		CHECK_INT(s->st.domain, ==, 0);
		CHECK_INT(s->st.type, ==, 0);
		CHECK_INT(s->st.protocol, ==, 0);
		CHECK_INT(s->st.listening, ==, 0);
		CHECK_STR(s->peer, "");
	}
	if (s->st.kind != FERRY_IS_PIDFD)
		CHECK_INT(s->st.pid, ==, 0);
	return &s->st;
}

/* The harness names the directory; what is behind it is ours. */
static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

TEST(files)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND,
				    O_RDWR | O_NONBLOCK};
	struct seen s;
	int fd = CHECK_OK(open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0640));

	CHECK_INT(write(fd, "0123456789", 10), ==, 10);
	CHECK_INT(look(fd, &s)->offset, ==, 10);
	close(fd);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		fd = CHECK_OK(open("file", modes[i] | O_CLOEXEC));
		CHECK_INT(lseek(fd, 4, SEEK_SET), ==, 4);
		CHECK_INT(look(fd, &s)->kind, ==, FERRY_IS_FILE);
		CHECK_INT(s.st.access, ==, modes[i] & ACCESS_MODE);
		CHECK_INT(s.st.flags & (O_APPEND | O_NONBLOCK), ==,
			  modes[i] & (O_APPEND | O_NONBLOCK));
		CHECK_INT(s.st.offset, ==, 4);
		CHECK_INT(s.st.size, ==, 10);
		CHECK_INT(s.st.seals, ==, 0);
		CHECK_STR(last_of(s.path), "file");
		CHECK_INT(lseek(fd, 0, SEEK_CUR), ==, 4);
		close(fd);
	}
	CHECK_OK(unlink("file"));
}

TEST(large_offset)
{
	struct seen s;
	int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC | O_LARGEFILE, 0600));

	/* Also where off_t has 32 bits: by a number that fits, and one that does not elsewhere. */
	CHECK_OK(ftruncate(fd, 0x7ffffff0));
	CHECK(lseek(fd, 0x7ffffff0, SEEK_SET) == 0x7ffffff0);
	look(fd, &s);
	CHECK_INT(s.st.offset, ==, 0x7ffffff0);
	CHECK_INT(s.st.size, ==, 0x7ffffff0);
	close(fd);
	CHECK_OK(unlink("file"));
}

TEST(deleted_file)
{
	struct seen s;
	int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	CHECK_OK(unlink("file"));
	CHECK_INT(look(fd, &s)->kind, ==, FERRY_IS_FILE);
	CHECK_STR(last_of(s.path), "file (deleted)");
	close(fd);
}

TEST(directory_and_fifo)
{
	struct seen s;
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), fifo;
	int write_end, read_end = new_pipe(&write_end);

	CHECK_OK(mkfifo("fifo", 0600));
	CHECK_INT(look(dir, &s)->kind, ==, FERRY_IS_DIR);
	CHECK_INT(s.st.size, ==, -1);
	fifo = CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	CHECK_INT(look(fifo, &s)->kind, ==, FERRY_IS_FIFO);
	CHECK_INT(s.st.offset, ==, -1);
	CHECK_INT(s.st.size, ==, -1);
	CHECK_STR(last_of(s.path), "fifo");
	CHECK_INT(look(write_end, &s)->kind, ==, FERRY_IS_FIFO);
	CHECK_INT(s.st.access, ==, O_WRONLY);
	CHECK_INT(look(read_end, &s)->access, ==, O_RDONLY);
	CHECK_INT(strncmp(s.path, "pipe:", 5), ==, 0);
	close(dir);
	close(fifo);
	close(read_end);
	close(write_end);
	CHECK_OK(unlink("fifo"));
}

TEST(memfd_with_seals)
{
	const unsigned seals = F_SEAL_SHRINK | F_SEAL_WRITE;
	struct seen s;
	int fd = CHECK_OK(memfd_create("note", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	int closed = new_file();

	CHECK_INT(write(fd, "abc", 3), ==, 3);
	CHECK_INT(look(fd, &s)->kind, ==, FERRY_IS_MEMFD);
	CHECK_INT(s.st.seals, ==, 0);
	CHECK_INT(s.st.offset, ==, 3);
	CHECK_INT(s.st.size, ==, 3);
	CHECK_INT(strncmp(s.path, "/memfd:note", 11), ==, 0);
	CHECK_OK(fcntl(fd, F_ADD_SEALS, seals));
	CHECK_INT(look(fd, &s)->seals, ==, seals);
	/* Made without MFD_ALLOW_SEALING. */
	CHECK_INT(look(closed, &s)->seals & F_SEAL_SEAL, ==, F_SEAL_SEAL);
	close(fd);
	close(closed);
}

static void wait_for_end(void *arg)
{
	char byte;

	CHECK_INT(read(*(int *)arg, &byte, 1), ==, 0);
}

TEST(pidfd)
{
	struct seen s;
	int ends[2], own, child, status;
	pid_t pid;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	own = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (own < 0) {
		close_pair(ends);
		SKIP("pidfd_open: %s", strerror(errno));
	}
	CHECK_INT(look(own, &s)->kind, ==, FERRY_IS_PIDFD);
	CHECK_INT(s.st.pid, ==, getpid());
	pid = fork();
	CHECK_OK(pid);
	if (pid == 0) {
		close(ends[1]);
		wait_for_end(&ends[0]);
		_exit(0);
	}
	child = CHECK_OK((int)syscall(SYS_pidfd_open, pid, 0));
	CHECK_INT(look(child, &s)->pid, ==, pid);
	close(ends[1]);
	CHECK_OK(waitpid(pid, &status, 0));
	CHECK_INT(look(child, &s)->kind, ==, FERRY_IS_PIDFD);
	CHECK_INT(s.st.pid, ==, -1);
	close(ends[0]);
	close(own);
	close(child);
}

TEST(char_device_and_eventfd)
{
	struct seen s;
	int null = CHECK_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
	int event = CHECK_OK(eventfd(5, EFD_CLOEXEC | EFD_NONBLOCK));
	uint64_t count = 0;

	CHECK_INT(look(null, &s)->kind, ==, FERRY_IS_CHAR);
	CHECK_STR(s.path, "/dev/null");
	CHECK_INT(s.st.offset, ==, -1);
	CHECK_INT(s.st.size, ==, -1);
	CHECK_INT(look(event, &s)->kind, ==, FERRY_IS_ANON);
	CHECK_STR(s.path, "anon_inode:[eventfd]");
	CHECK_INT(s.st.offset, ==, -1);
	CHECK_INT(s.st.size, ==, -1);
	CHECK_INT(read(event, &count, sizeof(count)), ==, sizeof(count));
	CHECK_INT(count, ==, 5);
	close(null);
	close(event);
}

TEST(o_path)
{
	struct seen s;
	int fd, dir = CHECK_OK(open(".", O_PATH | O_CLOEXEC));

	CHECK_INT(look(dir, &s)->kind, ==, FERRY_IS_DIR);
	CHECK_INT(s.st.access, ==, -1);
	CHECK_INT(s.st.flags & O_PATH, ==, O_PATH);
	CHECK_INT(s.st.offset, ==, -1);
	CHECK_OK(symlink("nowhere", "link"));
	fd = CHECK_OK(open("link", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	CHECK_INT(look(fd, &s)->kind, ==, FERRY_IS_LINK);
	close(fd);
	plain_stale("sock", SOCK_STREAM);
	fd = CHECK_OK(open("sock", O_PATH | O_CLOEXEC));
	CHECK_INT(look(fd, &s)->kind, ==, FERRY_IS_SOCKET);
	CHECK_INT(s.st.domain, ==, 0);
	CHECK_STR(last_of(s.path), "sock");
	close(fd);
	close(dir);
	CHECK_OK(unlink("link"));
	CHECK_OK(unlink("sock"));
}

static void check_socket(int fd, int domain, int type, bool listening, const char *path,
			 const char *peer)
{
	struct seen s;

	look(fd, &s);
	CHECK_INT(s.st.kind, ==, FERRY_IS_SOCKET);
	CHECK_INT(s.st.domain, ==, domain);
	CHECK_INT(s.st.type, ==, type);
	CHECK_INT(s.st.listening, ==, listening);
	CHECK_INT(s.st.offset, ==, -1);
	CHECK_INT(s.st.size, ==, -1);
	CHECK_STR(s.path, path);
	CHECK_STR(s.peer, peer);
}

TEST_EACH_TYPE(unix_sockets)
{
	bool listens = type != SOCK_DGRAM;
	char name[60];
	int server = listens ? plain_listen("./@sock", type, 5) : plain_bind("./@sock", type);
	int client = CHECK_OK(plain_connect("./@sock", type)), fresh = plain_socket(type);
	int abstract, pair[2];

	snprintf(name, sizeof(name), "@fdferry-%ld-stat", (long)getpid());
	abstract = plain_bind(name, type);
	plain_pair(type, pair);
	check_socket(server, AF_UNIX, type, listens, "./@sock", "");
	check_socket(client, AF_UNIX, type, false, "", "./@sock");
	check_socket(fresh, AF_UNIX, type, false, "", "");
	check_socket(abstract, AF_UNIX, type, false, name, "");
	check_socket(pair[0], AF_UNIX, type, false, "", "");
	close(server);
	close(client);
	close(fresh);
	close(abstract);
	close_pair(pair);
	CHECK_OK(unlink("@sock"));
}

TEST(internet_sockets)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int server = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int client = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), fd;
	char text[2][40];
	struct seen s;

	if (bind(server, (struct sockaddr *)&in, sizeof(in)) < 0)
		SKIP("no 127.0.0.1: %s", strerror(errno));
	CHECK_OK(listen(server, 5));
	CHECK_OK(getsockname(server, (struct sockaddr *)&in, &len));
	CHECK_OK(connect(client, (struct sockaddr *)&in, sizeof(in)));
	fd = CHECK_OK(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	snprintf(text[0], sizeof(text[0]), "127.0.0.1:%d", ntohs(in.sin_port));
	len = sizeof(in);
	CHECK_OK(getsockname(client, (struct sockaddr *)&in, &len));
	snprintf(text[1], sizeof(text[1]), "127.0.0.1:%d", ntohs(in.sin_port));
	check_socket(server, AF_INET, SOCK_STREAM, true, text[0], "");
	check_socket(client, AF_INET, SOCK_STREAM, false, text[1], text[0]);
	check_socket(fd, AF_INET, SOCK_STREAM, false, text[0], text[1]);
	CHECK_INT(look(fd, &s)->protocol, ==, IPPROTO_TCP);
	CHECK_INT(look(udp, &s)->protocol, ==, IPPROTO_UDP);
	check_socket(udp, AF_INET, SOCK_DGRAM, false, "0.0.0.0:0", "");
	close(server);
	close(client);
	close(udp);
	close(fd);
}

TEST(path_is_cut)
{
	char path[9], all[200];
	struct ferry_facts st = {.path = all, .path_size = sizeof(all)};
	int null = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	for (size_t size = 0; size < sizeof(path); size++) {
		memset(path, 'Z', sizeof(path));
		st = (struct ferry_facts){.path = path, .path_size = size};
		CHECK_INT(ferry_stat(null, &st, sizeof(st)), ==, 0);
		if (size > 0) {
			CHECK_INT(strlen(path), ==, size - 1);
			CHECK_MEM(path, "/dev/null", size - 1);
		}
		CHECK_INT(path[size], ==, 'Z');
	}
	st = (struct ferry_facts){0};
	CHECK_INT(ferry_stat(null, &st, sizeof(st)), ==, 0);
	CHECK_INT(st.kind, ==, FERRY_IS_CHAR);
	close(null);
}

TEST(failures_change_nothing)
{
	struct {
		struct ferry_facts st;
		unsigned char more[8];
	} s, was;

	memset(&s, 0x5a, sizeof(s));
	s.st.path = s.st.peer = NULL;
	memset(s.more, 0, sizeof(s.more));
	memcpy(&was, &s, sizeof(s));
	CHECK_FAILS(ferry_stat(-1, &s.st, sizeof(s.st)), EBADF);
	CHECK_FAILS(ferry_stat(99, &s.st, sizeof(s.st)), EBADF);
	CHECK_FAILS(ferry_stat(AT_FDCWD, &s.st, sizeof(s.st)), EBADF);
	CHECK_FAILS(ferry_stat(0, &s.st, sizeof(s.st) - 1), EINVAL);
	CHECK_FAILS(ferry_stat(0, &s.st, 0), EINVAL);
	CHECK_FAILS(ferry_stat(0, NULL, sizeof(s.st)), EINVAL);
	CHECK_MEM(&s, &was, sizeof(s));
	s.more[7] = 1;
	CHECK_FAILS(ferry_stat(0, &s.st, sizeof(s)), E2BIG);
	s.more[7] = 0;
	CHECK_MEM(&s, &was, sizeof(s));
	CHECK_INT(ferry_stat(0, &s.st, sizeof(s)), ==, 0);
}

/* Looked at only: also in a full table, where what needs a number of its own cannot be asked. */
TEST(full_table)
{
	struct ferry_facts st = {0};
	int fd = new_file();

	limit_fds(4);
	CHECK_INT(ferry_stat(fd, &st, sizeof(st)), ==, 0);
	CHECK_INT(st.kind, ==, FERRY_IS_MEMFD);
	limit_fds(256);
	close(fd);
}
