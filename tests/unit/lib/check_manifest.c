/*
 * check_manifest.c - manifests: the vector, each defect of a signed payload, and that what is accepted encodes back to itself.
 */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "payload.h"
#include "suite.h"

#define ROOT "e3fac2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22"
#define COMMIT "d0a6c5bebaccde8fa23c231caa1f983d5b37650eb0511fef31bbcddf4f5f7f6e"
#define HASH "8c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd82"

#define REQUIRED 7
#define PAIRS 8

static const struct payload_pair good[PAIRS] = {
	{"01", "01"},
	{"02", "5820" PAYLOAD_ISSUER},
	{"03", "50b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"},
	{"04", "02"},
	{"05", "5820" ROOT},
	{"06", "5820" COMMIT},
	{"07", "1a68e77800"},
	{"08", "694c6563747572652031"},
};

static bool
is_zero(const struct manifest *m)
{
	return sodium_is_zero((const unsigned char *)m, sizeof *m) == 1;
}

static void
assert_encodes_back(struct manifest *m, struct bytes payload)
{
	uint8_t before[HASH_SIZE], *p;
	size_t n;

	memcpy(before, m->hash, sizeof before);
	p = manifest_encode(m, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, payload.n);
	ck_assert_mem_eq(p, payload.p, n);
	ck_assert_mem_eq(m->hash, before, sizeof before);
	free(p);
}

/* Parsed alone and as a signed file, with the same answer. */
static bool
accepts(const char *hex)
{
	struct manifest m, opened;
	uint8_t *p, *file;
	size_t n, file_n;
	bool ok;

	memset(&m, 0x5a, sizeof m);
	memset(&opened, 0x5a, sizeof opened);
	p = payload_bytes(hex, &n);
	file = payload_signed(ENVELOPE_MANIFEST, hex, &file_n);
	ok = manifest_parse(&m, BYTES(p, n)) == 0;
	ck_assert((manifest_open(&opened, BYTES(file, file_n)) == ENVELOPE_OK) == ok);
	ck_assert_mem_eq(&m, &opened, sizeof m);
	if (ok)
		assert_encodes_back(&m, BYTES(p, n));
	else
		ck_assert(is_zero(&m));
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

#define CREATED 6
#define BLOCKS 3
#define LABEL 7

START_TEST(vector_is_reproduced)
{
	uint8_t seed[KEY_SIZE], pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], *p, *file, *want, *want_file;
	struct manifest m = {.blocks = 2, .created = 1760000000, .label = "Lecture 1"};
	size_t i, n, want_n, file_n;

	for (i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	keytree_sign(pk, sk, seed);
	memcpy(m.issuer, pk, KEY_SIZE);
	for (i = 0; i < ID_SIZE; i++)
		m.bundle_id[i] = (uint8_t)(0xb0 + i);
	ck_assert_int_eq(bytes_from_hex(m.root, HASH_SIZE, ROOT), 0);
	ck_assert_int_eq(bytes_from_hex(m.commit, HASH_SIZE, COMMIT), 0);
	p = manifest_encode(&m, &n);
	want = payload_bytes(VECTOR_MANIFEST, &want_n);
	ck_assert_uint_eq(n, want_n);
	ck_assert_mem_eq(p, want, n);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(p, n), sk, &file_n);
	want_file = payload_bytes(VECTOR_MANIFEST_FILE, &want_n);
	ck_assert_uint_eq(file_n, want_n);
	ck_assert_mem_eq(file, want_file, file_n);
	free(want);
	want = payload_bytes(HASH, &want_n);
	ck_assert_mem_eq(m.hash, want, HASH_SIZE);
	free(want);
	free(want_file);
	free(file);
	free(p);
}
END_TEST

START_TEST(vector_is_opened)
{
	struct manifest m;
	uint8_t *file, *want;
	size_t n;

	file = payload_bytes(VECTOR_MANIFEST_FILE, &n);
	ck_assert_int_eq(manifest_open(&m, BYTES(file, n)), ENVELOPE_OK);
	ck_assert_uint_eq(m.blocks, 2);
	ck_assert_int_eq(m.created, 1760000000);
	ck_assert_str_eq(m.label, "Lecture 1");
	ck_assert_uint_eq(m.bundle_id[15], 0xbf);
	want = payload_bytes(PAYLOAD_ISSUER ROOT COMMIT HASH, &n);
	ck_assert_mem_eq(m.issuer, want, 32);
	ck_assert_mem_eq(m.root, want + 32, 32);
	ck_assert_mem_eq(m.commit, want + 64, 32);
	ck_assert_mem_eq(m.hash, want + 96, 32);
	free(want);
	free(file);
}
END_TEST

START_TEST(label_may_be_absent)
{
	char *hex = payload_map(good, REQUIRED);

	ck_assert(accepts(hex));
	free(hex);
}
END_TEST

START_TEST(forged_manifest_is_zeroed)
{
	struct manifest m;
	uint8_t *file;
	size_t n;

	file = payload_bytes(VECTOR_MANIFEST_FILE, &n);
	file[n - 1] ^= 1;
	memset(&m, 0x5a, sizeof m);
	ck_assert_int_eq(manifest_open(&m, BYTES(file, n)), ENVELOPE_FORGED);
	ck_assert(is_zero(&m));
	free(file);
}
END_TEST

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

/* hostile 16 */
START_TEST(versions_other_than_1)
{
	static const char *const versions[] = {"00", "02", "17", "1818", "1bffffffffffffffff"};
	struct payload_pair pairs[PAIRS];
	size_t i, n;

	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		struct manifest m;
		uint8_t *file;
		char *hex;

		memcpy(pairs, good, sizeof pairs);
		pairs[0].value = versions[i];
		hex = payload_map(pairs, PAIRS);
		file = payload_signed(ENVELOPE_MANIFEST, hex, &n);
		ck_assert_int_eq(manifest_open(&m, BYTES(file, n)), ENVELOPE_NEWER);
		ck_assert(!accepts(hex));
		free(file);
		free(hex);
	}
}
END_TEST

/* hostile 22 */
START_TEST(block_counts)
{
	ck_assert(!accepts_with(BLOCKS, "00"));
	ck_assert(accepts_with(BLOCKS, "01"));
	ck_assert(accepts_with(BLOCKS, "1affffffff"));
	ck_assert(!accepts_with(BLOCKS, "1b0000000100000000"));
	ck_assert(!accepts_with(BLOCKS, "1bffffffffffffffff"));
}
END_TEST

/* hostile 16 */
START_TEST(times)
{
	ck_assert(!accepts_with(CREATED, "1a59682eff"));         /* 1499999999 */
	ck_assert(accepts_with(CREATED, "1a59682f00"));
	ck_assert(accepts_with(CREATED, "1b0000003afff4417f"));  /* 253402300799 */
	ck_assert(!accepts_with(CREATED, "1b0000003afff44180"));
	ck_assert(!accepts_with(CREATED, "1bffffffffffffffff"));
	ck_assert(!accepts_with(CREATED, "00"));
}
END_TEST

/* hostile 16 */
START_TEST(ids_and_hashes_of_other_lengths)
{
	ck_assert(!accepts_with(2, "4fb0b1b2b3b4b5b6b7b8b9babbbcbdbe"));
	ck_assert(!accepts_with(2, "51b0b1b2b3b4b5b6b7b8b9babbbcbdbebf00"));
	ck_assert(!accepts_with(2, "70b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
	ck_assert(!accepts_with(4, "5821" ROOT "00"));
	ck_assert(!accepts_with(5, "581f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"));
	ck_assert(!accepts_with(5, "50000102030405060708090a0b0c0d0e0f"));
}
END_TEST

/* hostile 15 */
START_TEST(labels)
{
	char hex[4 + 2 * 129 + 1];
	size_t i;

	ck_assert(!accepts_with(LABEL, "60"));
	ck_assert(!accepts_with(LABEL, "61ff"));
	ck_assert(!accepts_with(LABEL, "641b5b324a"));  /* ESC [ 2 J */
	ck_assert(!accepts_with(LABEL, "63e280ae"));    /* U+202E */
	ck_assert(!accepts_with(LABEL, "6100"));
	ck_assert(!accepts_with(LABEL, "4161"));
	for (i = 0; i < 129; i++)
		memcpy(hex + 4 + 2 * i, "61", 3);
	memcpy(hex, "7881", 4);
	ck_assert(!accepts_with(LABEL, hex));
	memcpy(hex, "7880", 4);
	hex[4 + 2 * 128] = '\0';
	ck_assert(accepts_with(LABEL, hex));
}
END_TEST

/* hostile 14 */
START_TEST(bytes_after_the_map)
{
	ck_assert(!accepts(VECTOR_MANIFEST "00"));
	ck_assert(!accepts(VECTOR_MANIFEST VECTOR_MANIFEST));
}
END_TEST

static void
check_damaged(struct bytes payload)
{
	struct manifest m;

	if (manifest_parse(&m, payload) == 0)
		assert_encodes_back(&m, payload);
	else
		ck_assert(is_zero(&m));
}

/* hostile 14 */
START_TEST(damaged_payload_is_refused_or_encodes_back)
{
	payload_damage(VECTOR_MANIFEST, 4000, check_damaged);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("manifest");
	TCase *tc = tcase_create("manifest");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, vector_is_reproduced);
	tcase_add_test(tc, vector_is_opened);
	tcase_add_test(tc, label_may_be_absent);
	tcase_add_test(tc, forged_manifest_is_zeroed);
	tcase_add_test(tc, structure_of_the_map);
	tcase_add_test(tc, odd_keys_and_values);
	tcase_add_test(tc, versions_other_than_1);
	tcase_add_test(tc, block_counts);
	tcase_add_test(tc, times);
	tcase_add_test(tc, ids_and_hashes_of_other_lengths);
	tcase_add_test(tc, labels);
	tcase_add_test(tc, bytes_after_the_map);
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
