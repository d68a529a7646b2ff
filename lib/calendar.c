#include "calendar.h"

#include <limits.h>

#define DAY_S 86400
#define YEARS_400 146097ll  /* days; after that everything repeats, including the days of the week */
#define EPOCH 719468ll      /* days from 1 March of the year 0 to 1970 */
#define YEAR_MAX 2147480000ll
#define LAST_WHOLE_YEAR 2037    /* that 32 bits hold */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days from 1 March of the year 0 to 1 March of year y: such a year ends with February, and so with its leap day, if it has one. */
static int64_t
year_start(int64_t y)
{
	return 365 * y + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
}

/* Days from 1 March to the first day of the month that is so many months later: 31 30 31 30 31, twice, and 31. */
static int64_t
month_start(int64_t months)
{
	return (153 * months + 2) / 5;
}

/* Days since 1970 of day 1 of that month, 0..11. */
static int64_t
first_of(int64_t year, int month)
{
	const int64_t months = (month + 10) % 12;

	return year_start(months >= 10 ? year - 1 : year) + month_start(months) - EPOCH;
}

static void
date_of(int64_t day, int64_t *year, int *month, int *mday)
{
	const int64_t from_march = day + EPOCH;
	int64_t y = floor_div(from_march * 400, YEARS_400), months = 11;

	while (year_start(y + 1) <= from_march)
		y++;
	while (year_start(y) > from_march)
		y--;
	while (month_start(months) > from_march - year_start(y))
		months--;
	*year = months >= 10 ? y + 1 : y;
	*month = (int)((months + 2) % 12);
	*mday = (int)(from_march - year_start(y) - month_start(months)) + 1;
}

bool
calendar_utc(struct tm *tm, int64_t t)
{
	const int64_t day = floor_div(t, DAY_S);
	const int s = (int)(t - day * DAY_S);
	int64_t year = 0;

	if (day / 366 > YEAR_MAX || day / 366 < -YEAR_MAX)
		return false;
	*tm = (struct tm){.tm_hour = s / 3600, .tm_min = s / 60 % 60, .tm_sec = s % 60, .tm_zone = "UTC"};
	date_of(day, &year, &tm->tm_mon, &tm->tm_mday);
	if (year > YEAR_MAX || year < -YEAR_MAX)
		return false;
	tm->tm_year = (int)(year - 1900);
	return true;
}

int64_t
calendar_seconds(const struct tm *tm)
{
	return (first_of((int64_t)tm->tm_year + 1900, tm->tm_mon) + tm->tm_mday - 1) * DAY_S + tm->tm_hour * 3600ll +
	       tm->tm_min * 60ll + tm->tm_sec;
}

static bool
same_weekdays(int64_t a, int64_t b)
{
	return (a - b) % 7 == 0;
}

/*
 * Clocks are put forward and back on a day of the week in a month, or on a date. Within eleven years a month begins with every day
 * of the week.
 */
int64_t
calendar_alike(int64_t t)
{
	struct tm tm;
	int year = LAST_WHOLE_YEAR;

	if (t <= INT32_MAX && t >= INT32_MIN)
		return t;
	if (t < 0)
		return INT32_MIN;
	if (!calendar_utc(&tm, t))
		return INT32_MAX;
	while (!same_weekdays(first_of(year, tm.tm_mon), first_of((int64_t)tm.tm_year + 1900, tm.tm_mon)))
		year--;
	tm.tm_year = year - 1900;
	return calendar_seconds(&tm);
}

bool
calendar_local(struct tm *tm, int64_t t)
{
	const int64_t seen = sizeof(time_t) >= sizeof t ? t : calendar_alike(t);
	const time_t at = (time_t)seen;
	struct tm there;

	if (localtime_r(&at, &there) == NULL)
		return false;
	if (seen == t) {
		*tm = there;
		return true;
	}
	if (!calendar_utc(tm, t) || !calendar_utc(tm, t + there.tm_gmtoff))
		return false;
	tm->tm_isdst = there.tm_isdst;
	tm->tm_gmtoff = there.tm_gmtoff;
	tm->tm_zone = there.tm_zone;
	return true;
}
