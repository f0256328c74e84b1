/* SPDX-License-Identifier: MIT
 * message.c - struct ferry_msg: what sending and receiving ask of it alike. */
#include "internal.h"

/* A struct that travels with its size: a shorter one was never published, a longer one is of a newer
 * header and must not ask for anything that this library does not know. */
int fy_check_size(const void *arg, size_t size, size_t known)
{
	const unsigned char *bytes = arg;

	if (arg == NULL || size < known)
		return -EINVAL;
	for (size_t i = known; i < size; i++)
		if (bytes[i] != 0)
			return -E2BIG;
	return 0;
}

#define MOST_PIECES 1024 /* UIO_MAXIOV: the kernel's EMSGSIZE for more would say something else */

int fy_check_msg(struct ferry_msg *msg, uint32_t flags)
{
	msg->why = NULL;
	if ((msg->flags & ~flags) != 0)
		msg->why = "a flag that this call does not have";
	else if (msg->timeout_ms < 0)
		msg->why = "timeout_ms is negative: 0 waits for ever, FERRY_NOWAIT does not wait";
	else if (msg->iovlen > 0 && msg->iov == NULL)
		msg->why = "iov is NULL";
	else if (msg->iovlen > MOST_PIECES)
		msg->why = "more than 1024 pieces of data";
	return msg->why == NULL ? 0 : -EINVAL;
}

size_t fy_total(const struct ferry_msg *msg)
{
	size_t sum = 0;

	for (size_t i = 0; i < msg->iovlen; i++)
		sum += msg->iov[i].iov_len;
	return sum;
}
