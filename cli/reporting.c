/*
 * reporting.c - a bar for each step.
 */
#include "reporting.h"

#include "stop.h"
#include "text.h"

static const struct {
	const char *name;
	bool counted;
} phases[] = {
	[REPORT_READING] = {N_("reading"), true},
	[REPORT_FILLING] = {N_("filling"), false},
};

static void
start(void *arg, enum report_phase phase)
{
	struct reporting *r = arg;

	progress_start(&r->bar, r->c, phases[phase].name);
	r->bar.counted = phases[phase].counted;
}

static void
update(void *arg, uint64_t done, uint64_t all)
{
	struct reporting *r = arg;

	progress_update(&r->bar, done, all);
}

static void
end(void *arg, bool ok)
{
	struct reporting *r = arg;

	progress_end(&r->bar, ok);
}

static bool
stopped(void *arg)
{
	(void)arg;
	return stop_asked();
}

const struct report *
reporting_to(struct reporting *r, const struct cli *c)
{
	*r = (struct reporting){.c = c, .report = {start, update, end, stopped, r}};
	return &r->report;
}
