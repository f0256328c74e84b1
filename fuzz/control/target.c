/* SPDX-License-Identifier: MIT
 * target.c - the walk over control data that says anything: what is counted is what is there. */
#include "../../lib/control.c"
#include "../fuzz.h"

static size_t closed;

/* In place of room.c: these numbers are none of ours to close. */
void ferry_close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		closed += fds[i] >= 0;
		fds[i] = -1;
	}
}

int ferry_dispose(int *fds, size_t n)
{
	ferry_close_all(fds, n);
	return 0;
}

static void check_put(const uint8_t *data, size_t size)
{
	static union fy_control control;
	struct msghdr h = {.msg_control = &control};
	struct fy_arrival arrived;
	int fds[FERRY_MAX_FDS];
	size_t n = size / 2 < FERRY_MAX_FDS ? size / 2 : FERRY_MAX_FDS;

	for (size_t i = 0; i < n; i++)
		fds[i] = data[2 * i] << 8 | data[2 * i + 1];
	FY_SET(h.msg_controllen, fy_control_put(&control, fds, n));
	fy_control_take(&h, &arrived);
	REQUIRE(arrived.n == n && !arrived.malformed);
	REQUIRE(memcmp(arrived.fds, fds, n * sizeof(int)) == 0);
	control.align.cmsg_level++; /* another protocol's: no descriptors */
	fy_control_take(&h, &arrived);
	REQUIRE(arrived.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msghdr h = {0};
	struct fy_arrival *arrived = malloc(sizeof(*arrived));
	size_t withheld = 0;
	void *exact;

	if (arrived == NULL || size > FY_CONTROL_SIZE)
		size = 0;
	exact = malloc(size > 0 ? size : 1); /* aligned, and not a byte more */
	if (arrived == NULL || exact == NULL)
		abort();
	memcpy(exact, data, size);
	h.msg_control = exact;
	FY_SET(h.msg_controllen, size);
	closed = 0;
	fy_control_take(&h, arrived);
	REQUIRE((arrived->n + closed) * sizeof(int) <= size);
	for (size_t i = 0; i < arrived->n; i++)
		withheld += arrived->fds[i] < 0;
	REQUIRE(arrived->withheld == withheld);
	fy_control_close(arrived, false);
	REQUIRE(arrived->pidfd < 0);
	REQUIRE(memcmp(exact, data, size) == 0);
	free(exact);
	free(arrived);
	check_put(data, size);
	return 0;
}
