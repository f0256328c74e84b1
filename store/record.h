/* SPDX-License-Identifier: MIT
 * record.h - what the messages of the link are made of; the twins are one program, so that it is memory. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store.h"

enum { RECORD_PUT = 1, RECORD_REMOVE, RECORD_REMOVE_NAME, RECORD_DONE, RECORD_STATE };

struct record {
	uint32_t len; /* with this and the padding to 8 bytes */
	uint16_t op;
	uint16_t nfds; /* of the descriptors of the message, in their order */
};

struct record_put {
	uint64_t first_id;
	int64_t put_ms, end_ms;
	uint32_t uid;
	uint8_t evict, name_len, replace, reserved;
	uint32_t flags[]; /* of each descriptor; then the name */
};

struct record_range {
	uint64_t first, last;
};

struct record_name {
	uint8_t len;
	char text[];
};

#endif
