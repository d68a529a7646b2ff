/*
 * check_calendar.c - dates of any second: against the C library's where that has 64 bits, and what stands for them where it has
 * not.
 */
#include "calendar.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "suite.h"

#define DAY 86400
#define YEAR_2038 2145916800ll
#define YEAR_2200 7258118400ll

/* Told only where it fails: each assertion that holds costs Check a write, and here there would be millions. */
static void
same_utc(int64_t t)
{
	const time_t at = (time_t)t;
	struct tm got, want;

	if (!calendar_utc(&got, t) || calendar_seconds(&got) != t)
		ck_abort_msg("%lld is no date, or one of another second", (long long)t);
	if (at != t || gmtime_r(&at, &want) == NULL)
		return;
	if (got.tm_year != want.tm_year || got.tm_mon != want.tm_mon || got.tm_mday != want.tm_mday ||
	    got.tm_hour != want.tm_hour || got.tm_min != want.tm_min || got.tm_sec != want.tm_sec)
		ck_abort_msg("%lld is %d-%d-%d, not %d-%d-%d", (long long)t, got.tm_year, got.tm_mon, got.tm_mday, want.tm_year,
		    want.tm_mon, want.tm_mday);
}

START_TEST(every_day_of_eight_centuries)
{
	for (int64_t day = -150000; day < 150000; day++) {
		if (!suite_picks((uint64_t)(day + 150000)))
			continue;
		same_utc(day * DAY);
		same_utc(day * DAY - 1);
	}
}
END_TEST

START_TEST(far_from_here)
{
	for (int64_t t = 1; t < INT64_C(1) << 55; t = t * 2 + 1) {
		same_utc(t);
		same_utc(-t);
	}
}
END_TEST

START_TEST(years_beyond_any_date_have_none)
{
	struct tm tm;

	ck_assert(!calendar_utc(&tm, INT64_MAX));
	ck_assert(!calendar_utc(&tm, INT64_MIN));
	ck_assert(!calendar_local(&tm, INT64_MAX));
	ck_assert(!calendar_local(&tm, INT64_MIN));
	ck_assert(!calendar_utc(&tm, INT64_C(1) << 58));
}
END_TEST

START_TEST(days_beyond_their_month_count_on)
{
	struct tm tm = {.tm_year = 139, .tm_mon = 11, .tm_mday = 32}, next;

	ck_assert(calendar_utc(&next, calendar_seconds(&tm)));
	ck_assert_int_eq(next.tm_year, 140);
	ck_assert_int_eq(next.tm_mon, 0);
	ck_assert_int_eq(next.tm_mday, 1);
}
END_TEST

/* Where summer time begins and ends: in the north, in the south, at midnight, by half an hour, on a date, not at all. */
static const char *const zones[] = {"CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "BRT3BRST,M10.3.0/0,M2.3.0/0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<+0330>-3:30<+0430>,J79/24,J263/24", "JST-9"};

static void
zone(const char *tz)
{
	ck_assert_int_eq(setenv("TZ", tz, 1), 0);
	tzset();
}

START_TEST(what_stands_for_a_late_time_has_its_offset)
{
	zone(zones[_i]);
	for (int64_t t = YEAR_2038; t < YEAR_2200; t += DAY / 3) {
		const int64_t like = calendar_alike(t);
		struct tm want, got;

		if (!suite_picks((uint64_t)t / (DAY / 3)))
			continue;
		if (like > INT32_MAX || like <= INT64_C(1700000000))
			ck_abort_msg("%lld is for %lld", (long long)like, (long long)t);
		if (!calendar_local(&want, t) || !calendar_local(&got, like))
			ck_abort();
		if (got.tm_gmtoff != want.tm_gmtoff || strcmp(got.tm_zone, want.tm_zone) != 0)
			ck_abort_msg(
			    "%lld: %ld %s, not %ld %s", (long long)t, got.tm_gmtoff, got.tm_zone, want.tm_gmtoff, want.tm_zone);
	}
}
END_TEST

START_TEST(what_32_bits_hold_stands_for_itself)
{
	ck_assert_int_eq(calendar_alike(INT32_MAX), INT32_MAX);
	ck_assert_int_eq(calendar_alike(INT32_MIN), INT32_MIN);
	ck_assert_int_eq(calendar_alike(0), 0);
	ck_assert_int_eq(calendar_alike(INT32_MIN - 1ll), INT32_MIN);
	ck_assert_int_eq(calendar_alike(INT64_MIN), INT32_MIN);
	ck_assert_int_eq(calendar_alike(INT64_MAX), INT32_MAX);
}
END_TEST

START_TEST(local_dates_of_late_and_early_years)
{
	struct tm tm;

	zone(zones[0]);
	ck_assert(calendar_local(&tm, 2224065600)); /* 23 June 2040, 12:00 UTC */
	ck_assert_int_eq(tm.tm_year, 140);
	ck_assert_int_eq(tm.tm_mon, 5);
	ck_assert_int_eq(tm.tm_mday, 23);
	ck_assert_int_eq(tm.tm_hour, 14);
	ck_assert_str_eq(tm.tm_zone, "CEST");
	ck_assert(calendar_local(&tm, -2524521600)); /* 1 January 1890 */
	ck_assert_int_eq(tm.tm_year, -10);
	ck_assert_int_eq(tm.tm_hour, 1);
}
END_TEST

SUITE("calendar", .timeout = 60)
{
	tcase_add_test(t, every_day_of_eight_centuries);
	tcase_add_test(t, far_from_here);
	tcase_add_test(t, years_beyond_any_date_have_none);
	tcase_add_test(t, days_beyond_their_month_count_on);
	tcase_add_loop_test(t, what_stands_for_a_late_time_has_its_offset, 0, (int)(sizeof zones / sizeof *zones));
	tcase_add_test(t, what_32_bits_hold_stands_for_itself);
	tcase_add_test(t, local_dates_of_late_and_early_years);
}
