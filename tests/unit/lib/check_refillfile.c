/*
 * check_refillfile.c - refills as files: what is taken is what is made, and as published.
 */
#include "refillfile.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "envelope.h"
#include "keytree.h"
#include "notice.h"
#include "payload.h"
#include "suite.h"

#define R_1 "49a4ddaab7af713acb04194c705005f544de6e646f1ba21da2010394ebbc2bfb"

#define SEALED "50000102030405060708090a0b0c0d0e0f"

/* Of tests/vectors.txt: with no notice, and with one. */
static const char alone[] =
	"840159011dd2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058afaa010102582088"
	"f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450c0c1c2c3c4"
	"c5c6c7c8c9cacbcccdcecf0501061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7974637"
	"b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b800319384009815021943da5af78d9aa2ce0febfb1bd7aa30a03"
	"5840df70d77c431ffe6f5eaf92d26f7d6eedd06935ddffef467cdae3228efa314bce3398ed865e58a83f9f3ac70411c6e73df81f17d27de1"
	"f3a70491b3b0c73ef50958409a37de4a7db2fe7716d4d9b9abdae388455ca9ea011072a0c1669df993dc3b7f0e82e80d2965db289d43af4f"
	"04755757468c5b6fa29f14cc99b859d969b1b7a240";
static const char listed[] =
	"840159011dd2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058afaa010102582088"
	"f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450c0c1c2c3c4"
	"c5c6c7c8c9cacbcccdcecf0501061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7974637"
	"b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b800319384009815021943da5af78d9aa2ce0febfb1bd7aa30a03"
	"5840df70d77c431ffe6f5eaf92d26f7d6eedd06935ddffef467cdae3228efa314bce3398ed865e58a83f9f3ac70411c6e73df81f17d27de1"
	"f3a70491b3b0c73ef50958409a37de4a7db2fe7716d4d9b9abdae388455ca9ea011072a0c1669df993dc3b7f0e82e80d2965db289d43af4f"
	"04755757468c5b6fa29f14cc99b859d969b1b7a258b4d2845826a201271078206170706c69636174696f6e2f766e642e6f6e63652e6e6f74"
	"6963652b63626f72a05845a6010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30303041a68e778"
	"3205a150a0a1a2a3a4a5a6a7a8a9aaabacadaeaf410206805840bc3af2173947967a6a61856ebfadea04f29cb951469e590d8719b168b154"
	"2e4074ec98992aa872bd423e3efd440ae477302c58a57f5370523fae080298fa8e04";

static uint8_t *file;
static size_t file_n;
static struct refillfile r;

static void
teardown(void)
{
	free(file);
	file = NULL;
}

static int
parse(const char *hex)
{
	free(file);
	file = payload_bytes(hex, &file_n);
	return refillfile_parse(&r, BYTES(file, file_n));
}

static void
is_the_vector(const char *hex, size_t notice_n)
{
	struct grant g = {0};
	size_t n = 0, cell_n = 0;
	uint8_t *again = NULL, *ratchet = NULL, cells[CELL_SIZE(1)], *sealed = NULL;

	ck_assert_int_eq(parse(hex), 0);
	ck_assert(refillfile_guess(BYTES(file, file_n)));
	ck_assert_uint_eq(r.notice.n, notice_n);
	ck_assert_int_eq(grant_open(&g, r.grant), ENVELOPE_OK);
	ck_assert_uint_eq(g.refill, 1);
	ck_assert_uint_eq(refillfile_cells(&g), sizeof cells);
	ratchet = payload_bytes(R_1, &cell_n);
	ck_assert_int_eq(refillfile_open(cells, ratchet, &g, r.sealed), 0);
	ck_assert_ptr_nonnull(sealed = refillfile_seal(ratchet, &g, cells));
	ck_assert_mem_eq(sealed, r.sealed.p, r.sealed.n);
	ck_assert_ptr_nonnull(again = refillfile_encode(&r, &n));
	ck_assert_uint_eq(n, file_n);
	ck_assert_mem_eq(again, file, n);
	ratchet[0] ^= 1;
	ck_assert_int_eq(refillfile_open(cells, ratchet, &g, r.sealed), -1);
	ck_assert_int_eq(refillfile_open(cells, ratchet, &g, BYTES(r.sealed.p, r.sealed.n - 1)), -1);
	free(again);
	free(sealed);
	free(ratchet);
	grant_free(&g);
}

START_TEST(vector_of_a_refill)
{
	is_the_vector(alone, 0);
}
END_TEST

START_TEST(vector_of_a_refill_with_a_notice)
{
	struct notice n = {0};

	is_the_vector(listed, 180);
	ck_assert_int_eq(notice_open(&n, r.notice), ENVELOPE_OK);
	ck_assert_uint_eq(n.number, 3);
	notice_free(&n);
}
END_TEST

/* hostile 58 */
START_TEST(only_one_form_is_taken)
{
	static const char *const bad[] = {"", "84", "8401", "84014101", "84014101" SEALED,
	    "83014101" SEALED "40", "84024101" SEALED "40", "84014101" SEALED "4000", "844101" SEALED "40", "840140" SEALED "40",
	    "840141014f000102030405060708090a0b0c0d0e40", "84014101" SEALED "a0", "840141015b7fffffffffffffff0101",
	    "9f014101" SEALED "40ff", "8418014101" SEALED "40"};
	static const char good[] = "84014101" SEALED "40";

	ck_assert_int_eq(parse(good), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(parse(bad[i]), -1);
		ck_assert_ptr_null(r.grant.p);
	}
	ck_assert_int_eq(parse(alone), 0);
	for (size_t n = 0; n < file_n; n++)
		ck_assert_int_eq(refillfile_parse(&r, BYTES(file, n)), -1);
}
END_TEST

SUITE("refillfile", .setup = NULL, .teardown = teardown)
{
	tcase_add_test(t, vector_of_a_refill);
	tcase_add_test(t, vector_of_a_refill_with_a_notice);
	tcase_add_test(t, only_one_form_is_taken);
}
