/*
 * check_utf8.c - characters in UTF-8, whole and broken.
 */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "suite.h"

#define UNTOUCHED 0xdeadbeefu

/* ---- one at a time -------------------------------------------------------------------------------------------------------- */

static const struct one {
	const char *s;
	size_t len;
	uint32_t c;
} characters[] = {
    {"a", 1, 'a'},
    {"\x7f", 1, 0x7f},
    {"\xc2\x80", 2, 0x80},
    {"\xc3\xa9", 2, 0xe9},
    {"\xdf\xbf", 2, 0x7ff},
    {"\xe0\xa0\x80", 3, 0x800},
    {"\xea\xb0\x80", 3, 0xac00},
    {"\xed\x9f\xbf", 3, 0xd7ff},
    {"\xee\x80\x80", 3, 0xe000},
    {"\xef\xbf\xbf", 3, 0xffff},
    {"\xf0\x90\x80\x80", 4, 0x10000},
    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
};

START_TEST(a_character_is_read_and_what_follows_is_not)
{
	const struct one *one = &characters[_i];
	char s[8] = "";
	uint32_t c = 0;

	memcpy(s, one->s, one->len);
	memset(s + one->len, '\xbf', sizeof s - one->len);
	ck_assert_uint_eq(utf8_next(s, sizeof s, &c), one->len);
	ck_assert_uint_eq(c, one->c);
	ck_assert_uint_eq(utf8_length(s[0]), one->len);
	for (size_t i = 0; i < one->len; i++)
		ck_assert_int_eq(utf8_follows(s[i]), i > 0);
}
END_TEST

START_TEST(one_that_is_cut_short_is_none)
{
	const struct one *one = &characters[_i];
	uint32_t c = UNTOUCHED;

	for (size_t n = 1; n < one->len; n++)
		ck_assert_uint_eq(utf8_next(one->s, n, &c), 0);
	ck_assert_uint_eq(c, UNTOUCHED);
}
END_TEST

static const char *const none[] = {
	"\x80""aaa", "\xbf""aaa",                       /* begins none */
	"\xc0\x80""aa", "\xc1\xbf""aa", "\xe0\x9f\xbf""a", "\xf0\x8f\xbf\xbf", /* not in its shortest form */
	"\xed\xa0\x80""a", "\xed\xbf\xbf""a",           /* surrogates */
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80", "\xff\xbf\xbf\xbf", /* beyond what there is */
	"\xc3""aaa", "\xe2\x82""aa", "\xf0\x9f\x92""a", "\xe2""a\x82\xac", "\xc3\xc3\xa9""a",
};

START_TEST(what_is_none)
{
	uint32_t c = UNTOUCHED;

	ck_assert_uint_eq(utf8_next(none[_i], 4, &c), 0);
	ck_assert_uint_eq(c, UNTOUCHED);
}
END_TEST

/* ---- texts ---------------------------------------------------------------------------------------------------------------- */

START_TEST(a_text_is_cut_between_characters)
{
	static const char s[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xbe""b"; /* 1, 2, 3, 4, 1 */
	static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

	for (size_t n = 0; n < sizeof s; n++)
		ck_assert_uint_eq(utf8_whole(s, n), whole[n]);
}
END_TEST

START_TEST(what_is_no_character_is_cut_anywhere)
{
	static const char s[] = "\x80\x80\x80\x80\x80\xff\xff";

	for (size_t n = 0; n < sizeof s; n++)
		ck_assert_uint_eq(utf8_whole(s, n), n);
}
END_TEST

START_TEST(no_control_is_left)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"", ""}, {"a\xc3\xa9\xe2\x82\xac", "a\xc3\xa9\xe2\x82\xac"}, {"a\033[2Jb\n", "a?[2Jb?"}, {"\x7f\x1f\t ", "??? "},
	    {"\xc2\x9b"
	     "2J",
		"??2J"},
	    {"\xc2\xa0\xc2\x9f\xc2\x80", "\xc2\xa0????"},
	    {"\x9b"
	     "2J",
		"?2J"},
	    {"\xe2\x9b", "??"}, {"x\xc2", "x?"}, {"\xe2\x82\x9b", "\xe2\x82\x9b"}, /* the same byte within a character */
	};
	char s[16];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		strcpy(s, rows[i].from);
		utf8_no_controls(s);
		ck_assert_str_eq(s, rows[i].to);
	}
}
END_TEST

START_TEST(what_is_too_long_keeps_its_ends)
{
	static const char *const letters[] = {"a", "\xc3\xa9", "\xea\xb0\x80", "\xf0\x9f\x98\x80"};
	const size_t len = strlen(letters[_i]);
	char text[400] = "", out[200];
	uint32_t c = 0;

	for (size_t n = 0; n < 300; n += len)
		strcpy(text + n, letters[_i]);
	for (size_t size = UTF8_SHORT_MIN; size < sizeof out; size++) {
		memset(out, 'Z', sizeof out);
		ck_assert_ptr_eq(utf8_short(out, size, text), out);
		ck_assert_uint_lt(strlen(out), size);
		ck_assert_uint_gt(strlen(out) + 2 * len, size - 1);
		ck_assert_ptr_nonnull(strstr(out, "\xe2\x80\xa6"));
		ck_assert_int_eq(memcmp(out, letters[_i], len), 0);
		ck_assert_str_eq(out + strlen(out) - len, letters[_i]);
		for (const char *p = out; *p != '\0'; p += utf8_next(p, strlen(p), &c))
			ck_assert_uint_ne(utf8_next(p, strlen(p), &c), 0);
	}
	for (size_t size = 1; size < UTF8_SHORT_MIN; size++) {
		ck_assert_uint_eq(strlen(utf8_short(out, size, text)), (size - 1) / len * len);
		ck_assert_ptr_null(strstr(out, "\xe2\x80\xa6"));
	}
	ck_assert_str_eq(utf8_short(out, 5, "abcd"), "abcd");
	ck_assert_str_eq(utf8_short(out, 1, ""), "");
	ck_assert_str_eq(utf8_short(out, 21, "0123456789abcdefghij"), "0123456789abcdefghij");
	ck_assert_str_eq(utf8_short(out, 20, "0123456789abcdefghij"), "01234567\xe2\x80\xa6" "cdefghij");
}
END_TEST

int
main(void)
{
	const int characters_count = (int)(sizeof characters / sizeof *characters), none_count = (int)(sizeof none / sizeof *none);
	Suite *s = suite_create("utf8");
	TCase *tc = tcase_create("utf8");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, a_character_is_read_and_what_follows_is_not, 0, characters_count);
	tcase_add_loop_test(tc, one_that_is_cut_short_is_none, 0, characters_count);
	tcase_add_loop_test(tc, what_is_none, 0, none_count);
	tcase_add_test(tc, a_text_is_cut_between_characters);
	tcase_add_test(tc, what_is_no_character_is_cut_anywhere);
	tcase_add_test(tc, no_control_is_left);
	tcase_add_loop_test(tc, what_is_too_long_keeps_its_ends, 0, 4);
	return suite_run(s);
}
