/*
 * check_envelope.c - COSE_Sign1: the vectors, every bit, every length, other COSE shapes with good signatures, bad signatures.
 */
#include "envelope.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "grant.h"
#include "manifest.h"
#include "notice.h"
#include "payload.h"
#include "suite.h"

static const struct {
	enum envelope_type type;
	const char *file, *payload;
} vectors[] = {
	{ENVELOPE_MANIFEST, VECTOR_MANIFEST_FILE, VECTOR_MANIFEST},
	{ENVELOPE_GRANT, VECTOR_GRANT_FILE, VECTOR_GRANT},
	{ENVELOPE_NOTICE, VECTOR_NOTICE_FILE, VECTOR_NOTICE},
};

#define VECTORS (sizeof vectors / sizeof vectors[0])

static void
issuer_key(uint8_t sk[SIGN_SECRET_SIZE])
{
	uint8_t seed[KEY_SIZE], pk[KEY_SIZE];
	size_t i;

	for (i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	keytree_sign(pk, sk, seed);
}

/* The answer for a file; what else envelope_open could write must be untouched if it is a no. */
static enum envelope_result
result(enum envelope_type type, const uint8_t *file, size_t n)
{
	static const uint8_t untouched[KEY_SIZE] = {0x5a};
	uint8_t issuer[KEY_SIZE] = {0x5a};
	struct bytes payload = {untouched, 77};
	const enum envelope_result res = envelope_open(type, BYTES(file, n), &payload, issuer);

	if (res == ENVELOPE_OK) {
		ck_assert(payload.p > file && payload.p + payload.n + 66 == file + n);
		ck_assert_mem_eq(issuer, payload.p + 6, KEY_SIZE);
	} else {
		ck_assert(payload.p == untouched && payload.n == 77);
		ck_assert_mem_eq(issuer, untouched, KEY_SIZE);
	}
	return res;
}

static enum envelope_result
result_hex(enum envelope_type type, const char *hex)
{
	size_t n;
	uint8_t *file = payload_bytes(hex, &n);
	const enum envelope_result res = result(type, file, n);

	free(file);
	return res;
}

/* ---- vectors ------------------------------------------------------------------------------------------------------------ */

START_TEST(vectors_are_reproduced_and_verified)
{
	size_t i, n, want_n, payload_n;

	for (i = 0; i < VECTORS; i++) {
		uint8_t *want = payload_bytes(vectors[i].file, &want_n),
			*file = payload_signed(vectors[i].type, vectors[i].payload, &n);
		uint8_t *inner = payload_bytes(vectors[i].payload, &payload_n), issuer[KEY_SIZE];
		struct bytes payload;

		ck_assert_uint_eq(n, want_n);
		ck_assert_mem_eq(file, want, n);
		ck_assert_int_eq(envelope_open(vectors[i].type, BYTES(want, n), &payload, issuer), ENVELOPE_OK);
		ck_assert_uint_eq(payload.n, payload_n);
		ck_assert_mem_eq(payload.p, inner, payload_n);
		free(inner);
		free(file);
		free(want);
	}
}
END_TEST

START_TEST(type_is_guessed_from_the_prefix)
{
	enum envelope_type type = ENVELOPE_NOTICE;
	size_t i, n;

	for (i = 0; i < VECTORS; i++) {
		uint8_t *file = payload_bytes(vectors[i].file, &n);

		ck_assert_int_eq(envelope_guess(BYTES(file, n), &type), 0);
		ck_assert_int_eq(type, vectors[i].type);
		ck_assert_int_eq(envelope_guess(BYTES(file, 20), &type), -1);
		file[10] ^= 1;
		ck_assert_int_eq(envelope_guess(BYTES(file, n), &type), -1);
		ck_assert_int_eq(type, vectors[i].type);
		free(file);
	}
	ck_assert_int_eq(envelope_guess(BYTES(NULL, 0), &type), -1);
}
END_TEST

/* hostile 10 */
START_TEST(one_type_is_not_another)
{
	size_t i, j, n;

	for (i = 0; i < VECTORS; i++) {
		for (j = 0; j < VECTORS; j++) {
			uint8_t *file = payload_bytes(vectors[i].file, &n);

			ck_assert_int_eq(result(vectors[j].type, file, n), i == j ? ENVELOPE_OK : ENVELOPE_MALFORMED);
			free(file);
		}
	}
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------------------------------- */

/* hostile 8 */
START_TEST(truncated_at_every_length)
{
	size_t i, n, len;

	for (i = 0; i < VECTORS; i++) {
		uint8_t *file = payload_bytes(vectors[i].file, &n), *part;

		for (len = 0; len < n; len++) {
			part = malloc(len > 0 ? len : 1);
			ck_assert_ptr_nonnull(part);
			memcpy(part, file, len);
			ck_assert_int_eq(result(vectors[i].type, part, len), ENVELOPE_MALFORMED);
			free(part);
		}
		free(file);
	}
	ck_assert_int_eq(result(ENVELOPE_GRANT, NULL, 0), ENVELOPE_MALFORMED);
}
END_TEST

/* hostile 8 */
START_TEST(anything_after_the_signature)
{
	ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, VECTOR_MANIFEST_FILE "00"), ENVELOPE_MALFORMED);
	ck_assert_int_eq(result_hex(ENVELOPE_GRANT, VECTOR_GRANT_FILE "0a"), ENVELOPE_MALFORMED);
	ck_assert_int_eq(result_hex(ENVELOPE_NOTICE, VECTOR_NOTICE_FILE "f6"), ENVELOPE_MALFORMED);
	ck_assert_int_eq(result_hex(ENVELOPE_GRANT, VECTOR_GRANT_FILE VECTOR_GRANT_FILE), ENVELOPE_MALFORMED);
	ck_assert_int_eq(result_hex(ENVELOPE_GRANT, "00" VECTOR_GRANT_FILE), ENVELOPE_MALFORMED);
}
END_TEST

/* hostile 11 */
START_TEST(every_bit_flipped)
{
	size_t i, n, bit;

	for (i = 0; i < VECTORS; i++) {
		uint8_t *file = payload_bytes(vectors[i].file, &n);

		for (bit = 0; bit < 8 * n; bit++) {
			if (!suite_picks(bit))
				continue;
			file[bit / 8] ^= (uint8_t)(1u << bit % 8);
			ck_assert_int_ne(result(vectors[i].type, file, n), ENVELOPE_OK);
			file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		ck_assert_int_eq(result(vectors[i].type, file, n), ENVELOPE_OK);
		free(file);
	}
}
END_TEST

/* hostile 13 */
START_TEST(other_lengths_of_the_payload_head)
{
	static const char *const heads[] = {
		"590091", "5a00000091", "5b0000000000000091", "5890", "5892", "51", "59ffff", "5affffffff", "5b8000000000000000",
		"5bffffffffffffffff", "5b7fffffffffffffff", "7891", "5f5891", "f6", "40", "",
	};
	char *prefix = payload_edit(VECTOR_MANIFEST_FILE, VECTOR_MANIFEST, ""), *cut, hex[2048];
	size_t i;

	cut = strstr(prefix, "a05891");
	ck_assert_ptr_nonnull(cut);
	for (i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		snprintf(hex, sizeof hex, "%.*sa0%s%s%s", (int)(cut - prefix), prefix, heads[i], VECTOR_MANIFEST, cut + 6);
		ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, hex), ENVELOPE_MALFORMED);
	}
	snprintf(hex, sizeof hex, "%.*sa05891%s%s", (int)(cut - prefix), prefix, VECTOR_MANIFEST, cut + 6);
	ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, hex), ENVELOPE_OK);
	free(prefix);
}
END_TEST

/* A head that would be right if the payload had less than no bytes. */
START_TEST(no_room_for_the_payload_head)
{
	char *prefix = payload_edit(VECTOR_MANIFEST_FILE, VECTOR_MANIFEST, ""), *cut, hex[2048];

	cut = strstr(prefix, "a05891");
	ck_assert_ptr_nonnull(cut);
	for (int room = 0; room < 9; room++) {
		snprintf(hex, sizeof hex, "%.*sa05b%016llx%0*d", (int)(cut - prefix), prefix, (unsigned long long)room - 9,
		    2 * (66 - 9 + room), 0);
		ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, hex), ENVELOPE_MALFORMED);
	}
	free(prefix);
}
END_TEST

/* ---- other shapes, each with the signature that is right for it --------------------------------------------------------- */

/* start || protected || unprotected || 58 91 payload || 58 40 signature || end, the signature over what RFC 9052 says. */
static enum envelope_result
cose(const char *start, const char *protected, const char *unprotected, const char *signed_protected, const char *end)
{
	char hex[2048], tbs[2048], signature[2 * SIGNATURE_SIZE + 1];
	uint8_t sk[SIGN_SECRET_SIZE], sig[SIGNATURE_SIZE], *m;
	size_t n;

	issuer_key(sk);
	snprintf(tbs, sizeof tbs, "846a5369676e617475726531%s405891%s", signed_protected, VECTOR_MANIFEST);
	m = payload_bytes(tbs, &n);
	crypto_sign_detached(sig, NULL, m, n, sk);
	free(m);
	bytes_to_hex(signature, sig, sizeof sig);
	snprintf(hex, sizeof hex, "%s%s%s5891%s5840%s%s", start, protected, unprotected, VECTOR_MANIFEST, signature, end);
	return result_hex(ENVELOPE_MANIFEST, hex);
}

/* The type as text, and the whole header. */
#define TYP "78226170706c69636174696f6e2f766e642e6f6e63652e6d616e69666573742b63626f72"
#define PROTECTED "5828a2012710" TYP

START_TEST(maker_of_shapes_makes_the_right_one)
{
	ck_assert_int_eq(cose("d284", PROTECTED, "a0", PROTECTED, ""), ENVELOPE_OK);
}
END_TEST

/* hostile 9 */
START_TEST(other_tags_and_arrays)
{
	static const char *const starts[] = {
		"84", "d184", "d86284", "d81284", "d283", "d285", "d28402", "d29f", "d29804", "d2d284", "d9d9f7d284",
	};
	size_t i;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++)
		ck_assert_int_eq(cose(starts[i], PROTECTED, "a0", PROTECTED, ""), ENVELOPE_MALFORMED);
	ck_assert_int_eq(cose("d29f", PROTECTED, "a0", PROTECTED, "ff"), ENVELOPE_MALFORMED);
	ck_assert_int_eq(cose("d285", PROTECTED, "a0", PROTECTED, "40"), ENVELOPE_MALFORMED);
}
END_TEST

/* hostile 9 */
START_TEST(other_protected_headers)
{
	static const char *const headers[] = {
		"5828a2012610" TYP,               /* ES256 */
		"5828a2013210" TYP,               /* Ed25519, RFC 9864 */
		"5829a201380710" TYP,             /* EdDSA in two bytes */
		"5826a110" TYP,                   /* no algorithm */
		"43a10127",                       /* no type */
		"582ba3012710" TYP "0440",        /* a key id */
		"582ba3012702811010" TYP,         /* crit */
		"5828a210" TYP "0127",            /* unsorted */
		"590028a2012710" TYP,             /* over-long head */
		"a2012710" TYP,                   /* a map, not a byte string */
		"40",
		"41a0",
		"5828bf012710" TYP,
	};
	size_t i;

	for (i = 0; i < sizeof headers / sizeof headers[0]; i++)
		ck_assert_int_eq(cose("d284", headers[i], "a0", headers[i], ""), ENVELOPE_MALFORMED);
}
END_TEST

/* hostile 9 */
START_TEST(unprotected_headers)
{
	static const char *const maps[] = {"a10127", "a10440", "bfff", "b800", "80", "40", ""};
	size_t i;

	for (i = 0; i < sizeof maps / sizeof maps[0]; i++)
		ck_assert_int_eq(cose("d284", PROTECTED, maps[i], PROTECTED, ""), ENVELOPE_MALFORMED);
	ck_assert_int_eq(cose("d284", "40", "a2012710" TYP, "40", ""), ENVELOPE_MALFORMED);
}
END_TEST

/* hostile 9 */
START_TEST(detached_payload)
{
	char *hex = payload_edit(VECTOR_MANIFEST_FILE, "5891" VECTOR_MANIFEST, "f6"), *empty;

	ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, hex), ENVELOPE_MALFORMED);
	free(hex);
	empty = payload_edit(VECTOR_MANIFEST_FILE, "5891" VECTOR_MANIFEST, "40");
	ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, empty), ENVELOPE_MALFORMED);
	free(empty);
}
END_TEST

START_TEST(other_heads_of_the_signature)
{
	static const char *const heads[] = {"5841", "583f", "590040", "7840", "4040", "9840"};
	char *tail, *hex, from[16];
	size_t i;

	tail = strstr(VECTOR_MANIFEST_FILE, VECTOR_MANIFEST "5840");
	ck_assert_ptr_nonnull(tail);
	snprintf(from, sizeof from, "%.12s", tail + strlen(VECTOR_MANIFEST));
	for (i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		char to[16];

		snprintf(to, sizeof to, "%s%s", heads[i], from + 4);
		hex = payload_edit(VECTOR_MANIFEST_FILE, from, to);
		ck_assert_int_eq(result_hex(ENVELOPE_MANIFEST, hex), ENVELOPE_MALFORMED);
		free(hex);
	}
}
END_TEST

/* A file of one type around the payload of another, signed for the type it claims. */
/* hostile 10 */
START_TEST(payload_of_another_type)
{
	struct manifest m;
	struct notice notice;
	struct grant g;
	size_t i, j, n;

	for (i = 0; i < VECTORS; i++) {
		for (j = 0; j < VECTORS; j++) {
			uint8_t *file = payload_signed(vectors[i].type, vectors[j].payload, &n);
			const struct bytes b = BYTES(file, n);
			enum envelope_result res;

			if (vectors[i].type == ENVELOPE_MANIFEST) {
				res = manifest_open(&m, b);
			} else if (vectors[i].type == ENVELOPE_GRANT) {
				res = grant_open(&g, b);
				grant_free(&g);
			} else {
				res = notice_open(&notice, b);
				notice_free(&notice);
			}
			ck_assert_int_eq(res, i == j ? ENVELOPE_OK : ENVELOPE_MALFORMED);
			free(file);
		}
	}
}
END_TEST

/* ---- versions and the issuer's place ------------------------------------------------------------------------------------ */

/* hostile 16 */
START_TEST(another_version_is_newer_whoever_signed)
{
	static const char *const versions[] = {"00", "02", "17", "1818", "1bffffffffffffffff", "f6"};
	size_t i, n;

	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		char to[32], *hex;
		uint8_t *file;

		snprintf(to, sizeof to, "a801%s0258", versions[i]);
		hex = payload_edit(VECTOR_MANIFEST, "a801010258", to);
		file = payload_signed(ENVELOPE_MANIFEST, hex, &n);
		ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, n), ENVELOPE_NEWER);
		file[n - 1] ^= 1;
		ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, n), ENVELOPE_NEWER);
		free(file);
		free(hex);
	}
}
END_TEST

/* hostile 14 */
START_TEST(issuer_in_another_place)
{
	static const char *const starts[] = {
	    "a80201015820", "a801010358", "a80101025920", "a801010278", "a801010250", "a8180101025820"};
	size_t i, n;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		char *hex = payload_edit(VECTOR_MANIFEST, "a8010102582088f6", starts[i]);
		uint8_t *file = payload_signed(ENVELOPE_MANIFEST, hex, &n);

		ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, n), ENVELOPE_MALFORMED);
		free(file);
		free(hex);
	}
}
END_TEST

/* hostile 14 */
START_TEST(payload_too_short_for_an_issuer)
{
	uint8_t *p, *file, sk[SIGN_SECRET_SIZE];
	size_t n, file_n;

	issuer_key(sk);
	p = payload_bytes("a80101025820" PAYLOAD_ISSUER, &n);
	ck_assert_uint_eq(n, 38);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(p, n), sk, &file_n);
	ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, file_n), ENVELOPE_OK);
	free(file);
	while (n-- > 0) {
		file = envelope_sign(ENVELOPE_MANIFEST, BYTES(p, n), sk, &file_n);
		ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, file_n), ENVELOPE_MALFORMED);
		free(file);
	}
	free(p);
}
END_TEST

/* ---- signatures --------------------------------------------------------------------------------------------------------- */

/* The manifest of the vectors with another issuer and another signature in it. */
static enum envelope_result
with_signature(const char *issuer, const uint8_t sig[SIGNATURE_SIZE])
{
	char *hex = payload_edit(VECTOR_MANIFEST_FILE, PAYLOAD_ISSUER, issuer);
	enum envelope_result res;
	uint8_t *file;
	size_t n;

	file = payload_bytes(hex, &n);
	memcpy(file + n - SIGNATURE_SIZE, sig, SIGNATURE_SIZE);
	res = result(ENVELOPE_MANIFEST, file, n);
	free(file);
	free(hex);
	return res;
}

static void
good_signature(uint8_t sig[SIGNATURE_SIZE])
{
	size_t n;
	uint8_t *file = payload_bytes(VECTOR_MANIFEST_FILE, &n);

	memcpy(sig, file + n - SIGNATURE_SIZE, SIGNATURE_SIZE);
	free(file);
}

/* hostile 12 */
START_TEST(scalar_plus_group_order)
{
	/* L of RFC 8032, section 5.1, little-endian. */
	static const uint8_t order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	};
	uint8_t sig[SIGNATURE_SIZE];
	int turn;

	good_signature(sig);
	ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, sig), ENVELOPE_OK);
	for (turn = 0; turn < 7; turn++) {
		sodium_add(sig + 32, order, 32);
		ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, sig), ENVELOPE_FORGED);
	}
}
END_TEST

/*
 * With the neutral element as key and as R, and S = 0, the equation of RFC 8032 holds for every message; with other points of
 * small order for some. Non-canonical encodings of the same points come last.
 */
/* hostile 12 */
START_TEST(points_of_small_order)
{
	static const char *const points[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};
	uint8_t sig[SIGNATURE_SIZE], good[SIGNATURE_SIZE];
	size_t i, j;

	good_signature(good);
	for (i = 0; i < sizeof points / sizeof points[0]; i++) {
		memcpy(sig, good, sizeof sig);
		ck_assert_int_eq(with_signature(points[i], sig), ENVELOPE_FORGED);
		ck_assert_int_eq(bytes_from_hex(sig, 32, points[i]), 0);
		ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, sig), ENVELOPE_FORGED);
		memset(sig + 32, 0, 32);
		ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, sig), ENVELOPE_FORGED);
		for (j = 0; j < sizeof points / sizeof points[0]; j++)
			ck_assert_int_eq(with_signature(points[j], sig), ENVELOPE_FORGED);
	}
}
END_TEST

/* hostile 12 */
START_TEST(signature_of_zeros_or_of_something_else)
{
	uint8_t sig[SIGNATURE_SIZE] = {0}, *other;
	size_t n;

	ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, sig), ENVELOPE_FORGED);
	other = payload_bytes(VECTOR_GRANT_FILE, &n);
	ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, other + n - SIGNATURE_SIZE), ENVELOPE_FORGED);
	free(other);
	/* The same payload, signed as a notice. */
	other = payload_signed(ENVELOPE_NOTICE, VECTOR_MANIFEST, &n);
	ck_assert_int_eq(with_signature(PAYLOAD_ISSUER, other + n - SIGNATURE_SIZE), ENVELOPE_FORGED);
	free(other);
}
END_TEST

/* hostile 12 */
START_TEST(signed_by_another_issuer)
{
	uint8_t seed[KEY_SIZE], pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], *p, *file;
	char issuer[2 * KEY_SIZE + 1], *hex;
	size_t n, file_n;

	memset(seed, 0x55, sizeof seed);
	keytree_sign(pk, sk, seed);
	bytes_to_hex(issuer, pk, sizeof pk);
	hex = payload_edit(VECTOR_MANIFEST, PAYLOAD_ISSUER, issuer);
	/* The issuer of the vectors signs what names another one, and the other way round. */
	file = payload_signed(ENVELOPE_MANIFEST, hex, &file_n);
	ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, file_n), ENVELOPE_FORGED);
	free(file);
	p = payload_bytes(VECTOR_MANIFEST, &n);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(p, n), sk, &file_n);
	ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, file_n), ENVELOPE_FORGED);
	free(file);
	free(p);
	p = payload_bytes(hex, &n);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(p, n), sk, &file_n);
	ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, file_n), ENVELOPE_OK);
	free(file);
	free(p);
	free(hex);
}
END_TEST

/* ---- sizes -------------------------------------------------------------------------------------------------------------- */

/* A payload of n bytes that envelope_open, which looks at the first 38 only, can accept. To be freed. */
static uint8_t *
padded(size_t n)
{
	uint8_t *p = calloc(1, n);

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(bytes_from_hex(p, 38, "a60101025820" PAYLOAD_ISSUER), 0);
	return p;
}

START_TEST(payload_sizes_at_the_borders_of_heads)
{
	static const size_t sizes[] = {38, 254, 255, 256, 257, 65534, 65535, 65536, 65537};
	uint8_t sk[SIGN_SECRET_SIZE], *p, *file;
	size_t i, n;

	issuer_key(sk);
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		p = padded(sizes[i]);
		file = envelope_sign(ENVELOPE_NOTICE, BYTES(p, sizes[i]), sk, &n);
		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(result(ENVELOPE_NOTICE, file, n), ENVELOPE_OK);
		free(file);
		free(p);
	}
}
END_TEST

/* hostile 8, 55 */
START_TEST(files_at_their_limit)
{
	static const size_t limits[] = {4096, 131072, 4194304};
	uint8_t sk[SIGN_SECRET_SIZE], *p, *file, *longer;
	size_t i, n, size, over;

	issuer_key(sk);
	for (i = 0; i < VECTORS; i++) {
		ck_assert_uint_eq(envelope_limit(vectors[i].type), limits[i]);
		p = padded(limits[i]);
		/* How much is added to a payload shows with a smaller one. */
		size = limits[i] - 130;
		file = envelope_sign(vectors[i].type, BYTES(p, size), sk, &n);
		ck_assert_ptr_nonnull(file);
		free(file);
		size += limits[i] - n;
		file = envelope_sign(vectors[i].type, BYTES(p, size), sk, &n);
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(n, limits[i]);
		ck_assert_int_eq(result(vectors[i].type, file, n), ENVELOPE_OK);
		for (over = 1; over < 3; over++)
			ck_assert_ptr_null(envelope_sign(vectors[i].type, BYTES(p, size + over), sk, &n));
		ck_assert_ptr_null(envelope_sign(vectors[i].type, BYTES(p, SIZE_MAX - 20), sk, &n));
		longer = malloc(limits[i] + 1);
		ck_assert_ptr_nonnull(longer);
		memcpy(longer, file, limits[i]);
		longer[limits[i]] = 0;
		ck_assert_int_eq(result(vectors[i].type, longer, limits[i] + 1), ENVELOPE_MALFORMED);
		free(longer);
		free(file);
		free(p);
	}
}
END_TEST

/* A manifest of 4097 bytes, right in all but its size: made by hand, since envelope_sign does not make it. */
/* hostile 8 */
START_TEST(right_but_for_its_size)
{
	const size_t prefix = 45, payload_n = 4097 - 45 - 3 - 66;
	uint8_t sk[SIGN_SECRET_SIZE], *file, *model, *m, *p;
	size_t n, at = 0;

	issuer_key(sk);
	model = payload_bytes(VECTOR_MANIFEST_FILE, &n);
	file = calloc(1, 4097);
	m = calloc(1, 4200);
	ck_assert(file != NULL && m != NULL);
	p = padded(payload_n);
	memcpy(file, model, prefix);
	memcpy(file + prefix, (const uint8_t[]){0x59, (uint8_t)(payload_n >> 8), (uint8_t)payload_n}, 3);
	memcpy(file + prefix + 3, p, payload_n);
	memcpy(file + 4097 - 66, "\x58\x40", 2);
	memcpy(m, "\x84\x6aSignature1", 12);
	at = 12;
	memcpy(m + at, model + 2, prefix - 3);
	at += prefix - 3;
	m[at++] = 0x40;
	memcpy(m + at, file + prefix, 3 + payload_n);
	at += 3 + payload_n;
	crypto_sign_detached(file + 4097 - 64, NULL, m, at, sk);
	ck_assert_int_eq(result(ENVELOPE_MANIFEST, file, 4097), ENVELOPE_MALFORMED);
	free(p);
	free(m);
	free(file);
	free(model);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("envelope");
	TCase *tc = tcase_create("envelope");

	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, vectors_are_reproduced_and_verified);
	tcase_add_test(tc, type_is_guessed_from_the_prefix);
	tcase_add_test(tc, one_type_is_not_another);
	tcase_add_test(tc, truncated_at_every_length);
	tcase_add_test(tc, anything_after_the_signature);
	tcase_add_test(tc, every_bit_flipped);
	tcase_add_test(tc, other_lengths_of_the_payload_head);
	tcase_add_test(tc, no_room_for_the_payload_head);
	tcase_add_test(tc, maker_of_shapes_makes_the_right_one);
	tcase_add_test(tc, other_tags_and_arrays);
	tcase_add_test(tc, other_protected_headers);
	tcase_add_test(tc, unprotected_headers);
	tcase_add_test(tc, detached_payload);
	tcase_add_test(tc, other_heads_of_the_signature);
	tcase_add_test(tc, payload_of_another_type);
	tcase_add_test(tc, another_version_is_newer_whoever_signed);
	tcase_add_test(tc, issuer_in_another_place);
	tcase_add_test(tc, payload_too_short_for_an_issuer);
	tcase_add_test(tc, scalar_plus_group_order);
	tcase_add_test(tc, points_of_small_order);
	tcase_add_test(tc, signature_of_zeros_or_of_something_else);
	tcase_add_test(tc, signed_by_another_issuer);
	tcase_add_test(tc, payload_sizes_at_the_borders_of_heads);
	tcase_add_test(tc, files_at_their_limit);
	tcase_add_test(tc, right_but_for_its_size);
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
