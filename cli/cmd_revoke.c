/*
 * cmd_revoke.c - make codes useless, and carry the list of them to a stick in hand.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "array.h"
#include "code.h"
#include "human.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "mint.h"
#include "opt.h"
#include "prompt.h"
#include "say.h"
#include "secret.h"
#include "stick.h"
#include "text.h"

#define UNKNOWN_CODE N_("this is a code, but not of any stick in these books. Was it made with another keystore?")

/* One code that was named, by its name or by itself. */
struct pick {
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
};

struct picks {
	struct pick *list;
	size_t count, room;
};

/* Every code in the books, with what it is of, sorted by the code. */
struct coded {
	char symbols[CODE_SYMBOLS];
	struct pick pick;
};

struct codes {
	struct coded *list; /* secret memory, made when it is needed first */
	size_t count;
};

/* A stick that is to have the list. */
struct target {
	struct place at;
	struct stick *stick;
	struct stick_grants grants;
	bool written;
	struct fault fault; /* the books say it, but this stick could not take the list */
};

struct revoke {
	const struct cli *c;
	bool code, spent, yes;
	struct opt_list holders, sticks, ats;
	char **ids;
	int id_count;

	struct issuer issuer;
	struct picks picks;
	uint8_t (*stick_ids)[ID_SIZE]; /* of sticks, as many */
	struct codes codes;
	struct books_slot *all; /* every slot of the sticks that are concerned */
	size_t all_count;
	bool *chosen;	     /* of all */
	char confirmed[120]; /* the sticks that may lose their last code */
	unsigned long line;  /* of the code file */
	const char *blame;   /* the stick that a fault is about */

	struct target *targets; /* of ats, as many */
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;
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

/* ---- what was named --------------------------------------------------------------------------------------------------------- */

static enum err
pick(struct revoke *r, const struct pick *p, struct fault *f)
{
	struct pick *grown = array_grow(r->picks.list, r->picks.count, &r->picks.room, sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of codes");
	r->picks.list = grown;
	grown[r->picks.count++] = *p;
	return E_OK;
}

static int
by_symbols(const void *pa, const void *pb)
{
	const struct coded *a = pa, *b = pb;

	return memcmp(a->symbols, b->symbols, CODE_SYMBOLS);
}

/* Codes come from the seed, so one is found without stretching anything. */
static enum err
make_codes(struct revoke *r, struct fault *f)
{
	struct books_range *ranges = NULL;
	size_t range_count = 0, count = 0;
	enum err e = r->codes.list != NULL ? E_OK : books_ranges(r->issuer.books, &ranges, &range_count, f);

	if (e != E_OK || r->codes.list != NULL)
		return e;
	for (size_t k = 0; k < range_count; k++)
		count += ranges[k].slots;
	r->codes.list = secret_new((count + 1) * sizeof *r->codes.list);
	if (r->codes.list == NULL) {
		free(ranges);
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	}
	for (size_t k = 0; k < range_count; k++) {
		for (uint32_t slot = 0; slot < ranges[k].slots; slot++) {
			struct coded *x = &r->codes.list[r->codes.count++];

			mint_code(x->symbols, r->issuer.seed, ranges[k].grant_id, slot);
			memcpy(x->pick.grant_id, ranges[k].grant_id, ID_SIZE);
			x->pick.slot = slot;
		}
	}
	qsort(r->codes.list, count, sizeof *r->codes.list, by_symbols);
	free(ranges);
	return E_OK;
}

/* E_CODE_UNKNOWN, and no fault, if it is none of the books. */
static enum err
pick_symbols(struct revoke *r, const char symbols[CODE_SYMBOLS], struct fault *f)
{
	struct coded key = {.symbols = ""};
	const struct coded *found = NULL;
	enum err e = make_codes(r, f);

	if (e != E_OK)
		return e;
	memcpy(key.symbols, symbols, CODE_SYMBOLS);
	found = bsearch(&key, r->codes.list, r->codes.count, sizeof key, by_symbols);
	sodium_memzero(&key, sizeof key);
	return found != NULL ? pick(r, &found->pick, f) : E_CODE_UNKNOWN;
}

static enum err
pick_code(struct revoke *r, const char *text, size_t n, struct say_about *about, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = code_parse(symbols, CODE_UNLOCK, text, n, &about->group);

	if (e == E_OK && (e = pick_symbols(r, symbols, f)) == E_CODE_UNKNOWN)
		fault_set(f, e, 0, "", "%s", _(UNKNOWN_CODE));
	sodium_memzero(symbols, sizeof symbols);
	return e == E_OK || f->err != E_OK ? e : fault_set(f, e, 0, "code", "%s", "");
}

static enum err
on_line(void *arg, const char *line, size_t n, struct fault *f)
{
	struct revoke *r = arg;
	struct say_about about = {0};
	struct fault here = {0};
	char text[600];
	enum err e = pick_code(r, line, n, &about, &here);

	r->line++;
	if (e == E_OK)
		return E_OK;
	say_explain(text, sizeof text, &here, &about);
	return fault_set(f, e, 0, "", _("code %lu of the file: %s Nothing was revoked."), r->line, text);
}

static enum err
ask_code(struct revoke *r, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = E_OK;

	do {
		e = prompt_symbols(r->c, _("Code to revoke: "), false, symbols, f);
		if (e == E_OK && (e = pick_symbols(r, symbols, f)) == E_CODE_UNKNOWN)
			say_refuse(r->c, E_CODE_UNKNOWN, UNKNOWN_CODE);
	} while (e == E_CODE_UNKNOWN);
	sodium_memzero(symbols, sizeof symbols);
	return e;
}

static enum err
pick_id(struct revoke *r, const char *text, struct fault *f)
{
	struct books_slot slot;
	struct pick p;
	enum err e = issuing_find_code(&r->issuer, text, &slot, f);

	if (e != E_OK)
		return e;
	memcpy(p.grant_id, slot.grant_id, ID_SIZE);
	p.slot = slot.slot;
	return pick(r, &p, f);
}

static enum err
find_stick(struct revoke *r, size_t k, struct fault *f)
{
	struct issuing_stick stick;
	enum err e = E_OK;

	r->blame = r->sticks.items[k];
	if ((e = issuing_find(&r->issuer, r->blame, &stick, f)) != E_OK)
		return e;
	r->blame = NULL;
	memcpy(r->stick_ids[k], stick.id, ID_SIZE);
	issuing_stick_close(&stick);
	return E_OK;
}

/* All that has to be asked or looked up: after this only the books are needed to know what is meant. */
static enum err
read_names(struct revoke *r, struct fault *f)
{
	enum err e = E_OK;

	r->stick_ids = calloc(r->sticks.count + 1, sizeof *r->stick_ids);
	if (r->stick_ids == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	for (int i = 0; i < r->id_count && e == E_OK; i++)
		e = pick_id(r, r->ids[i], f);
	for (size_t k = 0; k < r->sticks.count && e == E_OK; k++)
		e = find_stick(r, k, f);
	if (e == E_OK && r->c->code_file != NULL)
		e = prompt_code_lines(r->c, on_line, r, f);
	else if (e == E_OK && r->code)
		e = ask_code(r, f);
	return e;
}

/* ---- choosing -------------------------------------------------------------------------------------------------------------- */

static int
by_slot(const void *pa, const void *pb)
{
	const struct pick *a = pa, *b = pb;
	int order = memcmp(a->grant_id, b->grant_id, ID_SIZE);

	if (order != 0)
		return order;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static bool
is_picked(const struct revoke *r, const struct books_slot *s)
{
	struct pick key = {.slot = s->slot};

	memcpy(key.grant_id, s->grant_id, ID_SIZE);
	return r->picks.count > 0 && bsearch(&key, r->picks.list, r->picks.count, sizeof key, by_slot) != NULL;
}

static bool
of_named_stick(const struct revoke *r, const struct books_slot *s)
{
	for (size_t k = 0; k < r->sticks.count; k++)
		if (memcmp(r->stick_ids[k], s->stick_id, ID_SIZE) == 0)
			return true;
	return false;
}

static bool
of_holder(const struct revoke *r, const struct books_slot *s)
{
	for (size_t k = 0; k < r->holders.count; k++)
		if (strcmp(s->holder, r->holders.items[k]) == 0)
			return true;
	return false;
}

struct stick_list {
	uint8_t (*ids)[ID_SIZE];
	size_t count, room;
};

static enum err
add_stick(struct stick_list *l, const uint8_t id[ID_SIZE], struct fault *f)
{
	uint8_t (*grown)[ID_SIZE] = array_grow(l->ids, l->count, &l->room, sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	l->ids = grown;
	memcpy(l->ids[l->count++], id, ID_SIZE);
	return E_OK;
}

static enum err
add_holder(const struct revoke *r, struct stick_list *l, const char *holder, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0;
	enum err e = books_slots_of_holder(r->issuer.books, holder, NULL, &slots, &count, f);

	if (e == E_OK && count == 0)
		e = fault_set(f, E_NO_CODES, 0, "",
		    _("nobody called \"%s\" was given a code; 'oncestick codes STICK' lists holders."), SHORT(holder));
	for (size_t k = 0; k < count && e == E_OK; k++)
		if (k == 0 || memcmp(slots[k].stick_id, slots[k - 1].stick_id, ID_SIZE) != 0)
			e = add_stick(l, slots[k].stick_id, f);
	free(slots);
	return e;
}

/* The sticks that something was named of: no other can lose a code, or its last one. */
static enum err
name_sticks(const struct revoke *r, struct stick_list *l, struct fault *f)
{
	uint8_t id[ID_SIZE];
	bool found = false;
	enum err e = E_OK;

	for (size_t k = 0; k < r->holders.count && e == E_OK; k++)
		e = add_holder(r, l, r->holders.items[k], f);
	for (size_t k = 0; k < r->sticks.count && e == E_OK; k++)
		e = add_stick(l, r->stick_ids[k], f);
	for (size_t k = 0; k < r->picks.count && e == E_OK; k++)
		if ((e = books_stick_of(r->issuer.books, r->picks.list[k].grant_id, id, &found, f)) == E_OK && found)
			e = add_stick(l, id, f);
	return e;
}

/* What is used or revoked already is no error: the person wanted it gone, and it is. */
static enum err
choose(struct revoke *r, struct fault *f)
{
	struct stick_list sticks = {0};
	enum err e = E_OK;

	free(r->all);
	free(r->chosen);
	r->all = NULL;
	r->chosen = NULL;
	r->all_count = 0;
	if ((e = name_sticks(r, &sticks, f)) == E_OK)
		e = books_slots_of_sticks(r->issuer.books, sticks.ids, sticks.count, &r->all, &r->all_count, f);
	free(sticks.ids);
	if (e != E_OK)
		return e;
	r->chosen = calloc(r->all_count + 1, sizeof *r->chosen);
	if (r->chosen == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of codes");
	if (r->picks.count > 1)
		qsort(r->picks.list, r->picks.count, sizeof *r->picks.list, by_slot);
	for (size_t k = 0; k < r->all_count; k++) {
		const struct books_slot *s = &r->all[k];

		r->chosen[k] = can_go(s) && (is_picked(r, s) || of_named_stick(r, s) || of_holder(r, s));
	}
	return E_OK;
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

static void
name_losers(const struct revoke *r, char *names, size_t size)
{
	char name[STICK_NAME_SIZE];
	size_t k = 0, n = 0;

	names[0] = '\0';
	while (n + 12 < size && loses_last(r, &k, name))
		n += (size_t)snprintf(names + n, size - n, "%s%s", n == 0 ? "" : ", ", name);
}

static enum err
confirm(struct revoke *r, const char *names, struct fault *f)
{
	char question[500];
	enum err e = E_OK;

	if (!prompt_possible(r->c))
		return fault_set(f, E_PROMPT, 0, "",
		    _("after this no code opens stick %s any more, and there is no terminal to ask on; --yes if you mean it."),
		    SHORT(names));
	snprintf(question, sizeof question, _("After this no code opens stick %s any more. Revoke?"), names);
	e = prompt_yes(r->c, question, f);
	if (e == E_PROMPT && f != NULL) {
		fault_clear(f);
		fault_set(f, E_PROMPT, 0, "", _("nothing was revoked."));
	}
	if (e == E_OK)
		snprintf(r->confirmed, sizeof r->confirmed, "%s", names);
	return e;
}

/* ---- doing it -------------------------------------------------------------------------------------------------------------- */

static enum err
open_target(const struct revoke *r, struct target *t, const char *path, struct fault *f)
{
	char fs[STICKIO_FS_NAME] = "";
	enum err e = E_OK;

	if ((e = stickarg_open(&t->at, path, f)) != E_OK || (e = stick_open(&t->stick, t->at.fd, f)) != E_OK ||
	    (e = stick_medium(t->stick, fs, f)) != E_OK || (e = stick_load_grants(t->stick, &t->grants, f)) != E_OK)
		return e;
	if (memcmp(t->grants.grants[0].issuer, r->issuer.pk, KEY_SIZE) != 0)
		e = fault_set(f, E_ISSUER, 0, "", _("the stick at %s belongs to another issuer; it was left as it is."), SHORT(path));
	return e;
}

/* What concerns the PC, and not one of the sticks. */
static bool
stops_all(enum err e)
{
	return e == E_FAIL || e == E_INTERRUPTED || e == E_MEMORY || e == E_BOOKS;
}

/* A stick that cannot have the list keeps it from no other. If none can, that is said before anything is asked or changed. */
static enum err
open_targets(struct revoke *r, struct fault *f)
{
	size_t failed = 0, first = 0;

	r->targets = calloc(r->ats.count + 1, sizeof *r->targets);
	if (r->targets == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	for (size_t k = 0; k < r->ats.count; k++)
		r->targets[k].at.fd = -1;
	for (size_t k = 0; k < r->ats.count; k++) {
		struct target *t = &r->targets[k];
		enum err e = open_target(r, t, r->ats.items[k], &t->fault);

		if (e == E_OK)
			continue;
		first = failed++ == 0 || stops_all(e) ? k : first;
		if (stops_all(e))
			break;
	}
	if (failed == 0 || (failed < r->ats.count && !stops_all(r->targets[first].fault.err)))
		return E_OK;
	r->blame = r->ats.items[first];
	return fault_pass(f, &r->targets[first].fault);
}

/* The list that a stick carries into the books, unless it cannot be read. */
static enum err
merge_target(struct revoke *r, struct target *t, struct fault *f)
{
	struct fault why = {0};
	enum err e = issuer_merge_notice(&r->issuer, t->stick, &why);

	if (e == E_STICK_IO)
		t->fault = why;
	return e == E_OK || e == E_STICK_IO ? E_OK : fault_pass(f, &why);
}

static enum err
change_books(struct revoke *r, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < r->ats.count && e == E_OK; k++)
		if (r->targets[k].fault.err == E_OK)
			e = merge_target(r, &r->targets[k], f);
	for (size_t k = 0; k < r->all_count && e == E_OK; k++)
		if (r->chosen[k])
			e = books_set_state(r->issuer.books, &(struct books_change){.grant_id = r->all[k].grant_id,
			    .slot = r->all[k].slot, .state = BOOKS_REVOKED, .now = r->issuer.now, .verb = "revoke", .detail = ""}, f);
	return e == E_OK ? issuer_publish(&r->issuer, &r->notice, &r->notice_n, &r->number, f) : e;
}

/* Chosen and revoked in one transaction. *names is what has to be asked first; then nothing was changed. */
static enum err
try_commit(struct revoke *r, char *names, size_t size, struct fault *f)
{
	enum err e = books_begin(r->issuer.books, f);

	if (e != E_OK)
		return e;
	names[0] = '\0';
	if ((e = choose(r, f)) == E_OK && !r->yes)
		name_losers(r, names, size);
	if (strcmp(names, r->confirmed) == 0)
		names[0] = '\0';
	if (e == E_OK && names[0] == '\0')
		e = change_books(r, f);
	return books_end(r->issuer.books, e, f);
}

/* Nobody is asked within a transaction: what the answer is about is looked at again after it. */
static enum err
commit(struct revoke *r, struct fault *f)
{
	char names[sizeof r->confirmed];
	enum err e = E_OK;

	while ((e = try_commit(r, names, sizeof names, f)) == E_OK && names[0] != '\0')
		if ((e = confirm(r, names, f)) != E_OK)
			return e;
	return e;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_target(const struct target *t, const char *path)
{
	char text[1400];

	if (t->fault.err == E_OK)
		return json_pack("{s:o, s:b, s:b}", "path", say_json_text(t->at.path), "ok", 1, "written", (int)t->written);
	say_explain_english(text, sizeof text, &t->fault, &(struct say_about){.object = path});
	return json_pack("{s:o, s:b, s:b, s:s, s:i, s:o}", "path", say_json_text(path), "ok", 0, "written", 0, "error",
	    err_name(t->fault.err), "status", (int)t->fault.err, "message", say_json_text(text));
}

static enum err
report_json(const struct revoke *r)
{
	json_t *list = json_array();
	json_t *ats = json_array();
	char id[ISSUER_SLOT_NAME];
	bool written = false;

	for (size_t k = 0; k < r->all_count; k++) {
		if (!r->chosen[k])
			continue;
		issuer_slot_name(id, &r->all[k]);
		json_array_append_new(list, json_string(id));
	}
	for (size_t k = 0; k < r->ats.count; k++) {
		written = written || r->targets[k].written;
		json_array_append_new(ats, json_target(&r->targets[k], r->ats.items[k]));
	}
	return say_json(r->c,
	    json_pack("{s:o, s:I, s:b, s:o, s:o}", "revoked", list, "notice", (json_int_t)r->number, "written", (int)written, "at",
		r->ats.count == 0 ? json_null() : say_json_text(r->ats.items[0]), "sticks", ats));
}

/* What was named and was gone before. */
static void
report_gone(const struct revoke *r)
{
	char id[ISSUER_SLOT_NAME];

	for (size_t k = 0; k < r->all_count; k++) {
		const struct books_slot *s = &r->all[k];

		if (can_go(s) || !is_picked(r, s))
			continue;
		issuer_slot_name(id, s);
		if (s->state == BOOKS_SPENT)
			say_info(r->c, "code %s was used already", id);
		else
			say_info(r->c, "code %s was revoked already", id);
	}
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

static void
report_target(const struct revoke *r, const struct target *t)
{
	char path[512];

	if (t->fault.err != E_OK)
		return;
	say_safe(path, sizeof path, t->at.path);
	if (t->written)
		say_info(r->c, "  is on the stick at %s now: its revoked codes are dead on every PC", path);
	else
		say_info(r->c, "  is on the stick at %s already: its revoked codes are dead on every PC", path);
}

/* What it reaches, and what it does not stop yet: nobody should believe more than is so. */
static void
report_reach(const struct revoke *r)
{
	if (r->number == 0) {
		say_info(r->c, "no code was ever revoked or collected: there is no list to write.");
		return;
	}
	say_info(r->c, "list number %u of revoked codes:", r->number);
	for (size_t k = 0; k < r->ats.count; k++)
		report_target(r, &r->targets[k]);
	say_info(
	    r->c, "  reaches every PC where a stick of yours that carries it is opened, and every stick you prepare from now on");
	say_info(r->c, "  does not yet stop a code of a stick that is away, on a PC that has not seen the list.");
	if (r->ats.count == 0)
		say_info(r->c, "next, with the stick in hand: oncestick revoke --at STICK");
}

static enum err
run(struct revoke *r, struct fault *f)
{
	enum err e = E_OK;

	if ((e = issuing_open(&r->issuer, r->c, f)) != E_OK || (e = open_targets(r, f)) != E_OK ||
	    (e = issuing_clock(&r->issuer, r->c, f)) != E_OK || (e = issuing_unlock(&r->issuer, r->c, f)) != E_OK ||
	    (e = read_names(r, f)) != E_OK || (e = commit(r, f)) != E_OK)
		return e;
	for (size_t k = 0; k < r->ats.count; k++) {
		struct target *t = &r->targets[k];

		if (t->fault.err == E_OK)
			issuer_put_notice(&r->issuer, t->stick, &t->grants, BYTES(r->notice, r->notice_n), &t->written, &t->fault);
	}
	return E_OK;
}

static enum err
report(struct revoke *r)
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
	for (size_t k = 0; k < r->ats.count; k++) {
		const struct target *t = &r->targets[k];

		if (t->fault.err == E_OK)
			continue;
		if (r->number > 0)
			say_info(r->c, "the books have it, but the list is not on the stick:");
		say_error(r->c, &t->fault, &(struct say_about){.object = r->ats.items[k]});
		failed = failed == E_OK ? t->fault.err : failed;
	}
	return failed != E_OK ? failed : e;
}

static void
end(struct revoke *r)
{
	for (size_t k = 0; r->targets != NULL && k < r->ats.count; k++) {
		stick_grants_free(&r->targets[k].grants);
		stick_close(&r->targets[k].stick);
		place_close(&r->targets[k].at);
	}
	free(r->targets);
	secret_free(&r->codes.list);
	free(r->picks.list);
	free(r->stick_ids);
	free(r->all);
	free(r->chosen);
	free(r->notice);
	opt_list_free(&r->holders);
	opt_list_free(&r->sticks);
	opt_list_free(&r->ats);
	issuer_close(&r->issuer);
}

enum err
cmd_revoke(struct cli *c, int argc, char **argv)
{
	struct revoke r = {.c = c, .issuer = {.dir_fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "code", 0, NULL, N_("ask for a code to revoke; --code-file for many, one per line"), &r.code, 0, 0},
	    {OPT_LIST, "holder", 0, "NAME", N_("every code that NAME was given and has not used"), &r.holders, 0, 0},
	    {OPT_LIST, "stick", 0, "STICK|ID", N_("every unused code of a stick"), &r.sticks, 0, 0},
	    {OPT_FLAG, "spent", 0, NULL, N_("every used code that is in the books: they are always in the list"), &r.spent, 0, 0},
	    {OPT_LIST, "at", 0, "STICK", N_("write the newest list to this stick"), &r.ats, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask, even if no code is left for a stick"), &r.yes, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"revoke CODE-ID... [--at STICK]\nrevoke --code | --code-file FILE | --holder NAME | --stick "
				      "STICK|ID | --spent\nrevoke --at STICK",
	    N_("Make codes useless, for good. Name them like 7kq241/3, by their holder, by their stick, or type the codes "
	       "themselves. The result is a\n"
	       "signed list that travels with sticks; at the end you are told what it reaches and what it does not stop yet. With "
	       "--code-file,\n"
	       "every line is a code.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CODE | OPT_CLOCK | OPT_JSON, rows, 0, -1};
	struct fault f = {0};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, argc, argv, &r.ids, &r.id_count, &e))
		return e;
	if (r.id_count == 0 && !r.code && c->code_file == NULL && r.holders.count == 0 && r.sticks.count == 0 && !r.spent &&
	    r.ats.count == 0)
		return say_usage(c, "which codes? Name them like 7kq241/3, or use --code, --holder, --stick, --spent or --at");
	e = run(&r, &f);
	e = e == E_OK ? report(&r) : say_error(c, &f, &(struct say_about){.object = r.blame});
	end(&r);
	return e;
}
