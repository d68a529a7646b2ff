/*
 * seal.c - ChaCha20-Poly1305 with the zero nonce.
 */
#include "seal.h"

#include <sodium.h>

static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

void
seal_close(uint8_t *out, const uint8_t key[KEY_SIZE], const uint8_t *m, size_t n, struct bytes aad)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, m, n, aad.p, aad.n, NULL, zero_nonce, key);
}

int
seal_open(uint8_t *m, const uint8_t key[KEY_SIZE], const uint8_t *c, size_t n, struct bytes aad)
{
	if (n < TAG_SIZE)
		return -1;
	/* Without an output this only checks the tag; with one, a failure would overwrite m with zeros. */
	if (crypto_aead_chacha20poly1305_ietf_decrypt(NULL, NULL, NULL, c, n, aad.p, aad.n, zero_nonce, key) != 0)
		return -1;
	return crypto_aead_chacha20poly1305_ietf_decrypt(m, NULL, NULL, c, n, aad.p, aad.n, zero_nonce, key);
}
