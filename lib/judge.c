/* SPDX-License-Identifier: MIT
 * judge.c - is what arrived whole, and what was asked for?  The one place that decides about truncation. */
#include "internal.h"

#include <fcntl.h>
#include <unistd.h>

/* Received numbers below 3 would become somebody's standard input or output. */
static __attribute__((cold)) int raise_low(struct fy_arrival *arrived)
{
	int err = 0;

	for (size_t i = 0; i < arrived->n; i++) {
		int high = arrived->fds[i];

		if (high < 0 || high > STDERR_FILENO)
			continue;
		high = fy_high(high); /* which closes it if it fails */
		if (high < 0) {
			arrived->withheld++;
			err = high;
		}
		arrived->fds[i] = high;
	}
	if (arrived->pidfd >= 0)
		arrived->pidfd = fy_high(arrived->pidfd);
	return err;
}

/* Is the table full?  Asked while what came is still open. */
static bool table_full(int sock)
{
	int probe = fcntl(sock, F_DUPFD_CLOEXEC, 0);

	if (probe < 0)
		return true;
	close(probe);
	return false;
}

/* What was lost on the way: 0, or why.
 *
 * The buffer has room for everything that the kernel can put in it, so MSG_CTRUNC never means that it
 * was too small: either the table is full, or a security module has withheld a descriptor and all
 * behind it (scm_detach_fds).  With SO_RIGHTS_NOTRUNC (7.3) it withholds just that one, and says so in
 * its slot.  Nothing of it is queued again. */
static int judge_loss(int sock, const struct msghdr *h, struct fy_arrival *arrived,
		      struct ferry_msg *msg)
{
	if ((h->msg_flags & MSG_CTRUNC) != 0)
		msg->lost = table_full(sock) ? EMFILE : EBADMSG;
	if (arrived->low && raise_low(arrived) < 0)
		msg->lost = EMFILE;
	if (arrived->malformed)
		return fy_refuse(msg, -EBADMSG, "control data of a form that cannot be");
	if (msg->err != NULL)
		return 0;
	if (msg->lost == EMFILE)
		return fy_refuse(msg, -EMFILE,
				 "no free descriptor number: the message was received and its "
				 "descriptors are lost");
	if (msg->lost != 0 || arrived->withheld > 0)
		return fy_refuse(
			msg, -EBADMSG,
			"descriptors were withheld on the way, by a security module for one");
	return 0;
}

static int judge_expectation(const struct fy_arrival *arrived, struct ferry_msg *msg)
{
	for (size_t i = 0; i < arrived->n; i++) {
		const char *why = NULL;
		int err = 0;

		if (arrived->fds[i] >= 0)
			err = ferry_check(arrived->fds[i], msg->expect, msg->expect_size, &why);
		if (err == 0)
			continue;
		msg->why_slot = i;
		return fy_refuse(msg, -EBADFD, why != NULL ? why : "it cannot be looked at");
	}
	return 0;
}

int fy_judge(int sock, const struct msghdr *h, struct fy_arrival *arrived, struct ferry_msg *msg)
{
	int err = judge_loss(sock, h, arrived, msg);

	if (err < 0)
		return err;
	if ((h->msg_flags & MSG_TRUNC) != 0)
		return fy_refuse(msg, -EMSGSIZE, "more data than there is room for");
	if (arrived->n > msg->max_fds)
		return fy_refuse(msg, -EMSGSIZE, "more descriptors than asked for");
	if (msg->budget != NULL && arrived->n > *msg->budget)
		return fy_refuse(msg, -EDQUOT, "more descriptors than may still come from here");
	if (arrived->n - arrived->withheld < msg->min_fds)
		return fy_refuse(msg, -ENOMSG,
				 arrived->n == 0 ? "a message without a descriptor"
						 : "fewer descriptors than asked for");
	return msg->expect != NULL ? judge_expectation(arrived, msg) : 0;
}
