/*
 * mint.h - making a grant with its codes: locators and sealed cells from the seed (oncestick-protocol(7), ISSUING).
 */
#ifndef MINT_H
#define MINT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "format.h"
#include "grant.h"
#include "keytree.h"

/* What it takes, on the issuer's side, to open a slot or check its receipt. */
struct mint_slot_keys {
	uint8_t a[KEY_SIZE];            /* the stretched code */
	uint8_t factors[FACTORS_SIZE];
};

/* The codes of a grant's slots. All borrowed. */
struct mint_codes {
	const uint8_t *seed;                /* KEY_SIZE bytes, secret */
	const uint8_t *stick_id, *grant_id; /* ID_SIZE bytes */
	uint32_t slots;
};

/* What the cells of a grant are made of. All borrowed, and all but usb are secret. */
struct mint_secrets {
	const uint8_t *seed; /* KEY_SIZE bytes */
	const uint8_t *a;    /* KEY_SIZE bytes for each slot, from mint_stretch */
	const uint8_t *cks;  /* KEY_SIZE bytes for each bundle: the content keys */
	const uint8_t *usb;  /* HASH_SIZE bytes; may be NULL unless policy.usb */
};

/* A signed grant, and its cells. The caller frees both. */
struct minted {
	uint8_t *file, *cells;
	size_t file_n;
};

/* mint_code(out, seed, grant_id, slot): the 16 symbols of a slot's unlock code. */
void mint_code(char out[CODE_SYMBOLS], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot);

/*
 * mint_stretch(codes, a, threads, progress, arg): stretch the codes of all slots into a (codes->slots * KEY_SIZE bytes of secret
 * memory), as many at a time as processors, MemAvailable (128 MiB each) and threads (0: no further limit) allow. progress, unless
 * NULL, is called in the calling thread with the number done; if it returns non-zero, stretching stops. E_OK, E_MEMORY,
 * E_INTERRUPTED, E_FAIL; a is zeroed on failure.
 */
enum err mint_stretch(const struct mint_codes *codes, uint8_t *a, unsigned threads,
    int (*progress)(void *arg, uint64_t done, uint64_t all), void *arg);

/*
 * mint_grant(g, s, m, f): g is complete except for what follows from the seed and the codes: issuer, policy.grant_xpk (with
 * policy.station) and locators (an earlier array is freed). Set these, sign, and seal every cell; there are g->slots cells of
 * CELL_SIZE(g->bundle_count). With policy.ledger every slot's release code is stretched, too. On failure m is unchanged, g may
 * have new locators, and its hash is useless. Errors: E_FAIL (two locators are equal: draw another grant id; or a field of g is
 * out of range), E_WRONG_STICK (no usb), E_WRONG_STATION (policy.station_pk is of small order), E_MEMORY.
 */
enum err mint_grant(struct grant *g, const struct mint_secrets *s, struct minted *m, struct fault *f);

/*
 * mint_check_cells(g, s, cells): open every cell again with its code and compare it with s->cks. E_OK, E_SLOT_DAMAGED, or as for
 * mint_grant.
 */
enum err mint_check_cells(const struct grant *g, const struct mint_secrets *s, const uint8_t *cells);

/*
 * mint_slot_keys(k, g, seed, slot, usb): the keys of one slot, with the factors that the grant's policy demands: the station share
 * and the release code come from the seed, usb (HASH_SIZE bytes or NULL) from the device or the books. Takes one Argon2id, two
 * with policy.ledger. The caller wipes k. E_OK, E_MEMORY, E_WRONG_STICK, E_WRONG_STATION; k is zeroed on failure.
 */
enum err mint_slot_keys(struct mint_slot_keys *k, const struct grant *g, const uint8_t seed[KEY_SIZE], uint32_t slot,
    const uint8_t *usb);

#endif
