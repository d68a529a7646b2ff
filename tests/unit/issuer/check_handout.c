/*
 * check_handout.c - which codes are handed out, and which are shown once more.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "fixture.h"
#include "handout.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct handout h;
static struct handout_order order;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	fixture_book(&office, &g.g);
	memset(&h, 0, sizeof h);
	order = (struct handout_order){.stick_id = x.stick_id, .holder = "Ada", .n = 1};
}

static void
teardown(void)
{
	handout_free(&h);
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

START_TEST(the_lowest_codes_are_taken_for_the_holder)
{
	char shown[CODE_SHOWN_SIZE];

	order.n = 2;
	ck_assert_int_eq(handout_take(&h, &office, &order, &f), E_OK);
	ck_assert_int_eq(handout_codes(&h, &office, &f), E_OK);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(h.left, FIXTURE_SLOTS - 2);
	ck_assert(!h.again && !h.others && !h.several);
	for (size_t k = 0; k < 2; k++) {
		ck_assert_uint_eq(h.slots[k].slot, k);
		ck_assert_str_eq(h.slots[k].holder, "Ada");
		code_show(shown, g.codes[k]);
		ck_assert_str_eq(h.codes[k], shown);
	}
}
END_TEST

START_TEST(none_is_taken_if_there_are_too_few)
{
	order.n = FIXTURE_SLOTS + 1;
	fixture_refused(&f, handout_take(&h, &office, &order, &f), E_NO_CODES, WHY_TOO_FEW);
	ck_assert_uint_eq(h.have, FIXTURE_SLOTS);
	ck_assert_uint_eq(h.left, FIXTURE_SLOTS);
	ck_assert_uint_eq(h.count, 0);
	office.now = g.g.policy.expires;
	order.n = 1;
	fixture_refused(&f, handout_take(&h, &office, &order, &f), E_NO_CODES, WHY_NONE_LEFT);
}
END_TEST

START_TEST(a_lecture_is_named_by_its_label)
{
	order.lecture = "Another";
	fixture_refused(&f, handout_take(&h, &office, &order, &f), E_NO_GRANT, WHY_NO_LECTURE);
	order.lecture = "Lecture";
	ck_assert_int_eq(handout_take(&h, &office, &order, &f), E_OK);
}
END_TEST

START_TEST(only_a_code_that_is_out_and_of_use_is_shown_again)
{
	struct books_numbered first;
	struct books_slot slot;

	ck_assert_int_eq(books_slot_numbered(office.books, x.stick_id, 1, &first, &f), E_OK);
	slot = first.slot;
	fixture_refused(&f, handout_again_code(&h, &office, &slot, &f), E_USAGE, WHY_NOT_HANDED_OUT);
	slot.state = BOOKS_SPENT;
	fixture_refused(&f, handout_again_code(&h, &office, &slot, &f), E_SPENT, WHY_OVER);
	slot.state = BOOKS_REVOKED;
	fixture_refused(&f, handout_again_code(&h, &office, &slot, &f), E_REVOKED, WHY_OVER);
	slot.state = BOOKS_ISSUED;
	office.now = slot.expires;
	fixture_refused(&f, handout_again_code(&h, &office, &slot, &f), E_EXPIRED, WHY_OVER);
	office.now--;
	ck_assert_int_eq(handout_again_code(&h, &office, &slot, &f), E_OK);
	ck_assert_int_eq(handout_again_code(&h, &office, &slot, &f), E_OK);
	ck_assert_uint_eq(h.count, 1);
}
END_TEST

START_TEST(a_holder_gets_all_again_that_he_can_use)
{
	order.n = 2;
	ck_assert_int_eq(handout_take(&h, &office, &order, &f), E_OK);
	ck_assert_int_eq(books_set_state(office.books, &(struct books_change){.grant_id = g.g.id, .state = BOOKS_REVOKED,
	    .now = office.now, .verb = "test", .detail = ""}, &f), E_OK);
	handout_free(&h);
	order.stick_id = NULL;
	ck_assert_int_eq(handout_again_holder(&h, &office, &order, &f), E_OK);
	ck_assert(h.again);
	ck_assert_uint_eq(h.count, 1);
	ck_assert_uint_eq(h.slots[0].slot, 1);
	ck_assert_int_eq(handout_codes(&h, &office, &f), E_OK);
	order.holder = "Grace";
	fixture_refused(&f, handout_again_holder(&h, &office, &order, &f), E_NO_CODES, WHY_HOLDS_NONE);
}
END_TEST

START_TEST(codes_of_several_sticks_are_handed_out_together)
{
	struct handout all = {0};
	struct handout_order another = order;
	uint8_t unknown[ID_SIZE] = {1};

	another.stick_id = unknown;
	fixture_refused(&f, handout_take(&h, &office, &another, &f), E_NO_CODES, WHY_NONE_LEFT);
	ck_assert_int_eq(handout_join(&all, &h, &f), E_OK);
	ck_assert_uint_eq(all.count, 0);
	for (size_t k = 1; k <= 2; k++) {
		ck_assert_int_eq(handout_take(&h, &office, &order, &f), E_OK);
		ck_assert_int_eq(handout_join(&all, &h, &f), E_OK);
		ck_assert_ptr_null(h.slots);
		ck_assert_uint_eq(h.count, 1);
		ck_assert_uint_eq(all.count, k);
	}
	ck_assert_int_eq(handout_codes(&all, &office, &f), E_OK);
	for (size_t k = 0; k < 2; k++)
		ck_assert_uint_eq(all.slots[k].slot, k);
	ck_assert_str_ne(all.codes[0], all.codes[1]);
	handout_free(&all);
}
END_TEST

SUITE("handout", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, the_lowest_codes_are_taken_for_the_holder);
	tcase_add_test(t, none_is_taken_if_there_are_too_few);
	tcase_add_test(t, a_lecture_is_named_by_its_label);
	tcase_add_test(t, only_a_code_that_is_out_and_of_use_is_shown_again);
	tcase_add_test(t, a_holder_gets_all_again_that_he_can_use);
	tcase_add_test(t, codes_of_several_sticks_are_handed_out_together);
}
