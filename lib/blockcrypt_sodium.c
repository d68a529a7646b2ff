/*
 * blockcrypt_sodium.c - block crypto by libsodium: always built, the reference.
 */
#include "blockcrypt.h"

#include <stdlib.h>

#include <sodium.h>

#include "blockcrypt_impl.h"

/* libsodium keeps nothing between blocks, so the context is just its head. */
static struct blockcrypt *
sodium_open(void)
{
	if (sodium_init() < 0)
		return NULL;
	return calloc(1, sizeof(struct blockcrypt));
}

static void
sodium_close(struct blockcrypt *b)
{
	free(b);
}

static int
sodium_leaves(struct blockcrypt *b, uint8_t out[BLOCK_LEAVES][HASH_SIZE], const uint8_t block[BLOCK_SIZE])
{
	(void)b;
	for (size_t i = 0; i < BLOCK_LEAVES; i++)
		(void)crypto_hash_sha256(out[i], block + i * LEAF_SIZE, LEAF_SIZE);
	return 0;
}

/* SHA-256 of n bytes behind the prefix. */
static int
hash_at(uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t *data, size_t n)
{
	crypto_hash_sha256_state st;
	uint8_t prefix[BLOCKCRYPT_PREFIX_SIZE];

	blockcrypt_prefix(prefix, level, index);
	(void)crypto_hash_sha256_init(&st);
	(void)crypto_hash_sha256_update(&st, prefix, sizeof prefix);
	(void)crypto_hash_sha256_update(&st, data, n);
	return crypto_hash_sha256_final(&st, out);
}

static int
sodium_join(struct blockcrypt *b, uint8_t out[HASH_SIZE], unsigned level, uint64_t index, uint8_t leaves[BLOCK_LEAVES][HASH_SIZE])
{
	(void)b;
	return hash_at(out, level, index, leaves[0], BLOCK_LEAVES * HASH_SIZE);
}

void
blockcrypt_hash_before_0_1_0(uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t block[BLOCK_SIZE])
{
	(void)hash_at(out, level, index, block, BLOCK_SIZE);
}

static int
sodium_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index)
{
	uint8_t nonce[BLOCKCRYPT_NONCE_SIZE];

	(void)b;
	blockcrypt_nonce(nonce, index);
	if (crypto_stream_chacha20_ietf_xor_ic(block, block, BLOCK_SIZE, nonce, 0, ck) == 0)
		return 0;
	sodium_memzero(block, BLOCK_SIZE);
	return -1;
}

const struct blockcrypt_impl blockcrypt_sodium = {
	.name = "libsodium",
	.open = sodium_open,
	.close = sodium_close,
	.leaves = sodium_leaves,
	.join = sodium_join,
	.crypt = sodium_crypt,
};
