/*
 * check_layout.c - cards on paper: every one inside the page, none on another, none left out.
 */
#include "layout.h"

#include <stdlib.h>

#include <check.h>

#include "suite.h"

#define PRINTER (9 * LAYOUT_MM) /* what a printer may not reach, with some room */
#define QR 29			/* modules of a code's symbol with its quiet zone */
#define QUIET 4

static const struct {
	enum layout_paper paper;
	bool large;
} KINDS[] = {{LAYOUT_A4, false}, {LAYOUT_A4, true}, {LAYOUT_LETTER, false}, {LAYOUT_LETTER, true}};

START_TEST(cards_are_inside_the_page)
{
	struct layout l;

	layout_make(&l, KINDS[_i].paper, KINDS[_i].large);
	for (size_t k = 0; k < 40; k++) {
		size_t page = 0;
		double x = 0, y = 0;

		layout_place(&l, k, &page, &x, &y);
		ck_assert_uint_lt(page, layout_pages(&l, 40));
		ck_assert_double_ge(x, PRINTER);
		ck_assert_double_ge(y, PRINTER);
		ck_assert_double_le(x + l.card_w, l.page_w - PRINTER);
		ck_assert_double_le(y + l.card_h, l.foot);
	}
	ck_assert_double_le(l.foot + 2 * l.text, l.page_h);
}
END_TEST

START_TEST(no_card_is_on_another)
{
	struct layout l;

	layout_make(&l, KINDS[_i].paper, KINDS[_i].large);
	for (size_t a = 0; a < 13; a++) {
		for (size_t b = 0; b < a; b++) {
			size_t page_a = 0, page_b = 0;
			double xa = 0, ya = 0, xb = 0, yb = 0;

			layout_place(&l, a, &page_a, &xa, &ya);
			layout_place(&l, b, &page_b, &xb, &yb);
			ck_assert(page_a != page_b || xa > xb + l.card_w - 0.01 || xb > xa + l.card_w - 0.01 ||
			    ya > yb + l.card_h - 0.01 || yb > ya + l.card_h - 0.01);
		}
	}
}
END_TEST

START_TEST(pages_are_as_many_as_needed)
{
	struct layout l;

	layout_make(&l, LAYOUT_A4, false);
	ck_assert_uint_eq(layout_pages(&l, 1), 1);
	ck_assert_uint_eq(layout_pages(&l, 6), 1);
	ck_assert_uint_eq(layout_pages(&l, 7), 2);
	ck_assert_uint_eq(layout_pages(&l, 4096), 683);
	layout_make(&l, LAYOUT_LETTER, true);
	ck_assert_uint_eq(layout_pages(&l, 2), 1);
	ck_assert_uint_eq(layout_pages(&l, 3), 2);
}
END_TEST

/* Four modules stay white on every side (ISO/IEC 18004), of which those below the symbol's left edge are the padding. */
START_TEST(a_symbol_fits_with_its_quiet_zone)
{
	struct layout l;

	layout_make(&l, KINDS[_i].paper, KINDS[_i].large);
	ck_assert_double_ge(l.pad, QUIET * l.module);
	ck_assert_double_le(QR * l.module, 0.4 * l.card_h);
	ck_assert_double_le(QR * l.module, 0.4 * l.card_w);
}
END_TEST

START_TEST(paper_is_of_its_size)
{
	struct layout l;

	layout_make(&l, LAYOUT_A4, false);
	ck_assert_double_eq_tol(l.page_w, 595.28, 0.01);
	ck_assert_double_eq_tol(l.page_h, 841.89, 0.01);
	layout_make(&l, LAYOUT_LETTER, false);
	ck_assert_double_eq_tol(l.page_w, 612, 0.01);
	ck_assert_double_eq_tol(l.page_h, 792, 0.01);
}
END_TEST

int
main(void)
{
	const int kinds = (int)(sizeof KINDS / sizeof KINDS[0]);
	Suite *s = suite_create("layout");
	TCase *t = tcase_create("layout");

	tcase_add_loop_test(t, cards_are_inside_the_page, 0, kinds);
	tcase_add_loop_test(t, no_card_is_on_another, 0, kinds);
	tcase_add_test(t, pages_are_as_many_as_needed);
	tcase_add_loop_test(t, a_symbol_fits_with_its_quiet_zone, 0, kinds);
	tcase_add_test(t, paper_is_of_its_size);
	suite_add_tcase(s, t);
	return suite_run(s);
}
