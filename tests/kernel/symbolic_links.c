/* SPDX-License-Identifier: MIT
 *
 * symbolic_links.c - connect() follows a symbolic link and bind() does not.
 *
 * I6, unix_find_bsd() (LOOKUP_FOLLOW), unix_bind_bsd() (kern_path_create()): whoever may put a link in
 * the directory decides where a client connects; a link in the way of bind() is EADDRINUSE, dangling
 * or not, and nothing is made at its end.
 *
 * The library therefore looks for links that somebody else may have planted before it connects.
 */
#include "plain.h"

TEST(connect_follows)
{
	FOR_EACH_TYPE(type)
	{
		int server = new_server(type, "s"), client = new_socket(type);

		CHECK_OK(symlink("s", "link"));
		CHECK_OK(connect_to(client, "link"));
		CHECK_OK(close(client));
		CHECK_OK(close(server));
		CHECK_OK(unlink("link"));
		CHECK_OK(unlink("s"));
	}
}

TEST(bind_does_not_follow)
{
	FOR_EACH_TYPE(type)
	{
		int sock = new_socket(type);
		struct stat st;

		CHECK_OK(symlink("absent", "link"));
		CHECK_ERRNO(bind_to(sock, "link"), EADDRINUSE);
		CHECK_ERRNO(lstat("absent", &st), ENOENT);
		CHECK_OK(lstat("link", &st));
		CHECK(S_ISLNK(st.st_mode));
		CHECK_OK(close(sock));
		CHECK_OK(unlink("link"));
	}
}
