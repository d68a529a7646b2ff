/*
 * cmd_revoke.c - make codes useless, and carry the list of them to a stick in hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "code.h"
#include "human.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "opt.h"
#include "prompt.h"
#include "say.h"
#include "stick.h"
#include "text.h"

#define UNKNOWN_CODE N_("this is a code, but of no stick in these books. Was it made with another keystore?")

struct revoke {
	const struct cli *c;
	bool code, spent, yes;
	const char *holder, *stick, *at;
	char **ids;
	int id_count;

	struct issuer issuer;
	struct books_slot *all; /* every slot in the books */
	size_t all_count;
	bool *chosen;	     /* of all */
	size_t chosen_count; /* those that were usable until now */
	unsigned long line;  /* of the code file */

	struct stickarg at_dir;
	struct stick *at_stick;
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;
	bool written;
	struct fault at_fault; /* the books say it, but the stick could not take the list */
};

static bool
can_go(const struct books_slot *s)
{
	return s->state == BOOKS_READY || s->state == BOOKS_ISSUED;
}

static bool
usable(const struct revoke *r, const struct books_slot *s)
{
	return can_go(s) && s->expires > r->issuer.now;
}

/* ---- choosing -------------------------------------------------------------------------------------------------------------- */

/* What is used or revoked already is no error: the person wanted it gone, and it is. */
static void
choose(struct revoke *r, size_t k)
{
	const struct books_slot *s = &r->all[k];
	char id[ISSUER_SLOT_NAME];

	issuer_slot_name(id, s);
	if (s->state == BOOKS_SPENT)
		say_info(r->c, "code %s was used already", id);
	else if (s->state == BOOKS_REVOKED)
		say_info(r->c, "code %s was revoked already", id);
	else if (!r->chosen[k]) {
		r->chosen[k] = true;
		r->chosen_count++;
	}
}

static enum err
choose_id(struct revoke *r, const char *text, struct fault *f)
{
	struct books_slot slot;
	enum err e = issuer_find_code(&r->issuer, text, &slot, f);

	for (size_t k = 0; e == E_OK && k < r->all_count; k++)
		if (r->all[k].slot == slot.slot && memcmp(r->all[k].grant_id, slot.grant_id, ID_SIZE) == 0)
			choose(r, k);
	return e;
}

/* The code comes from the seed, so it is found without stretching anything. */
static bool
choose_symbols(struct revoke *r, const char symbols[CODE_SYMBOLS])
{
	char made[CODE_SYMBOLS];
	bool found = false;

	for (size_t k = 0; k < r->all_count && !found; k++) {
		mint_code(made, r->issuer.seed, r->all[k].grant_id, r->all[k].slot);
		found = sodium_memcmp(made, symbols, CODE_SYMBOLS) == 0;
		if (found)
			choose(r, k);
	}
	sodium_memzero(made, sizeof made);
	return found;
}

static enum err
choose_code(struct revoke *r, const char *text, size_t n, struct say_about *about, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = code_parse(symbols, CODE_UNLOCK, text, n, &about->group);

	if (e == E_OK && !choose_symbols(r, symbols))
		e = E_CODE_UNKNOWN;
	sodium_memzero(symbols, sizeof symbols);
	if (e == E_CODE_UNKNOWN)
		return fault_set(f, e, 0, "", "%s", _(UNKNOWN_CODE));
	return e == E_OK ? E_OK : fault_set(f, e, 0, "code", "%s", "");
}

static enum err
on_line(void *arg, const char *line, size_t n, struct fault *f)
{
	struct revoke *r = arg;
	struct say_about about = {0};
	struct fault here = {0};
	char text[600];
	enum err e = choose_code(r, line, n, &about, &here);

	r->line++;
	if (e == E_OK)
		return E_OK;
	say_explain(text, sizeof text, &here, &about);
	return fault_set(f, e, 0, "", _("code %lu of the file: %.380s Nothing was revoked."), r->line, text);
}

static enum err
ask_code(struct revoke *r, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	bool found = false;
	enum err e = E_OK;

	do {
		e = prompt_symbols(r->c, _("Code to revoke: "), false, symbols, f);
		found = e == E_OK && choose_symbols(r, symbols);
		if (e == E_OK && !found)
			say_refuse(r->c, E_CODE_UNKNOWN, UNKNOWN_CODE);
	} while (e == E_OK && !found);
	sodium_memzero(symbols, sizeof symbols);
	return e;
}

static enum err
choose_stick(struct revoke *r, struct fault *f)
{
	struct issuer_stick stick;
	enum err e = issuer_find(&r->issuer, r->stick, &stick, f);

	for (size_t k = 0; e == E_OK && k < r->all_count; k++)
		if (memcmp(r->all[k].stick_id, stick.id, ID_SIZE) == 0 && can_go(&r->all[k]))
			choose(r, k);
	if (e == E_OK)
		issuer_stick_close(&stick);
	return e;
}

static enum err
choose_holder(struct revoke *r, struct fault *f)
{
	size_t seen = 0;

	for (size_t k = 0; k < r->all_count; k++) {
		if (strcmp(r->all[k].holder, r->holder) != 0)
			continue;
		seen++;
		if (can_go(&r->all[k]))
			choose(r, k);
	}
	return seen > 0 ? E_OK
			: fault_set(f, E_NO_CODES, 0, "",
			      _("nobody called \"%.80s\" was given a code; 'oncestick codes STICK' lists holders."), r->holder);
}

static enum err
choose_all(struct revoke *r, struct fault *f)
{
	enum err e = books_slots(r->issuer.books, NULL, &r->all, &r->all_count, f);

	if (e != E_OK)
		return e;
	r->chosen = calloc(r->all_count + 1, sizeof *r->chosen);
	if (r->chosen == NULL)
		return fault_set(f, E_FAIL, 0, "memory", "for the list of codes");
	for (int i = 0; i < r->id_count && e == E_OK; i++)
		e = choose_id(r, r->ids[i], f);
	if (e == E_OK && r->holder != NULL)
		e = choose_holder(r, f);
	if (e == E_OK && r->stick != NULL)
		e = choose_stick(r, f);
	if (e == E_OK && r->c->code_file != NULL)
		e = prompt_code_lines(r->c, on_line, r, f);
	else if (e == E_OK && r->code)
		e = ask_code(r, f);
	return e;
}

/* ---- the last code of a stick ---------------------------------------------------------------------------------------------- */

/* The name of the next stick, at or after *k, that would be left without a usable code; false if there is none. */
static bool
loses_last(const struct revoke *r, size_t *k, char name[STICK_NAME_SIZE])
{
	while (*k < r->all_count) {
		const uint8_t *id = r->all[*k].stick_id;
		size_t before = 0, after = 0;

		for (; *k < r->all_count && memcmp(r->all[*k].stick_id, id, ID_SIZE) == 0; ++*k) {
			before += usable(r, &r->all[*k]);
			after += usable(r, &r->all[*k]) && !r->chosen[*k];
		}
		if (before > 0 && after == 0) {
			keytree_stick_name(name, id);
			return true;
		}
	}
	return false;
}

static enum err
confirm(const struct revoke *r, struct fault *f)
{
	char names[120] = "", name[STICK_NAME_SIZE], question[500];
	size_t k = 0, n = 0;
	enum err e = E_OK;

	while (loses_last(r, &k, name) && n + 12 < sizeof names)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n == 0 ? "" : ", ", name);
	if (n == 0 || r->yes)
		return E_OK;
	if (!prompt_possible(r->c))
		return fault_set(f, E_PROMPT, 0, "",
		    _("after this no code opens stick %.100s any more, and there is no terminal to ask on; --yes if that is meant."),
		    names);
	snprintf(question, sizeof question, _("After this no code opens stick %s any more. Revoke?"), names);
	e = prompt_yes(r->c, question, f);
	if (e == E_PROMPT && f != NULL) {
		fault_clear(f);
		fault_set(f, E_PROMPT, 0, "", _("nothing was revoked."));
	}
	return e;
}

/* ---- doing it -------------------------------------------------------------------------------------------------------------- */

static enum err
open_at(struct revoke *r, struct fault *f)
{
	struct stick_grants grants = {0};
	char fs[STICKIO_FS_NAME] = "";
	enum err e = E_OK;

	if (r->at == NULL)
		return E_OK;
	if ((e = stickarg_open(&r->at_dir, r->at, f)) != E_OK || (e = stick_open(&r->at_stick, r->at_dir.fd, f)) != E_OK ||
	    (e = stick_medium(r->at_stick, fs, f)) != E_OK)
		return e;
	e = stick_load_grants(r->at_stick, &grants, f);
	if (e == E_OK && memcmp(grants.grants[0].issuer, r->issuer.pk, KEY_SIZE) != 0)
		e = fault_set(f, E_ISSUER, 0, "", _("the stick at %.80s belongs to another issuer; it was left as it is."), r->at);
	stick_grants_free(&grants);
	return e;
}

static enum err
change_books(struct revoke *r, struct fault *f)
{
	enum err e = r->at_stick != NULL ? issuer_merge_notice(&r->issuer, r->at_stick, f) : E_OK;

	for (size_t k = 0; k < r->all_count && e == E_OK; k++)
		if (r->chosen[k])
			e = books_set_state(r->issuer.books, r->all[k].grant_id, r->all[k].slot, BOOKS_REVOKED, BYTES(NULL, 0), 0,
			    r->issuer.now, "revoke", "", f);
	return e == E_OK ? issuer_publish(&r->issuer, &r->notice, &r->notice_n, &r->number, f) : e;
}

static enum err
commit(struct revoke *r, struct fault *f)
{
	enum err e = books_begin(r->issuer.books, f);

	return e == E_OK ? books_end(r->issuer.books, change_books(r, f), f) : e;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static enum err
report_json(const struct revoke *r)
{
	json_t *list = json_array();
	char id[ISSUER_SLOT_NAME];

	for (size_t k = 0; k < r->all_count; k++) {
		if (!r->chosen[k])
			continue;
		issuer_slot_name(id, &r->all[k]);
		json_array_append_new(list, json_string(id));
	}
	return say_json(r->c, json_pack("{s:o, s:I, s:b, s:o}", "revoked", list, "notice", (json_int_t)r->number, "written",
				  (int)r->written, "at", r->at != NULL ? say_json_text(r->at_dir.path) : json_null()));
}

static void
report_ids(const struct revoke *r)
{
	char id[ISSUER_SLOT_NAME], holder[2 * BOOKS_TEXT];

	for (size_t k = 0; k < r->all_count; k++) {
		const struct books_slot *s = &r->all[k];

		if (!r->chosen[k])
			continue;
		issuer_slot_name(id, s);
		say_safe(holder, sizeof holder, s->holder);
		if (holder[0] != '\0')
			printf(_("revoked %s, held by %s\n"), id, holder);
		else
			printf(_("revoked %s\n"), id);
	}
}

/* What it reaches, and what it does not stop yet: nobody should believe more than is so. */
static void
report_reach(const struct revoke *r)
{
	char path[512];

	if (r->number == 0) {
		say_info(r->c, "no code was ever revoked or collected: there is no list to write.");
		return;
	}
	say_info(r->c, "list number %u of revoked codes:", r->number);
	if (r->at != NULL && r->at_fault.err == E_OK && r->written)
		say_info(r->c, "  is on the stick at %s now: there they are dead on every PC",
		    say_safe(path, sizeof path, r->at_dir.path));
	else if (r->at != NULL && r->at_fault.err == E_OK)
		say_info(r->c, "  is on the stick at %s already: there they are dead on every PC",
		    say_safe(path, sizeof path, r->at_dir.path));
	say_info(
	    r->c, "  reaches every PC where a stick of yours that carries it is opened, and every stick you prepare from now on");
	say_info(r->c, "  does not yet stop a code on a stick that is away, at a PC that has not seen the list.");
	if (r->at == NULL)
		say_info(r->c, "next, with the stick in hand: oncestick revoke --at STICK");
}

static enum err
run(struct revoke *r, struct fault *f)
{
	enum err e = E_OK;

	if ((e = issuer_open(&r->issuer, r->c, f)) != E_OK || (e = open_at(r, f)) != E_OK ||
	    (e = issuer_clock(&r->issuer, r->c, f)) != E_OK || (e = issuer_unlock(&r->issuer, r->c, f)) != E_OK ||
	    (e = choose_all(r, f)) != E_OK || (e = confirm(r, f)) != E_OK)
		return e;
	if ((e = commit(r, f)) != E_OK)
		return e;
	if (r->at_stick != NULL)
		issuer_put_notice(&r->issuer, r->at_stick, BYTES(r->notice, r->notice_n), &r->written, &r->at_fault);
	return E_OK;
}

static enum err
report(struct revoke *r)
{
	enum err e = E_OK;

	if (r->c->json) {
		e = report_json(r);
	} else {
		report_ids(r);
		e = say_stdout(r->c);
	}
	report_reach(r);
	if (r->at_fault.err == E_OK)
		return e;
	say_info(r->c, "the books have it, but the list is not on the stick:");
	return say_error(r->c, &r->at_fault, &(struct say_about){.object = r->at_dir.path});
}

enum err
cmd_revoke(struct cli *c, int argc, char **argv)
{
	struct revoke r = {.c = c, .issuer = {.dir_fd = -1}, .at_dir = {.fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "code", 0, NULL, N_("ask for a code to revoke; --code-file for many, one a line"), &r.code, 0, 0},
	    {OPT_TEXT, "holder", 0, "NAME", N_("every code that NAME was given and has not used"), &r.holder, 0, 0},
	    {OPT_TEXT, "stick", 0, "STICK|ID", N_("every unused code of a stick"), &r.stick, 0, 0},
	    {OPT_FLAG, "spent", 0, NULL, N_("every used code that is in the books: they are always in the list"), &r.spent, 0, 0},
	    {OPT_TEXT, "at", 0, "STICK", N_("write the newest list to this stick"), &r.at, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask, even if no code is left for a stick"), &r.yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"revoke CODE-ID... [--at STICK]\nrevoke --code | --code-file FILE | --holder NAME | --stick "
				      "STICK|ID | --spent\nrevoke --at STICK",
	    N_("Make codes useless, for good. Codes are named as 7kq241/3, by their holder, by their stick, or by themselves. The "
	    "result is a signed\n"
	    "list that travels with sticks; it says at the end what it reaches and what it does not stop yet. With --code-file, "
	    "every line is\n"
	    "a code.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CODE | OPT_CLOCK | OPT_JSON, rows, 0, -1};
	struct fault f = {0};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, argc, argv, &r.ids, &r.id_count, &e))
		return e;
	if (r.id_count == 0 && !r.code && c->code_file == NULL && r.holder == NULL && r.stick == NULL && !r.spent && r.at == NULL)
		return say_usage(c, "which codes? Name them as 7kq241/3, or use --code, --holder, --stick, --spent or --at");
	e = run(&r, &f);
	e = e == E_OK ? report(&r) : say_error(c, &f, &(struct say_about){.object = r.at});
	free(r.all);
	free(r.chosen);
	free(r.notice);
	stick_close(&r.at_stick);
	stickarg_close(&r.at_dir);
	issuer_close(&r.issuer);
	return e;
}
