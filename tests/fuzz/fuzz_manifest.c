/*
 * fuzz_manifest.c - the payload of a manifest: what is accepted is what manifest_encode makes, and opens once it is signed.
 */
#include "cbor_mutator.h"
#include "fuzz.h"
#include "signing.h"

#include "manifest.h"

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return cbor_mutate(data, size, max, seed);
}

static void
check(const struct manifest *m)
{
	FUZZ_HOLDS(m->blocks >= 1 && m->blocks <= DATA_BLOCKS_MAX);
	FUZZ_HOLDS(m->created >= TIME_MIN && m->created <= TIME_MAX);
	FUZZ_HOLDS(strnlen(m->label, sizeof m->label) <= LABEL_MAX);
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m, again;
	uint8_t *payload = NULL, *file = NULL;
	size_t n = 0, len = 0;

	if (manifest_parse(&m, BYTES(data, size)) != 0)
		return 0;
	fuzz_took(0);
	check(&m);
	again = m;
	FUZZ_HOLDS((payload = manifest_encode(&again, &n)) != NULL);
	FUZZ_HOLDS(n == size && memcmp(payload, data, n) == 0);
	FUZZ_HOLDS(memcmp(again.hash, m.hash, HASH_SIZE) == 0);
	if ((file = signing_file(ENVELOPE_MANIFEST, BYTES(payload, n), &len)) != NULL) {
		FUZZ_HOLDS(manifest_open(&again, BYTES(file, len)) == ENVELOPE_OK);
		memcpy(m.issuer, again.issuer, KEY_SIZE);
		memcpy(m.hash, again.hash, HASH_SIZE);
		FUZZ_HOLDS(memcmp(&again, &m, sizeof m) == 0);
	}
	free(payload);
	free(file);
	return 0;
}
