/*
 * accept.h - what an issuer sent after a stick is put onto it, by whoever has it: no code, and no key (oncestick-protocol(7),
 * ACCEPTING).
 *
 * A list by accept_notice. A refill by accept_open, accept_fits and accept_install, in this order: the first two change nothing,
 * and after the third the stick has the new codes, or the refill can be accepted again, wherever it was cut short.
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"
#include "grant.h"
#include "notice.h"
#include "provision.h"
#include "refillfile.h"
#include "stick.h"

/*
 * accept_notice(s, grants, issuer, file, written, f): a notice of issuer onto the stick s, which has these grants, unless it has it
 * or a newer one; file.n == 0: nothing to write. *written, unless NULL, says whether it was written. Errors: E_FILESYSTEM,
 * E_READONLY, E_SPACE, E_STICK_IO, E_STICK_BUSY, E_FAIL.
 */
enum err accept_notice(const struct stick *s, const struct stick_grants *grants, const uint8_t issuer[KEY_SIZE], struct bytes file,
    bool *written, struct fault *f);

/* A refill on its way onto a stick. All zeros to begin with; accept_free in the end. */
struct accept {
	struct refillfile file; /* borrows from what accept_open was given */
	struct grant grant;
	struct notice notice; /* number 0: none */
	struct provision *p;  /* the stick */
	uint8_t *ratchet;     /* R_n of the refill's number, secret memory */
	uint8_t *cells;
	bool there; /* it was cut short when all but a copy of the stick record was written */
};

/*
 * accept_open(a, file, f): verify a file that refillfile_guess takes for a refill. Errors: E_REFILL (WHY_CHANGED: no issuer signed
 * it so; WHY_NEWER: a newer program made it), E_FAIL.
 */
enum err accept_open(struct accept *a, struct bytes file, struct fault *f);

/*
 * accept_fits(a, dir_fd, f): whether the stick at dir_fd can have it; the stick is a's until accept_free. Errors: those of
 * provision_take, E_REFILL (WHY_OTHER_STICK; WHY_LECTURE_GONE: its lecture is not on the stick; WHY_CHANGED: it does not open, or
 * its number is out of all bounds), E_REFILL_USED (it was accepted before, or a later one was), E_ISSUER (WHY_ANOTHER_ISSUER),
 * E_NOTICE_MISSING (it demands a newer list than there is), E_BUNDLE, E_SPACE (full; WHY_ENTRIES).
 */
enum err accept_fits(struct accept *a, int dir_fd, struct fault *f);

/*
 * accept_install(a, written, f): the list, the codes, and then the stick moves on, so that the refill opens no second time.
 * *written says whether the stick got the list. Errors: E_SPACE, E_READONLY, E_STICK_IO, E_STICK_BUSY, E_FAIL.
 */
enum err accept_install(struct accept *a, bool *written, struct fault *f);

void accept_free(struct accept *a);

#endif
