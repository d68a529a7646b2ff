/*
 * readahead.h - recognising who reads one open file in order, and how far ahead to go for him.
 *
 * Arithmetic only: no locks, no I/O. Offsets are of the image. Two places of a file are followed at once, because films are read
 * at two (sound and picture). The first read at a place asks for nothing ahead, so that a seek costs what was asked for; each
 * further step doubles the window, and once it is full it is filled up when half of it was read.
 */
#ifndef READAHEAD_H
#define READAHEAD_H

#include <stdint.h>

#define READAHEAD_PLACES 2u
#define READAHEAD_WINDOW_MAX 32u /* blocks */

struct readahead_place {
	uint64_t reach;         /* end of the furthest read here */
	uint64_t asked;         /* first block that was not asked for yet */
	uint64_t turn;          /* when it was last used; 0: never */
	unsigned window;        /* blocks ahead of reach */
};

/* All zero is a file that nobody has read. */
struct readahead {
	struct readahead_place place[READAHEAD_PLACES];
	uint64_t turns;
};

/* What to do about a read: first the blocks nobody will want any more, then those to fetch. A count may be 0. */
struct readahead_plan {
	uint64_t forget_first, forget_count;
	uint64_t fetch_first, fetch_count;
	int busier;             /* by how many the places that are read in order have changed: -1, 0, 1 */
};

/*
 * readahead_next(r, off, len, end, limit): the plan for a read of len bytes, at least 1, at off, in a file that ends at end, with
 * at most limit blocks ahead (1..READAHEAD_WINDOW_MAX).
 */
struct readahead_plan readahead_next(struct readahead *r, uint64_t off, uint64_t len, uint64_t end, unsigned limit);

/* readahead_busy(r): how many places are read in order: the sum of all busier so far. */
int readahead_busy(const struct readahead *r);

/* readahead_drop(r, i): the plan for place i, below READAHEAD_PLACES, when the file is closed. Only forget_* and busier are set. */
struct readahead_plan readahead_drop(struct readahead *r, unsigned i);

#endif
