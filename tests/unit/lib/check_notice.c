/*
 * check_notice.c - notices: the vector, the list in memory. What is refused of one is in check_payload.c.
 */
#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "payload.h"
#include "suite.h"

#define GRANT_A "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define GRANT_B "50a0a1a2a3a4a5a6a7a8a9aaabacadaeb0"

static void
grant_id(uint8_t id[ID_SIZE], uint8_t first)
{
	size_t i;

	for (i = 0; i < ID_SIZE; i++)
		id[i] = (uint8_t)(first + i);
}

/* ---- vector ------------------------------------------------------------------------------------------------------------- */

START_TEST(vector_is_reproduced)
{
	struct notice n = {.number = 3, .time = 1760000050};
	uint8_t id[ID_SIZE], *p, *want;
	size_t len, want_n;

	want = payload_bytes(PAYLOAD_ISSUER, &want_n);
	memcpy(n.issuer, want, KEY_SIZE);
	free(want);
	grant_id(id, 0xa0);
	ck_assert_int_eq(notice_revoke(&n, id, 1), 0);
	p = notice_encode(&n, &len);
	want = payload_bytes(VECTOR_NOTICE, &want_n);
	ck_assert_uint_eq(len, want_n);
	ck_assert_mem_eq(p, want, len);
	free(want);
	free(p);
	notice_free(&n);
}
END_TEST

START_TEST(vector_is_opened)
{
	struct notice n;
	uint8_t id[ID_SIZE], other[ID_SIZE], *file, *pk;
	size_t len, pk_n;

	file = payload_bytes(VECTOR_NOTICE_FILE, &len);
	pk = payload_bytes(PAYLOAD_ISSUER, &pk_n);
	ck_assert_int_eq(notice_open(&n, BYTES(file, len)), ENVELOPE_OK);
	ck_assert_mem_eq(n.issuer, pk, KEY_SIZE);
	ck_assert_uint_eq(n.number, 3);
	ck_assert_int_eq(n.time, 1760000050);
	ck_assert_uint_eq(n.grant_count, 1);
	ck_assert_uint_eq(n.withdrawn_count, 0);
	grant_id(id, 0xa0);
	grant_id(other, 0xa1);
	ck_assert(notice_revoked(&n, id, 1));
	ck_assert(!notice_revoked(&n, id, 0));
	ck_assert(!notice_revoked(&n, id, 2));
	ck_assert(!notice_revoked(&n, id, 8));
	ck_assert(!notice_revoked(&n, id, UINT32_MAX));
	ck_assert(!notice_revoked(&n, other, 1));
	ck_assert(!notice_withdrawn(&n, id));
	notice_free(&n);
	ck_assert(!notice_revoked(&n, id, 1));
	free(pk);
	free(file);
}
END_TEST

START_TEST(withdrawn_bundles)
{
	struct notice n;
	uint8_t id[ID_SIZE], *p;
	size_t len;

	p = payload_bytes("a60101025820" PAYLOAD_ISSUER "0303041a68e7783205a2" GRANT_A "4102" GRANT_B "43000080"
	    "0682" GRANT_A GRANT_B, &len);
	ck_assert_int_eq(notice_parse(&n, BYTES(p, len)), 0);
	grant_id(id, 0xa0);
	ck_assert(notice_withdrawn(&n, id));
	id[15]++;
	ck_assert(notice_withdrawn(&n, id));
	ck_assert(notice_revoked(&n, id, 23));
	id[15]++;
	ck_assert(!notice_withdrawn(&n, id));
	notice_free(&n);
	free(p);
}
END_TEST

/* ---- the list in memory ------------------------------------------------------------------------------------------------- */

START_TEST(revoking_in_any_order_gives_the_same_notice)
{
	static const struct {
		uint8_t grant;
		uint32_t slot;
	} revoked[] = {{5, 0}, {3, 4095}, {9, 7}, {5, 8}, {3, 0}, {9, 7}, {1, 100}, {5, 3}};
	const size_t count = sizeof revoked / sizeof revoked[0];
	uint8_t id[ID_SIZE], *first = NULL, *p;
	size_t turn, i, first_n = 0, len;

	for (turn = 0; turn < count; turn++) {
		struct notice n = {.number = 1, .time = 1760000000};

		for (i = 0; i < count; i++) {
			grant_id(id, revoked[(i * 3 + turn) % count].grant);
			ck_assert_int_eq(notice_revoke(&n, id, revoked[(i * 3 + turn) % count].slot), 0);
		}
		ck_assert_uint_eq(n.grant_count, 4);
		for (i = 0; i < count; i++) {
			grant_id(id, revoked[i].grant);
			ck_assert(notice_revoked(&n, id, revoked[i].slot));
			ck_assert(!notice_revoked(&n, id, revoked[i].slot + 1));
		}
		p = notice_encode(&n, &len);
		notice_free(&n);
		ck_assert_int_eq(notice_parse(&n, BYTES(p, len)), 0);
		notice_free(&n);
		if (first == NULL) {
			first = p;
			first_n = len;
			continue;
		}
		ck_assert_uint_eq(len, first_n);
		ck_assert_mem_eq(p, first, len);
		free(p);
	}
	free(first);
}
END_TEST

/* hostile 55 */
START_TEST(slot_beyond_every_grant_is_not_revoked)
{
	struct notice n = {0};
	uint8_t id[ID_SIZE];

	grant_id(id, 1);
	ck_assert_int_eq(notice_revoke(&n, id, GRANT_SLOTS_MAX), -1);
	ck_assert_int_eq(notice_revoke(&n, id, UINT32_MAX), -1);
	ck_assert_uint_eq(n.grant_count, 0);
	ck_assert_int_eq(notice_revoke(&n, id, GRANT_SLOTS_MAX - 1), 0);
	ck_assert_uint_eq(n.grants[0].len, NOTICE_BITMAP_MAX);
	ck_assert(!notice_revoked(&n, id, GRANT_SLOTS_MAX));
	notice_free(&n);
	ck_assert(sodium_is_zero((const unsigned char *)&n, sizeof n));
}
END_TEST

START_TEST(next_number)
{
	ck_assert_uint_eq(notice_next_number(0, 1760000000), 29333333);
	ck_assert_uint_eq(notice_next_number(29333332, 1760000000), 29333333);
	ck_assert_uint_eq(notice_next_number(29333333, 1760000000), 29333334);
	ck_assert_uint_eq(notice_next_number(4000000000u, 1760000000), 4000000001u);
	ck_assert_uint_eq(notice_next_number(0, TIME_MAX), 4223371679u);
	ck_assert_uint_eq(notice_next_number(7, 0), 8);
	ck_assert_uint_eq(notice_next_number(7, -1760000000), 8);
	ck_assert_uint_eq(notice_next_number(0, INT64_MAX), UINT32_MAX);
	ck_assert_uint_eq(notice_next_number(UINT32_MAX - 1, 0), UINT32_MAX);
	ck_assert_uint_eq(notice_next_number(UINT32_MAX, 0), UINT32_MAX);
}
END_TEST

/* A few of some ids and slots, and some bundles, as bits of pattern say. */
static struct notice
a_list(unsigned pattern)
{
	struct notice n = {.number = 1, .time = 1760000050};
	uint8_t id[ID_SIZE];

	for (unsigned i = 0; i < 12; i++) {
		grant_id(id, (uint8_t)(i % 4 * 16));
		if (pattern >> i & 1)
			ck_assert_int_eq(notice_revoke(&n, id, i * 37), 0);
	}
	n.withdrawn = calloc(4, ID_SIZE);
	ck_assert_ptr_nonnull(n.withdrawn);
	for (unsigned i = 0; i < 4; i++)
		if (pattern >> (12 + i) & 1)
			grant_id(n.withdrawn[n.withdrawn_count++], (uint8_t)(i * 16));
	return n;
}

/* hostile 76 */
START_TEST(union_is_what_either_says)
{
	for (unsigned x = 0; x < 3000; x++) {
		const unsigned p = x * 2654435761u >> 16, q = x * 40503u + (x << 11);
		struct notice a = a_list(p), b = a_list(q), want = a_list(p | q);
		uint8_t *got = NULL, *wanted = NULL;
		size_t n = 0, m = 0;

		ck_assert_int_eq(notice_add(&a, &b), 0);
		got = notice_encode(&a, &n);
		wanted = notice_encode(&want, &m);
		ck_assert(got != NULL && wanted != NULL && n == m);
		ck_assert_mem_eq(got, wanted, n);
		free(got);
		free(wanted);
		notice_free(&a);
		notice_free(&b);
		notice_free(&want);
	}
}
END_TEST

START_TEST(payload_says_what_it_lists_without_being_taken_apart)
{
	struct notice n = a_list(0xb5a7);
	uint8_t id[ID_SIZE], *p = NULL;
	bool revoked = false, withdrawn = false;
	size_t len = 0;

	ck_assert_ptr_nonnull(p = notice_encode(&n, &len));
	for (unsigned i = 0; i < 6; i++) {
		grant_id(id, (uint8_t)(i * 16));
		for (uint32_t slot = 0; slot < GRANT_SLOTS_MAX + 9; slot++) {
			ck_assert_int_eq(notice_says(BYTES(p, len), id, slot, id, &revoked, &withdrawn), 0);
			ck_assert_int_eq(revoked, notice_revoked(&n, id, slot));
			ck_assert_int_eq(withdrawn, notice_withdrawn(&n, id));
		}
	}
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(notice_says(BYTES(p, cut), id, 0, id, &revoked, &withdrawn), -1);
	free(p);
	notice_free(&n);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("notice");
	TCase *tc = tcase_create("notice");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, vector_is_reproduced);
	tcase_add_test(tc, vector_is_opened);
	tcase_add_test(tc, withdrawn_bundles);
	tcase_add_test(tc, revoking_in_any_order_gives_the_same_notice);
	tcase_add_test(tc, slot_beyond_every_grant_is_not_revoked);
	tcase_add_test(tc, next_number);
	tcase_add_test(tc, union_is_what_either_says);
	tcase_add_test(tc, payload_says_what_it_lists_without_being_taken_apart);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	return suite_run(suite());
}
