/*
 * fuzz_keystore.c - the issuer's keystore file: what is accepted has one form, and asks for no more memory than is allowed.
 *
 * crypto_pwhash is replaced by a hash that costs nothing, so that what comes after it is reached; the first byte says whether the
 * seed is sealed anew with it, and for which public key.
 */
#include <stdbool.h>

#include <sodium.h>

#include "cbor_mutator.h"
#include "fuzz.h"
#include "keystore.h"
#include "keytree.h"
#include "seal.h"
#include "secret.h"

#define AT_PK 6u
#define AT_SALT (AT_PK + KEY_SIZE + 2)
#define AT_SEALED (AT_SALT + ID_SIZE + 11)
#define FILE_SIZE (AT_SEALED + KEY_SIZE + TAG_SIZE)
#define PASS BYTES("correct horse", 13)

/* libsodium's, as far as keystore.c is concerned. */
int
crypto_pwhash(unsigned char *const out, unsigned long long out_n, const char *const pw, unsigned long long n,
    const unsigned char *const salt, unsigned long long passes, size_t memory, int alg)
{
	FUZZ_HOLDS(passes >= 3 && passes <= 10 && memory >= (size_t)256 << 20 && memory <= (size_t)1 << 30);
	FUZZ_HOLDS(alg == crypto_pwhash_ALG_ARGON2ID13 && out_n == KEY_SIZE);
	return crypto_generichash(out, (size_t)out_n, (const unsigned char *)pw, n, salt, ID_SIZE);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (size < 2 || max < 2 || seed % 16 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return 1 + cbor_mutate(data + 1, size - 1, max - 1, seed / 16);
}

static void
seal_anew(uint8_t *file, unsigned how)
{
	uint8_t seed[KEY_SIZE], sk[SIGN_SECRET_SIZE], kek[KEY_SIZE];

	memset(seed, 7, sizeof seed);
	if (how % 2 == 0)
		keytree_sign(file + AT_PK, sk, seed);
	FUZZ_HOLDS(crypto_pwhash(kek, KEY_SIZE, (const char *)PASS.p, PASS.n, file + AT_SALT, 3, (size_t)256 << 20,
		       crypto_pwhash_ALG_ARGON2ID13) == 0);
	seal_close(file + AT_SEALED, kek, seed, KEY_SIZE, BYTES(file + AT_PK, KEY_SIZE));
}

/* Everything of the file but its secrets is told by its fields. */
static void
check_form(const uint8_t *file, size_t n)
{
	static const uint8_t start[] = {0xa6, 1, 1, 2, 0x58, KEY_SIZE};
	const uint8_t *p = file + AT_SALT + ID_SIZE;

	FUZZ_HOLDS(n == FILE_SIZE && memcmp(file, start, sizeof start) == 0);
	FUZZ_HOLDS(file[AT_SALT - 2] == 3 && file[AT_SALT - 1] == 0x50);
	FUZZ_HOLDS(p[0] == 4 && p[1] >= 3 && p[1] <= 10 && p[2] == 5 && p[3] == 0x1a);
	FUZZ_HOLDS(memcmp(p + 4, "\x00\x04\x00\x00", 4) >= 0 && memcmp(p + 4, "\x00\x10\x00\x00", 4) <= 0);
	FUZZ_HOLDS(p[8] == 6 && p[9] == 0x58 && p[10] == KEY_SIZE + TAG_SIZE);
}

const unsigned fuzz_parts = 2; /* in its form, and what opens */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	unsigned how = (unsigned)fuzz_number(&in, 1);
	uint8_t *file = fuzz_copy(in), *seed = NULL;
	struct fault f = {0};
	enum err e;

	FUZZ_HOLDS(sodium_init() >= 0);
	e = keystore_unseal(BYTES(file, in.n), BYTES(NULL, 0), &seed, &f);
	FUZZ_HOLDS((e == E_KEYSTORE || e == E_PASSPHRASE) && f.err == e && seed == NULL);
	if (e == E_PASSPHRASE) {
		fuzz_took(0);
		check_form(file, in.n);
		if (how % 4 < 2)
			seal_anew(file, how);
		e = keystore_unseal(BYTES(file, in.n), PASS, &seed, &f);
		FUZZ_HOLDS(e == E_OK || e == E_KEYSTORE || e == E_PASSPHRASE);
		if (e == E_OK)
			fuzz_took(1);
		FUZZ_HOLDS((e == E_OK) == (seed != NULL));
		FUZZ_HOLDS(how % 4 != 0 || e == E_OK);
		secret_free(&seed);
		file[(how * 7u) % FILE_SIZE] ^= 1;
		FUZZ_HOLDS(
		    keystore_unseal(BYTES(file, in.n), PASS, &seed, &f) != E_OK || (how * 7u) % FILE_SIZE >= AT_SALT + ID_SIZE);
		secret_free(&seed);
	}
	free(file);
	return 0;
}
