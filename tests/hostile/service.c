/* SPDX-License-Identifier: MIT
 *
 * service.c - hostile: an environment that says anything.
 */
#include "hostile.h"

#include "fdferry/service.h"

/* Whatever the variables say, what is open stays open and no other number is touched. */
TEST_SECONDS(any_environment, 60)
{
	static const char *const counts[] = {"1",          "2",  "3",   "99999",
					     "2147483644", "-1", "1:1", "0"},
				 *const names[] = {NULL,    "",  "a",    "a:b",
						   "a:b:c", ":", "::::", "a:\n"};
	char pid[32];
	int fd = new_file(), text_fd = new_file();
	struct fd_table *before;

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK_OK(setenv("LISTEN_PID", pid, 1));
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_OK(fcntl(text_fd, F_SETFD, 0));
	before = remember_fds();
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
			int fds[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED}, r;
			const char *name[3];
			char text[4];
			struct ferry_listen l = {.fds = fds,
						 .names = name,
						 .max_fds = 2,
						 .text = text,
						 .text_size = sizeof(text)};

			CHECK_OK(setenv("LISTEN_FDS", counts[i], 1));
			CHECK_OK(names[j] != NULL ? setenv("LISTEN_FDNAMES", names[j], 1)
						  : unsetenv("LISTEN_FDNAMES"));
			r = ferry_listen_fds(&l, sizeof(l));
			CHECK_INT(fds[2], ==, UNTOUCHED);
			CHECK_INT(is_cloexec(3), ==, r >= 1);
			CHECK_INT(is_cloexec(4), ==, r == 2);
			CHECK_OK(fcntl(fd, F_SETFD, 0));
			CHECK_OK(fcntl(text_fd, F_SETFD, 0));
		}
	}
	CHECK_FDS(before);
	close(fd);
	close(text_fd);
}
