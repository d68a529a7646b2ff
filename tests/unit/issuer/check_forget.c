/*
 * check_forget.c - names that go from the books, and what stays.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "books_names.h"
#include "fixture.h"
#include "forget.h"
#include "suite.h"

#define GIVEN (FIXTURE_NOW - 3000)

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct forget job;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	fixture_book(&office, &g.g);
	job = (struct forget){.issuer = &office};
	fixture_hand_out(&office, &g.g, 1, "Kim", GIVEN);
	fixture_hand_out(&office, &g.g, 1, "Lee", GIVEN);
	fixture_hand_out(&office, &g.g, 1, "Kim", GIVEN);
}

static void
teardown(void)
{
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

START_TEST(a_name_goes_from_codes_and_log)
{
	fixture_change(&office, &g.g, 0, BOOKS_SPENT, FIXTURE_NOW - 10);
	fixture_change(&office, &g.g, 2, BOOKS_REVOKED, FIXTURE_NOW - 10);
	job.holder = "Kim";
	ck_assert_int_eq(forget_find(&job, &f), E_OK);
	ck_assert(job.found.codes == 2 && job.found.people == 1 && job.found.out == 0);
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 4);
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 1)->holder, "Lee");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "");
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 0);
	ck_assert_uint_eq(fixture_logged(&office, "Lee"), 1);
	ck_assert_int_eq(forget_pack(&job, &f), E_OK);
	ck_assert_int_eq(forget_find(&job, &f), E_NO_CODES);
	ck_assert_int_eq(f.why, WHY_NEVER_GIVEN);
}
END_TEST

START_TEST(a_code_that_is_out_keeps_its_name)
{
	fixture_change(&office, &g.g, 0, BOOKS_SPENT, FIXTURE_NOW - 10);
	job.holder = "Kim";
	ck_assert_int_eq(forget_commit(&job, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_STILL_OUT);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "Kim");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "Kim");
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 3);
	fault_clear(&f);
	office.now = g.g.policy.expires;
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "");
}
END_TEST

START_TEST(what_was_over_before_a_day_is_forgotten)
{
	fixture_change(&office, &g.g, 0, BOOKS_SPENT, FIXTURE_NOW - 10);
	fixture_change(&office, &g.g, 1, BOOKS_REVOKED, FIXTURE_NOW - 9);
	job.before = FIXTURE_NOW - 9;
	ck_assert_int_eq(forget_find(&job, &f), E_OK);
	ck_assert(job.found.codes == 1 && job.found.people == 1 && job.found.out == 1);
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 1)->holder, "Lee");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "Kim");
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 1);
	ck_assert_uint_eq(fixture_logged(&office, "Lee"), 2);
}
END_TEST

START_TEST(what_expired_later_is_not)
{
	office.now = g.g.policy.expires + 1;
	job.before = g.g.policy.expires;
	ck_assert_int_eq(forget_find(&job, &f), E_OK);
	ck_assert(job.found.codes == 0 && job.found.out == 0);
	job.before = g.g.policy.expires + 1;
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_uint_eq(job.found.people, 2);
	ck_assert_uint_eq(fixture_logged(&office, "Kim") + fixture_logged(&office, "Lee"), 0);
}
END_TEST

START_TEST(a_name_that_was_corrected_since_goes_too)
{
	const struct books_rename slip = {"Lee", NULL, 0, "Leigh", FIXTURE_NOW};
	uint64_t count = 0;

	fixture_change(&office, &g.g, 1, BOOKS_SPENT, FIXTURE_NOW - 10);
	ck_assert_int_eq(books_rename(office.books, &slip, &count, &f), E_OK);
	ck_assert_uint_eq(count, 1);
	job.before = FIXTURE_NOW - 5;
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 1)->holder, "");
	ck_assert_uint_eq(fixture_logged(&office, "Lee") + fixture_logged(&office, "Leigh"), 0);
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 2);
}
END_TEST

START_TEST(an_old_name_of_a_code_that_is_out_is_counted)
{
	const struct books_rename slip = {"Lee", NULL, 0, "Leigh", GIVEN};
	uint64_t count = 0;

	ck_assert_int_eq(books_rename(office.books, &slip, &count, &f), E_OK);
	job.before = FIXTURE_NOW - 5;
	ck_assert_int_eq(forget_find(&job, &f), E_OK);
	ck_assert(job.found.codes == 0 && job.found.people == 1);
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 1)->holder, "Leigh");
	ck_assert_uint_eq(fixture_logged(&office, "Lee"), 0);
	ck_assert_uint_eq(fixture_logged(&office, "Leigh"), 1);
	ck_assert_int_eq(forget_find(&job, &f), E_OK);
	ck_assert_uint_eq(job.found.people, 0);
}
END_TEST

START_TEST(a_slip_that_was_corrected_goes_too)
{
	const struct books_event slip = {
	    .now = GIVEN, .verb = "issue", .grant_id = g.g.id, .slot = 1, .holder = "Leigh"};

	ck_assert_int_eq(books_event(office.books, &slip, &f), E_OK);
	fixture_change(&office, &g.g, 1, BOOKS_SPENT, FIXTURE_NOW - 10);
	job.holder = "Lee";
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_uint_eq(fixture_logged(&office, "Leigh"), 0);
	ck_assert_uint_eq(fixture_logged(&office, "Kim"), 2);
}
END_TEST

SUITE("forget", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_name_goes_from_codes_and_log);
	tcase_add_test(t, a_code_that_is_out_keeps_its_name);
	tcase_add_test(t, what_was_over_before_a_day_is_forgotten);
	tcase_add_test(t, what_expired_later_is_not);
	tcase_add_test(t, a_name_that_was_corrected_since_goes_too);
	tcase_add_test(t, an_old_name_of_a_code_that_is_out_is_counted);
	tcase_add_test(t, a_slip_that_was_corrected_goes_too);
}
