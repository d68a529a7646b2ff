/*
 * quick_kdf.c - Argon2id that takes no time and no memory, for tests that unlock thousands of times. What it makes of a code or a
 * passphrase is secret from nobody, and the same each time.
 */
#include <sodium.h>

#pragma GCC visibility push(default)

int
crypto_pwhash(unsigned char *const out, unsigned long long n, const char *const secret, unsigned long long secret_n,
    const unsigned char *const salt, unsigned long long ops, size_t memory, int alg)
{
	crypto_generichash_state h;

	(void)ops;
	(void)memory;
	(void)alg;
	crypto_generichash_init(&h, salt, crypto_pwhash_SALTBYTES, (size_t)n);
	crypto_generichash_update(&h, (const unsigned char *)secret, secret_n);
	crypto_generichash_final(&h, out, (size_t)n);
	return 0;
}
