/*
 * report.h - how far long work is, told to whoever started it, and whether he wants it to stop.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* A step of long work. What is counted in each is in brackets. */
enum report_phase {
	REPORT_READING, /* records and receipts (codes) */
	REPORT_FILLING  /* free space (bytes) */
};

/* What the caller of long work is told; arg is his. One thread at a time, but for stopped, which any may call. */
struct report {
	void (*start)(void *arg, enum report_phase phase);
	void (*update)(void *arg, uint64_t done, uint64_t all);
	void (*end)(void *arg, bool ok); /* of the step that was started last */
	bool (*stopped)(void *arg);      /* whether the work is to be given up */
	void *arg;
};

/* The same through r, which may be NULL: nobody listens. */
void report_start(const struct report *r, enum report_phase phase);
void report_update(const struct report *r, uint64_t done, uint64_t all);
void report_end(const struct report *r, bool ok);
bool report_stopped(const struct report *r);

#endif
