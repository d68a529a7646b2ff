/*
 * check_manifest.c - manifests: the vector. What is refused of one is in check_payload.c.
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

START_TEST(vector_is_reproduced)
{
	struct manifest m = {.blocks = 2, .created = 1760000000, .label = "Lecture 1"};
	uint8_t *p, *want;
	size_t i, n, want_n;

	for (i = 0; i < ID_SIZE; i++)
		m.bundle_id[i] = (uint8_t)(0xb0 + i);
	ck_assert_int_eq(bytes_from_hex(m.issuer, KEY_SIZE, PAYLOAD_ISSUER), 0);
	ck_assert_int_eq(bytes_from_hex(m.root, HASH_SIZE, ROOT), 0);
	ck_assert_int_eq(bytes_from_hex(m.commit, HASH_SIZE, COMMIT), 0);
	p = manifest_encode(&m, &n);
	want = payload_bytes(VECTOR_MANIFEST HASH, &want_n);
	ck_assert_uint_eq(n + HASH_SIZE, want_n);
	ck_assert_mem_eq(p, want, n);
	ck_assert_mem_eq(m.hash, want + n, HASH_SIZE);
	free(want);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("manifest");
	TCase *tc = tcase_create("manifest");

	tcase_add_test(tc, vector_is_reproduced);
	tcase_add_test(tc, vector_is_opened);
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
