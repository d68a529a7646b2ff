/*
 * check_payload.c - what is true of every payload: which maps and which values are refused, that damage is seen, that what is
 * accepted encodes back to itself. A new payload is one of kinds[], and the rows of what only its fields may hold.
 */
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "enrolment.h"
#include "grant.h"
#include "manifest.h"
#include "notice.h"
#include "payload.h"
#include "receipt.h"
#include "suite.h"

#define ID_A "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define ID_B "50a0a1a2a3a4a5a6a7a8a9aaabacadaeb0"
#define ISSUER "5820" PAYLOAD_ISSUER
#define STATION_PK "582013be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d"
#define GRANT_XPK "5820bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f66e"
#define LOCATOR_0 "50a2c0eea06a03792e5bb1256edb8cf5a3"
#define LOCATOR_1 "50a9345afd02e6fa4245c6acece68d06f2"

#define TIMES_8(s) s s s s s s s s
#define TIMES_64(s) TIMES_8(TIMES_8(s))
#define TIMES_512(s) TIMES_8(TIMES_64(s))

#define ROWS(table) (sizeof table / sizeof table[0])

/* ---- the kinds ---------------------------------------------------------------------------------------------------------- */

struct kind {
	const char *name;
	const struct payload_pair *good; /* with the keys 1, 2, ... */
	size_t pairs, required;
	/* Of a map that is a value of another one. */
	const struct kind *in;
	size_t in_key;
	/* Of the others; open is of those that are signed, free of those that own something. */
	size_t size;
	int (*parse)(void *o, struct bytes payload);
	uint8_t *(*encode)(void *o, size_t *n);
	void (*free)(void *o);
	int (*open)(void *o, struct bytes file);
	enum envelope_type type;
	const char *vectors[2], *file; /* the first one signed */
};

/* Fields that have the same bounds in every payload. */
enum class { PLAIN, VERSION, KEY, ID, TIME, COUNT, LABEL };

#define CODED(T) \
	static int T##_from(void *o, struct bytes payload) { return T##_parse(o, payload); } \
	static uint8_t *T##_to(void *o, size_t *n) { return T##_encode(o, n); }
#define SIGNED(T) static int T##_from_file(void *o, struct bytes file) { return (int)T##_open(o, file); }
#define OWNING(T) static void T##_away(void *o) { T##_free(o); }

CODED(manifest) SIGNED(manifest)
CODED(grant) SIGNED(grant) OWNING(grant)
CODED(notice) SIGNED(notice) OWNING(notice)
CODED(enrolment)

static int
receipt_from(void *o, struct bytes payload)
{
	return receipt_parse(o, payload);
}

static uint8_t *
receipt_to(void *o, size_t *n)
{
	uint8_t *p = malloc(RECEIPT_ENCODED_MAX);

	ck_assert_ptr_nonnull(p);
	*n = receipt_encode(o, p);
	ck_assert_uint_le(*n, RECEIPT_ENCODED_MAX);
	return p;
}

static const struct payload_pair good_manifest[] = {
	{"01", "01", VERSION},
	{"02", ISSUER, KEY},
	{"03", "50b0b1b2b3b4b5b6b7b8b9babbbcbdbebf", ID},
	{"04", "02", COUNT},
	{"05", "5820e3fac2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22", KEY},
	{"06", "5820d0a6c5bebaccde8fa23c231caa1f983d5b37650eb0511fef31bbcddf4f5f7f6e", KEY},
	{"07", "1a68e77800", TIME},
	{"08", "694c6563747572652031", LABEL},
};

#define BUNDLE "8250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" BUNDLE_HASH
#define BUNDLE_HASH "8c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd82"

static const struct payload_pair good_grant[] = {
	{"01", "01", VERSION},
	{"02", ISSUER, KEY},
	{"03", "50505152535455565758595a5b5c5d5e5f", ID},
	{"04", ID_A, ID},
	{"05", "00", PLAIN},
	{"06", "1a68e77864", TIME},
	{"07", "81" BUNDLE, PLAIN},
	{"08", "a3011a68e77800021a6ab13b8003193840", PLAIN},
	{"09", "83" LOCATOR_0 LOCATOR_1 "507e8bdf741715e61ff9e0ec78e5f3afa9", PLAIN},
	{"0a", "03", PLAIN},
	{"0b", "67537469636b2037", LABEL},
	{"0c", "6a2b313233203435362037", LABEL},
};

static const struct payload_pair good_policy[] = {
	{"01", "1a68e77800", PLAIN},
	{"02", "1a6ab13b80", PLAIN},
	{"03", "193840", PLAIN},
	{"04", "44b95f8280", PLAIN},
	{"05", "82" STATION_PK GRANT_XPK, PLAIN},
	{"06", "736c65646765722e6578616d706c653a35343332", PLAIN},
};

static const struct payload_pair good_notice[] = {
	{"01", "01", VERSION},
	{"02", ISSUER, KEY},
	{"03", "03", COUNT},
	{"04", "1a68e77832", TIME},
	{"05", "a2" ID_A "4102" ID_B "43000080", PLAIN},
	{"06", "82" ID_A ID_B, PLAIN},
};

static const struct payload_pair good_receipt[] = {
	{"01", "1a6933c340", TIME},
	{"02", "181f", PLAIN},
	{"03", "505a2fd99fe5dcf89ffc2ce0bce955537e", ID},
	{"04", "50f4b6dbec0729be995c04dcffea86662c", ID},
	{"05", "1a6933c341", TIME},
	{"06", "190e10", PLAIN},
	{"07", "1bffffffffffffffff", PLAIN},
};

static const struct payload_pair good_enrolment[] = {
	{"01", "01", VERSION},
	{"02", STATION_PK, KEY},
	{"03", "6648616c6c2042", LABEL},
};

#define MAP_OF(T, needed) .name = #T, .good = good_##T, .pairs = ROWS(good_##T), .required = needed
#define CODED_AS(T) .size = sizeof(struct T), .parse = T##_from, .encode = T##_to

static const struct kind manifest = {
	MAP_OF(manifest, 7), CODED_AS(manifest), .open = manifest_from_file, .type = ENVELOPE_MANIFEST,
	.vectors = {VECTOR_MANIFEST}, .file = VECTOR_MANIFEST_FILE,
};

static const struct kind grant = {
	MAP_OF(grant, 10), CODED_AS(grant), .free = grant_away, .open = grant_from_file, .type = ENVELOPE_GRANT,
	.vectors = {VECTOR_GRANT, VECTOR_GRANT_ALL}, .file = VECTOR_GRANT_FILE,
};

static const struct kind policy = {MAP_OF(policy, 3), .in = &grant, .in_key = GRANT_POLICY};

static const struct kind notice = {
	MAP_OF(notice, 6), CODED_AS(notice), .free = notice_away, .open = notice_from_file, .type = ENVELOPE_NOTICE,
	.vectors = {VECTOR_NOTICE}, .file = VECTOR_NOTICE_FILE,
};

static const struct kind receipt = {MAP_OF(receipt, 4), CODED_AS(receipt)};

static const struct kind enrolment = {MAP_OF(enrolment, 2), CODED_AS(enrolment)};

static const struct kind *const kinds[] = {&manifest, &grant, &policy, &notice, &receipt, &enrolment};

/* ---- one payload -------------------------------------------------------------------------------------------------------- */

/* Zeros that are present in two fields of a receipt are the one thing that is not written back. */
static bool
has_zero(const struct kind *k, const void *o)
{
	const struct receipt *r = o;

	return k == &receipt && (r->open_s == 0 || r->resumes == 0);
}

static void
assert_encodes_back(const struct kind *k, void *o, struct bytes payload)
{
	uint8_t *before = malloc(k->size), *p;
	size_t n;

	ck_assert_ptr_nonnull(before);
	memcpy(before, o, k->size);
	p = k->encode(o, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_mem_eq(o, before, k->size);
	if (n < payload.n && has_zero(k, o)) {
		ck_assert_int_eq(k->parse(o, BYTES(p, n)), 0);
		ck_assert_mem_eq(o, before, k->size);
	} else {
		ck_assert_uint_eq(n, payload.n);
		ck_assert_mem_eq(p, payload.p, n);
	}
	free(p);
	free(before);
}

/* What read, parse or open, says of in, which holds that payload: what it accepts encodes back, of the rest there are zeros. */
static int
read_it(const struct kind *k, int (*read)(void *, struct bytes), struct bytes in, struct bytes payload)
{
	uint8_t *o = malloc(k->size);
	int ret;

	ck_assert_ptr_nonnull(o);
	memset(o, 0x5a, k->size);
	ret = read(o, in);
	if (ret == 0)
		assert_encodes_back(k, o, payload);
	else
		ck_assert(sodium_is_zero(o, k->size));
	for (int twice = 0; twice < 2 && k->free != NULL; twice++)
		k->free(o);
	free(o);
	return ret;
}

static char *
with(const struct kind *k, size_t key, const char *value)
{
	struct payload_pair pairs[PAYLOAD_PAIRS_MAX];

	memcpy(pairs, k->good, k->pairs * sizeof *pairs);
	pairs[key - 1].value = value;
	return payload_map(pairs, k->pairs);
}

/* Alone and as a signed file, with the same answer. */
static bool
accepts(const struct kind *k, const char *hex)
{
	char *whole = k->in == NULL ? NULL : with(k->in, k->in_key, hex);
	uint8_t *payload, *file;
	size_t n, file_n;
	bool ok;

	if (whole != NULL) {
		ok = accepts(k->in, whole);
		free(whole);
		return ok;
	}
	payload = payload_bytes(hex, &n);
	ok = read_it(k, k->parse, BYTES(payload, n), BYTES(payload, n)) == 0;
	if (k->open != NULL) {
		file = payload_signed(k->type, hex, &file_n);
		ck_assert((read_it(k, k->open, BYTES(file, file_n), BYTES(payload, n)) == ENVELOPE_OK) == ok);
		free(file);
	}
	free(payload);
	return ok;
}

/* Takes hex. */
static void
expect(const struct kind *k, char *hex, bool accepted, const char *what, size_t at)
{
	const char *wrong = accepted ? "refused" : "accepted";

	ck_assert_msg(accepts(k, hex) == accepted, "%s %s: %s at pair %zu: %s", k->name, wrong, what, at, hex);
	free(hex);
}

/* ---- the map ------------------------------------------------------------------------------------------------------------ */

static void
refuse(const struct kind *k, const struct payload_pair *pairs, size_t n, const char *what, size_t at)
{
	expect(k, payload_map(pairs, n), false, what, at);
}

/* Each kind with all of its pairs, and with those that are required. */
#define MAPS (2 * ROWS(kinds))

static size_t
map_of(int i, const struct kind **k)
{
	*k = kinds[i / 2];
	return i % 2 == 0 ? (*k)->pairs : (*k)->required;
}

/* hostile 14 */
START_TEST(pairs_missing_repeated_or_swapped)
{
	const struct kind *k;
	const size_t n = map_of(_i, &k);
	struct payload_pair pairs[PAYLOAD_PAIRS_MAX + 1];

	for (size_t i = 0; i < n; i++) {
		memcpy(pairs, k->good, i * sizeof *pairs);
		memcpy(pairs + i, k->good + i + 1, (n - i - 1) * sizeof *pairs);
		if (i < k->required)
			refuse(k, pairs, n - 1, "missing", i);
		memcpy(pairs + i + 1, k->good + i, (n - i) * sizeof *pairs);
		pairs[i] = k->good[i];
		refuse(k, pairs, n + 1, "repeated", i);
		if (i + 1 < n) {
			memcpy(pairs, k->good, n * sizeof *pairs);
			pairs[i] = k->good[i + 1];
			pairs[i + 1] = k->good[i];
			refuse(k, pairs, n, "swapped", i);
		}
	}
}
END_TEST

/* hostile 14 */
START_TEST(unknown_keys)
{
	static const char *const unknown[] = {"00", "0d", "17", "1818", "20", "4101", "6101"};
	const struct kind *k;
	const size_t n = map_of(_i, &k);
	struct payload_pair pairs[PAYLOAD_PAIRS_MAX + 2];

	ck_assert_uint_le(n, PAYLOAD_PAIRS_MAX);
	memcpy(pairs + 1, k->good, n * sizeof *pairs);
	for (size_t i = 0; i < ROWS(unknown); i++) {
		pairs[0] = pairs[n + 1] = (struct payload_pair){.key = unknown[i], .value = "00"};
		refuse(k, pairs, n + 1, "unknown key", 0);
		refuse(k, pairs + 1, n + 1, "unknown key", n);
	}
}
END_TEST

/* hostile 14 */
START_TEST(head_too_large_too_small_too_long_or_indefinite)
{
	static const char *const longer[] = {"b8", "b900", "ba000000", "bb00000000000000"};
	const struct kind *k;
	const size_t n = map_of(_i, &k);
	char *hex = payload_map(k->good, n), *other = malloc(strlen(hex) + 32);

	ck_assert_ptr_nonnull(other);
	for (size_t i = 0; i < 24; i++) {
		sprintf(other, "%02zx%s", 0xa0 + i, hex + 2);
		ck_assert_msg(accepts(k, other) == (i == n), "%s: %s", k->name, other);
	}
	for (size_t i = 0; i < ROWS(longer); i++) {
		sprintf(other, "%s%02zx%s", longer[i], n, hex + 2);
		ck_assert_msg(!accepts(k, other), "%s: accepted: %s", k->name, other);
	}
	sprintf(other, "bf%sff", hex + 2);
	ck_assert_msg(!accepts(k, other), "%s: accepted: %s", k->name, other);
	free(other);
	free(hex);
}
END_TEST

START_TEST(every_choice_of_optional_fields)
{
	const struct kind *k = kinds[_i];
	struct payload_pair pairs[PAYLOAD_PAIRS_MAX];

	for (unsigned choice = 0; choice < 1u << (k->pairs - k->required); choice++) {
		size_t n = k->required;

		memcpy(pairs, k->good, n * sizeof *pairs);
		for (size_t i = k->required; i < k->pairs; i++)
			if (choice >> (i - k->required) & 1)
				pairs[n++] = k->good[i];
		expect(k, payload_map(pairs, n), true, "choice", choice);
	}
}
END_TEST

/* hostile 14 */
START_TEST(bytes_after_the_map)
{
	const struct kind *k = kinds[_i];
	char *hex = payload_map(k->good, k->pairs), *twice = malloc(2 * strlen(hex) + 1);

	ck_assert_ptr_nonnull(twice);
	sprintf(twice, "%s00", hex);
	ck_assert(!accepts(k, twice));
	sprintf(twice, "%s%s", hex, hex);
	ck_assert(!accepts(k, twice));
	free(twice);
	free(hex);
}
END_TEST

/* ---- its values --------------------------------------------------------------------------------------------------------- */

/* An empty map of revoked grants, or an empty array of withdrawn bundles, is no oddity. */
static bool
may_be(const char *odd, const char *value)
{
	return strcmp(odd, value) == 0 || (strchr("8a", value[0]) != NULL && odd[0] == value[0] && odd[1] == '0');
}

/* hostile 14 */
START_TEST(odd_keys_and_values)
{
	const struct kind *k = kinds[_i];
	struct payload_pair pairs[PAYLOAD_PAIRS_MAX];
	char deep[2 * 3000 + 1];

	for (size_t i = 0; i < 3000; i++)
		memcpy(deep + 2 * i, "81", 3);
	for (size_t i = 1; i <= k->pairs; i++) {
		for (size_t j = 0; j < PAYLOAD_ODDITIES; j++) {
			if (may_be(payload_oddities[j], k->good[i - 1].value))
				continue;
			expect(k, with(k, i, payload_oddities[j]), false, payload_oddities[j], i);
			memcpy(pairs, k->good, k->pairs * sizeof *pairs);
			pairs[i - 1].key = payload_oddities[j];
			refuse(k, pairs, k->pairs, payload_oddities[j], i);
		}
		expect(k, with(k, i, deep), false, "depth 3000", i);
	}
}
END_TEST

/* Every field of that class is given every value of it. */
static void
check_class(enum class class)
{
	static const struct {
		enum class class;
		const char *value;
		bool accepted;
	} values[] = {
		{VERSION, "00", false},
		{VERSION, "02", false},
		{VERSION, "17", false},
		{VERSION, "1818", false},
		{VERSION, "1bffffffffffffffff", false},
		{KEY, "50000102030405060708090a0b0c0d0e0f", false},
		{KEY, "581f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e", false},
		{KEY, "5821" PAYLOAD_ISSUER "00", false},
		{ID, "4fa0a1a2a3a4a5a6a7a8a9aaabacadae", false},
		{ID, "51a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00", false},
		{ID, "70a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", false},
		{TIME, "00", false},
		{TIME, "1a59682eff", false}, /* 1499999999 */
		{TIME, "1a59682f00", true},
		{TIME, "1b0000003afff4417f", true}, /* 253402300799 */
		{TIME, "1b0000003afff44180", false},
		{TIME, "1bffffffffffffffff", false},
		{COUNT, "00", false},
		{COUNT, "01", true},
		{COUNT, "1affffffff", true},
		{COUNT, "1b0000000100000000", false},
		{COUNT, "1bffffffffffffffff", false},
		{LABEL, "60", false},
		{LABEL, "611b", false},
		{LABEL, "61ff", false},
		{LABEL, "641b5b324a", false}, /* ESC [ 2 J */
		{LABEL, "63e280ae", false},   /* U+202E */
		{LABEL, "6100", false},
		{LABEL, "4161", false},
		{LABEL, "62c3a4", true},
		{LABEL, "7880" TIMES_64("6161"), true},
		{LABEL, "7881" TIMES_64("6161") "61", false},
	};
	unsigned tried = 0;

	for (size_t i = 0; i < ROWS(kinds) * PAYLOAD_PAIRS_MAX; i++) {
		const struct kind *k = kinds[i / PAYLOAD_PAIRS_MAX];
		const size_t at = i % PAYLOAD_PAIRS_MAX;

		if (at >= k->pairs || k->good[at].class != class)
			continue;
		for (size_t j = 0; j < ROWS(values); j++)
			if (values[j].class == class) {
				expect(k, with(k, at + 1, values[j].value), values[j].accepted, values[j].value, at);
				tried++;
			}
	}
	ck_assert_uint_gt(tried, 0);
}

/* hostile 16 */
START_TEST(versions_other_than_1)
{
	check_class(VERSION);
}
END_TEST

/* hostile 16 */
START_TEST(keys_and_hashes_of_other_lengths)
{
	check_class(KEY);
}
END_TEST

/* hostile 16 */
START_TEST(ids_of_other_lengths)
{
	check_class(ID);
}
END_TEST

/* hostile 16 */
START_TEST(times)
{
	check_class(TIME);
}
END_TEST

/* hostile 16, 22 */
START_TEST(block_counts_and_notice_numbers)
{
	check_class(COUNT);
}
END_TEST

/* hostile 15 */
START_TEST(labels)
{
	check_class(LABEL);
}
END_TEST

struct row {
	const struct kind *kind;
	size_t key;
	const char *value;
	bool accepted;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(rows[i].kind, with(rows[i].kind, rows[i].key, rows[i].value), rows[i].accepted, rows[i].value,
		    rows[i].key);
}

/* hostile 16, 17 */
START_TEST(bounds_of_a_grant)
{
	static const struct row rows[] = {
		{&grant, GRANT_REFILL, "1afffffffe", true},
		{&grant, GRANT_REFILL, "1affffffff", false},
		{&grant, GRANT_REFILL, "1b0000000100000000", false},
		{&grant, GRANT_NOTICE_MIN, "00", true},
		{&grant, GRANT_NOTICE_MIN, "1affffffff", true},
		{&grant, GRANT_NOTICE_MIN, "1b0000000100000000", false},
		{&grant, GRANT_BUNDLES, "80", false},
		{&grant, GRANT_BUNDLES, "82" BUNDLE, false},
		{&grant, GRANT_BUNDLES, "818150b0b1b2b3b4b5b6b7b8b9babbbcbdbebf", false},
		{&grant, GRANT_BUNDLES, "818350b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" BUNDLE_HASH "00", false},
		{&grant, GRANT_BUNDLES, "81825820" BUNDLE_HASH "50b0b1b2b3b4b5b6b7b8b9babbbcbdbebf", false},
		{&grant, GRANT_BUNDLES, "818150b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" BUNDLE_HASH, false},
		{&grant, GRANT_BUNDLES, "818350b0b1b2b3b4b5b6b7b8b9babbbcbdbebf5820" BUNDLE_HASH, false},
		{&grant, GRANT_LOCATORS, "80", false},
		{&grant, GRANT_LOCATORS, "81" LOCATOR_0, true},
		{&grant, GRANT_LOCATORS, "82" LOCATOR_0, false},
		{&grant, GRANT_LOCATORS, "81" LOCATOR_0 LOCATOR_1, false},
		{&grant, GRANT_LOCATORS, "991000" LOCATOR_0, false},
		{&grant, GRANT_LOCATORS, "82" LOCATOR_0 LOCATOR_0, false},
		{&grant, GRANT_LOCATORS, "83" LOCATOR_0 LOCATOR_1 LOCATOR_0, false},
		{&grant, GRANT_LOCATORS, "814fa2c0eea06a03792e5bb1256edb8cf5", false},
		{&grant, GRANT_LOCATORS, "8151a2c0eea06a03792e5bb1256edb8cf5a300", false},
		{&grant, GRANT_LOCATORS, "8170a2c0eea06a03792e5bb1256edb8cf5a3", false},
	};

	check_rows(rows, ROWS(rows));
}
END_TEST

/* hostile 16, 17 */
START_TEST(bounds_of_a_policy)
{
	static const struct row rows[] = {
		{&policy, POLICY_NOT_BEFORE, "1a59682eff", false},
		{&policy, POLICY_NOT_BEFORE, "1a59682f00", true},
		{&policy, POLICY_NOT_BEFORE, "1a6ab13b7f", true},
		{&policy, POLICY_NOT_BEFORE, "1a6ab13b80", false}, /* it would never open */
		{&policy, POLICY_NOT_BEFORE, "1a6ab13b81", false},
		{&policy, POLICY_EXPIRES, "1b0000003afff4417f", true},
		{&policy, POLICY_EXPIRES, "1b0000003afff44180", false},
		{&policy, POLICY_EXPIRES, "1bffffffffffffffff", false},
		{&policy, POLICY_SESSION_S, "183b", false},
		{&policy, POLICY_SESSION_S, "183c", true},
		{&policy, POLICY_SESSION_S, "1a00093a80", true},
		{&policy, POLICY_SESSION_S, "1a00093a81", false},
		{&policy, POLICY_USB, "43b95f82", false},
		{&policy, POLICY_USB, "45b95f828000", false},
		{&policy, POLICY_STATION, "81" STATION_PK, false},
		{&policy, POLICY_STATION, "81" STATION_PK GRANT_XPK, false},
		{&policy, POLICY_STATION, "83" STATION_PK GRANT_XPK, false},
		{&policy, POLICY_STATION, "83" STATION_PK GRANT_XPK GRANT_XPK, false},
		{&policy, POLICY_STATION, "825821" PAYLOAD_ISSUER "00" GRANT_XPK, false},
		{&policy, POLICY_STATION, "82" STATION_PK "581fbb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f6",
		    false},
		{&policy, POLICY_LEDGER, "65613a31003a", false}, /* with a zero byte */
	};

	check_rows(rows, ROWS(rows));
}
END_TEST

/* hostile 14, 16 */
START_TEST(lists_of_a_notice)
{
	static const struct row rows[] = {
		{&notice, NOTICE_REVOKED, "a0", true},
		{&notice, NOTICE_REVOKED, "a2" ID_A "4101" ID_B "4101", true},
		{&notice, NOTICE_REVOKED, "a2" ID_B "4101" ID_A "4101", false},
		{&notice, NOTICE_REVOKED, "a2" ID_A "4101" ID_A "4102", false},
		{&notice, NOTICE_REVOKED, "a14fa0a1a2a3a4a5a6a7a8a9aaabacadae4101", false},
		{&notice, NOTICE_REVOKED, "a151a0a1a2a3a4a5a6a7a8a9aaabacadaeaf004101", false},
		{&notice, NOTICE_REVOKED, "a170a0a1a2a3a4a5a6a7a8a9aaabacadaeaf4101", false},
		{&notice, NOTICE_REVOKED, "a1014101", false},
		{&notice, NOTICE_REVOKED, "a3" ID_A "4101" ID_B "4101", false},
		{&notice, NOTICE_REVOKED, "b818" ID_A "4101", false},
		{&notice, NOTICE_REVOKED, "ba0000ffff" ID_A "4101", false},
		{&notice, NOTICE_REVOKED, "bb0aaaaaaaaaaaaaab" ID_A "4101", false},
		{&notice, NOTICE_WITHDRAWN, "80", true},
		{&notice, NOTICE_WITHDRAWN, "82" ID_B ID_A, false},
		{&notice, NOTICE_WITHDRAWN, "82" ID_A ID_A, false},
		{&notice, NOTICE_WITHDRAWN, "814fa0a1a2a3a4a5a6a7a8a9aaabacadae", false},
		{&notice, NOTICE_WITHDRAWN, "8151a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00", false},
		{&notice, NOTICE_WITHDRAWN, "9a00ffffff" ID_A, false},
	};

	check_rows(rows, ROWS(rows));
}
END_TEST

/* hostile 55 */
START_TEST(bitmaps_that_are_not_canonical)
{
	static const struct row rows[] = {
		{&notice, NOTICE_REVOKED, "a1" ID_A "40", false},
		{&notice, NOTICE_REVOKED, "a1" ID_A "4100", false},
		{&notice, NOTICE_REVOKED, "a1" ID_A "420200", false},
		{&notice, NOTICE_REVOKED, "a1" ID_A "420002", true},
		{&notice, NOTICE_REVOKED, "a1" ID_A "590200" TIMES_512("01"), true},
		{&notice, NOTICE_REVOKED, "a1" ID_A "590201" TIMES_512("01") "01", false},
	};

	check_rows(rows, ROWS(rows));
}
END_TEST

START_TEST(bounds_of_a_receipt)
{
	static const struct row rows[] = {
		{&receipt, RECEIPT_FLAGS, "00", true},
		{&receipt, RECEIPT_FLAGS, "1820", false},
		{&receipt, RECEIPT_OPEN_S, "00", true},
		{&receipt, RECEIPT_RESUMES, "00", true},
	};

	check_rows(rows, ROWS(rows));
}
END_TEST

/* count items: head, then 16 bytes that begin with the item's number, then tail; with equal set, the last is like the first. */
static char *
many(unsigned count, const char *head, const char *tail, bool equal)
{
	const size_t each = strlen(head) + 32 + strlen(tail);
	char *hex = malloc(6 + count * each + 1), *p = hex;

	ck_assert_ptr_nonnull(hex);
	p += sprintf(p, count < 256 ? "98%02x" : "99%04x", count);
	for (unsigned i = 0; i < count; i++)
		p += sprintf(p, "%s%04x%028d%s", head, equal && i == count - 1 ? 0 : i, 0, tail);
	return hex;
}

/* hostile 17 */
START_TEST(counts_of_a_grant)
{
	static const struct {
		size_t key;
		unsigned count;
		const char *head, *tail;
		bool equal, accepted;
	} rows[] = {
		{GRANT_LOCATORS, 4096, "50", "", false, true},
		{GRANT_LOCATORS, 4097, "50", "", false, false},
		{GRANT_LOCATORS, 4096, "50", "", true, false},
		{GRANT_BUNDLES, 64, "8250", "5820" BUNDLE_HASH, false, true},
		{GRANT_BUNDLES, 65, "8250", "5820" BUNDLE_HASH, false, false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char *hex = many(rows[i].count, rows[i].head, rows[i].tail, rows[i].equal);

		expect(&grant, with(&grant, rows[i].key, hex), rows[i].accepted, "count", rows[i].count);
		free(hex);
	}
}
END_TEST

static bool
accepts_host(const char *host)
{
	char hex[4 + 2 * 255 + 1], *whole;
	const size_t n = strlen(host);
	bool ok;

	ck_assert_uint_lt(n, 256);
	sprintf(hex, n < 24 ? "%02zx" : "78%02zx", n < 24 ? 0x60 + n : n);
	bytes_to_hex(hex + strlen(hex), (const uint8_t *)host, n);
	whole = with(&policy, POLICY_LEDGER, hex);
	ok = accepts(&policy, whole);
	free(whole);
	return ok;
}

/* hostile 17 */
START_TEST(ledger_hosts)
{
	static const char *const yes[] = {
		"a:1", "ledger.example:5432", "192.0.2.7:65535", "A-Z.example:443", "x:00001", "-:1", ".:65535",
		TIMES_64("h") TIMES_8("hhhhhhh") "hh:65535",
	};
	static const char *const no[] = {
		"ledger.example", "ledger.example:", ":5432", "a:0", "a:00000", "a:65536", "a:99999", "a:100000", "a:000001",
		"a:1x", "a: 1", "a:+1", "a:-1", "a:1 ", " a:1", "a b:1", "a=b:1", "a/b:1", "a:1/b", "a_b:1", "a,b:1", "a:1,b:2",
		"a@b:1", "[::1]:5432", "::1:5432", "2001:db8::1:5432", "fe80::1%eth0:5432", "a::1", "a:1:2", "\xc3\xa4:1", "a:1\n",
		"a\\:1", "a'b:1", "host=x sslmode=disable", "host=x sslmode=disable:1", "postgresql://a:1", "service=x:1", "",
		TIMES_64("h") TIMES_8("hhhhhhh") "hhh:65535",
	};

	for (size_t i = 0; i < ROWS(yes); i++)
		ck_assert_msg(accepts_host(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ROWS(no); i++)
		ck_assert_msg(!accepts_host(no[i]), "%s", no[i]);
}
END_TEST

/* ---- whole files, and damage -------------------------------------------------------------------------------------------- */

/* hostile 16 */
START_TEST(signed_payload_of_a_newer_version_is_told)
{
	static const char *const versions[] = {"00", "02", "17", "1818", "1bffffffffffffffff"};
	const struct kind *k = kinds[_i];

	for (size_t i = 0; i < ROWS(versions) && k->open != NULL; i++) {
		char *hex = with(k, 1, versions[i]);
		size_t n, file_n;
		uint8_t *payload = payload_bytes(hex, &n), *file = payload_signed(k->type, hex, &file_n);

		ck_assert_int_eq(read_it(k, k->open, BYTES(file, file_n), BYTES(payload, n)), ENVELOPE_NEWER);
		free(file);
		free(payload);
		free(hex);
	}
}
END_TEST

START_TEST(vector_file_is_reproduced_and_no_other)
{
	static const size_t from_end[] = {1, 68, 70};
	const struct kind *k = kinds[_i];
	uint8_t *payload, *file, *want;
	size_t n, file_n, want_n;

	if (k->file == NULL)
		return;
	payload = payload_bytes(k->vectors[0], &n);
	file = payload_signed(k->type, k->vectors[0], &file_n);
	want = payload_bytes(k->file, &want_n);
	ck_assert_uint_eq(file_n, want_n);
	ck_assert_mem_eq(file, want, file_n);
	ck_assert_int_eq(read_it(k, k->open, BYTES(file, file_n), BYTES(payload, n)), ENVELOPE_OK);
	for (size_t i = 0; i < ROWS(from_end); i++) {
		file[file_n - from_end[i]] ^= 1;
		ck_assert_int_eq(read_it(k, k->open, BYTES(file, file_n), BYTES(payload, n)), ENVELOPE_FORGED);
		file[file_n - from_end[i]] ^= 1;
	}
	free(want);
	free(file);
	free(payload);
}
END_TEST

static void
check_damaged(const void *kind, struct bytes payload)
{
	const struct kind *k = kind;

	(void)read_it(k, k->parse, payload, payload);
}

/* hostile 14 */
START_TEST(damaged_payload_is_refused_or_encodes_back)
{
	const struct kind *k = kinds[_i];
	char *hex = payload_map(k->good, k->pairs);

	if (k->parse != NULL)
		payload_damage(hex, 5000, check_damaged, k);
	for (size_t i = 0; i < ROWS(k->vectors) && k->vectors[i] != NULL; i++)
		payload_damage(k->vectors[i], 3000, check_damaged, k);
	free(hex);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("payload");
	TCase *tc = tcase_create("payload");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, pairs_missing_repeated_or_swapped, 0, MAPS);
	tcase_add_loop_test(tc, unknown_keys, 0, MAPS);
	tcase_add_loop_test(tc, head_too_large_too_small_too_long_or_indefinite, 0, MAPS);
	tcase_add_loop_test(tc, every_choice_of_optional_fields, 0, ROWS(kinds));
	tcase_add_loop_test(tc, bytes_after_the_map, 0, ROWS(kinds));
	tcase_add_loop_test(tc, odd_keys_and_values, 0, ROWS(kinds));
	tcase_add_test(tc, versions_other_than_1);
	tcase_add_test(tc, keys_and_hashes_of_other_lengths);
	tcase_add_test(tc, ids_of_other_lengths);
	tcase_add_test(tc, times);
	tcase_add_test(tc, block_counts_and_notice_numbers);
	tcase_add_test(tc, labels);
	tcase_add_test(tc, bounds_of_a_grant);
	tcase_add_test(tc, bounds_of_a_policy);
	tcase_add_test(tc, lists_of_a_notice);
	tcase_add_test(tc, bitmaps_that_are_not_canonical);
	tcase_add_test(tc, bounds_of_a_receipt);
	tcase_add_test(tc, counts_of_a_grant);
	tcase_add_test(tc, ledger_hosts);
	tcase_add_loop_test(tc, signed_payload_of_a_newer_version_is_told, 0, ROWS(kinds));
	tcase_add_loop_test(tc, vector_file_is_reproduced_and_no_other, 0, ROWS(kinds));
	tcase_add_loop_test(tc, damaged_payload_is_refused_or_encodes_back, 0, ROWS(kinds));
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
