/*
 * check_code.c - codes: encoding, what people type, and that every small mistake is seen.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "code.h"
#include "suite.h"

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
		"HNSB-PDT3-5TA5-MCE?",
		"\xef\xbc\xa8NSBPDT35TA5MCEM", /* a full-width H */
		"HNSB-PDT3-5TA5-MCE\xff", "HNSB-PDT3-5TA5-MCE\x80M", "HNSB.PDT3.5TA5.MCEM", "HNSB_PDT3_5TA5_MCEM",
		"HNSB-PDT3-5TA5-MCEM\x1b", "HNSB/PDT3/5TA5/MCEM"
	};
	static const char nul[] = "HNSB-PDT3\0-5TA5-MCEM";
	char out[CODE_SYMBOLS], *many = malloc(10000);
	int group = 9;

	ck_assert_ptr_nonnull(many);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(parse(CODE_UNLOCK, bad[i]) == E_CODE_FORM, "case %zu", i);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, nul, sizeof nul - 1, &group), E_CODE_FORM);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, "HNSB-PDT3-5TA5-MCE", 19, &group), E_CODE_FORM); /* with its NUL */
	ck_assert_int_eq(group, 0);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, CODE_0, CODE_SYMBOLS + 1, NULL), E_CODE_FORM);
	memset(many, '0', 10000);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, many, 10000, NULL), E_CODE_FORM);
	ck_assert_int_eq(code_parse(out, CODE_UNLOCK, NULL, 0, NULL), E_CODE_FORM);
	free(many);
}
END_TEST

/* Each dash (Pd), blank (Zs, Zl, Zp) and invisible character (Cf of the common ones) of Unicode 15. */
START_TEST(every_dash_and_blank_is_a_separator)
{
	static const uint32_t all[] = {0x2d, 0x58a, 0x5be, 0x1400, 0x1806, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212,
	    0x2e17, 0x2e1a, 0x2e3a, 0x2e3b, 0x2e40, 0x2e5d, 0x301c, 0x3030, 0x30a0, 0xfe31, 0xfe32, 0xfe58, 0xfe63, 0xff0d, 0x10ead,
	    0x20, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028,
	    0x2029, 0x202f, 0x205f, 0x3000, 0x9, 0xa, 0xb, 0xc, 0xd, 0x85, 0xad, 0x61c, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e,
	    0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2064, 0x2066, 0x2069, 0x206f, 0xfeff, 0xfe0f, 0xe0001,
	    0xe007f};
	char text[16], out[CODE_SYMBOLS];

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		uint32_t c = all[i];
		int n = c < 0x80 ? sprintf(text, "%c", (int)c) :
		    c < 0x800	 ? sprintf(text, "%c%c", 0xc0 | (int)(c >> 6), 0x80 | (int)(c & 63)) :
		    c < 0x10000	 ? sprintf(text, "%c%c%c", 0xe0 | (int)(c >> 12), 0x80 | (int)(c >> 6 & 63), 0x80 | (int)(c & 63)) :
				   sprintf(text, "%c%c%c%c", 0xf0 | (int)(c >> 18), 0x80 | (int)(c >> 12 & 63),
				       0x80 | (int)(c >> 6 & 63), 0x80 | (int)(c & 63));
		char code[120];

		ck_assert_msg(code_separator(text, (size_t)n) == (size_t)n, "U+%04X", (unsigned)c);
		ck_assert_msg(n == 1 || code_separator(text, (size_t)n - 1) == 0, "U+%04X cut", (unsigned)c);
		n = sprintf(code, "%sHNSB%sPDT3%s5TA5%sMCEM%s", text, text, text, text, text);
		ck_assert_msg(code_parse(out, CODE_UNLOCK, code, (size_t)n, NULL) == E_OK, "U+%04X", (unsigned)c);
		ck_assert_mem_eq(out, CODE_0, CODE_SYMBOLS);
	}
}
END_TEST

/* hostile 2 */
START_TEST(what_people_type_is_folded)
{
	static const char *const same[] = {
		"hnsb-pdt3-5ta5-mcem", "HNSB PDT3 5TA5 MCEM", "  hnsbPDT35ta5MCEM\r\n", "H-N-S-B-P-D-T-3-5-T-A-5-M-C-E-M",
		"-HNSB--PDT3 \t 5TA5-MCEM-\n", "HNSB-PDT3-5TA5-MCEM\v\f",
		"HNSB\342\200\223PDT3\342\200\2245TA5\342\200\221MCEM", /* dashes: en, em, and the one that does not break */
		"HNSB\302\240PDT3\342\200\2575TA5\343\200\200MCEM", /* blanks: no-break, narrow no-break, ideographic */
		"\357\273\277HNSB-PDT3-5TA5-MCEM\r", /* the mark at the beginning of a file from Windows */
		"HN\302\255SB\342\200\213-PDT3\342\201\240-5TA5\342\200\215-MCEM\342\200\216", /* what nobody sees */
		"HNSB\342\210\222PDT3\357\274\2155TA5\357\271\243MCEM", /* minus, and full-width and small hyphens */
		"HNSB\240PDT3\2265TA5\255MCEM" /* Windows-1252 */
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

/* For the words about a typing error: as the person typed it, not as it was read. */
START_TEST(a_group_is_shown_as_it_was_typed)
{
	const char *typed = " hnsb\xe2\x80\x93pdto 5 TAl-MCEM";
	char group[CODE_GROUP + 1];

	ck_assert_int_eq(code_group(group, typed, strlen(typed), 1), 0);
	ck_assert_str_eq(group, "HNSB");
	ck_assert_int_eq(code_group(group, typed, strlen(typed), 2), 0);
	ck_assert_str_eq(group, "PDTO");
	ck_assert_int_eq(code_group(group, typed, strlen(typed), 3), 0);
	ck_assert_str_eq(group, "5TAL");
	ck_assert_int_eq(code_group(group, typed, strlen(typed), 4), 0);
	ck_assert_str_eq(group, "MCEM");
	ck_assert_int_eq(code_group(group, typed, strlen(typed), 5), -1);
	ck_assert_str_eq(group, "");
	ck_assert_int_eq(code_group(group, typed, strlen(typed), 0), -1);
	ck_assert_int_eq(code_group(group, typed, strlen(typed) - 1, 4), -1);
	ck_assert_str_eq(group, "");
}
END_TEST

START_TEST(letters_are_folded_to_the_symbol_they_mean)
{
	ck_assert_int_eq(code_fold('i'), '1');
	ck_assert_int_eq(code_fold('L'), '1');
	ck_assert_int_eq(code_fold('o'), '0');
	ck_assert_int_eq(code_fold('h'), 'H');
	ck_assert_int_eq(code_fold('7'), '7');
	ck_assert_int_eq(code_fold('{'), '{');
	ck_assert_int_eq(code_fold('`'), '`');
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

START_TEST(a_code_has_a_name)
{
	static const char whole[] = "000102030405060708090A0b0c0d0e0f";
	static const char *const none[] = {"", "/", "/3", "7kq24/3", "7kq241/", "7kq241/0", "7kq241/03", "7kq241/+3", "7kq241/3x",
	    "7kq241/3/4", "7kq241/4294967296", " 7kq241/3", "7kq24u", "000102030405060708090a0b0c0d0e0g"};
	struct code_name n = {.stick = "as it was", .number = 7};
	char text[2 * ID_SIZE + 3];

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_msg(!code_name(&n, none[i], strlen(none[i])), "%s", none[i]);
	ck_assert_str_eq(n.stick, "as it was");
	ck_assert_uint_eq(n.number, 7);
	ck_assert(code_name(&n, "7KQ241/12 and more", 9));
	ck_assert_str_eq(n.stick, "7kq241");
	ck_assert_uint_eq(n.number, 12);
	ck_assert(code_name(&n, "7kq241", 6));
	ck_assert_uint_eq(n.number, 0);
	snprintf(text, sizeof text, "%s/3", whole);
	ck_assert(code_name(&n, text, strlen(text)));
	ck_assert_uint_eq(n.number, 3);
	ck_assert_str_eq(n.stick, "000102030405060708090a0b0c0d0e0f");
	ck_assert_int_eq(code_looks_like_id(text, strlen(text)), 0);
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
	for (size_t i = 0; i < 24; i++) {
		char text[] = "3f7a:90cd:21ab:88fe:0c44";

		text[i] = i % 5 == 4 ? '0' : ':';
		ck_assert_msg(code_looks_like_id(text, 24) == 0, "%s", text);
	}
	ck_assert_int_eq(code_looks_like_id("7kq241\0", 7), 0);
	ck_assert_int_eq(code_looks_like_id("3f7a:90cd:21ab:88fe:0c4\0", 24), 0);
	ck_assert_int_eq(code_looks_like_id(NULL, 0), 0);
}
END_TEST

SUITE("code")
{
	tcase_add_test(t, encoding_agrees_with_vector);
	tcase_add_test(t, only_the_first_70_bits_count);
	tcase_add_test(t, shown_in_four_groups);
	tcase_add_test(t, vector_codes_are_accepted);
	tcase_add_test(t, round_trip_of_random_codes);
	tcase_add_test(t, wrong_form_is_refused);
	tcase_add_test(t, what_people_type_is_folded);
	tcase_add_test(t, every_dash_and_blank_is_a_separator);
	tcase_add_test(t, a_group_is_shown_as_it_was_typed);
	tcase_add_test(t, letters_are_folded_to_the_symbol_they_mean);
	tcase_add_test(t, every_single_substitution_is_a_typo_in_its_group);
	tcase_add_test(t, single_substitutions_of_a_release_code_are_located_too);
	tcase_add_test(t, every_swap_of_two_symbols_is_a_typo);
	tcase_add_test(t, double_errors_are_never_accepted);
	tcase_add_test(t, the_other_kind_is_named);
	tcase_add_test(t, errors_that_cannot_be_located_name_no_group);
	tcase_add_test(t, a_code_has_a_name);
	tcase_add_test(t, ids_typed_by_mistake_are_recognised);
}
