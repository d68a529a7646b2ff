/*
 * check_grant.c - grants: the vectors. What is refused of one is in check_payload.c.
 */
#include "grant.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "payload.h"
#include "suite.h"

#define MANIFEST_HASH "8c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd82"
#define STATION_PK "13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d"
#define GRANT_XPK "bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f66e"
#define LOCATOR_0 "50a2c0eea06a03792e5bb1256edb8cf5a3"
#define LOCATOR_1 "50a9345afd02e6fa4245c6acece68d06f2"
#define LOCATOR_2 "507e8bdf741715e61ff9e0ec78e5f3afa9"

static void
fill_vector(struct grant *g, uint8_t (*locators)[LOCATOR_SIZE])
{
	uint8_t *p;
	size_t n, i;

	memset(g, 0, sizeof *g);
	p = payload_bytes(PAYLOAD_ISSUER MANIFEST_HASH, &n);
	memcpy(g->issuer, p, 32);
	memcpy(g->bundles[0].manifest_hash, p + 32, 32);
	free(p);
	for (i = 0; i < ID_SIZE; i++) {
		g->stick_id[i] = (uint8_t)(0x50 + i);
		g->id[i] = (uint8_t)(0xa0 + i);
		g->bundles[0].id[i] = (uint8_t)(0xb0 + i);
	}
	g->issued = 1760000100;
	g->bundle_count = 1;
	g->policy.not_before = 1760000000;
	g->policy.expires = 1790000000;
	g->policy.session_s = 14400;
	p = payload_bytes(LOCATOR_0 LOCATOR_1 LOCATOR_2, &n);
	for (i = 0; i < 3; i++)
		memcpy(locators[i], p + 17 * i + 1, LOCATOR_SIZE);
	free(p);
	g->slots = 3;
	g->locators = locators;
	g->notice_min = 3;
	strcpy(g->label, "Stick 7");
}

static void
assert_vector(struct grant *g, const char *payload, const char *hash)
{
	uint8_t *p, *want;
	size_t n, want_n;

	p = grant_encode(g, &n);
	want = payload_bytes(payload, &want_n);
	ck_assert_uint_eq(n, want_n);
	ck_assert_mem_eq(p, want, n);
	free(want);
	want = payload_bytes(hash, &want_n);
	ck_assert_mem_eq(g->hash, want, HASH_SIZE);
	free(want);
	free(p);
}

START_TEST(vector_without_factors_is_reproduced)
{
	uint8_t locators[3][LOCATOR_SIZE];
	struct grant g;

	fill_vector(&g, locators);
	assert_vector(&g, VECTOR_GRANT, "25f9654a405259e7e2d5a5852b901fb5ba0c4a6cdf914d62e4a1e23a3e16fa2c");
}
END_TEST

START_TEST(vector_with_all_factors_is_reproduced)
{
	uint8_t locators[3][LOCATOR_SIZE], *p;
	struct grant g;
	size_t n;

	fill_vector(&g, locators);
	g.policy.usb = g.policy.station = g.policy.ledger = true;
	p = payload_bytes("b95f8280" STATION_PK GRANT_XPK, &n);
	memcpy(g.policy.usb_hint, p, 4);
	memcpy(g.policy.station_pk, p + 4, 32);
	memcpy(g.policy.grant_xpk, p + 36, 32);
	free(p);
	strcpy(g.policy.ledger_host, "ledger.example:5432");
	assert_vector(&g, VECTOR_GRANT_ALL, "76f3c8e5febb3d17e74882b36a3c919cf42266798d10f3dce6e60d15f8454baa");
}
END_TEST

START_TEST(vector_is_opened)
{
	static const uint8_t other[LOCATOR_SIZE] = {0xa2, 0xc0};
	uint8_t *file, locators[3][LOCATOR_SIZE];
	struct grant g, expected;
	size_t n;

	file = payload_bytes(VECTOR_GRANT_FILE, &n);
	ck_assert_int_eq(grant_open(&g, BYTES(file, n)), ENVELOPE_OK);
	fill_vector(&expected, locators);
	ck_assert_mem_eq(g.issuer, expected.issuer, sizeof g.issuer);
	ck_assert_mem_eq(g.stick_id, expected.stick_id, sizeof g.stick_id);
	ck_assert_mem_eq(g.id, expected.id, sizeof g.id);
	ck_assert_uint_eq(g.refill, 0);
	ck_assert_int_eq(g.issued, 1760000100);
	ck_assert_uint_eq(g.bundle_count, 1);
	ck_assert_mem_eq(&g.bundles[0], &expected.bundles[0], sizeof g.bundles[0]);
	ck_assert_int_eq(g.policy.not_before, 1760000000);
	ck_assert_int_eq(g.policy.expires, 1790000000);
	ck_assert_uint_eq(g.policy.session_s, 14400);
	ck_assert(!g.policy.usb && !g.policy.station && !g.policy.ledger);
	ck_assert_uint_eq(g.slots, 3);
	ck_assert_uint_eq(g.notice_min, 3);
	ck_assert_str_eq(g.label, "Stick 7");
	ck_assert_str_eq(g.contact, "");
	ck_assert_int_eq(grant_slot(&g, locators[0]), 0);
	ck_assert_int_eq(grant_slot(&g, locators[2]), 2);
	ck_assert_int_eq(grant_slot(&g, other), -1);
	grant_free(&g);
	ck_assert_int_eq(grant_slot(&g, locators[0]), -1);
	free(file);
}
END_TEST

START_TEST(vector_factors_are_read)
{
	struct grant g;
	uint8_t *p, *want;
	size_t n, want_n;

	p = payload_bytes(VECTOR_GRANT_ALL, &n);
	want = payload_bytes("b95f8280" STATION_PK GRANT_XPK, &want_n);
	ck_assert_int_eq(grant_parse(&g, BYTES(p, n)), 0);
	ck_assert(g.policy.usb && g.policy.station && g.policy.ledger);
	ck_assert_mem_eq(g.policy.usb_hint, want, 4);
	ck_assert_mem_eq(g.policy.station_pk, want + 4, 32);
	ck_assert_mem_eq(g.policy.grant_xpk, want + 36, 32);
	ck_assert_str_eq(g.policy.ledger_host, "ledger.example:5432");
	grant_free(&g);
	free(want);
	free(p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("grant");
	TCase *tc = tcase_create("grant");

	tcase_add_test(tc, vector_without_factors_is_reproduced);
	tcase_add_test(tc, vector_with_all_factors_is_reproduced);
	tcase_add_test(tc, vector_is_opened);
	tcase_add_test(tc, vector_factors_are_read);
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
