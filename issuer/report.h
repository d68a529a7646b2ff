/*
 * report.h - telling whoever started long work how far it is, and asking whether it should stop.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "pack.h"
#include "usb.h"

/* A step of long work. Brackets say what is counted. */
enum report_phase {
	REPORT_READING,       /* records and receipts (codes) */
	REPORT_FILLING,       /* free space (bytes) */
	REPORT_WRITING,       /* a bundle (bytes) */
	REPORT_CODES,         /* stretching, where that takes longer than writing (codes) */
	REPORT_VERIFYING,     /* reading back what was written (bytes) */
	REPORT_READING_AGAIN, /* the same, but another process serves it, so that it proves less */
};

/* What people should know, although the work continues. */
enum report_kind {
	REPORT_FOLDER_ON_STICK, /* the folder to be packed is on the very stick that it is packed onto */
	REPORT_WEAK_IDENTITY,   /* codes are bound to device, whose warnings say what is weak */
	REPORT_SAME_IDENTITY,   /* another stick in the books has the identity of the stick at path */
	REPORT_FILE_SYSTEM,     /* name, the file system of the stick at path, does not promise to overwrite in place */
	REPORT_CHANGED,         /* change happened to path, a file of the folder */
	REPORT_CHANGED_MORE,    /* the same, for count more files that were not reported */
	REPORT_DEBRIS,          /* count unfinished things of an earlier run were removed from a stick */
};

struct report_news {
	enum report_kind kind;
	const char *path, *name; /* raw bytes */
	const struct usb_device *device;
	enum pack_note_kind change;
	unsigned count;
};

/* How the caller of long work is told; arg is the caller's. One thread at a time, except for stopped, which any thread may call. */
struct report {
	void (*start)(void *arg, enum report_phase phase);
	void (*update)(void *arg, uint64_t done, uint64_t all);
	void (*end)(void *arg, bool ok); /* ends the step that was started last */
	void (*tell)(void *arg, const struct report_news *news);
	bool (*stopped)(void *arg);      /* whether to give up the work */
	void *arg;
};

/* The same through r; NULL: nobody is listening. */
void report_start(const struct report *r, enum report_phase phase);
void report_update(const struct report *r, uint64_t done, uint64_t all);
void report_end(const struct report *r, bool ok);
void report_tell(const struct report *r, const struct report_news *news);
bool report_stopped(const struct report *r);

#endif
