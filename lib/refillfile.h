/*
 * refillfile.h - new codes for a stick that is away, as a file (oncestick-format(5), The stick record and refills).
 */
#ifndef REFILLFILE_H
#define REFILLFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "format.h"
#include "grant.h"

#define REFILLFILE_MAX (16u << 20)

/* What is in such a file. All borrowed. */
struct refillfile {
	struct bytes grant;  /* signed */
	struct bytes sealed; /* its cells, under the key of the refill */
	struct bytes notice; /* the newest notice, signed; empty: there is none */
};

/* refillfile_guess(file): whether file begins like a refill. This verifies nothing. */
bool refillfile_guess(struct bytes file);

/* refillfile_encode(r, n): the file, which the caller frees, with its length in *n. NULL if there is no memory. */
uint8_t *refillfile_encode(const struct refillfile *r, size_t *n);

/*
 * refillfile_parse(r, file): r borrows from file. Return 0, or -1 with r zeroed: file is not a refill, or one of its parts is too
 * large. Nothing in it is verified.
 */
int refillfile_parse(struct refillfile *r, struct bytes file);

/* refillfile_cells(g): the size of all cells of g in bytes; sealed, they are TAG_SIZE bytes longer. */
size_t refillfile_cells(const struct grant *g);

/*
 * refillfile_seal(ratchet, g, cells): the cells of g, sealed under the key that ratchet, which is R_n for the refill's number n,
 * gives for the hash of g. The caller frees them. NULL if there is no memory.
 */
uint8_t *refillfile_seal(const uint8_t ratchet[KEY_SIZE], const struct grant *g, const uint8_t *cells);

/*
 * refillfile_open(cells, ratchet, g, sealed): the reverse. Return 0, or -1 with cells unchanged if sealed does not belong to this
 * ratchet and this grant, or has not as many cells.
 */
int refillfile_open(uint8_t *cells, const uint8_t ratchet[KEY_SIZE], const struct grant *g, struct bytes sealed);

#endif
