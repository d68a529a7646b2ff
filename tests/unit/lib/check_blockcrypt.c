/*
 * check_blockcrypt.c - block hash and block cipher: vectors, and all implementations against each other.
 */
#include "blockcrypt.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "bytes.h"
#include "suite.h"

#ifdef HAVE_IPSECMB
#include <intel-ipsec-mb.h>

void __real_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch);
void __wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch);

static enum { AS_IT_IS, COMPUTES_WRONG, OLD_PROCESSOR } library;
static submit_job_t real_submit;

static IMB_JOB *
submit_and_spoil(IMB_MGR *mgr)
{
	IMB_JOB *job = real_submit(mgr);

	if (job != NULL)
		job->auth_tag_output[31] ^= 1;
	return job;
}

void
__wrap_init_mb_mgr_auto(IMB_MGR *mgr, IMB_ARCH *arch)
{
	__real_init_mb_mgr_auto(mgr, arch);
	if (library == OLD_PROCESSOR) {
		init_mb_mgr_sse(mgr);
		*arch = IMB_ARCH_SSE;
	} else if (library == COMPUTES_WRONG) {
		real_submit = mgr->submit_job;
		mgr->submit_job = submit_and_spoil;
	}
}
#endif

static const char CONTENT_KEY[] = "3abf2cf7408b25168094d5f66da1322c121ead7218c5df963ee721b8624b4326";
static const char BLOCK0_FIRST32[] = "242288ac5b004d39b99a0a932fe5a807a7cbb06f12827b79adf4f5b523ef9999";

static uint8_t block[BLOCK_SIZE], other[BLOCK_SIZE], plain[BLOCK_SIZE];

static const uint64_t INDICES[] = {0, 1, 2047, 2048, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000,
    0xfedcba9876543210};

#define IMPLS_MAX 3

static const struct blockcrypt_impl *here[IMPLS_MAX]; /* those that this processor has, fastest first */
static int heres;

static void
look_what_is_here(void)
{
	for (const struct blockcrypt_impl *const *impl = blockcrypt_impls(); *impl != NULL; impl++) {
		struct blockcrypt *b = blockcrypt_new(*impl);

		if (b != NULL)
			here[heres++] = *impl;
		blockcrypt_free(&b);
	}
}

static struct blockcrypt *
context(int i)
{
	struct blockcrypt *b = blockcrypt_new(here[i]);

	ck_assert_ptr_nonnull(b);
	ck_assert_str_eq(blockcrypt_name(b), here[i]->name);
	return b;
}

static void
unhex(uint8_t *p, size_t n, const char *hex)
{
	ck_assert_int_eq(bytes_from_hex(p, n, hex), 0);
}

/* The definition, spelled out with one-shot calls. */
static void
naive_hash(uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t *data)
{
	uint8_t m[21 + 16 * 32] = "\x0bonce1/block";

	m[12] = (uint8_t)level;
	for (unsigned i = 0; i < 8; i++)
		m[13 + i] = (uint8_t)(index >> 8 * i);
	for (size_t i = 0; i < 16; i++)
		crypto_hash_sha256(m + 21 + 32 * i, data + 4096 * i, 4096);
	crypto_hash_sha256(out, m, sizeof m);
}

START_TEST(libsodium_is_always_there_and_last)
{
	ck_assert_int_ge(heres, 1);
	ck_assert_str_eq(here[heres - 1]->name, "libsodium");
}
END_TEST

START_TEST(fastest_that_is_here_is_taken)
{
	struct blockcrypt *b = blockcrypt_new(NULL);

	ck_assert_str_eq(blockcrypt_name(b), here[0]->name);
#ifdef HAVE_IPSECMB
	if (__builtin_cpu_supports("avx2"))
		ck_assert_str_eq(blockcrypt_name(b), "libipsec-mb");
#endif
	blockcrypt_free(&b);
}
END_TEST

START_TEST(block_0_of_the_vector_bundle)
{
	struct blockcrypt *b = context(_i);
	uint8_t ck[KEY_SIZE], want[32];

	unhex(ck, sizeof ck, CONTENT_KEY);
	unhex(want, sizeof want, BLOCK0_FIRST32);
	memset(block, 0, sizeof block);
	memcpy(block, "hello\n", 6);
	ck_assert_int_eq(blockcrypt_crypt(b, block, ck, 0), 0);
	ck_assert_mem_eq(block, want, sizeof want);
	ck_assert_int_eq(blockcrypt_crypt(b, block, ck, 0), 0);
	ck_assert_mem_eq(block, "hello\n\0\0", 8);
	blockcrypt_free(&b);
	ck_assert_ptr_null(b);
}
END_TEST

START_TEST(hash_is_as_defined_at_every_index_and_level)
{
	struct blockcrypt *b = context(_i);
	uint8_t got[HASH_SIZE], want[HASH_SIZE];

	randombytes_buf(block, sizeof block);
	for (size_t i = 0; i < sizeof INDICES / sizeof *INDICES; i++) {
		for (unsigned level = 0; level <= TREE_LEVELS_MAX; level++) {
			naive_hash(want, level, INDICES[i], block);
			ck_assert_int_eq(blockcrypt_hash(b, got, level, INDICES[i], block), 0);
			ck_assert_mem_eq(got, want, sizeof got);
		}
	}
	blockcrypt_free(&b);
}
END_TEST

START_TEST(cipher_is_as_defined_at_every_index)
{
	struct blockcrypt *b = context(_i);
	uint8_t ck[KEY_SIZE], nonce[12] = {0};

	for (size_t i = 0; i < sizeof INDICES / sizeof *INDICES; i++) {
		randombytes_buf(ck, sizeof ck);
		randombytes_buf(plain, sizeof plain);
		memcpy(block, plain, sizeof block);
		store_le64(nonce + 4, INDICES[i]);
		crypto_stream_chacha20_ietf_xor(other, plain, sizeof plain, nonce, ck);
		ck_assert_int_eq(blockcrypt_crypt(b, block, ck, INDICES[i]), 0);
		ck_assert_mem_eq(block, other, sizeof block);
	}
	blockcrypt_free(&b);
}
END_TEST

START_TEST(implementations_agree_on_random_blocks)
{
	struct blockcrypt *a = context(_i), *b = context(heres - 1);
	uint8_t ck[KEY_SIZE], ha[HASH_SIZE], hb[HASH_SIZE];

	for (unsigned round = 0; round < 50; round++) {
		uint64_t index = (uint64_t)randombytes_random() << (round % 33);
		unsigned level = round % 4;

		randombytes_buf(ck, sizeof ck);
		randombytes_buf(block, sizeof block);
		memcpy(other, block, sizeof block);
		ck_assert_int_eq(blockcrypt_hash(a, ha, level, index, block), 0);
		ck_assert_int_eq(blockcrypt_hash(b, hb, level, index, other), 0);
		ck_assert_mem_eq(ha, hb, sizeof ha);
		ck_assert_int_eq(blockcrypt_crypt(a, block, ck, index), 0);
		ck_assert_int_eq(blockcrypt_crypt(b, other, ck, index), 0);
		ck_assert_mem_eq(block, other, sizeof block);
	}
	blockcrypt_free(&a);
	blockcrypt_free(&b);
}
END_TEST

/* Vector code reads memory in its own way: blocks at every address of a cache line, the last one ending where its memory does. */
START_TEST(hash_does_not_depend_on_alignment)
{
	struct blockcrypt *b = context(_i);
	uint8_t got[HASH_SIZE], want[HASH_SIZE];

	randombytes_buf(block, sizeof block);
	naive_hash(want, 0, 5, block);
	for (size_t shift = 0; shift < 64; shift++) {
		uint8_t *m = malloc(BLOCK_SIZE + shift);

		ck_assert_ptr_nonnull(m);
		memcpy(m + shift, block, BLOCK_SIZE);
		ck_assert_int_eq(blockcrypt_hash(b, got, 0, 5, m + shift), 0);
		ck_assert_mem_eq(got, want, sizeof got);
		free(m);
	}
	blockcrypt_free(&b);
}
END_TEST

START_TEST(every_bit_of_a_leaf_counts)
{
	struct blockcrypt *b = context(_i);
	uint8_t got[HASH_SIZE], was[HASH_SIZE];

	memset(block, 0, sizeof block);
	ck_assert_int_eq(blockcrypt_hash(b, was, 0, 0, block), 0);
	for (size_t i = 0; i < 16; i++) {
		size_t at = 4096 * i + 257 * i;

		block[at] = (uint8_t)(1 << i % 8);
		ck_assert_int_eq(blockcrypt_hash(b, got, 0, 0, block), 0);
		ck_assert_mem_ne(got, was, sizeof got);
		memcpy(was, got, sizeof was);
	}
	blockcrypt_free(&b);
}
END_TEST

#ifdef HAVE_IPSECMB
static void
assert_next_one_is_taken(void)
{
	struct blockcrypt *b = NULL;

	ck_assert_ptr_null(blockcrypt_new(blockcrypt_impls()[0]));
	b = blockcrypt_new(NULL);
	ck_assert_ptr_nonnull(b);
	ck_assert_str_eq(blockcrypt_name(b), blockcrypt_impls()[1]->name);
	blockcrypt_free(&b);
}

START_TEST(library_that_computes_wrong_is_not_used)
{
	library = COMPUTES_WRONG;
	assert_next_one_is_taken();
}
END_TEST

START_TEST(processor_without_lanes_takes_the_next_one)
{
	library = OLD_PROCESSOR;
	assert_next_one_is_taken();
}
END_TEST
#endif

START_TEST(one_context_gives_the_same_bytes_in_any_order)
{
	struct blockcrypt *used = context(_i), *fresh = NULL;
	uint8_t k1[KEY_SIZE] = {1}, k2[KEY_SIZE] = {2}, h1[HASH_SIZE], h2[HASH_SIZE];

	memset(plain, 0x5a, sizeof plain);
	memcpy(block, plain, sizeof block);
	ck_assert_int_eq(blockcrypt_crypt(used, block, k2, 7), 0);
	ck_assert_int_eq(blockcrypt_hash(used, h1, 2, 9, block), 0);
	memcpy(block, plain, sizeof block);
	ck_assert_int_eq(blockcrypt_crypt(used, block, k1, 3), 0);
	ck_assert_int_eq(blockcrypt_hash(used, h1, 0, 3, block), 0);
	fresh = context(_i);
	memcpy(other, plain, sizeof other);
	ck_assert_int_eq(blockcrypt_crypt(fresh, other, k1, 3), 0);
	ck_assert_int_eq(blockcrypt_hash(fresh, h2, 0, 3, other), 0);
	ck_assert_mem_eq(block, other, sizeof block);
	ck_assert_mem_eq(h1, h2, sizeof h1);
	blockcrypt_free(&used);
	blockcrypt_free(&fresh);
}
END_TEST

START_TEST(freeing_nothing_is_harmless)
{
	struct blockcrypt *b = NULL;

	blockcrypt_free(&b);
	b = blockcrypt_new(NULL);
	ck_assert_ptr_nonnull(b);
	blockcrypt_free(&b);
	blockcrypt_free(&b);
	ck_assert_ptr_null(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("blockcrypt");
	TCase *t = tcase_create("all");

	look_what_is_here();
	tcase_add_test(t, libsodium_is_always_there_and_last);
	tcase_add_test(t, fastest_that_is_here_is_taken);
	tcase_add_loop_test(t, block_0_of_the_vector_bundle, 0, heres);
	tcase_add_loop_test(t, hash_is_as_defined_at_every_index_and_level, 0, heres);
	tcase_add_loop_test(t, cipher_is_as_defined_at_every_index, 0, heres);
	tcase_add_loop_test(t, implementations_agree_on_random_blocks, 0, heres);
	tcase_add_loop_test(t, hash_does_not_depend_on_alignment, 0, heres);
	tcase_add_loop_test(t, every_bit_of_a_leaf_counts, 0, heres);
#ifdef HAVE_IPSECMB
	tcase_add_test(t, library_that_computes_wrong_is_not_used);
	tcase_add_test(t, processor_without_lanes_takes_the_next_one);
#endif
	tcase_add_loop_test(t, one_context_gives_the_same_bytes_in_any_order, 0, heres);
	tcase_add_test(t, freeing_nothing_is_harmless);
	suite_add_tcase(s, t);
	return suite_run(s);
}
