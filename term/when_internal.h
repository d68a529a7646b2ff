/*
 * when_internal.h - what the files of when share: what is written, before it is known which moment that is.
 */
#ifndef WHEN_INTERNAL_H
#define WHEN_INTERNAL_H

#include <stdbool.h>
#include <time.h>

/* How far apart the days are that it may be, if it does not say which. */
enum when_step { WHEN_FIXED, WHEN_DAILY, WHEN_WEEKLY, WHEN_YEARLY };

struct when_written {
	struct tm tm;           /* fields that are not written are those of today; clock fields are then 0 */
	enum when_step step;
	bool clock;             /* a clock time is written, not only a date */
	int weekday;            /* the date is on this day of the week, 0 for Sunday; -1: not said */
};

#define WHEN_WRITTEN_MAX 2

/*
 * when_written(out, text, today): read a date, a clock time, or both, as people write them where LC_TIME says, or in English.
 * today is today's date. Return how many ways there are to read it: 0 if none, 2 if it is ambiguous. Whether there is such a day
 * is not checked.
 */
int when_written(struct when_written out[WHEN_WRITTEN_MAX], const char *text, const struct tm *today);

/* when_weekday(tm): the day of the week of a date, 0 for Sunday. */
int when_weekday(const struct tm *tm);

#endif
