/*
 * readahead.h - recognising that one open file is being read in order, and how far to read ahead.
 *
 * Arithmetic only: no locks, no I/O. Offsets are in the image. Two places in a file are followed at once, because films are read
 * at two (sound and picture). The first read at a place asks for nothing ahead, so that a seek costs only what was asked for. Each
 * further step doubles the window; a full window is refilled when half of it has been read.
 */
#ifndef READAHEAD_H
#define READAHEAD_H

#include <stdint.h>

#define READAHEAD_PLACES 2u
#define READAHEAD_WINDOW_MAX 32u /* blocks */

struct readahead_place {
	uint64_t reach;         /* end of the furthest read here */
	uint64_t asked;         /* first block that has not been asked for yet */
	uint64_t turn;          /* when it was last used; 0: never */
	unsigned window;        /* blocks ahead of reach */
};

/* All zero is a file that nobody has read. */
struct readahead {
	struct readahead_place place[READAHEAD_PLACES];
	uint64_t turns;
};

/* What to do about a read: forget the blocks that nobody will want any more, then fetch. A count may be 0. */
struct readahead_plan {
	uint64_t forget_first, forget_count;
	uint64_t fetch_first, fetch_count;
	int busier;             /* change in the number of places that are read in order: -1, 0, 1 */
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
