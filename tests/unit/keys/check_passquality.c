/*
 * check_passquality.c - new passphrases that anybody would guess.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "passguess.h"
#include "passquality.h"
#include "suite.h"

/* What the library says here is not what is tested; see check_passguess.c. */
static const char *says;
static char reason[PASSQUALITY_REASON];

bool
passguess(struct bytes pass, char *why, size_t size)
{
	(void)pass;
	if (says == NULL)
		return false;
	snprintf(why, size, "%s", says);
	return true;
}

static enum passquality
of(const char *text)
{
	return passquality(BYTES(text, strlen(text)), reason);
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

START_TEST(words_that_are_tried_first)
{
	static const char *const bad[] = {"password", "password123", "Password1!", "P@ssw0rd2024", "passw0rd", "!!password!!",
	    "letmein99", "12345qwertz", "qwertyuiop", "passwordpassword", "pass word 123", "trustno1", "Iloveyou2", "ADMIN1234",
	    "welcomewelcome", "$3cr3t99", "abc12345", "Sunshine-2026"};
	static const char *const good[] = {"correct horse", "correct horse battery staple", "password of the house",
	    "the monkey swims", "k7!Rw2qZ", "seven lanterns over a quay", "passwordx", "84261739", "secretary"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(of(bad[i]) == PASSQUALITY_WORD, "%s", bad[i]);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(of(good[i]) == PASSQUALITY_FINE, "%s", good[i]);
}
END_TEST

START_TEST(what_the_library_says)
{
	says = "a reason";
	ck_assert_int_eq(of("correct horse"), PASSQUALITY_GUESSED);
	ck_assert_str_eq(reason, "a reason");
	ck_assert_int_eq(of("12345678"), PASSQUALITY_RUN); /* our own come first */
	ck_assert_str_eq(reason, "");
	says = NULL;
	ck_assert_int_eq(of("correct horse"), PASSQUALITY_FINE);
	ck_assert_str_eq(reason, "");
}
END_TEST

SUITE("passquality")
{
	tcase_add_test(t, short_ones);
	tcase_add_test(t, the_same_few_characters);
	tcase_add_test(t, runs);
	tcase_add_test(t, words);
	tcase_add_test(t, words_that_are_tried_first);
	tcase_add_test(t, what_the_library_says);
}
