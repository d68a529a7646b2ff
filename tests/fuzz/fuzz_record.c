/*
 * fuzz_record.c - pairs of records: what state each copy is in, and what both together are.
 *
 * The input has, for each copy, a byte of what to mend (so that changes get behind the checksum), a length, and so many bytes from
 * the start of the record; zeros follow, and the other copy.
 */
#include <stdbool.h>

#include <sodium.h>

#include "fuzz.h"
#include "kdf.h"
#include "record.h"

#define SECTOR 512u
#define AT_NUMBER 24u
#define AT_LENGTH 28u
#define AT_BODY 32u
#define AT_CHECKSUM 4064u
#define CELL CELL_SIZE(1)

enum mend { MEND_CHECKSUM = 1, MEND_MAGIC = 2, MEND_ID = 4, MEND_LENGTH = 8, MEND_OTHER_MAGIC = 16 };

static const uint8_t grant_id[ID_SIZE] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
static const uint32_t slot = 2;

struct copy {
	uint8_t raw[RECORD_SIZE];
	enum record_state state;
	struct bytes body;
};

static void
read_copy(struct copy *c, struct bytes *in)
{
	unsigned mend = (unsigned)fuzz_number(in, 1), n = (unsigned)fuzz_number(in, 2) % (RECORD_SIZE + 1);
	struct bytes start = fuzz_take(in, n);

	memset(c, 0, sizeof *c);
	if (start.n > 0)
		memcpy(c->raw, start.p, start.n);
	if (mend & MEND_MAGIC)
		memcpy(c->raw, mend & MEND_OTHER_MAGIC ? "ONCESPNT" : "ONCELIVE", 8);
	if (mend & MEND_ID) {
		memcpy(c->raw + 8, grant_id, ID_SIZE);
		store_le32(c->raw + AT_NUMBER, slot);
	}
	if (mend & MEND_LENGTH)
		store_le16(
		    c->raw + AT_LENGTH, mend & MEND_OTHER_MAGIC ? (uint16_t)(start.n > AT_BODY ? start.n - AT_BODY : 0) : CELL);
	if (mend & MEND_CHECKSUM)
		kdf_hash(c->raw + AT_CHECKSUM, "once1/record", &BYTES(c->raw, AT_CHECKSUM), 1);
	c->state = record_slot_state(c->raw, grant_id, slot, CELL, &c->body);
}

/* What is whole is what record_encode makes of its body, and is not what it is at any other place. */
static void
check_copy(const struct copy *c)
{
	uint8_t made[RECORD_SIZE], other_id[ID_SIZE];
	struct bytes none;

	if (c->state == RECORD_IS_DAMAGED) {
		FUZZ_HOLDS(c->body.n == 0);
		return;
	}
	fuzz_took(c->state == RECORD_IS_LIVE ? 1 : 2);
	FUZZ_HOLDS(c->body.p == c->raw + AT_BODY && c->body.n <= RECORD_BODY_MAX);
	FUZZ_HOLDS(c->state != RECORD_IS_LIVE || c->body.n == CELL);
	FUZZ_HOLDS(c->state != RECORD_IS_SPENT || (c->body.n > MAC_SIZE && c->body.n <= MAC_SIZE + RECEIPT_MAX));
	record_encode(made, c->state == RECORD_IS_LIVE ? RECORD_LIVE : RECORD_SPENT, grant_id, slot, c->body);
	FUZZ_HOLDS(memcmp(made, c->raw, RECORD_SIZE) == 0);
	memcpy(other_id, grant_id, ID_SIZE);
	other_id[c->raw[AT_BODY] % ID_SIZE] ^= 1;
	FUZZ_HOLDS(record_slot_state(c->raw, other_id, slot, CELL, &none) == RECORD_IS_DAMAGED);
	FUZZ_HOLDS(record_slot_state(c->raw, grant_id, slot + 1, CELL, &none) == RECORD_IS_DAMAGED);
}

static void
check_stick(const struct copy *c)
{
	uint8_t id[ID_SIZE] = {0}, r[KEY_SIZE], made[RECORD_SIZE];
	struct bytes none;
	uint32_t n = 0;

	if (!record_stick(c->raw, id, &n, r))
		return;
	fuzz_took(0);
	FUZZ_HOLDS(c->state == RECORD_IS_DAMAGED && !sodium_is_zero(id, ID_SIZE));
	record_encode(made, RECORD_STICK, id, n, BYTES(r, KEY_SIZE));
	FUZZ_HOLDS(memcmp(made, c->raw, RECORD_SIZE) == 0);
	FUZZ_HOLDS(record_slot_state(c->raw, id, n, KEY_SIZE, &none) == RECORD_IS_DAMAGED);
	id[c->raw[AT_BODY] % ID_SIZE] ^= 1;
	FUZZ_HOLDS(sodium_is_zero(id, ID_SIZE) || !record_stick(c->raw, id, &n, r));
}

/* b is being written over a, and only the sectors below that one arrived: it is one of the two, or damaged. */
static void
check_torn(const struct copy *a, const struct copy *b, unsigned sectors)
{
	uint8_t torn[RECORD_SIZE];
	struct bytes none;
	enum record_state state;

	memcpy(torn, b->raw, sectors * SECTOR);
	memcpy(torn + sectors * SECTOR, a->raw + sectors * SECTOR, RECORD_SIZE - sectors * SECTOR);
	state = record_slot_state(torn, grant_id, slot, CELL, &none);
	if (memcmp(torn, a->raw, RECORD_SIZE) == 0)
		FUZZ_HOLDS(state == a->state);
	else if (memcmp(torn, b->raw, RECORD_SIZE) == 0)
		FUZZ_HOLDS(state == b->state);
	else if (a->state != RECORD_IS_DAMAGED && b->state != RECORD_IS_DAMAGED)
		FUZZ_HOLDS(state == RECORD_IS_DAMAGED);
}

static void
check_pair(const struct copy *a, const struct copy *b)
{
	bool equal = memcmp(a->raw, b->raw, RECORD_SIZE) == 0;
	enum record_state both = record_merge(a->state, b->state, equal);

	FUZZ_HOLDS(record_merge(b->state, a->state, equal) == both);
	FUZZ_HOLDS(record_merge(a->state, a->state, true) == a->state);
	FUZZ_HOLDS(record_merge(both, both, true) == both);
	FUZZ_HOLDS((both == RECORD_IS_SPENT) == (a->state == RECORD_IS_SPENT || b->state == RECORD_IS_SPENT));
	FUZZ_HOLDS(both != RECORD_IS_LIVE || a->state == RECORD_IS_LIVE || b->state == RECORD_IS_LIVE);
	/* Two keys that differ are no key. */
	FUZZ_HOLDS(both != RECORD_IS_LIVE || a->state != b->state || equal);
	/* Whatever becomes of the copy that was not spent, the code stays dead. */
	for (int other = RECORD_IS_LIVE; other <= RECORD_IS_DAMAGED; other++)
		FUZZ_HOLDS(record_merge(RECORD_IS_SPENT, (enum record_state)other, false) == RECORD_IS_SPENT);
}

const unsigned fuzz_parts = 3; /* a stick, a code that is good, one that is used */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	struct copy *a = malloc(sizeof *a), *b = malloc(sizeof *b);
	unsigned sectors = (unsigned)fuzz_number(&in, 1) % (RECORD_SIZE / SECTOR + 1);

	FUZZ_HOLDS(a != NULL && b != NULL);
	read_copy(a, &in);
	read_copy(b, &in);
	check_copy(a);
	check_copy(b);
	check_stick(a);
	check_torn(a, b, sectors);
	check_pair(a, b);
	free(a);
	free(b);
	return 0;
}
