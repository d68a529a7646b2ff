/*
 * rehearsal.h - everything that opening a stick needs on this PC, tried without spending anything.
 *
 * Each thing that is found is told at once. The time of the lectures decides last, so that everything else is known by then.
 */
#ifndef REHEARSAL_H
#define REHEARSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle.h"
#include "error.h"
#include "format.h"
#include "place.h"
#include "stick.h"
#include "unlock.h"
#include "usb.h"

enum rehearsal_found {
	/* this is right */
	REHEARSAL_STICK,        /* info has who it is */
	REHEARSAL_BUNDLE,       /* signatures, sizes, notices, and the right to write */
	REHEARSAL_MEMORY,
	REHEARSAL_FOLDER,
	REHEARSAL_FENCE,
	REHEARSAL_CLOCK,
	REHEARSAL_LECTURE,      /* lecture can be opened now, or at a later time */
	REHEARSAL_CODE,         /* early: but not yet */
	/* this has to be told, and is no reason to stop */
	REHEARSAL_FORGETFUL,    /* the PC's memory does not survive its being switched off */
	REHEARSAL_CLOCK_BEHIND, /* the clock says an earlier time than the issuer signed */
	REHEARSAL_CLOCK_BACK,   /* ... than a code was opened at */
	REHEARSAL_OVER          /* the time of lecture */
};

struct rehearsal {
	/* set by the caller, who also closes at */
	struct place at;
	bool with_code;         /* rehearsal_code follows */
	void (*found)(void *arg, enum rehearsal_found what);
	void *arg;

	/* what is known so far */
	struct unlock_info info;
	struct stick_grants grants;
	const struct grant *lecture; /* of REHEARSAL_LECTURE and REHEARSAL_OVER */
	bool none_opens;        /* at this time no code opens any lecture: why rehearsal_try failed */
	int64_t last;           /* when the last lecture was over; 0: none is */
	bool early;             /* the code is right, but it is too early for it */

	/* its own */
	struct stick *stick;
	struct usb_dir usb;
	struct station *station;
	struct unlock *unlock;
};

/*
 * rehearsal_try(r, f): everything but code and content. Errors: those of station_open, unlock_look, unlock_check, stick_open,
 * fusefs_possible, mountpoint_home, mountpoint_try and trial_run; E_STATION (WHY_NO_HOME), E_MEMORY, E_NO_STICK, E_FAIL; with
 * none_opens, E_EARLY or E_EXPIRED.
 */
enum err rehearsal_try(struct rehearsal *r, struct fault *f);

/* rehearsal_code(r, code, f): whether code opens the stick. Errors: those of unlock_try, but being early alone is none. */
enum err rehearsal_code(struct rehearsal *r, const char code[CODE_SYMBOLS], struct fault *f);

/* rehearsal_read(r, i, check, f): read every block of r->grants.grants[i]. Errors: those of bundle_open and bundle_verify. */
enum err rehearsal_read(const struct rehearsal *r, size_t i, struct bundle_check *check, struct fault *f);

/* rehearsal_end(r): release what it has, also after a failure; info stays. */
void rehearsal_end(struct rehearsal *r);

#endif
