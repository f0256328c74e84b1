/* SPDX-License-Identifier: MIT
 * form.h - the written form of what a twin has, for an upgrade: the one place where it leaves its memory.
 *
 * A head, then records, each with its length.  A program reads its own version and older ones; what a newer
 * one wrote it refuses.  What changes the meaning of a record is a new version; what a record gains is at its
 * end, and an older one of the same version passes over it. */
#ifndef STORE_FORM_H
#define STORE_FORM_H

#include "store.h"

#define FORM_MAGIC "fdferry\n"
#define FORM_VERSION 1

enum { FORM_STORE = 1, FORM_ENTRY, FORM_DONE, FORM_STATE, FORM_ABOVE, FORM_GONE };

struct form_head {
	char magic[8];
	uint32_t version, reserved;
	uint64_t size; /* of all of it */
};

struct form_record {
	uint32_t len; /* with this and the padding to 8 bytes */
	uint32_t what;
};

struct form_store {
	uint64_t next_id, max_fds, max_clients, most_fds;
	uint64_t max_own_fds, max_own_clients, max_unread, most_unread, idle_ms;
	uint32_t patience_ms, mode;
	int32_t notify, door, lock, page_fd, link_end, bell, twin;
	uint32_t dir_len;
	char dir[];
};

struct form_entry {
	uint64_t id;
	int64_t put_ms, end_ms;
	int32_t fd;
	uint32_t flags, uid;
	uint8_t evict, again, name_len;
	char name[];
};

struct form_done {
	uint64_t first_id;
	uint32_t count, uid;
	uint8_t op, id_len;
	char id[];
};

struct form_above {
	uint64_t removed;
	int32_t sock;
	uint32_t behind;
};

struct form_gone {
	uint64_t number, before;
	uint32_t name_len;
	char name[];
};

int form_write(const struct store *s);
int form_read(struct store *s, int fd);

#endif
