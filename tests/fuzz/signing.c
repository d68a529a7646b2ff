#include "signing.h"

#include <sodium.h>

#include "fuzz.h"
#include "keytree.h"

#define ISSUER_OFFSET 6u

void
signing_keys(uint8_t pk[KEY_SIZE], uint8_t sk[SIGN_SECRET_SIZE])
{
	uint8_t seed[KEY_SIZE];

	FUZZ_HOLDS(sodium_init() >= 0);
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	keytree_sign(pk, sk, seed);
}

uint8_t *
signing_file(enum envelope_type type, struct bytes payload, size_t *n)
{
	uint8_t pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], *copy, *file;

	if (payload.n < ISSUER_OFFSET + KEY_SIZE)
		return NULL;
	signing_keys(pk, sk);
	copy = fuzz_copy(payload);
	memcpy(copy + ISSUER_OFFSET, pk, KEY_SIZE);
	file = envelope_sign(type, BYTES(copy, payload.n), sk, n);
	free(copy);
	return file;
}
