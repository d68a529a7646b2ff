/*
 * check_homecoming.c - a stick comes home, or is erased: what is booked, and what is left on it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "erase.h"
#include "fixture.h"
#include "homecoming.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct homecoming home;
static struct erase gone;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	memset(&home, 0, sizeof home);
	home.collect.issuer = &office;
	gone = (struct erase){.issuer = &office, .path = "here"};
}

static void
teardown(void)
{
	homecoming_free(&home);
	erase_free(&gone);
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

static struct books_slot
slot(void)
{
	struct books_numbered n;

	ck_assert_int_eq(books_slot_numbered(office.books, x.stick_id, 1, &n, &f), E_OK);
	ck_assert(n.found);
	return n.slot;
}

START_TEST(a_stick_nobody_used_is_booked_and_gets_no_list)
{
	fixture_book(&office, &g.g);
	ck_assert_int_eq(homecoming_read(&home, x.dir_fd, "here", &f), E_OK);
	ck_assert_int_eq(collect_judge(&home.collect, &f), E_OK);
	ck_assert_int_eq(homecoming_commit(&home, &f), E_OK);
	homecoming_put(&home);
	ck_assert(!home.no_record && !home.written);
	ck_assert_int_eq(home.put.err, E_OK);
	ck_assert_uint_eq(home.number, 0);
	ck_assert_uint_eq(home.collect.count, FIXTURE_SLOTS);
	ck_assert_int_eq(slot().state, BOOKS_READY);
}
END_TEST

START_TEST(the_list_of_the_books_goes_home_with_it)
{
	fixture_book(&office, &g.g);
	ck_assert_int_eq(books_set_state(office.books, &(struct books_change){.grant_id = g.g.id, .state = BOOKS_REVOKED,
	    .now = office.now, .verb = "test", .detail = ""}, &f), E_OK);
	ck_assert_int_eq(homecoming_read(&home, x.dir_fd, "here", &f), E_OK);
	ck_assert_int_eq(collect_judge(&home.collect, &f), E_OK);
	ck_assert_int_eq(homecoming_commit(&home, &f), E_OK);
	ck_assert_int_eq(homecoming_commit(&home, &f), E_OK);
	homecoming_put(&home);
	ck_assert(home.written);
	ck_assert_uint_gt(home.number, 0);
}
END_TEST

START_TEST(a_stick_whose_record_is_lost_is_read_by_the_books)
{
	uint8_t junk[64] = {0};

	fixture_book(&office, &g.g);
	fixture_patch(&x, STICK_RECORD_A, 0, junk, sizeof junk);
	fixture_patch(&x, STICK_RECORD_B, 0, junk, sizeof junk);
	ck_assert_int_eq(homecoming_read(&home, x.dir_fd, "here", &f), E_OK);
	ck_assert(home.no_record);
	ck_assert_uint_eq(home.grants.count, 1);
	homecoming_put(&home);
	ck_assert(!home.written);
}
END_TEST

START_TEST(a_stick_of_another_issuer_does_not_come_home)
{
	office.pk[0] ^= 1;
	ck_assert_int_eq(homecoming_read(&home, x.dir_fd, "here", &f), E_ISSUER);
	ck_assert_int_eq(f.why, WHY_ANOTHER_ISSUER);
	office.pk[0] ^= 1;
}
END_TEST

static int
on_foreign(void *arg, const char *path)
{
	(void)path;
	++*(unsigned *)arg;
	return 0;
}

START_TEST(a_stick_is_erased_after_its_codes_are_revoked)
{
	struct stat st;
	unsigned foreign = 0;

	fixture_book(&office, &g.g);
	ck_assert_int_eq(erase_take(&gone, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(erase_hold(&gone, &f), E_OK);
	ck_assert_int_eq(erase_commit(&gone, &f), E_OK);
	ck_assert_uint_eq(gone.revoked, FIXTURE_SLOTS);
	ck_assert_uint_gt(gone.number, 0);
	ck_assert_int_eq(slot().state, BOOKS_REVOKED);
	ck_assert_int_eq(fstatat(x.dir_fd, STICK_ONCE, &st, 0), 0);
	ck_assert_int_eq(erase_destroy(&gone, &f), E_OK);
	ck_assert_int_eq(fstatat(x.dir_fd, STICK_ONCE, &st, 0), 0);
	ck_assert_int_eq(erase_remove(&gone, x.dir_fd, on_foreign, &foreign, &f), E_OK);
	ck_assert_int_ne(fstatat(x.dir_fd, STICK_ONCE, &st, 0), 0);
	ck_assert_uint_eq(foreign, 0);
}
END_TEST

START_TEST(what_the_books_do_not_know_is_not_erased_unseen)
{
	uint8_t junk[64] = {0};
	char name[64];

	fixture_book(&office, &g.g);
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &g.g, copy);
		fixture_patch(&x, name, 0, junk, sizeof junk);
	}
	ck_assert_int_eq(erase_take(&gone, x.dir_fd, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_LOSS);
	ck_assert_uint_gt(gone.loss.used + gone.loss.damaged, 0);
	fault_clear(&f);
	erase_free(&gone);
	gone = (struct erase){.issuer = &office, .path = "here", .discard = true};
	ck_assert_int_eq(erase_take(&gone, x.dir_fd, &f), E_OK);
}
END_TEST

SUITE("homecoming", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_stick_nobody_used_is_booked_and_gets_no_list);
	tcase_add_test(t, the_list_of_the_books_goes_home_with_it);
	tcase_add_test(t, a_stick_whose_record_is_lost_is_read_by_the_books);
	tcase_add_test(t, a_stick_of_another_issuer_does_not_come_home);
	tcase_add_test(t, a_stick_is_erased_after_its_codes_are_revoked);
	tcase_add_test(t, what_the_books_do_not_know_is_not_erased_unseen);
}
