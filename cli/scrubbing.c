/*
 * scrubbing.c - a thread for each device, and the sum of what they have done.
 */
#include "scrubbing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "progress.h"
#include "reporting.h"
#include "scrub.h"
#include "several.h"
#include "stop.h"

struct one {
	struct scrubbing *s;
	struct report report;
	_Alignas(8) _Atomic uint64_t done, all;
};

struct sum {
	struct one *list;
	size_t count;
	struct progress bar;
};

static void
on_start(void *arg, enum report_phase phase)
{
	(void)arg;
	(void)phase;
}

static void
on_update(void *arg, uint64_t done, uint64_t all)
{
	struct one *o = arg;

	atomic_store(&o->done, done);
	atomic_store(&o->all, all);
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	(void)ok;
}

static bool
on_stopped(void *arg)
{
	(void)arg;
	return stop_asked();
}

static void
scrub_one(void *arg, size_t k)
{
	struct sum *sum = arg;
	struct one *o = &sum->list[k];

	(void)scrub_free_space(&o->report, o->s->fd, &o->s->fault);
}

static void
show(void *arg)
{
	struct sum *sum = arg;
	uint64_t done = 0, all = 0;

	for (size_t k = 0; k < sum->count; k++) {
		done += atomic_load(&sum->list[k].done);
		all += atomic_load(&sum->list[k].all);
	}
	if (all > 0)
		progress_update(&sum->bar, done, all);
}

static void
scrub_at_once(const struct cli *c, struct scrubbing *list, size_t count, struct several_place *places, struct one *ones)
{
	struct sum sum = {.list = ones, .count = count};
	bool ok = true;

	for (size_t k = 0; k < count; k++) {
		ones[k].s = &list[k];
		ones[k].report = (struct report){on_start, on_update, on_end, NULL, on_stopped, &ones[k]};
		(void)several_look(places, k, list[k].fd, "", NULL);
		atomic_store(&ones[k].all, places[k].there ? scrub_bytes(list[k].fd) : 0);
	}
	progress_start(&sum.bar, c, "filling");
	if (several_run(&(struct several_work){scrub_one, show, &sum}, places, count) != 0)
		fault_set(&list[0].fault, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t k = 0; k < count; k++)
		ok = ok && list[k].fault.err == E_OK;
	show(&sum);
	progress_end(&sum.bar, ok);
}

void
scrubbing(const struct cli *c, struct scrubbing *list, size_t count)
{
	struct several_place *places = calloc(count, sizeof *places);
	struct one *ones = calloc(count, sizeof *ones);
	struct reporting reporting;
	size_t wanted = 0, last = 0;

	for (size_t k = 0; k < count; k++)
		if (list[k].fd >= 0) {
			wanted++;
			last = k;
		}
	if (wanted == 1)
		(void)scrub_free_space(reporting_to(&reporting, c), list[last].fd, &list[last].fault);
	else if (wanted > 1 && (places == NULL || ones == NULL))
		fault_set(&list[last].fault, E_FAIL, ENOMEM, "memory", "for sticks");
	else if (wanted > 1)
		scrub_at_once(c, list, count, places, ones);
	free(places);
	free(ones);
}
