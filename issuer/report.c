/*
 * report.c - calling whoever is listening.
 */
#include "report.h"

#include <stddef.h>

void
report_start(const struct report *r, enum report_phase phase)
{
	if (r != NULL)
		r->start(r->arg, phase);
}

void
report_update(const struct report *r, uint64_t done, uint64_t all)
{
	if (r != NULL)
		r->update(r->arg, done, all);
}

void
report_end(const struct report *r, bool ok)
{
	if (r != NULL)
		r->end(r->arg, ok);
}

void
report_tell(const struct report *r, const struct report_news *news)
{
	if (r != NULL)
		r->tell(r->arg, news);
}

bool
report_stopped(const struct report *r)
{
	return r != NULL && r->stopped(r->arg);
}
