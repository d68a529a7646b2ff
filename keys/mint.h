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

/* What a slot needs to be opened or its receipt checked, from the issuer's side. */
struct mint_slot_keys {
	uint8_t a[KEY_SIZE];            /* the stretched code */
	uint8_t factors[FACTORS_SIZE];
};

/* mint_code(out, seed, grant_id, slot): the 16 symbols of a slot's unlock code. */
void mint_code(char out[CODE_SYMBOLS], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot);

/*
 * mint_stretch(seed, stick_id, grant_id, slots, a, threads, progress, arg): stretch the codes of all slots into a (slots * KEY_SIZE
 * bytes of secret memory), as many at a time as processors and MemAvailable allow. progress is called from the calling thread with
 * the number done; non-zero stops. E_OK, E_MEMORY, E_INTERRUPTED, E_FAIL.
 */
enum err mint_stretch(const uint8_t seed[KEY_SIZE], const uint8_t stick_id[ID_SIZE], const uint8_t grant_id[ID_SIZE],
    uint32_t slots, uint8_t *a, unsigned threads, int (*progress)(void *arg, uint64_t done, uint64_t all), void *arg);

/*
 * mint_grant(g, seed, a, cks, file, n, cells, f): g is complete but for its locators. Fill those from a, sign, and seal every
 * cell: cks is g->bundle_count content keys. *file is the signed grant and *cells g->slots cells of CELL_SIZE(g->bundle_count),
 * both freed by the caller. E_FAIL if two locators are equal (draw another grant id).
 */
enum err mint_grant(struct grant *g, const uint8_t seed[KEY_SIZE], const uint8_t *a, const uint8_t *cks, const uint8_t *usb,
    uint8_t **file, size_t *n, uint8_t **cells, struct fault *f);

/* mint_check_cells(g, a, cells): open every cell again with its code. E_OK or E_SLOT_DAMAGED. */
enum err mint_check_cells(const struct grant *g, const uint8_t seed[KEY_SIZE], const uint8_t *a, const uint8_t *cks,
    const uint8_t *usb, const uint8_t *cells);

/*
 * mint_slot_keys(k, g, seed, slot, usb): the keys of one slot, with factors as the grant's policy demands: the station share from
 * the seed, usb (HASH_SIZE bytes or NULL) from the device or the books. Costs one Argon2id. E_OK or E_MEMORY, E_WRONG_STICK.
 */
enum err mint_slot_keys(struct mint_slot_keys *k, const struct grant *g, const uint8_t seed[KEY_SIZE], uint32_t slot,
    const uint8_t *usb);

#endif
