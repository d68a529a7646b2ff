/*
 * fuzz_envelope.c - a whole signed file as each of the three types: what is accepted is what envelope_sign makes of its payload,
 * and neither another type nor a changed bit is accepted with it.
 */
#include <stdbool.h>

#include "cbor_mutator.h"
#include "fuzz.h"
#include "signing.h"

#include "grant.h"
#include "manifest.h"
#include "notice.h"

#define TYPES 3

/* Half of the changes are made to the payload of a good file, and signed. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	enum envelope_type type;
	struct bytes payload;
	uint8_t issuer[KEY_SIZE], *file, *changed;
	size_t n = 0;

	if (seed % 2 == 0 || envelope_guess(BYTES(data, size), &type) != 0 ||
	    envelope_open(type, BYTES(data, size), &payload, issuer) != ENVELOPE_OK)
		return cbor_mutate(data, size, max, seed);
	FUZZ_HOLDS((changed = malloc(max)) != NULL);
	memcpy(changed, payload.p, payload.n);
	n = cbor_mutate(changed, payload.n, max, seed / 2);
	file = signing_file(type, BYTES(changed, n), &n);
	free(changed);
	if (file == NULL || n > max) {
		free(file);
		return LLVMFuzzerMutate(data, size, max);
	}
	memcpy(data, file, n);
	free(file);
	return n;
}

static void
try_payload(enum envelope_type type, struct bytes file)
{
	struct manifest m;
	struct grant g;
	struct notice n;
	bool parsed = false;

	if (type == ENVELOPE_MANIFEST) {
		parsed = manifest_open(&m, file) == ENVELOPE_OK;
	} else if (type == ENVELOPE_GRANT) {
		parsed = grant_open(&g, file) == ENVELOPE_OK;
		grant_free(&g);
	} else {
		parsed = notice_open(&n, file) == ENVELOPE_OK;
		notice_free(&n);
	}
	if (parsed)
		fuzz_took(TYPES + (unsigned)type);
}

static void
check(enum envelope_type type, struct bytes file, struct bytes payload, const uint8_t issuer[KEY_SIZE])
{
	uint8_t pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], other[KEY_SIZE], *copy = fuzz_copy(file), *made = NULL;
	struct bytes none;
	size_t n = 0, at = (size_t)(payload.p - file.p) + payload.p[payload.n - 1] * 131u % (payload.n + 66);

	FUZZ_HOLDS(file.n <= envelope_limit(type) && payload.p > file.p && payload.p + payload.n < file.p + file.n);
	signing_keys(pk, sk);
	if (memcmp(pk, issuer, KEY_SIZE) == 0) {
		FUZZ_HOLDS((made = envelope_sign(type, payload, sk, &n)) != NULL);
		FUZZ_HOLDS(n == file.n && memcmp(made, file.p, n) == 0);
	}
	copy[at] ^= (uint8_t)(1u << at % 8);
	FUZZ_HOLDS(envelope_open(type, BYTES(copy, file.n), &none, other) != ENVELOPE_OK);
	free(made);
	free(copy);
}

const unsigned fuzz_parts = 2 * TYPES; /* signed, and what each has inside */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes file = BYTES(data, size);
	enum envelope_type guess = ENVELOPE_MANIFEST;
	uint8_t issuer[KEY_SIZE];
	struct bytes payload;
	bool known = envelope_guess(file, &guess) == 0;

	for (int i = 0; i < TYPES; i++) {
		enum envelope_type type = (enum envelope_type)i;

		if (envelope_open(type, file, &payload, issuer) != ENVELOPE_OK)
			continue;
		fuzz_took((unsigned)type);
		FUZZ_HOLDS(known && guess == type);
		check(type, file, payload, issuer);
		try_payload(type, file);
	}
	return 0;
}
