/*
 * fuzz_grant.c - the payload of a grant: what is accepted is what grant_encode makes, within bounds, and opens once it is signed.
 */
#include "cbor_mutator.h"
#include "fuzz.h"
#include "signing.h"

#include "grant.h"

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return cbor_mutate(data, size, max, seed);
}

static void
check(const struct grant *g)
{
	FUZZ_HOLDS(g->bundle_count >= 1 && g->bundle_count <= GRANT_BUNDLES_MAX);
	FUZZ_HOLDS(g->slots >= 1 && g->slots <= GRANT_SLOTS_MAX);
	FUZZ_HOLDS(g->issued >= TIME_MIN && g->issued <= TIME_MAX);
	FUZZ_HOLDS(g->policy.not_before >= TIME_MIN && g->policy.not_before < g->policy.expires && g->policy.expires <= TIME_MAX);
	FUZZ_HOLDS(g->policy.session_s >= SESSION_MIN_S && g->policy.session_s <= SESSION_MAX_S);
	FUZZ_HOLDS(strnlen(g->label, sizeof g->label) <= LABEL_MAX && strnlen(g->contact, sizeof g->contact) <= LABEL_MAX);
	for (uint32_t i = 0; i < g->slots; i++)
		FUZZ_HOLDS(grant_slot(g, g->locators[i]) == (int)i);
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grant g, again;
	uint8_t hash[HASH_SIZE], *payload = NULL, *file = NULL, *payload_again = NULL;
	size_t n = 0, len = 0, n_again = 0;

	if (grant_parse(&g, BYTES(data, size)) != 0) {
		FUZZ_HOLDS(g.locators == NULL && g.slots == 0);
		return 0;
	}
	fuzz_took(0);
	check(&g);
	memcpy(hash, g.hash, HASH_SIZE);
	FUZZ_HOLDS((payload = grant_encode(&g, &n)) != NULL);
	FUZZ_HOLDS(n == size && memcmp(payload, data, n) == 0);
	FUZZ_HOLDS(memcmp(hash, g.hash, HASH_SIZE) == 0);
	if ((file = signing_file(ENVELOPE_GRANT, BYTES(payload, n), &len)) != NULL) {
		FUZZ_HOLDS(grant_open(&again, BYTES(file, len)) == ENVELOPE_OK);
		memcpy(again.issuer, g.issuer, KEY_SIZE);
		FUZZ_HOLDS((payload_again = grant_encode(&again, &n_again)) != NULL);
		FUZZ_HOLDS(n_again == n && memcmp(payload_again, payload, n) == 0);
		grant_free(&again);
	}
	grant_free(&g);
	free(payload);
	free(payload_again);
	free(file);
	return 0;
}
