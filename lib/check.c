/* SPDX-License-Identifier: MIT
 * check.c - is a descriptor what is expected?  Only what stat.c asks, so that it cannot block. */
#include "internal.h"

static bool access_fits(uint32_t wanted, int32_t access)
{
	/* O_RDONLY 0, O_WRONLY 1, O_RDWR 2: FERRY_RO, FERRY_WO, FERRY_RW are these bits. */
	return wanted == 0 || (access >= 0 && access <= 2 && (wanted & (1u << access)) != 0);
}

static const char *size_rule(const struct ferry_expect *want, const struct ferry_facts *is)
{
	if (want->min_size == 0 && want->max_size == 0)
		return NULL;
	if (is->size < 0)
		return "it has no size";
	if ((uint64_t)is->size < want->min_size)
		return "it is smaller than expected";
	if (want->max_size != 0 && (uint64_t)is->size > want->max_size)
		return "it is larger than expected";
	return NULL;
}

static const char *socket_rule(const struct ferry_expect *want, const struct ferry_facts *is)
{
	if (want->domain == 0 && want->type == 0 && want->listening == 0)
		return NULL;
	if (is->kind != FERRY_IS_SOCKET || is->domain == 0)
		return "it is not a socket";
	if (want->domain != 0 && is->domain != want->domain)
		return "it is a socket of another family";
	if (want->type != 0 && is->type != want->type)
		return "it is a socket of another type";
	if (want->listening == 1 && !is->listening)
		return "it is a socket that does not listen";
	if (want->listening == 2 && is->listening)
		return "it is a listening socket";
	return NULL;
}

static const char *broken_rule(const struct ferry_expect *want, const struct ferry_facts *is)
{
	const char *rule;

	if (want->kinds != 0 && (want->kinds & is->kind) == 0)
		return "it is of another kind";
	if (!access_fits(want->access, is->access))
		return is->access < 0 ? "it was opened with O_PATH" : "it has another access mode";
	if ((is->flags & want->with_flags) != want->with_flags)
		return "a file status flag is missing";
	if ((is->flags & want->without_flags) != 0)
		return "it has a file status flag that must not be";
	if ((is->seals & want->seals) != want->seals)
		return "a seal is missing";
	rule = socket_rule(want, is);
	return rule != NULL ? rule : size_rule(want, is);
}

int ferry_check(int fd, const struct ferry_expect *want, size_t size, const char **why)
{
	struct ferry_facts is = {0};
	const char *rule = NULL;
	int err = fy_check_size(want, size, sizeof(*want));

	if (err == 0)
		err = ferry_stat(fd, &is, sizeof(is));
	if (err == 0) {
		rule = broken_rule(want, &is);
		err = rule != NULL ? -EBADFD : 0;
	}
	if (why != NULL)
		*why = rule;
	return err < 0 ? fy_fail(err) : 0;
}
