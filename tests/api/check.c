/* SPDX-License-Identifier: MIT
 *
 * check.c - tests: ferry_check: each rule of struct ferry_expect, kept and broken.
 */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* a file beyond 4 GiB, on 32-bit systems too */
#endif
#include "trust.h"

/* It keeps want. */
#define PASSES(fd, ...)                                                                            \
	do {                                                                                       \
		const struct ferry_expect passes_want = {__VA_ARGS__};                             \
		const char *passes_why = "from before";                                            \
                                                                                                   \
		CHECK_INT(ferry_check((fd), &passes_want, sizeof(passes_want), &passes_why), ==,   \
			  0);                                                                      \
		CHECK(passes_why == NULL);                                                         \
		CHECK_INT(ferry_check((fd), &passes_want, sizeof(passes_want), NULL), ==, 0);      \
	} while (0)

/* It breaks want, and why says how. */
#define BREAKS(fd, ...)                                                                            \
	do {                                                                                       \
		const struct ferry_expect breaks_want = {__VA_ARGS__};                             \
		const char *breaks_why = NULL;                                                     \
                                                                                                   \
		CHECK_FAILS(ferry_check((fd), &breaks_want, sizeof(breaks_want), &breaks_why),     \
			    EBADFD);                                                               \
		CHECK(breaks_why != NULL && breaks_why[0] != '\0');                                \
		CHECK_FAILS(ferry_check((fd), &breaks_want, sizeof(breaks_want), NULL), EBADFD);   \
	} while (0)

static int open_file(const char *name, int flags)
{
	return CHECK_OK(open(name, flags | O_CREAT | O_CLOEXEC, 0600));
}

TEST(nothing_asked)
{
	int file = new_file(), dir = CHECK_OK(open(".", O_PATH | O_CLOEXEC));

	PASSES(file, .kinds = 0);
	PASSES(dir, .kinds = 0);
	PASSES(0, .kinds = 0);
	close(file);
	close(dir);
}

TEST(kinds)
{
	int file = open_file("f", O_RDWR), memfd = new_file(), pair[2], write_end;
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int pipe_end = new_pipe(&write_end);
	const struct {
		int fd;
		uint32_t kind;
	} all[] = {
		{file, FERRY_IS_FILE},
		{memfd, FERRY_IS_MEMFD},
		{dir, FERRY_IS_DIR},
		{pipe_end, FERRY_IS_FIFO},
	};

	plain_pair(SOCK_STREAM, pair);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		PASSES(all[i].fd, .kinds = all[i].kind);
		PASSES(all[i].fd, .kinds = FERRY_IS_BLOCK | all[i].kind);
		BREAKS(all[i].fd, .kinds = ~all[i].kind);
		BREAKS(all[i].fd, .kinds = FERRY_IS_SOCKET);
	}
	PASSES(pair[0], .kinds = FERRY_IS_SOCKET);
	BREAKS(pair[0], .kinds = FERRY_IS_FILE | FERRY_IS_MEMFD);
	close_pair(pair);
	close(file);
	close(memfd);
	close(dir);
	close(pipe_end);
	close(write_end);
	unlink("f");
}

/* A bit that is no kind admits nothing. */
TEST(a_kind_that_does_not_exist)
{
	int file = new_file();

	BREAKS(file, .kinds = 1u << 31);
	close(file);
}

TEST(access_modes)
{
	int rw = open_file("f", O_RDWR), ro = open_file("f", O_RDONLY);
	int wo = open_file("f", O_WRONLY), path = CHECK_OK(open("f", O_PATH | O_CLOEXEC));

	PASSES(ro, .access = FERRY_RO);
	BREAKS(ro, .access = FERRY_WO);
	BREAKS(ro, .access = FERRY_RW);
	BREAKS(ro, .access = FERRY_WO | FERRY_RW);
	PASSES(wo, .access = FERRY_WO);
	BREAKS(wo, .access = FERRY_RO | FERRY_RW);
	PASSES(rw, .access = FERRY_RW);
	BREAKS(rw, .access = FERRY_RO);
	PASSES(rw, .access = FERRY_RO | FERRY_RW);
	BREAKS(path, .access = FERRY_RO);
	BREAKS(path, .access = FERRY_RO | FERRY_WO | FERRY_RW);
	PASSES(path, .kinds = FERRY_IS_FILE);
	BREAKS(path, .without_flags = O_PATH);
	PASSES(path, .with_flags = O_PATH);
	BREAKS(ro, .with_flags = O_PATH);
	close(rw);
	close(ro);
	close(wo);
	close(path);
	unlink("f");
}

/* 3 is neither reading nor writing (open(2)): it is none of the three. */
TEST(the_fourth_access_mode)
{
	int odd = open_file("f", 3 /* O_ACCMODE, in which musl includes O_PATH */);

	BREAKS(odd, .access = FERRY_RO | FERRY_WO | FERRY_RW);
	close(odd);
	unlink("f");
}

TEST(status_flags)
{
	int file = open_file("f", O_WRONLY | O_APPEND);

	PASSES(file, .with_flags = O_APPEND);
	BREAKS(file, .with_flags = O_APPEND | O_NONBLOCK);
	BREAKS(file, .without_flags = O_APPEND);
	PASSES(file, .without_flags = O_NONBLOCK);
	CHECK_OK(fcntl(file, F_SETFL, O_NONBLOCK));
	BREAKS(file, .with_flags = O_APPEND);
	BREAKS(file, .without_flags = O_NONBLOCK | O_PATH);
	PASSES(file, .with_flags = O_NONBLOCK, .without_flags = O_APPEND);
	close(file);
	unlink("f");
}

TEST(seals)
{
	int memfd = CHECK_OK(memfd_create("m", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	int plain = new_file(), file = open_file("f", O_RDWR);

	BREAKS(memfd, .seals = F_SEAL_SHRINK);
	CHECK_OK(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	PASSES(memfd, .seals = F_SEAL_SHRINK);
	BREAKS(memfd, .seals = F_SEAL_SHRINK | F_SEAL_WRITE);
	CHECK_OK(fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL));
	PASSES(memfd, .seals = F_SEAL_SHRINK | F_SEAL_WRITE);
	/* Without MFD_ALLOW_SEALING a memfd is born with F_SEAL_SEAL. */
	BREAKS(plain, .seals = F_SEAL_SHRINK);
	BREAKS(file, .seals = F_SEAL_SEAL);
	BREAKS(0, .seals = F_SEAL_SHRINK);
	close(memfd);
	close(plain);
	close(file);
	unlink("f");
}

TEST(file_sizes)
{
	int memfd = new_file(), write_end, pipe_end = new_pipe(&write_end);
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	BREAKS(memfd, .min_size = 1);
	CHECK_OK(ftruncate(memfd, 100));
	PASSES(memfd, .min_size = 100, .max_size = 100);
	PASSES(memfd, .min_size = 1);
	PASSES(memfd, .max_size = UINT64_MAX);
	BREAKS(memfd, .min_size = 101);
	BREAKS(memfd, .max_size = 99);
	BREAKS(memfd, .min_size = UINT64_MAX);
	BREAKS(pipe_end, .max_size = 100);
	BREAKS(pipe_end, .min_size = 1);
	BREAKS(dir, .max_size = UINT64_MAX);
	close(memfd);
	close(pipe_end);
	close(write_end);
	close(dir);
}

TEST(a_file_beyond_32_bits)
{
	int memfd = new_file();

	if (ftruncate(memfd, (off_t)1 << 32) < 0) {
		close(memfd);
		SKIP("no file of 4 GiB: %s", strerror(errno));
	}
	PASSES(memfd, .min_size = UINT64_C(1) << 32);
	BREAKS(memfd, .max_size = UINT32_MAX);
	close(memfd);
}

TEST_EACH_TYPE(unix_sockets)
{
	int other = type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM, pair[2];

	plain_pair(type, pair);
	PASSES(pair[0], .domain = AF_UNIX);
	PASSES(pair[0], .type = type);
	PASSES(pair[0], .kinds = FERRY_IS_SOCKET, .domain = AF_UNIX, .type = type, .listening = 2);
	BREAKS(pair[0], .domain = AF_INET);
	BREAKS(pair[0], .type = other);
	BREAKS(pair[0], .listening = 1);
	close_pair(pair);
}

TEST_EACH_CONNECTED(listeners)
{
	int listener = plain_listen(own_name(), type, 1);

	PASSES(listener, .listening = 1);
	BREAKS(listener, .listening = 2);
	PASSES(listener, .domain = AF_UNIX, .type = type, .listening = 1);
	close(listener);
}

TEST(internet_sockets)
{
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (tcp < 0)
		SKIP("no TCP: %s", strerror(errno));
	PASSES(tcp, .domain = AF_INET, .type = SOCK_STREAM, .listening = 2);
	BREAKS(tcp, .domain = AF_INET6);
	BREAKS(tcp, .domain = AF_UNIX);
	BREAKS(tcp, .type = SOCK_DGRAM);
	close(tcp);
}

/* What is no socket keeps no rule about sockets, "must not listen" neither; nor does a socket's file. */
TEST(what_is_no_socket)
{
	int file = new_file(), bound = plain_bind("s", SOCK_DGRAM);
	int path = CHECK_OK(open("s", O_PATH | O_CLOEXEC));

	BREAKS(file, .domain = AF_UNIX);
	BREAKS(file, .type = SOCK_STREAM);
	BREAKS(file, .listening = 1);
	BREAKS(file, .listening = 2);
	BREAKS(path, .domain = AF_UNIX);
	BREAKS(path, .type = SOCK_DGRAM);
	BREAKS(path, .listening = 2);
	close(file);
	close(bound);
	close(path);
	unlink("s");
}

TEST(wrong_calls)
{
	struct {
		struct ferry_expect want;
		char more[8];
	} big = {.more = {0}};
	const char *why = "from before";
	int file = new_file();

	CHECK_FAILS(ferry_check(99, &big.want, sizeof(big.want), &why), EBADF);
	CHECK(why == NULL);
	CHECK_FAILS(ferry_check(-1, &big.want, sizeof(big.want), NULL), EBADF);
	CHECK_FAILS(ferry_check(file, NULL, sizeof(big.want), &why), EINVAL);
	CHECK_FAILS(ferry_check(file, &big.want, sizeof(big.want) - 1, &why), EINVAL);
	CHECK_OK(ferry_check(file, &big.want, sizeof(big), &why));
	big.more[0] = 1;
	CHECK_FAILS(ferry_check(file, &big.want, sizeof(big), &why), E2BIG);
	close(file);
}
