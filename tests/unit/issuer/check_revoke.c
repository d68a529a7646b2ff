/*
 * check_revoke.c - which codes are revoked, and whether somebody is asked first.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "fixture.h"
#include "revoke.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct revoke r;
static struct books_slot slots[FIXTURE_SLOTS];
static char losers[REVOKE_LOSERS];
static struct fault f;

static void
read_slots(void)
{
	struct books_numbered n;

	for (uint32_t k = 0; k < FIXTURE_SLOTS; k++) {
		ck_assert_int_eq(books_slot_numbered(office.books, x.stick_id, k + 1, &n, &f), E_OK);
		ck_assert(n.found);
		slots[k] = n.slot;
	}
}

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	fixture_book(&office, &g.g);
	memset(&r, 0, sizeof r);
	r.issuer = &office;
	read_slots();
}

static void
teardown(void)
{
	revoke_free(&r);
	memset(&r, 0, sizeof r); /* what it still points to was not freed */
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

static void
commits(const char *agreed, const char *asks)
{
	ck_assert_int_eq(revoke_commit(&r, agreed, losers, &f), E_OK);
	if (asks == NULL)
		ck_assert_str_eq(losers, "");
	else
		ck_assert_str_eq(losers, asks);
	read_slots();
}

START_TEST(a_code_is_named_by_its_name)
{
	ck_assert_int_eq(revoke_slot(&r, &slots[1], &f), E_OK);
	ck_assert_int_eq(revoke_slot(&r, &slots[1], &f), E_OK);
	commits("", NULL);
	ck_assert_int_eq(slots[0].state, BOOKS_READY);
	ck_assert_int_eq(slots[1].state, BOOKS_REVOKED);
	ck_assert_int_eq(slots[2].state, BOOKS_READY);
	ck_assert_uint_gt(r.number, 0);
	ck_assert_uint_gt(r.notice_n, 0);
}
END_TEST

START_TEST(a_code_is_named_by_itself)
{
	char none[CODE_SYMBOLS];

	memcpy(none, g.codes[2], sizeof none);
	none[0] = none[0] == '0' ? '1' : '0';
	ck_assert_int_eq(revoke_symbols(&r, none, &f), E_CODE_UNKNOWN);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_int_eq(revoke_symbols(&r, g.codes[2], &f), E_OK);
	commits("", NULL);
	ck_assert_int_eq(slots[2].state, BOOKS_REVOKED);
	ck_assert_int_eq(slots[0].state, BOOKS_READY);
}
END_TEST

START_TEST(a_holder_loses_all_that_he_has)
{
	const char *const holders[] = {"Ada"};
	const struct books_take take = {.grant_id = g.g.id, .n = 2, .holder = "Ada", .now = office.now};
	struct books_slot *taken = NULL;
	uint32_t have = 0;

	ck_assert_int_eq(books_take(office.books, &take, &taken, &have, &f), E_OK);
	free(taken);
	r.holders = holders;
	r.holder_count = 1;
	commits("", NULL);
	ck_assert_int_eq(slots[0].state, BOOKS_REVOKED);
	ck_assert_int_eq(slots[1].state, BOOKS_REVOKED);
	ck_assert_int_eq(slots[2].state, BOOKS_READY);
}
END_TEST

START_TEST(who_holds_nothing_is_a_slip)
{
	const char *const holders[] = {"Grace"};

	r.holders = holders;
	r.holder_count = 1;
	ck_assert_int_eq(revoke_slot(&r, &slots[0], &f), E_OK);
	ck_assert_int_eq(revoke_commit(&r, "", losers, &f), E_NO_CODES);
	ck_assert_int_eq(f.why, WHY_NEVER_GIVEN);
	fault_clear(&f);
	read_slots();
	ck_assert_int_eq(slots[0].state, BOOKS_READY);
}
END_TEST

START_TEST(the_last_code_of_a_stick_is_asked_about_first)
{
	char name[STICK_NAME_SIZE], asked[REVOKE_LOSERS];

	issuer_slot_name(asked, &slots[0]);
	snprintf(name, sizeof name, "%.*s", (int)strcspn(asked, "/"), asked);
	ck_assert_int_eq(revoke_stick(&r, x.stick_id, &f), E_OK);
	commits("", name);
	ck_assert_int_eq(slots[0].state, BOOKS_READY);
	commits("another", name);
	memcpy(asked, losers, sizeof asked);
	commits(asked, NULL);
	for (size_t k = 0; k < FIXTURE_SLOTS; k++)
		ck_assert_int_eq(slots[k].state, BOOKS_REVOKED);
	ck_assert_int_eq(revoke_slot(&r, &slots[0], &f), E_OK);
	commits("", NULL);
	ck_assert(revoke_was_gone(&r, &slots[0]));
	ck_assert(!revoke_was_gone(&r, &slots[1]));
}
END_TEST

START_TEST(nobody_is_asked_who_does_not_want_it)
{
	ck_assert_int_eq(revoke_stick(&r, x.stick_id, &f), E_OK);
	commits(NULL, NULL);
	ck_assert_int_eq(slots[2].state, BOOKS_REVOKED);
}
END_TEST

START_TEST(the_list_goes_onto_a_stick)
{
	struct revoke_target t = {.path = "here", .fd = x.dir_fd};
	uint8_t *list = NULL;
	size_t n = 0;

	ck_assert_int_eq(revoke_open(&r, &t, &f), E_OK);
	r.targets = &t;
	r.target_count = 1;
	ck_assert_int_eq(revoke_slot(&r, &slots[0], &f), E_OK);
	commits("", NULL);
	revoke_put(&r);
	ck_assert_int_eq(t.fault.err, E_OK);
	ck_assert(t.written);
	list = fixture_get(&x, STICK_NOTICE, &n);
	ck_assert_uint_eq(n, r.notice_n);
	ck_assert(memcmp(list, r.notice, n) == 0);
	free(list);
	revoke_target_close(&t);
}
END_TEST

START_TEST(a_stick_of_another_issuer_is_left_alone)
{
	struct revoke_target t = {.path = "here", .fd = x.dir_fd};

	office.pk[0] ^= 1;
	ck_assert_int_eq(revoke_open(&r, &t, &f), E_ISSUER);
	ck_assert_int_eq(f.why, WHY_ANOTHER_ISSUER);
	office.pk[0] ^= 1;
	revoke_target_close(&t);
}
END_TEST

SUITE("revoke", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_code_is_named_by_its_name);
	tcase_add_test(t, a_code_is_named_by_itself);
	tcase_add_test(t, a_holder_loses_all_that_he_has);
	tcase_add_test(t, who_holds_nothing_is_a_slip);
	tcase_add_test(t, the_last_code_of_a_stick_is_asked_about_first);
	tcase_add_test(t, nobody_is_asked_who_does_not_want_it);
	tcase_add_test(t, the_list_goes_onto_a_stick);
	tcase_add_test(t, a_stick_of_another_issuer_is_left_alone);
}
