/*
 * blockcrypt_openssl.c - block crypto by OpenSSL's libcrypto: SHA instructions and wide vectors where the processor has them.
 */
#include "blockcrypt.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "blockcrypt_impl.h"

#define IV_SIZE (4 + BLOCKCRYPT_NONCE_SIZE) /* EVP_chacha20 takes le32(counter) || nonce */

/* Algorithms are fetched once per context: fetching takes a lock, and costs more than hashing a small message. */
struct openssl_ctx {
	struct blockcrypt head;
	EVP_MD *md;
	EVP_CIPHER *cipher;
	EVP_MD_CTX *mdctx;
	EVP_CIPHER_CTX *cctx;
};

static const uint8_t no_key[KEY_SIZE];

static struct openssl_ctx *
ctx_of(struct blockcrypt *b)
{
	return (struct openssl_ctx *)b;
}

static void
openssl_close(struct blockcrypt *b)
{
	struct openssl_ctx *c = ctx_of(b);

	EVP_CIPHER_CTX_free(c->cctx);
	EVP_MD_CTX_free(c->mdctx);
	EVP_CIPHER_free(c->cipher);
	EVP_MD_free(c->md);
	free(c);
}

static struct blockcrypt *
openssl_open(void)
{
	struct openssl_ctx *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	c->cipher = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
	c->mdctx = EVP_MD_CTX_new();
	c->cctx = EVP_CIPHER_CTX_new();
	if (c->md == NULL || c->cipher == NULL || c->mdctx == NULL || c->cctx == NULL ||
	    EVP_CIPHER_get_iv_length(c->cipher) != IV_SIZE || EVP_CIPHER_get_key_length(c->cipher) != KEY_SIZE ||
	    EVP_EncryptInit_ex2(c->cctx, c->cipher, NULL, NULL, NULL) != 1) {
		openssl_close(&c->head);
		return NULL;
	}
	return &c->head;
}

static int
openssl_leaves(struct blockcrypt *b, uint8_t out[BLOCK_LEAVES][HASH_SIZE], const uint8_t block[BLOCK_SIZE])
{
	struct openssl_ctx *c = ctx_of(b);
	int ok = 1;

	for (size_t i = 0; ok == 1 && i < BLOCK_LEAVES; i++)
		ok = EVP_DigestInit_ex2(c->mdctx, c->md, NULL) == 1 &&
		    EVP_DigestUpdate(c->mdctx, block + i * LEAF_SIZE, LEAF_SIZE) == 1 &&
		    EVP_DigestFinal_ex(c->mdctx, out[i], NULL) == 1;
	return ok == 1 ? 0 : -1;
}

static int
openssl_join(struct blockcrypt *b, uint8_t out[HASH_SIZE], unsigned level, uint64_t index, uint8_t leaves[BLOCK_LEAVES][HASH_SIZE])
{
	struct openssl_ctx *c = ctx_of(b);
	uint8_t prefix[BLOCKCRYPT_PREFIX_SIZE];

	blockcrypt_prefix(prefix, level, index);
	if (EVP_DigestInit_ex2(c->mdctx, c->md, NULL) != 1 || EVP_DigestUpdate(c->mdctx, prefix, sizeof prefix) != 1 ||
	    EVP_DigestUpdate(c->mdctx, leaves, BLOCK_LEAVES * HASH_SIZE) != 1 || EVP_DigestFinal_ex(c->mdctx, out, NULL) != 1)
		return -1;
	return 0;
}

static int
openssl_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index)
{
	EVP_CIPHER_CTX *cctx = ctx_of(b)->cctx;
	uint8_t iv[IV_SIZE];
	int n = 0, ok;

	store_le32(iv, 0);
	blockcrypt_nonce(iv + 4, index);
	ok = EVP_EncryptInit_ex2(cctx, NULL, ck, iv, NULL) == 1 &&
	    EVP_EncryptUpdate(cctx, block, &n, block, (int)BLOCK_SIZE) == 1 && n == (int)BLOCK_SIZE;
	/* The context outlives the session and is ordinary memory: leave neither key nor key stream in it. */
	if (EVP_EncryptInit_ex2(cctx, NULL, no_key, iv, NULL) != 1)
		ok = 0;
	if (ok)
		return 0;
	OPENSSL_cleanse(block, BLOCK_SIZE);
	return -1;
}

const struct blockcrypt_impl blockcrypt_openssl = {
	.name = "libcrypto",
	.open = openssl_open,
	.close = openssl_close,
	.leaves = openssl_leaves,
	.join = openssl_join,
	.crypt = openssl_crypt,
};
