/*
 * report.h - how far long work is, told to whoever started it, and whether he wants it to stop.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "pack.h"
#include "usb.h"

/* A step of long work. What is counted in each is in brackets. */
enum report_phase {
	REPORT_READING,       /* records and receipts (codes) */
	REPORT_FILLING,       /* free space (bytes) */
	REPORT_WRITING,       /* a bundle (bytes) */
	REPORT_CODES,         /* stretching, where that takes longer than writing (codes) */
	REPORT_VERIFYING,     /* what was written (bytes) */
	REPORT_READING_AGAIN, /* the same, where another process serves it, so that it verifies less */
};

/* What people should know, though the work goes on. */
enum report_kind {
	REPORT_FOLDER_ON_STICK, /* what is packed lies on the stick that it is locked on */
	REPORT_WEAK_IDENTITY,   /* codes are bound to device, whose warnings say what of */
	REPORT_SAME_IDENTITY,   /* another stick in the books has that of the one at path */
	REPORT_FILE_SYSTEM,     /* that of the stick at path, name, does not promise to overwrite in place */
	REPORT_CHANGED,         /* change happened to path, a file of the folder */
	REPORT_CHANGED_MORE,    /* the same, count files that were not told of */
	REPORT_DEBRIS,          /* count unfinished things of an earlier run were removed from a stick */
};

struct report_news {
	enum report_kind kind;
	const char *path, *name; /* raw bytes */
	const struct usb_device *device;
	enum pack_note_kind change;
	unsigned count;
};

/* What the caller of long work is told; arg is his. One thread at a time, but for stopped, which any may call. */
struct report {
	void (*start)(void *arg, enum report_phase phase);
	void (*update)(void *arg, uint64_t done, uint64_t all);
	void (*end)(void *arg, bool ok); /* of the step that was started last */
	void (*tell)(void *arg, const struct report_news *news);
	bool (*stopped)(void *arg);      /* whether the work is to be given up */
	void *arg;
};

/* The same through r, which may be NULL: nobody listens. */
void report_start(const struct report *r, enum report_phase phase);
void report_update(const struct report *r, uint64_t done, uint64_t all);
void report_end(const struct report *r, bool ok);
void report_tell(const struct report *r, const struct report_news *news);
bool report_stopped(const struct report *r);

#endif
