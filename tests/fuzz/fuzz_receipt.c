/*
 * fuzz_receipt.c - the bytes as a receipt, as a station's file of receipts, and as an enrolment request: what is accepted is what
 * the same program writes.
 */
#include "cbor_mutator.h"
#include "fuzz.h"

#include "enrolment.h"
#include "receipt.h"
#include "receipts.h"

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return cbor_mutate(data, size, max, seed);
}

static void
try_receipt(struct bytes in)
{
	struct receipt r, again;
	uint8_t out[RECEIPT_ENCODED_MAX];
	size_t n;

	if (receipt_parse(&r, in) != 0)
		return;
	fuzz_took(0);
	FUZZ_HOLDS(r.spent_at >= TIME_MIN && r.spent_at <= TIME_MAX && r.flags < 32);
	FUZZ_HOLDS((n = receipt_encode(&r, out)) <= RECEIPT_ENCODED_MAX);
	FUZZ_HOLDS(receipt_parse(&again, BYTES(out, n)) == 0 && memcmp(&again, &r, sizeof r) == 0);
	/* A part that may be absent may also be there and be 0; it is not written again. */
	FUZZ_HOLDS(n <= in.n && (n < in.n || memcmp(out, in.p, n) == 0));
}

static void
try_receipts(struct bytes in)
{
	struct receipt_row *rows = NULL;
	struct receipts_from from;
	size_t count = 0, n = 0;
	uint8_t *out = NULL;

	receipts_from(in, &from);
	if (receipts_parse(in, &rows, &count) != 0)
		return;
	fuzz_took(1);
	for (size_t i = 0; i < count; i++) {
		FUZZ_HOLDS(rows[i].slot < GRANT_SLOTS_MAX);
		FUZZ_HOLDS(rows[i].body.n > MAC_SIZE && rows[i].body.n <= MAC_SIZE + RECEIPT_MAX);
		FUZZ_HOLDS(rows[i].body.p >= in.p && rows[i].body.p + rows[i].body.n <= in.p + in.n);
		try_receipt(BYTES(rows[i].body.p, rows[i].body.n - MAC_SIZE));
	}
	FUZZ_HOLDS((out = receipts_encode_from(&from, rows, count, &n)) != NULL);
	FUZZ_HOLDS(n == in.n && memcmp(out, in.p, n) == 0);
	free(out);
	free(rows);
}

static void
try_enrolment(struct bytes in)
{
	struct enrolment e;
	uint8_t *out = NULL;
	size_t n = 0;

	if (enrolment_parse(&e, in) != 0)
		return;
	fuzz_took(2);
	FUZZ_HOLDS((out = enrolment_encode(&e, &n)) != NULL);
	FUZZ_HOLDS(n == in.n && memcmp(out, in.p, n) == 0);
	free(out);
}

const unsigned fuzz_parts = 3; /* a receipt, a file of them, an enrolment */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_receipt(BYTES(data, size));
	try_receipts(BYTES(data, size));
	try_enrolment(BYTES(data, size));
	return 0;
}
