/*
 * check_error.c - the numbers and names of errors, which scripts depend on, and the recording of faults; hexadecimal.
 */
#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "bytes.h"
#include "suite.h"

/* The contract, written out once more: a change of error.h must be made here too, and should not be. */
static const struct {
	const char *name;
	int number;
} contract[] = {
	{"E_OK", 0},
	{"E_FAIL", 1},
	{"E_USAGE", 2},
	{"E_NO_STICK", 10},
	{"E_STICK_DAMAGED", 11},
	{"E_NO_GRANT", 12},
	{"E_ISSUER", 13},
	{"E_NO_CODES", 14},
	{"E_STICK_BUSY", 15},
	{"E_CODE_FORM", 20},
	{"E_CODE_TYPO", 21},
	{"E_CODE_KIND", 22},
	{"E_CODE_UNKNOWN", 23},
	{"E_PROMPT", 24},
	{"E_SPENT", 30},
	{"E_REVOKED", 31},
	{"E_EARLY", 32},
	{"E_EXPIRED", 33},
	{"E_NOTICE_MISSING", 34},
	{"E_SLOT_DAMAGED", 35},
	{"E_BUSY", 36},
	{"E_STATION", 37},
	{"E_SPACE", 38},
	{"E_FILESYSTEM", 39},
	{"E_BUNDLE", 40},
	{"E_WRONG_STICK", 41},
	{"E_WRONG_STATION", 42},
	{"E_READONLY", 43},
	{"E_STICK_IO", 44},
	{"E_LEDGER", 45},
	{"E_ROLLBACK", 46},
	{"E_FUSE", 47},
	{"E_MEMORY", 48},
	{"E_MOUNTED", 49},
	{"E_REFILL", 50},
	{"E_REFILL_USED", 51},
	{"E_SOURCE", 52},
	{"E_KEYSTORE", 60},
	{"E_PASSPHRASE", 61},
	{"E_BOOKS", 62},
	{"E_INTERRUPTED", 130},
};

#define CONTRACT_SIZE (sizeof contract / sizeof contract[0])

START_TEST(every_number_has_its_name)
{
	size_t i;

	for (i = 0; i < CONTRACT_SIZE; i++)
		ck_assert_str_eq(err_name((enum err)contract[i].number), contract[i].name);
}
END_TEST

START_TEST(names_are_unique)
{
	size_t i, j;

	for (i = 0; i < CONTRACT_SIZE; i++) {
		for (j = 0; j < i; j++)
			ck_assert_str_ne(err_name((enum err)contract[i].number), err_name((enum err)contract[j].number));
	}
}
END_TEST

START_TEST(every_other_number_is_E_FAIL)
{
	int n;
	size_t i, named = 0;

	for (n = 0; n < 256; n++)
		named += n != 1 && strcmp(err_name((enum err)n), "E_FAIL") != 0;
	for (i = 0; i < CONTRACT_SIZE; i++)
		named -= contract[i].number != 1;
	ck_assert_uint_eq(named, 0);
}
END_TEST

START_TEST(fault_keeps_the_first)
{
	struct fault f;

	fault_clear(&f);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_int_eq(fault_set(&f, E_STICK_IO, 5, "fdatasync", "g/%s/lock.a", "00ff"), E_STICK_IO);
	ck_assert_int_eq(fault_set(&f, E_BUNDLE, 2, "open", "b"), E_BUNDLE);
	ck_assert_int_eq(f.err, E_STICK_IO);
	ck_assert_int_eq(f.sys, 5);
	ck_assert_str_eq(f.step, "fdatasync");
	ck_assert_str_eq(f.object, "g/00ff/lock.a");
	fault_clear(&f);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_str_eq(f.object, "");
}
END_TEST

START_TEST(fault_without_a_place_only_returns)
{
	ck_assert_int_eq(fault_set(NULL, E_SPACE, 0, "x", "%d", 1), E_SPACE);
}
END_TEST

START_TEST(success_is_not_a_fault)
{
	struct fault f;

	fault_clear(&f);
	ck_assert_int_eq(fault_set(&f, E_OK, 0, "x", "y"), E_OK);
	ck_assert_str_eq(f.step, "");
	ck_assert_int_eq(fault_set(&f, E_FAIL, 0, "a", "b"), E_FAIL);
	ck_assert_int_eq(f.why, WHY_NONE);
	fault_clear(&f);
	ck_assert_int_eq(fault_said(&f, E_FAIL, "a sentence."), E_FAIL);
	ck_assert_int_eq(f.why, WHY_SAID);
	ck_assert_int_eq(fault_said(&f, E_USAGE, "another."), E_USAGE);
	ck_assert_int_eq(f.err, E_FAIL);
	ck_assert_str_eq(f.said, "a sentence.");
	fault_clear(&f);
	fault_set(&f, E_FAIL, 0, "", "no sentence.");
	ck_assert_int_eq(f.why, WHY_NONE);
	fault_clear(&f);
	fault_set(&f, E_FAIL, 0, "", "%s", "");
	ck_assert_int_eq(f.why, WHY_NONE);
	fault_clear(&f);
	fault_set(&f, E_FAIL, 0, "a", "b");
	ck_assert_str_eq(f.step, "a");
}
END_TEST

START_TEST(a_fault_of_another_process_can_be_read)
{
	struct fault f;

	memset(&f, 'x', sizeof f);
	f.err = E_BUSY;
	f.owned = false;
	f.step[3] = '\033';
	fault_foreign(&f);
	ck_assert_int_eq(f.err, E_BUSY);
	ck_assert_int_eq(f.why, WHY_NONE);
	ck_assert_ptr_null(f.said);
	ck_assert_uint_eq(strnlen(f.step, sizeof f.step), sizeof f.step - 1);
	ck_assert_uint_eq(strnlen(f.object, sizeof f.object), sizeof f.object - 1);
	ck_assert_int_eq(f.step[3], '?');
	fault_clear(&f);
	fault_why(&f, E_SOURCE, 0, WHY_FIFO, "a");
	fault_foreign(&f);
	ck_assert_int_eq(f.why, WHY_FIFO);
	ck_assert_str_eq(f.object, "a");
}
END_TEST

START_TEST(every_why_names_a_step_and_is_kept)
{
	for (enum why why = WHY_NONE + 1; why < WHY_COUNT; why++) {
		struct fault f = {0}, passed = {0};

		ck_assert_msg(why_step(why) != NULL && why_step(why)[0] != '\0', "%d", (int)why);
		ck_assert_int_eq(fault_why(&f, E_STICK_IO, 5, why, "%s", "g"), E_STICK_IO);
		ck_assert(f.err == E_STICK_IO && f.sys == 5 && f.why == why && strcmp(f.object, "g") == 0);
		ck_assert_str_eq(f.step, why_step(why));
		ck_assert_int_eq(fault_set(&f, E_SPACE, 0, "open", "b"), E_SPACE);
		ck_assert_int_eq(fault_pass(&passed, &f), E_STICK_IO);
		ck_assert_int_eq(passed.why, why);
		fault_clear(&f);
		ck_assert_int_eq(f.why, WHY_NONE);
		fault_set(&f, E_SPACE, 0, "open", "b");
		ck_assert_int_eq(f.why, WHY_NONE);
	}
	ck_assert_str_eq(why_step(WHY_NONE), "");
	ck_assert_str_eq(why_step(WHY_COUNT), "");
}
END_TEST

START_TEST(controls_are_replaced)
{
	struct fault f;

	fault_clear(&f);
	/* ESC, LF, DEL; CSI as U+009B and as a bare byte; an umlaut, a euro sign and a face stay. */
	fault_set(&f, E_SOURCE, 0, "a\tb", "%s", "\033[2J\n\x7f \xc2\x9b \x9b \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	ck_assert_str_eq(f.step, "a?b");
	ck_assert_str_eq(f.object, "?[2J?? ?? ? \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}
END_TEST

START_TEST(long_text_is_cut)
{
	char text[1000];
	struct fault f;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	fault_clear(&f);
	fault_set(&f, E_FAIL, 0, text, "%s", text);
	ck_assert_uint_eq(strlen(f.step), sizeof f.step - 1);
	ck_assert_uint_eq(strlen(f.object), sizeof f.object - 1);
	ck_assert_ptr_nonnull(strstr(f.object, "\xe2\x80\xa6")); /* which is seen */
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	char text[1000] = "";
	struct fault f;

	for (size_t lead = 0; lead < 3; lead++) {
		memset(text, 'x', lead);
		for (size_t n = lead; n + 3 < sizeof text; n += 3)
			memcpy(text + n, "\xed\x95\x9c", 4); /* a syllable of Hangul */
		fault_clear(&f);
		fault_set(&f, E_FAIL, 0, "", "%s", text);
		ck_assert_uint_eq((strlen(f.object) - lead) % 3, 0);
		ck_assert_uint_ge(strlen(f.object), sizeof f.object - 4);
	}
}
END_TEST

START_TEST(hex_round_trip)
{
	const uint8_t p[4] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t back[4];
	char hex[9];

	bytes_to_hex(hex, p, sizeof p);
	ck_assert_str_eq(hex, "009fa0ff");
	ck_assert_int_eq(bytes_from_hex(back, sizeof back, hex), 0);
	ck_assert_mem_eq(back, p, sizeof p);
	bytes_to_hex(hex, NULL, 0);
	ck_assert_str_eq(hex, "");
}
END_TEST

START_TEST(hex_refusals_write_nothing)
{
	static const char *const bad[] = {"", "0", "00f", "00f0a", "00f0a0", "00F0", "00g0", "00 0", "0x00", "00f", "00f\n"};
	uint8_t p[2] = {1, 2};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(bytes_from_hex(p, sizeof p, bad[i]), -1);
		ck_assert(p[0] == 1 && p[1] == 2);
	}
	ck_assert_int_eq(bytes_from_hex(p, 0, ""), 0);
	ck_assert_int_eq(bytes_from_hex(p, 0, "00"), -1);
}
END_TEST

START_TEST(little_endian_fields)
{
	uint8_t p[8];

	store_le64(p, 0x0123456789abcdefull);
	ck_assert_mem_eq(p, "\xef\xcd\xab\x89\x67\x45\x23\x01", 8);
	ck_assert_uint_eq(load_le64(p), 0x0123456789abcdefull);
	ck_assert_uint_eq(load_le32(p), 0x89abcdefu);
	ck_assert_uint_eq(load_le16(p), 0xcdefu);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("error");
	TCase *tc = tcase_create("error");

	tcase_add_test(tc, every_number_has_its_name);
	tcase_add_test(tc, names_are_unique);
	tcase_add_test(tc, every_other_number_is_E_FAIL);
	tcase_add_test(tc, fault_keeps_the_first);
	tcase_add_test(tc, fault_without_a_place_only_returns);
	tcase_add_test(tc, success_is_not_a_fault);
	tcase_add_test(tc, a_fault_of_another_process_can_be_read);
	tcase_add_test(tc, every_why_names_a_step_and_is_kept);
	tcase_add_test(tc, controls_are_replaced);
	tcase_add_test(tc, long_text_is_cut);
	tcase_add_test(tc, text_is_cut_between_characters);
	tcase_add_test(tc, hex_round_trip);
	tcase_add_test(tc, hex_refusals_write_nothing);
	tcase_add_test(tc, little_endian_fields);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
