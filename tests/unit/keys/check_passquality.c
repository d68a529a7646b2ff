/*
 * check_passquality.c - new passphrases that anybody would guess.
 */
#include <check.h>
#include <string.h>

#include "passquality.h"
#include "suite.h"

static enum passquality
of(const char *text)
{
	return passquality(BYTES(text, strlen(text)));
}

START_TEST(short_ones)
{
	ck_assert_int_eq(of(""), PASSQUALITY_SHORT);
	ck_assert_int_eq(of("x"), PASSQUALITY_SHORT);
	ck_assert_int_eq(of("k7!Rw2q"), PASSQUALITY_SHORT);
	ck_assert_int_eq(of("k7!Rw2qZ"), PASSQUALITY_FINE);
}
END_TEST

START_TEST(the_same_few_characters)
{
	ck_assert_int_eq(of("aaaaaaaaaaaaaaaa"), PASSQUALITY_FEW);
	ck_assert_int_eq(of("abcdabcdabcd"), PASSQUALITY_FEW);
	ck_assert_int_eq(of("abcdeabcde"), PASSQUALITY_FINE);
}
END_TEST

START_TEST(runs)
{
	ck_assert_int_eq(of("12345678"), PASSQUALITY_RUN);
	ck_assert_int_eq(of("hgfedcba"), PASSQUALITY_RUN);
	ck_assert_int_eq(of("12345687"), PASSQUALITY_FINE);
}
END_TEST

START_TEST(words)
{
	ck_assert_int_eq(of("correct horse"), PASSQUALITY_FINE);
	ck_assert_int_eq(of("\xea\xb0\x95\xec\x9d\x98\xec\x8b\xa4"), PASSQUALITY_FINE);
}
END_TEST

SUITE("passquality")
{
	tcase_add_test(t, short_ones);
	tcase_add_test(t, the_same_few_characters);
	tcase_add_test(t, runs);
	tcase_add_test(t, words);
}
