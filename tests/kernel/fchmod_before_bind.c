/* SPDX-License-Identifier: MIT
 *
 * fchmod_before_bind.c - fchmod() of a socket before bind() gives the mode of its file.
 *
 * I5, unix(7) "Pathname socket ownership and permissions", unix_bind_bsd(): the file is made with
 * the mode of the socket's own inode, less the umask: there is no moment in which it has another.
 *
 * The library therefore sets the mode of a new server this way, not by chmod() afterwards.
 */
#include "plain.h"

static void check_mode(int type, int mode, mode_t mask, mode_t expected)
{
	int sock = new_socket(type);
	struct stat st;

	if (mode >= 0)
		CHECK_OK(fchmod(sock, (mode_t)mode));
	umask(mask);
	CHECK_OK(bind_to(sock, "s"));
	umask(022);
	CHECK_OK(stat("s", &st));
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_INT(st.st_mode & 07777, ==, expected);
	CHECK_OK(close(sock));
	CHECK_OK(unlink("s"));
}

TEST(the_mode_is_the_sockets)
{
	FOR_EACH_TYPE(type)
	{
		check_mode(type, 0600, 0, 0600);
		check_mode(type, 0666, 0, 0666);
		check_mode(type, 0, 0, 0);
	}
}

TEST(the_umask_still_masks)
{
	FOR_EACH_TYPE(type)
	{
		check_mode(type, 0666, 027, 0640);
		check_mode(type, -1, 022, 0755);
		check_mode(type, -1, 0, 0777);
	}
}
