/*
 * told.h - what long work has reported (report.h), in one suite at a time.
 */
#ifndef TOLD_H
#define TOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <check.h>

#include "report.h"

static struct {
	/* set by the test */
	enum report_phase phase; /* the only one that may be */
	bool singly;             /* each step is one */
	bool stop;               /* the person wants to stop */
	unsigned stop_at;        /* ... after so many updates */
	/* what was told */
	unsigned started, ended, updates;
	uint64_t done, all;
	bool ok;
} told;

static void
told_start(void *arg, enum report_phase phase)
{
	(void)arg;
	ck_assert_int_eq(phase, told.phase);
	told.started++;
}

static void
told_update(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	ck_assert(done >= told.done && done <= all);
	if (told.singly)
		ck_assert_uint_eq(done, told.done + 1);
	told.done = done;
	told.all = all;
	told.updates++;
}

static void
told_end(void *arg, bool ok)
{
	(void)arg;
	told.ended++;
	told.ok = ok;
}

static bool
told_stopped(void *arg)
{
	(void)arg;
	return told.stop || told.updates == told.stop_at;
}

static const struct report report = {.start = told_start, .update = told_update, .end = told_end, .stopped = told_stopped};

#endif
