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

/* What is in it. All borrowed. */
struct refillfile {
	struct bytes grant;  /* signed */
	struct bytes sealed; /* its cells, under the key of the refill */
	struct bytes notice; /* the newest, signed; empty: there is none */
};

/* refillfile_guess(file): whether file begins as a refill does. Trusts nothing. */
bool refillfile_guess(struct bytes file);

/* refillfile_encode(r, n): the file, to be freed by the caller. NULL if there is no memory. */
uint8_t *refillfile_encode(const struct refillfile *r, size_t *n);

/*
 * refillfile_parse(r, file): r borrows from file. Return 0, or -1 with r zeroed: file is no refill, or one of its parts is larger
 * than any is. Nothing in it is verified.
 */
int refillfile_parse(struct refillfile *r, struct bytes file);

/* refillfile_cells(g): the bytes of all cells of g; its sealed cells are TAG_SIZE bytes more. */
size_t refillfile_cells(const struct grant *g);

/*
 * refillfile_seal(ratchet, g, cells): the cells of g, sealed under what ratchet, R_n of the refill's number, makes of its hash; to
 * be freed by the caller. NULL if there is no memory.
 */
uint8_t *refillfile_seal(const uint8_t ratchet[KEY_SIZE], const struct grant *g, const uint8_t *cells);

/*
 * refillfile_open(cells, ratchet, g, sealed): the reverse. Return 0, or -1 with cells untouched if they are not of this ratchet,
 * this grant, and as many.
 */
int refillfile_open(uint8_t *cells, const uint8_t ratchet[KEY_SIZE], const struct grant *g, struct bytes sealed);

#endif
