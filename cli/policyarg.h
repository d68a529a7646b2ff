/*
 * policyarg.h - when codes open, and for how long, as it is said on the command line.
 */
#ifndef POLICYARG_H
#define POLICYARG_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

/* As it was said; NULL: it was not. lecture is the time of the lecture. */
struct policyarg {
	const char *lecture, *not_before, *expires, *session;
};

struct policyarg_times {
	int64_t not_before, expires;
	uint32_t session_s;
};

/* policyarg_read(c, said, now, out): what that means at now; each time is said again in full. False: what is wrong was said. */
bool policyarg_read(const struct cli *c, const struct policyarg *said, int64_t now, struct policyarg_times *out);

#endif
