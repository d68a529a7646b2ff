/*
 * fuzz_when.c - times and durations as they are typed. The input has the time zone, the role, the present, and the text.
 */
#include "fuzz.h"
#include "format.h"
#include "when.h"

#define CENTURY_S (INT64_C(100) * 366 * 86400)

static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "<+14>-14", "<-12>12"};

static void
check_shown(int64_t t, int64_t now)
{
	char out[WHEN_SHOWN], again[WHEN_SHOWN];
	int64_t same = 0;

	when_rfc3339(out, sizeof out, t);
	FUZZ_HOLDS(when_parse(&same, out, WHEN_START, now) == 0 && same == t);
	when_show(out, sizeof out, t);
	when_show_zone(again, sizeof again, t);
	FUZZ_HOLDS(strlen(out) > 0 && strncmp(out, again, strlen(out)) == 0 && strlen(again) < sizeof again);
	when_show_short(out, sizeof out, t, now);
	FUZZ_HOLDS(strlen(out) > 0 && strlen(out) < sizeof out - 1);
	when_show_until(out, sizeof out, t, now);
	FUZZ_HOLDS(strlen(out) > 0 && strlen(out) < sizeof out - 1);
	when_show_duration(out, sizeof out, t - now);
	FUZZ_HOLDS(strlen(out) > 0 && strlen(out) < sizeof out - 1);
}

static void
try_duration(const char *text)
{
	char out[WHEN_SHOWN];
	int64_t s = -1, again = 0;

	if (when_parse_duration(&s, text) != 0) {
		FUZZ_HOLDS(s == -1);
		return;
	}
	fuzz_took(1);
	FUZZ_HOLDS(s > 0 && s <= CENTURY_S);
	snprintf(out, sizeof out, "%llds", (long long)s);
	FUZZ_HOLDS(when_parse_duration(&again, out) == 0 && again == s);
	when_show_duration(out, sizeof out, s);
	FUZZ_HOLDS(strlen(out) > 0 && strlen(out) < sizeof out - 1);
}

/* A clock time alone is the next one, at most two days off: where clocks skip it tomorrow, it is refused. */
static void
check_time(int64_t t, const char *text, int64_t now)
{
	const int hours = strspn(text, "0123456789:") == strlen(text);

	FUZZ_HOLDS(t >= TIME_MIN && t <= TIME_MAX);
	if (text[0] == '+' || hours)
		FUZZ_HOLDS(t >= now);
	if (hours)
		FUZZ_HOLDS(t <= now + 2 * 86400);
}

const unsigned fuzz_parts = 2; /* times and durations */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	unsigned zone = (unsigned)fuzz_number(&in, 1) % (sizeof zones / sizeof zones[0]), bits = (unsigned)fuzz_number(&in, 1);
	enum when_role role = bits % 2 == 0 ? WHEN_START : WHEN_END;
	int64_t now = (int64_t)fuzz_number(&in, 5), t = -1;
	char *text = fuzz_text(in), shown[WHEN_SHOWN];

	setenv("TZ", zones[zone], 1);
	if (when_parse(&t, text, role, now) == 0) {
		fuzz_took(0);
		check_time(t, text, now);
		check_shown(t, now);
	} else {
		FUZZ_HOLDS(t == -1);
	}
	try_duration(text);
	when_show(shown, sizeof shown, (int64_t)((uint64_t)now << (bits % 32)));
	when_rfc3339(shown, sizeof shown, -now);
	free(text);
	return 0;
}
