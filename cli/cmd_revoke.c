/*
 * cmd_revoke.c - make codes useless, and write the list of them to the sticks at hand.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "code.h"
#include "faultsay.h"
#include "human.h"
#include "issuer.h"
#include "issuing.h"
#include "newfile.h"
#include "opt.h"
#include "prompt.h"
#include "prompt_code.h"
#include "revoke.h"
#include "several.h"
#include "stick.h"
#include "stickarg.h"
#include "text.h"

#define UNKNOWN_CODE N_("this is a code, but not of any stick in these books. Was it made with another keystore?")

struct run {
	const struct cli *c;
	bool code, spent, yes;
	struct opt_list holders, sticks, ats;
	const char *list; /* the file to write the list to, or NULL */
	struct opt_words ids;

	struct issuer issuer;
	struct revoke r;
	struct place *places; /* where the targets are, one for each of ats */
	struct several_place *looked; /* the same, to know them again */
	unsigned long line;   /* in the code file */
	const char *blame;    /* the stick that a fault is about */
};

/* ---- what was named --------------------------------------------------------------------------------------------------------- */

static enum err
pick_code(struct run *r, const char *text, size_t n, struct faultsay_about *about, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = code_parse(symbols, CODE_UNLOCK, text, n, &about->group);

	if (e == E_OK && (e = revoke_symbols(&r->r, symbols, f)) == E_CODE_UNKNOWN)
		say_fault(r->c, f, e, "%s", _(UNKNOWN_CODE));
	sodium_memzero(symbols, sizeof symbols);
	return e == E_OK || f->err != E_OK ? e : fault_set(f, e, 0, "code", "%s", "");
}

static enum err
on_line(void *arg, const char *line, size_t n, struct fault *f)
{
	struct run *r = arg;
	struct faultsay_about about = {0};
	struct fault here = {0};
	char *text = NULL;
	enum err e = pick_code(r, line, n, &about, &here);

	r->line++;
	if (e == E_OK)
		return E_OK;
	text = faultsay(&here, &about);
	say_fault(r->c, f, e, _("code %lu of the file: %s Nothing was revoked."), r->line, text != NULL ? text : "");
	free(text);
	return e;
}

static enum err
ask_code(struct run *r, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = E_OK;

	do {
		e = prompt_code_symbols(r->c, _("Code to revoke: "), false, symbols, f);
		if (e == E_OK && (e = revoke_symbols(&r->r, symbols, f)) == E_CODE_UNKNOWN)
			say_refuse(r->c, E_CODE_UNKNOWN, UNKNOWN_CODE);
	} while (e == E_CODE_UNKNOWN);
	sodium_memzero(symbols, sizeof symbols);
	return e;
}

static enum err
pick_id(struct run *r, const char *text, struct fault *f)
{
	struct books_slot slot;
	enum err e = issuing_find_code(&r->issuer, r->c, text, &slot, f);

	return e == E_OK ? revoke_slot(&r->r, &slot, f) : e;
}

static enum err
find_stick(struct run *r, size_t k, struct fault *f)
{
	struct issuing_stick stick;
	enum err e = E_OK;

	r->blame = r->sticks.items[k];
	if ((e = issuing_find(&r->issuer, r->c, r->blame, &stick, f)) != E_OK)
		return e;
	r->blame = NULL;
	e = revoke_stick(&r->r, stick.id, f);
	issuing_stick_close(&stick);
	return e;
}

/* Ask and look up everything that was named. After this the books are enough to know which codes are meant. */
static enum err
read_names(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	for (int i = 0; i < r->ids.count && e == E_OK; i++)
		e = pick_id(r, r->ids.list[i], f);
	for (size_t k = 0; k < r->sticks.count && e == E_OK; k++)
		e = find_stick(r, k, f);
	if (e == E_OK && r->c->code_file != NULL)
		e = prompt_code_lines(r->c, on_line, r, f);
	else if (e == E_OK && r->code)
		e = ask_code(r, f);
	return e;
}

/* ---- revoking -------------------------------------------------------------------------------------------------------------- */

static enum err
confirm(const struct run *r, const char *names, struct fault *f)
{
	char question[500];
	enum err e = E_OK;

	if (!prompt_possible(r->c))
		return say_fault(r->c, f, E_PROMPT,
		    _("after this no code opens stick %s any more, and there is no terminal to ask on; --yes if you mean it."),
		    names);
	snprintf(question, sizeof question, _("After this no code opens stick %s any more. Revoke?"), names);
	e = prompt_yes(r->c, question, f);
	if (e == E_PROMPT && f != NULL) {
		fault_clear(f);
		say_fault(r->c, f, E_PROMPT, _("nothing was revoked."));
	}
	return e;
}

static enum err
open_target(struct run *r, size_t k, struct fault *f)
{
	struct revoke_target *t = &r->r.targets[k];
	enum err e = stickarg_open(r->c, &r->places[k], r->ats.items[k], f);

	t->fd = r->places[k].fd;
	t->path = r->places[k].path;
	if (several_look(r->looked, k, t->fd, t->path, f) != E_OK)
		return f->err;
	return e == E_OK ? revoke_open(&r->r, t, f) : e;
}

/*
 * A stick that cannot take the list does not keep the others from getting it. If none can, say so before anything is asked or
 * changed. For JSON the sentences are in English.
 */
static enum err
open_targets(struct run *r, struct fault *f)
{
	locale_t before = (locale_t)0;
	size_t failed = 0, first = 0;
	bool stops = false;

	r->r.targets = calloc(r->ats.count + 1, sizeof *r->r.targets);
	r->places = calloc(r->ats.count + 1, sizeof *r->places);
	r->looked = calloc(r->ats.count + 1, sizeof *r->looked);
	if (r->r.targets == NULL || r->places == NULL || r->looked == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	r->r.target_count = r->ats.count;
	for (size_t k = 0; k < r->ats.count; k++)
		r->places[k].fd = -1;
	if (r->c->json)
		before = text_english();
	for (size_t k = 0; k < r->ats.count; k++) {
		enum err e = open_target(r, k, &r->r.targets[k].fault);

		if (e == E_OK)
			continue;
		stops = several_stops(&r->r.targets[k].fault);
		first = failed++ == 0 || stops ? k : first;
		if (stops)
			break;
	}
	if (r->c->json)
		text_again(before);
	if (failed == 0 || (failed < r->ats.count && !stops))
		return E_OK;
	r->blame = r->ats.items[first];
	return fault_pass(f, &r->r.targets[first].fault);
}

/* Never ask within a transaction. */
static enum err
commit(struct run *r, struct fault *f)
{
	char agreed[REVOKE_LOSERS] = "", losers[REVOKE_LOSERS];
	enum err e = E_OK;

	while ((e = revoke_commit(&r->r, r->yes ? NULL : agreed, losers, f)) == E_OK && losers[0] != '\0') {
		if ((e = confirm(r, losers, f)) != E_OK)
			return e;
		memcpy(agreed, losers, sizeof agreed);
	}
	return e;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_target(const struct revoke_target *t, const char *path)
{
	if (t->fault.err == E_OK)
		return json_pack("{s:o, s:b, s:b}", "path", say_json_text(t->path), "ok", 1, "written", (int)t->written);
	return json_pack("{s:o, s:b, s:b, s:s, s:i, s:o}", "path", say_json_text(path), "ok", 0, "written", 0, "error",
	    err_name(t->fault.err), "status", (int)t->fault.err, "message",
	    faultsay_json(&t->fault, &(struct faultsay_about){.object = path}));
}

static enum err
report_json(const struct run *r)
{
	json_t *list = json_array();
	json_t *ats = json_array();
	char id[ISSUER_SLOT_NAME];
	bool written = false;

	for (size_t k = 0; k < r->r.all_count; k++) {
		if (!r->r.chosen[k])
			continue;
		issuer_slot_name(id, &r->r.all[k]);
		json_array_append_new(list, json_string(id));
	}
	for (size_t k = 0; k < r->ats.count; k++) {
		written = written || r->r.targets[k].written;
		json_array_append_new(ats, json_target(&r->r.targets[k], r->ats.items[k]));
	}
	return say_json(
	    r->c, json_pack("{s:o, s:I, s:b, s:o, s:o}", "revoked", list, "notice", (json_int_t)r->r.number, "written",
		      (int)written, "at", r->ats.count == 0 ? json_null() : say_json_text(r->ats.items[0]), "sticks", ats));
}

/* Say which of the named codes were useless before. */
static void
report_gone(const struct run *r)
{
	char id[ISSUER_SLOT_NAME];

	for (size_t k = 0; k < r->r.all_count; k++) {
		const struct books_slot *s = &r->r.all[k];

		if (!revoke_was_gone(&r->r, s))
			continue;
		issuer_slot_name(id, s);
		if (s->state == BOOKS_SPENT)
			say_info(r->c, "code %s was used already", id);
		else
			say_info(r->c, "code %s was revoked already", id);
	}
}

static void
report_ids(const struct run *r)
{
	char id[ISSUER_SLOT_NAME], holder[2 * BOOKS_TEXT];

	for (size_t k = 0; k < r->r.all_count; k++) {
		const struct books_slot *s = &r->r.all[k];

		if (!r->r.chosen[k])
			continue;
		issuer_slot_name(id, s);
		say_safe(holder, sizeof holder, s->holder);
		if (holder[0] != '\0')
			printf(_("revoked %s, held by %s\n"), id, holder);
		else
			printf(_("revoked %s\n"), id);
	}
}

/* What is said of one of several begins with its name. */
static struct cli
of_target(const struct run *r, size_t k, char about[STICKARG_ABOUT])
{
	const struct revoke_target *t = &r->r.targets[k];

	if (r->ats.count > 1)
		stickarg_about(about, t->fd >= 0 ? t->path : r->ats.items[k], t->stick != NULL ? t->stick->id : NULL);
	return say_of(r->c, r->ats.count > 1 ? about : NULL);
}

static void
report_target(const struct run *r, size_t k)
{
	const struct revoke_target *t = &r->r.targets[k];
	char path[512], about[STICKARG_ABOUT];
	const struct cli here = of_target(r, k, about);

	if (t->fault.err != E_OK)
		return;
	say_safe(path, sizeof path, t->path);
	if (t->written)
		say_info(&here, "  is on the stick at %s now: its revoked codes are dead on every PC", path);
	else
		say_info(&here, "  is on the stick at %s already: its revoked codes are dead on every PC", path);
}

/* Say where the list is, and what it does not stop yet, so that nobody believes too much. */
static void
report_reach(const struct run *r)
{
	if (r->r.number == 0) {
		say_info(r->c, "no code was ever revoked or collected: there is no list to write.");
		return;
	}
	say_info(r->c, "list number %u of revoked codes:", r->r.number);
	for (size_t k = 0; k < r->ats.count; k++)
		report_target(r, k);
	say_info(
	    r->c, "  reaches every PC where a stick of yours that carries it is opened, and every stick you prepare from now on");
	say_info(r->c, "  does not yet stop a code of a stick that is away, on a PC that has not seen the list.");
	if (r->ats.count == 0 && r->list == NULL)
		say_info(r->c, "next, with the stick in hand: oncestick revoke --at STICK");
}

static enum err
run(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	r->r.issuer = &r->issuer;
	r->r.holders = r->holders.items;
	r->r.holder_count = r->holders.count;
	if ((r->list != NULL && (e = newfile_check(r->c, r->list, f)) != E_OK) || (e = issuing_open(&r->issuer, r->c, f)) != E_OK ||
	    (e = open_targets(r, f)) != E_OK ||
	    (e = issuing_clock(&r->issuer, r->c, f)) != E_OK || (e = issuing_unlock(&r->issuer, r->c, f)) != E_OK ||
	    (e = read_names(r, f)) != E_OK || (e = commit(r, f)) != E_OK)
		return e;
	revoke_put(&r->r);
	return E_OK;
}

static enum err
report(struct run *r)
{
	enum err e = E_OK, failed = E_OK;

	report_gone(r);
	if (r->c->json)
		e = report_json(r);
	else if (!r->c->quiet)
		report_ids(r);
	if (!r->c->json)
		e = say_stdout(r->c);
	report_reach(r);
	issuing_warn_list(&r->issuer, r->c);
	if (r->list != NULL)
		failed = issuing_list(r->c, r->list, BYTES(r->r.notice, r->r.notice_n));
	for (size_t k = 0; k < r->ats.count; k++) {
		const struct revoke_target *t = &r->r.targets[k];
		char about[STICKARG_ABOUT];
		const struct cli here = of_target(r, k, about);

		if (t->fault.err == E_OK)
			continue;
		if (r->r.number > 0)
			say_info(&here, "the books have it, but the list is not on the stick:");
		faultsay_error(&here, &t->fault, &(struct faultsay_about){.object = r->ats.items[k]});
		failed = several_first(failed, t->fault.err);
	}
	return failed != E_OK ? failed : e;
}

static void
end(struct run *r)
{
	for (size_t k = 0; k < r->r.target_count; k++) {
		revoke_target_close(&r->r.targets[k]);
		place_close(&r->places[k]);
	}
	free(r->r.targets);
	free(r->places);
	free(r->looked);
	revoke_free(&r->r);
	opt_list_free(&r->holders);
	opt_list_free(&r->sticks);
	opt_list_free(&r->ats);
	issuer_close(&r->issuer);
}

enum err
cmd_revoke(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c, .issuer = {.dir_fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "code", 0, NULL, N_("ask for a code to revoke; --code-file for many, one per line"), &r.code, 0, 0},
	    {OPT_LIST, "holder", 0, "NAME", N_("every code that NAME was given and has not used"), &r.holders, 0, 0},
	    {OPT_LIST, "stick", 0, "STICK|ID", N_("every unused code of a stick"), &r.sticks, 0, 0},
	    {OPT_FLAG, "spent", 0, NULL, N_("every used code that is in the books: they are always in the list"), &r.spent, 0, 0},
	    {OPT_LIST, "at", 0, "STICK", N_("write the newest list to this stick"), &r.ats, 0, 0},
	    {OPT_TEXT, "list", 0, "FILE", N_("write the newest list to this file, to be sent"), &r.list, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask, even if no code is left for a stick"), &r.yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"revoke CODE-ID... [--at STICK]\nrevoke --code | --code-file FILE | --holder NAME | --stick "
				      "STICK|ID | --spent\nrevoke --at STICK | --list FILE",
	    N_("Make codes useless, for good. Name them like 7kq241/3, by their holder, by their stick, or type the codes "
	       "themselves. The result is a\n"
	       "signed list that travels with sticks; at the end you are told what it reaches and what it does not stop yet. With "
	       "--code-file,\n"
	       "every line is a code.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CODE | OPT_CLOCK | OPT_JSON, rows, 0, -1};
	struct fault f = {0};
	enum err e = E_OK;

	r.ids = (struct opt_words){argv, argc};
	if (!opt_parse(c, &verb, &r.ids, &e))
		return e;
	if (r.ids.count == 0 && !r.code && c->code_file == NULL && r.holders.count == 0 && r.sticks.count == 0 && !r.spent &&
	    r.ats.count == 0 && r.list == NULL)
		return say_usage(
		    c, "which codes? Name them like 7kq241/3, or use --code, --holder, --stick, --spent, --at or --list");
	if ((e = run(&r, &f)) != E_OK)
		issuing_did_you_mean(&r.issuer, c, &f);
	e = e == E_OK ? report(&r) : faultsay_error(c, &f, &(struct faultsay_about){.object = r.blame});
	end(&r);
	return e;
}
