/*
 * fixture.h - a real stick in a temporary directory, made by the issuer's own code, for tests of what reads it.
 *
 * One issuer, one stick, one small bundle; any number of grants. Every function fails the test by itself if something goes wrong.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "books.h"
#include "clock.h"
#include "error.h"
#include "grant.h"
#include "manifest.h"
#include "notice.h"
#include "stick.h"

#define FIXTURE_NOW 1800000000ll        /* what the fixture's clock says at first */
#define FIXTURE_SLOTS 3

struct fixture {
	char path[64];
	int dir_fd;
	uint8_t seed[KEY_SIZE], pk[KEY_SIZE], sk[64], ck[KEY_SIZE];
	uint8_t stick_id[ID_SIZE], bundle_id[ID_SIZE];
	struct manifest manifest;
	int64_t now, boot;              /* what fixture_clock tells */
	int start;                      /* of the PC that boot counts from; 0: nobody knows which */
	int64_t issued;                 /* of grants that are made from now on */
	const char *label, *contact;
};

struct fixture_grant {
	struct grant g;
	char codes[FIXTURE_SLOTS][CODE_SYMBOLS];
};

void fixture_open(struct fixture *x);
void fixture_close(struct fixture *x);

/* fixture_policy(): from an hour ago until tomorrow, four hours a session, no factor. */
struct policy fixture_policy(void);

/* fixture_grant(x, out, policy, notice_min): write a grant of FIXTURE_SLOTS codes to the stick. usb: HASH_SIZE bytes or NULL. */
void fixture_grant(struct fixture *x, struct fixture_grant *out, struct policy policy, uint32_t notice_min, const uint8_t *usb);
void fixture_grant_free(struct fixture_grant *g);

/* fixture_notice(x, grant_id, slot, number): put a notice on the stick that revokes one slot (grant_id NULL: none). */
void fixture_notice(struct fixture *x, const uint8_t *grant_id, uint32_t slot, uint32_t number);

/* fixture_manifest(x, m): sign *m instead of the manifest that is there, so that a grant made afterwards names it. */
void fixture_manifest(struct fixture *x, struct manifest *m);

/*
 * fixture_image(x, image, blocks): sign and encrypt so many blocks in the place of the packed image, so that a grant made
 * afterwards opens them, whatever they hold.
 */
void fixture_image(struct fixture *x, const uint8_t *image, uint64_t blocks);

/* fixture_clock(x): a clock that reads x->now and x->boot, and x->start for its witness. */
struct clock_source fixture_clock(struct fixture *x);

/* fixture_slot(x, g, slot, out): both copies of a slot's record, as they are on the stick. */
void fixture_slot(struct fixture *x, const struct grant *g, uint32_t slot, struct stick_slot *out);

/* fixture_patch(x, name, off, data, n): overwrite n bytes of the file name (below ONCE), which must exist. */
void fixture_patch(struct fixture *x, const char *name, uint64_t off, const void *data, size_t n);

/* fixture_damage(x, g, slot): overwrite both copies of a slot's record with something else. */
void fixture_damage(struct fixture *x, const struct grant *g, uint32_t slot);

/*
 * fixture_put(x, name, data, n): make or replace the file name (below ONCE). fixture_get(x, name, n): its contents, to be freed.
 */
void fixture_put(struct fixture *x, const char *name, const void *data, size_t n);
uint8_t *fixture_get(struct fixture *x, const char *name, size_t *n);

/* fixture_issuer(x, i): the issuer of the stick, unlocked, with books that are empty, in a directory of its own: i->dir. No
 * keystore. The test closes it. */
struct issuer;
void fixture_issuer(struct fixture *x, struct issuer *i);

/* fixture_book(i, g): the grant is new in its books, with every code ready. */
void fixture_book(struct issuer *i, struct grant *g);

/*
 * In the books of i: fixture_hand_out gives the lowest n codes to holder; fixture_change sets the state of one, and fixture_booked
 * has what is there of it, until it is called again; fixture_logged counts how often the log names holder, by a question that
 * reports ask, too.
 */
void fixture_hand_out(struct issuer *i, const struct grant *g, uint32_t n, const char *holder, int64_t at);
void fixture_change(struct issuer *i, const struct grant *g, uint32_t slot, enum books_slot_state state, int64_t at);
const struct books_slot *fixture_booked(struct issuer *i, const struct grant *g, uint32_t slot);
uint64_t fixture_logged(struct issuer *i, const char *holder);

/* fixture_refused(f, e, err, why): e is err, for that why; *f is clear again. */
void fixture_refused(struct fault *f, enum err e, enum err err, enum why why);

/* fixture_lock_name(out, g, copy): "g/<id>/lock.a" or ".b", for fixture_patch. */
void fixture_lock_name(char out[64], const struct grant *g, int copy);

/*
 * fixture_digest(x, out): a hash over names, kinds, modes, sizes and contents of everything on the stick but the probe; of files of
 * a gibibyte or more without their contents.
 */
void fixture_digest(struct fixture *x, uint8_t out[HASH_SIZE]);

#endif
