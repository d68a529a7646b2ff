/*
 * granting.h - making a grant: codes on a stick for a bundle that is on it, under a policy.
 */
#ifndef GRANTING_H
#define GRANTING_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "grant.h"
#include "issuer.h"
#include "manifest.h"
#include "mint.h"
#include "provision.h"

/* What a grant is for, and what it is made from. All borrowed. */
struct granting {
	const struct issuer *issuer; /* unlocked */
	struct provision **p;	     /* the stick, which look may open again */
	const struct manifest *manifest;
	struct bytes manifest_file; /* the same, signed; empty: the books have it */
	const uint8_t *ck;	    /* content key of the bundle */
	const uint8_t *a;	    /* stretched codes (mint_stretch) */
	const uint8_t *usb;	    /* HASH_SIZE bytes with policy.usb, otherwise NULL */
	const char *verb;	    /* which verb makes it, for the books */

	/* whether the device itself has what was written to the stick, reopening *p from there; NULL: nobody looks */
	enum err (*look)(void *arg, struct fault *f);
	void *look_arg;
};

/*
 * granting_make(w, g, f): sign g, seal its cells, try each of them, write everything to the stick, and enter it in the books; its
 * codes are then ready. g has stick_id, id, slots, policy (without station and ledger), label and notice_min; the rest is filled
 * in. After a failure none of its codes opens anything, and the books have none of them; provision_clean removes what is left on
 * the stick. Errors: those of mint_grant, provision_grant, look and books_add_grant; E_SLOT_DAMAGED (a cell does not open),
 * E_STICK_IO (WHY_FORGETS).
 */
enum err granting_make(const struct granting *w, struct grant *g, struct fault *f);

/*
 * granting_away(w, g, m, f): the same for a stick that is away, inside the caller's transaction: sign g, seal its cells, try each,
 * and book it; w->p and w->look are not used. What was minted is the caller's.
 */
enum err granting_away(const struct granting *w, struct grant *g, struct minted *m, struct fault *f);

#endif
