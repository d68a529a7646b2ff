/*
 * when_written.c - dates as people write them. The words of a text are taken one by one, in any order; then what was found is put
 * together.
 */
#include "when_internal.h"

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "calendar.h"
#include "text.h"

#define DAY_S 86400
#define WORD_MAX 40
#define NONE (-1)
#define FAR_AWAY 1000 /* no number of days that a word means */
#define NO_CLOCK 100  /* added to a number of one digit, which is no minute */

/* What a text says so far. NONE: nothing of the kind. */
struct found {
	int year, month, day;           /* month 1..12 */
	int month_2, day_2;             /* another way to read them */
	int weekday;                    /* 0 for Sunday */
	int ahead;                      /* days from today; FAR_AWAY */
	int hour, minute, second;
	int half;                       /* 0 in the morning, 12 in the afternoon */
	int first, last;                /* "18.12": a clock time or a date */
};

/* ---- how dates are written here ------------------------------------------------------------------------------------------- */

enum order { ORDER_UNKNOWN, ORDER_DAY_FIRST, ORDER_MONTH_FIRST, ORDER_YEAR_FIRST };

/* In what order the locale writes the parts of a date. In C nobody has said anything. */
static enum order
order_here(void)
{
	const char *name = setlocale(LC_TIME, NULL), *p = nl_langinfo(D_FMT);

	if (name == NULL || strcmp(name, "POSIX") == 0 || strcmp(name, "C") == 0 || strncmp(name, "C.", 2) == 0)
		return ORDER_UNKNOWN;
	while ((p = strchr(p, '%')) != NULL) {
		p += 1 + strspn(p + 1, "-_0^#EO");
		if (*p != '\0' && strchr("de", *p) != NULL)
			return ORDER_DAY_FIRST;
		if (*p != '\0' && strchr("mbBhD", *p) != NULL)
			return ORDER_MONTH_FIRST;
		if (*p != '\0' && strchr("yYFCg", *p) != NULL)
			return ORDER_YEAR_FIRST;
	}
	return ORDER_UNKNOWN;
}

/* What the locale writes after the number of a year, month or day, such as a Korean word for it: %Y, %m or %d. "" if nothing. */
static size_t
unit_here(char kind, const char **unit)
{
	const char *p = nl_langinfo(D_FMT);
	size_t n = 0;

	*unit = "";
	while ((p = strchr(p, '%')) != NULL) {
		p += 1 + strspn(p + 1, "-_0^#EO");
		if (*p != kind)
			continue;
		*unit = p + 1;
		while ((unsigned char)(*unit)[n] >= 0x80)
			n++;
		return n;
	}
	return 0;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static const char *const english_months[12] = {"January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December"};
static const char *const english_days[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const nl_item months_here[12] = {MON_1, MON_2, MON_3, MON_4, MON_5, MON_6, MON_7, MON_8, MON_9, MON_10, MON_11, MON_12};
static const nl_item short_months_here[12] = {
    ABMON_1, ABMON_2, ABMON_3, ABMON_4, ABMON_5, ABMON_6, ABMON_7, ABMON_8, ABMON_9, ABMON_10, ABMON_11, ABMON_12};
static const nl_item days_here[7] = {DAY_1, DAY_2, DAY_3, DAY_4, DAY_5, DAY_6, DAY_7};
static const nl_item short_days_here[7] = {ABDAY_1, ABDAY_2, ABDAY_3, ABDAY_4, ABDAY_5, ABDAY_6, ABDAY_7};

#define SHORTEST 3 /* characters of a name that stand for it */

/* In small letters and without its full stop, as far as the locale's encoding goes. */
static size_t
fold(wchar_t out[WORD_MAX], const char *word)
{
	size_t n = mbstowcs(out, word, WORD_MAX);

	if (n == (size_t)-1 || n >= WORD_MAX)
		return 0;
	while (n > 0 && out[n - 1] == L'.')
		n--;
	out[n] = L'\0';
	for (size_t i = 0; i < n; i++)
		out[i] = (wchar_t)towlower((wint_t)out[i]);
	return n;
}

static bool
is_name(const wchar_t *word, size_t n, const char *name, bool whole)
{
	wchar_t folded[WORD_MAX];
	size_t len = fold(folded, name);

	return n > 0 && (whole ? n == len : n >= SHORTEST && n <= len) && wcsncmp(word, folded, n) == 0;
}

struct names {
	const char *const *english;
	const nl_item *here, *short_here;
	int count;
};

static const struct names months = {english_months, months_here, short_months_here, 12};
static const struct names days = {english_days, days_here, short_days_here, 7};

/* Which of the names begins so; NONE if none does, or several do. */
static int
beginning(const struct names *names, const wchar_t *word, size_t n)
{
	int found = NONE, count = 0;

	for (int i = 0; i < names->count; i++)
		if (is_name(word, n, names->english[i], false) || is_name(word, n, nl_langinfo(names->here[i]), false)) {
			found = i;
			count++;
		}
	return count == 1 ? found : NONE;
}

static int
named(const struct names *names, const char *text)
{
	wchar_t word[WORD_MAX];
	size_t n = fold(word, text);

	for (int i = 0; i < names->count; i++)
		if (is_name(word, n, nl_langinfo(names->here[i]), true) ||
		    is_name(word, n, nl_langinfo(names->short_here[i]), true))
			return i;
	return beginning(names, word, n);
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static bool
put(int *to, int value)
{
	if (*to != NONE)
		return false; /* said twice */
	*to = value;
	return true;
}

/* The number of at most most digits at *p, and how many it has; 0 if there is none. */
static int
take_digits(const char **p, int most, int *value)
{
	int n = 0;

	*value = 0;
	while (n < most && isdigit((unsigned char)(*p)[n]))
		*value = *value * 10 + ((*p)[n++] - '0');
	*p += n;
	return n;
}

static bool
is_half(const char *p, int *half)
{
	const char *am = nl_langinfo(AM_STR), *pm = nl_langinfo(PM_STR);

	if (strcasecmp(p, "am") == 0 || strcasecmp(p, "a.m.") == 0 || (am[0] != '\0' && strcasecmp(p, am) == 0))
		*half = 0;
	else if (strcasecmp(p, "pm") == 0 || strcasecmp(p, "p.m.") == 0 || (pm[0] != '\0' && strcasecmp(p, pm) == 0))
		*half = 12;
	else
		return false;
	return true;
}

/* Two more digits after sep, if it is there. */
static bool
take_more(const char **p, char sep, int *value)
{
	if (**p != sep)
		return true;
	++*p;
	return take_digits(p, 2, value) == 2;
}

/* 18:00, 9:05:30, 6:30pm, 6pm. */
static bool
take_clock(struct found *f, const char *p)
{
	int hour = 0, minute = NONE, second = 0, half = NONE;

	if (take_digits(&p, 2, &hour) == 0 || !take_more(&p, ':', &minute) || !take_more(&p, ':', &second) ||
	    (*p != '\0' && !is_half(p, &half)) || (minute == NONE && half == NONE))
		return false;
	f->minute = minute != NONE ? minute : 0;
	f->second = second;
	return put(&f->hour, hour) && (half == NONE || put(&f->half, half));
}

/* Three numbers: in which order? ORDER_UNKNOWN: not these. */
static enum order
order_of(char sep, const int digits[3], enum order here)
{
	if (digits[0] == 4)
		return digits[1] <= 2 && digits[2] > 0 && digits[2] <= 2 ? ORDER_YEAR_FIRST : ORDER_UNKNOWN;
	if (digits[0] > 2 || digits[1] > 2 || (digits[2] != 4 && digits[2] != 2 && digits[2] != 0))
		return ORDER_UNKNOWN;
	if (digits[2] == 2 && (sep == '-' || here == ORDER_YEAR_FIRST))
		return ORDER_UNKNOWN;
	return ORDER_DAY_FIRST; /* or the month; the year is last */
}

/* Which of two numbers is the day, by the locale: 0, or 1; NONE if nobody knows. */
static int
day_is(char sep, bool with_year, enum order here)
{
	if (here == ORDER_DAY_FIRST)
		return 0;
	if (sep == '.')
		return here == ORDER_MONTH_FIRST ? NONE : 0;
	return here == ORDER_MONTH_FIRST || (here == ORDER_YEAR_FIRST && !with_year) ? 1 : NONE;
}

static bool
is_month(int v)
{
	return v >= 1 && v <= 12;
}

/* v: two numbers, and the year or NONE. */
static bool
put_day_and_month(struct found *f, char sep, const int v[3], enum order here)
{
	int day = day_is(sep, v[2] != NONE, here);

	if (!is_month(v[0]) || !is_month(v[1]))
		day = is_month(v[1]) ? 0 : 1; /* there is only one way */
	if (day == NONE && v[0] != v[1]) {
		f->day_2 = v[1];
		f->month_2 = v[0];
	}
	if (day == NONE)
		day = 0;
	return put(&f->day, v[day]) && put(&f->month, v[1 - day]) && (v[2] == NONE || put(&f->year, v[2]));
}

/* The numbers of a date, with one sign between them. Return how many there are; 0: it is none. */
static int
take_parts(const char *p, char *sep, int v[3], int digits[3])
{
	int n = 0;

	*sep = '\0';
	while (n < 3 && (digits[n] = take_digits(&p, 4, &v[n])) > 0) {
		n++;
		if (*p == '\0')
			return n;
		if (strchr("./-", *p) == NULL || (*sep != '\0' && *p != *sep))
			return 0;
		*sep = *p++;
	}
	return *p == '\0' && *sep == '.' ? n : 0; /* 24.12. */
}

/* 24.12.2026, 24.12., 12/24/2026, 2026-12-24, 24.12.26; and 24.12, which may be a clock time. */
static bool
take_numbers(struct found *f, const char *p)
{
	const enum order here = order_here();
	int v[3] = {0}, digits[3] = {0};
	char sep;
	const int n = take_parts(p, &sep, v, digits);

	if (n < 2 || (n == 2 && sep == '-'))
		return false;
	if (n == 2 && sep == '.' && p[strlen(p) - 1] != '.')
		return digits[0] <= 2 && digits[1] <= 2 && put(&f->first, v[0]) &&
		    put(&f->last, digits[1] == 2 ? v[1] : v[1] + NO_CLOCK);
	switch (order_of(sep, digits, here)) {
	case ORDER_YEAR_FIRST:
		return put(&f->year, v[0]) && put(&f->month, v[1]) && put(&f->day, v[2]);
	case ORDER_DAY_FIRST:
		v[2] = digits[2] == 0 ? NONE : digits[2] == 2 ? 2000 + v[2] : v[2];
		return put_day_and_month(f, sep, v, here);
	default:
		return false;
	}
}

static bool
ends_with_unit(const char *p, char kind)
{
	const char *unit;
	size_t n = unit_here(kind, &unit);

	return n > 0 && strncmp(p, unit, n) == 0 && p[n] == '\0';
}

/* The number of a day, or a year of four digits. */
static bool
take_number(struct found *f, const char *p)
{
	int v = 0, n = take_digits(&p, 4, &v);

	if (n == 4)
		return (*p == '\0' || ends_with_unit(p, 'Y')) && put(&f->year, v);
	if (n == 0 || n > 2)
		return false;
	if (*p != '\0' && strcmp(p, ".") != 0 && strcasecmp(p, "st") != 0 && strcasecmp(p, "nd") != 0 && strcasecmp(p, "rd") != 0 &&
	    strcasecmp(p, "th") != 0 && !ends_with_unit(p, 'd'))
		return false;
	return put(&f->day, v);
}

static bool
take_day_word(struct found *f, const char *p)
{
	static const struct {
		const char *word;
		int ahead;
		/* TRANSLATORS: what people type for a day, one word each, without blanks: "tomorrow 9:00" */
	} words[] = {{N_("today"), 0}, {N_("tomorrow"), 1}, {N_("yesterday"), -1}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (f->ahead == FAR_AWAY && (strcasecmp(p, words[i].word) == 0 || strcasecmp(p, _(words[i].word)) == 0)) {
			f->ahead = words[i].ahead;
			return true;
		}
	return false;
}

static bool
take_figures(struct found *f, const char *p)
{
	bool (*const ways[])(struct found *, const char *) = {take_clock, take_numbers, take_number};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct found with = *f;

		if (ways[i](&with, p)) {
			*f = with;
			return true;
		}
	}
	return false;
}

static bool
take_word(struct found *f, const char *p)
{
	int which = NONE, half = NONE;

	if (isdigit((unsigned char)*p) && take_figures(f, p))
		return true;
	if (is_half(p, &half))
		return put(&f->half, half);
	if (take_day_word(f, p))
		return true;
	if ((which = named(&months, p)) != NONE)
		return put(&f->month, which + 1);
	return (which = named(&days, p)) != NONE && put(&f->weekday, which);
}

/* ---- putting it together --------------------------------------------------------------------------------------------------- */

int
when_weekday(const struct tm *tm)
{
	const int64_t days_since = (calendar_seconds(tm) - (calendar_seconds(tm) % DAY_S + DAY_S) % DAY_S) / DAY_S;

	return (int)(((days_since + 4) % 7 + 7) % 7); /* 1 January 1970 was a Thursday */
}

static bool
put_clock(struct when_written *w, const struct found *f)
{
	int hour = f->hour;

	if (hour == NONE)
		return f->half == NONE;
	if (f->half != NONE && (hour < 1 || hour > 12))
		return false;
	if (f->half != NONE)
		hour = hour % 12 + f->half;
	if (hour > 23 || f->minute > 59 || f->second > 59)
		return false;
	w->clock = true;
	w->tm.tm_hour = hour;
	w->tm.tm_min = f->minute;
	w->tm.tm_sec = f->second;
	return true;
}

static bool
move(struct tm *tm, int ahead)
{
	return calendar_utc(tm, calendar_seconds(tm) + (int64_t)ahead * DAY_S);
}

/* One way to read it; f->month_2 and the like are not looked at. */
static bool
put_together(struct when_written *w, const struct found *f, const struct tm *today)
{
	const bool dated = f->day != NONE && f->month != NONE;

	*w = (struct when_written){.tm = {.tm_year = today->tm_year, .tm_mon = today->tm_mon, .tm_mday = today->tm_mday},
	    .weekday = f->weekday};
	if ((f->day != NONE) != (f->month != NONE) || (f->year != NONE && !dated) || (f->ahead != FAR_AWAY && dated))
		return false;
	if (dated) {
		w->step = f->year != NONE ? WHEN_FIXED : WHEN_YEARLY;
		w->tm.tm_year = f->year != NONE ? f->year - 1900 : today->tm_year;
		w->tm.tm_mon = f->month - 1;
		w->tm.tm_mday = f->day;
		if (f->month < 1 || f->month > 12 || f->day < 1 || f->day > 31)
			return false;
	} else if (f->ahead != FAR_AWAY) {
		if (!move(&w->tm, f->ahead))
			return false;
	} else if (f->weekday != NONE) {
		w->step = WHEN_WEEKLY;
	} else if (f->hour != NONE) {
		w->step = WHEN_DAILY;
	} else {
		return false;
	}
	return put_clock(w, f);
}

/* "18.12" is a clock time, unless there is another one. */
static bool
put_pair_as_clock(struct found *f)
{
	if (f->first == NONE)
		return true;
	if (f->hour != NONE || f->last > 59)
		return false;
	f->hour = f->first;
	f->minute = f->last;
	return true;
}

/* ... or a date, unless there is one. */
static bool
put_pair_as_date(struct found *f)
{
	const int v[3] = {f->first, f->last % NO_CLOCK, NONE};

	if (f->first == NONE || f->day != NONE || f->month != NONE || f->ahead != FAR_AWAY)
		return false;
	return put_day_and_month(f, '.', v, order_here());
}

static int
add_readings(struct when_written out[WHEN_WRITTEN_MAX], int n, const struct found *f, const struct tm *today)
{
	struct found other = *f;

	if (n < WHEN_WRITTEN_MAX && put_together(&out[n], f, today))
		n++;
	other.day = f->day_2;
	other.month = f->month_2;
	if (f->day_2 != NONE && n < WHEN_WRITTEN_MAX && put_together(&out[n], &other, today))
		n++;
	return n;
}

#define DIGITS "0123456789"

/* Whether a date, whose first parts numbers have a full stop, goes on at next. */
static bool
goes_on(const char *next, int parts, bool year_first)
{
	const size_t n = strspn(next, DIGITS);

	if (parts == 1)
		return n > 0 && n <= 2 && next[n] == '.';
	if (parts == 2 && year_first)
		return n > 0 && n <= 2 && next[n] != ':';
	return parts == 2 && n == 4;
}

/* Take out the blanks of "24. 12. 2026" and "2026. 12. 24.", but not those before a clock time: "24.12. 18:00". */
static void
join_dotted(char *text)
{
	bool year_first = false;
	char *to = text;
	int parts = 0;

	for (const char *p = text; *p != '\0';) {
		const size_t n = strspn(p, DIGITS);

		if (n == 0) {
			parts = 0;
			*to++ = *p++;
			continue;
		}
		memmove(to, p, n);
		to += n;
		p += n;
		year_first = parts == 0 ? n == 4 : year_first;
		if (*p != '.')
			continue;
		*to++ = *p++;
		if (goes_on(p + strspn(p, " "), ++parts, year_first))
			p += strspn(p, " ");
	}
	*to = '\0';
}

static bool
take_words(struct found *f, char *text)
{
	char *rest = NULL;
	bool at = false;

	for (char *p = strtok_r(text, " ,", &rest); p != NULL; p = strtok_r(NULL, " ,", &rest)) {
		if (strcasecmp(p, "at") == 0 && !at)
			at = true;
		else if (!take_word(f, p))
			return false;
	}
	return true;
}

int
when_written(struct when_written out[WHEN_WRITTEN_MAX], const char *text, const struct tm *today)
{
	struct found f = {NONE, NONE, NONE, NONE, NONE, NONE, FAR_AWAY, NONE, 0, 0, NONE, NONE, NONE}, clock, date;
	char copy[4 * WORD_MAX];
	const size_t n = strlen(text);
	int count = 0;

	if (n == 0 || n >= sizeof copy || strchr(" ,", text[0]) != NULL || strchr(" ,", text[n - 1]) != NULL)
		return 0;
	memcpy(copy, text, n + 1);
	join_dotted(copy);
	if (!take_words(&f, copy))
		return 0;
	clock = date = f;
	if (put_pair_as_clock(&clock))
		count = add_readings(out, count, &clock, today);
	if (put_pair_as_date(&date))
		count = add_readings(out, count, &date, today);
	return count;
}
