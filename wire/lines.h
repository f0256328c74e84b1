/* SPDX-License-Identifier: MIT
 * lines.h - datagrams of KEY=VALUE lines, as sd_notify(3) has them; pure, and private to the project. */
#ifndef WIRE_LINES_H
#define WIRE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define FY_LINES_MOST 4096 /* bytes of one datagram; service managers ignore what is longer */
#define FY_NAME_MOST 255   /* bytes of the name of a descriptor */

/* What is left to read of a datagram, which must stay where it is. */
struct fy_lines {
	const char *at, *end;
};

struct fy_line {
	const char *key;
	size_t key_len;
	const char *value; /* NULL: the line has no '=' */
	size_t value_len;
};

int fy_lines_begin(struct fy_lines *lines, const void *data, size_t len);
bool fy_lines_next(struct fy_lines *lines, struct fy_line *ret);
bool fy_line_is(const struct fy_line *line, const char *key);

/* A datagram in the making; starts zeroed. */
struct fy_lines_out {
	size_t len;
	char bytes[FY_LINES_MOST];
};

int fy_lines_put(struct fy_lines_out *out, const struct fy_line *line);

bool fy_name_is_valid(const char *name, size_t len);

#endif
