/*
 * check_rename.c - names of holders that are corrected, and those that are near.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "fixture.h"
#include "forget.h"
#include "rename.h"
#include "suite.h"

#define GIVEN (FIXTURE_NOW - 3000)

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct fault f;
static uint64_t count;

static enum err
rename_all(const char *from, const char *to)
{
	fault_clear(&f);
	return rename_commit(&office, &(struct books_rename){.from = from, .to = to}, &count, &f);
}

static enum err
rename_one(uint32_t slot, const char *to)
{
	fault_clear(&f);
	return rename_commit(&office, &(struct books_rename){.grant_id = g.g.id, .slot = slot, .to = to}, &count, &f);
}

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	fixture_book(&office, &g.g);
	fixture_hand_out(&office, &g.g, 1, "Kim, hal 3", GIVEN);
	fixture_hand_out(&office, &g.g, 1, "Lee", GIVEN);
	fixture_hand_out(&office, &g.g, 1, "Kim, hal 3", GIVEN);
}

static void
teardown(void)
{
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

START_TEST(every_code_of_a_holder_is_renamed)
{
	struct books_slot was;

	fixture_change(&office, &g.g, 2, BOOKS_SPENT, GIVEN + 1);
	was = *fixture_booked(&office, &g.g, 2);
	ck_assert_int_eq(rename_all("Kim, hal 3", "Kim, hall 3"), E_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "Kim, hall 3");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 1)->holder, "Lee");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "Kim, hall 3");
	ck_assert_int_eq(fixture_booked(&office, &g.g, 2)->state, BOOKS_SPENT);
	ck_assert_int_eq(fixture_booked(&office, &g.g, 2)->changed_at, was.changed_at);
	ck_assert_uint_eq(fixture_logged(&office, "Kim, hal 3"), 3); /* what was written stays */
	ck_assert_uint_eq(fixture_logged(&office, "Kim, hall 3"), 2);
}
END_TEST

START_TEST(one_code_is_renamed)
{
	ck_assert_int_eq(rename_one(0, "Ann"), E_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "Ann");
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "Kim, hal 3");
	ck_assert_int_eq(rename_one(0, "Ann"), E_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(fixture_logged(&office, "Ann"), 1);
	fixture_change(&office, &g.g, 2, BOOKS_READY, GIVEN + 1);
	ck_assert_int_eq(rename_one(2, "Ann"), E_OK); /* not handed out */
	ck_assert_uint_eq(count, 0);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "");
	fixture_hand_out(&office, &g.g, 1, NULL, GIVEN);
	ck_assert_int_eq(rename_one(2, "Bea"), E_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 2)->holder, "Bea");
}
END_TEST

START_TEST(nobody_cannot_be_renamed)
{
	ck_assert_int_eq(rename_all("Kim", "Bea"), E_NO_CODES);
	ck_assert_int_eq(f.why, WHY_NEVER_GIVEN);
	ck_assert_str_eq(f.object, "Kim");
	ck_assert_uint_eq(fixture_logged(&office, "Bea"), 0);
	fault_clear(&f);
	ck_assert_int_eq(rename_all("Kim", "Kim"), E_NO_CODES); /* nor to the same name */
	ck_assert_int_eq(f.why, WHY_NEVER_GIVEN);
	ck_assert_int_eq(rename_all("Lee", "Lee"), E_OK);
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* The old name goes with the new one, and also by itself. */
START_TEST(an_old_name_can_be_forgotten)
{
	struct forget job = {.issuer = &office, .holder = "Bea"};

	ck_assert_int_eq(rename_all("Lee", "Bea"), E_OK);
	fixture_change(&office, &g.g, 1, BOOKS_SPENT, GIVEN + 1);
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert_uint_eq(fixture_logged(&office, "Lee") + fixture_logged(&office, "Bea"), 0);
	ck_assert_int_eq(rename_all("Kim, hal 3", "Kim, hall 3"), E_OK);
	job.holder = "Kim, hal 3";
	ck_assert_int_eq(forget_commit(&job, &f), E_OK);
	ck_assert(job.found.people == 1 && job.found.codes == 0);
	ck_assert_uint_eq(fixture_logged(&office, "Kim, hal 3"), 0);
	ck_assert_str_eq(fixture_booked(&office, &g.g, 0)->holder, "Kim, hall 3");
	ck_assert_int_eq(forget_commit(&job, &f), E_NO_CODES);
}
END_TEST

START_TEST(near_names_come_nearest_first)
{
	struct books_near near;

	for (uint32_t k = 0; k < 3; k++)
		ck_assert_int_eq(rename_one(k, k == 0 ? "Kimberly Ward" : k == 1 ? "kimberley ward" : "Kimberley Wart"), E_OK);
	ck_assert_int_eq(books_near(office.books, "Kimberley Ward", 0, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 3);
	ck_assert_str_eq(near.names[0], "kimberley ward");
	ck_assert_str_eq(near.names[1], "Kimberley Wart");
	ck_assert_str_eq(near.names[2], "Kimberly Ward");
	ck_assert_int_eq(books_near(office.books, "Kimberly Ward", 0, &near, &f), E_OK); /* not itself */
	ck_assert_str_eq(near.names[0], "kimberley ward");
	ck_assert_int_eq(books_near(office.books, "Zoe", 0, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 0);
}
END_TEST

START_TEST(only_who_can_use_a_code_if_wanted)
{
	struct books_near near;

	ck_assert_int_eq(books_near(office.books, "lee", FIXTURE_NOW, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 1);
	ck_assert_int_eq(books_near(office.books, "lee", g.g.policy.expires, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 0);
	fixture_change(&office, &g.g, 1, BOOKS_SPENT, GIVEN + 1);
	ck_assert_int_eq(books_near(office.books, "lee", FIXTURE_NOW, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 0);
	ck_assert_int_eq(books_near(office.books, "lee", 0, &near, &f), E_OK);
	ck_assert_uint_eq(near.count, 1);
}
END_TEST

SUITE("rename", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, every_code_of_a_holder_is_renamed);
	tcase_add_test(t, one_code_is_renamed);
	tcase_add_test(t, nobody_cannot_be_renamed);
	tcase_add_test(t, an_old_name_can_be_forgotten);
	tcase_add_test(t, near_names_come_nearest_first);
	tcase_add_test(t, only_who_can_use_a_code_if_wanted);
}
