/*
 * when.h - times and durations as people write and read them. Inside the program a time is seconds since 1970, UTC.
 *
 * Local time is that of TZ or /etc/localtime. Words are those of text.h. Each when_show function writes a NUL-terminated string to
 * the size bytes at out; WHEN_SHOWN bytes are always enough.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stddef.h>
#include <stdint.h>

#define WHEN_SHOWN 64

/*
 * What a time is for. This decides which end of a date is meant, which of two equal clock times in autumn, and whether a time that
 * does not say its day or year is the next one from now on (START, END) or the newest up to now (STARTED, ENDED).
 */
enum when_role { WHEN_START, WHEN_END, WHEN_STARTED, WHEN_ENDED };

/* when_now(): what the system clock says. */
int64_t when_now(void);

/*
 * when_parse(out, text, role, now): read one of
 *
 *   2026-11-24T18:00:00Z, 2026-11-24T18:00:00.5+01:00   RFC 3339 (T may be a space; a fraction is dropped)
 *   2026-11-24 18:00, 2026-11-24T18:00:30               local time
 *   2026-11-24                                          its first second, or its last for WHEN_END, in local time
 *   24.12.2026, 24.12., 12/24/2026, 24/12               in the order of the locale (LC_TIME); in C, of which nothing is known, only
 *                                                       if there is one way to read it. With dots the day comes first, where the
 *                                                       locale does not say otherwise
 *   24 Dec 2026, Dec 24, Thu 24 Dec                     with names of the locale or in English, whole or from three letters on
 *   18:30, 9:05, 18.30, 6:30 pm                         the next such local time
 *   today, tomorrow, yesterday, Fri                     in English, or in the language of text.h
 *   24.12. 18:00, 24 Dec at 18.30, tomorrow 9:00        both, in any order
 *   +3d, +4h30m                                         that long after now (when_parse_duration)
 *
 * If clocks skip that time when summer time starts, it means the moment of that change. Return 0, or -1 with *out unchanged for
 * anything else: trailing characters, dates and clock times that do not exist, a date on another day of the week than it says,
 * times outside TIME_MIN..TIME_MAX, and whatever can be read in two ways.
 *
 * when_readings(out, text, role, now): the same, but in how many ways it can be read: 0 if it is no time, otherwise each of them.
 */
#define WHEN_READINGS_MAX 2
int when_readings(int64_t out[WHEN_READINGS_MAX], const char *text, enum when_role role, int64_t now);
int when_parse(int64_t *out, const char *text, enum when_role role, int64_t now);

/*
 * when_parse_duration(seconds, text): read days, hours, minutes and seconds, largest first, each at most once and with its letter:
 * 90m, 4h, 1h30m, 2d, 3600s. Return 0, or -1 with *seconds unchanged for anything else, including no duration at all, and more than
 * a hundred years.
 */
int when_parse_duration(int64_t *seconds, const char *text);

/* when_show: "24 Nov 2026 at 18:15". when_show_zone: "24 Nov 2026 at 18:15 CET". */
void when_show(char *out, size_t size, int64_t t);
void when_show_zone(char *out, size_t size, int64_t t);

/* when_show_whole: "Tue 24 Nov 2026 at 18:15 CET". */
void when_show_whole(char *out, size_t size, int64_t t);

/* when_show_short(out, size, t, now): "24 Nov 18:15", or, if it is not in the current year, "3 Jan 2027 18:15". */
void when_show_short(char *out, size_t size, int64_t t, int64_t now);

/* when_show_until(out, size, t, now): "02:15" if t is less than a day after now; otherwise the same as when_show_short. */
void when_show_until(char *out, size_t size, int64_t t, int64_t now);

/* when_show_duration: "40 s", "42 min", "1 h 42 min", "3 days 4 h". Smaller parts are dropped; a negative duration is "0 s". */
void when_show_duration(char *out, size_t size, int64_t seconds);

/* when_rfc3339: "2026-11-24T17:15:00Z", for programs. */
void when_rfc3339(char *out, size_t size, int64_t t);

#endif
