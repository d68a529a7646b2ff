/*
 * seal.h - sealing under a key that seals one message only: ChaCha20-Poly1305 (RFC 8439) with nonce zero.
 *
 * The zero nonce is sound because every key used here can, by how it is derived, only ever be asked to seal the same bytes
 * (oncestick-format(5), KEY TREE).
 */
#ifndef SEAL_H
#define SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "format.h"

/* seal_close(out, key, m, n, aad): write the n bytes at m, sealed, and their tag to the n + TAG_SIZE bytes at out. */
void seal_close(uint8_t *out, const uint8_t key[KEY_SIZE], const uint8_t *m, size_t n, struct bytes aad);

/*
 * seal_open(m, key, c, n, aad): open the n bytes at c (tag included, n >= TAG_SIZE) into the n - TAG_SIZE bytes at m. Return 0, or
 * -1 with m unchanged if key, aad or any bit of c differs from the sealer's.
 */
int seal_open(uint8_t *m, const uint8_t key[KEY_SIZE], const uint8_t *c, size_t n, struct bytes aad);

#endif
