/*
 * refill.h - more codes for a lecture that is already on a stick: none of its files is packed, read or written.
 *
 * For a stick in hand: refill_take, which changes nothing, then refill_make. For one that is away: refill_away.
 */
#ifndef REFILL_H
#define REFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "grant.h"
#include "identity.h"
#include "issuer.h"
#include "lecture.h"
#include "manifest.h"
#include "provision.h"
#include "report.h"

/* Start with all zeros, except for what is wanted. */
struct refill {
	const struct report *report; /* NULL: nobody listens */

	/* what is wanted, set by the caller */
	const char *path; /* the stick's name for people; raw bytes. Borrowed, like fd */
	int fd;		  /* its directory */
	uint32_t codes;
	struct lectures lectures; /* wanted; owned: which could be meant */
	int64_t not_before, expires;
	uint32_t session_s;
	bool bind_usb; /* codes open only on this device, as they do anyway if the lecture's other codes do */

	struct issuer *issuer; /* opened, and unlocked; borrowed */

	/* owned */
	struct provision *p;
	struct identity identity; /* its device, if grant.policy.usb, and for WHY_NO_IDENTITY */
	struct grant grant;
	struct manifest manifest;
	uint8_t *manifest_file;
	size_t manifest_n;
	uint8_t *ck, *a; /* content key, stretched codes: secret memory */
	uint8_t *notice; /* the newest, NULL if there is none */
	size_t notice_n;
};

/*
 * refill_take(r, f): look at the stick, and find the lecture. Errors: those of provision_begin; E_NO_STICK (nothing of ours is on
 * it); E_NO_GRANT (it has no lecture; WHY_NO_LECTURE: not the one that was meant); E_USAGE (WHY_WHICH_LECTURE: several could be
 * meant, which r->lectures lists); E_BUNDLE (what is on it is not what its issuer signed); E_WRONG_STICK (WHY_COPY: its codes are
 * bound to another device; WHY_NO_IDENTITY); E_SPACE (WHY_NO_ROOM: it has as many lectures and refills as it can have; or it is
 * full).
 */
enum err refill_take(struct refill *r, struct fault *f);

/*
 * refill_make(r, f): make the codes, in the books and on the stick. After a failure none of them opens anything, and the books
 * have none. Errors: those of granting_make, E_INTERRUPTED, E_MEMORY, E_STICK_BUSY.
 */
enum err refill_make(struct refill *r, struct fault *f);

/*
 * refill_away(r, stick_id, keep, arg, f): the codes: in the books, and in a file, which accept_open takes; r->path is what the
 * stick is called, and r->fd is not used. keep, called once with the whole file, makes it durable; only then the books have the
 * codes, and if they refuse them the file is worth nothing. Errors: those of keep, E_NO_GRANT (the books know of no lecture on the
 * stick; WHY_NO_LECTURE), E_USAGE (WHY_WHICH_LECTURE), E_WRONG_STICK (WHY_NOT_BOUND), E_BOOKS, E_INTERRUPTED, E_MEMORY, E_FAIL.
 */
enum err refill_away(struct refill *r, const uint8_t stick_id[ID_SIZE],
    enum err (*keep)(void *arg, struct bytes file, struct fault *f), void *arg, struct fault *f);

void refill_free(struct refill *r);

#endif
