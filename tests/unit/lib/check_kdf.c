/*
 * check_kdf.c - the key tree, the stretching and the sealing below it, against the published vectors.
 */
#include "kdf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "keytree.h"
#include "seal.h"
#include "secret.h"
#include "suite.h"

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ISSUER_PK "88f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab3"
#define BUNDLE_ID "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define CONTENT_KEY "3abf2cf7408b25168094d5f66da1322c121ead7218c5df963ee721b8624b4326"
#define COMMIT "d0a6c5bebaccde8fa23c231caa1f983d5b37650eb0511fef31bbcddf4f5f7f6e"
#define STICK_ID "505152535455565758595a5b5c5d5e5f"
#define GRANT_ID "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define GRANT_HASH "25f9654a405259e7e2d5a5852b901fb5ba0c4a6cdf914d62e4a1e23a3e16fa2c"
#define GRANT_HASH_ALL "76f3c8e5febb3d17e74882b36a3c919cf42266798d10f3dce6e60d15f8454baa"
#define CODE_0 "HNSBPDT35TA5MCEM"
#define CODE_1 "DSFTSEXT1W8GHD5Q"
#define CODE_2 "8GXVPFG05DYDK6MP"
#define RELEASE_0 "5KSRD0P1BBWHFNDR"
#define A_0 "d807cbf6fbebc3d1f76aa99785a73e3bf6d6efff01819a06d43f09d4fb0ddfd7"
#define USB_FACTOR "be816893cccaebabc1a9e8633e2c9e98a3ec6cc5487a402e6baea7aebe327a3b"
#define STATION_PK "13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d"
#define GRANT_XPK "bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f66e"
#define STATION_FACTOR "5af1565c75fa1eaacddf70a2f40e37d9f06d44a1599129390664ac9533d5a00c"
#define LEDGER_FACTOR "0fbe009c87f2b0d76a35e8fce74271b4227a77eaf2473ebecceb25436fec3225"

/* Constants from hexadecimal; a slip in one fails the test that uses it. */
static const uint8_t *
hex(const char *s)
{
	static uint8_t pool[8][128];
	static unsigned next;
	uint8_t *p = pool[next++ % 8];

	ck_assert_int_eq(bytes_from_hex(p, strlen(s) / 2, s), 0);
	return p;
}

#define assert_hex(p, s) ck_assert_mem_eq(p, hex(s), strlen(s) / 2)

/* ---- the labelled hash -------------------------------------------------------------------------------------------------- */

START_TEST(hash_does_not_depend_on_where_the_input_is_split)
{
	const uint8_t data[] = "0123456789";
	uint8_t whole[HASH_SIZE], parts[HASH_SIZE];
	size_t i;

	kdf_hash(whole, "once1/test", &BYTES(data, 10), 1);
	for (i = 0; i <= 10; i++) {
		kdf_hash(parts, "once1/test", (struct bytes[]){{data, i}, {data + i, 10 - i}}, 2);
		ck_assert_mem_eq(whole, parts, HASH_SIZE);
	}
}
END_TEST

START_TEST(hash_tells_label_from_input)
{
	uint8_t a[HASH_SIZE], b[HASH_SIZE];

	kdf_hash(a, "once1/ab", NULL, 0);
	kdf_hash(b, "once1/a", &BYTES("b", 1), 1);
	ck_assert_mem_ne(a, b, HASH_SIZE);
}
END_TEST

START_TEST(key_length_is_bound)
{
	uint8_t k16[16], k32[32];

	kdf_key(k16, sizeof k16, hex(SEED), "once1/test", NULL, 0);
	kdf_key(k32, sizeof k32, hex(SEED), "once1/test", NULL, 0);
	ck_assert_mem_ne(k16, k32, sizeof k16);
}
END_TEST

/* ---- from the seed ------------------------------------------------------------------------------------------------------ */

START_TEST(vector_issuer_key)
{
	uint8_t pk[KEY_SIZE], sk[SIGN_SECRET_SIZE];

	keytree_sign(pk, sk, hex(SEED));
	assert_hex(pk, ISSUER_PK);
	assert_hex(sk + 32, ISSUER_PK);
}
END_TEST

START_TEST(vector_content_key_and_commitment)
{
	uint8_t ck[KEY_SIZE], commit[HASH_SIZE];

	keytree_content(ck, hex(SEED), hex(BUNDLE_ID));
	assert_hex(ck, CONTENT_KEY);
	keytree_commit(commit, ck, hex(BUNDLE_ID));
	assert_hex(commit, COMMIT);
}
END_TEST

START_TEST(vector_code_entropy)
{
	uint8_t e[CODE_ENTROPY_SIZE], other[CODE_ENTROPY_SIZE];

	keytree_code(e, hex(SEED), hex(GRANT_ID), 0);
	assert_hex(e, "8d72bb37432e945a30cab61da5ca8f12");
	keytree_code(other, hex(SEED), hex(GRANT_ID), 1);
	ck_assert_mem_ne(e, other, sizeof e);
	keytree_release(other, hex(SEED), hex(GRANT_ID), 0);
	/* 5KSR-D0P1: its first 40 bits. */
	assert_hex(other, "2cf38682c1");
}
END_TEST

START_TEST(vector_ratchet)
{
	uint8_t r[KEY_SIZE], key[KEY_SIZE];

	keytree_ratchet(r, hex(SEED), hex(STICK_ID));
	assert_hex(r, "f02d63dea3d5617e5b68d439559005b1e64da155eb67e8108d06e06757adc2f3");
	keytree_ratchet_next(r);
	assert_hex(r, "49a4ddaab7af713acb04194c705005f544de6e646f1ba21da2010394ebbc2bfb");
	keytree_refill(key, r, hex("d1e91c9e4865f25963542c3a49729366cd187a2109bc8de061bd730569c6b599"));
	assert_hex(key, "a77580e4b203411b578ab948aad1117955cf65b547d1212f69518bded4bada05");
	keytree_ratchet_next(r);
	assert_hex(r, "64aea579b0cda4ab9854d60369f85c1eeae1f3ac05010683eccf9c0e1ea34108");
}
END_TEST

/* ---- from a code -------------------------------------------------------------------------------------------------------- */

START_TEST(vector_stretched_codes_and_locators)
{
	uint8_t a[KEY_SIZE], loc[LOCATOR_SIZE];

	ck_assert_int_eq(kdf_stretch(a, CODE_0, CODE_SYMBOLS, hex(STICK_ID)), 0);
	assert_hex(a, A_0);
	keytree_locator(loc, a);
	assert_hex(loc, "a2c0eea06a03792e5bb1256edb8cf5a3");
	ck_assert_int_eq(kdf_stretch(a, CODE_1, CODE_SYMBOLS, hex(STICK_ID)), 0);
	keytree_locator(loc, a);
	assert_hex(loc, "a9345afd02e6fa4245c6acece68d06f2");
	ck_assert_int_eq(kdf_stretch(a, CODE_2, CODE_SYMBOLS, hex(STICK_ID)), 0);
	keytree_locator(loc, a);
	assert_hex(loc, "7e8bdf741715e61ff9e0ec78e5f3afa9");
}
END_TEST

START_TEST(vector_ledger_factor)
{
	uint8_t a[KEY_SIZE];

	ck_assert_int_eq(kdf_stretch(a, RELEASE_0, CODE_SYMBOLS, hex(GRANT_ID)), 0);
	assert_hex(a, LEDGER_FACTOR);
}
END_TEST

START_TEST(stretching_without_memory_fails_and_writes_nothing)
{
	uint8_t a[KEY_SIZE] = {1, 2, 3}, before[KEY_SIZE];
	unsigned long pages = 0;
	struct rlimit tight;
	FILE *f = fopen("/proc/self/statm", "re");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	memcpy(before, a, sizeof a);
	/* Room for what a sanitizer or valgrind maps meanwhile, but not for 64 MiB. */
	tight.rlim_cur = tight.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + (48u << 20);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &tight), 0);
	ck_assert_int_eq(kdf_stretch_possible(), 0);
	ck_assert_int_eq(kdf_stretch(a, CODE_0, CODE_SYMBOLS, (const uint8_t *)"0123456789abcdef"), -1);
	ck_assert_mem_eq(a, before, sizeof a);
}
END_TEST

START_TEST(stretching_is_possible_here)
{
	ck_assert_int_eq(kdf_stretch_possible(), 1);
}
END_TEST

START_TEST(vector_tier_1_keys)
{
	uint8_t f[FACTORS_SIZE], k[KEY_SIZE], cell[KEY_SIZE + TAG_SIZE], ck[KEY_SIZE];

	keytree_factors(f, hex(GRANT_HASH), 0, NULL, NULL, NULL);
	keytree_wrap(k, hex(A_0), f);
	assert_hex(k, "f4dbc8a39c73c3da0080b01461b4b7dae92346d2b32fd1622678a563d5050706");
	seal_close(cell, k, hex(CONTENT_KEY), KEY_SIZE, BYTES(NULL, 0));
	assert_hex(cell, "e60caeb3c2dbe65632edd8c56330140f9ee212e1e9d20b9189e2e40b4c082d919060d01810ec54d52b4a006ebc99b1d3");
	ck_assert_int_eq(seal_open(ck, k, cell, sizeof cell, BYTES(NULL, 0)), 0);
	assert_hex(ck, CONTENT_KEY);
	keytree_receipt(k, hex(A_0), f);
	assert_hex(k, "f291fc698c4edc91f7958a306d2099503a7201c9c9745ab6cad0aac5771a4e6a");
	keytree_token(k, hex(A_0), hex(GRANT_HASH), 0);
	assert_hex(k, "66e9df86e22ae53df81a6e78909aca2cedbef2113421ec54da030f0bf2d5d3e8");
}
END_TEST

START_TEST(vector_all_factors_keys)
{
	uint8_t f[FACTORS_SIZE], k[KEY_SIZE], cell[KEY_SIZE + TAG_SIZE];

	keytree_factors(f, hex(GRANT_HASH_ALL), 0, hex(USB_FACTOR), hex(STATION_FACTOR), hex(LEDGER_FACTOR));
	keytree_wrap(k, hex(A_0), f);
	assert_hex(k, "0a45b17823eadef4b62246f2e44d0650cbc5d1c3c4c2bdaa0b5c902fffdbf04d");
	seal_close(cell, k, hex(CONTENT_KEY), KEY_SIZE, BYTES(NULL, 0));
	assert_hex(cell, "56a9ee17e2a50f4812808bd067467a5e15e4b8c7418678ae26135ea5cb225c623034577e6608689b62d4c70b362506ef");
	keytree_receipt(k, hex(A_0), f);
	assert_hex(k, "f5f8a7f3160321ddc94223817f4bd8a58f524b117ae0472aa052b322473e2265");
}
END_TEST

START_TEST(vector_resume_key_and_blob)
{
	uint8_t nonce[NONCE_SIZE], k[KEY_SIZE], blob[KEY_SIZE + TAG_SIZE];

	memset(nonce, 9, sizeof nonce);
	keytree_resume(k, hex(A_0), hex(GRANT_HASH), 0, nonce);
	assert_hex(k, "6c5e2c4f1e891e788e4c10de725e88154b5b351da4ba9a0177460b638b3d88f8");
	seal_close(blob, k, hex(CONTENT_KEY), KEY_SIZE, BYTES(NULL, 0));
	assert_hex(blob, "9f133b0751476985a33034b8d9a738e209def295a1373dd1b115d7c1c47d3c1a9e12bd8c1c040d16264cfe3157be8336");
}
END_TEST

START_TEST(vector_refill_sealed)
{
	static const char sealed[] = "9a37de4a7db2fe7716d4d9b9abdae388455ca9ea011072a0c1669df993dc3b7f"
	    "0e82e80d2965db289d43af4f04755757468c5b6fa29f14cc99b859d969b1b7a2";
	const uint8_t *hash = hex("d1e91c9e4865f25963542c3a49729366cd187a2109bc8de061bd730569c6b599");
	const uint8_t *key = hex("a77580e4b203411b578ab948aad1117955cf65b547d1212f69518bded4bada05");
	uint8_t a[KEY_SIZE], f[FACTORS_SIZE], k[KEY_SIZE], cell[KEY_SIZE + TAG_SIZE], out[KEY_SIZE + 2 * TAG_SIZE];

	ck_assert_int_eq(kdf_stretch(a, "NN4TEKTH6MXZJGNX", CODE_SYMBOLS, hex(STICK_ID)), 0);
	keytree_factors(f, hash, 0, NULL, NULL, NULL);
	keytree_wrap(k, a, f);
	seal_close(cell, k, hex(CONTENT_KEY), KEY_SIZE, BYTES(NULL, 0));
	seal_close(out, key, cell, sizeof cell, BYTES(NULL, 0));
	assert_hex(out, sealed);
}
END_TEST

/* ---- factors and ids ---------------------------------------------------------------------------------------------------- */

START_TEST(vector_usb_factor_and_hint)
{
	uint8_t factor[HASH_SIZE], hint[USB_HINT_SIZE];

	keytree_usb(factor, hint, 0x0951, 0x1666, "E0D55EA57430", 12);
	assert_hex(factor, USB_FACTOR);
	assert_hex(hint, "b95f8280");
}
END_TEST

START_TEST(vector_station_factor_from_both_sides)
{
	uint8_t station_sk[KEY_SIZE], station_pk[KEY_SIZE], xsk[KEY_SIZE], xpk[KEY_SIZE], share[HASH_SIZE];

	memset(station_sk, 7, sizeof station_sk);
	crypto_scalarmult_base(station_pk, station_sk);
	assert_hex(station_pk, STATION_PK);
	keytree_grant_x25519(xsk, xpk, hex(SEED), hex(GRANT_ID));
	assert_hex(xpk, GRANT_XPK);
	ck_assert_int_eq(keytree_station_share(share, station_sk, xpk, xpk, station_pk), 0);
	assert_hex(share, STATION_FACTOR);
	memset(share, 0, sizeof share);
	ck_assert_int_eq(keytree_station_share(share, xsk, station_pk, xpk, station_pk), 0);
	assert_hex(share, STATION_FACTOR);
}
END_TEST

/* hostile 61 */
START_TEST(hostile_x25519_points_are_refused)
{
	/* Zero, one, and a point of order 8 (RFC 7748, section 7, and Curve25519's list of small orders). */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	uint8_t sk[KEY_SIZE], share[HASH_SIZE] = {0}, before[HASH_SIZE] = {0};
	size_t i;

	memset(sk, 7, sizeof sk);
	for (i = 0; i < sizeof points / sizeof points[0]; i++) {
		ck_assert_int_eq(keytree_station_share(share, sk, hex(points[i]), hex(points[i]), hex(STATION_PK)), -1);
		ck_assert_mem_eq(share, before, sizeof share);
	}
}
END_TEST

START_TEST(vector_station_and_session_id)
{
	uint8_t nonce[NONCE_SIZE], id[ID_SIZE];

	memset(nonce, 9, sizeof nonce);
	keytree_session_id(id, nonce);
	assert_hex(id, "f4b6dbec0729be995c04dcffea86662c");
	keytree_station_id(id, hex(STATION_PK));
	assert_hex(id, "5a2fd99fe5dcf89ffc2ce0bce955537e");
}
END_TEST

START_TEST(issuer_fingerprint_form)
{
	char a[FINGERPRINT_SIZE], b[FINGERPRINT_SIZE];

	keytree_fingerprint(a, hex(ISSUER_PK));
	ck_assert_str_eq(a, "b663:b56a:b593:9b71:e92a");
	keytree_fingerprint(b, hex(STATION_PK));
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(stick_name_form)
{
	char name[STICK_NAME_SIZE], again[STICK_NAME_SIZE];
	uint8_t id[ID_SIZE];

	/* 0x50515253 = 01010 00001 01000 10101 00100 10100 11 */
	keytree_stick_name(name, hex(STICK_ID));
	ck_assert_str_eq(name, "a18n4m");
	ck_assert_int_eq(keytree_stick_named(id, name), 0);
	keytree_stick_name(again, id);
	ck_assert_str_eq(again, name);
	ck_assert_mem_eq(id, hex(STICK_ID), 3);
	ck_assert_uint_eq(id[3], hex(STICK_ID)[3] & 0xfc);
	ck_assert(sodium_is_zero(id + 4, ID_SIZE - 4));
	ck_assert_int_eq(keytree_stick_named(id, "ZZZZZZ"), 0);
	ck_assert_mem_eq(id, hex("fffffffc000000000000000000000000"), ID_SIZE);
	ck_assert(keytree_stick_named(id, "") != 0 && keytree_stick_named(id, "00000") != 0 &&
		  keytree_stick_named(id, "0000000") != 0 && keytree_stick_named(id, "00000u") != 0);
	keytree_stick_name(name, hex("00000000ffffffffffffffffffffffff"));
	ck_assert_str_eq(name, "000000");
	keytree_stick_name(name, hex("fffffffc000000000000000000000000"));
	ck_assert_str_eq(name, "zzzzzz");
}
END_TEST

/* ---- sealing ------------------------------------------------------------------------------------------------------------ */

START_TEST(opening_anything_altered_fails_and_leaves_the_output)
{
	uint8_t key[KEY_SIZE] = {1}, m[20] = "nineteen bytes only", c[36], out[20], before[20];
	const struct bytes aad = BYTES("aad", 3);
	size_t i;

	seal_close(c, key, m, sizeof m, aad);
	memset(out, 0x5a, sizeof out);
	memset(before, 0x5a, sizeof before);
	for (i = 0; i < 8 * sizeof c; i++) {
		c[i / 8] ^= (uint8_t)(1u << i % 8);
		ck_assert_int_eq(seal_open(out, key, c, sizeof c, aad), -1);
		c[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (i = 0; i < sizeof c; i++)
		ck_assert_int_eq(seal_open(out, key, c, i, aad), -1);
	ck_assert_int_eq(seal_open(out, key, c, sizeof c, BYTES("aae", 3)), -1);
	key[31] ^= 1;
	ck_assert_int_eq(seal_open(out, key, c, sizeof c, aad), -1);
	key[31] ^= 1;
	ck_assert_mem_eq(out, before, sizeof out);
	ck_assert_int_eq(seal_open(out, key, c, sizeof c, aad), 0);
	ck_assert_mem_eq(out, m, sizeof m);
}
END_TEST

START_TEST(empty_message_seals_and_opens)
{
	const uint8_t key[KEY_SIZE] = {1};
	uint8_t c[TAG_SIZE], out[1] = {7};

	seal_close(c, key, NULL, 0, BYTES(NULL, 0));
	ck_assert_int_eq(seal_open(out, key, c, sizeof c, BYTES(NULL, 0)), 0);
	ck_assert_uint_eq(out[0], 7);
}
END_TEST

/* ---- secret memory ------------------------------------------------------------------------------------------------------ */

START_TEST(secret_memory_is_zero_and_its_pointer_forgotten)
{
	uint64_t *p = secret_new(100 * sizeof *p);
	size_t i;

	ck_assert_ptr_nonnull(p);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(p[i], 0);
	secret_free(&p);
	ck_assert_ptr_null(p);
	secret_free(&p);
	ck_assert_ptr_null(p);
	ck_assert_ptr_null(secret_new(SIZE_MAX - 4096));
}
END_TEST

START_TEST(lockable_follows_the_limit)
{
	const struct rlimit none = {0, 0};

	ck_assert_int_eq(secret_lockable(0), 1);
	ck_assert_int_eq(secret_lockable(SIZE_MAX - 4096), 0); /* half of 32 bits can be had */
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	/* CAP_IPC_LOCK makes the limit void. */
	if (getuid() != 0)
		ck_assert_int_eq(secret_lockable(4096), 0);
}
END_TEST

START_TEST(hardened_process_leaves_no_core)
{
	struct rlimit rl;

	ck_assert_int_eq(secret_harden_process(), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &rl), 0);
	ck_assert_uint_eq(rl.rlim_max, 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("kdf");
	TCase *tc = tcase_create("kdf");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, hash_does_not_depend_on_where_the_input_is_split);
	tcase_add_test(tc, hash_tells_label_from_input);
	tcase_add_test(tc, key_length_is_bound);
	tcase_add_test(tc, vector_issuer_key);
	tcase_add_test(tc, vector_content_key_and_commitment);
	tcase_add_test(tc, vector_code_entropy);
	tcase_add_test(tc, vector_ratchet);
	tcase_add_test(tc, vector_stretched_codes_and_locators);
	tcase_add_test(tc, vector_ledger_factor);
	tcase_add_test(tc, stretching_without_memory_fails_and_writes_nothing);
	tcase_add_test(tc, stretching_is_possible_here);
	tcase_add_test(tc, vector_tier_1_keys);
	tcase_add_test(tc, vector_all_factors_keys);
	tcase_add_test(tc, vector_resume_key_and_blob);
	tcase_add_test(tc, vector_refill_sealed);
	tcase_add_test(tc, vector_usb_factor_and_hint);
	tcase_add_test(tc, vector_station_factor_from_both_sides);
	tcase_add_test(tc, hostile_x25519_points_are_refused);
	tcase_add_test(tc, vector_station_and_session_id);
	tcase_add_test(tc, issuer_fingerprint_form);
	tcase_add_test(tc, stick_name_form);
	tcase_add_test(tc, opening_anything_altered_fails_and_leaves_the_output);
	tcase_add_test(tc, empty_message_seals_and_opens);
	tcase_add_test(tc, secret_memory_is_zero_and_its_pointer_forgotten);
	tcase_add_test(tc, lockable_follows_the_limit);
	tcase_add_test(tc, hardened_process_leaves_no_core);
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
