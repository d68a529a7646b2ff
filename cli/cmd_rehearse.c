/*
 * cmd_rehearse.c - try everything that mount needs on this PC, and spend nothing. Every check that passes becomes a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "faultsay.h"
#include "human.h"
#include "keytree.h"
#include "mounting.h"
#include "opt.h"
#include "progress.h"
#include "prompt_code.h"
#include "rehearsal.h"
#include "session.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "usbsay.h"
#include "when.h"

struct rehearsing {
	struct cli *c;
	bool ask, full;
	struct rehearsal of;
	struct faultsay_about about;
	json_t *passed;
};

static const char about_text[] =
    N_("Try everything that `mount` needs on this PC, and spend nothing: stick, signatures, notices, clock, memory, FUSE, the "
       "place for\n"
       "the folder and, with a code, that it will open. --full also reads and checks every block of the stick.\n");

#define NAME_WIDTH 12

/* In English for programs, in the person's language for people. */
static void
pass(struct rehearsing *r, const char *name, const char *text)
{
	size_t width = human_width(_(name)), pad = width < NAME_WIDTH ? NAME_WIDTH - width : 0;
	size_t column = human_width(_("ok")) + 2 + width + pad + 1;
	char *wrapped = NULL;

	if (r->c->json) {
		json_array_append_new(r->passed, json_pack("{s:s, s:s}", "check", name, "result", text));
		return;
	}
	wrapped = human_wrap(_(text), human_columns(STDOUT_FILENO), column, column);
	printf("%s  %s%*s %s\n", _("ok"), _(name), (int)pad, "", wrapped != NULL ? wrapped : _(text));
	free(wrapped);
}

/* The same for a text that differs from stick to stick. */
static void
pass_words(struct rehearsing *r, const char *name, void (*words)(const struct rehearsing *r, char *out, size_t size))
{
	char text[512];
	locale_t before = r->c->json ? text_english() : (locale_t)0;

	words(r, text, sizeof text);
	if (r->c->json)
		text_again(before);
	pass(r, name, text);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

static void
stick_words(const struct rehearsing *r, char *out, size_t size)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], label[4 * LABEL_MAX + 8] = "", safe[4 * LABEL_MAX + 1];

	keytree_stick_name(stick, r->of.info.stick_id);
	keytree_fingerprint(issuer, r->of.info.issuer);
	if (r->of.info.label[0] != '\0')
		snprintf(label, sizeof label, ", \"%s\"", say_safe(safe, sizeof safe, r->of.info.label));
	/* TRANSLATORS: a stick's name; "" or a comma and the label in quotes; the issuer's fingerprint */
	snprintf(out, size, r->of.info.issuer_known ? _("%s%s, issuer %s") : _("%s%s, issuer %s (new to this PC)"), stick, label,
	    issuer);
}

static void
clock_words(const struct rehearsing *r, char *out, size_t size)
{
	const struct clock_view *v = &r->of.info.clock;
	char now[WHEN_SHOWN], known[WHEN_SHOWN];

	when_show(now, sizeof now, v->now);
	when_show(known, sizeof known, v->high > v->floor ? v->high : v->floor);
	/* TRANSLATORS: after the word "clock" in a list of checks that passed; two times */
	snprintf(out, size,
	    v->high > v->floor ? _("says %s; a code was opened here on %s") : _("says %s; the issuer last signed something on %s"),
	    now, known);
}

static void
window_words(const struct rehearsing *r, char *out, size_t size)
{
	const struct policy *p = &r->of.lecture->policy;
	char from[WHEN_SHOWN], until[WHEN_SHOWN], safe[4 * LABEL_MAX + 1];

	say_safe(safe, sizeof safe, r->of.lecture->label);
	when_show(from, sizeof from, p->not_before);
	when_show(until, sizeof until, p->expires);
	if (r->of.info.clock.t < p->not_before)
		/* TRANSLATORS: a label; two times */
		snprintf(out, size, _("\"%s\": too early; opens on %s, until %s"), safe, from, until);
	else
		/* TRANSLATORS: a label; a time */
		snprintf(out, size, _("\"%s\": can be opened until %s"), safe, until);
}

static void
code_words(const struct rehearsing *r, char *out, size_t size)
{
	char left[WHEN_SHOWN];

	if (r->of.early) {
		when_show(left, sizeof left, r->of.info.not_before);
		/* TRANSLATORS: after the word "code" in a list of checks that passed; %s is a time */
		snprintf(out, size, _("is right; it opens on %s. Nothing was spent"), left);
		return;
	}
	when_show_duration(left, sizeof left, r->of.info.remaining_s);
	/* TRANSLATORS: after the word "code" in a list of checks that passed; %s is a duration */
	snprintf(out, size,
	    r->of.info.resume ? _("is in use here; its session goes on for %s. Nothing was spent") :
			     _("is good: it opens the folder for %s. Nothing was spent"),
	    left);
}

/* Say by how much the clock is wrong, and how we know. */
static void
warn_clock(const struct rehearsing *r, bool back)
{
	const struct clock_view *v = &r->of.info.clock;
	const int64_t t = back ? v->high : v->floor;
	char now[WHEN_SHOWN], known[WHEN_SHOWN], by[WHEN_SHOWN];

	when_show(now, sizeof now, v->now);
	when_show(known, sizeof known, t);
	when_show_duration(by, sizeof by, t - v->now);
	if (back)
		say_warn(r->c, "this PC's clock says %s, which is %s before a code was opened here (%s). Set the clock; if that "
			       "time was wrong: oncestick station reset-clock", now, by, known);
	else
		say_warn(r->c, "this PC's clock is at least %s behind: it says %s, but the issuer signed something on %s. Set the "
			       "clock", by, now, known);
}

static void
warn_over(const struct rehearsing *r)
{
	char until[WHEN_SHOWN], safe[4 * LABEL_MAX + 1];

	when_show(until, sizeof until, r->of.lecture->policy.expires);
	say_warn(r->c, "\"%s\" could be opened until %s; that is over", say_safe(safe, sizeof safe, r->of.lecture->label), until);
}

static void
on_found(void *arg, enum rehearsal_found what)
{
	struct rehearsing *r = arg;

	switch (what) {
	case REHEARSAL_STICK:
		mounting_about(r->c, &r->of.info);
		return pass_words(r, N_("stick"), stick_words);
	case REHEARSAL_BUNDLE:
		return pass(r, N_("bundle"), N_("signatures, sizes and notices are right; codes can be used up on the stick"));
	case REHEARSAL_MEMORY:
		return pass(r, N_("memory"), N_("enough to check a code"));
	case REHEARSAL_FOLDER:
		return pass(r, N_("folder"), N_("an empty one was mounted in the home directory, and unmounted again"));
	case REHEARSAL_FENCE:
		return pass(r, N_("fence"), N_("an open folder can do its work once it is fenced in"));
	case REHEARSAL_CLOCK:
		return pass_words(r, N_("clock"), clock_words);
	case REHEARSAL_LECTURE:
		return pass_words(r, N_("lecture"), window_words);
	case REHEARSAL_CODE:
		return pass_words(r, N_("code"), code_words);
	case REHEARSAL_FORGETFUL:
		return say_warn(r->c, "this PC forgets what it knows when it is switched off; keep a second code at hand");
	case REHEARSAL_CLOCK_BEHIND:
		return warn_clock(r, false);
	case REHEARSAL_CLOCK_BACK:
		return warn_clock(r, true);
	case REHEARSAL_OVER:
		return warn_over(r);
	}
}

/* What mount would say to every possible code. */
static enum err
say_none_opens(const struct rehearsing *r, struct fault *f)
{
	const struct clock_view *v = &r->of.info.clock;
	char now[WHEN_SHOWN], known[WHEN_SHOWN], by[WHEN_SHOWN], until[WHEN_SHOWN];

	fault_clear(f);
	when_show(now, sizeof now, v->now);
	when_show(known, sizeof known, v->floor);
	if (r->of.last == 0) {
		when_show_duration(by, sizeof by, v->t - v->now);
		return say_fault(r->c, f, E_EARLY,
		    _("too early for every code: this PC's clock says %s, which is at least %s behind what was signed or opened "
		      "last. Set the clock."), now,
		    by);
	}
	when_show(until, sizeof until, r->of.last);
	when_show_duration(by, sizeof by, v->t - r->of.last);
	return say_fault(r->c, f, E_EXPIRED,
	    _("no code opens this any more: the last one could be used until %s, %s ago by this PC's clock, which says %s. The "
	      "issuer last signed something on %s. If the clock is wrong, set it; otherwise the stick has to be prepared again."),
	    until, by, now, known);
}

/* ---- the way ---------------------------------------------------------------------------------------------------------------- */

static enum err
try_code(struct rehearsing *r, struct fault *f)
{
	char code[CODE_SYMBOLS];
	enum err err;

	r->about.code = true;
	if ((err = prompt_code_symbols(r->c, NULL, true, code, f)) == E_OK)
		err = rehearsal_code(&r->of, code, f);
	sodium_memzero(code, sizeof code);
	return err;
}

static int
read_progress(void *arg, uint64_t done, uint64_t all)
{
	progress_update(arg, done, all);
	return stop_asked();
}

static enum err
read_blocks(struct rehearsing *r, struct fault *f)
{
	enum err err = E_OK;

	for (size_t i = 0; i < r->of.grants.count && err == E_OK; i++) {
		struct progress bar;
		struct bundle_check check = {.direct = true, .progress = read_progress, .arg = &bar};

		progress_start(&bar, r->c, "reading");
		err = rehearsal_read(&r->of, i, &check, f);
		progress_end(&bar, err == E_OK);
	}
	if (err == E_OK)
		pass(r, N_("content"), N_("every block was read and is right"));
	return err;
}

static enum err
rehearse(struct rehearsing *r, const char *stick, struct fault *f)
{
	enum err err;

	if ((err = session_descriptors(f)) != E_OK || (err = stickarg_open(r->c, &r->of.at, stick, f)) != E_OK)
		return err;
	if ((err = rehearsal_try(&r->of, f)) != E_OK)
		return r->of.none_opens ? say_none_opens(r, f) : err;
	if (r->of.with_code && (err = try_code(r, f)) != E_OK)
		return err;
	return r->full ? read_blocks(r, f) : E_OK;
}

/* Say what a rehearsal of this kind leaves out. */
static json_t *
not_tried(const struct rehearsing *r)
{
	json_t *list = json_array();

	if (!r->of.with_code)
		json_array_append_new(list, json_string("code"));
	if (r->of.early)
		json_array_append_new(list, json_string("key"));
	if (!r->full)
		json_array_append_new(list, json_string("content"));
	return list;
}

static void
say_not_tried(const struct rehearsing *r)
{
	if (!r->of.with_code)
		say_info(r->c, "not tried: a code; --code asks for one");
	if (r->of.early)
		say_info(r->c, "not tried, because it is too early: the key that this code opens");
	if (!r->full)
		say_info(r->c, "not tried: whether every block can be read; --full reads them all");
}

static enum err
conclude(struct rehearsing *r, enum err err, const struct fault *f)
{
	char usb[USB_SHOWN_SIZE], from[WHEN_SHOWN];

	if (r->c->json)
		say_json(r->c, json_pack("{s:b, s:s, s:O, s:o}", "ready", (int)(err == E_OK), "error",
				   err == E_OK ? "" : err_name(err), "passed", r->passed, "not_tried", not_tried(r)));
	if (err == E_WRONG_STICK)
		r->about.usb = usbsay_at(usb, r->of.at.path);
	if (err != E_OK)
		return faultsay_error(r->c, f, &r->about);
	when_show(from, sizeof from, r->of.info.not_before);
	say_not_tried(r);
	if (r->of.early)
		say_info(r->c, "rehearsed: mount will work with this code from %s on", from);
	else if (r->about.code)
		say_info(r->c, "rehearsed: mount will work with this code");
	else
		say_info(r->c, "rehearsed: everything but the code is ready");
	return say_stdout(r->c);
}

enum err
cmd_rehearse(struct cli *c, int argc, char **argv)
{
	struct rehearsing r = {.c = c, .of = {.at.fd = -1, .found = on_found, .arg = &r}};
	const struct opt rows[] = {
	    {OPT_FLAG, "code", 0, NULL, N_("ask for the code and try it, without spending it"), &r.ask, 0, 0},
	    {OPT_FLAG, "full", 0, NULL, N_("read and check every block (as long as the stick takes)"), &r.full, 0, 0},
	    {.kind = OPT_END}};
	const struct opt_verb v = {"rehearse [STICK]", about_text, OPT_JSON | OPT_PROGRESS | OPT_CODE | OPT_PINENTRY, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	r.of.with_code = r.ask || c->code_file != NULL;
	r.passed = json_array();
	r.about = (struct faultsay_about){.object = words.count > 0 ? words.list[0] : NULL, .info = &r.of.info};
	err = rehearse(&r, words.count > 0 ? words.list[0] : NULL, &f);
	err = conclude(&r, err, &f);
	json_decref(r.passed);
	rehearsal_end(&r.of);
	place_close(&r.of.at);
	return err;
}
