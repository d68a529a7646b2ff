/*
 * policyarg.c - the times and durations of a policy.
 */
#include "policyarg.h"

#include "format.h"
#include "say.h"
#include "when.h"
#include "whenarg.h"

#define DAY 86400
#define LIFETIME (30 * DAY)
#define LECTURE_LEAD (3 * 3600) /* an earlier attempt is too early, and spends nothing */
#define LECTURE_TAIL DAY
#define SESSION_DEFAULT (8 * 3600)

static bool
set_times(const struct cli *c, const struct policyarg *w, int64_t now, struct policyarg_times *out)
{
	int64_t lecture = 0;

	if (w->lecture != NULL && w->not_before != NULL) {
		say_usage(c, "--lecture sets the beginning already: leave out --not-before");
		return false;
	}
	out->not_before = now;
	if (w->not_before != NULL &&
	    !whenarg_read(c, &(struct whenarg){"not-before", w->not_before, WHEN_START, now}, &out->not_before))
		return false;
	out->expires = (out->not_before > now ? out->not_before : now) + LIFETIME;
	if (w->lecture != NULL) {
		if (!whenarg_read(c, &(struct whenarg){"lecture", w->lecture, WHEN_START, now}, &lecture))
			return false;
		out->not_before = lecture - LECTURE_LEAD;
		out->expires = lecture + LECTURE_TAIL;
	}
	if (w->expires != NULL && !whenarg_read(c, &(struct whenarg){"expires", w->expires, WHEN_END, now}, &out->expires))
		return false;
	if (out->expires <= now) {
		say_usage(c, "the codes would have expired already; set --expires, or --lecture, to a time in the future");
		return false;
	}
	if (out->not_before >= out->expires) {
		say_usage(c, "the codes would expire before they can be used; set a later --expires");
		return false;
	}
	return true;
}

static bool
set_session(const struct cli *c, const char *text, struct policyarg_times *out)
{
	int64_t s = SESSION_DEFAULT;
	char safe[80];

	if (text != NULL && (when_parse_duration(&s, text) != 0 || s < SESSION_MIN_S || s > SESSION_MAX_S)) {
		say_usage(c, "--session: '%s' is not a duration from 1m to 7d; write 90m or 8h", say_safe(safe, sizeof safe, text));
		return false;
	}
	out->session_s = (uint32_t)s;
	return true;
}

bool
policyarg_read(const struct cli *c, const struct policyarg *said, int64_t now, struct policyarg_times *out)
{
	return set_times(c, said, now, out) && set_session(c, said->session, out);
}
