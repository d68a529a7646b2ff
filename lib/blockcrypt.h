/*
 * blockcrypt.h - the two operations that every block of content goes through: SHA-256 bound to a position, and ChaCha20.
 *
 * Three implementations produce the same bytes. libsodium's is always built and is the reference. libcrypto's, where configure
 * finds it, uses the processor's SHA and vector instructions. libipsec-mb's, on amd64, hashes the leaves of a block side by side
 * in vector registers, and leaves the rest to the best of the other two. A context belongs to one thread at a time.
 */
#ifndef BLOCKCRYPT_H
#define BLOCKCRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

struct blockcrypt; /* a thread's context */

struct blockcrypt_impl {
	const char *name; /* "libsodium", "libcrypto", "libipsec-mb" */
	struct blockcrypt *(*open)(void);
	void (*close)(struct blockcrypt *);
	int (*leaves)(struct blockcrypt *, uint8_t out[BLOCK_LEAVES][HASH_SIZE], const uint8_t block[BLOCK_SIZE]);
	int (*join)(struct blockcrypt *, uint8_t out[HASH_SIZE], unsigned level, uint64_t index,
	    uint8_t leaves[BLOCK_LEAVES][HASH_SIZE]);
	int (*crypt)(struct blockcrypt *, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index);
};

/*
 * blockcrypt_impls(): all implementations that were built, fastest first, ending with NULL. This processor may not be able to run
 * all.
 */
const struct blockcrypt_impl *const *blockcrypt_impls(void);

/*
 * blockcrypt_new(impl): a context of impl or, if impl is NULL, of the fastest implementation that this processor can run. NULL if
 * there is no memory, if impl needs another processor, or if impl was tried on a block and its result differed from that of the
 * next one.
 */
struct blockcrypt *blockcrypt_new(const struct blockcrypt_impl *impl);

/* blockcrypt_name(b): the name of the implementation that b uses. */
const char *blockcrypt_name(const struct blockcrypt *b);

/* blockcrypt_free(b): wipe and release *b, unless it is NULL, and set it to NULL. */
void blockcrypt_free(struct blockcrypt **b);

/*
 * blockcrypt_hash(b, out, level, index, block): the hash of block at its place in the tree; level 0 is data. out := SHA-256(0x0b
 * || "once1/block" || u8(level) || le64(index) || leaf 0 || ... || leaf 15), where leaf i is SHA-256 of the i-th LEAF_SIZE bytes
 * of block. Return 0, or -1 if the library refuses (no memory).
 */
int blockcrypt_hash(struct blockcrypt *b, uint8_t out[HASH_SIZE], unsigned level, uint64_t index,
    const uint8_t block[BLOCK_SIZE]);

/*
 * blockcrypt_hash_before_0_1_0(out, level, index, block): what versions before 0.1.0 used instead of blockcrypt_hash: the block
 * itself behind the same prefix, without leaves. Only for recognising a stick that such a version made.
 */
void blockcrypt_hash_before_0_1_0(uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t block[BLOCK_SIZE]);

/*
 * blockcrypt_crypt(b, block, ck, index): encrypt or decrypt data block index in place with ChaCha20 (RFC 8439), counter 0, nonce
 * 0^4 || le64(index). Return 0, or -1 as above, with block wiped.
 */
int blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index);

#endif
