/*
 * refill.h - more codes for a lecture that is on a stick already: none of its media is packed, read or written.
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
#include "manifest.h"
#include "provision.h"
#include "report.h"

/* A lecture of a stick: a bundle, as its newest grant describes it. */
struct refill_lecture {
	uint8_t grant_id[ID_SIZE];
	int64_t issued;
	struct grant_bundle bundle;
	char label[LABEL_MAX + 1];
	bool usb; /* there are codes of it that open on one device only, */
	uint8_t usb_hint[USB_HINT_SIZE];
};

/* All zeros to begin with, but for what is wanted. */
struct refill {
	const struct report *report; /* NULL: nobody listens */

	/* what is wanted, set by the caller */
	const char *path; /* what the stick is called; raw bytes. Borrowed, as fd */
	int fd;		  /* its directory */
	uint32_t codes;
	const char *lecture; /* label, or how an id of it begins (at least 8 hexadecimal digits); NULL: the only one */
	int64_t not_before, expires;
	uint32_t session_s;
	bool bind_usb; /* codes open on this device only, as they do anyway if those of the lecture do */

	struct issuer issuer; /* opened, and unlocked, by the caller */

	/* owned */
	struct provision *p;
	struct refill_lecture *lectures; /* of those that were meant, each once */
	size_t lecture_count, lecture_room;
	struct identity identity; /* of its device, if grant.policy.usb, and for WHY_NO_IDENTITY */
	struct grant grant;
	struct manifest manifest;
	uint8_t *manifest_file;
	size_t manifest_n;
	uint8_t *ck, *a; /* content key, stretched codes: secret memory */
	uint8_t *notice; /* the newest, NULL if there is none */
	size_t notice_n;
};

/*
 * refill_take(r, f): look at the stick, and find the lecture. Errors: those of provision_begin, E_NO_STICK (nothing of ours is on
 * it), E_NO_GRANT (no lecture is on it; WHY_NO_LECTURE: none that was meant), E_USAGE (WHY_WHICH_LECTURE: several, in
 * r->lectures), E_BUNDLE (what is on it is not what was signed), E_WRONG_STICK (WHY_COPY: its codes are bound to another device;
 * WHY_NO_IDENTITY), E_SPACE (WHY_NO_ROOM: there are as many lectures and refills as can be; or it is full).
 */
enum err refill_take(struct refill *r, struct fault *f);

/*
 * refill_make(r, f): the codes: in the books, and on the stick. After a failure no code of them opens, and the books have none.
 * Errors: those of granting_make, E_INTERRUPTED, E_MEMORY, E_STICK_BUSY.
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
