/*
 * when.c - times as people write them.
 */
#include "when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calendar.h"
#include "clock.h"
#include "format.h"
#include "text.h"
#include "when_internal.h"

#define DAY_S 86400
#define DURATION_MAX_S (100ll * 366 * DAY_S)
#define LEAP_YEARS 8 /* from a 29 February to the next, at most */

static const char *const months[12] = { N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"),
	N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec") };

static const char *const weekdays[7] = {N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat")};

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Move *p past exactly n digits, and return their value. If they are not there, return false with *p unchanged. */
static bool
take_number(const char **p, int n, int *v)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!is_digit((*p)[i]))
			return false;
		value = value * 10 + ((*p)[i] - '0');
	}
	*p += n;
	*v = value;
	return true;
}

static bool
take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	++*p;
	return true;
}

static bool
take_date(const char **p, struct tm *tm)
{
	int year = 0, month = 0, day = 0;

	if (!take_number(p, 4, &year) || !take_char(p, '-') || !take_number(p, 2, &month) || !take_char(p, '-') ||
	    !take_number(p, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* hh:mm or hh:mm:ss. */
static bool
take_clock(const char **p, struct tm *tm)
{
	int hour = 0, minute = 0, second = 0;

	if (!take_number(p, 2, &hour) || !take_char(p, ':') || !take_number(p, 2, &minute))
		return false;
	if (take_char(p, ':') && !take_number(p, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	tm->tm_hour = hour;
	tm->tm_min = minute;
	tm->tm_sec = second;
	return true;
}

static bool
take_fraction(const char **p)
{
	if (!take_char(p, '.'))
		return true;
	if (!is_digit(**p))
		return false;
	while (is_digit(**p))
		++*p;
	return true;
}

/* Z or an offset, up to the end of the text. */
static bool
take_zone(const char **p, int *offset_s)
{
	int sign = 1, hour = 0, minute = 0;

	*offset_s = 0;
	if (**p == 'Z' || **p == 'z')
		return *++*p == '\0';
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (!take_number(p, 2, &hour) || !take_char(p, ':') || !take_number(p, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*offset_s = sign * (hour * 3600 + minute * 60);
	return **p == '\0';
}

/* ---- calendar ----------------------------------------------------------------------------------------------------------- */

static bool
same_clock(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
	    a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

static bool
shows(int64_t t, const struct tm *clock)
{
	struct tm tm;

	return calendar_local(&tm, t) && same_clock(&tm, clock);
}

static int64_t
offset_at(int64_t t)
{
	struct tm tm = { 0 };

	return calendar_local(&tm, t) ? tm.tm_gmtoff : 0;
}

/*
 * The moment when clocks are put forward past wall, a time that they never show. False if that does not happen within a day of it.
 */
static bool
from_gap(int64_t *out, int64_t wall)
{
	int64_t before = wall - DAY_S, after = wall + DAY_S;
	const int64_t old = offset_at(before), new = offset_at(after);

	if (new <= old)
		return false;
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (offset_at(middle) == new)
			after = middle;
		else
			before = middle;
	}
	if (wall - old < after || wall - new >= after)
		return false;
	*out = after;
	return true;
}

/* The second at which clocks in UTC show clock. Return false if there is no such day. */
static bool
wall_of(int64_t *wall, const struct tm *clock)
{
	struct tm tm;

	*wall = calendar_seconds(clock);
	return calendar_utc(&tm, *wall) && same_clock(&tm, clock);
}

/*
 * The moment at which local clocks show clock. If there are two, take the one that suits role; if there is none, the moment when
 * clocks are put forward past it. Return false if there is no such time or day.
 */
static bool
from_local(int64_t *out, const struct tm *clock, enum when_role role)
{
	int64_t wall = 0, first, last;

	if (!wall_of(&wall, clock))
		return false;
	first = wall - offset_at(wall - DAY_S);
	last = wall - offset_at(wall + DAY_S);
	if (!shows(first, clock) && !shows(last, clock))
		return from_gap(out, wall);
	if (!shows(first, clock) || (role == WHEN_END && shows(last, clock)))
		*out = last;
	else
		*out = first;
	return true;
}

static bool
from_utc(int64_t *out, const struct tm *clock, int offset_s)
{
	int64_t wall = 0;

	if (!wall_of(&wall, clock))
		return false;
	*out = wall - offset_s;
	return true;
}

/* The first second of a date: midnight, or the end of the gap if summer time starts at midnight. */
static bool
first_second(int64_t *out, struct tm date)
{
	return from_local(out, &date, WHEN_START);
}

static bool
last_second(int64_t *out, struct tm date)
{
	date.tm_hour = 23;
	date.tm_min = 59;
	date.tm_sec = 59;
	return from_local(out, &date, WHEN_END);
}

/* ---- forms -------------------------------------------------------------------------------------------------------------- */

static bool
parse_dated(int64_t *out, const char *p, enum when_role role)
{
	struct tm tm = { 0 };
	int offset_s = 0;
	bool fraction = false;

	if (!take_date(&p, &tm))
		return false;
	if (*p == '\0')
		return role == WHEN_END ? last_second(out, tm) : first_second(out, tm);
	if (*p != 'T' && *p != 't' && *p != ' ')
		return false;
	p++;
	if (!take_clock(&p, &tm))
		return false;
	fraction = *p == '.';
	if (!take_fraction(&p))
		return false;
	if (*p == '\0' && !fraction)
		return from_local(out, &tm, role);
	return take_zone(&p, &offset_s) && from_utc(out, &tm, offset_s);
}

/* ---- as people write them ------------------------------------------------------------------------------------------------- */

static bool
is_past(enum when_role role)
{
	return role == WHEN_STARTED || role == WHEN_ENDED;
}

/* The moment of tm in the way of w: its beginning or its end, if it is a whole day. */
static bool
moment(int64_t *out, const struct when_written *w, const struct tm *tm, enum when_role role)
{
	if (w->clock)
		return from_local(out, tm, role);
	return role == WHEN_END ? last_second(out, *tm) : first_second(out, *tm);
}

/* The same, if that is from now on; for a clock time that comes twice, the first that is. */
static bool
from_now_on(int64_t *out, const struct when_written *w, const struct tm *tm, enum when_role role, int64_t now)
{
	int64_t begin = 0, end = 0;

	if (!moment(&begin, w, tm, role) || !moment(&end, w, tm, WHEN_END) || end < now)
		return false;
	*out = w->clock && begin < now ? end : begin;
	return true;
}

static bool
up_to_now(int64_t *out, const struct when_written *w, const struct tm *tm, enum when_role role, int64_t now)
{
	int64_t begin = 0;

	return moment(&begin, w, tm, WHEN_START) && begin <= now && moment(out, w, tm, role);
}

static bool
move_days(struct tm *tm, int days)
{
	return calendar_utc(tm, calendar_seconds(tm) + (int64_t)days * DAY_S);
}

/* The next day that it may be; back: the one before. */
static bool
take_step(struct tm *tm, enum when_step step, bool back)
{
	if (step == WHEN_YEARLY) {
		tm->tm_year += back ? -1 : 1;
		return true;
	}
	return move_days(tm, (back ? -1 : 1) * (step == WHEN_WEEKLY ? 7 : 1));
}

/* From a day of the week to the first such day from today on; back: up to today. */
static bool
to_weekday(struct tm *tm, int weekday, bool back)
{
	const int ahead = (weekday - when_weekday(tm) + 7) % 7;

	return move_days(tm, back && ahead > 0 ? ahead - 7 : ahead);
}

/* Which day of those that it may be. */
static bool
resolve(int64_t *out, const struct when_written *w, enum when_role given, int64_t now)
{
	const enum when_role role = given == WHEN_END || given == WHEN_ENDED ? WHEN_END : WHEN_START;
	const bool back = is_past(given);
	struct tm tm = w->tm;
	bool found = w->step == WHEN_FIXED && moment(out, w, &tm, role);

	if (w->step == WHEN_WEEKLY && !to_weekday(&tm, w->weekday, back))
		return false;
	for (int i = 0; w->step != WHEN_FIXED && !found && i <= LEAP_YEARS; i++) {
		if (i > 0 && !take_step(&tm, w->step, back))
			return false;
		found = back ? up_to_now(out, w, &tm, role, now) : from_now_on(out, w, &tm, role, now);
	}
	return found && (w->weekday < 0 || when_weekday(&tm) == w->weekday);
}

static int
parse_written(int64_t out[WHEN_READINGS_MAX], const char *text, enum when_role role, int64_t now)
{
	struct when_written ways[WHEN_WRITTEN_MAX];
	struct tm today;
	int n = 0, count = calendar_local(&today, now) ? when_written(ways, text, &today) : 0;

	for (int i = 0; i < count; i++)
		n += resolve(&out[n], &ways[i], role, now);
	return n;
}

static bool
parse_relative(int64_t *out, const char *p, int64_t now)
{
	int64_t seconds = 0;

	if (*p != '+' || when_parse_duration(&seconds, p + 1) != 0)
		return false;
	*out = now + seconds;
	return true;
}

int64_t
when_now(void)
{
	return clock_real();
}

static bool
is_in_range(int64_t t)
{
	return t >= TIME_MIN && t <= TIME_MAX;
}

int
when_readings(int64_t out[WHEN_READINGS_MAX], const char *text, enum when_role role, int64_t now)
{
	int64_t t[WHEN_READINGS_MAX] = {0};
	const bool end = role == WHEN_END || role == WHEN_ENDED;
	int count = 1, n = 0;

	tzset();
	if (!is_in_range(now))
		return 0;
	if (!parse_relative(&t[0], text, now) && !parse_dated(&t[0], text, end ? WHEN_END : WHEN_START))
		count = parse_written(t, text, role, now);
	for (int i = 0; i < count; i++)
		if (is_in_range(t[i]) && (n == 0 || t[i] != out[0]))
			out[n++] = t[i];
	return n;
}

int
when_parse(int64_t *out, const char *text, enum when_role role, int64_t now)
{
	int64_t t[WHEN_READINGS_MAX];

	if (when_readings(t, text, role, now) != 1)
		return -1;
	*out = t[0];
	return 0;
}

/* One number with its unit. Return false if there is none, or it is larger than any duration. */
static bool
take_part(const char **p, int64_t *number, char *unit)
{
	int64_t v = 0;

	if (!is_digit(**p))
		return false;
	while (is_digit(**p)) {
		v = v * 10 + (**p - '0');
		if (v > DURATION_MAX_S)
			return false;
		++*p;
	}
	if (**p == '\0')
		return false;
	*number = v;
	*unit = *(*p)++;
	return true;
}

int
when_parse_duration(int64_t *seconds, const char *text)
{
	static const char units[] = "dhms";
	static const int64_t lengths[] = { DAY_S, 3600, 60, 1 };
	const char *p = text, *from = units;
	int64_t total = 0, number = 0;
	char unit = 0;

	while (*p != '\0') {
		const char *at = NULL;

		if (!take_part(&p, &number, &unit) || (at = strchr(from, unit)) == NULL)
			return -1;
		total += number * lengths[at - units];
		if (total > DURATION_MAX_S)
			return -1;
		from = at + 1;
	}
	if (total == 0)
		return -1;
	*seconds = total;
	return 0;
}

/* ---- showing ------------------------------------------------------------------------------------------------------------ */

/* For a time that has no date show "?", and return false. */
static bool
local(char *out, size_t size, int64_t t, struct tm *tm)
{
	tzset();
	if (calendar_local(tm, t))
		return true;
	snprintf(out, size, "?");
	return false;
}

void
when_show(char *out, size_t size, int64_t t)
{
	struct tm tm;

	if (local(out, size, t, &tm))
		/* TRANSLATORS: day, month, year, hour, minute; for another order: %3$d, %2$s, %1$d, %4$02d:%5$02d */
		snprintf(out, size, _("%d %s %d at %02d:%02d"), tm.tm_mday, _(months[tm.tm_mon]), tm.tm_year + 1900, tm.tm_hour,
		    tm.tm_min);
}

void
when_show_zone(char *out, size_t size, int64_t t)
{
	struct tm tm;
	size_t n = 0;

	when_show(out, size, t);
	n = strlen(out);
	if (local(out + n, size - n, t, &tm))
		snprintf(out + n, size - n, " %s", tm.tm_zone);
}

void
when_show_whole(char *out, size_t size, int64_t t)
{
	struct tm tm;
	char rest[WHEN_SHOWN];

	if (!local(out, size, t, &tm))
		return;
	when_show_zone(rest, sizeof rest, t);
	snprintf(out, size, "%s %s", _(weekdays[when_weekday(&tm)]), rest);
}

void
when_show_short(char *out, size_t size, int64_t t, int64_t now)
{
	struct tm tm, today;

	if (!local(out, size, t, &tm))
		return;
	if (!calendar_local(&today, now))
		today = tm;
	if (tm.tm_year == today.tm_year)
		/* TRANSLATORS: day, month, hour, minute; short, for tables */
		snprintf(out, size, _("%d %s %02d:%02d"), tm.tm_mday, _(months[tm.tm_mon]), tm.tm_hour, tm.tm_min);
	else
		/* TRANSLATORS: day, month, year, hour, minute; short, for tables */
		snprintf(out, size, _("%d %s %d %02d:%02d"), tm.tm_mday, _(months[tm.tm_mon]), tm.tm_year + 1900, tm.tm_hour,
		    tm.tm_min);
}

void
when_show_until(char *out, size_t size, int64_t t, int64_t now)
{
	struct tm tm;

	if (t < now || t - now >= DAY_S)
		when_show_short(out, size, t, now);
	else if (local(out, size, t, &tm))
		snprintf(out, size, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

void
when_show_duration(char *out, size_t size, int64_t seconds)
{
	long long s = seconds > 0 ? seconds : 0, min = s / 60, h = s / 3600, days = s / DAY_S;

	if (s < 60)
		snprintf(out, size, _("%lld s"), s);
	else if (s < 3600)
		snprintf(out, size, _("%lld min"), min);
	else if (s < 2 * DAY_S && min % 60 == 0)
		snprintf(out, size, _("%lld h"), h);
	else if (s < 2 * DAY_S)
		snprintf(out, size, _("%lld h %lld min"), h, min % 60);
	else if (h % 24 == 0)
		snprintf(out, size, ngettext("%lld day", "%lld days", (unsigned long)days), days);
	else
		snprintf(out, size, ngettext("%lld day %lld h", "%lld days %lld h", (unsigned long)days), days, h % 24);
}

void
when_rfc3339(char *out, size_t size, int64_t t)
{
	struct tm tm;

	if (calendar_utc(&tm, t))
		snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
	else
		snprintf(out, size, "?");
}
