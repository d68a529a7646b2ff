/*
 * cmd_refill.c - make more codes for a lecture that is already on a stick.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "human.h"
#include "issuing.h"
#include "keytree.h"
#include "newfile.h"
#include "opt.h"
#include "policyarg.h"
#include "refill.h"
#include "reporting.h"
#include "several.h"
#include "stickarg.h"
#include "text.h"
#include "usbsay.h"
#include "when.h"

/* One stick. */
struct run {
	struct cli c; /* for what is said of it */
	char about[STICKARG_ABOUT];
	const char *stick; /* the operand, or NULL */
	const char *output; /* the file, for a stick that is away; NULL: the stick is here */
	struct issuing_stick away;
	struct newfile file;
	struct place at;
	struct reporting reporting;
	struct refill r;
	struct fault *fault; /* it got no codes */
};

struct all {
	const struct cli *c;
	const char *output;
	struct policyarg policy;
	struct refill wanted; /* what each is to get */
	struct issuer issuer;
	struct run *runs;
	struct fault *faults; /* of each of them */
	struct several_place *places;
	size_t count;
};

/* ---- why it is refused: where a path is not enough to say it ---------------------------------------------------------------- */

static void
no_identity(const struct cli *c, struct fault *out, const struct refill *r)
{
	char shown[USB_SHOWN_SIZE];

	usbsay_show(shown, r->identity.found ? &r->identity.device : NULL);
	if (r->bind_usb)
		say_fault(c, out, E_WRONG_STICK,
		    _("codes cannot be bound to the device of %s: %s. Use another stick, or leave out --bind-usb."), r->path,
		    shown);
	else
		say_fault(c, out, E_WRONG_STICK,
		    _("the codes of this lecture open on one USB device only, and %s is on none: %s. Plug in the stick itself."),
		    r->path, shown);
}

static enum err
word(const struct cli *c, const struct refill *r, const struct fault *why, struct fault *f)
{
	if (why->why == WHY_NO_IDENTITY)
		no_identity(c, f, r);
	else if (why->why == WHY_NOT_BOUND)
		say_fault(c, f, E_WRONG_STICK,
		    _("codes cannot be bound to stick %s while it is away: the books do not know its USB device. With the stick in hand: "
		      "oncestick refill STICK --bind-usb."),
		    r->path);
	else if (why->why == WHY_NO_LECTURE && r->fd < 0)
		say_fault(c, f, E_NO_GRANT,
		    _("the books have no lecture \"%s\" on stick %s; 'oncestick codes %s' lists those there are."),
		    r->lectures.wanted, r->path, r->path);
	else if (why->err == E_NO_GRANT && r->fd < 0)
		say_fault(c, f, E_NO_GRANT, _("the books have no lecture on stick %s that could get more codes."), r->path);
	else
		(void)issuing_word_lecture(c, &r->lectures, r->path, why, f);
	return f->err;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_run(const struct run *x)
{
	const struct refill *r = &x->r;
	const struct grant *g = &r->grant;
	char name[STICK_NAME_SIZE], stick[2 * ID_SIZE + 1], grant[2 * ID_SIZE + 1], bundle[2 * ID_SIZE + 1];

	keytree_stick_name(name, g->stick_id);
	bytes_to_hex(stick, g->stick_id, ID_SIZE);
	bytes_to_hex(grant, g->id, ID_SIZE);
	bytes_to_hex(bundle, g->bundles[0].id, ID_SIZE);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:i, s:o, s:o, s:i, s:b}", "stick", name, "stick_id", stick, "path",
		x->output == NULL ? say_json_text(r->path) : json_null(), "file",
		x->output != NULL ? say_json_text(x->output) : json_null(), "grant", grant, "bundle", bundle, "label", g->label,
		"codes", (int)g->slots, "not_before", say_json_time(g->policy.not_before), "expires", say_json_time(g->policy.expires), "session_s",
		(int)g->policy.session_s, "bound_to_usb", (int)g->policy.usb);
}

static void
report_run(const struct run *x)
{
	const struct refill *r = &x->r;
	const struct policy *p = &r->grant.policy;
	char name[STICK_NAME_SIZE], from[WHEN_SHOWN], until[WHEN_SHOWN], label[2 * LABEL_MAX], path[512];

	keytree_stick_name(name, r->grant.stick_id);
	when_show_short(from, sizeof from, p->not_before, r->issuer->now);
	when_show_short(until, sizeof until, p->expires, r->issuer->now);
	say_safe(label, sizeof label, r->grant.label);
	if (!x->c.quiet)
		say_lead(&x->c);
	if (!x->c.quiet)
		/* TRANSLATORS: how many codes; label; stick's name; from when to when they open */
		printf(ngettext("%u more code for \"%s\" on stick %s is ready, from %s to %s\n",
			   "%u more codes for \"%s\" on stick %s are ready, from %s to %s\n", r->codes),
		    r->codes, label, name, from, until);
	if (x->output != NULL)
		say_info(&x->c,
		    "they open once %s is on the stick: send it by any way, it is no secret. With the stick in hand, there: oncestick "
		    "accept FILE STICK",
		    say_safe(path, sizeof path, x->output));
	if (p->usb)
		say_info(&x->c, "its codes open only on this USB device, not on a copy");
	say_info(&x->c, "next: oncestick issue %s --to NAME", name);
}

static enum err
report_json(const struct all *a)
{
	json_t *list = NULL;

	if (a->count == 1)
		return a->faults[0].err == E_OK ? say_json(a->c, json_run(&a->runs[0])) : E_OK;
	list = json_array();
	for (const struct run *x = a->runs; x < a->runs + a->count; x++)
		json_array_append_new(
		    list, faultsay_json_stick(x->stick, x->fault->err == E_OK ? json_run(x) : NULL, x->fault));
	return say_json(a->c, json_pack("{s:o}", "sticks", list));
}

static const char *
path_of(const struct run *x)
{
	return x->at.path[0] != '\0' ? x->at.path : x->stick;
}

static enum err
report(const struct all *a)
{
	enum err printed = E_OK;

	if (a->issuer.seed != NULL)
		issuing_warn_list(&a->issuer, a->c);
	if (a->c->json)
		printed = report_json(a);
	for (const struct run *x = a->runs; x < a->runs + a->count; x++) {
		if (x->fault->err != E_OK)
			faultsay_error(&x->c, x->fault, &(struct faultsay_about){.object = path_of(x)});
		else if (!a->c->json)
			report_run(x);
	}
	if (!a->c->json)
		printed = say_stdout(a->c);
	return several_first(several_status(a->faults, a->count), printed);
}

/* ---- doing it -------------------------------------------------------------------------------------------------------------- */

static enum err
keep(void *arg, struct bytes file, struct fault *f)
{
	struct run *x = arg;

	return newfile_begin(&x->file, &x->c, x->output, file, f);
}

/* The books have the codes before the file gets its name, so that no number is ever used twice. */
static enum err
send(struct run *x, struct fault *f)
{
	struct fault why = {0};
	enum err e = refill_away(&x->r, x->away.id, keep, x, &why);

	if (e != E_OK) {
		(void)newfile_end(&x->file, false, NULL);
		return word(&x->c, &x->r, &why, f);
	}
	return newfile_end(&x->file, true, f);
}

static enum err
put(struct run *x, struct fault *f)
{
	struct fault why = {0};
	enum err e = refill_take(&x->r, &why);

	if (e == E_OK)
		e = refill_make(&x->r, &why);
	return e == E_OK ? E_OK : word(&x->c, &x->r, &why, f);
}

/* Find where the stick is mounted or, for one that is away, which stick it is. */
static enum err
find_stick(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *x = &a->runs[k];
	struct refill *r = &x->r;
	enum err e = E_OK;

	if (x->output != NULL) {
		e = issuing_find(&a->issuer, &x->c, x->stick, &x->away, f);
		r->path = x->away.name;
		return e;
	}
	if (x->stick != NULL && issuer_is_name(x->stick) && access(x->stick, F_OK) != 0)
		return say_fault(&x->c, f, E_NO_STICK,
		    _("%s is the name of a stick, not where it is: name the directory, or, if it is away, a file to send after it: -o "
		      "FILE."),
		    x->stick);
	e = stickarg_open(&x->c, &x->at, x->stick, f);
	if (several_look(a->places, k, x->at.fd, x->at.path, f) != E_OK)
		return f->err;
	r->path = x->at.path;
	r->fd = x->at.fd;
	return e;
}

static enum err
make(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *x = &a->runs[k];
	enum err e = E_OK;

	if (x->output != NULL)
		return send(x, f);
	e = put(x, f);
	if (x->c.about != NULL && x->r.p != NULL && x->r.p->stick != NULL)
		stickarg_about(x->about, x->at.path, x->r.p->stick->id);
	return e;
}

/* Fails only for what is not the fault of one stick. */
static enum err
run(struct all *a, struct fault *f)
{
	struct policyarg_times t;
	enum err e = E_OK;

	if ((a->output != NULL && (e = newfile_check(a->c, a->output, f)) != E_OK) ||
	    (e = issuing_open_to_hand_out(&a->issuer, a->c, f)) != E_OK)
		return e;
	stickarg_each(a->c, a->faults, a->count, find_stick, a);
	if (several_stop(a->faults, a->count) != NULL)
		return fault_pass(f, several_stop(a->faults, a->count));
	if (several_fine(a->faults, a->count) == 0)
		return E_OK;
	if ((e = issuing_clock(&a->issuer, a->c, f)) != E_OK)
		return e;
	if (!policyarg_read(a->c, &a->policy, a->issuer.now, &t))
		return E_USAGE;
	for (size_t k = 0; k < a->count; k++) {
		a->runs[k].r.not_before = t.not_before;
		a->runs[k].r.expires = t.expires;
		a->runs[k].r.session_s = t.session_s;
	}
	if ((e = issuing_unlock(&a->issuer, a->c, f)) != E_OK)
		return e;
	stickarg_each(a->c, a->faults, a->count, make, a);
	return E_OK;
}

static enum err
take_sticks(struct all *a, const struct opt_words *words)
{
	size_t count = words->count > 0 ? (size_t)words->count : 1;

	if (a->output != NULL && count > 1)
		return say_usage(a->c, "-o writes one file, for one stick");
	a->runs = calloc(count, sizeof *a->runs);
	a->places = calloc(count, sizeof *a->places);
	a->faults = calloc(count, sizeof *a->faults);
	if (a->runs == NULL || a->places == NULL || a->faults == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	for (; a->count < count; a->count++) {
		struct run *x = &a->runs[a->count];

		x->c = *a->c;
		x->fault = &a->faults[a->count];
		x->stick = words->count > 0 ? words->list[a->count] : NULL;
		x->output = a->output;
		x->at.fd = x->away.at.fd = -1;
		x->r = a->wanted;
		x->r.fd = -1;
		x->r.issuer = &a->issuer;
		x->r.report = reporting_to(&x->reporting, &x->c);
		if (count > 1) {
			stickarg_about(x->about, x->stick, NULL);
			x->c.about = x->about;
		}
	}
	return E_OK;
}

static void
end(struct all *a)
{
	for (size_t k = 0; k < a->count; k++) {
		refill_free(&a->runs[k].r);
		issuing_stick_close(&a->runs[k].away);
		place_close(&a->runs[k].at);
	}
	free(a->runs);
	free(a->places);
	free(a->faults);
	issuer_close(&a->issuer);
}

enum err
cmd_refill(struct cli *c, int argc, char **argv)
{
	struct all a = {.c = c, .wanted = {.codes = 12}, .issuer = {.dir_fd = -1}};
	const struct opt rows[] = {
	    {OPT_NUMBER, "codes", 'n', "N", N_("how many codes to make ready (12)"), &a.wanted.codes, 1, GRANT_SLOTS_MAX},
	    {OPT_TEXT, "output", 'o', "FILE", N_("the stick is away: write them to FILE, to be sent after it"), &a.output, 0, 0},
	    {OPT_TEXT, "lecture", 0, "LABEL|ID", N_("for this lecture, where the stick has several"), &a.wanted.lectures.wanted, 0,
		0},
	    {OPT_TEXT, "not-before", 0, "TIME", N_("codes open from then on (now)"), &a.policy.not_before, 0, 0},
	    {OPT_TEXT, "expires", 0, "TIME", N_("codes open until then (30 days later)"), &a.policy.expires, 0, 0},
	    {OPT_TEXT, "session", 0, "DURATION", N_("how long the folder stays open (8h)"), &a.policy.session, 0, 0},
	    {OPT_FLAG, "bind-usb", 0, NULL, N_("codes open only on the USB device they were written to"), &a.wanted.bind_usb, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"refill [STICK]... [-n N] [OPTION...]\nrefill STICK|ID -o FILE [-n N] [OPTION...]",
	    N_("More codes for a lecture that is locked on STICK already, with times of their own. Its files are neither needed nor "
	       "written again,\n"
	       "and the codes that were made before stay as they are. Times look like 2026-11-24 18:00, 24 Nov 18:00,\n"
	       "18:30, tomorrow 9:00 or +3d; durations like 90m or 8h. For a stick that is away, -o writes a file that its speaker takes "
	       "in: oncestick accept.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 0, -1};
	struct opt_words words = {argv, argc};
	struct fault f = {0};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if ((e = take_sticks(&a, &words)) == E_OK && (e = run(&a, &f)) == E_OK)
		e = report(&a);
	else if (f.err != E_OK)
		e = faultsay_error(c, &f, &(struct faultsay_about){.object = path_of(&a.runs[0])});
	end(&a);
	return e;
}
