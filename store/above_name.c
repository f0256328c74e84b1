/* SPDX-License-Identifier: MIT
 * above_name.c - what an entry is called at the manager above: FDNAME= is all that comes back from there
 * besides the descriptor, so that everything else stands in it.
 *
 *   fdferry1,KIND,ID,OPTIONS,FLAGS,UID,PUT_MS,END_MS,NAME
 *
 * All but NAME in hexadecimal.  KIND is f, the descriptor itself, or e, an envelope (envelope.c);
 * fdferry1,l,ID is no entry but the highest id that may have been used. */
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEGIN "fdferry1,"
enum { EVICT = 1 };

/* One for each entry, so that it can be removed alone. */
void above_name_of(const struct entry *e, char ret[ABOVE_NAME_SIZE])
{
	snprintf(ret, ABOVE_NAME_SIZE,
		 BEGIN "%c,%" PRIx64 ",%x,%" PRIx32 ",%lx,%" PRIx64 ",%" PRIx64 ",%.*s",
		 e->again ? 'e' : 'f', e->id, e->evict ? EVICT : 0, e->flags, (unsigned long)e->uid,
		 (uint64_t)e->put_ms, (uint64_t)e->end_ms, ABOVE_NAME_MOST, e->name->text);
}

void above_name_last(uint64_t id, char ret[ABOVE_NAME_SIZE])
{
	snprintf(ret, ABOVE_NAME_SIZE, BEGIN "l,%" PRIx64, id);
}

/* Lower-case digits up to a comma, or to the end, which *at passes over. */
static bool number(const char **at, uint64_t most, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *from = *at, *digit;
	uint64_t n = 0;

	for (; **at != '\0' && **at != ','; (*at)++) {
		digit = strchr(digits, **at);
		if (digit == NULL || n > most >> 4)
			return false;
		n = n << 4 | (uint64_t)(digit - digits);
	}
	if (*at == from || n > most)
		return false;
	*at += **at == ',';
	*ret = n;
	return true;
}

/* False: it is of somebody else. */
bool above_name_read(const char *name, struct above_name *ret)
{
	uint64_t options, flags, uid, put_ms, end_ms;
	char kind;

	*ret = (struct above_name){0};
	if (strncmp(name, BEGIN, strlen(BEGIN)) != 0)
		return false;
	name += strlen(BEGIN);
	kind = *name++;
	if ((kind != 'f' && kind != 'e' && kind != 'l') || *name++ != ',')
		return false;
	ret->again = kind == 'e';
	ret->last = kind == 'l';
	if (!number(&name, INT64_MAX, &ret->id) || ret->id == 0 || ret->last)
		return ret->id != 0 && *name == '\0';
	if (!number(&name, EVICT, &options) || !number(&name, INT32_MAX, &flags) ||
	    !number(&name, UINT32_MAX, &uid) || !number(&name, INT64_MAX, &put_ms) ||
	    !number(&name, INT64_MAX, &end_ms) || *name == '\0')
		return false;
	ret->flags = (uint32_t)flags;
	ret->put = (struct put){.name = name,
				.name_len = strlen(name),
				.put_ms = (int64_t)put_ms,
				.end_ms = (int64_t)end_ms,
				.uid = (uid_t)uid,
				.evict = (options & EVICT) != 0};
	return ret->put.name_len <= ABOVE_NAME_MOST &&
	       fy_name_is_valid(ret->put.name, ret->put.name_len);
}
