/*
 * cmd_restore.c - make an issuer from a backup, test a backup, or adopt books that were put back by hand.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "opt.h"
#include "prompt.h"
#include "restore.h"
#include "station.h"
#include "text.h"
#include "when.h"

struct run {
	const struct cli *c;
	const char *file; /* NULL: adopt */
	bool test;
	char dir[ISSUER_DIR_MAX], mark_dir[ISSUER_DIR_MAX];
	struct restore r;
};

/* ---- saying what was done ------------------------------------------------------------------------------------------------ */

static enum err
report_json(const struct run *x)
{
	const struct backup_about *a = backup_about(x->r.file);
	char print[FINGERPRINT_SIZE];

	keytree_fingerprint(print, x->r.pk);
	return say_json(x->c, json_pack("{s:s, s:s, s:o, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "action",
			    x->test ? "test" : "restore", "issuer", print, "made_at", say_json_time(a->made_at), "version",
			    a->version, "sticks", (int)a->sticks, "ready", (int)a->ready, "issued", (int)a->issued, "spent",
			    (int)a->spent, "revoked", (int)a->revoked, "counted_as_issued", (int)x->r.counted, "directory",
			    x->test ? json_null() : say_json_text(x->dir)));
}

/* Say why codes that were ready are not ready any more. */
static void
tell_counted(const struct cli *c, uint32_t counted)
{
	if (counted > 0)
		say_info(c, ngettext("%u code was ready. Whether it was handed out since, nobody can know: it counts as handed out "
				     "(\"%s\"), and nobody gets it a second time",
		    "%u codes were ready. Whether they were handed out since, nobody can know: they count as handed out (\"%s\"), and "
		    "nobody gets them a second time", counted), counted, _("before the restore"));
}

static void
tell_next(const struct cli *c)
{
	say_info(c, "next: collect the sticks, which know what was used since: oncestick collect STICK; new codes: "
		    "oncestick refill STICK");
}

static enum err
report(const struct run *x)
{
	const struct backup_about *a = backup_about(x->r.file);
	const struct cli *c = x->c;
	char print[FINGERPRINT_SIZE], when[WHEN_SHOWN], safe[2 * ISSUER_DIR_MAX];

	if (c->json)
		return report_json(x);
	keytree_fingerprint(print, x->r.pk);
	when_show(when, sizeof when, a->made_at);
	if (!c->quiet)
		/* TRANSLATORS: keep the second column straight. Of a backup */
		printf(_("issuer   %s\nmade     %s, by oncestick %s\nsticks   %u\n"
			 "codes    %u ready, %u handed out, %u used, %u revoked\n"),
		    print, when, a->version, a->sticks, a->ready, a->issued, a->spent, a->revoked);
	if (x->test) {
		say_info(c, "it is whole, and the passphrase opens it; nothing was written");
		return say_stdout(c);
	}
	say_info(c, "restored to %s", say_safe(safe, sizeof safe, x->dir));
	tell_counted(c, x->r.counted);
	tell_next(c);
	return say_stdout(c);
}

/* ---- from a file --------------------------------------------------------------------------------------------------------- */

static enum err
opens_backup(void *arg, struct bytes pass, struct fault *f)
{
	return restore_unlock(arg, pass, f);
}

static enum err
unlock(struct run *x, struct fault *f)
{
	struct prompt_answer pass = {0};
	enum err e = issuing_passphrase(x->c, &(struct issuing_lock){NULL, opens_backup, &x->r}, &pass, f);

	prompt_free(&pass);
	return e;
}

static enum err
from_file(struct run *x, struct fault *f)
{
	enum err e = E_OK;

	x->r.holder = _("before the restore");
	if (station_dir(x->mark_dir, sizeof x->mark_dir) == 0)
		x->r.mark_dir = x->mark_dir;
	if (!x->test && ((e = issuing_dir(x->c, x->dir, sizeof x->dir, f)) != E_OK || (e = restore_vacant(x->dir, f)) != E_OK))
		return e;
	if ((e = restore_look(&x->r, x->file, f)) != E_OK || (e = unlock(x, f)) != E_OK)
		return e;
	return x->test ? E_OK : restore_into(&x->r, x->dir, f);
}

/* ---- in place ------------------------------------------------------------------------------------------------------------ */

/*
 * With a clock that is behind, the next list would be older than those that the lost books signed, and no PC that has one of them
 * would take it.
 */
static enum err
check_clock(struct issuer *i, const struct cli *c, struct fault *f)
{
	char now[WHEN_SHOWN], last[WHEN_SHOWN];
	enum err e = issuing_clock(i, c, f);

	if (e != E_OK || c->clock_is_right || issuer_last_used(i) <= i->now)
		return e;
	when_show(now, sizeof now, i->now);
	when_show(last, sizeof last, issuer_last_used(i));
	return say_fault(c, f, E_USAGE,
	    _("this PC's clock says %s, but the issuer's books were used here on %s already. Set the clock first; if it is right now: "
	      "--clock-is-right."),
	    now, last);
}

static enum err
adopt(const struct cli *c, bool yes, struct fault *f)
{
	struct issuer i = {.dir_fd = -1};
	uint32_t counted = 0;
	enum err e = issuing_open(&i, c, f);

	if (e == E_OK)
		e = check_clock(&i, c, f);
	if (e == E_OK && !yes)
		e = prompt_yes(
		    c, _("Are these the newest books there are? Every code that is ready in them will count as handed out."), f);
	if (e == E_OK)
		e = restore_adopt(&i, _("before the restore"), &counted, f);
	issuer_close(&i);
	if (e != E_OK)
		return e;
	if (c->json)
		return say_json(c, json_pack("{s:s, s:i}", "action", "adopt", "counted_as_issued", (int)counted));
	say_info(c, "these books are the ones that count from now on");
	tell_counted(c, counted);
	tell_next(c);
	return E_OK;
}

/* ---- the command line ---------------------------------------------------------------------------------------------------- */

static bool
arguments_fit(const struct cli *c, const struct run *x, bool in_place)
{
	if (in_place && (x->file != NULL || x->test || x->r.nothing_since)) {
		say_usage(c, "--adopt is about the books that are in place: it goes with no file and no other option");
		return false;
	}
	if (!in_place && x->file == NULL) {
		say_usage(c, "which file? 'oncestick backup FILE' made it");
		return false;
	}
	if (x->test && x->r.nothing_since) {
		say_usage(c, "--test restores nothing, so --nothing-issued-since does not go with it");
		return false;
	}
	return true;
}

enum err
cmd_restore(struct cli *c, int argc, char **argv)
{
	struct run x = {.c = c};
	bool in_place = false, yes = false;
	const struct opt rows[] = {
	    {OPT_FLAG, "test", 0, NULL, N_("only see that FILE could be restored"), &x.test, 0, 0},
	    {OPT_FLAG, "nothing-issued-since", 0, NULL, N_("no code was handed out since: those that were ready still are"),
		&x.r.nothing_since, 0, 0},
	    {OPT_FLAG, "adopt", 0, NULL, N_("the books in place are an older copy, and there are no newer ones: go on with them"),
		&in_place, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask"), &yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"restore FILE [--nothing-issued-since]\nrestore --test FILE\nrestore --adopt",
	    N_("Make the issuer again from a FILE that 'oncestick backup' made; never over one that is there. A backup does not know "
	       "which codes were\n"
	       "handed out after it was made: those that were ready count as handed out, so that nobody gets one that somebody has.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	x.file = words.count > 0 ? words.list[0] : NULL;
	if (!arguments_fit(c, &x, in_place))
		return E_USAGE;
	e = in_place ? adopt(c, yes, &f) : from_file(&x, &f);
	if (e != E_OK && f.err != E_OK)
		e = faultsay_error(c, &f, NULL);
	else if (e == E_OK && !in_place)
		e = report(&x);
	restore_free(&x.r);
	return e;
}
