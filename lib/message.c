/* SPDX-License-Identifier: MIT
 * message.c - struct ferry_msg: what sending and receiving ask of it alike. */
#include "internal.h"

/* A struct that travels with its size: a shorter one was never published, a longer one is of a newer
 * header and must not ask for anything that this library does not know. */
int fy_check_other_size(const void *arg, size_t size, size_t known)
{
	const unsigned char *bytes = arg;

	if (arg == NULL || size < known)
		return -EINVAL;
	for (size_t i = known; i < size; i++)
		if (bytes[i] != 0)
			return -E2BIG;
	return 0;
}

/* Cold: the way of a message that is as it should be leads past it without a jump. */
int fy_refuse(struct ferry_msg *msg, int err, const char *why)
{
	msg->why = why;
	return err;
}

int fy_check_fields(struct ferry_msg *msg, uint32_t flags)
{
	if ((msg->flags & ~flags) != 0)
		return fy_refuse(msg, -EINVAL, "a flag that this call does not have");
	if (msg->reserved != 0)
		return fy_refuse(msg, -EINVAL, "reserved is not 0: was the struct zeroed?");
	if (msg->timeout_ms < 0)
		return fy_refuse(msg, -EINVAL,
				 "timeout_ms is negative: 0 waits for ever, FERRY_NOWAIT does not "
				 "wait");
	if (msg->iovlen > 0 && msg->iov == NULL)
		return fy_refuse(msg, -EINVAL, "iov is NULL");
	/* The kernel's own errno for it is EMSGSIZE, which says something else here. */
	if (msg->iovlen > FY_MOST_PIECES)
		return fy_refuse(msg, -EINVAL, "more than 1024 pieces of data");
	return 0;
}
