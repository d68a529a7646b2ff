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
#include "text.h"

#define LEFT_SHOWN 10

struct run {
	const struct cli *c;
	const char *stick;
	bool scrub, yes;

	struct issuer issuer;
	struct place at;
	struct reporting reporting;
	struct erase e;
	char name[STICK_NAME_SIZE];
	json_t *left; /* paths on the stick that oncestick did not write, as JSON strings */
	char *shown[LEFT_SHOWN];
};

/* Put why into words, if the reason is that something would be lost. */
static enum err
word(const struct run *r, enum err e, const struct fault *why, struct fault *f)
{
	return why->why == WHY_LOSS ? issuersay_loss(r->c, &r->e.loss, r->at.path, f) : e == E_OK ? E_OK : fault_pass(f, why);
}

static enum err
take_stick(struct run *r, struct fault *f)
{
	struct fault why = {0};
	enum err e = word(r, erase_take(&r->e, r->at.fd, &why), &why, f);

	if (e == E_OK && r->e.p->stick != NULL)
		keytree_stick_name(r->name, r->e.p->stick->id);
	return e;
}

static enum err
hold_stick_still(struct run *r, struct fault *f)
{
	struct fault why = {0};

	return word(r, erase_hold(&r->e, &why), &why, f);
}

static enum err
confirm(const struct run *r, struct fault *f)
{
	char question[700], device[128], safe[160];
	enum err e = E_OK;

	if (r->yes)
		return E_OK;
	if (!prompt_possible(r->c))
		return say_fault(r->c, f, E_PROMPT, _("there is no terminal to ask on; --yes erases without asking."));
	stickarg_device(r->at.fd, device, sizeof device);
	if (device[0] != '\0')
		/* TRANSLATORS: where the stick is mounted, and what device it is */
		snprintf(question, sizeof question, _("Erase what oncestick wrote to %s (%s)? No code opens it afterwards."),
		    say_safe(safe, sizeof safe, r->at.path), device);
	else
		snprintf(question, sizeof question, _("Erase what oncestick wrote to %s? No code opens it afterwards."),
		    say_safe(safe, sizeof safe, r->at.path));
	e = prompt_yes(r->c, question, f);
	if (e == E_PROMPT) {
		fault_clear(f);
		say_fault(r->c, f, E_PROMPT, _("nothing was erased."));
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
run(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	r->e.issuer = &r->issuer;
	r->e.path = r->at.path;
	r->e.report = reporting_to(&r->reporting, r->c);
	if ((e = stickarg_open(r->c, &r->at, r->stick, f)) != E_OK ||
	    (r->scrub && (e = scrub_check(r->at.fd, r->at.path, f)) != E_OK) ||
	    (e = issuing_open(&r->issuer, r->c, f)) != E_OK || (e = issuing_clock(&r->issuer, r->c, f)) != E_OK ||
	    (e = issuing_unlock(&r->issuer, r->c, f)) != E_OK || (e = take_stick(r, f)) != E_OK)
		return e;
	if (r->scrub)
		issuing_announce_scrub(r->c, r->at.fd);
	if ((e = confirm(r, f)) != E_OK || (e = hold_stick_still(r, f)) != E_OK || (e = erase_commit(&r->e, f)) != E_OK ||
	    (e = destroy(r, f)) != E_OK)
		return e;
	return r->scrub ? scrub_free_space(r->e.report, r->at.fd, f) : E_OK;
}

/* Files that are not ours stay. Say so, because people may believe that the stick is empty now. */
static void
say_left(const struct run *r)
{
	size_t n = json_array_size(r->left);

	if (n == 0)
		return;
	say_info(r->c, "left as it was, because oncestick did not write it:");
	for (size_t i = 0; i < n && i < LEFT_SHOWN; i++)
		say_info(r->c, "  %s", r->shown[i] != NULL ? r->shown[i] : "?");
	if (n > LEFT_SHOWN)
		say_info(r->c, "  and %zu more", n - LEFT_SHOWN);
}

static enum err
report(const struct run *r)
{
	char safe[512];

	issuing_warn_list(&r->issuer, r->c);
	if (r->c->json)
		return say_json(r->c,
		    json_pack("{s:s, s:o, s:I, s:I, s:b, s:O}", "stick", r->name, "path", say_json_text(r->at.path), "revoked",
			(json_int_t)r->e.revoked, "notice", (json_int_t)r->e.number, "scrubbed", (int)r->scrub, "left", r->left));
	if (!r->c->quiet)
		printf(ngettext(
			   "erased: stick %s at %s; %u code revoked\n", "erased: stick %s at %s; %u codes revoked\n", r->e.revoked),
		    r->name[0] != '\0' ? r->name : _("without a name"), say_safe(safe, sizeof safe, r->at.path), r->e.revoked);
	say_left(r);
	if (!r->scrub)
		say_info(
		    r->c, "a copy that somebody made of the stick before still opens wherever the list of revoked codes has not "
			  "arrived");
	return say_stdout(r->c);
}

enum err
cmd_erase(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c, .issuer = {.dir_fd = -1}, .at = {.fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "discard", 0, NULL, N_("erase even if used codes were not collected"), &r.e.discard, 0, 0},
	    {OPT_FLAG, "scrub", 0, NULL, N_("then fill the free space twice (takes hours)"), &r.scrub, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask"), &r.yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"erase STICK [--discard] [--scrub] [--yes]",
	    N_("Overwrite the keys on a stick, remove what oncestick wrote to it, and revoke its codes. Other files stay. While "
	       "used codes have not\n"
	       "been collected, erase refuses.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 1, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	r.stick = words.list[0];
	r.left = json_array();
	e = run(&r, &f);
	e = e == E_OK ? report(&r) : faultsay_error(c, &f, &(struct faultsay_about){.object = r.stick});
	erase_free(&r.e);
	json_decref(r.left);
	for (size_t i = 0; i < LEFT_SHOWN; i++)
		free(r.shown[i]);
	place_close(&r.at);
	issuer_close(&r.issuer);
	return e;
}
