/*
 * kdf.h - the labelled hash and key derivation (BLAKE2b, RFC 7693) and code stretching (Argon2id, RFC 9106).
 *
 * A label is ASCII, starts with "once1/", and is used for one purpose with inputs of one shape (oncestick-format(5), PRIMITIVES).
 */
#ifndef KDF_H
#define KDF_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "format.h"

/*
 * kdf_hash(out, label, x, nx): out := BLAKE2b-256(u8(len label) || label || x[0] || ... || x[nx-1]), unkeyed.
 */
void kdf_hash(uint8_t out[HASH_SIZE], const char *label, const struct bytes *x, size_t nx);

/*
 * kdf_key(out, len, key, label, x, nx): out := the len (16..64) bytes of BLAKE2b keyed with key over the same input as kdf_hash.
 */
void kdf_key(uint8_t *out, size_t len, const uint8_t key[KEY_SIZE], const char *label, const struct bytes *x, size_t nx);

#define KDF_STRETCH_MEMORY (64u << 20) /* bytes of RAM that one kdf_stretch needs */

/*
 * kdf_stretch(out, pw, n, salt): out := Argon2id v1.3 of the n bytes at pw, with t = 2, m = 64 MiB, p = 1. These are the constants
 * of version 1, which nothing on a stick can change. Return 0, or -1 if there is not enough memory.
 */
int kdf_stretch(uint8_t out[KEY_SIZE], const void *pw, size_t n, const uint8_t salt[ID_SIZE]);

/*
 * kdf_stretch_possible(): 1 if the memory for one kdf_stretch can be mapped now and MemAvailable (proc(5)) covers it, otherwise 0.
 */
int kdf_stretch_possible(void);

#endif
