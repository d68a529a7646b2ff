/*
 * cmd_erase.c - destroy the contents of a stick and revoke its codes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "erase.h"
#include "faultsay.h"
#include "human.h"
#include "issuer.h"
#include "issuersay.h"
#include "issuing.h"
#include "keytree.h"
#include "opt.h"
#include "prompt.h"
#include "readme.h"
#include "reporting.h"
#include "scrub.h"
#include "scrubbing.h"
#include "several.h"
#include "text.h"

#define LEFT_SHOWN 10

/* One stick. */
struct run {
	struct cli c; /* for what is said of it */
	char about[STICKARG_ABOUT];
	const char *stick;
	struct place at;
	struct reporting reporting;
	struct erase e;
	char name[STICK_NAME_SIZE];
	json_t *left; /* paths on the stick that oncestick did not write, as JSON strings */
	char *shown[LEFT_SHOWN];
	struct fault *fault; /* it was not erased, or not all of it */
};

struct all {
	const struct cli *c;
	bool scrub, yes, discard;
	struct issuer issuer;
	struct run *runs;
	struct fault *faults; /* of each of them */
	struct several_place *places;
	size_t count;
};

/* Put why into words, if the reason is that something would be lost. */
static enum err
word(const struct run *r, enum err e, const struct fault *why, struct fault *f)
{
	locale_t before = (locale_t)0;

	if (why->why != WHY_LOSS)
		return e == E_OK ? E_OK : fault_pass(f, why);
	before = r->c.json ? text_english() : (locale_t)0;
	issuersay_loss(&r->c, &r->e.loss, r->at.path, f);
	if (r->c.json)
		text_again(before);
	return f->err;
}

static enum err
take_stick(struct run *r, struct fault *f)
{
	struct fault why = {0};
	enum err e = word(r, erase_take(&r->e, r->at.fd, &why), &why, f);

	if (e != E_OK || r->e.p->stick == NULL)
		return e;
	keytree_stick_name(r->name, r->e.p->stick->id);
	if (r->c.about != NULL)
		stickarg_about(r->about, r->at.path, r->e.p->stick->id);
	return E_OK;
}

static enum err
hold_stick_still(struct run *r, struct fault *f)
{
	struct fault why = {0};

	return word(r, erase_hold(&r->e, &why), &why, f);
}

static enum err
confirm(const struct run *r, bool yes, struct fault *f)
{
	char question[700], device[128], safe[160];
	enum err e = E_OK;

	if (yes)
		return E_OK;
	if (!prompt_possible(&r->c))
		return say_fault(&r->c, f, E_PROMPT, _("there is no terminal to ask on; --yes erases without asking."));
	stickarg_device(r->at.fd, device, sizeof device);
	if (device[0] != '\0')
		/* TRANSLATORS: where the stick is mounted, and what device it is */
		snprintf(question, sizeof question, _("Erase what oncestick wrote to %s (%s)? No code opens it afterwards."),
		    say_safe(safe, sizeof safe, r->at.path), device);
	else
		snprintf(question, sizeof question, _("Erase what oncestick wrote to %s? No code opens it afterwards."),
		    say_safe(safe, sizeof safe, r->at.path));
	e = prompt_yes(&r->c, question, f);
	if (e == E_PROMPT) {
		fault_clear(f);
		say_fault(&r->c, f, E_PROMPT, _("nothing was erased."));
	}
	return e;
}

static int
keep_left(void *arg, const char *path)
{
	struct run *r = arg;
	size_t n = json_array_size(r->left);

	if (n < LEFT_SHOWN)
		r->shown[n] = human_escape(path, strlen(path));
	return json_array_append_new(r->left, say_json_text(path));
}

static enum err
destroy(struct run *r, struct fault *f)
{
	bool explained = false;
	enum err e = erase_destroy(&r->e, f);

	if (e != E_OK)
		return e;
	explained = !readme_remove(r->at.fd);
	if ((e = erase_remove(&r->e, r->at.fd, keep_left, r, f)) == E_OK && explained)
		keep_left(r, README_NAME);
	return e;
}

static enum err
find(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *r = &a->runs[k];
	enum err e = stickarg_open(&r->c, &r->at, r->stick, f);

	if (e == E_OK && r->c.about != NULL)
		stickarg_about(r->about, r->at.path, NULL);
	if (several_look(a->places, k, r->at.fd, r->at.path, f) != E_OK)
		return f->err;
	r->e.path = r->at.path;
	return e == E_OK && a->scrub ? scrub_check(r->at.fd, r->at.path, f) : e;
}

static enum err
erase(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *r = &a->runs[k];
	enum err e = take_stick(r, f);

	if (e != E_OK)
		return e;
	if (a->scrub)
		issuing_announce_scrub(&r->c, r->at.fd);
	if ((e = confirm(r, a->yes, f)) != E_OK || (e = hold_stick_still(r, f)) != E_OK || (e = erase_commit(&r->e, f)) != E_OK)
		return e;
	return destroy(r, f);
}

static enum err
scrub(struct all *a, struct fault *f)
{
	struct scrubbing *list = calloc(a->count, sizeof *list);

	if (list == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t k = 0; k < a->count; k++)
		list[k].fd = a->faults[k].err == E_OK ? a->runs[k].at.fd : -1;
	scrubbing(a->c, list, a->count);
	for (size_t k = 0; k < a->count; k++)
		if (list[k].fault.err != E_OK)
			fault_pass(&a->faults[k], &list[k].fault);
	free(list);
	return E_OK;
}

/* Fails only for what is not the fault of one stick. */
static enum err
run(struct all *a, struct fault *f)
{
	enum err e = E_OK;

	stickarg_each(a->c, a->faults, a->count, find, a);
	if (several_stop(a->faults, a->count) != NULL)
		return fault_pass(f, several_stop(a->faults, a->count));
	if (several_fine(a->faults, a->count) == 0)
		return E_OK;
	if ((e = issuing_open(&a->issuer, a->c, f)) != E_OK || (e = issuing_clock(&a->issuer, a->c, f)) != E_OK ||
	    (e = issuing_unlock(&a->issuer, a->c, f)) != E_OK)
		return e;
	several_each(a->faults, a->count, erase, a);
	return a->scrub ? scrub(a, f) : E_OK;
}

/* Files that are not ours stay. Say so, because people may believe that the stick is empty now. */
static void
say_left(const struct run *r)
{
	size_t n = json_array_size(r->left);

	if (n == 0)
		return;
	say_info(&r->c, "left as it was, because oncestick did not write it:");
	for (size_t i = 0; i < n && i < LEFT_SHOWN; i++)
		say_info(&r->c, "  %s", r->shown[i] != NULL ? r->shown[i] : "?");
	if (n > LEFT_SHOWN)
		say_info(&r->c, "  and %zu more", n - LEFT_SHOWN);
}

static void
report_run(const struct all *a, const struct run *r)
{
	char safe[512];

	if (r->fault->err != E_OK)
		faultsay_error(&r->c, r->fault, &(struct faultsay_about){.object = r->stick});
	if (r->fault->err != E_OK || r->c.json)
		return;
	if (!r->c.quiet) {
		say_lead(&r->c);
		printf(ngettext("erased: stick %s at %s; %u code revoked\n", "erased: stick %s at %s; %u codes revoked\n",
			   r->e.revoked),
		    r->name[0] != '\0' ? r->name : _("without a name"), say_safe(safe, sizeof safe, r->at.path), r->e.revoked);
	}
	say_left(r);
	if (!a->scrub)
		say_info(&r->c,
		    "a copy that somebody made of the stick before still opens wherever the list of revoked codes has not arrived");
}

static json_t *
json_run(const struct all *a, const struct run *r)
{
	return json_pack("{s:s, s:o, s:I, s:I, s:b, s:O}", "stick", r->name, "path", say_json_text(r->at.path), "revoked",
	    (json_int_t)r->e.revoked, "notice", (json_int_t)r->e.number, "scrubbed", (int)a->scrub, "left", r->left);
}

static enum err
report_json(const struct all *a)
{
	json_t *list = NULL;

	if (a->count == 1)
		return a->faults[0].err == E_OK ? say_json(a->c, json_run(a, &a->runs[0])) : E_OK;
	list = json_array();
	for (const struct run *r = a->runs; r < a->runs + a->count; r++)
		json_array_append_new(list, faultsay_json_stick(r->stick, r->fault->err == E_OK ? json_run(a, r) : NULL, r->fault));
	return say_json(a->c, json_pack("{s:o}", "sticks", list));
}

static enum err
report(const struct all *a)
{
	enum err printed = a->c->json ? report_json(a) : E_OK;

	for (size_t k = 0; k < a->count; k++)
		report_run(a, &a->runs[k]);
	if (a->issuer.seed != NULL)
		issuing_warn_list(&a->issuer, a->c);
	if (!a->c->json)
		printed = say_stdout(a->c);
	return several_first(several_status(a->faults, a->count), printed);
}

static enum err
take_sticks(struct all *a, const struct opt_words *words)
{
	a->runs = calloc((size_t)words->count, sizeof *a->runs);
	a->places = calloc((size_t)words->count, sizeof *a->places);
	a->faults = calloc((size_t)words->count, sizeof *a->faults);
	if (a->runs == NULL || a->places == NULL || a->faults == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	for (; a->count < (size_t)words->count; a->count++) {
		struct run *r = &a->runs[a->count];

		r->c = *a->c;
		r->fault = &a->faults[a->count];
		r->stick = words->list[a->count];
		r->at.fd = -1;
		if (words->count > 1) {
			stickarg_about(r->about, r->stick, NULL);
			r->c.about = r->about;
		}
		r->left = json_array();
		r->e.issuer = &a->issuer;
		r->e.discard = a->discard;
		r->e.report = reporting_to(&r->reporting, &r->c);
	}
	return E_OK;
}

static void
end(struct all *a)
{
	for (size_t k = 0; k < a->count; k++) {
		struct run *r = &a->runs[k];

		erase_free(&r->e);
		json_decref(r->left);
		for (size_t i = 0; i < LEFT_SHOWN; i++)
			free(r->shown[i]);
		place_close(&r->at);
	}
	free(a->runs);
	free(a->places);
	free(a->faults);
	issuer_close(&a->issuer);
}

enum err
cmd_erase(struct cli *c, int argc, char **argv)
{
	struct all a = {.c = c, .issuer = {.dir_fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "discard", 0, NULL, N_("erase even if used codes were not collected"), &a.discard, 0, 0},
	    {OPT_FLAG, "scrub", 0, NULL, N_("then fill the free space twice (takes hours)"), &a.scrub, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask"), &a.yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"erase STICK... [--discard] [--scrub] [--yes]",
	    N_("Overwrite the keys on a stick, remove what oncestick wrote to it, and revoke its codes. Other files stay. While "
	       "used codes have not\n"
	       "been collected, erase refuses.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 1, -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if ((e = take_sticks(&a, &words)) == E_OK)
		e = (e = run(&a, &f)) == E_OK ? report(&a) :
						faultsay_error(c, &f, &(struct faultsay_about){.object = a.runs[0].stick});
	end(&a);
	return e;
}
