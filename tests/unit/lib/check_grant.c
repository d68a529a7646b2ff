/*
 * check_grant.c - grants: the vectors, each defect of a signed payload, and that what is accepted encodes back to itself.
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
#define BUNDLE "8250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" MANIFEST_HASH
#define LOCATOR_0 "50a2c0eea06a03792e5bb1256edb8cf5a3"
#define LOCATOR_1 "50a9345afd02e6fa4245c6acece68d06f2"
#define LOCATOR_2 "507e8bdf741715e61ff9e0ec78e5f3afa9"

#define REQUIRED 10
#define PAIRS 12
#define REFILL 4
#define ISSUED 5
#define BUNDLES 6
#define POLICY 7
#define LOCATORS 8
#define NOTICE_MIN 9

static const struct payload_pair good[PAIRS] = {
	{"01", "01"},
	{"02", "5820" PAYLOAD_ISSUER},
	{"03", "50505152535455565758595a5b5c5d5e5f"},
	{"04", "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"},
	{"05", "00"},
	{"06", "1a68e77864"},
	{"07", "81" BUNDLE},
	{"08", "a3011a68e77800021a6ab13b8003193840"},
	{"09", "83" LOCATOR_0 LOCATOR_1 LOCATOR_2},
	{"0a", "03"},
	{"0b", "67537469636b2037"},
	{"0c", "6a2b313233203435362037"},
};

#define POLICY_REQUIRED 3
#define POLICY_PAIRS 6
#define NOT_BEFORE 0
#define EXPIRES 1
#define SESSION 2
#define HINT 3
#define STATION 4
#define LEDGER 5

static const struct payload_pair good_policy[POLICY_PAIRS] = {
	{"01", "1a68e77800"},
	{"02", "1a6ab13b80"},
	{"03", "193840"},
	{"04", "44b95f8280"},
	{"05", "825820" STATION_PK "5820" GRANT_XPK},
	{"06", "736c65646765722e6578616d706c653a35343332"},
};

static bool
is_zero(const struct grant *g)
{
	return sodium_is_zero((const unsigned char *)g, sizeof *g) == 1;
}

static void
assert_encodes_back(struct grant *g, struct bytes payload)
{
	uint8_t before[HASH_SIZE], *p;
	size_t n;

	memcpy(before, g->hash, sizeof before);
	p = grant_encode(g, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, payload.n);
	ck_assert_mem_eq(p, payload.p, n);
	ck_assert_mem_eq(g->hash, before, sizeof before);
	free(p);
}

/* Parsed alone and as a signed file, with the same answer. */
static bool
accepts(const char *hex)
{
	struct grant g, opened;
	uint8_t *p, *file;
	size_t n, file_n;
	bool ok;

	memset(&g, 0x5a, sizeof g);
	memset(&opened, 0x5a, sizeof opened);
	p = payload_bytes(hex, &n);
	file = payload_signed(ENVELOPE_GRANT, hex, &file_n);
	ok = grant_parse(&g, BYTES(p, n)) == 0;
	ck_assert((grant_open(&opened, BYTES(file, file_n)) == ENVELOPE_OK) == ok);
	if (ok)
		assert_encodes_back(&g, BYTES(p, n));
	else
		ck_assert(is_zero(&g) && is_zero(&opened));
	grant_free(&g);
	grant_free(&g);
	grant_free(&opened);
	free(file);
	free(p);
	return ok;
}

static bool
accepts_with(size_t pair, const char *value)
{
	struct payload_pair pairs[PAIRS];
	char *hex;
	bool ok;

	memcpy(pairs, good, sizeof pairs);
	pairs[pair].value = value;
	hex = payload_map(pairs, PAIRS);
	ok = accepts(hex);
	free(hex);
	return ok;
}

static bool
accepts_policy(const char *policy)
{
	return accepts_with(POLICY, policy);
}

static bool
accepts_policy_with(size_t pair, const char *value)
{
	struct payload_pair pairs[POLICY_PAIRS];
	char *hex;
	bool ok;

	memcpy(pairs, good_policy, sizeof pairs);
	pairs[pair].value = value;
	hex = payload_map(pairs, POLICY_PAIRS);
	ok = accepts_policy(hex);
	free(hex);
	return ok;
}

/* count items: head, then size bytes that begin with the item's number, then tail; with equal set, the last is like the first. */
static char *
many(unsigned count, const char *head, unsigned size, const char *tail, bool equal)
{
	const size_t each = strlen(head) + 2 * size + strlen(tail);
	char *hex = malloc(6 + count * each + 1), *p = hex;
	unsigned i, v;

	ck_assert_ptr_nonnull(hex);
	p += sprintf(p, count < 24 ? "%02x" : count < 256 ? "98%02x" : "99%04x", count < 24 ? 0x80 + count : count);
	for (i = 0; i < count; i++) {
		v = equal && i == count - 1 ? 0 : i;
		p += sprintf(p, "%s%04x%0*d%s", head, v, (int)(2 * size - 4), 0, tail);
	}
	return hex;
}

/* ---- vectors ------------------------------------------------------------------------------------------------------------ */

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

START_TEST(vector_file_is_reproduced_and_opened)
{
	static const uint8_t other[LOCATOR_SIZE] = {0xa2, 0xc0};
	uint8_t *file, *want, locators[3][LOCATOR_SIZE];
	struct grant g, expected;
	size_t n, want_n;

	file = payload_signed(ENVELOPE_GRANT, VECTOR_GRANT, &n);
	want = payload_bytes(VECTOR_GRANT_FILE, &want_n);
	ck_assert_uint_eq(n, want_n);
	ck_assert_mem_eq(file, want, n);
	ck_assert_int_eq(grant_open(&g, BYTES(want, n)), ENVELOPE_OK);
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
	free(want);
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

START_TEST(forged_grant_is_zeroed)
{
	struct grant g;
	uint8_t *file;
	size_t n;

	file = payload_bytes(VECTOR_GRANT_FILE, &n);
	file[n - 70] ^= 1;
	memset(&g, 0x5a, sizeof g);
	ck_assert_int_eq(grant_open(&g, BYTES(file, n)), ENVELOPE_FORGED);
	ck_assert(is_zero(&g));
	free(file);
}
END_TEST

/* ---- structure ---------------------------------------------------------------------------------------------------------- */

/* hostile 14 */
START_TEST(structure_of_the_map)
{
	payload_check_map(accepts, good, PAIRS, REQUIRED);
}
END_TEST

/* hostile 14 */
START_TEST(odd_keys_and_values)
{
	payload_check_values(accepts, good, PAIRS);
}
END_TEST

/* hostile 14 */
START_TEST(structure_of_the_policy)
{
	payload_check_map(accepts_policy, good_policy, POLICY_PAIRS, POLICY_REQUIRED);
	payload_check_map(accepts_policy, good_policy, POLICY_REQUIRED, POLICY_REQUIRED);
}
END_TEST

/* hostile 14 */
START_TEST(odd_keys_and_values_in_the_policy)
{
	payload_check_values(accepts_policy, good_policy, POLICY_PAIRS);
}
END_TEST

START_TEST(every_choice_of_optional_fields)
{
	struct payload_pair pairs[POLICY_PAIRS];
	unsigned choice, i;
	size_t n;
	char *hex;

	for (choice = 0; choice < 8; choice++) {
		memcpy(pairs, good_policy, sizeof pairs);
		n = POLICY_REQUIRED;
		for (i = 0; i < 3; i++) {
			if (choice >> i & 1)
				pairs[n++] = good_policy[POLICY_REQUIRED + i];
		}
		hex = payload_map(pairs, n);
		ck_assert(accepts_policy(hex));
		free(hex);
	}
	hex = payload_map(good, REQUIRED);
	ck_assert(accepts(hex));
	free(hex);
}
END_TEST

/* hostile 14 */
START_TEST(bytes_after_the_map)
{
	ck_assert(!accepts(VECTOR_GRANT "00"));
	ck_assert(!accepts(VECTOR_GRANT VECTOR_GRANT));
}
END_TEST

/* ---- bounds ------------------------------------------------------------------------------------------------------------- */

/* hostile 17 */
START_TEST(slot_counts)
{
	char *hex;

	ck_assert(!accepts_with(LOCATORS, "80"));
	ck_assert(accepts_with(LOCATORS, "81" LOCATOR_0));
	hex = many(4096, "50", 16, "", false);
	ck_assert(accepts_with(LOCATORS, hex));
	free(hex);
	hex = many(4097, "50", 16, "", false);
	ck_assert(!accepts_with(LOCATORS, hex));
	free(hex);
	ck_assert(!accepts_with(LOCATORS, "82" LOCATOR_0));
	ck_assert(!accepts_with(LOCATORS, "81" LOCATOR_0 LOCATOR_1));
	ck_assert(!accepts_with(LOCATORS, "991000" LOCATOR_0));
}
END_TEST

/* hostile 17 */
START_TEST(equal_locators)
{
	char *hex;

	ck_assert(!accepts_with(LOCATORS, "82" LOCATOR_0 LOCATOR_0));
	ck_assert(!accepts_with(LOCATORS, "83" LOCATOR_0 LOCATOR_1 LOCATOR_0));
	hex = many(4096, "50", 16, "", true);
	ck_assert(!accepts_with(LOCATORS, hex));
	free(hex);
}
END_TEST

/* hostile 16, 17 */
START_TEST(locators_of_other_lengths)
{
	ck_assert(!accepts_with(LOCATORS, "814fa2c0eea06a03792e5bb1256edb8cf5"));
	ck_assert(!accepts_with(LOCATORS, "8151a2c0eea06a03792e5bb1256edb8cf5a300"));
	ck_assert(!accepts_with(LOCATORS, "8170a2c0eea06a03792e5bb1256edb8cf5a3"));
}
END_TEST

/* hostile 17 */
START_TEST(bundle_counts)
{
	char *hex;

	ck_assert(!accepts_with(BUNDLES, "80"));
	hex = many(64, "8250", 16, "5820" MANIFEST_HASH, false);
	ck_assert(accepts_with(BUNDLES, hex));
	free(hex);
	hex = many(65, "8250", 16, "5820" MANIFEST_HASH, false);
	ck_assert(!accepts_with(BUNDLES, hex));
	free(hex);
	ck_assert(!accepts_with(BUNDLES, "82" BUNDLE));
	ck_assert(!accepts_with(BUNDLES, "818150b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
	ck_assert(!accepts_with(BUNDLES, "818350b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" MANIFEST_HASH "00"));
	ck_assert(!accepts_with(BUNDLES, "81825820" MANIFEST_HASH "50b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
}
END_TEST

/* hostile 16 */
START_TEST(ids_of_other_lengths)
{
	size_t i;

	for (i = 2; i <= 3; i++) {
		ck_assert(!accepts_with(i, "4fa0a1a2a3a4a5a6a7a8a9aaabacadae"));
		ck_assert(!accepts_with(i, "51a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00"));
	}
}
END_TEST

START_TEST(refill_and_notice_numbers)
{
	ck_assert(accepts_with(REFILL, "1afffffffe"));
	ck_assert(!accepts_with(REFILL, "1affffffff"));
	ck_assert(!accepts_with(REFILL, "1b0000000100000000"));
	ck_assert(accepts_with(NOTICE_MIN, "00"));
	ck_assert(accepts_with(NOTICE_MIN, "1affffffff"));
	ck_assert(!accepts_with(NOTICE_MIN, "1b0000000100000000"));
}
END_TEST

/* hostile 16 */
START_TEST(times)
{
	ck_assert(!accepts_with(ISSUED, "1a59682eff"));
	ck_assert(accepts_with(ISSUED, "1a59682f00"));
	ck_assert(accepts_with(ISSUED, "1b0000003afff4417f"));
	ck_assert(!accepts_with(ISSUED, "1b0000003afff44180"));
	ck_assert(accepts_policy_with(NOT_BEFORE, "1a59682f00"));
	ck_assert(!accepts_policy_with(NOT_BEFORE, "1a59682eff"));
	ck_assert(accepts_policy_with(EXPIRES, "1b0000003afff4417f"));
	ck_assert(!accepts_policy_with(EXPIRES, "1b0000003afff44180"));
	ck_assert(!accepts_policy_with(EXPIRES, "1bffffffffffffffff"));
}
END_TEST

/* hostile 17 */
START_TEST(window_that_never_opens)
{
	ck_assert(accepts_policy_with(NOT_BEFORE, "1a6ab13b7f"));
	ck_assert(!accepts_policy_with(NOT_BEFORE, "1a6ab13b80"));
	ck_assert(!accepts_policy_with(NOT_BEFORE, "1a6ab13b81"));
}
END_TEST

/* hostile 17 */
START_TEST(session_lengths)
{
	ck_assert(!accepts_policy_with(SESSION, "183b"));
	ck_assert(accepts_policy_with(SESSION, "183c"));
	ck_assert(accepts_policy_with(SESSION, "1a00093a80"));
	ck_assert(!accepts_policy_with(SESSION, "1a00093a81"));
}
END_TEST

/* hostile 17 */
START_TEST(hint_of_other_lengths)
{
	ck_assert(!accepts_policy_with(HINT, "43b95f82"));
	ck_assert(!accepts_policy_with(HINT, "45b95f828000"));
}
END_TEST

START_TEST(station_keys_of_other_shapes)
{
	ck_assert(!accepts_policy_with(STATION, "815820" STATION_PK));
	ck_assert(!accepts_policy_with(STATION, "835820" STATION_PK "5820" GRANT_XPK "5820" GRANT_XPK));
	ck_assert(!accepts_policy_with(STATION, "825821" STATION_PK "005820" GRANT_XPK));
	ck_assert(!accepts_policy_with(
	    STATION, "825820" STATION_PK "581f13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b"));
}
END_TEST

static bool
accepts_host(const char *host)
{
	char hex[4 + 2 * 255 + 1];
	const size_t n = strlen(host);

	ck_assert_uint_lt(n, 256);
	sprintf(hex, n < 24 ? "%02x" : "78%02x", n < 24 ? 0x60 + (unsigned)n : (unsigned)n);
	bytes_to_hex(hex + strlen(hex), (const uint8_t *)host, n);
	return accepts_policy_with(LEDGER, hex);
}

/* hostile 17 */
START_TEST(ledger_hosts)
{
	static const char *const yes[] = {
		"a:1", "ledger.example:5432", "192.0.2.7:65535", "A-Z.example:443", "x:00001", "-:1", ".:65535",
	};
	static const char *const no[] = {
	    "ledger.example",
	    "ledger.example:",
	    ":5432",
	    "a:0",
	    "a:00000",
	    "a:65536",
	    "a:99999",
	    "a:100000",
	    "a:000001",
	    "a:1x",
	    "a: 1",
	    "a:+1",
	    "a:-1",
	    "a:1 ",
	    " a:1",
	    "a b:1",
	    "a=b:1",
	    "a/b:1",
	    "a:1/b",
	    "a_b:1",
	    "a,b:1",
	    "a:1,b:2",
	    "a@b:1",
	    "[::1]:5432",
	    "::1:5432",
	    "2001:db8::1:5432",
	    "fe80::1%eth0:5432",
	    "a::1",
	    "a:1:2",
	    "\xc3\xa4:1",
	    "a:1\n",
	    "a\\:1",
	    "a'b:1",
	    "host=x sslmode=disable",
	    "host=x sslmode=disable:1",
	    "postgresql://a:1",
	    "service=x:1",
	    "",
	};
	size_t i;

	for (i = 0; i < sizeof yes / sizeof yes[0]; i++)
		ck_assert_msg(accepts_host(yes[i]), "%s", yes[i]);
	for (i = 0; i < sizeof no / sizeof no[0]; i++)
		ck_assert_msg(!accepts_host(no[i]), "%s", no[i]);
}
END_TEST

/* hostile 17 */
START_TEST(longest_ledger_host)
{
	char host[160];

	memset(host, 'h', sizeof host);
	strcpy(host + LABEL_MAX - 6, ":65535");
	ck_assert(accepts_host(host));
	memset(host, 'h', sizeof host);
	strcpy(host + LABEL_MAX - 5, ":65535");
	ck_assert(!accepts_host(host));
}
END_TEST

/* hostile 17 */
START_TEST(host_with_a_zero_byte)
{
	ck_assert(!accepts_policy_with(LEDGER, "65613a31003a"));
}
END_TEST

/* hostile 15 */
START_TEST(labels)
{
	size_t i;

	for (i = 10; i < 12; i++) {
		ck_assert(!accepts_with(i, "60"));
		ck_assert(!accepts_with(i, "61ff"));
		ck_assert(!accepts_with(i, "641b5b324a"));
		ck_assert(!accepts_with(i, "63e280ae"));
		ck_assert(!accepts_with(i, "6100"));
		ck_assert(accepts_with(i, "62c3a4"));
	}
}
END_TEST

static void
check_damaged(struct bytes payload)
{
	struct grant g;

	if (grant_parse(&g, payload) == 0)
		assert_encodes_back(&g, payload);
	else
		ck_assert(is_zero(&g));
	grant_free(&g);
}

/* hostile 14 */
START_TEST(damaged_payload_is_refused_or_encodes_back)
{
	payload_damage(VECTOR_GRANT, 2000, check_damaged);
	payload_damage(VECTOR_GRANT_ALL, 3000, check_damaged);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("grant");
	TCase *tc = tcase_create("grant");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, vector_without_factors_is_reproduced);
	tcase_add_test(tc, vector_with_all_factors_is_reproduced);
	tcase_add_test(tc, vector_file_is_reproduced_and_opened);
	tcase_add_test(tc, vector_factors_are_read);
	tcase_add_test(tc, forged_grant_is_zeroed);
	tcase_add_test(tc, structure_of_the_map);
	tcase_add_test(tc, odd_keys_and_values);
	tcase_add_test(tc, structure_of_the_policy);
	tcase_add_test(tc, odd_keys_and_values_in_the_policy);
	tcase_add_test(tc, every_choice_of_optional_fields);
	tcase_add_test(tc, bytes_after_the_map);
	tcase_add_test(tc, slot_counts);
	tcase_add_test(tc, equal_locators);
	tcase_add_test(tc, locators_of_other_lengths);
	tcase_add_test(tc, bundle_counts);
	tcase_add_test(tc, ids_of_other_lengths);
	tcase_add_test(tc, refill_and_notice_numbers);
	tcase_add_test(tc, times);
	tcase_add_test(tc, window_that_never_opens);
	tcase_add_test(tc, session_lengths);
	tcase_add_test(tc, hint_of_other_lengths);
	tcase_add_test(tc, station_keys_of_other_shapes);
	tcase_add_test(tc, ledger_hosts);
	tcase_add_test(tc, longest_ledger_host);
	tcase_add_test(tc, host_with_a_zero_byte);
	tcase_add_test(tc, labels);
	tcase_add_test(tc, damaged_payload_is_refused_or_encodes_back);
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
