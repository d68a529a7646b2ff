/*
 * fuzz_refillfile.c - the bytes as a refill: what is accepted is what refillfile_encode makes, its parts lie inside, and cells that
 * open are those that are sealed so.
 */
#include "cbor_mutator.h"
#include "fuzz.h"

#include "grant.h"
#include "refillfile.h"

/* R_1 of the test vectors. */
static const uint8_t ratchet[KEY_SIZE] = {0x49, 0xa4, 0xdd, 0xaa, 0xb7, 0xaf, 0x71, 0x3a, 0xcb, 0x04, 0x19, 0x4c, 0x70, 0x50,
    0x05, 0xf5, 0x44, 0xde, 0x6e, 0x64, 0x6f, 0x1b, 0xa2, 0x1d, 0xa2, 0x01, 0x03, 0x94, 0xeb, 0xbc, 0x2b, 0xfb};

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return cbor_mutate(data, size, max, seed);
}

static void
is_inside(struct bytes part, const uint8_t *data, size_t size)
{
	FUZZ_HOLDS(part.n == 0 || (part.p >= data && part.n <= size && part.p + part.n <= data + size));
}

static void
try_cells(const struct refillfile *r)
{
	struct grant g = {0};
	uint8_t *cells = NULL, *sealed = NULL;

	if (grant_open(&g, r->grant) != ENVELOPE_OK)
		return;
	fuzz_took(1);
	FUZZ_HOLDS((cells = malloc(refillfile_cells(&g))) != NULL);
	if (refillfile_open(cells, ratchet, &g, r->sealed) == 0) {
		fuzz_took(2);
		FUZZ_HOLDS((sealed = refillfile_seal(ratchet, &g, cells)) != NULL);
		FUZZ_HOLDS(memcmp(sealed, r->sealed.p, r->sealed.n) == 0);
	}
	free(sealed);
	free(cells);
	grant_free(&g);
}

const unsigned fuzz_parts = 3; /* its form, its grant, its cells */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refillfile r;
	uint8_t *again = NULL;
	size_t n = 0;

	if (refillfile_parse(&r, BYTES(data, size)) != 0) {
		FUZZ_HOLDS(r.grant.p == NULL && r.sealed.p == NULL && r.notice.p == NULL);
		return 0;
	}
	fuzz_took(0);
	FUZZ_HOLDS(refillfile_guess(BYTES(data, size)));
	is_inside(r.grant, data, size);
	is_inside(r.sealed, data, size);
	is_inside(r.notice, data, size);
	FUZZ_HOLDS((again = refillfile_encode(&r, &n)) != NULL);
	FUZZ_HOLDS(n == size && memcmp(again, data, n) == 0);
	free(again);
	try_cells(&r);
	return 0;
}
