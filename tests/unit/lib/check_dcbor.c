/*
 * check_dcbor.c - the strict CBOR profile, item by item.
 */
#include "dcbor.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "format.h"
#include "payload.h"
#include "suite.h"

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

static void
assert_written(struct dcbor_out *o, const char *hex)
{
	uint8_t *p, *want;
	size_t n, m;

	p = dcbor_take(o, &n);
	ck_assert_ptr_nonnull(p);
	want = payload_bytes(hex, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(p, want, n);
	ck_assert(o->p == NULL && o->n == 0 && o->cap == 0 && !o->failed);
	free(p);
	free(want);
}

/* Values of RFC 8949, appendix A. */
START_TEST(heads_are_written_shortest)
{
	static const struct {
		uint64_t v;
		const char *hex;
	} cases[] = {
		{0, "00"}, {1, "01"}, {10, "0a"}, {23, "17"}, {24, "1818"}, {25, "1819"}, {100, "1864"}, {255, "18ff"},
		{256, "190100"}, {1000, "1903e8"}, {65535, "19ffff"}, {65536, "1a00010000"}, {1000000, "1a000f4240"},
		{4294967295u, "1affffffff"}, {4294967296u, "1b0000000100000000"}, {1000000000000u, "1b000000e8d4a51000"},
		{UINT64_MAX, "1bffffffffffffffff"},
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dcbor_out o = {0};

		dcbor_put_uint(&o, cases[i].v);
		assert_written(&o, cases[i].hex);
	}
}
END_TEST

START_TEST(a_nested_item_is_written)
{
	struct dcbor_out o = {0};

	dcbor_put_map(&o, 2);
	dcbor_put_uint(&o, 1);
	dcbor_put_array(&o, 2);
	dcbor_put_bytes(&o, "\x01\x02\x03\x04", 4);
	dcbor_put_bytes(&o, NULL, 0);
	dcbor_put_uint(&o, 2);
	dcbor_put_text(&o, "\xe6\xb0\xb4");
	assert_written(&o, "a20182440102030440" "0263e6b0b4");
}
END_TEST

START_TEST(impossible_length_fails_and_stays_failed)
{
	struct dcbor_out o = {0};
	size_t n = 77;

	dcbor_put_uint(&o, 1);
	dcbor_put_bytes(&o, "x", SIZE_MAX / 2);
	ck_assert(o.failed);
	dcbor_put_uint(&o, 1);
	ck_assert_ptr_null(dcbor_take(&o, &n));
	ck_assert_uint_eq(n, 77);
	ck_assert(o.p == NULL && !o.failed);
}
END_TEST

START_TEST(discard_is_repeatable)
{
	struct dcbor_out o = {0};

	dcbor_put_uint(&o, 1);
	dcbor_discard(&o);
	dcbor_discard(&o);
	ck_assert_ptr_null(o.p);
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

/* Everything is read from a buffer of the exact size; in->p is kept by the caller for free(3). */
static struct dcbor_in
start(const char *hex, uint8_t **p)
{
	size_t n;

	*p = payload_bytes(hex, &n);
	return dcbor_in(BYTES(*p, n));
}

START_TEST(written_numbers_are_read)
{
	static const uint64_t values[] = {0, 1, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, 4294967296u, UINT64_MAX};
	size_t i, n;

	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct dcbor_out o = {0};
		struct dcbor_in in;
		uint64_t v = 0;
		uint8_t *p;

		dcbor_put_uint(&o, values[i]);
		p = dcbor_take(&o, &n);
		in = dcbor_in(BYTES(p, n));
		ck_assert(dcbor_get_uint(&in, 0, UINT64_MAX, &v) && dcbor_end(&in));
		ck_assert_uint_eq(v, values[i]);
		in = dcbor_in(BYTES(p, n - 1));
		ck_assert(!dcbor_get_uint(&in, 0, UINT64_MAX, &v) && in.bad && !dcbor_end(&in));
		free(p);
	}
}
END_TEST

START_TEST(numbers_outside_the_bounds_are_refused)
{
	uint64_t v = 99;
	uint8_t *p;
	struct dcbor_in in = start("0a", &p);

	ck_assert(!dcbor_get_uint(&in, 11, 20, &v) && in.bad);
	in = dcbor_in(BYTES(p, 1));
	ck_assert(!dcbor_get_uint(&in, 0, 9, &v) && in.bad);
	ck_assert_uint_eq(v, 99);
	in = dcbor_in(BYTES(p, 1));
	ck_assert(dcbor_get_uint(&in, 10, 10, &v) && v == 10);
	free(p);
}
END_TEST

/* hostile 14 */
START_TEST(over_long_heads_are_refused)
{
	static const char *const hex[] = {
	    "1800",
	    "1817",
	    "190000",
	    "190018",
	    "1900ff",
	    "1a00000000",
	    "1a0000ffff",
	    "1b0000000000000000",
	    "1b00000000ffffffff",
	    "5801ff",
	    "590001ff",
	    "5a00000001ff",
	    "5b0000000000000001ff",
	    "780161",
	    "79000161",
	    "7a0000000161",
	    "7b000000000000000161",
	    "9801",
	    "990001",
	    "9a00000001",
	    "9b0000000000000001",
	    "b801",
	    "b90001",
	    "ba00000001",
	    "bb0000000000000001",
	};
	size_t i;

	for (i = 0; i < sizeof hex / sizeof hex[0]; i++) {
		struct dcbor_in in, copy;
		struct bytes b;
		char text[LABEL_MAX + 1];
		uint64_t v;
		uint8_t *p;

		in = start(hex[i], &p);
		copy = in;
		ck_assert_msg(!dcbor_get_uint(&copy, 0, UINT64_MAX, &v), "%s", hex[i]);
		copy = in;
		ck_assert_msg(!dcbor_get_bytes(&copy, 0, SIZE_MAX, &b), "%s", hex[i]);
		copy = in;
		ck_assert_msg(!dcbor_get_text(&copy, text, LABEL_MAX), "%s", hex[i]);
		copy = in;
		ck_assert_msg(!dcbor_get_array(&copy, 0, UINT64_MAX, &v), "%s", hex[i]);
		copy = in;
		ck_assert_msg(!dcbor_get_map(&copy, 0, UINT64_MAX, &v), "%s", hex[i]);
		free(p);
	}
}
END_TEST

/* The first byte says everything about the kind: all 256, followed by too little and by enough. */
START_TEST(each_kind_is_read_by_its_own_get_only)
{
	unsigned first, kinds;

	for (first = 0; first < 256; first++) {
		uint8_t *p = calloc(1, 64);
		struct dcbor_in in;
		struct bytes b;
		uint64_t v;

		ck_assert_ptr_nonnull(p);
		p[0] = (uint8_t)first;
		memset(p + 1, 'a', 63);
		kinds = 0;
		in = dcbor_in(BYTES(p, 64));
		kinds += dcbor_get_uint(&in, 0, UINT64_MAX, &v) ? 1 : 0;
		in = dcbor_in(BYTES(p, 64));
		kinds += dcbor_get_bytes(&in, 0, SIZE_MAX, &b) ? 2 : 0;
		in = dcbor_in(BYTES(p, 64));
		kinds += dcbor_get_array(&in, 0, UINT64_MAX, &v) ? 4 : 0;
		in = dcbor_in(BYTES(p, 64));
		kinds += dcbor_get_map(&in, 0, UINT64_MAX, &v) ? 8 : 0;
		/* Majors 0, 2, 4, 5 with a head of up to eight bytes; the length 'a' = 97 of a string does not fit. */
		if (SIZE_MAX < UINT64_MAX && (first == 0x9b || first == 0xbb))
			ck_assert_uint_eq(kinds & (unsigned)~(first == 0x9b ? 4 : 8), 0); /* so many may be known to be too many */
		else if ((first & 31) > 27 || (first >> 5 == 2 && (first & 31) > 23))
			ck_assert_uint_eq(kinds, 0);
		else
			ck_assert_uint_eq(kinds, ((unsigned[]){1, 0, 2, 0, 4, 8, 0, 0})[first >> 5]);
		free(p);
	}
}
END_TEST

/* hostile 13, 14 */
START_TEST(lengths_beyond_the_input_are_refused)
{
	static const char *const hex[] = {
	    "41",
	    "5818",
	    "5818616161",
	    "59ffff",
	    "5a7fffffff00",
	    "5affffffff00",
	    "5b000000010000000000",
	    "5b7fffffffffffffff00",
	    "5b8000000000000000",
	    "5bfffffffffffffff700",
	    "5bffffffffffffffff00",
	    "7bffffffffffffffff61",
	    "7b800000000000000061",
	    "58",
	    "5a",
	    "5a0000",
	    "5b00000000000000",
	    "78",
	    "",
	};
	size_t i;

	for (i = 0; i < sizeof hex / sizeof hex[0]; i++) {
		struct bytes b = {0};
		char text[LABEL_MAX + 1];
		uint8_t *p;
		struct dcbor_in in = start(hex[i], &p), copy = in;

		ck_assert_msg(!dcbor_get_bytes(&in, 0, SIZE_MAX, &b) && in.bad, "%s", hex[i]);
		ck_assert_ptr_null(b.p);
		ck_assert_msg(!dcbor_get_text(&copy, text, LABEL_MAX) && copy.bad, "%s", hex[i]);
		free(p);
	}
}
END_TEST

START_TEST(no_input_at_all_is_refused)
{
	struct dcbor_in in = dcbor_in(BYTES(NULL, 0));
	uint64_t v;

	ck_assert(dcbor_end(&in));
	ck_assert(!dcbor_get_uint(&in, 0, UINT64_MAX, &v));
	ck_assert(!dcbor_end(&in));
}
END_TEST

START_TEST(once_bad_nothing_is_read)
{
	struct bytes b;
	uint64_t v, pairs = 1;
	uint8_t *p;
	struct dcbor_in in = start("0141aaa10000", &p);

	ck_assert(!dcbor_get_bytes(&in, 0, 9, &b));
	ck_assert(!dcbor_get_uint(&in, 0, 9, &v));
	ck_assert(!dcbor_key(&in, &pairs, 1));
	ck_assert(!dcbor_key_if(&in, &pairs, 1));
	ck_assert_uint_eq(pairs, 1);
	ck_assert(!dcbor_end(&in));
	free(p);
}
END_TEST

START_TEST(bytes_are_borrowed_and_fixed_ones_copied)
{
	uint8_t *p, id[3] = {9, 9, 9};
	struct dcbor_in in = start("430102034304050640", &p);
	struct bytes b;

	ck_assert(dcbor_get_bytes(&in, 3, 3, &b));
	ck_assert(b.p == p + 1 && b.n == 3);
	ck_assert(dcbor_get_fixed(&in, id, 3));
	ck_assert_mem_eq(id, "\x04\x05\x06", 3);
	ck_assert(dcbor_get_fixed(&in, id, 0));
	ck_assert(dcbor_end(&in));
	in = dcbor_in(BYTES(p, 4));
	ck_assert(!dcbor_get_fixed(&in, id, 2));
	in = dcbor_in(BYTES(p, 4));
	ck_assert(!dcbor_get_fixed(&in, id, 4));
	ck_assert_mem_eq(id, "\x04\x05\x06", 3);
	free(p);
}
END_TEST

START_TEST(keys_come_in_order_and_are_counted)
{
	uint64_t pairs, v;
	uint8_t *p;
	struct dcbor_in in = start("a301000200190100" "00", &p);

	ck_assert(dcbor_get_map(&in, 0, 3, &pairs) && pairs == 3);
	ck_assert(!dcbor_key_if(&in, &pairs, 2));
	ck_assert(!in.bad);
	ck_assert(dcbor_key(&in, &pairs, 1) && dcbor_get_uint(&in, 0, 0, &v));
	ck_assert(dcbor_key_if(&in, &pairs, 2) && dcbor_get_uint(&in, 0, 0, &v));
	ck_assert(dcbor_key(&in, &pairs, 256) && dcbor_get_uint(&in, 0, 0, &v));
	ck_assert_uint_eq(pairs, 0);
	ck_assert(dcbor_end(&in));
	free(p);
}
END_TEST

START_TEST(keys_beyond_the_count_are_refused)
{
	uint64_t pairs = 0;
	uint8_t *p;
	struct dcbor_in in = start("01", &p);

	ck_assert(!dcbor_key_if(&in, &pairs, 1));
	ck_assert(!in.bad);
	ck_assert(!dcbor_key(&in, &pairs, 1));
	ck_assert(in.bad);
	ck_assert_uint_eq(pairs, 0);
	free(p);
}
END_TEST

/* ---- text --------------------------------------------------------------------------------------------------------------- */

#define OK(s) ck_assert(dcbor_text_ok(s, sizeof (s) - 1))
#define NO(s) ck_assert(!dcbor_text_ok(s, sizeof (s) - 1))

START_TEST(good_text)
{
	OK(" ");
	OK("~");
	OK("Stick 7");
	OK("\xc2\xa0");             /* U+00A0 */
	OK("\xdf\xbf");             /* U+07FF */
	OK("\xe0\xa0\x80");         /* U+0800 */
	OK("\xe2\x80\x8d");         /* U+200D */
	OK("\xe2\x80\x90");         /* U+2010 */
	OK("\xe2\x80\xaf");         /* U+202F */
	OK("\xe2\x81\xa5\xe2\x81\xaa"); /* U+2065, U+206A */
	OK("\xed\x9f\xbf");         /* U+D7FF */
	OK("\xee\x80\x80");         /* U+E000 */
	OK("\xf0\x90\x80\x80");     /* U+10000 */
	OK("\xf4\x8f\xbf\xbf");     /* U+10FFFF */
}
END_TEST

/* hostile 15 */
START_TEST(control_and_bidirectional_characters)
{
	char c[2] = {0};
	unsigned i;

	for (i = 0; i < 0x20; i++) {
		c[0] = (char)i;
		ck_assert(!dcbor_text_ok(c, 1));
	}
	for (i = 0x80; i < 0xa0; i++)
		ck_assert(!dcbor_text_ok((const char[]){(char)0xc2, (char)i}, 2));
	NO("\x7f");
	NO("red \033[31m");
	NO("a\0b");
	NO("two\nlines");
	for (i = 0; i < 2; i++)
		ck_assert(!dcbor_text_ok((const char[]){(char)0xe2, (char)0x80, (char)(0x8e + i)}, 3));
	for (i = 0; i < 5; i++)
		ck_assert(!dcbor_text_ok((const char[]){(char)0xe2, (char)0x80, (char)(0xaa + i)}, 3));
	for (i = 0; i < 4; i++)
		ck_assert(!dcbor_text_ok((const char[]){(char)0xe2, (char)0x81, (char)(0xa6 + i)}, 3));
}
END_TEST

/* hostile 15 */
START_TEST(invalid_utf8)
{
	NO("\x80");
	NO("\xbf" "a");
	NO("\xc3");
	NO("\xc3(");
	NO("\xc0\xaf");
	NO("\xc1\xbf");
	NO("\xe0\x9f\xbf");
	NO("\xe2\x82");
	NO("\xe2\x28\xa1");
	NO("\xed\xa0\x80");
	NO("\xed\xbf\xbf");
	NO("\xf0\x8f\xbf\xbf");
	NO("\xf0\x9f\x98");
	NO("\xf4\x90\x80\x80");
	NO("\xf5\x80\x80\x80");
	NO("\xf8\x88\x80\x80\x80");
	NO("\xfe");
	NO("\xff");
	NO("a\xe2\x82\xac\xff");
}
END_TEST

/* hostile 15 */
START_TEST(text_of_no_or_too_many_bytes)
{
	char s[LABEL_MAX + 1];

	memset(s, 'x', sizeof s);
	ck_assert(!dcbor_text_ok(s, 0));
	ck_assert(dcbor_text_ok(s, LABEL_MAX));
	ck_assert(!dcbor_text_ok(s, LABEL_MAX + 1));
	/* A character that begins within the limit and ends beyond it. */
	memcpy(s + LABEL_MAX - 1, "\xc3\xa4", 2);
	ck_assert(!dcbor_text_ok(s, LABEL_MAX));
}
END_TEST

START_TEST(text_is_read_up_to_its_bound)
{
	char out[LABEL_MAX + 1] = "before";
	uint8_t *p;
	struct dcbor_in in = start("6461626364", &p);

	ck_assert(!dcbor_get_text(&in, out, 3));
	ck_assert_str_eq(out, "before");
	in = dcbor_in(BYTES(p, 5));
	ck_assert(dcbor_get_text(&in, out, 4));
	ck_assert_str_eq(out, "abcd");
	free(p);
	in = start("63611b62", &p);
	ck_assert(!dcbor_get_text(&in, out, LABEL_MAX) && in.bad);
	ck_assert_str_eq(out, "abcd");
	free(p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dcbor");
	TCase *tc = tcase_create("dcbor");

	tcase_add_test(tc, heads_are_written_shortest);
	tcase_add_test(tc, a_nested_item_is_written);
	tcase_add_test(tc, impossible_length_fails_and_stays_failed);
	tcase_add_test(tc, discard_is_repeatable);
	tcase_add_test(tc, written_numbers_are_read);
	tcase_add_test(tc, numbers_outside_the_bounds_are_refused);
	tcase_add_test(tc, over_long_heads_are_refused);
	tcase_add_test(tc, each_kind_is_read_by_its_own_get_only);
	tcase_add_test(tc, lengths_beyond_the_input_are_refused);
	tcase_add_test(tc, no_input_at_all_is_refused);
	tcase_add_test(tc, once_bad_nothing_is_read);
	tcase_add_test(tc, bytes_are_borrowed_and_fixed_ones_copied);
	tcase_add_test(tc, keys_come_in_order_and_are_counted);
	tcase_add_test(tc, keys_beyond_the_count_are_refused);
	tcase_add_test(tc, good_text);
	tcase_add_test(tc, control_and_bidirectional_characters);
	tcase_add_test(tc, invalid_utf8);
	tcase_add_test(tc, text_of_no_or_too_many_bytes);
	tcase_add_test(tc, text_is_read_up_to_its_bound);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
