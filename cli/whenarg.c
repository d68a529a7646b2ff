#include "whenarg.h"

#include "say.h"

bool
whenarg_read(const struct cli *c, const struct whenarg *w, int64_t *out)
{
	char first[WHEN_SHOWN], second[WHEN_SHOWN], safe[80];
	int64_t t[WHEN_READINGS_MAX];
	const int n = when_readings(t, w->text, w->role, w->now);

	say_safe(safe, sizeof safe, w->text);
	if (n == 0) {
		say_usage(c,
		    "--%s: '%s' is not a time; write 2026-11-24 18:00, 24 Nov 18:00, 2026-11-24, 18:30, tomorrow 9:00 or +3d",
		    w->option, safe);
		return false;
	}
	when_show_whole(first, sizeof first, t[0]);
	if (n > 1) {
		when_show_whole(second, sizeof second, t[1]);
		say_usage(c, "--%s: '%s' can mean %s or %s; write the day as 2026-11-24 or 24 Nov, and the time as 18:30",
		    w->option, safe, first, second);
		return false;
	}
	/* TRANSLATORS: a time option's name (lecture, not-before, expires), and the time that was understood */
	say_info(c, "%s: %s", w->option, first);
	*out = t[0];
	return true;
}
