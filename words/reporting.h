/*
 * reporting.h - shows on the terminal what the issuer's long work reports; SIGINT stops the work.
 */
#ifndef REPORTING_H
#define REPORTING_H

#include "term.h"
#include "progress.h"
#include "report.h"

struct reporting {
	const struct cli *c;
	struct progress bar;
	struct report report;
};

/* reporting_to(r, c): the table that reports to c's terminal. It is part of r, and valid as long as r. */
const struct report *reporting_to(struct reporting *r, const struct cli *c);

#endif
