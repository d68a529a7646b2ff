/*
 * reporting.h - what the issuer's long work reports, on the terminal; SIGINT stops it.
 */
#ifndef REPORTING_H
#define REPORTING_H

#include "cli.h"
#include "progress.h"
#include "report.h"

struct reporting {
	const struct cli *c;
	struct progress bar;
	struct report report;
};

/* reporting_to(r, c): the table that reports to c's terminal; it is in r, as long as r is there. */
const struct report *reporting_to(struct reporting *r, const struct cli *c);

#endif
