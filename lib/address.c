/* SPDX-License-Identifier: MIT
 * address.c - addresses as text ("path", "@abstract") and as struct sockaddr_un. */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM (sizeof(((struct sockaddr_un *)0)->sun_path))

bool fy_name_is_abstract(const char *text)
{
	return text[0] == '@';
}

/* An empty path given to bind(2) with the whole structure would be an abstract name of 108 NULs, open
 * to everybody, and an empty abstract name is the kernel's "choose one for me": unix(7). */
int fy_name_check(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return -EINVAL;
	if (!fy_name_is_abstract(text))
		return strlen(text) >= PATH_MAX ? -ENAMETOOLONG : 0;
	if (text[1] == '\0')
		return -EINVAL;
	return strlen(text) > PATH_ROOM ? -ENAMETOOLONG : 0;
}

/* The length is always what the name needs: an abstract name is every byte that addrlen counts, and
 * a path of 108 bytes without its NUL is one that getsockname(2) cannot report. */
int fy_name_direct(struct fy_name *name, const char *text)
{
	size_t n = strlen(text);
	bool abstract = fy_name_is_abstract(text);

	if (n > (abstract ? PATH_ROOM : PATH_ROOM - 1))
		return -ENAMETOOLONG;
	*name = (struct fy_name){.un.sun_family = AF_UNIX};
	memcpy(name->un.sun_path, text, n);
	if (abstract)
		name->un.sun_path[0] = '\0';
	name->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
	return 0;
}

/* sun_path has 108 bytes; a longer path is reached through a descriptor of its directory. */
int fy_name_below(struct fy_name *name, int dir, const char *last)
{
	char path[sizeof(FY_PROC_FD "/-2147483648/") + NAME_MAX];

	snprintf(path, sizeof(path), FY_PROC_FD "/%d/%s", dir, last);
	return fy_name_direct(name, path);
}

int fy_name_handle(struct fy_name *name, int handle)
{
	char path[sizeof(FY_PROC_FD "/-2147483648")];

	snprintf(path, sizeof(path), FY_PROC_FD "/%d", handle);
	return fy_name_direct(name, path);
}

/* After ENOENT for a file that is held: if that is because /proc is not mounted, its path must do. */
int fy_name_without_proc(struct fy_name *name, const char *text)
{
	return access(FY_PROC_FD, F_OK) == 0 ? -ENOENT : fy_name_direct(name, text);
}

/* A socket that was bound below a descriptor has a name which in any other process is another file. */
static bool is_of_a_descriptor(const char *path, size_t n)
{
	static const char *const folders[] = {"/proc/self/fd/", FY_PROC_FD "/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (n > strlen(folders[i]) && memcmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

/* The reverse.  A name that text cannot carry unambiguously becomes "", like no name: an abstract name
 * with a NUL in it would read as another, shorter one.  A path that begins with @ gets "./". */
void fy_name_text(const struct fy_raw_name *raw, socklen_t namelen, char *text, size_t size)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	const char *path = raw->un.sun_path;
	char line[FERRY_ADDR_SIZE] = "";

	if (namelen > head && raw->un.sun_family == AF_UNIX) {
		size_t n = namelen - head;

		if (n > PATH_ROOM)
			n = PATH_ROOM;
		if (path[0] != '\0' && !is_of_a_descriptor(path, n))
			snprintf(line, sizeof(line), "%s%.*s", path[0] == '@' ? "./" : "", (int)n,
				 path);
		else if (path[0] == '\0' && n > 1 && memchr(path + 1, '\0', n - 1) == NULL)
			snprintf(line, sizeof(line), "@%.*s", (int)n - 1, path + 1);
	}
	snprintf(text, size, "%s", line);
}
