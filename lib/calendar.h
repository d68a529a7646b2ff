/*
 * calendar.h - dates of any second, whatever time_t can hold: where it has 32 bits, localtime(3) ends in January 2038.
 *
 * Days of the Gregorian calendar, before it was in use too. Of a struct tm the fields are those of localtime(3), but without the
 * days of the week and the year.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* calendar_utc(tm, t), calendar_local(tm, t): the date and clock time of t, in UTC or as TZ and /etc/localtime have it; the caller
 * calls tzset(3) where that may have changed. False, *tm undefined, if its year is none that a struct tm can hold. */
bool calendar_utc(struct tm *tm, int64_t t);
bool calendar_local(struct tm *tm, int64_t t);

/* calendar_seconds(tm): the second at which clocks in UTC show it. A day or clock time beyond its month or day counts on from
 * there; the month is 0..11. */
int64_t calendar_seconds(const struct tm *tm);

/*
 * calendar_alike(t): t, or, if 32 bits cannot hold it, a second at which clocks everywhere are as far from UTC as the rules of now
 * have them at t: of a late year with the same days of the week; of the first year, for one before.
 */
int64_t calendar_alike(int64_t t);

#endif
