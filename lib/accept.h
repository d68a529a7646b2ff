/*
 * accept.h - putting what an issuer sent after a stick onto it. Whoever has the stick can do it, without a code and without a key
 * (oncestick-protocol(7), ACCEPTING).
 *
 * A list goes through accept_notice. A refill goes through accept_open, accept_fits and accept_install, in this order. The first
 * two change nothing. After the third the stick has the new codes or, if it was cut short anywhere, the refill can be accepted
 * again.
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
 * accept_notice(s, grants, issuer, file, written, f): write a notice of issuer to the stick s, which has these grants, unless it
 * or a newer one is already there. If file.n is 0 there is nothing to write. *written, unless NULL, says whether it was written.
 * Errors: E_FILESYSTEM, E_READONLY, E_SPACE, E_STICK_IO, E_STICK_BUSY, E_FAIL.
 */
enum err accept_notice(const struct stick *s, const struct stick_grants *grants, const uint8_t issuer[KEY_SIZE], struct bytes file,
    bool *written, struct fault *f);

/* A refill on its way onto a stick. Start with all zeros; call accept_free in the end. */
struct accept {
	struct refillfile file; /* borrows from the file given to accept_open */
	struct grant grant;
	struct notice notice; /* number 0: none */
	struct provision *p;  /* the stick */
	uint8_t *ratchet;     /* R_n of the refill's number, secret memory */
	uint8_t *cells;
	bool there; /* an earlier attempt wrote everything but one copy of the stick record */
};

/*
 * accept_open(a, file, f): verify a file that refillfile_guess takes for a refill. Errors: E_REFILL (WHY_CHANGED: no issuer signed
 * it like this; WHY_NEWER: a newer program made it), E_FAIL.
 */
enum err accept_open(struct accept *a, struct bytes file, struct fault *f);

/*
 * accept_fits(a, dir_fd, f): whether the stick at dir_fd can take it; a holds the stick until accept_free. Errors: those of
 * provision_take; E_REFILL (WHY_OTHER_STICK; WHY_LECTURE_GONE: its lecture is not on the stick; WHY_CHANGED: it does not open, or
 * its number is beyond all bounds); E_REFILL_USED (it, or a later one, has been accepted before); E_ISSUER (WHY_ANOTHER_ISSUER);
 * E_NOTICE_MISSING (it demands a newer list than there is); E_BUNDLE; E_SPACE (full; WHY_ENTRIES).
 */
enum err accept_fits(struct accept *a, int dir_fd, struct fault *f);

/*
 * accept_install(a, written, f): write the list and the codes, then move the stick on, so that the refill does not open a second
 * time. *written says whether the list was written to the stick. Errors: E_SPACE, E_READONLY, E_STICK_IO, E_STICK_BUSY, E_FAIL.
 */
enum err accept_install(struct accept *a, bool *written, struct fault *f);

void accept_free(struct accept *a);

#endif
