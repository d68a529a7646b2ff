/*
 * check_when.c - times and durations that people write and read.
 */
#include <check.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "suite.h"
#include "when.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define SAO_PAULO "BRT3BRST,M10.3.0/0,M2.3.0/0" /* summer time starts at midnight */
#define NOW 1795540500 /* 2026-11-24 18:15:00 in Berlin */

static void
zone(const char *tz)
{
	ck_assert_int_eq(setenv("TZ", tz, 1), 0);
	tzset();
}

static void
setup(void)
{
	zone(BERLIN);
}

/* text, read at now, is the moment that the RFC 3339 time in UTC names. */
static void
reads(const char *text, enum when_role role, int64_t now, const char *utc)
{
	char shown[WHEN_SHOWN];
	int64_t t = 0;

	ck_assert_msg(when_parse(&t, text, role, now) == 0, "\"%s\" is refused", text);
	when_rfc3339(shown, sizeof shown, t);
	ck_assert_msg(strcmp(shown, utc) == 0, "\"%s\" is %s, not %s", text, shown, utc);
}

static void
refused(const char *text, int64_t now)
{
	int64_t t = 42;

	ck_assert_msg(when_parse(&t, text, WHEN_START, now) == -1, "\"%s\" is accepted", text);
	ck_assert_msg(when_parse(&t, text, WHEN_END, now) == -1, "\"%s\" is accepted as an end", text);
	ck_assert_int_eq(t, 42);
}

START_TEST(rfc3339_is_read)
{
	reads("2026-11-24T17:15:00Z", WHEN_START, NOW, "2026-11-24T17:15:00Z");
	reads("2026-11-24t17:15:00z", WHEN_START, NOW, "2026-11-24T17:15:00Z");
	reads("2026-11-24 17:15:00Z", WHEN_START, NOW, "2026-11-24T17:15:00Z");
	reads("2026-11-24T18:15:00+01:00", WHEN_END, NOW, "2026-11-24T17:15:00Z");
	reads("2026-11-24T11:45:59.999-05:30", WHEN_END, NOW, "2026-11-24T17:15:59Z");
	reads("2026-12-31T23:30:00-01:00", WHEN_END, NOW, "2027-01-01T00:30:00Z");
	reads("2028-02-29T00:00:00Z", WHEN_END, NOW, "2028-02-29T00:00:00Z");
}
END_TEST

START_TEST(local_time_is_read)
{
	reads("2026-11-24 18:00", WHEN_START, NOW, "2026-11-24T17:00:00Z");
	reads("2026-11-24T18:00", WHEN_START, NOW, "2026-11-24T17:00:00Z");
	reads("2026-07-24 18:00:01", WHEN_START, NOW, "2026-07-24T16:00:01Z");
}
END_TEST

START_TEST(bare_date_is_its_start_or_its_end)
{
	reads("2026-11-24", WHEN_START, NOW, "2026-11-23T23:00:00Z");
	reads("2026-11-24", WHEN_END, NOW, "2026-11-24T22:59:59Z");
	reads("2026-03-29", WHEN_START, NOW, "2026-03-28T23:00:00Z"); /* a day of 23 hours */
	reads("2026-03-29", WHEN_END, NOW, "2026-03-29T21:59:59Z");
}
END_TEST

START_TEST(date_without_midnight_starts_after_it)
{
	zone(SAO_PAULO);
	reads("2026-10-18", WHEN_START, NOW, "2026-10-18T03:00:00Z"); /* 01:00 there */
	reads("2026-10-18 00:30", WHEN_START, NOW, "2026-10-18T03:00:00Z");
	reads("2026-10-18", WHEN_END, NOW, "2026-10-19T01:59:59Z");
	reads("2026-02-14", WHEN_END, NOW, "2026-02-15T02:59:59Z"); /* 23:59:59 happens twice */
	reads("2026-02-14 23:30", WHEN_START, NOW, "2026-02-15T01:30:00Z");
}
END_TEST

START_TEST(clock_time_is_the_next_one)
{
	reads("18:30", WHEN_START, NOW, "2026-11-24T17:30:00Z");
	reads("18:15", WHEN_START, NOW, "2026-11-24T17:15:00Z");
	reads("18:15", WHEN_START, NOW + 1, "2026-11-25T17:15:00Z");
	reads("9:05", WHEN_END, NOW, "2026-11-25T08:05:00Z");
	reads("09:05", WHEN_END, NOW, "2026-11-25T08:05:00Z");
	reads("00:00", WHEN_END, NOW, "2026-11-24T23:00:00Z");
	reads("23:59:59", WHEN_END, NOW, "2026-11-24T22:59:59Z");
}
END_TEST

START_TEST(tomorrow_may_be_in_another_month_or_in_summer_time)
{
	reads("10:00", WHEN_START, 1798714800, "2027-01-01T09:00:00Z");  /* 31 Dec 2026, 12:00 */
	reads("10:00", WHEN_START, 1774695600, "2026-03-29T08:00:00Z");  /* 28 Mar 2026, 12:00; a day of 23 hours follows */
	reads("02:30", WHEN_START, 1774742400, "2026-03-29T01:00:00Z");  /* 29 Mar 2026, 01:00; there is no 02:30 on that day */
}
END_TEST

START_TEST(time_that_happens_twice_suits_its_role)
{
	reads("2026-10-25 02:30", WHEN_START, NOW, "2026-10-25T00:30:00Z");
	reads("2026-10-25 02:30", WHEN_END, NOW, "2026-10-25T01:30:00Z");
	reads("02:30", WHEN_START, 1792890000, "2026-10-25T01:30:00Z"); /* 02:00 for the second time */
}
END_TEST

START_TEST(time_that_summer_time_skips_is_the_moment_of_the_change)
{
	reads("2026-03-29 01:59:59", WHEN_START, NOW, "2026-03-29T00:59:59Z");
	reads("2026-03-29 02:00", WHEN_START, NOW, "2026-03-29T01:00:00Z");
	reads("2026-03-29 02:30", WHEN_START, NOW, "2026-03-29T01:00:00Z");
	reads("2026-03-29T02:59:59", WHEN_END, NOW, "2026-03-29T01:00:00Z");
	reads("2026-03-29 03:00", WHEN_START, NOW, "2026-03-29T01:00:00Z");
	refused("2026-02-29 02:30", NOW);
	refused("2026-03-29 02:60", NOW);
}
END_TEST

START_TEST(relative_times_are_read)
{
	reads("+3d", WHEN_START, NOW, "2026-11-27T17:15:00Z");
	reads("+90m", WHEN_END, NOW, "2026-11-24T18:45:00Z");
	reads("+4h", WHEN_START, NOW, "2026-11-24T21:15:00Z");
	reads("+1d2h3m4s", WHEN_START, NOW, "2026-11-25T19:18:04Z");
}
END_TEST

START_TEST(anything_else_is_refused)
{
	static const char *const bad[] = {"", " ", "now", "18", "1830", "18:3", "18:300", "24:00", "18:60", "18:30:60",
	    "118:30", "1:2:3", ":30", "-1:30", "18:30 ", " 18:30", "18:30x", "18:30Z", "2026", "2026-11",
	    "2026-11-", "2026-11-24x", "2026-11-24 ", "2026-11-24T", "2026-11-24 18",
	    "2026-11-24 18:00 ", "26-11-24", "2026-13-01", "2026-00-01",
	    "2026-11-00", "2026-11-31", "2026-02-29", "2026-02-29T00:00:00Z", "2026-02-30 10:00", "2026-11-24T24:00:00Z",
	    "2026-11-24T23:59:60Z", "2026-11-24T18:00:00+24:00", "2026-11-24T18:00:00+01:60", "2026-11-24T18:00:00+0100",
	    "2026-11-24T18:00:00+01", "2026-11-24T18:00:00Zx", "2026-11-24T18:00:00+01:00 ", "2026-11-24T18:00:00.Z",
	    "2026-11-24T18:00:00.5", "2026-11-24T18:00:00,5Z", "+", "+3", "+d", "+-3d", "+ 3d", "3d", "-3d", "+3d ", "+0d", "++3d",
	    "1764004500", "99999999999999999999-01-01", "0x7e-11-24"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refused(bad[i], NOW);
}
END_TEST

START_TEST(times_out_of_range_are_refused)
{
	zone("UTC0");
	refused("1970-01-01", NOW);
	refused("2017-07-14T02:39:59Z", NOW);
	reads("2017-07-14T02:40:00Z", WHEN_START, NOW, "2017-07-14T02:40:00Z");
	refused("0000-01-01", NOW);
	reads("9999-12-31T23:59:59Z", WHEN_END, NOW, "9999-12-31T23:59:59Z");
	refused("9999-12-31T23:59:59-01:00", NOW);
	refused("+1s", TIME_MAX);
	refused("+1s", 0);
	refused("18:30", INT64_MAX);
}
END_TEST

static int64_t
duration(const char *text)
{
	int64_t s = -1;

	return when_parse_duration(&s, text) == 0 ? s : -1;
}

START_TEST(durations_are_read)
{
	ck_assert_int_eq(duration("90m"), 5400);
	ck_assert_int_eq(duration("4h"), 14400);
	ck_assert_int_eq(duration("1h30m"), 5400);
	ck_assert_int_eq(duration("2d"), 172800);
	ck_assert_int_eq(duration("3600s"), 3600);
	ck_assert_int_eq(duration("1d1h1m1s"), 90061);
	ck_assert_int_eq(duration("0h5m"), 300);
	ck_assert_int_eq(duration("36600d"), 36600ll * 86400);
}
END_TEST

START_TEST(other_durations_are_refused)
{
	static const char *const bad[] = {"", "0", "90", "m", "h1", "90 m", " 90m", "90m ", "-90m", "+90m", "1.5h", "1,5h", "90M",
	    "90min", "1m1h", "1h1h", "1h30", "0s", "0d0h", "36601d", "99999999999999999999s", "18446744073709551616s",
	    "3162240001s", "36600d1s", "1w", "1y", "0x10m", "1e3s"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(duration(bad[i]) == -1, "\"%s\" is accepted", bad[i]);
}
END_TEST

/* Where time_t has 32 bits, too. */
START_TEST(late_times_are_read_and_shown)
{
	char out[WHEN_SHOWN];

	reads("2040-06-23 14:00", WHEN_START, NOW, "2040-06-23T12:00:00Z");
	reads("2040-12-24", WHEN_END, NOW, "2040-12-24T22:59:59Z");
	reads("2039-03-27 02:30", WHEN_START, NOW, "2039-03-27T01:00:00Z"); /* summer time begins */
	reads("2039-10-30 02:30", WHEN_END, NOW, "2039-10-30T01:30:00Z");   /* and ends */
	reads("+50d", WHEN_END, 2145000000, "2038-02-09T09:20:00Z");
	reads("18:30", WHEN_START, 2224065600, "2040-06-23T16:30:00Z");
	refused("2039-02-29", NOW);
	when_show_zone(out, sizeof out, 2224065600);
	ck_assert_str_eq(out, "23 Jun 2040 at 14:00 CEST");
	when_show_short(out, sizeof out, 2224065600, NOW);
	ck_assert_str_eq(out, "23 Jun 2040 14:00");
	when_rfc3339(out, sizeof out, 4294967296);
	ck_assert_str_eq(out, "2106-02-07T06:28:16Z");
	when_show(out, sizeof out, -2524521600);
	ck_assert_str_eq(out, "1 Jan 1890 at 01:00");
}
END_TEST

START_TEST(times_are_shown)
{
	char out[WHEN_SHOWN];

	when_show(out, sizeof out, NOW);
	ck_assert_str_eq(out, "24 Nov 2026 at 18:15");
	when_show_zone(out, sizeof out, NOW);
	ck_assert_str_eq(out, "24 Nov 2026 at 18:15 CET");
	when_rfc3339(out, sizeof out, NOW);
	ck_assert_str_eq(out, "2026-11-24T17:15:00Z");
	when_show_short(out, sizeof out, NOW, NOW - 86400 * 30);
	ck_assert_str_eq(out, "24 Nov 18:15");
	when_show_short(out, sizeof out, NOW, NOW + 86400 * 60);
	ck_assert_str_eq(out, "24 Nov 2026 18:15");
	when_show(out, sizeof out, 1777809720);
	ck_assert_str_eq(out, "3 May 2026 at 14:02");
}
END_TEST

START_TEST(until_is_short_within_a_day)
{
	char out[WHEN_SHOWN];

	when_show_until(out, sizeof out, NOW + 8 * 3600, NOW);
	ck_assert_str_eq(out, "02:15");
	when_show_until(out, sizeof out, NOW + 86400, NOW);
	ck_assert_str_eq(out, "25 Nov 18:15");
	when_show_until(out, sizeof out, NOW - 1, NOW);
	ck_assert_str_eq(out, "24 Nov 18:14");
}
END_TEST

START_TEST(times_beyond_any_calendar_are_shown_as_unknown)
{
	char out[WHEN_SHOWN];

	when_show(out, sizeof out, INT64_MAX);
	ck_assert_str_eq(out, "?");
	when_rfc3339(out, sizeof out, INT64_MIN);
	ck_assert_str_eq(out, "?");
	when_show_until(out, sizeof out, INT64_MAX, INT64_MAX);
	ck_assert_str_eq(out, "?");
}
END_TEST

static void
shown_as(int64_t seconds, const char *want)
{
	char out[WHEN_SHOWN];

	when_show_duration(out, sizeof out, seconds);
	ck_assert_str_eq(out, want);
}

START_TEST(durations_are_shown)
{
	shown_as(-5, "0 s");
	shown_as(59, "59 s");
	shown_as(60, "1 min");
	shown_as(3599, "59 min");
	shown_as(3600, "1 h");
	shown_as(6120, "1 h 42 min");
	shown_as(28800, "8 h");
	shown_as(86400, "24 h");
	shown_as(172799, "47 h 59 min");
	shown_as(172800, "2 days");
	shown_as(3 * 86400 + 4 * 3600 + 59, "3 days 4 h");
}
END_TEST

START_TEST(small_buffers_are_respected)
{
	char out[4] = "xyz";

	when_show(out, sizeof out, NOW);
	ck_assert_str_eq(out, "24 ");
	when_show_zone(out, sizeof out, NOW);
	ck_assert_str_eq(out, "24 ");
	when_rfc3339(out, sizeof out, NOW);
	ck_assert_uint_lt(strnlen(out, sizeof out), sizeof out);
}
END_TEST

/* ---- as people write them ------------------------------------------------------------------------------------------------ */

#define AGAIN "?"       /* it can be read in two ways */

static const char *const locales[] = {"de_DE", "en_GB", "en_US", "ko_KR"};
static char made[64];   /* where they are */
static bool usable;     /* they could be made here */

/* Their words for times; all others are those of C.UTF-8. Where they cannot be made 53-dates.sh says so. */
static void
make_locales(void)
{
	char command[512];

	snprintf(made, sizeof made, "%.40s/once-when.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(made));
	for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
		snprintf(command, sizeof command,
		    "cd '%s' && sed -n -e '/^\\(comment\\|escape\\)_char/p' -e '/^LC_TIME/,/^END LC_TIME/p' "
		    "/usr/share/i18n/locales/%s >source 2>/dev/null && localedef -c -f UTF-8 -i source ./%s.UTF-8 >/dev/null 2>&1; "
		    "test -e %s.UTF-8/LC_TIME", made, locales[i], locales[i], locales[i]);
		if (system(command) == 0)
			continue;
		return;
	}
	setenv("LOCPATH", made, 1);
	usable = setlocale(LC_TIME, "de_DE.UTF-8") != NULL; /* not if they are made for another processor than this one */
}

static void
remove_locales(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", made);
	ck_assert_int_eq(system(command), 0);
}

static const struct {
	const char *locale, *text;
	const char *utc; /* NULL: refused */
} written[] = {
	{"C", "24.12.2026 18:00", "2026-12-24T17:00:00Z"},
	{"C", "18:00 24.12.2026", "2026-12-24T17:00:00Z"},
	{"C", "24.12. 18:00", "2026-12-24T17:00:00Z"},
	{"C", "24.12. 18.00", "2026-12-24T17:00:00Z"},
	{"C", "24.12.2026", "2026-12-23T23:00:00Z"},
	{"C", "24.12.26", "2026-12-23T23:00:00Z"},
	{"C", "24. 12. 2026 18:00", "2026-12-24T17:00:00Z"},
	{"C", "2026. 12. 24. 18:00", "2026-12-24T17:00:00Z"},
	{"C", "2026.12.24", "2026-12-23T23:00:00Z"},
	{"C", "2026/12/24", "2026-12-23T23:00:00Z"},
	{"C", "2026-12-24 8:00", "2026-12-24T07:00:00Z"},
	{"C", "3.4.2027 9:00", "2027-04-03T07:00:00Z"},
	{"C", "12/24/2026", "2026-12-23T23:00:00Z"},
	{"C", "24/12/2026", "2026-12-23T23:00:00Z"},
	{"C", "12/24 18:00", "2026-12-24T17:00:00Z"},
	{"C", "03/04/2026", AGAIN},
	{"C", "03/04 9:00", AGAIN},
	{"C", "03/03/2027", "2027-03-02T23:00:00Z"},
	{"C", "24 Dec 18:00", "2026-12-24T17:00:00Z"},
	{"C", "Dec 24 18:00", "2026-12-24T17:00:00Z"},
	{"C", "December 24, 2026 at 6:30 pm", "2026-12-24T17:30:00Z"},
	{"C", "24 december 2026 18.30", "2026-12-24T17:30:00Z"},
	{"C", "24th Dec. 2026", "2026-12-23T23:00:00Z"},
	{"C", "1 Sept", "2027-08-31T22:00:00Z"},
	{"C", "24 Nov", "2026-11-23T23:00:00Z"},
	{"C", "23 Nov", "2027-11-22T23:00:00Z"},
	{"C", "24 Nov 18:00", "2027-11-24T17:00:00Z"},
	{"C", "29 Feb", "2028-02-28T23:00:00Z"},
	{"C", "Thu 24 Dec 2026 18:00", "2026-12-24T17:00:00Z"},
	{"C", "Thursday, 24 Dec 2026 at 18:00", "2026-12-24T17:00:00Z"},
	{"C", "Fri 24 Dec 2026 18:00", NULL},
	{"C", "Fri 24 Dec", NULL},
	{"C", "Fri 9:00", "2026-11-27T08:00:00Z"},
	{"C", "friday", "2026-11-26T23:00:00Z"},
	{"C", "Tue 18:30", "2026-11-24T17:30:00Z"},
	{"C", "Tue 18:00", "2026-12-01T17:00:00Z"},
	{"C", "18.30", "2026-11-24T17:30:00Z"},
	{"C", "6:30pm", "2026-11-24T17:30:00Z"},
	{"C", "6 pm", NULL},
	{"C", "6pm", "2026-11-25T17:00:00Z"},
	{"C", "12:15 am", "2026-11-24T23:15:00Z"},
	{"C", "12:15 p.m.", "2026-11-25T11:15:00Z"},
	{"C", "tomorrow 9:00", "2026-11-25T08:00:00Z"},
	{"C", "9.00 tomorrow", "2026-11-25T08:00:00Z"},
	{"C", "Tomorrow", "2026-11-24T23:00:00Z"},
	{"C", "today", "2026-11-23T23:00:00Z"},
	{"C", "today 9:00", "2026-11-24T08:00:00Z"},
	{"C", "18.12", AGAIN},
	{"C", "9.05", AGAIN},
	{"C", "24.12", "2026-12-23T23:00:00Z"},
	{"C", "18.3", "2027-03-17T23:00:00Z"},
	{"C", "18.12 18:00", "2026-12-18T17:00:00Z"},
	{"C", "18.12 18.30", NULL},
	{"C", "29.3.2026 2:30", "2026-03-29T01:00:00Z"}, /* clocks skip it */
	{"C", "25.10.2026 2:30", "2026-10-25T00:30:00Z"}, /* and it comes twice */
	{"C", "31.2.2026", NULL},
	{"C", "30/02/2026", NULL},
	{"C", "13/13/2026", NULL},
	{"C", "0.12.2026", NULL},
	{"C", "32.12.2026", NULL},
	{"C", "24-12-26", NULL},
	{"C", "24.12-2026", NULL},
	{"C", "24/12/", NULL},
	{"C", "24.12.202", NULL},
	{"C", "24.12.2026.", "2026-12-23T23:00:00Z"},
	{"C", "24.12.2026.", "2026-12-23T23:00:00Z"},
	{"C", "24 Dec 24 Dec", NULL},
	{"C", "24 Dec Jan", NULL},
	{"C", "24 25 Dec", NULL},
	{"C", "Dec", NULL},
	{"C", "Dec 2026", NULL},
	{"C", "Ju 3", NULL},
	{"C", "24 Foo 2026", NULL},
	{"C", "24 Dec 25:00", NULL},
	{"C", "24 Dec 13:00 pm", NULL},
	{"C", "24 Dec pm", NULL},
	{"C", "today tomorrow", NULL},
	{"C", "tomorrow 24 Dec", NULL},
	{"C", "24 Dec, ", NULL},
	{"C", "24. Dezember 2026", NULL},
	{"C", "24 Dec 9999999999 18:00", NULL},
	{"de_DE", "24.12.2026 18:00", "2026-12-24T17:00:00Z"},
	{"de_DE", "03/04/2026", "2026-04-02T22:00:00Z"},
	{"de_DE", "03.04.2027", "2027-04-02T22:00:00Z"},
	{"de_DE", "24. Dezember 2026, 18:00", "2026-12-24T17:00:00Z"},
	{"de_DE", "Do 24. Dez. 18.00", "2026-12-24T17:00:00Z"},
	{"de_DE", "3. M\u00e4rz 9:00", "2027-03-03T08:00:00Z"},
	{"de_DE", "3. M\u00c4RZ 9:00", "2027-03-03T08:00:00Z"},
	{"de_DE", "24 Dec 18:00", "2026-12-24T17:00:00Z"},
	{"de_DE", "Donnerstag 9:00", "2026-11-26T08:00:00Z"},
	{"en_GB", "03/04/2026", "2026-04-02T22:00:00Z"},
	{"en_GB", "3/4 9:00", "2027-04-03T07:00:00Z"},
	{"en_GB", "03/04/26", "2026-04-02T22:00:00Z"},
	{"en_GB", "12/24/2026", "2026-12-23T23:00:00Z"},
	{"en_US", "03/04/2026", "2026-03-03T23:00:00Z"},
	{"en_US", "3/4 9:00", "2027-03-04T08:00:00Z"},
	{"en_US", "12/24/2026 18:00", "2026-12-24T17:00:00Z"},
	{"en_US", "24/12/2026", "2026-12-23T23:00:00Z"},
	{"en_US", "24.12.2026 18:00", "2026-12-24T17:00:00Z"},
	{"en_US", "03.04.2026", AGAIN},
	{"ko_KR", "2026\ub144 12\uc6d4 24\uc77c 18:00", "2026-12-24T17:00:00Z"},
	{"ko_KR", "12\uc6d4 24\uc77c", "2026-12-23T23:00:00Z"},
	{"ko_KR", "2026. 12. 24. 18:00", "2026-12-24T17:00:00Z"},
	{"ko_KR", "3/4 9:00", "2027-03-04T08:00:00Z"},
	{"ko_KR", "03/04/2026", AGAIN},
	{"ko_KR", "03/04/26", NULL},
	{"ko_KR", "\ubaa9\uc694\uc77c 9:00", "2026-11-26T08:00:00Z"},
	{"ko_KR", "12\uc6d4 24\uc77c \uc624\ud6c4 6:30", "2026-12-24T17:30:00Z"},
};

static void
read_row(const char *text, const char *utc)
{
	const int want = utc == NULL ? 0 : strcmp(utc, AGAIN) == 0 ? 2 : 1;
	int64_t t[WHEN_READINGS_MAX] = {0}, one = 42;
	const char *where = setlocale(LC_TIME, NULL);
	const int n = when_readings(t, text, WHEN_START, NOW);
	char shown[WHEN_SHOWN];

	ck_assert_msg(n == want, "%s: \"%s\" can be read in %d ways", where, text, n);
	ck_assert_int_eq(when_parse(&one, text, WHEN_START, NOW), n == 1 ? 0 : -1);
	ck_assert(n == 1 ? one == t[0] : one == 42);
	when_rfc3339(shown, sizeof shown, t[0]);
	ck_assert_msg(n != 1 || strcmp(shown, utc) == 0, "%s: \"%s\" is %s, not %s", where, text, shown, utc);
	ck_assert(n < 2 || t[0] != t[1]);
}

START_TEST(dates_are_read_as_people_write_them)
{
	const char *locale = _i == 0 ? "C" : locales[_i - 1];
	char name[32];
	int rows = 0;

	if (_i > 0 && !usable)
		return;
	snprintf(name, sizeof name, "%s.UTF-8", locale);
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	ck_assert_msg(setlocale(LC_TIME, name) != NULL, "%s", name);
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		if (strcmp(written[i].locale, locale) == 0) {
			read_row(written[i].text, written[i].utc);
			rows++;
		}
	ck_assert_int_gt(rows, 0);
}
END_TEST

START_TEST(both_ways_to_read_it_are_told)
{
	char shown[WHEN_SHOWN];
	int64_t t[WHEN_READINGS_MAX];

	ck_assert_int_eq(when_readings(t, "03/04/2026 9:00", WHEN_START, NOW), 2);
	when_show_whole(shown, sizeof shown, t[0]);
	ck_assert_str_eq(shown, "Fri 3 Apr 2026 at 09:00 CEST");
	when_show_whole(shown, sizeof shown, t[1]);
	ck_assert_str_eq(shown, "Wed 4 Mar 2026 at 09:00 CET");
	ck_assert_int_eq(when_readings(t, "18.12", WHEN_END, NOW), 2);
	when_show_whole(shown, sizeof shown, t[0]);
	ck_assert_str_eq(shown, "Wed 25 Nov 2026 at 18:12 CET");
	when_show_whole(shown, sizeof shown, t[1]);
	ck_assert_str_eq(shown, "Fri 18 Dec 2026 at 23:59 CET");
}
END_TEST

START_TEST(what_is_past_is_the_newest)
{
	reads("18:30", WHEN_STARTED, NOW, "2026-11-23T17:30:00Z");
	reads("18:00", WHEN_ENDED, NOW, "2026-11-24T17:00:00Z");
	reads("24 Nov", WHEN_STARTED, NOW, "2026-11-23T23:00:00Z");
	reads("25 Nov", WHEN_STARTED, NOW, "2025-11-24T23:00:00Z");
	reads("24.11.", WHEN_ENDED, NOW, "2026-11-24T22:59:59Z");
	reads("29 Feb", WHEN_STARTED, NOW, "2024-02-28T23:00:00Z");
	reads("Fri", WHEN_STARTED, NOW, "2026-11-19T23:00:00Z");
	reads("Tue", WHEN_ENDED, NOW, "2026-11-24T22:59:59Z");
	reads("yesterday", WHEN_STARTED, NOW, "2026-11-22T23:00:00Z");
	reads("yesterday", WHEN_ENDED, NOW, "2026-11-23T22:59:59Z");
	reads("2026-12-24", WHEN_STARTED, NOW, "2026-12-23T23:00:00Z"); /* it says what it says */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("when");
	TCase *tc = tcase_create("when");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, rfc3339_is_read);
	tcase_add_test(tc, local_time_is_read);
	tcase_add_test(tc, bare_date_is_its_start_or_its_end);
	tcase_add_test(tc, date_without_midnight_starts_after_it);
	tcase_add_test(tc, clock_time_is_the_next_one);
	tcase_add_test(tc, tomorrow_may_be_in_another_month_or_in_summer_time);
	tcase_add_test(tc, time_that_happens_twice_suits_its_role);
	tcase_add_test(tc, time_that_summer_time_skips_is_the_moment_of_the_change);
	tcase_add_test(tc, relative_times_are_read);
	tcase_add_test(tc, anything_else_is_refused);
	tcase_add_test(tc, times_out_of_range_are_refused);
	tcase_add_test(tc, durations_are_read);
	tcase_add_test(tc, other_durations_are_refused);
	tcase_add_test(tc, late_times_are_read_and_shown);
	tcase_add_test(tc, times_are_shown);
	tcase_add_test(tc, until_is_short_within_a_day);
	tcase_add_test(tc, times_beyond_any_calendar_are_shown_as_unknown);
	tcase_add_test(tc, durations_are_shown);
	tcase_add_test(tc, small_buffers_are_respected);
	tcase_add_test(tc, both_ways_to_read_it_are_told);
	tcase_add_test(tc, what_is_past_is_the_newest);
	tc = tcase_create("written");
	suite_add_tcase(s, tc);
	tcase_add_unchecked_fixture(tc, make_locales, remove_locales);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, dates_are_read_as_people_write_them, 0, 1 + (int)(sizeof locales / sizeof *locales));
	return suite_run(s);
}
