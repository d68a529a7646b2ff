/*
 * blockcrypt_impl.h - what an implementation of blockcrypt.h knows about the context. For blockcrypt*.c only.
 */
#ifndef BLOCKCRYPT_IMPL_H
#define BLOCKCRYPT_IMPL_H

#include "blockcrypt.h"
#include "bytes.h"

/* The first member of every implementation's context; blockcrypt_new fills it in. */
struct blockcrypt {
	const struct blockcrypt_impl *impl;
};

extern const struct blockcrypt_impl blockcrypt_sodium;
extern const struct blockcrypt_impl blockcrypt_openssl; /* only where libcrypto was found */
extern const struct blockcrypt_impl blockcrypt_ipsecmb; /* only where libipsec-mb was found */

#define BLOCKCRYPT_PREFIX_SIZE 21 /* u8(11), the label, level, index */
#define BLOCKCRYPT_NONCE_SIZE 12

/* blockcrypt_open(impl): blockcrypt_new for exactly this one. */
struct blockcrypt *blockcrypt_open(const struct blockcrypt_impl *impl);

/* blockcrypt_prefix(out, level, index): the bytes that are hashed before the leaves of a block. */
static inline void
blockcrypt_prefix(uint8_t out[BLOCKCRYPT_PREFIX_SIZE], unsigned level, uint64_t index)
{
	static const uint8_t label[] = {0x0b, 'o', 'n', 'c', 'e', '1', '/', 'b', 'l', 'o', 'c', 'k'};

	for (size_t i = 0; i < sizeof label; i++)
		out[i] = label[i];
	out[sizeof label] = (uint8_t)level;
	store_le64(out + sizeof label + 1, index);
}

/* blockcrypt_nonce(out, index): the ChaCha20 nonce of data block index. */
static inline void
blockcrypt_nonce(uint8_t out[BLOCKCRYPT_NONCE_SIZE], uint64_t index)
{
	store_le32(out, 0);
	store_le64(out + 4, index);
}

#endif
