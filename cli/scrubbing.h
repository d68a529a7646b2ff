/*
 * scrubbing.h - filling the free space of several sticks, which takes hours: those on different devices at the same time.
 */
#ifndef SCRUBBING_H
#define SCRUBBING_H

#include <stddef.h>

#include "cli.h"
#include "error.h"

struct scrubbing {
	int fd;		    /* where the stick is mounted; -1: not this one */
	struct fault fault; /* set: what scrub_free_space says */
};

/* scrubbing(c, list, count): scrub_free_space for each, with one bar for all. A fault that stops all is also that of the others. */
void scrubbing(const struct cli *c, struct scrubbing *list, size_t count);

#endif
