/*
 * check_clock.c - what the system clock is believed against signed times and remembered ones.
 */
#include "clock.h"

#include <stdlib.h>
#include <time.h>

#include <check.h>

#include "format.h"
#include "receipt.h"
#include "suite.h"

#define F 1760000000ll /* the floor */

static void
assert_view(int64_t now, int64_t high, int64_t t, uint32_t flags)
{
	const struct clock_view v = clock_judge(now, F, high, false);

	ck_assert_int_eq(v.now, now);
	ck_assert_int_eq(v.floor, F);
	ck_assert_int_eq(v.high, high);
	ck_assert_int_eq(v.t, t);
	ck_assert_uint_eq(v.flags, flags);
}

START_TEST(right_clock)
{
	assert_view(F + 1000, F + 500, F + 1000, 0);
	assert_view(F, 0, F, 0);
}
END_TEST

/* hostile 51 */
START_TEST(clock_before_the_signed_floor)
{
	assert_view(F - 1, 0, F, RECEIPT_CLOCK_BEHIND);
	assert_view(0, 0, F, RECEIPT_CLOCK_BEHIND);
	assert_view(-5, 0, F, RECEIPT_CLOCK_BEHIND);
	assert_view(-5, F + 9, F + 9, RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK);
}
END_TEST

/* hostile 52 */
START_TEST(clock_gone_back)
{
	assert_view(F + 700, F + 1000, F + 1000, 0);
	assert_view(F + 699, F + 1000, F + 1000, RECEIPT_CLOCK_BACK);
}
END_TEST

START_TEST(reset_by_an_operator)
{
	ck_assert_uint_eq(clock_judge(F, F, F, true).flags, RECEIPT_CLOCK_RESET);
	ck_assert_uint_eq(clock_judge(F - 1, F, F + 301, true).flags,
	    RECEIPT_CLOCK_RESET | RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK);
}
END_TEST

START_TEST(latest_of_three_is_the_time)
{
	static const int64_t three[3] = {F + 1, F + 2, F + 3};
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(clock_judge(three[i], three[(i + 1) % 3], three[(i + 2) % 3], false).t, F + 3);
}
END_TEST

static int64_t
raises(int64_t now, int64_t high)
{
	const struct clock_view v = clock_judge(now, F, high, false);

	return clock_raises(&v);
}

START_TEST(high_water_mark_follows_the_clock)
{
	ck_assert_int_eq(raises(F + 50, F + 10), F + 50);
	ck_assert_int_eq(raises(F + 50, 0), F + 50);
	ck_assert_int_eq(raises(F - 50, 0), F - 50);
}
END_TEST

/* A mark that was set by hand is not carried on as one that an opening has proved. */
/* hostile 52 */
START_TEST(an_opening_proves_its_own_time_only)
{
	ck_assert_int_eq(raises(F + 10, F + 50), F + 10);
	ck_assert_int_eq(raises(0, F + 50), 0);
	ck_assert_int_eq(raises(-1, 0), 0);
}
END_TEST

/* hostile 52 */
START_TEST(clock_in_2099_is_not_remembered)
{
	ck_assert_int_eq(raises(F + FLOOR_TRUST_S, 0), F + FLOOR_TRUST_S);
	ck_assert_int_eq(raises(F + FLOOR_TRUST_S + 1, 0), 0);
	ck_assert_int_eq(raises(F + FLOOR_TRUST_S + 1, F + 7), 0);
	ck_assert_int_eq(raises(4070908800, F + 7), 0);
	ck_assert_int_eq(raises(1ll << 40, F + 7), 0);
	ck_assert_int_eq(raises(INT64_MAX, 0), 0);
}
END_TEST

START_TEST(clocks_of_the_machine)
{
	const struct clock_source c = clock_system();
	const int64_t before = time(NULL), now = c.now(c.arg), after = time(NULL), boot = c.boot(c.arg);

	/* time(2) may lag by a tick behind the finer clock. */
	ck_assert(before <= now && now <= after + 1);
	ck_assert(boot > 0 && boot <= c.boot(c.arg));
	ck_assert_int_lt(boot, now);
}
END_TEST

START_TEST(witness_of_the_machine)
{
	const struct clock_source c = clock_system(), blind = {c.now, c.boot, NULL, NULL};
	const struct clock_boot w = clock_witness(&c), none = clock_witness(&blind);
	struct clock_boot later = w, other = w;

	ck_assert_int_le(llabs(w.s - c.boot(c.arg)), 1);
	later.s += 90;
	ck_assert_int_eq(clock_since(&later, &w), 90);
	ck_assert_int_eq(clock_since(&w, &later), 0); /* it has gone back: the start of a copy of this PC */
	other.id[3] ^= 1;
	ck_assert_int_eq(clock_since(&later, &other), 0);
	ck_assert_int_eq(none.s, 0);
	ck_assert_int_eq(clock_since(&none, &none), 0);
	later = none;
	later.s = 90;
	ck_assert_int_eq(clock_since(&later, &none), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("clock");
	TCase *tc = tcase_create("clock");

	tcase_add_test(tc, right_clock);
	tcase_add_test(tc, clock_before_the_signed_floor);
	tcase_add_test(tc, clock_gone_back);
	tcase_add_test(tc, reset_by_an_operator);
	tcase_add_test(tc, latest_of_three_is_the_time);
	tcase_add_test(tc, high_water_mark_follows_the_clock);
	tcase_add_test(tc, an_opening_proves_its_own_time_only);
	tcase_add_test(tc, clock_in_2099_is_not_remembered);
	tcase_add_test(tc, clocks_of_the_machine);
	tcase_add_test(tc, witness_of_the_machine);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
