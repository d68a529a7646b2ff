/*
 * check_code.c - codes: encoding, what people type, and that every small mistake is seen.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "code.h"

#define CODE_0 "HNSBPDT35TA5MCEM"
#define RELEASE_0 "5KSRD0P1BBWHFNDR"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static enum err
parse(enum code_kind kind, const char *text)
{
	char out[CODE_SYMBOLS];

	return code_parse(out, kind, text, strlen(text), NULL);
}

START_TEST(encoding_agrees_with_vector)
{
	uint8_t entropy[CODE_ENTROPY_SIZE], zero[CODE_ENTROPY_SIZE] = { 0 };
	char code[CODE_SYMBOLS];

	ck_assert_int_eq(bytes_from_hex(entropy, sizeof entropy, "8d72bb37432e945a30cab61da5ca8f12"), 0);
	code_encode(code, CODE_UNLOCK, entropy);
	ck_assert_mem_eq(code, CODE_0, CODE_SYMBOLS);
	code_encode(code, CODE_UNLOCK, zero);
	ck_assert_mem_eq(code, "0000000000000001", CODE_SYMBOLS);
	code_encode(code, CODE_RELEASE, zero);
	ck_assert_mem_eq(code, "00000000000000M3", CODE_SYMBOLS);
}
END_TEST

START_TEST(only_the_first_70_bits_count)
{
	uint8_t entropy[CODE_ENTROPY_SIZE] = { 0 };
	char a[CODE_SYMBOLS], b[CODE_SYMBOLS];

	code_encode(a, CODE_UNLOCK, entropy);
	entropy[8] = 0x03;
	memset(entropy + 9, 0xff, 7);
	code_encode(b, CODE_UNLOCK, entropy);
	ck_assert_mem_eq(a, b, CODE_SYMBOLS);
	entropy[8] = 0x04;
	code_encode(b, CODE_UNLOCK, entropy);
	ck_assert_mem_ne(a, b, CODE_SYMBOLS);
}
END_TEST

START_TEST(shown_in_four_groups)
{
	char shown[CODE_SHOWN_SIZE];

	code_show(shown, CODE_0);
	ck_assert_str_eq(shown, "HNSB-PDT3-5TA5-MCEM");
}
END_TEST

START_TEST(vector_codes_are_accepted)
{
	ck_assert_int_eq(parse(CODE_UNLOCK, "HNSB-PDT3-5TA5-MCEM"), E_OK);
	ck_assert_int_eq(parse(CODE_UNLOCK, "DSFT-SEXT-1W8G-HD5Q"), E_OK);
	ck_assert_int_eq(parse(CODE_UNLOCK, "8GXV-PFG0-5DYD-K6MP"), E_OK);
	ck_assert_int_eq(parse(CODE_UNLOCK, "NN4T-EKTH-6MXZ-JGNX"), E_OK);
	ck_assert_int_eq(parse(CODE_RELEASE, "5KSR-D0P1-BBWH-FNDR"), E_OK);
}
END_TEST

START_TEST(round_trip_of_random_codes)
{
	uint32_t x = 12345;

	for (int i = 0; i < 2000; i++) {
		enum code_kind kind = i % 2 == 0 ? CODE_UNLOCK : CODE_RELEASE;
		uint8_t entropy[CODE_ENTROPY_SIZE];
		char code[CODE_SYMBOLS], shown[CODE_SHOWN_SIZE], back[CODE_SYMBOLS];

		for (size_t j = 0; j < sizeof entropy; j++) {
			x = x * 1664525u + 1013904223u;
			entropy[j] = (uint8_t)(x >> 24);
		}
		code_encode(code, kind, entropy);
		code_show(shown, code);
		ck_assert_int_eq(code_parse(back, kind, shown, strlen(shown), NULL), E_OK);
		ck_assert_mem_eq(back, code, CODE_SYMBOLS);
	}
}
END_TEST

/* hostile 1 */
START_TEST(wrong_form_is_refused)
{
	static const char *const bad[] = {
		"", "----", "HNSB-PDT3-5TA5-MCE", "HNSB-PDT3-5TA5-MCEM-M", "HNSB-PDT3-5TA5-MCEU", "HNSB-PDT3-5TA5-MCE*",
		"HNSB-PDT3-5TA5-MCE?", "HNSB\342\200\223PDT3\342\200\2235TA5\342\200\223MCEM", /* en dashes */
		"\xef\xbc\xa8NSBPDT35TA5MCEM", /* a full-width H */
		"HNSB-PDT3-5TA5-MCE\xff", "HNSB-PDT3-5TA5-MCE\x80M", "HNSB.PDT3.5TA5.MCEM", "HNSB_PDT3_5TA5_MCEM",
		"HNSB-PDT3-5TA5-MCEM\v", "HNSB-PDT3-5TA5-MCEM\x1b", "HNSB/PDT3/5TA5/MCEM"
	};
	static const char nul[] = "HNSB-PDT3\0-5TA5-MCEM";
	char out[CODE_SYMBOLS], *many = malloc(10000);
	int group = 9;

	ck_assert_ptr_nonnull(many);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(parse(CODE_UNLOCK, bad[i]) == E_CODE_FORM, "case %zu", i);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, nul, sizeof nul - 1, &group), E_CODE_FORM);
	ck_assert_int_eq(group, 0);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, CODE_0, CODE_SYMBOLS + 1, NULL), E_CODE_FORM);
	memset(many, '0', 10000);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, many, 10000, NULL), E_CODE_FORM);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, NULL, 0, NULL), E_CODE_FORM);
	free(many);
}
END_TEST

/* hostile 2 */
START_TEST(what_people_type_is_folded)
{
	static const char *const same[] = {
		"hnsb-pdt3-5ta5-mcem", "HNSB PDT3 5TA5 MCEM", "  hnsbPDT35ta5MCEM\r\n", "H-N-S-B-P-D-T-3-5-T-A-5-M-C-E-M",
		"-HNSB--PDT3 \t 5TA5-MCEM-\n"
	};
	char out[CODE_SYMBOLS];

	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		ck_assert_int_eq(code_parse(out, CODE_UNLOCK, same[i], strlen(same[i]), NULL), E_OK);
		ck_assert_mem_eq(out, CODE_0, CODE_SYMBOLS);
	}
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, "8GXV-PFGo-5DYD-K6MP", 19, NULL), E_OK);
	ck_assert_mem_eq(out, "8GXVPFG05DYDK6MP", CODE_SYMBOLS);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, "DSFT-SEXT-LW8G-HD5Q", 19, NULL), E_OK);
	ck_assert_mem_eq(out, "DSFTSEXT1W8GHD5Q", CODE_SYMBOLS);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, "OOOO-oooo-0000-000i", 19, NULL), E_OK);
	ck_assert_mem_eq(out, "0000000000000001", CODE_SYMBOLS);
}
END_TEST

/* hostile 3 */
START_TEST(every_single_substitution_is_a_typo_in_its_group)
{
	int tried = 0;

	for (int j = 0; j < CODE_SYMBOLS; j++) {
		for (int v = 0; v < 32; v++) {
			char text[CODE_SYMBOLS + 1] = CODE_0, out[CODE_SYMBOLS] = "untouched";
			int group = -1;

			if (alphabet[v] == text[j])
				continue;
			text[j] = alphabet[v];
			ck_assert_int_eq(code_parse(out, CODE_UNLOCK, text, CODE_SYMBOLS, &group), E_CODE_TYPO);
			ck_assert_int_eq(group, j / 4 + 1);
			ck_assert_str_eq(out, "untouched");
			tried++;
		}
	}
	ck_assert_int_eq(tried, 496);
}
END_TEST

/* hostile 65 */
START_TEST(single_substitutions_of_a_release_code_are_located_too)
{
	for (int j = 0; j < CODE_SYMBOLS; j++) {
		char text[CODE_SYMBOLS + 1] = RELEASE_0, out[CODE_SYMBOLS];
		int group = -1;

		text[j] = text[j] == '7' ? '8' : '7';
		ck_assert_int_eq(code_parse(out, CODE_RELEASE, text, CODE_SYMBOLS, &group), E_CODE_TYPO);
		ck_assert_int_eq(group, j / 4 + 1);
	}
}
END_TEST

/* hostile 4 */
START_TEST(every_swap_of_two_symbols_is_a_typo)
{
	/* sixteen different symbols are needed for all 120 swaps to be errors */
	char code[CODE_SYMBOLS] = "";
	int tried = 0;

	for (unsigned seed = 0; seed < 200000; seed++) {
		uint8_t entropy[CODE_ENTROPY_SIZE];
		uint32_t seen = 0, x = seed;

		for (size_t i = 0; i < sizeof entropy; i++) {
			x = x * 1664525u + 1013904223u;
			entropy[i] = (uint8_t)(x >> 24);
		}
		code_encode(code, CODE_UNLOCK, entropy);
		for (int j = 0; j < CODE_SYMBOLS; j++)
			seen |= 1u << (strchr(alphabet, code[j]) - alphabet);
		if (__builtin_popcount(seen) == CODE_SYMBOLS)
			break;
	}
	for (int i = 0; i < CODE_SYMBOLS; i++) {
		for (int j = i + 1; j < CODE_SYMBOLS; j++) {
			char text[CODE_SYMBOLS], out[CODE_SYMBOLS];

			memcpy(text, code, sizeof text);
			ck_assert_int_ne(text[i], text[j]);
			text[i] = code[j];
			text[j] = code[i];
			ck_assert_int_eq(code_parse(out, CODE_UNLOCK, text, CODE_SYMBOLS, NULL), E_CODE_TYPO);
			tried++;
		}
	}
	ck_assert_int_eq(tried, 120);
}
END_TEST

/* Every double error over a few values: never accepted; a code of the other kind now and then. */
/* hostile 4 */
START_TEST(double_errors_are_never_accepted)
{
	int tried = 0, kind = 0;

	for (int i = 0; i < CODE_SYMBOLS; i++) {
		for (int j = i + 1; j < CODE_SYMBOLS; j++) {
			for (int v = 1; v < 32 * 32; v += 7) {
				char text[CODE_SYMBOLS] = { 0 }, out[CODE_SYMBOLS];
				enum err err;

				memcpy(text, CODE_0, sizeof text);
				text[i] = alphabet[v % 32];
				text[j] = alphabet[v / 32];
				if (text[i] == CODE_0[i] || text[j] == CODE_0[j])
					continue;
				err = code_parse(out, CODE_UNLOCK, text, CODE_SYMBOLS, NULL);
				ck_assert(err == E_CODE_TYPO || err == E_CODE_KIND);
				kind += err == E_CODE_KIND;
				tried++;
			}
		}
	}
	ck_assert_int_gt(tried, 10000);
	ck_assert_int_gt(kind, 0);
	ck_assert_int_lt(kind, tried / 100);
}
END_TEST

/* hostile 5 */
START_TEST(the_other_kind_is_named)
{
	char out[CODE_SYMBOLS] = "untouched";
	int group = -1;

	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, RELEASE_0, CODE_SYMBOLS, &group), E_CODE_KIND);
	ck_assert_int_eq(group, 0);
	ck_assert_int_eq(code_parse(out, CODE_RELEASE, CODE_0, CODE_SYMBOLS, &group), E_CODE_KIND);
	ck_assert_str_eq(out, "untouched");
}
END_TEST

START_TEST(errors_that_cannot_be_located_name_no_group)
{
	int unlocated = 0;

	for (int v = 0; v < 32; v++) {
		for (int w = 0; w < 32; w++) {
			char text[CODE_SYMBOLS], out[CODE_SYMBOLS];
			int group = -1;

			memcpy(text, CODE_0, sizeof text);
			text[0] = alphabet[v];
			text[1] = alphabet[w];
			if (code_parse(out, CODE_UNLOCK, text, CODE_SYMBOLS, &group) == E_CODE_TYPO && group == 0)
				unlocated++;
		}
	}
	ck_assert_int_gt(unlocated, 0);
}
END_TEST

START_TEST(ids_typed_by_mistake_are_recognised)
{
	static const char *const ids[] = { "7kq241", "7KQ241", " 7kq241/3\n", "7kq241/4096", "7kq241/12" };
	static const char *const neither[] = {
		"", "7kq24", "7kq2411", "7kq241/", "7kq241/0", "7kq241/x", "7kq241/3/4", "7kq24u", "7kq241/1234567890", "7kq241-3",
		"3f7a:90cd:21ab:88fe:0c4", "3f7a:90cd:21ab:88fe:0c44:", "3f7a-90cd-21ab-88fe-0c44", "3g7a:90cd:21ab:88fe:0c44",
		"HNSB-PDT3-5TA5-MCEM", CODE_0
	};

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		ck_assert_msg(code_looks_like_id(ids[i], strlen(ids[i])) == 1, "%s", ids[i]);
	for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++)
		ck_assert_msg(code_looks_like_id(neither[i], strlen(neither[i])) == 0, "%s", neither[i]);
	ck_assert_int_eq(code_looks_like_id("3f7a:90cd:21ab:88fe:0c44", 24), 2);
	ck_assert_int_eq(code_looks_like_id("3F7A:90CD:21AB:88FE:0C44 ", 25), 2);
	ck_assert_int_eq(code_looks_like_id("7kq241\0", 7), 0);
	ck_assert_int_eq(code_looks_like_id("3f7a:90cd:21ab:88fe:0c4\0", 24), 0);
	ck_assert_int_eq(code_looks_like_id(NULL, 0), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("code");
	TCase *tc = tcase_create("code");
	SRunner *sr = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_test(tc, encoding_agrees_with_vector);
	tcase_add_test(tc, only_the_first_70_bits_count);
	tcase_add_test(tc, shown_in_four_groups);
	tcase_add_test(tc, vector_codes_are_accepted);
	tcase_add_test(tc, round_trip_of_random_codes);
	tcase_add_test(tc, wrong_form_is_refused);
	tcase_add_test(tc, what_people_type_is_folded);
	tcase_add_test(tc, every_single_substitution_is_a_typo_in_its_group);
	tcase_add_test(tc, single_substitutions_of_a_release_code_are_located_too);
	tcase_add_test(tc, every_swap_of_two_symbols_is_a_typo);
	tcase_add_test(tc, double_errors_are_never_accepted);
	tcase_add_test(tc, the_other_kind_is_named);
	tcase_add_test(tc, errors_that_cannot_be_located_name_no_group);
	tcase_add_test(tc, ids_typed_by_mistake_are_recognised);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
