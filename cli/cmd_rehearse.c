#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "fusefs.h"
#include "human.h"
#include "kdf.h"
#include "keytree.h"
#include "mounting.h"
#include "mountpoint.h"
#include "opt.h"
#include "progress.h"
#include "prompt_code.h"
#include "receipt.h"
#include "say.h"
#include "station.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "trial.h"
#include "unlock.h"
#include "usb.h"
#include "usbsay.h"
#include "when.h"

/* One rehearsal. Every check that passes becomes a line. */
struct rehearsal {
	struct cli *c;
	bool ask, full;
	bool early; /* the code is right, but it is too early for it */
	struct place at;
	struct stick *stick;
	struct stick_grants grants;
	const struct grant *lecture; /* which the line being made is about */
	struct usb_dir usb;
	struct station *station;
	struct unlock *unlock;
	struct unlock_info info;
	struct say_about about;
	json_t *passed;
};

static const char about_text[] =
    N_("Try everything that `mount` needs on this PC, and spend nothing: stick, signatures, notices, clock, memory, FUSE, the "
       "place for\n"
       "the folder and, with a code, that it will open. --full also reads and checks every block of the stick.\n");

#define NAME_WIDTH 12

/* In English for programs, in the person's language for people. */
static void
pass(struct rehearsal *r, const char *name, const char *text)
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
pass_words(struct rehearsal *r, const char *name, void (*words)(const struct rehearsal *r, char *out, size_t size))
{
	char text[512];
	locale_t before = r->c->json ? text_english() : (locale_t)0;

	words(r, text, sizeof text);
	if (r->c->json)
		text_again(before);
	pass(r, name, text);
}

/* ---- the checks ----------------------------------------------------------------------------------------------------------- */

static void
stick_words(const struct rehearsal *r, char *out, size_t size)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], label[4 * LABEL_MAX + 8] = "", safe[4 * LABEL_MAX + 1];

	keytree_stick_name(stick, r->info.stick_id);
	keytree_fingerprint(issuer, r->info.issuer);
	if (r->info.label[0] != '\0')
		snprintf(label, sizeof label, ", \"%s\"", say_safe(safe, sizeof safe, r->info.label));
	/* TRANSLATORS: a stick's name; "" or a comma and the label in quotes; the issuer's fingerprint */
	snprintf(
	    out, size, r->info.issuer_known ? _("%s%s, issuer %s") : _("%s%s, issuer %s (new to this PC)"), stick, label, issuer);
}

static enum err
rehearse_stick(struct rehearsal *r, struct fault *f)
{
	struct unlock_env env = {.clock = clock_system(), .rehearsal = true};
	char dir[PATH_MAX];
	enum err err;

	if (station_dir(dir, sizeof dir) != 0)
		return fault_why(f, E_STATION, 0, WHY_NO_HOME, "station memory");
	if ((err = station_open(&r->station, dir, STATION_READ, f)) != E_OK)
		return err;
	if ((err = station_writable(r->station, f)) != E_OK)
		return err;
	env.memory = station_memory(r->station);
	r->usb = (struct usb_dir){USB_SYSFS, r->at.fd};
	env.factors = (struct unlock_factors){.usb = usb_dir_factor, .arg = &r->usb};
	if ((err = unlock_look(&r->unlock, r->at.fd, &env, &r->info, f)) != E_OK)
		return err;
	mounting_about(r->c, &r->info);
	pass_words(r, N_("stick"), stick_words);
	if ((err = unlock_check(r->unlock, &r->info, f)) != E_OK)
		return err;
	pass(r, N_("bundle"), N_("signatures, sizes and notices are right; codes can be used up on the stick"));
	if ((err = stick_open(&r->stick, r->at.fd, f)) == E_OK)
		err = stick_load_grants(r->stick, &r->grants, f);
	return err;
}

/* ---- times --------------------------------------------------------------------------------------------------------------- */

static bool
with_code(const struct rehearsal *r)
{
	return r->ask || r->c->code_file != NULL;
}

static void
clock_words(const struct rehearsal *r, char *out, size_t size)
{
	const struct clock_view *v = &r->info.clock;
	char now[WHEN_SHOWN], known[WHEN_SHOWN];

	when_show(now, sizeof now, v->now);
	when_show(known, sizeof known, v->high > v->floor ? v->high : v->floor);
	/* TRANSLATORS: after the word "clock" in a list of checks that passed; two times */
	snprintf(out, size,
	    v->high > v->floor ? _("says %s; a code was opened here on %s") : _("says %s; the issuer last signed something on %s"),
	    now, known);
}

/* Say by how much the clock is wrong, and how we know. */
static void
rehearse_clock(struct rehearsal *r)
{
	const struct clock_view *v = &r->info.clock;
	char now[WHEN_SHOWN], known[WHEN_SHOWN], by[WHEN_SHOWN];

	when_show(now, sizeof now, v->now);
	if (v->now < v->floor) {
		when_show(known, sizeof known, v->floor);
		when_show_duration(by, sizeof by, v->floor - v->now);
		say_warn(r->c, "this PC's clock is at least %s behind: it says %s, but the issuer signed something on %s. Set the "
			       "clock", by, now, known);
	} else if ((v->flags & RECEIPT_CLOCK_BACK) != 0) {
		when_show(known, sizeof known, v->high);
		when_show_duration(by, sizeof by, v->high - v->now);
		say_warn(r->c, "this PC's clock says %s, which is %s before a code was opened here (%s). Set the clock; if that "
			       "time was wrong: oncestick station reset-clock", now, by, known);
	} else {
		pass_words(r, N_("clock"), clock_words);
	}
}

static void
window_words(const struct rehearsal *r, char *out, size_t size)
{
	const struct policy *p = &r->lecture->policy;
	char from[WHEN_SHOWN], until[WHEN_SHOWN], safe[4 * LABEL_MAX + 1];

	say_safe(safe, sizeof safe, r->lecture->label);
	when_show(from, sizeof from, p->not_before);
	when_show(until, sizeof until, p->expires);
	if (r->info.clock.t < p->not_before)
		/* TRANSLATORS: a label; two times */
		snprintf(out, size, _("\"%s\": too early; opens on %s, until %s"), safe, from, until);
	else
		/* TRANSLATORS: a label; a time */
		snprintf(out, size, _("\"%s\": can be opened until %s"), safe, until);
}

/* What mount would say to every possible code. */
static enum err
no_code_opens(const struct rehearsal *r, int64_t last, struct fault *f)
{
	const struct clock_view *v = &r->info.clock;
	char now[WHEN_SHOWN], known[WHEN_SHOWN], by[WHEN_SHOWN], until[WHEN_SHOWN];

	when_show(now, sizeof now, v->now);
	when_show(known, sizeof known, v->floor);
	if (last == 0) {
		when_show_duration(by, sizeof by, v->t - v->now);
		return say_fault(r->c, f, E_EARLY,
		    _("too early for every code: this PC's clock says %s, which is at least %s behind what was signed or opened "
		      "last. Set the clock."), now,
		    by);
	}
	when_show(until, sizeof until, last);
	when_show_duration(by, sizeof by, v->t - last);
	return say_fault(r->c, f, E_EXPIRED,
	    _("no code opens this any more: the last one could be used until %s, %s ago by this PC's clock, which says %s. The "
	      "issuer last signed something on %s. If the clock is wrong, set it; otherwise the stick has to be prepared again."),
	    until, by, now, known);
}

/* Show every lecture with its window. Without a code, check whether any code could open one. */
static enum err
rehearse_times(struct rehearsal *r, struct fault *f)
{
	const struct clock_view *v = &r->info.clock;
	char until[WHEN_SHOWN], safe[4 * LABEL_MAX + 1];
	bool usable = false;
	int64_t last = 0;
	enum err err = unlock_clock(r->unlock, &r->info, f);

	if (err != E_OK)
		return err;
	rehearse_clock(r);
	for (size_t i = 0; i < r->grants.count; i++) {
		const struct policy *p = &r->grants.grants[i].policy;

		r->lecture = &r->grants.grants[i];
		if (v->t < p->expires) {
			pass_words(r, N_("lecture"), window_words);
			usable = usable || v->t >= p->not_before || v->t == v->now;
			continue;
		}
		when_show(until, sizeof until, p->expires);
		say_warn(
		    r->c, "\"%s\" could be opened until %s; that is over", say_safe(safe, sizeof safe, r->lecture->label), until);
		last = p->expires > last ? p->expires : last;
	}
	return usable || with_code(r) ? E_OK : no_code_opens(r, last, f);
}

/* ---- the rest of the checks ------------------------------------------------------------------------------------------------ */

/* If there is no memory yet, check the place where it will be made. */
static enum err
rehearse_fence(struct rehearsal *r, struct fault *f)
{
	char stick[PATH_MAX], station[PATH_MAX];
	struct trial t = {{stick, r->at.fd, station}, NULL};
	struct fence_filter *calls = NULL;
	enum err err;

	if (realpath(r->at.path, stick) == NULL)
		return fault_set(f, E_NO_STICK, errno, "open", "%s", r->at.path);
	if ((err = station_where(r->station, station, sizeof station, f)) != E_OK)
		return err;
	if ((t.calls = calls = fence_filter_new(FENCE_SESSION)) == NULL)
		return fault_set(f, E_FAIL, errno, "system call filter", "session");
	err = trial_run(&t, f);
	fence_filter_free(&calls);
	if (err == E_OK)
		pass(r, N_("fence"), N_("an open folder can do its work once it is fenced in"));
	return err;
}

static enum err
rehearse_machine(struct rehearsal *r, struct fault *f)
{
	enum err err;

	if (!kdf_stretch_possible())
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	pass(r, N_("memory"), N_("enough to check a code"));
	if ((err = fusefs_possible(f)) != E_OK || (err = mountpoint_home(f)) != E_OK || (err = mountpoint_try(f)) != E_OK)
		return err;
	pass(r, N_("folder"), N_("an empty one was mounted in the home directory, and unmounted again"));
	if ((err = rehearse_fence(r, f)) != E_OK)
		return err;
	if (r->info.memory_volatile)
		say_warn(r->c, "this PC forgets what it knows when it is switched off; keep a second code at hand");
	return E_OK;
}

static void
code_words(const struct rehearsal *r, char *out, size_t size)
{
	char left[WHEN_SHOWN];

	if (r->early) {
		when_show(left, sizeof left, r->info.not_before);
		/* TRANSLATORS: after the word "code" in a list of checks that passed; %s is a time */
		snprintf(out, size, _("is right; it opens on %s. Nothing was spent"), left);
		return;
	}
	when_show_duration(left, sizeof left, r->info.remaining_s);
	/* TRANSLATORS: after the word "code" in a list of checks that passed; %s is a duration */
	snprintf(out, size,
	    r->info.resume ? _("is in use here; its session goes on for %s. Nothing was spent") :
			     _("is good: it opens the folder for %s. Nothing was spent"),
	    left);
}

static enum err
rehearse_code(struct rehearsal *r, struct fault *f)
{
	char code[CODE_SYMBOLS];
	enum err err;

	r->about.code = true;
	if ((err = prompt_code_symbols(r->c, NULL, true, code, f)) == E_OK)
		err = unlock_try(r->unlock, code, &r->info, f);
	sodium_memzero(code, sizeof code);
	r->early = err == E_EARLY && r->info.clock.t == r->info.clock.now;
	if (err != E_OK && !r->early)
		return err;
	fault_clear(f);
	pass_words(r, N_("code"), code_words);
	return E_OK;
}

static int
read_progress(void *arg, uint64_t done, uint64_t all)
{
	progress_update(arg, done, all);
	return stop_asked();
}

static enum err
check_all_blocks(struct rehearsal *r, const struct grant *g, int once_fd, struct fault *f)
{
	struct bundle_check check = {.direct = true, .progress = read_progress};
	struct progress bar;
	struct bundle *b = NULL;
	enum err err;

	if ((err = bundle_open(&b, once_fd, g->bundles[0].id, g->bundles[0].manifest_hash, f)) != E_OK)
		return err;
	progress_start(&bar, r->c, "reading");
	check.arg = &bar;
	err = bundle_verify(b, &check, f);
	progress_end(&bar, err == E_OK);
	bundle_free(&b);
	return err;
}

static enum err
rehearse_blocks(struct rehearsal *r, struct fault *f)
{
	enum err err = E_OK;

	for (size_t i = 0; i < r->grants.count && err == E_OK; i++)
		err = check_all_blocks(r, &r->grants.grants[i], r->stick->once_fd, f);
	if (err == E_OK)
		pass(r, N_("content"), N_("every block was read and is right"));
	return err;
}

/* ---- the verb ------------------------------------------------------------------------------------------------------------- */

static enum err
rehearse(struct rehearsal *r, const char *stick, struct fault *f)
{
	enum err err;

	if ((err = mounting_descriptors(f)) != E_OK || (err = stickarg_open(r->c, &r->at, stick, f)) != E_OK ||
	    (err = rehearse_stick(r, f)) != E_OK || (err = rehearse_machine(r, f)) != E_OK || (err = rehearse_times(r, f)) != E_OK)
		return err;
	if (with_code(r) && (err = rehearse_code(r, f)) != E_OK)
		return err;
	return r->full ? rehearse_blocks(r, f) : E_OK;
}

/* Say what a rehearsal of this kind leaves out. */
static json_t *
not_tried(const struct rehearsal *r)
{
	json_t *list = json_array();

	if (!with_code(r))
		json_array_append_new(list, json_string("code"));
	if (r->early)
		json_array_append_new(list, json_string("key"));
	if (!r->full)
		json_array_append_new(list, json_string("content"));
	return list;
}

static void
say_not_tried(const struct rehearsal *r)
{
	if (!with_code(r))
		say_info(r->c, "not tried: a code; --code asks for one");
	if (r->early)
		say_info(r->c, "not tried, because it is too early: the key that this code opens");
	if (!r->full)
		say_info(r->c, "not tried: whether every block can be read; --full reads them all");
}

static enum err
conclude(struct rehearsal *r, enum err err, const struct fault *f)
{
	char usb[USB_SHOWN_SIZE], from[WHEN_SHOWN];

	if (r->c->json)
		say_json(r->c, json_pack("{s:b, s:s, s:O, s:o}", "ready", (int)(err == E_OK), "error",
				   err == E_OK ? "" : err_name(err), "passed", r->passed, "not_tried", not_tried(r)));
	if (err == E_WRONG_STICK)
		r->about.usb = usbsay_at(usb, r->at.path);
	if (err != E_OK)
		return say_error(r->c, f, &r->about);
	when_show(from, sizeof from, r->info.not_before);
	say_not_tried(r);
	if (r->early)
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
	struct rehearsal r = {.c = c, .at = {.fd = -1}};
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
	r.passed = json_array();
	r.about = (struct say_about){.object = words.count > 0 ? words.list[0] : NULL, .info = &r.info};
	err = rehearse(&r, words.count > 0 ? words.list[0] : NULL, &f);
	err = conclude(&r, err, &f);
	json_decref(r.passed);
	stick_grants_free(&r.grants);
	stick_close(&r.stick);
	unlock_free(&r.unlock);
	station_close(&r.station);
	place_close(&r.at);
	return err;
}
