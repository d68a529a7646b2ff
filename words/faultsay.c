/*
 * faultsay.c - the words for every way in which oncestick says no.
 */
#include "faultsay.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "code.h"
#include "granting.h"
#include "hostsay.h"
#include "human.h"
#include "issuersay.h"
#include "keytree.h"
#include "pack.h"
#include "provision.h"
#include "station.h"
#include "text.h"
#include "trial.h"
#include "utf8.h"
#include "when.h"

#define SAFE_MAX 4096 /* a path */

/* A part of a sentence that grows. It is cut where it does not fit. */
struct text {
	char *p;
	size_t size, n;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (t->n >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n = t->n + (size_t)n < t->size ? t->n + (size_t)n : t->size;
	t->p[utf8_whole(t->p, strlen(t->p))] = '\0';
}

/* ---- what the sentences are made of -------------------------------------------------------------------------------------- */

/*
 * Sentences are translated whole. A %s in them is a stick, in words; a name; or a cause, which is "", or is in parentheses after a
 * blank.
 */
#define STICK_MAX (SAFE_MAX + 160)
#define CAUSE_MAX 2400 /* other languages take up to three bytes per character */
#define STICK(f, a) stick_words((char[STICK_MAX]){""}, f, a)
#define CAUSE(f, a) cause_words((char[CAUSE_MAX]){""}, f, a)
#define REASON(f, a) reason_words((char[CAUSE_MAX]){""}, f, a)
#define SAFE(s) say_safe((char[SAFE_MAX]){""}, SAFE_MAX, s)
#define TIME(t) time_words((char[WHEN_SHOWN]){""}, t)

static const char *
time_words(char out[WHEN_SHOWN], int64_t when)
{
	when_show(out, WHEN_SHOWN, when);
	return out;
}

/* What the person named, or what failed; NULL if neither is known. */
static const char *
object_of(const struct fault *f, const struct faultsay_about *a)
{
	return a->object != NULL ? a->object : f->object[0] != '\0' ? f->object : NULL;
}

/* Whether the fault's object says more than the sentence already does: the modules below call the stick "stick". */
static bool
names_more(const struct fault *f, const struct faultsay_about *a)
{
	static const char *const known[] = {
	    "", "bundle", "code", "grant", "grants", "session", "station memory", "stick", "unlock"};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(f->object, known[i]) == 0)
			return false;
	return a->object == NULL || strcmp(a->object, f->object) != 0;
}

/*
 * What is wrong with a folder or a file, for a sentence about it. NULL if only the step says it, for people who look for the cause.
 */
static const char *const telling[WHY_COUNT] = {
	[WHY_DEVICE] = N_("device"),
	[WHY_FIFO] = N_("fifo"),
	[WHY_SOCKET] = N_("socket"),
	[WHY_SYMLINK] = N_("symbolic link"),
	[WHY_TOO_LARGE] = N_("too large"),
	[WHY_TOO_MANY] = N_("too many files"),
	[WHY_MISSING] = N_("missing"),
	[WHY_NOT_DIRECTORY] = N_("not a directory"),
	[WHY_NOT_EMPTY] = "not empty",
	[WHY_NOT_READABLE] = N_("not readable"),
	[WHY_NOT_WRITABLE] = N_("not writable"),
	[WHY_NOT_YOURS] = N_("not yours"),
	[WHY_MOUNTED] = N_("mounted already"),
	[WHY_TAKES_NO_MOUNT] = N_("its file system allows no mount"),
	[WHY_NO_HOME] = N_("no home directory"),
};

static const char *
step_words(const struct fault *f)
{
	return telling[f->why] != NULL ? _(telling[f->why]) : f->step;
}

/* What failed underneath, for people who look for the cause. */
static const char *
cause_words(char out[CAUSE_MAX], const struct fault *f, const struct faultsay_about *a)
{
	bool step = f->step[0] != '\0', object = names_more(f, a);
	struct text t = {out, CAUSE_MAX, 0};

	if (!step && !object && f->sys == 0)
		return out;
	add(&t, " (%s", SAFE(step_words(f)));
	if (object)
		add(&t, "%s%s", step ? " " : "", SAFE(f->object));
	if (f->sys != 0 && f->sys != EBADMSG) /* EBADMSG means what the object says */
		add(&t, "%s%s", step || object ? ": " : "", strerror(f->sys));
	add(&t, ")");
	return out;
}

/* The same without the step, if that is one of the program's own words and tells people nothing. */
static const char *
reason_words(char out[CAUSE_MAX], const struct fault *f, const struct faultsay_about *a)
{
	struct fault cause = *f;

	cause.step[0] = '\0';
	cause.why = WHY_NONE;
	return cause_words(out, &cause, a);
}

static const char *
contact_of(const struct faultsay_about *a)
{
	if (a->info != NULL && a->info->contact[0] != '\0')
		return a->info->contact;
	return a->contact != NULL && a->contact[0] != '\0' ? a->contact : NULL;
}

static void
add_call(FILE *t, const struct faultsay_about *a)
{
	if (contact_of(a) == NULL)
		fprintf(t, "%s", _(" Ask whoever gave you the stick."));
	else
		/* TRANSLATORS: whom to call, in the issuer's words: a telephone number, a name */
		fprintf(t, _(" Call: %s."), SAFE(contact_of(a)));
}

/* Say what to do if another code can help. */
static void
add_ask_another(FILE *t, const struct faultsay_about *a)
{
	if (contact_of(a) == NULL)
		/* TRANSLATORS: another code */
		fprintf(t, "%s", _(" Ask for another."));
	else
		/* TRANSLATORS: for another code; %s is whom to call, in the issuer's words */
		fprintf(t, _(" Ask for another: %s."), SAFE(contact_of(a)));
}

/* Each of these is a "%s" for a stick in the sentences below. */
static const char *
stick_words(char out[STICK_MAX], const struct fault *f, const struct faultsay_about *a)
{
	char name[STICK_NAME_SIZE];
	static const uint8_t none[ID_SIZE];
	const char *at = a->object != NULL ? a->object : f->object[0] == '/' ? f->object : NULL;
	struct text t = {out, STICK_MAX, 0};

	if (a->info != NULL && memcmp(a->info->stick_id, none, ID_SIZE) != 0) {
		keytree_stick_name(name, a->info->stick_id);
		if (a->info->label[0] != '\0')
			/* TRANSLATORS: stands for a stick in other sentences: its name, its label */
			add(&t, _("stick %s (\"%s\")"), name, SAFE(a->info->label));
		else
			/* TRANSLATORS: stands for a stick in other sentences: its name */
			add(&t, _("stick %s"), name);
	} else if (at != NULL) {
		/* TRANSLATORS: stands for a stick in other sentences: where it is mounted */
		add(&t, _("the stick at %s"), SAFE(at));
	} else {
		/* TRANSLATORS: stands for a stick in other sentences */
		add(&t, "%s", _("the stick"));
	}
	return out;
}

/* ---- sentences, by what they are about ------------------------------------------------------------------------------------ */

typedef void sentence(FILE *t, const struct fault *f, const struct faultsay_about *a);

static bool
is_start(const struct fault *f)
{
	return f->why == WHY_FORK || f->why == WHY_THREAD;
}

/* This PC has run out of something, or lacks it. Whatever the step was, that is what is wrong. */
static bool
s_run_out(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	switch (f->sys) {
	case EMFILE:
		/* TRANSLATORS: here and below, a %s before a full stop or a comma, without a blank before it, is "" or a cause such
		 * as " (fsync: Input/output error)" */
		fprintf(t,
		    _("this program may not have as many files open as it needs%s. Raise the limit and try again: ulimit -n 1024."),
		    CAUSE(f, a));
		return true;
	case ENFILE:
		fprintf(t, _("the programs on this PC have too many files open%s. Close some of them and try again."), CAUSE(f, a));
		return true;
	case ENOMEM:
		fprintf(t, _("not enough free memory%s. Close other programs and try again."), CAUSE(f, a));
		return true;
	case EAGAIN:
		if (is_start(f))
			fprintf(t,
			    _("this PC runs as many programs as it allows%s, so no more can be started. Close some of them and try "
			      "again."),
			    CAUSE(f, a));
		return is_start(f);
	case ENOSYS:
		fprintf(t,
		    _("this PC's system cannot do what oncestick needs%s: it is too old, or a container forbids it. Use another "
		      "PC, or work outside the container."),
		    CAUSE(f, a));
		return true;
	default:
		return false;
	}
}

/* What trial_run found out before anything was spent. */
static bool
is_trial(const struct fault *f)
{
	return f->why == WHY_TRIAL_REFUSED || f->why == WHY_TRIAL_KILLED || f->why == WHY_TRIAL_SLOW;
}

static void
s_trial_refused(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("an open folder would fail on this PC: the system here needs something that oncestick gives up once a folder is "
	      "open%s. Install the newest oncestick, or use another PC; if the newest one says this too, report it with this "
	      "line."),
	    REASON(f, a));
}

static void
s_trial_killed(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("the trial run of an open folder was killed%s. Is there enough free memory? Close other programs and try again."),
	    REASON(f, a));
}

static void
s_trial_slow(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("the trial run of an open folder took too long. Try another USB port, or wait until this PC is less busy, and try "
	      "again."));
}

static void
s_fail(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("something failed that should not have%s. Try again; if it fails again, report it with this line."), CAUSE(f, a));
}

static void
s_usage(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("oncestick cannot do it this way%s. 'oncestick --help' shows what it can do."), CAUSE(f, a));
}

static void
s_not_ours(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("oncestick did not write %s: the stick's record that belongs beside it is missing. Nothing was changed. Rename that "
	      "folder, or use another stick."),
	    SAFE(f->object));
}

static void
s_no_stick(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const char *object = object_of(f, a);

	fprintf(t,
	    _("there is no locked stick at %s: it has no directory ONCE. Plug the stick in, wait until it is mounted, and name the "
	      "directory where it is."),
	    object != NULL ? SAFE(object) : _("the place you named"));
}

/* Somebody added so many entries that the one we need may not be found among them. */
static void
s_crowded(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	/* TRANSLATORS: a stick, in words; a directory on it; the name of a file */
	fprintf(t,
	    _("%s has more in %s than oncestick looks through, and more than it ever writes: what you need may be among the rest. "
	      "Directories there without a file %s are of no use: remove them, then try again."),
	    STICK(f, a), SAFE(f->object), f->why == WHY_CROWDED_BUNDLES ? STICK_MANIFEST_FILE : STICK_GRANT_FILE);
	if (a->code)
		add_call(t, a);
}

static void
s_stick_damaged(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("%s is damaged: neither copy of its own record can be used%s. It can no longer be opened; ask the issuer to prepare "
	      "another."),
	    STICK(f, a), CAUSE(f, a));
	if (a->code)
		add_call(t, a);
}

static void
s_no_grant(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (a->info != NULL && a->info->newer > 0) {
		fprintf(t, _("%s was made by a newer oncestick. Install the newest version here, or use another PC."), STICK(f, a));
		return;
	}
	if (a->info == NULL || a->info->skipped == 0)
		fprintf(t,
		    _("%s has nothing on it that a code could open%s. It has to be prepared again."), STICK(f, a), CAUSE(f, a));
	else if (a->info->grants == 0)
		fprintf(t, _("%s has a lecture whose signed description is damaged, and no other%s. It has to be prepared again."),
		    STICK(f, a), CAUSE(f, a));
	else if (a->code)
		fprintf(t,
		    _("%s has a lecture whose signed description is damaged; the code may belong to it%s. It has to be prepared "
		      "again."),
		    STICK(f, a), CAUSE(f, a));
	else
		fprintf(t, _("%s has a lecture whose signed description is damaged%s. It has to be prepared again."), STICK(f, a),
		    CAUSE(f, a));
	if (a->code)
		add_call(t, a);
}

static void
s_issuers_differ(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("%s has lectures of several issuers on it, so we cannot tell whose it is. It has to be prepared again."),
	    STICK(f, a));
}

static void
s_issuer(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	char print[FINGERPRINT_SIZE];

	if (a->info != NULL && !a->info->issuer_known && a->code) {
		keytree_fingerprint(print, a->info->issuer);
		fprintf(t,
		    _("%s is from issuer %s, which is not trusted on this PC. Ask whoever looks after this PC to add it: oncestick "
		      "station pin FILE."),
		    STICK(f, a), print);
		return;
	}
	fprintf(t, _("%s belongs to another issuer%s; it was left as it is. Use another stick, or, if you are sure, empty this one "
		 "first."),
	    STICK(f, a), REASON(f, a));
}

static void
s_no_codes(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("not enough codes are left on %s%s; none was handed out. Make more: oncestick refill STICK."),
	    STICK(f, a), CAUSE(f, a));
}

static void
s_stick_busy(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("somebody is using a code of %s on this PC right now, or writing to it. Wait until that is done, then try again."),
	    STICK(f, a));
}

static void
s_code_form(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	int kind = a->typed == NULL ? 0 : code_looks_like_id(a->typed, strlen(a->typed));

	(void)f;
	if (kind == 2)
		fprintf(t,
		    _("\"%s\" is the name of an issuer, not a code; a code looks like HNSB-PDT3-5TA5-MCEM."), SAFE(a->typed));
	else if (kind != 0 && strchr(a->typed, '/') != NULL)
		fprintf(t, _("\"%s\" is the name of a code, not a code; a code looks like HNSB-PDT3-5TA5-MCEM."), SAFE(a->typed));
	else if (kind != 0)
		fprintf(t, _("\"%s\" is the name of a stick, not a code; a code looks like HNSB-PDT3-5TA5-MCEM."), SAFE(a->typed));
	else
		fprintf(t, "%s", _("this is not a code: a code has 16 letters and digits, like HNSB-PDT3-5TA5-MCEM."));
}

static void
s_code_typo(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	if (a->group < 1 || a->group > 4)
		fprintf(t, "%s", _("typing error, but we cannot tell where; compare all four groups."));
	else if (a->group_text != NULL)
		/* TRANSLATORS: a code has four groups of four letters and digits; the group's number, and what was typed for it */
		fprintf(t, _("typing error, probably in group %d \"%.4s\"; compare all four."), a->group, a->group_text);
	else
		fprintf(t, _("typing error, probably in group %d; compare all four."), a->group);
}

static void
s_code_kind(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("this is the other kind of code: what is needed here is the code that opens a stick, not the one that is read out "
	      "over the telephone."));
}

static void
s_code_unknown(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("this is a code, but not for %s. Is this the right stick?"), STICK(f, a));
	if (a->code)
		add_call(t, a);
}

static void
s_prompt(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (f->object[0] != '\0')
		fprintf(t, _("there was no answer%s. Start again."), CAUSE(f, a));
	else
		fprintf(t, "%s", _("cancelled."));
}

static void
s_spent(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	bool here = a->info != NULL && a->info->spent_here;

	(void)f;
	if (a->info != NULL && a->info->over_by_clock)
		fprintf(t,
		    _("the session of this code began on %s on this PC, and by this PC's clock, which says %s, it is over. If the "
		      "clock is wrong, set it and type the code again: nothing was closed. If it is right, the code is used up: a "
		      "code opens one lecture."),
		    TIME(a->info->spent_at), TIME(a->info->clock.now));
	else if (a->info != NULL && a->info->spent_known && here)
		fprintf(t, _("this code was used on %s on this PC; a code opens one lecture."), TIME(a->info->spent_at));
	else if (a->info != NULL && a->info->spent_known)
		fprintf(t, _("this code was used on %s, on another PC or by another user of this one; a code opens one lecture."),
		    TIME(a->info->spent_at));
	else if (here)
		fprintf(t, "%s", _("this code was used before on this PC; a code opens one lecture."));
	else
		fprintf(t, "%s", _("this code was used before; a code opens one lecture."));
	add_ask_another(t, a);
}

static void
s_revoked(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	fprintf(t, "%s", _("this code was revoked by the issuer and no longer opens anything."));
	add_ask_another(t, a);
}

static void
add_clock(FILE *t, const struct faultsay_about *a)
{
	const struct clock_view *v = &a->info->clock;

	if (v->t != v->now && v->t == v->floor)
		fprintf(t, _(" This PC's clock says %s, but the stick was written later than that, so the clock is wrong: set it."),
		    TIME(v->now));
	else
		fprintf(t, _(" This PC's clock says %s."), TIME(v->now));
}

static void
s_early(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	if (a->info == NULL) {
		fprintf(t, "%s", _("too early: this code opens later."));
		return;
	}
	fprintf(t, _("too early: this code opens from %s on."), TIME(a->info->not_before));
	add_clock(t, a);
}

static void
s_expired(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const struct clock_view *v = a->info == NULL ? NULL : &a->info->clock;

	(void)f;
	if (v == NULL) {
		fprintf(t, "%s", _("this code has expired."));
		add_ask_another(t, a);
		return;
	}
	fprintf(t, _("this code has expired: it could be used until %s."), TIME(a->info->expires));
	if (v->t == v->high && v->now < a->info->expires && v->floor < a->info->expires) {
		fprintf(t,
		    _(" This PC's clock says %s, but this PC has already seen %s. If that was wrong: oncestick station "
		      "reset-clock."),
		    TIME(v->now), TIME(v->high));
		return;
	}
	add_clock(t, a);
	add_ask_another(t, a);
}

static void
s_notice_missing(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (a->info != NULL && a->info->notice_min != 0)
		fprintf(t,
		    _("the list of revoked codes on %s is missing or older than it was when the stick was prepared (number %u or "
		      "later is needed). The issuer can put it back: oncestick revoke --at STICK."),
		    STICK(f, a), a->info->notice_min);
	else
		fprintf(t,
		    _("the list of revoked codes on %s is missing or older than it was when the stick was prepared. The issuer can "
		      "put it back: oncestick revoke --at STICK."),
		    STICK(f, a));
	add_call(t, a);
}

static void
s_slot_damaged(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("the record of this code on %s is damaged%s."), STICK(f, a), CAUSE(f, a));
	if (a->info == NULL || !a->info->spent_now)
		fprintf(t, "%s", _(" Try another USB port; if that does not help, use another code for this stick."));
	add_call(t, a);
}

static void
s_busy(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const char *object = object_of(f, a);

	if (a->code && a->info != NULL && a->info->busy_where[0] != '\0')
		fprintf(t,
		    _("this code is in use on this PC: its folder is open at %s. Carry on there, or end it: oncestick unmount."),
		    SAFE(a->info->busy_where));
	else if (a->code && a->info != NULL)
		fprintf(t, "%s",
		    _("another oncestick on this PC is just opening this code. Wait for it: oncestick status."));
	else
		fprintf(t, _("another program is using %s%s. Wait until it is done, or end it, and try again."),
		    object != NULL ? SAFE(object) : _("the stick"), REASON(f, a));
}

/*
 * Whether the folder was closed, or the code claimed, before the memory failed. If so, the memory still knows a session that can go
 * on.
 */
static bool
goes_on(const struct fault *f, const struct faultsay_about *a)
{
	if (f->err != E_STATION)
		return false;
	if (a->code)
		return a->info != NULL && a->info->spent_now;
	return f->why == WHY_ENDED;
}

/* Whether the disk failed to read a file, as reported by sql_failed. */
static bool
unreadable(const struct fault *f)
{
	return f->sys == EIO || f->sys == ENXIO || f->sys == ERANGE;
}

static void
s_no_sockets(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("this PC's memory of used codes cannot be in %s: the file system there keeps neither permissions nor sockets. Set "
	      "ONCESTICK_STATION_DIR to a directory on this PC's own disk."),
	    SAFE(f->object));
}

static void
s_station(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (goes_on(f, a) && a->code)
		fprintf(t,
		    _("this PC's memory of used codes cannot be written%s. Make room, or fix the permissions of that directory. "
		      "The code is not lost: it continues here, on this PC, once that is done."),
		    CAUSE(f, a));
	else if (goes_on(f, a))
		fprintf(t,
		    _("the folder is closed, but this PC's memory of used codes cannot be written%s. Make room, or fix the "
		      "permissions of that directory. The code is not lost: it continues here, on this PC, once that is done."),
		    CAUSE(f, a));
	else if (unreadable(f))
		fprintf(t,
		    _("this PC's disk is failing where its memory of used codes is%s. Nothing opens without that. Have the disk "
		      "checked; a code that was not used yet opens on another PC."),
		    CAUSE(f, a));
	else if (f->sys == EBADMSG)
		fprintf(t,
		    _("this PC's memory of used codes is damaged%s. Nothing opens without it. Restore it from a copy; if there is "
		      "none, move it away: a new one is started, and paused sessions and revoked codes are forgotten."),
		    CAUSE(f, a));
	else
		fprintf(t,
		    _("this PC's memory of used codes cannot be opened or written%s. Nothing opens without it: make room, or fix "
		      "the permissions of that directory."),
		    CAUSE(f, a));
}

static void
s_entries(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("there are 64 lectures on %s, counting remains of some, and that is the limit; 'oncestick prepare --replace' destroys them."),
	    STICK(f, a));
}

static void
s_space(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("it does not fit on %s%s. Remove other files from the stick, but nothing in ONCE, or use a larger one."),
	    STICK(f, a), CAUSE(f, a));
}

static void
s_filesystem(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("%s has a file system that keeps old copies of what is overwritten%s, so a used code would live on. Format it with "
	      "exFAT, FAT32 or ext4."),
	    STICK(f, a), REASON(f, a));
}

static void
s_bundle(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("the media on %s are damaged or not what the issuer signed%s. 'oncestick verify' shows where."),
	    STICK(f, a), CAUSE(f, a));
	if (a->code)
		add_call(t, a);
}

static void
s_before_0_1_0(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("%s was made by a version of oncestick before 0.1.0, which this one cannot read. Ask the issuer to prepare it "
		 "again."),
	    STICK(f, a));
	if (a->code)
		add_call(t, a);
}

static void
s_wrong_stick(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	char usb[CAUSE_MAX] = "";

	if (a->usb != NULL)
		snprintf(usb, sizeof usb, " (%s)", a->usb);
	else
		cause_words(usb, f, a);
	fprintf(t,
	    _("%s is a copy: the code is bound to another USB device than this one%s. Plug in the stick that was handed out, "
	      "directly and not through a card reader."),
	    STICK(f, a), usb);
	add_call(t, a);
}

static void
s_wrong_station(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	fprintf(t, "%s", _("this code opens only on the PC it was made for, and this is another one. Use that PC."));
	add_call(t, a);
}

/* The owner of something that this user may not use, in words. */
static const char *
owner_words(char out[SAFE_MAX], const struct fault *f)
{
	const struct passwd *pw = getpwuid(f->owner);

	if (pw != NULL)
		say_safe(out, SAFE_MAX, pw->pw_name);
	else
		/* TRANSLATORS: a user without a name: its number */
		snprintf(out, SAFE_MAX, _("user %u"), f->owner);
	return out;
}

static void
s_no_right(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	struct fault cause = *f;
	char owner[SAFE_MAX];

	cause.step[0] = '\0';
	cause.why = WHY_NONE;
	if (f->owned && f->owner == geteuid())
		fprintf(t, _("you have no permission to use %s%s, though it is yours. To get it back: chmod -R a+rwX ONCE."),
		    STICK(f, a), CAUSE(&cause, a));
	else if (f->owned)
		/* TRANSLATORS: a stick; a file on it and the cause, in parentheses; a user */
		fprintf(t,
		    _("you have no permission to use %s%s: that belongs to %s. If another user's login mounted the stick, eject it "
		      "there and plug it in again here. Otherwise ask its owner or root to give the permission back: chmod -R "
		      "a+rwX ONCE."),
		    STICK(f, a), CAUSE(&cause, a), owner_words(owner, f));
	else
		fprintf(t,
		    _("you have no permission to use %s%s. If another user's login mounted the stick, eject it there and plug it "
		      "in again here. Otherwise ask root to give the permission back: chmod -R a+rwX ONCE."),
		    STICK(f, a), CAUSE(&cause, a));
}

static bool
no_right(const struct fault *f)
{
	return f->sys == EACCES || f->sys == EPERM;
}

static void
s_readonly(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const struct fault cause = {.sys = f->sys};

	if (no_right(f))
		s_no_right(t, f, a);
	else if (a->code)
		fprintf(t,
		    _("%s cannot be written%s, but that is where a code is used up. Is there a write-protect switch, or is it "
		      "mounted read-only?"),
		    STICK(f, a), CAUSE(&cause, a));
	else
		fprintf(t, _("%s cannot be written%s. Is there a write-protect switch, or is it mounted read-only?"), STICK(f, a),
		    CAUSE(&cause, a));
}

static void
s_irregular(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("%s is damaged, or was tampered with: %s is not the plain file that it should be. It has to be prepared again."),
	    STICK(f, a), SAFE(f->object));
	if (a->code)
		add_call(t, a);
}

static void
s_forgets(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("%s does not keep what is written to it: it is worn out, or smaller than it claims. Use another stick."),
	    STICK(f, a));
}

static void
s_stick_io(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (no_right(f))
		s_no_right(t, f, a);
	else if (f->sys == EFBIG)
		fprintf(t,
		    _("a file on %s may not become as large as it has to%s. Lift the limit of this login ('ulimit -f unlimited'), "
		      "or use a stick with another file system."),
		    STICK(f, a), CAUSE(f, a));
	else if (f->sys == ENOSPC)
		fprintf(t,
		    _("reading or writing %s failed%s. Something else has filled it up meanwhile: make room on it, or use another "
		      "stick."),
		    STICK(f, a), CAUSE(f, a));
	else
		fprintf(t,
		    _("reading or writing %s failed%s. If it was pulled out, put it back; otherwise try another USB port. If that "
		      "fails too, the stick is worn out."),
		    STICK(f, a), CAUSE(f, a));
}

static void
s_ledger(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("the issuer's ledger does not answer%s. Check the network and type the same code again, on this PC."),
	    CAUSE(f, a));
	add_call(t, a);
}

static void
s_rollback(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("this PC's memory of used codes is older than it should be%s: it was restored from a copy. The PC has to be enrolled "
	      "again."),
	    CAUSE(f, a));
}

static void
s_home(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const struct faultsay_about nothing = {0};

	(void)a;
	fprintf(t,
	    _("there is no home directory to open a folder in%s. Name an empty folder of your own: oncestick mount STICK "
	      "DIR."),
	    REASON(f, &nothing));
}

static void
s_mtab(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("the folder could not be closed again: fusermount3 needs /etc/mtab, and there is none. Ask whoever looks after this "
	      "PC to make it, as root: ln -s /proc/self/mounts /etc/mtab."));
}

static void
s_libfuse(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("this PC's libfuse is not one that this oncestick was built for: sizes and dates of files would be wrong. Ask "
	      "whoever looks after this PC to build oncestick again here."));
}

static void
s_helper_says(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	/* TRANSLATORS: a line of that program's, in English */
	fprintf(t, _("the folder cannot be mounted. fusermount3 says: %s."), SAFE(f->object));
}

static void
s_helper_keeps(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	/* TRANSLATORS: a line of that program's, in English */
	fprintf(t, _("the folder cannot be closed. fusermount3 says: %s. To end the lecture anyway: oncestick unmount --force."),
	    SAFE(f->object));
}

static void
s_no_fuse(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("the folder cannot be mounted%s. This needs /dev/fuse and the fuse3 package; run 'oncestick rehearse' to check."),
	    CAUSE(f, a));
}

/* Why a directory cannot be a mount point. */
static const char *
objection(const struct fault *f)
{
	if (telling[f->why] != NULL)
		return _(telling[f->why]);
	return f->sys != 0 ? strerror(f->sys) : _("nothing can be mounted there");
}

static void
s_place(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	/* TRANSLATORS: a folder, and what speaks against it, such as "not yours" */
	fprintf(t,
	    _("the folder cannot be opened at %s: %s. Name an empty folder of your own, or none to get a new one in your home "
	      "directory."),
	    SAFE(f->object), objection(f));
}

static void
s_fuse(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (f->object[0] != '\0' && f->sys != 0)
		s_place(t, f, a);
	else
		s_no_fuse(t, f, a);
}

static void
s_passphrase_memory(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("not enough free memory to open the keystore, which takes %s. Close other programs and try again."), f->object);
}

static void
s_making_memory(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s", _("not enough free memory to make codes. Close other programs and try again."));
}

static void
s_memory(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s", _("not enough free memory to check a code. Close other programs and try again."));
}

static void
s_mounted(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const char *object = object_of(f, a);

	fprintf(t, _("%s is not a folder that oncestick opened. 'oncestick status' lists the open ones."),
	    object != NULL ? SAFE(object) : _("that"));
}

static void
s_refill(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const char *object = object_of(f, a);

	fprintf(t, _("%s does not fit this stick: it was made for another."), object != NULL ? SAFE(object) : _("this file"));
}

static void
s_refill_changed(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	fprintf(t, _("%s was changed on the way, or damaged. Nothing was done; ask for it to be sent again."),
	    a->object != NULL ? SAFE(a->object) : _("this file"));
}

static void
s_refill_newer(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	fprintf(t, _("%s was made by a newer program. Install the newest version."),
	    a->object != NULL ? SAFE(a->object) : _("this file"));
}

static void
s_refill_gone(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("the lecture that these codes are for, \"%s\", is not on this stick any more. Nothing was done; tell whoever sent "
	      "them."),
	    SAFE(f->object));
}

static void
s_refill_used(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	const char *object = object_of(f, a);

	fprintf(t,
	    _("%s was accepted on this stick before, or a later one was: each works once. For more codes, ask for a new file."),
	    a->object != NULL ? SAFE(a->object) : object != NULL ? SAFE(object) : _("this file"));
}

static void
s_unsteady(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("%s is still changing, or was a moment ago. Wait until it is finished, and run prepare again; without --strict this "
	      "is only a warning."),
	    f->object[0] != '\0' ? SAFE(f->object) : _("the folder"));
}

static void
s_source(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	struct fault cause = *f;

	cause.object[0] = '\0';
	fprintf(t,
	    _("%s cannot be packed%s. Only regular files and folders can be; remove it or fix its permissions, and run prepare "
		 "again."),
	    f->object[0] != '\0' ? SAFE(f->object) : _("the folder"), CAUSE(&cause, a));
}

/* This comes from init, so running init cannot be the remedy. */
static void
s_keystore_not_made(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("the issuer's keystore cannot be made%s. Fix that, or name another directory in ONCESTICK_ISSUER_DIR."),
	    CAUSE(f, a));
}

static void
s_keystore_damaged(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t, _("the issuer's keystore cannot be used%s: it is damaged, or not a keystore. Restore it from your copy."),
	    CAUSE(f, a));
}

static void
s_keystore(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (no_right(f))
		fprintf(t,
		    _("you have no permission to use the issuer's keystore%s. Log in as the user who made it, or name your own in "
		      "ONCESTICK_ISSUER_DIR."),
		    CAUSE(f, a));
	else if (unreadable(f))
		fprintf(t,
		    _("the disk is failing where the issuer's keystore is%s. Have it checked, then restore that directory from "
			 "your copy."),
		    CAUSE(f, a));
	else
		fprintf(t,
		    _("the issuer's keystore cannot be used%s. 'oncestick init' makes one; ONCESTICK_ISSUER_DIR says where it "
		      "is."),
		    CAUSE(f, a));
}

static void
s_passphrase(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("this is not the issuer's passphrase. Is caps lock on, or is it a different keyboard layout?"));
}

static void
s_behind(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s",
	    _("the issuer's books are an older copy, and do not know which codes were handed out since it was made: nothing is made or "
	      "handed out from them. Put the newer books back if you have them. If not: oncestick restore --adopt; every code that is "
	      "ready counts as handed out then."));
}

static void
s_backup_file(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	char safe[SAFE_MAX];

	say_safe(safe, sizeof safe, a->object != NULL ? a->object : f->object);
	if (f->sys == EEXIST)
		fprintf(t, _("%s is there already and is never overwritten: name a new file."), safe);
	else
		/* TRANSLATORS: a file; why, in the system's words */
		fprintf(t,
		    _("%s cannot be written: %s. Name a file in another place, or make room there."), safe, strerror(f->sys));
}

static void
s_no_backup(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	char safe[SAFE_MAX];

	say_safe(safe, sizeof safe, a->object != NULL ? a->object : f->object);
	if (f->sys == EBADMSG || f->sys == 0)
		fprintf(t, _("%s is damaged, or no backup of an issuer; nothing was written. Take an older backup."), safe);
	else
		/* TRANSLATORS: a file; why, in the system's words */
		fprintf(t, _("%s cannot be read: %s. Nothing was written."), safe, strerror(f->sys));
}

static void
s_there(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t,
	    _("there is an issuer in %s already, or its books, and they are never overwritten. Move that directory away, or name "
	      "another one in ONCESTICK_ISSUER_DIR."),
	    SHORT(f->object));
}

static void
s_newer(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)a;
	fprintf(t, _("%s was made by a newer program. Install the newest version."), SAFE(f->object));
}

static void
s_old_books(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	fprintf(t,
	    _("the issuer's books were written by an older oncestick, and cannot be brought up to date here, since you may not "
	      "write them%s. Run 'oncestick codes' once as the user who made them; then they can be read here, too."),
	    CAUSE(f, a));
}

static void
s_books(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	if (f->sys == ENOENT)
		fprintf(t, "%s",
		    _("there is a keystore, but no books beside it: restore books.sqlite from your copy, or, if there is none, "
		      "collect every stick: 'oncestick collect STICK' starts new books."));
	else if (no_right(f))
		fprintf(t,
		    _("you have no permission to use the issuer's books%s. Log in as the user who made them, or name your own in "
		      "ONCESTICK_ISSUER_DIR."),
		    CAUSE(f, a));
	else if (unreadable(f))
		fprintf(t,
		    _("the disk is failing where the issuer's books are%s. What is not in them was not done. Have the disk "
		      "checked, then restore that directory from your copy."),
		    CAUSE(f, a));
	else if (f->sys == EBUSY)
		fprintf(t,
		    _("another oncestick is still writing in the issuer's books, though we waited%s. What is not in them was not "
		      "done. Try again when it has finished."),
		    CAUSE(f, a));
	else if (f->sys == EBADMSG)
		fprintf(t,
		    _("the issuer's books are damaged%s. Restore that directory from your copy, then collect the sticks, which "
		      "know what was used since."),
		    CAUSE(f, a));
	else
		fprintf(t,
		    _("the issuer's books cannot be opened or written%s. What is not in them was not done. Is the disk full?"),
		    CAUSE(f, a));
}

static void
s_interrupted(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	(void)f;
	(void)a;
	fprintf(t, "%s", _("interrupted."));
}

/*
 * An error with a why that has no sentence of its own is reported like one without. NULL: a file that knows more puts it into words
 * before it comes here: issuing.c, cmd_issue.c, preparing.c, cmd_play.c.
 */
static const struct {
	enum err err;
	enum why why;
	sentence *say;
} sentences[] = {
	{E_FAIL, WHY_NONE, s_fail},
	{E_FAIL, WHY_FORK, s_fail},
	{E_FAIL, WHY_THREAD, s_fail},
	{E_FAIL, WHY_STRETCHING, s_fail},
	{E_FAIL, WHY_TRIAL_REFUSED, s_trial_refused},
	{E_FAIL, WHY_TRIAL_KILLED, s_trial_killed},
	{E_FAIL, WHY_TRIAL_SLOW, s_trial_slow},
	{E_USAGE, WHY_NONE, s_usage},
	{E_USAGE, WHY_ALIKE, NULL},
	{E_USAGE, WHY_STILL_OUT, NULL},
	{E_USAGE, WHY_NOT_BLANK, NULL},
	{E_USAGE, WHY_LOSS, NULL},
	{E_USAGE, WHY_WHICH_LECTURE, NULL},
	{E_NO_STICK, WHY_NONE, s_no_stick},
	{E_NO_STICK, WHY_NOT_OURS, s_not_ours},
	{E_STICK_DAMAGED, WHY_NONE, s_stick_damaged},
	{E_STICK_DAMAGED, WHY_CROWDED_GRANTS, s_crowded},
	{E_STICK_DAMAGED, WHY_CROWDED_BUNDLES, s_crowded},
	{E_NO_GRANT, WHY_NONE, s_no_grant},
	{E_NO_GRANT, WHY_CROWDED_GRANTS, s_crowded},
	{E_NO_GRANT, WHY_NO_LECTURE, NULL},
	{E_ISSUER, WHY_NONE, s_issuer},
	{E_ISSUER, WHY_ISSUERS_DIFFER, s_issuers_differ},
	{E_NO_CODES, WHY_NONE, s_no_codes},
	{E_NO_CODES, WHY_NONE_LEFT, NULL},
	{E_NO_CODES, WHY_TOO_FEW, NULL},
	{E_STICK_BUSY, WHY_NONE, s_stick_busy},
	{E_CODE_FORM, WHY_NONE, s_code_form},
	{E_CODE_TYPO, WHY_NONE, s_code_typo},
	{E_CODE_KIND, WHY_NONE, s_code_kind},
	{E_CODE_UNKNOWN, WHY_NONE, s_code_unknown},
	{E_PROMPT, WHY_NONE, s_prompt},
	{E_SPENT, WHY_NONE, s_spent},
	{E_REVOKED, WHY_NONE, s_revoked},
	{E_EARLY, WHY_NONE, s_early},
	{E_EXPIRED, WHY_NONE, s_expired},
	{E_NOTICE_MISSING, WHY_NONE, s_notice_missing},
	{E_SLOT_DAMAGED, WHY_NONE, s_slot_damaged},
	{E_BUSY, WHY_NONE, s_busy},
	{E_STATION, WHY_NONE, s_station},
	{E_STATION, WHY_NEWER, s_newer},
	{E_STATION, WHY_NO_SOCKETS, s_no_sockets},
	{E_STATION, WHY_NO_HOME, s_station},
	{E_STATION, WHY_ENDED, s_station},
	{E_SPACE, WHY_NONE, s_space},
	{E_SPACE, WHY_ENTRIES, s_entries},
	{E_SPACE, WHY_TOO_SMALL, NULL},
	{E_FILESYSTEM, WHY_NONE, s_filesystem},
	{E_BUNDLE, WHY_NONE, s_bundle},
	{E_BUNDLE, WHY_BEFORE_0_1_0, s_before_0_1_0},
	{E_WRONG_STICK, WHY_NONE, s_wrong_stick},
	{E_WRONG_STICK, WHY_NOT_BOUND, NULL},
	{E_WRONG_STICK, WHY_NO_IDENTITY, NULL},
	{E_WRONG_STATION, WHY_NONE, s_wrong_station},
	{E_READONLY, WHY_NONE, s_readonly},
	{E_STICK_IO, WHY_NONE, s_stick_io},
	{E_STICK_IO, WHY_IRREGULAR, s_irregular},
	{E_STICK_IO, WHY_FORGETS, s_forgets},
	{E_LEDGER, WHY_NONE, s_ledger},
	{E_ROLLBACK, WHY_NONE, s_rollback},
	{E_FUSE, WHY_NONE, s_fuse},
	{E_FUSE, WHY_MISSING, s_place},
	{E_FUSE, WHY_NOT_DIRECTORY, s_place},
	{E_FUSE, WHY_NOT_EMPTY, s_place},
	{E_FUSE, WHY_NOT_READABLE, s_place},
	{E_FUSE, WHY_NOT_WRITABLE, s_place},
	{E_FUSE, WHY_NOT_YOURS, s_place},
	{E_FUSE, WHY_MOUNTED, s_place},
	{E_FUSE, WHY_TAKES_NO_MOUNT, s_place},
	{E_FUSE, WHY_MOUNT_REFUSED, s_place},
	{E_FUSE, WHY_HOME, s_home},
	{E_FUSE, WHY_FUSE_DEVICE, s_no_fuse},
	{E_FUSE, WHY_NO_FUSE, s_no_fuse},
	{E_FUSE, WHY_NO_HELPER, s_no_fuse},
	{E_FUSE, WHY_HELPER_SAYS, s_helper_says},
	{E_FUSE, WHY_HELPER_KEEPS, s_helper_keeps},
	{E_FUSE, WHY_MTAB, s_mtab},
	{E_FUSE, WHY_LIBFUSE, s_libfuse},
	{E_FUSE, WHY_NAMESPACE, NULL},
	{E_MEMORY, WHY_NONE, s_memory},
	{E_MEMORY, WHY_PASSPHRASE, s_passphrase_memory},
	{E_MEMORY, WHY_STRETCHING, s_making_memory},
	{E_MOUNTED, WHY_NONE, s_mounted},
	{E_REFILL, WHY_NONE, s_refill},
	{E_REFILL, WHY_OTHER_STICK, s_refill},
	{E_REFILL, WHY_CHANGED, s_refill_changed},
	{E_REFILL, WHY_NEWER, s_refill_newer},
	{E_REFILL, WHY_LECTURE_GONE, s_refill_gone},
	{E_REFILL_USED, WHY_NONE, s_refill_used},
	{E_SOURCE, WHY_NONE, s_source},
	{E_SOURCE, WHY_DEVICE, s_source},
	{E_SOURCE, WHY_FIFO, s_source},
	{E_SOURCE, WHY_SOCKET, s_source},
	{E_SOURCE, WHY_SYMLINK, s_source},
	{E_SOURCE, WHY_TOO_LARGE, s_source},
	{E_SOURCE, WHY_TOO_MANY, s_source},
	{E_SOURCE, WHY_UNSTEADY, s_unsteady},
	{E_KEYSTORE, WHY_NONE, s_keystore},
	{E_KEYSTORE, WHY_MAKE_DIR, s_keystore_not_made},
	{E_KEYSTORE, WHY_MAKE_FILE, s_keystore_not_made},
	{E_KEYSTORE, WHY_MAKE_DURABLE, s_keystore_not_made},
	{E_KEYSTORE, WHY_NO_FORMAT, s_keystore_damaged},
	{E_KEYSTORE, WHY_OTHER_KEY, s_keystore_damaged},
	{E_KEYSTORE, WHY_THERE, s_there},
	{E_PASSPHRASE, WHY_NONE, s_passphrase},
	{E_BOOKS, WHY_NONE, s_books},
	{E_BOOKS, WHY_NEWER, s_newer},
	{E_BOOKS, WHY_OLD_BOOKS, s_old_books},
	{E_BOOKS, WHY_BEHIND, s_behind},
	{E_BOOKS, WHY_BACKUP_FILE, s_backup_file},
	{E_USAGE, WHY_BACKUP_FILE, s_backup_file},
	{E_BOOKS, WHY_NO_BACKUP, s_no_backup},
	{E_INTERRUPTED, WHY_NONE, s_interrupted},
};

static sentence *
sentence_of(enum err err, enum why why)
{
	sentence *found = s_fail;

	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
		if (sentences[i].err == err && sentences[i].why == why && sentences[i].say != NULL)
			return sentences[i].say;
		if (sentences[i].err == err && sentences[i].why == WHY_NONE)
			found = sentences[i].say;
	}
	return found;
}

static void
add_spent(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	bool in_use = f->err == E_BUSY && a->info != NULL;

	if (f->err == E_FAIL && is_trial(f) && !a->code)
		fprintf(t, "%s", _(" Nothing was spent."));
	if (!a->code || in_use || goes_on(f, a) || f->err == E_SPENT || f->err == E_REVOKED)
		return;
	if (a->info != NULL && a->info->spent_now)
		fprintf(t, "%s",
		    _(" The code is not used up: type the same code again here, on this PC. Do not try it elsewhere."));
	else if (a->info != NULL && a->info->resume)
		fprintf(t, "%s", _(" The session of this code on this PC is not over."));
	else
		fprintf(t, "%s", _(" Nothing was spent."));
}

static void
write_sentence(FILE *t, const struct fault *f, const struct faultsay_about *a)
{
	char *own = f->why == WHY_SAID ? strdup(f->said) : issuersay(f);
	char *safe = NULL;

	if (own == NULL)
		own = hostsay(f);
	if (own != NULL)
		safe = human_escape(own, strlen(own));
	if (safe != NULL)
		fputs(safe, t);
	else if (f->err == E_MEMORY || goes_on(f, a) || !s_run_out(t, f, a))
		sentence_of(f->err, f->why)(t, f, a);
	free(safe);
	free(own);
	add_spent(t, f, a);
}

char *
faultsay(const struct fault *f, const struct faultsay_about *about)
{
	static const struct faultsay_about nothing = {0};
	char *text = NULL;
	size_t n = 0;
	FILE *t = open_memstream(&text, &n);

	if (t == NULL)
		return NULL;
	write_sentence(t, f, about != NULL ? about : &nothing);
	if (fclose(t) == 0)
		return text;
	free(text);
	return NULL;
}

json_t *
faultsay_json(const struct fault *f, const struct faultsay_about *about)
{
	locale_t before = text_english();
	char *text = faultsay(f, about);
	json_t *v = text != NULL ? say_json_text(text) : NULL;

	text_again(before);
	free(text);
	return v;
}

json_t *
faultsay_json_stick(const char *path, json_t *found, const struct fault *f)
{
	json_t *o = json_object();

	if (path != NULL)
		json_object_set_new(o, "path", say_json_text(path));
	json_object_set_new(o, "ok", json_boolean(f->err == E_OK));
	if (found != NULL)
		json_object_update_missing(o, found);
	json_decref(found);
	if (f->err == E_OK)
		return o;
	json_object_set_new(o, "error", json_string(err_name(f->err)));
	json_object_set_new(o, "status", json_integer((json_int_t)f->err));
	json_object_set_new(o, "message", faultsay_json(f, &(struct faultsay_about){.object = path}));
	return o;
}

enum err
faultsay_error(const struct cli *c, const struct fault *f, const struct faultsay_about *about)
{
	struct fault copy = *f;
	char *text = NULL;

	if (copy.err == E_OK)
		copy.err = E_FAIL;
	text = faultsay(&copy, about);
	say_refusal(c, copy.err, text != NULL ? text : strerror(ENOMEM));
	free(text);
	return copy.err;
}
