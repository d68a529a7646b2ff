/*
 * calendar.h - the date of any second, even where time_t cannot hold it: where it has 32 bits, localtime(3) ends in January 2038.
 *
 * Days are those of the Gregorian calendar, also before it was in use. The fields of a struct tm are those of localtime(3),
 * without the day of the week and the day of the year.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * calendar_utc(tm, t), calendar_local(tm, t): the date and clock time of t, in UTC, or in the time zone that TZ and /etc/localtime
 * say; the caller calls tzset(3) if these may have changed. Return false, with *tm undefined, if a struct tm cannot hold the year.
 */
bool calendar_utc(struct tm *tm, int64_t t);
bool calendar_local(struct tm *tm, int64_t t);

/*
 * calendar_seconds(tm): the second at which clocks in UTC show tm. A day beyond its month, or a clock time beyond its day, counts
 * on from there; the month is 0..11.
 */
int64_t calendar_seconds(const struct tm *tm);

/*
 * calendar_alike(t): t or, if 32 bits cannot hold it, a second at which clocks everywhere differ from UTC by as much as today's
 * rules say for t. It is in a late year with the same days of the week, or in the first year if t is before that.
 */
int64_t calendar_alike(int64_t t);

#endif
