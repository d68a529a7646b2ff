/*
 * cmd_forget.c - remove people's names from the books.
 */
#include <stdio.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "forget.h"
#include "issuer.h"
#include "issuing.h"
#include "opt.h"
#include "prompt.h"
#include "text.h"
#include "when.h"
#include "whenarg.h"

static enum err
confirm(const struct cli *c, const struct forget *g, struct fault *f)
{
	char question[400], day[WHEN_SHOWN];

	when_show(day, sizeof day, g->before);
	if (g->holder != NULL)
		snprintf(question, sizeof question,
		    ngettext("Forget who \"%s\" is, who was given %llu code? It cannot be undone.",
			"Forget who \"%s\" is, who was given %llu codes? It cannot be undone.", (unsigned long)g->found.codes),
		    SHORT(g->holder), (unsigned long long)g->found.codes);
	else
		snprintf(question, sizeof question,
		    ngettext("Forget who was given %llu code that was over before %s? It cannot be undone.",
			"Forget who was given %llu codes that were over before %s? It cannot be undone.",
			(unsigned long)g->found.codes),
		    (unsigned long long)g->found.codes, day);
	return prompt_yes(c, question, f);
}

static enum err
report(const struct cli *c, const struct forget *g)
{
	const struct books_forgotten *n = &g->found;

	if (c->json)
		return say_json(c, json_pack("{s:I, s:I, s:I}", "codes", (json_int_t)n->codes, "people", (json_int_t)n->people,
					  "out", (json_int_t)n->out));
	say_info(c, ngettext("%llu name is forgotten", "%llu names are forgotten", (unsigned long)n->people),
	    (unsigned long long)n->people);
	if (n->out > 0)
		say_info(c,
		    ngettext("%llu code is still out and keeps its name", "%llu codes are still out and keep their names",
			(unsigned long)n->out),
		    (unsigned long long)n->out);
	say_info(c, "backups, sheets, lists and reports that were made before still have the names: destroy those that you need "
		    "not keep");
	return E_OK;
}

/* Pack the books even if there is nobody to forget: an earlier attempt may have failed there. If this one does, too, say both. */
static enum err
pack(const struct cli *c, const struct forget *g, enum err e, struct fault *f)
{
	struct fault packing = {0};

	if (forget_pack(g, &packing) == E_OK)
		return e;
	if (e == E_OK) {
		say_warn(c, "the names are gone, but the file of the books could not be written anew, and may still have "
			    "traces of them. Make room there, then give the same command again.");
	} else {
		issuing_did_you_mean(g->issuer, c, f);
		faultsay_error(c, f, NULL);
		fault_clear(f);
	}
	return fault_pass(f, &packing);
}

static enum err
run(const struct cli *c, struct forget *g, bool yes, struct fault *f)
{
	enum err e = forget_find(g, f);
	const bool any = e == E_OK && g->found.people > 0;

	if (any && !yes && (e = confirm(c, g, f)) != E_OK)
		return e;
	if (e == E_OK)
		e = forget_commit(g, f);
	return e == E_OK || e == E_NO_CODES ? pack(c, g, e, f) : e;
}

enum err
cmd_forget(struct cli *c, int argc, char **argv)
{
	struct issuer i = {.dir_fd = -1};
	struct forget g = {.issuer = &i};
	const char *before = NULL;
	bool yes = false;
	const struct opt rows[] = {
	    {OPT_TEXT, "before", 0, "DATE", N_("everybody whose codes were over before that"), &before, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask"), &yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"forget HOLDER | --before DATE",
	    N_("Remove names from the books: of one person, or of everybody whose codes were used, revoked or expired before a day. What "
	       "was used,\n"
	       "when and where stays. Somebody who has a code that can still be used is not forgotten.\n"),
	    OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	g.holder = words.count > 0 ? words.list[0] : NULL;
	if ((g.holder != NULL) == (before != NULL))
		return say_usage(c, "name a HOLDER, or give --before");
	if (g.holder != NULL && g.holder[0] == '\0')
		return say_usage(c, "the HOLDER's name is empty");
	if (before != NULL && !whenarg_read(c, &(struct whenarg){"before", before, WHEN_STARTED, when_now()}, &g.before))
		return E_USAGE;
	if (before != NULL && g.before > when_now())
		return say_usage(c, "--before is a day that is past, like 2026-01-01");
	e = issuing_open(&i, c, &f);
	if (e == E_OK && (e = run(c, &g, yes, &f)) != E_OK)
		issuing_did_you_mean(&i, c, &f);
	e = e == E_OK ? report(c, &g) : faultsay_error(c, &f, NULL);
	issuer_close(&i);
	return e;
}
