/*
 * check_near.c - which words are taken for one another.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "suite.h"

static const struct {
	const char *a, *b;
	unsigned d;
} pairs[] = {
	{"Kim, hall 3", "Kim, hall 3", 0},
	{"Kim, hal 3", "Kim, hall 3", 1},
	{"Kmi", "Kim", 1},                                         /* exchanged */
	{"Kin", "Kim", 1},
	{"Ken", "Kim", NEAR_FAR},                                  /* two of three */
	{"KIM, HALL 3", "kim, hall 3", 0},
	{"M\xc3\x9cLLER", "m\xc3\xbcller", 0},                     /* U with diaeresis */
	{"Muller", "M\xc3\xbcller", 1},                            /* a character, not its bytes */
	{"\xc4\x8c" "apek", "\xc4\x8d" "apek", 0},                 /* C with caron */
	{"\xce\x91\xce\xbd\xce\xbd\xce\xb1", "\xce\xb1\xce\x9d\xce\x9d\xce\xb1", 0},
	{"\xd0\xad\xd0\x9c\xd0\x98", "\xd1\x8d\xd0\xbc\xd0\xb8", 0},
	{"Aleksandra K.", "Alexandra K.", 2},
	{"abcdefghijkl", "abcdXYZhijkl", 3},
	{"abcdefghijkl", "abcdWXYZijkl", NEAR_FAR},
	{"kim", "Dr. Kim, hall 3", NEAR_FAR - 1},                  /* a part */
	{"Kim, hall 3 and 4", "Kim", NEAR_FAR - 1},
	{"Ki", "Nikita Kirilow", NEAR_FAR},                        /* of so few it says nothing */
	{"a", "b", NEAR_FAR},
	{"a", "A", 0},
	{"", "", 0},
	{"", "a", NEAR_FAR},
	{"a\xff" "bc", "a\xfe" "bc", 1},
	{"a\xff" "bc", "a\xff" "bc", 0},
};

START_TEST(words_are_so_far_apart)
{
	ck_assert_msg(near_distance(pairs[_i].a, pairs[_i].b) == pairs[_i].d, "\"%s\", \"%s\": %u", pairs[_i].a, pairs[_i].b,
	    near_distance(pairs[_i].a, pairs[_i].b));
}
END_TEST

/* At each place, in words of every length: the band has no edge that is not seen. */
START_TEST(one_slip_is_found_anywhere)
{
	char word[NEAR_CHARACTERS + 2], slip[NEAR_CHARACTERS + 2];

	for (size_t n = 2; n <= NEAR_CHARACTERS; n += n < 20 ? 1 : 59) {
		for (size_t k = 0; k < n; k++)
			word[k] = (char)('a' + k % 26);
		word[n] = '\0';
		for (size_t k = 0; k < n; k++) {
			memcpy(slip, word, n + 1);
			slip[k] = '-';
			ck_assert_uint_eq(near_distance(word, slip), 1);
			memmove(slip + k, word + k + 1, n - k);
			ck_assert_uint_eq(near_distance(word, slip), 1);
			ck_assert_uint_eq(near_distance(slip, word), n > 2 ? 1 : near_distance(slip, word));
		}
	}
	memset(word, 'a', sizeof word);
	word[NEAR_CHARACTERS + 1] = '\0';
	ck_assert_uint_eq(near_distance(word, word), NEAR_FAR);
}
END_TEST

SUITE("near")
{
	tcase_add_loop_test(t, words_are_so_far_apart, 0, (int)(sizeof pairs / sizeof *pairs));
	tcase_add_test(t, one_slip_is_found_anywhere);
}
