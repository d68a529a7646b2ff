/*
 * companion.c - what a desktop shows of a session: one notification that follows the events and shows the time left.
 */
#include "companion.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "desktop.h"
#include "event.h"
#include "replug.h"
#include "say.h"
#include "text.h"
#include "unreadsay.h"
#include "when.h"

struct companion {
	struct desktop *d;
	bool open, away;
	bool by_key;                /* without a code */
	int64_t deadline;           /* CLOCK_BOOTTIME */
	char label[DESKTOP_TITLE];  /* as shown */
};

/* ---- time ----------------------------------------------------------------------------------------------------------------- */

static int64_t
boot_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static const char *
until(const struct companion *c, char out[WHEN_SHOWN])
{
	int64_t now = when_now();

	when_show_until(out, WHEN_SHOWN, now + c->deadline - boot_now(), now);
	return out;
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

static void show(struct companion *c, enum desktop_urgency urgency, const char *body, const char *title, ...)
    __attribute__((format(printf, 4, 5)));

/* Show this in place of what is shown, or of what waits to be shown. */
static void
show(struct companion *c, enum desktop_urgency urgency, const char *body, const char *title, ...)
{
	char text[DESKTOP_TITLE];
	va_list ap;

	va_start(ap, title);
	vsnprintf(text, sizeof text, title, ap);
	va_end(ap);
	desktop_show(c->d, urgency, text, body);
}

/* ---- before the deadline --------------------------------------------------------------------------------------------------- */

static const int64_t warnings[] = {30 * 60, 10 * 60, 2 * 60};
#define WARNINGS (sizeof warnings / sizeof *warnings)

/* Set the timer for the next warning that is due. */
static void
arm_warning(struct companion *c)
{
	int64_t left = c->deadline - boot_now();
	size_t i = 0;

	while (i < WARNINGS && warnings[i] >= left)
		i++;
	desktop_wake_at(c->d, i < WARNINGS ? c->deadline - warnings[i] : 0);
}

static void
on_warning(void *arg, struct desktop *d)
{
	struct companion *c = arg;
	long minutes = (long)(c->deadline - boot_now() + 59) / 60;
	char body[DESKTOP_BODY], when[WHEN_SHOWN];

	c->d = d;
	if (c->open && !c->away && minutes > 0) {
		snprintf(body, sizeof body,
		    c->by_key ? _("At %s the folder closes, whatever is being shown.") :
		    _("At %s the folder closes, whatever is being shown. A second code opens the lecture for longer."),
		    until(c, when));
		show(c, minutes <= 2 ? DESKTOP_CRITICAL : DESKTOP_NORMAL, body,
		    ngettext("%s closes in %ld minute", "%s closes in %ld minutes", (unsigned long)minutes), c->label, minutes);
	}
	arm_warning(c);
}

/* ---- events ---------------------------------------------------------------------------------------------------------------- */

static void
on_opened(struct companion *c, const struct event *e)
{
	char body[DESKTOP_BODY], when[WHEN_SHOWN], safe[DESKTOP_TITLE - 4];

	say_safe(safe, sizeof safe, e->label);
	snprintf(c->label, sizeof c->label, safe[0] != '\0' ? "\"%s\"" : "%s", safe[0] != '\0' ? safe : _("The lecture"));
	c->deadline = e->deadline;
	c->open = true;
	c->by_key = e->by_key;
	snprintf(body, sizeof body, _("Until %s."), until(c, when));
	show(c, DESKTOP_NORMAL, body, _("%s is open"), c->label);
	arm_warning(c);
	desktop_keep_awake(c->d, _("a lecture is open"));
}

static void
on_stick(struct companion *c, bool away)
{
	char body[DESKTOP_BODY];

	if (!c->open || c->away == away)
		return;
	c->away = away;
	if (away && c->by_key) {
		snprintf(body, sizeof body,
		    ngettext("Put it back, in any port: the lecture goes on. After %d minute without it the folder closes.",
			"Put it back, in any port: the lecture goes on. After %d minutes without it the folder closes.",
			REPLUG_AWAY_S / 60),
		    REPLUG_AWAY_S / 60);
		show(c, DESKTOP_CRITICAL, body, _("The stick is out"));
	} else if (away) {
		snprintf(body, sizeof body,
		    ngettext("Put it back, in any port: the lecture goes on. After %d minute without it the folder "
			     "closes; the code stays valid on this PC.",
			"Put it back, in any port: the lecture goes on. After %d minutes without it "
			"the folder closes; the code stays valid on this PC.",
			REPLUG_AWAY_S / 60),
		    REPLUG_AWAY_S / 60);
		show(c, DESKTOP_CRITICAL, body, _("The stick is out"));
	} else {
		show(c, DESKTOP_LOW, _("The lecture goes on."), _("The stick is back"));
	}
}

static void
on_unread(struct companion *c, const struct event *e)
{
	char body[UNREADSAY_SIZE];

	if (c->open && !c->away && e->unread.blocks > 0)
		show(c, DESKTOP_CRITICAL, unreadsay(body, &e->unread), _("A part of %s cannot be read"), c->label);
}

static void
close_down(struct companion *c)
{
	c->open = false;
	desktop_close(c->d);
}

static char *
goes_on(const struct companion *c, char body[DESKTOP_BODY])
{
	char when[WHEN_SHOWN];

	if (c->by_key)
		snprintf(body, DESKTOP_BODY, "%s", _("The issuer can open it again."));
	else
		snprintf(body, DESKTOP_BODY, _("The same code opens it again on this PC, until %s."), until(c, when));
	return body;
}

/* Add that the stick may be pulled, if it is in. */
static const char *
add_safe(const struct companion *c, char body[DESKTOP_BODY])
{
	size_t n = strlen(body);

	if (!c->away)
		snprintf(body + n, DESKTOP_BODY - n, "%s%s", n > 0 ? " " : "", _("It is safe to pull the stick."));
	return body;
}

static void
on_closed(struct companion *c, const struct event *e)
{
	char body[DESKTOP_BODY];

	if (e->told)
		desktop_forget(c->d);
	else if (e->how == EVENT_PAUSED || e->how == EVENT_LEFT)
		show(c, DESKTOP_NORMAL, add_safe(c, goes_on(c, body)), _("%s is paused"), c->label);
	else {
		if (c->by_key)
			body[0] = '\0';
		else
			snprintf(body, sizeof body, "%s", e->how == EVENT_OVER ?
			    _("Its time is over, and its code will not open again.") : _("Its code will not open again."));
		show(c, DESKTOP_NORMAL, add_safe(c, body), _("%s has ended"), c->label);
	}
	close_down(c);
}

static void
on_ejected(struct companion *c, const struct event *e)
{
	char safe[256];

	if (e->text[0] == '\0')
		show(c, DESKTOP_NORMAL, _("The lecture is closed, and the stick is switched off."),
		    _("It is safe to pull the stick"));
	else
		show(c, DESKTOP_CRITICAL, say_safe(safe, sizeof safe, e->text),
		    _("The lecture is closed, but do not pull the stick yet"));
	close_down(c);
}

/* The session is gone without a word: it was killed, or it never opened. */
static void
on_silence(struct companion *c)
{
	char body[DESKTOP_BODY];

	if (c->open)
		show(c, DESKTOP_NORMAL, goes_on(c, body), _("%s was interrupted"), c->label);
	close_down(c);
}

static void
on_event(void *arg, struct desktop *d, const struct event *e)
{
	struct companion *c = arg;

	c->d = d;
	if (e == NULL)
		on_silence(c);
	else if (e->kind == EVENT_OPENED)
		on_opened(c, e);
	else if (e->kind == EVENT_STICK_OUT || e->kind == EVENT_STICK_BACK)
		on_stick(c, e->kind == EVENT_STICK_OUT);
	else if (e->kind == EVENT_UNREAD)
		on_unread(c, e);
	else if (e->kind == EVENT_CLOSED)
		on_closed(c, e);
	else if (e->kind == EVENT_EJECTED)
		on_ejected(c, e);
}

int
companion_fork(void)
{
	static const struct desktop_calls calls = {on_event, on_warning};
	struct companion c = {.d = NULL};

	return desktop_fork(&calls, &c);
}

void
companion_tell_ejected(const char *why)
{
	struct event e = {.kind = EVENT_EJECTED};
	int fd = companion_fork();

	snprintf(e.text, sizeof e.text, "%s", why != NULL ? why : "");
	event_send(fd, &e);
	if (fd >= 0)
		close(fd);
}
