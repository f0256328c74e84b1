/* SPDX-License-Identifier: MIT
 * control.c - the control buffer byte by byte, as it goes into sendmsg(2): the picture in docs/guide.md. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void show(const int *fds, size_t n)
{
	size_t size = n * sizeof(int), space = CMSG_SPACE(size);
	_Alignas(struct cmsghdr) unsigned char bytes[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct cmsghdr *c = (struct cmsghdr *)bytes;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), fds, size);
	printf("CMSG_LEN(%zu) = %zu, CMSG_SPACE(%zu) = %zu\n", size, (size_t)CMSG_LEN(size), size,
	       space);
	for (size_t i = 0; i < space; i++)
		printf("%02x%s", bytes[i], i % 8 == 7 ? "\n" : " ");
}

int main(void)
{
	int fds[] = {3, 4};

	if (sizeof(size_t) < 8)
		return puts("needs 64 bits"), 1;
	show(fds, 1);
	show(fds, 2);
	return 0;
}
