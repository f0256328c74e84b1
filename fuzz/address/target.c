/* SPDX-License-Identifier: MIT
 * target.c - addresses as text and as sockaddr_un: each as the other and back, and nothing beyond. */
#include "../../lib/address.c"
#include "../fuzz.h"

static void from_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), back[FERRY_ADDR_SIZE];
	struct fy_raw_name raw;
	struct fy_name name;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&raw, 0xff, sizeof(raw));
	if (fy_name_check(text) == 0 && fy_name_direct(&name, text) == 0) {
		REQUIRE(name.len <= sizeof(name.un) &&
			name.len > offsetof(struct sockaddr_un, sun_path));
		memcpy(&raw, &name.un, sizeof(name.un));
		fy_name_text(&raw, name.len, back, sizeof(back));
		/* What lies below a descriptor is another file in every other process. */
		if (strncmp(text, "/proc/self/fd/", 14) == 0 ||
		    strncmp(text, "/proc/thread-self/fd/", 21) == 0)
			REQUIRE(back[0] == '\0');
		else
			REQUIRE(strcmp(back, text) == 0);
	}
	if (strlen(text) <= NAME_MAX && fy_name_below(&name, INT_MAX, text) == 0)
		REQUIRE(name.un.sun_path[0] == '/' && name.len <= sizeof(name.un));
	free(text);
}

static void from_kernel(const uint8_t *data, size_t size, size_t len)
{
	struct fy_raw_name *raw = malloc(sizeof(*raw));
	char text[FERRY_ADDR_SIZE], part[8];
	struct fy_name name;

	if (raw == NULL)
		abort();
	memset(raw, 0xff, sizeof(*raw));
	memcpy(raw, data, size < sizeof(*raw) ? size : sizeof(*raw));
	raw->un.sun_family = size > 0 && data[0] == 0xff ? AF_INET : AF_UNIX;
	memset(text, 0xff, sizeof(text));
	fy_name_text(raw, (socklen_t)len, text, sizeof(text));
	REQUIRE(memchr(text, '\0', sizeof(text)) != NULL);
	fy_name_text(raw, (socklen_t)len, part, sizeof(part));
	REQUIRE(strncmp(part, text, sizeof(part) - 1) == 0);
	/* The kernel has no abstract name of 111 bytes: that length is of a path, for its NUL. */
	if (len > sizeof(raw->un))
		len = sizeof(raw->un);
	/* What it says is that name and no other.  A path of 108 bytes cannot be given in text. */
	if (text[0] != '\0' && fy_name_direct(&name, text) == 0) {
		const char *path =
			name.un.sun_path +
			(strncmp(text, "./@", 3) == 0 && raw->un.sun_path[0] == '@' ? 2 : 0);

		if (text[0] == '@')
			REQUIRE(name.len == len &&
				memcmp(name.un.sun_path, raw->un.sun_path,
				       len - offsetof(struct sockaddr_un, sun_path)) == 0);
		else
			REQUIRE(strncmp(path, raw->un.sun_path, strlen(path)) == 0);
	}
	free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		from_text(data + 1, size - 1);
	else if (size > 1)
		from_kernel(data + 2, size - 2, data[1] % (sizeof(struct sockaddr_un) + 2));
	return 0;
}
