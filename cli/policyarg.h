/*
 * policyarg.h - when codes open, and for how long, as given on the command line.
 */
#ifndef POLICYARG_H
#define POLICYARG_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

/* As given; NULL: not given. lecture is the time of the lecture. */
struct policyarg {
	const char *lecture, *not_before, *expires, *session;
};

struct policyarg_times {
	int64_t not_before, expires;
	uint32_t session_s;
};

/*
 * policyarg_read(c, said, now, out): what that means at now. It repeats each time in full. Return false if something is wrong,
 * which it has said.
 */
bool policyarg_read(const struct cli *c, const struct policyarg *said, int64_t now, struct policyarg_times *out);

#endif
