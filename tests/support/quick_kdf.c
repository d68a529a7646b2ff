/*
 * quick_kdf.c - Argon2id that takes no time and no memory, for tests that unlock thousands of times. What it makes of a code or a
 * passphrase is secret from nobody, and the same each time. ONCE_KDF_WAIT_MS in the environment: each takes so many milliseconds,
 * for who has to come between two of them.
 */
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#pragma GCC visibility push(default)

int
crypto_pwhash(unsigned char *const out, unsigned long long n, const char *const secret, unsigned long long secret_n,
    const unsigned char *const salt, unsigned long long ops, size_t memory, int alg)
{
	crypto_generichash_state h;
	const char *wait = getenv("ONCE_KDF_WAIT_MS");
	const long ms = wait != NULL ? atol(wait) : 0; /* NOLINT(cert-err34-c): a test wrote it */

	if (ms > 0)
		nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
	(void)ops;
	(void)memory;
	(void)alg;
	crypto_generichash_init(&h, salt, crypto_pwhash_SALTBYTES, (size_t)n);
	crypto_generichash_update(&h, (const unsigned char *)secret, secret_n);
	crypto_generichash_final(&h, out, (size_t)n);
	return 0;
}
