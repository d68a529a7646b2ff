/*
 * check_human.c - sizes, escaping and columns on a terminal.
 */
#include <check.h>
#include <locale.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "human.h"
#include "suite.h"

static void
setup(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
}

static void
bytes_shown(uint64_t n, const char *want)
{
	char out[HUMAN_SHOWN];

	human_bytes(out, sizeof out, n);
	ck_assert_str_eq(out, want);
}

static void
rate_shown(uint64_t n, const char *want)
{
	char out[HUMAN_SHOWN];

	human_rate(out, sizeof out, n);
	ck_assert_str_eq(out, want);
}

static void
json_shown(const char *json, const char *want)
{
	char *got = human_json(json);

	ck_assert_str_eq(got, want);
	free(got);
}

/* The value is the same; a terminal has nothing to obey. */
START_TEST(json_has_nothing_that_a_terminal_obeys)
{
	json_shown("{\n  \"a\": \"gr\xc3\xb6\xc3\x9f"
		   "e \xe5\xa4\xa7\"\n}",
	    "{\n  \"a\": \"gr\xc3\xb6\xc3\x9f"
	    "e \xe5\xa4\xa7\"\n}");
	json_shown("\"\xc2\x9b" "31m\"", "\"\\u009b31m\"");
	json_shown("\"\x7f\xc2\x80\xc2\x9f\"", "\"\\u007f\\u0080\\u009f\"");
	json_shown("\"\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\"", "\"\\u202e\\u2066\\u061c\""); /* RLO, LRI, ALM */
	json_shown("\"\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xc2\xad\"", "\"\\u200b\\u200d\\ufeff\\u00ad\"");
	json_shown("\"\xe2\x80\xa8\xf3\xa0\x80\x81\xf0\x9d\x85\xb3\"", "\"\\u2028\\udb40\\udc01\\ud834\\udd73\"");
	json_shown("\"\\u001b\\\\\"", "\"\\u001b\\\\\"");
	json_shown("", "");
}
END_TEST

START_TEST(bytes_are_shown_in_binary_units)
{
	bytes_shown(0, "0 B");
	bytes_shown(1023, "1023 B");
	bytes_shown(1024, "1.0 KiB");
	bytes_shown(3328599654, "3.1 GiB");
	bytes_shown(29ull << 30, "29 GiB");
	bytes_shown(UINT64_MAX, "16 EiB");
}
END_TEST

START_TEST(rounding_never_shows_a_full_unit)
{
	bytes_shown(1048575, "1.0 MiB");
	bytes_shown(1024 * 1023, "1023 KiB");
	bytes_shown(10 * 1024 - 1, "10 KiB");
	bytes_shown(10 * 1024 - 60, "9.9 KiB");
	rate_shown(999, "999 B/s");
	rate_shown(999999, "1.0 MB/s");
}
END_TEST

START_TEST(rates_are_shown_in_decimal_units)
{
	rate_shown(38000000, "38 MB/s");
	rate_shown(1500, "1.5 kB/s");
	rate_shown(0, "0 B/s");
}
END_TEST

static void
escaped(const char *p, size_t n, const char *want)
{
	char *got = human_escape(p, n);

	ck_assert_str_eq(got, want);
	free(got);
}

#define ESCAPED(literal, want) escaped(literal, sizeof literal - 1, want)

START_TEST(plain_text_is_left_alone)
{
	ESCAPED("", "");
	ESCAPED("Week 12.mp4", "Week 12.mp4");
	ESCAPED("Käse 中文 \xf0\x9f\x8e\xac", "Käse 中文 \xf0\x9f\x8e\xac");
}
END_TEST

START_TEST(control_characters_are_escaped)
{
	ESCAPED("a\nb\x1b[2Jc\x7f", "a\\x0ab\\x1b[2Jc\\x7f");
	ESCAPED("nul\0in", "nul\\x00in");
	ESCAPED("c1 \xc2\x9b" "2J", "c1 \\u009b2J");
	ESCAPED("back\\slash", "back\\\\slash");
}
END_TEST

START_TEST(invalid_utf8_is_escaped_byte_by_byte)
{
	ESCAPED("\xff", "\\xff");
	ESCAPED("\x80z", "\\x80z");
	ESCAPED("K\xe4se", "K\\xe4se");
	ESCAPED("\xc3", "\\xc3");
	ESCAPED("\xe2\x80", "\\xe2\\x80");
	ESCAPED("\xc0\xaf", "\\xc0\\xaf");                 /* overlong slash */
	ESCAPED("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	ESCAPED("\xed\xa0\x80", "\\xed\\xa0\\x80");         /* surrogate */
	ESCAPED("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	ESCAPED("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}
END_TEST

START_TEST(text_that_reorders_or_hides_is_escaped)
{
	ESCAPED("\u202egpj.exe", "\\u202egpj.exe");
	ESCAPED("a\u2066b\u2069", "a\\u2066b\\u2069");
	ESCAPED("a\u200bb\ufeff", "a\\u200bb\\ufeff");
	ESCAPED("\u2028", "\\u2028");
	ESCAPED("\U000e0041", "\\U000e0041");
}
END_TEST

START_TEST(what_the_locale_cannot_print_is_escaped)
{
	setlocale(LC_ALL, "C");
	ESCAPED("Käse \U0001f3ac", "K\\u00e4se \\U0001f3ac");
	ck_assert(!human_utf8());
}
END_TEST

/* Whatever the bytes: the result holds no control character and is valid in itself. */
START_TEST(any_bytes_become_safe)
{
	uint32_t x = 1;

	for (int round = 0; round < 3000; round++) {
		char in[24], *out = NULL, *again = NULL;
		size_t n = (size_t)round % sizeof in;
		bool safe = true;

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			in[i] = (char)(x >> 24);
		}
		out = human_escape(in, n);
		for (const char *p = out; *p != '\0'; p++)
			safe = safe && (unsigned char)*p >= 0x20 && *p != 0x7f;
		ck_assert_msg(safe, "round %d: %s", round, out);
		again = human_escape(out, strlen(out));
		ck_assert_uint_ge(strlen(again), strlen(out));
		free(out);
		free(again);
	}
}
END_TEST

START_TEST(width_counts_columns)
{
	ck_assert_uint_eq(human_width(""), 0);
	ck_assert_uint_eq(human_width("Week"), 4);
	ck_assert_uint_eq(human_width("Käse"), 4);
	ck_assert_uint_eq(human_width("Ka\u0308se"), 4);
	ck_assert_uint_eq(human_width("中文"), 4);
	ck_assert_uint_eq(human_width("a\xff\n"), 3);
}
END_TEST

START_TEST(fit_never_splits_a_character)
{
	size_t taken = 99;

	ck_assert_uint_eq(human_fit("中文", 3, &taken), 3);
	ck_assert_uint_eq(taken, 2);
	ck_assert_uint_eq(human_fit("a\u0308b", 1, &taken), 3);
	ck_assert_uint_eq(taken, 1);
	ck_assert_uint_eq(human_fit("abc", 0, &taken), 0);
	ck_assert_uint_eq(human_fit("abc", 9, NULL), 3);
}
END_TEST

static void
printed(const struct human_table *t, unsigned width, const char *want)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(human_table_print(t, f, width), 0);
	fclose(f);
	ck_assert_str_eq(text, want);
	free(text);
}

static void
add(struct human_table *t, const char *a, const char *b, const char *c)
{
	ck_assert_int_eq(human_table_add(t, (const char *[]){ a, b, c }), 0);
}

START_TEST(what_does_not_fit_beside_each_other_is_printed_below_each_other)
{
	struct human_table *t = human_table_new(3, (const char *[]){ "CODE", "UNTIL", "HOLDER" });

	add(t, "7kq241/3", "22 Dec 14:48", "김민수, 3강의실 of the institute");
	add(t, "7kq241/4", "22 Dec 14:48", NULL);
	printed(t, 40,
	    "CODE      UNTIL         HOLDER\n"
	    "7kq241/3  22 Dec 14:48  김민수, 3강의실…\n"
	    "7kq241/4  22 Dec 14:48\n");
	printed(t, 24,
	    "CODE    7kq241/3\n"
	    "UNTIL   22 Dec 14:48\n"
	    "HOLDER  김민수, 3강의실\n"
	    "        of the\n"
	    "        institute\n"
	    "\n"
	    "CODE    7kq241/4\n"
	    "UNTIL   22 Dec 14:48\n");
	human_table_free(&t);
}
END_TEST

START_TEST(columns_are_aligned)
{
	struct human_table *t = human_table_new(3, (const char *[]){ "code", "state", "holder" });

	printed(t, 80, "");
	add(t, "7kq241/3", "spent", "中文");
	add(t, "7kq241/12", "ready", NULL);
	add(t, "Käse", "", "Kim");
	printed(t, 80,
	    "code       state  holder\n"
	    "7kq241/3   spent  中文\n"
	    "7kq241/12  ready\n"
	    "Käse              Kim\n");
	human_table_free(&t);
	ck_assert_ptr_null(t);
	human_table_free(&t);
}
END_TEST

START_TEST(wide_cells_are_cut_to_fit)
{
	struct human_table *t = human_table_new(3, NULL);

	add(t, "7kq241", "a very long label of a lecture", "Kim");
	add(t, "", "中文中文中文中文中文", "x");
	printed(t, 25,
	    "7kq241  a very long\u2026  Kim\n"
	    "        中文中文中\u2026   x\n");
	printed(t, 0,
	    "7kq241  a very long label of a lecture  Kim\n"
	    "        中文中文中文中文中文            x\n");
	printed(t, 5,
	    "7kq241  a very \u2026  Kim\n"
	    "        中文中\u2026   x\n");
	human_table_free(&t);
}
END_TEST

START_TEST(many_rows_are_kept)
{
	struct human_table *t = human_table_new(1, NULL);
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(human_table_add(t, (const char *[]){ "x" }), 0);
	ck_assert_int_eq(human_table_print(t, f, 80), 0);
	fclose(f);
	ck_assert_uint_eq(n, 2000);
	free(text);
	human_table_free(&t);
}
END_TEST

START_TEST(failing_output_is_reported)
{
	struct human_table *t = human_table_new(1, NULL);
	FILE *f = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(f);
	setvbuf(f, NULL, _IONBF, 0);
	ck_assert_int_eq(human_table_add(t, (const char *[]){ "x" }), 0);
	ck_assert_int_eq(human_table_print(t, f, 80), -1);
	fclose(f);
	human_table_free(&t);
}
END_TEST

static void
wraps(const char *text, unsigned width, size_t column, size_t indent, const char *wanted)
{
	char *got = human_wrap(text, width, column, indent);

	ck_assert_str_eq(got, wanted);
	free(got);
}

START_TEST(lines_break_between_words)
{
	wraps("one two three", 0, 0, 0, "one two three");
	wraps("one two three", 14, 0, 0, "one two three");
	wraps("one two three", 13, 0, 0, "one two\nthree");
	wraps("one two three", 8, 4, 0, "one\ntwo\nthree");
	wraps("  one two three", 10, 0, 2, "  one two\n  three");
	wraps("one\ntwo three", 10, 0, 0, "one\ntwo three");
	wraps("a b c d e f", 2, 0, 4, "a\n    b\n    c\n    d\n    e\n    f");
	wraps("", 3, 0, 0, "");
}
END_TEST

START_TEST(words_too_long_and_brackets_are_not_broken)
{
	wraps("a HNSB-PDT3-5TA5-MCEM b", 9, 0, 0, "a\nHNSB-PDT3-5TA5-MCEM\nb");
	wraps("spent. [E_CODE_TYPO 21]", 23, 0, 0, "spent.\n[E_CODE_TYPO 21]");
	wraps("really? [y/N, p = pause] ", 21, 0, 0, "really?\n[y/N, p = pause] ");
	wraps("a [b c", 5, 0, 0, "a [b\nc");
}
END_TEST

START_TEST(lines_are_measured_in_columns)
{
	wraps("\u5927\u5927 \u5927", 8, 0, 0, "\u5927\u5927 \u5927");
	wraps("\u5927\u5927 \u5927", 7, 0, 0, "\u5927\u5927\n\u5927");
	wraps("\u00fc\u00fc \u00fc", 5, 0, 0, "\u00fc\u00fc \u00fc");
}
END_TEST

START_TEST(columns_of_a_terminal)
{
	struct winsize ws = { .ws_col = 132, .ws_row = 24 };
	int master = -1, slave = -1, ends[2];

	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &ws), 0);
	ck_assert_uint_eq(human_columns(slave), 132);
	ws.ws_col = 0;
	ck_assert_int_eq(ioctl(slave, TIOCSWINSZ, &ws), 0);
	ck_assert_uint_eq(human_columns(slave), 80);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_uint_eq(human_columns(ends[1]), 0);
	close(ends[0]);
	close(ends[1]);
	close(slave);
	close(master);
}
END_TEST

SUITE("human", .setup = setup, .teardown = NULL)
{
	tcase_add_test(t, json_has_nothing_that_a_terminal_obeys);
	tcase_add_test(t, bytes_are_shown_in_binary_units);
	tcase_add_test(t, rounding_never_shows_a_full_unit);
	tcase_add_test(t, rates_are_shown_in_decimal_units);
	tcase_add_test(t, plain_text_is_left_alone);
	tcase_add_test(t, control_characters_are_escaped);
	tcase_add_test(t, invalid_utf8_is_escaped_byte_by_byte);
	tcase_add_test(t, text_that_reorders_or_hides_is_escaped);
	tcase_add_test(t, what_the_locale_cannot_print_is_escaped);
	tcase_add_test(t, any_bytes_become_safe);
	tcase_add_test(t, width_counts_columns);
	tcase_add_test(t, fit_never_splits_a_character);
	tcase_add_test(t, what_does_not_fit_beside_each_other_is_printed_below_each_other);
	tcase_add_test(t, columns_are_aligned);
	tcase_add_test(t, wide_cells_are_cut_to_fit);
	tcase_add_test(t, many_rows_are_kept);
	tcase_add_test(t, failing_output_is_reported);
	tcase_add_test(t, lines_break_between_words);
	tcase_add_test(t, words_too_long_and_brackets_are_not_broken);
	tcase_add_test(t, lines_are_measured_in_columns);
	tcase_add_test(t, columns_of_a_terminal);
}
