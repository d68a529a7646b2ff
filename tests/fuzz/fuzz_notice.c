/*
 * fuzz_notice.c - the payload of a notice: what is accepted is what notice_encode makes, and what can be asked of it agrees; one
 * more revoked slot keeps all that were revoked.
 */
#include "cbor_mutator.h"
#include "fuzz.h"
#include "signing.h"

#include "notice.h"

#define LOOKED_AT 4u /* grants of which each slot is asked for */

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return cbor_mutate(data, size, max, seed);
}

/* How many slots below that one are revoked. */
static unsigned
revoked_in(const struct notice *n, const uint8_t grant_id[ID_SIZE], uint32_t below)
{
	unsigned count = 0;

	for (uint32_t slot = 0; slot < below; slot++)
		count += notice_revoked(n, grant_id, slot);
	return count;
}

static unsigned
bits_of(const struct notice_grant *g)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 8u * g->len; i++)
		count += (g->bitmap[i / 8] >> i % 8 & 1) != 0;
	return count;
}

static void
check(const struct notice *n)
{
	FUZZ_HOLDS(n->number >= 1 && n->time >= TIME_MIN && n->time <= TIME_MAX);
	for (size_t i = 0; i < n->grant_count; i++)
		FUZZ_HOLDS(n->grants[i].len >= 1 && n->grants[i].len <= NOTICE_BITMAP_MAX);
	for (size_t i = 0; i < n->grant_count && i < LOOKED_AT; i++)
		FUZZ_HOLDS(revoked_in(n, n->grants[i].grant_id, 8u * n->grants[i].len + 9) == bits_of(&n->grants[i]));
	for (size_t i = 0; i < n->withdrawn_count; i++)
		FUZZ_HOLDS(notice_withdrawn(n, n->withdrawn[i]));
	FUZZ_HOLDS(notice_next_number(n->number, n->time) > n->number || n->number == UINT32_MAX);
}

/* One more: a slot of the first grant that is listed, or of one that is not. */
static void
revoke(struct notice *n, struct bytes seed)
{
	uint8_t id[ID_SIZE], *payload;
	struct notice again;
	uint32_t slot = seed.n > 0 ? seed.p[seed.n - 1] * 17u : 0;
	unsigned before;
	size_t len;

	memset(id, seed.n > 1 ? seed.p[seed.n - 2] : 0, sizeof id);
	if (n->grant_count > 0 && slot % 2 == 0)
		memcpy(id, n->grants[0].grant_id, sizeof id);
	before = revoked_in(n, id, slot + 1) + !notice_revoked(n, id, slot);
	FUZZ_HOLDS(notice_revoke(n, id, GRANT_SLOTS_MAX) == -1);
	if (slot >= GRANT_SLOTS_MAX) {
		FUZZ_HOLDS(notice_revoke(n, id, slot) == -1);
		return;
	}
	FUZZ_HOLDS(notice_revoke(n, id, slot) == 0);
	FUZZ_HOLDS(notice_revoked(n, id, slot) && revoked_in(n, id, slot + 1) == before);
	FUZZ_HOLDS((payload = notice_encode(n, &len)) != NULL);
	FUZZ_HOLDS(notice_parse(&again, BYTES(payload, len)) == 0);
	FUZZ_HOLDS(again.grant_count == n->grant_count && revoked_in(&again, id, slot + 1) == before);
	notice_free(&again);
	free(payload);
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notice n, again;
	uint8_t *payload = NULL, *file = NULL;
	size_t len = 0, file_len = 0;

	if (notice_parse(&n, BYTES(data, size)) != 0) {
		FUZZ_HOLDS(n.grants == NULL && n.withdrawn == NULL);
		return 0;
	}
	fuzz_took(0);
	check(&n);
	FUZZ_HOLDS((payload = notice_encode(&n, &len)) != NULL);
	FUZZ_HOLDS(len == size && memcmp(payload, data, len) == 0);
	if ((file = signing_file(ENVELOPE_NOTICE, BYTES(payload, len), &file_len)) != NULL) {
		FUZZ_HOLDS(notice_open(&again, BYTES(file, file_len)) == ENVELOPE_OK);
		notice_free(&again);
	}
	revoke(&n, BYTES(data, size));
	notice_free(&n);
	free(payload);
	free(file);
	return 0;
}
