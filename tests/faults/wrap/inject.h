/* SPDX-License-Identifier: MIT
 * inject.h - system calls of the library that fail when a test says so.
 *
 * The program is linked with --wrap for each call in inject.c.  Between fault_at and fault_end the
 * calls are counted, and one of them fails without having been made (close: after having been made,
 * which is what Linux does). */
#ifndef FAULTS_INJECT_H
#define FAULTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>

struct fault_seen {
	const char *call; /* the one that was to fail; NULL: there were not so many */
	int err;          /* what it failed with; 0: it has fewer ways to fail, and did not */
	unsigned calls;   /* how many there were in all */
};

void fault_at(unsigned call, unsigned which);
struct fault_seen fault_end(void);

/* Until fault_end: the call of this name fails with err, once, and as many of them before it do not.  For
 * one error of one call; each use adds another. */
void fault_call(const char *call, unsigned behind, int err);

/* From fault_at to fault_end each sendmsg takes at most so many bytes; 0: all. */
void fault_cut_sends(size_t bytes);

/* One operation of the library.  What before() opens, undo() closes; after() looks at what has become
 * of it and closes what the operation has given. */
struct fault_case {
	const char *name;
	void (*before)(void);
	int (*op)(void);
	void (*after)(int r, const struct fault_seen *seen);
	void (*undo)(void);
	const int *also; /* errors that it may turn another one into; ends in 0; or NULL */
	int expected;    /* what it returns if nothing fails; most of them give >= 0, which is 0 */
	unsigned fewest; /* calls that must have been seen, or the wrapping does not work */
};

/* Runs it with each call failing in each way in turn. */
void fault_each(const struct fault_case *c);

#endif
