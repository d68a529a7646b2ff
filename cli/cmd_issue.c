/*
 * cmd_issue.c - hand out codes: into the books first, then to the person.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "cli.h"
#include "code.h"
#include "dcbor.h"
#include "handout.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "opt.h"
#include "say.h"
#include "secret.h"
#include "text.h"
#include "when.h"

struct issue {
	uint32_t n;
	const char *to;
	const char *again;
	const char *stick; /* the operand, or NULL */

	enum handout_format format;

	struct issuer issuer;
	struct handout out;
};

/* ---- choosing ------------------------------------------------------------------------------------------------------------ */

static bool
usable(const struct books_slot *s, enum books_slot_state state, int64_t now)
{
	return s->state == state && s->expires > now;
}

static enum err
count_left(struct issue *a, const uint8_t id[ID_SIZE], struct fault *f)
{
	struct books_slot *all = NULL;
	size_t count = 0;
	enum err e = books_slots(a->issuer.books, id, &all, &count, f);

	a->out.left = 0;
	for (size_t k = 0; k < count; k++)
		a->out.left += usable(&all[k], BOOKS_READY, a->issuer.now);
	free(all);
	return e;
}

static enum err
take_ready(struct issue *a, struct fault *f)
{
	struct issuer_stick stick;
	uint32_t have = 0;
	enum err e = issuer_find(&a->issuer, a->stick, &stick, f);

	if (e != E_OK)
		return e;
	e = books_take(a->issuer.books, stick.id, a->n, a->to, a->issuer.now, &a->out.slots, &have, f);
	if (e == E_NO_CODES) {
		fault_clear(f);
		fault_set(f, E_NO_CODES, 0, "",
		    ngettext("stick %s has %u code left to hand out, not %u; none was handed out. More: oncestick prepare FOLDER "
			     "STICK --add",
			"stick %s has %u codes left to hand out, not %u; none was handed out. More: oncestick prepare FOLDER STICK "
			"--add",
			have),
		    stick.name, have, a->n);
	}
	if (e == E_OK) {
		a->out.count = a->n;
		e = count_left(a, stick.id, f);
	}
	issuer_stick_close(&stick);
	return e;
}

static enum err
again_code(struct issue *a, struct fault *f)
{
	struct books_slot slot;
	enum err e = issuer_find_code(&a->issuer, a->again, &slot, f);

	if (e != E_OK)
		return e;
	switch (slot.state) {
	case BOOKS_READY:
		return fault_set(
		    f, E_USAGE, 0, "", _("code %.20s was not handed out yet; without --again the next ready codes are."), a->again);
	case BOOKS_SPENT:
		return fault_set(f, E_SPENT, 0, "", _("code %.20s was used; hand out another."), a->again);
	case BOOKS_REVOKED:
		return fault_set(f, E_REVOKED, 0, "", _("code %.20s is revoked; hand out another."), a->again);
	case BOOKS_ISSUED:
		break;
	}
	a->out.slots = malloc(sizeof *a->out.slots);
	if (a->out.slots == NULL)
		return fault_set(f, E_FAIL, 0, "memory", "for a code");
	a->out.slots[0] = slot;
	a->out.count = 1;
	return E_OK;
}

static enum err
again_holder(struct issue *a, struct fault *f)
{
	struct issuer_stick stick = {.at = {.fd = -1}};
	size_t count = 0;
	enum err e = E_OK;

	if (a->stick != NULL)
		e = issuer_find(&a->issuer, a->stick, &stick, f);
	if (e == E_OK)
		e = books_slots(a->issuer.books, a->stick != NULL ? stick.id : NULL, &a->out.slots, &count, f);
	issuer_stick_close(&stick);
	for (size_t k = 0; e == E_OK && k < count; k++)
		if (usable(&a->out.slots[k], BOOKS_ISSUED, a->issuer.now) && strcmp(a->out.slots[k].holder, a->again) == 0)
			a->out.slots[a->out.count++] = a->out.slots[k];
	if (e == E_OK && a->out.count == 0)
		e = fault_set(f, E_NO_CODES, 0, "",
		    _("nobody called \"%.80s\" holds a code that is unused and in time; 'oncestick codes STICK' lists holders."),
		    a->again);
	return e;
}

static enum err
record_again(struct issue *a, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < a->out.count && e == E_OK; k++) {
		const struct books_slot *s = &a->out.slots[k];

		e = books_event(a->issuer.books, a->issuer.now, "issue again", s->grant_id, s->slot, s->holder, "", f);
	}
	return e;
}

static enum err
choose(struct issue *a, struct fault *f)
{
	enum err e = E_OK;

	if (a->again == NULL)
		return take_ready(a, f);
	e = strchr(a->again, '/') != NULL ? again_code(a, f) : again_holder(a, f);
	return e == E_OK ? record_again(a, f) : e;
}

/* ---- making and showing -------------------------------------------------------------------------------------------------- */

static enum err
make_codes(struct issue *a, struct fault *f)
{
	char symbols[CODE_SYMBOLS];

	a->out.codes = secret_new(a->out.count * CODE_SHOWN_SIZE);
	if (a->out.codes == NULL)
		return fault_set(f, E_FAIL, 0, "memory", "for codes");
	for (size_t k = 0; k < a->out.count; k++) {
		mint_code(symbols, a->issuer.seed, a->out.slots[k].grant_id, a->out.slots[k].slot);
		code_show(a->out.codes[k], symbols);
	}
	sodium_memzero(symbols, sizeof symbols);
	return E_OK;
}

/* In one transaction: what is shown is in the books, what is in the books as handed out can be shown. */
static enum err
hand_out(struct issue *a, struct fault *f)
{
	enum err e = books_begin(a->issuer.books, f);

	if (e != E_OK)
		return e;
	if ((e = choose(a, f)) == E_OK)
		e = make_codes(a, f);
	return books_end(a->issuer.books, e, f);
}

/* How many slots from the k-th on are of one stick and numbered one after the other; where two are, they are named one by one. */
static size_t
row_of(const struct issue *a, size_t k)
{
	const struct books_slot *s = &a->out.slots[k];
	size_t n = 1;

	while (k + n < a->out.count && memcmp(s[n].stick_id, s->stick_id, ID_SIZE) == 0 && s[n].number == s->number + n)
		n++;
	return n > 2 ? n : 1;
}

/* "7kq241/1 and /2", "7kq241/1, /2 and /5", "7kq241/1 to /40" */
static void
name_slots(const struct issue *a, char *out, size_t size)
{
	const uint8_t *last = NULL;
	size_t n = 0, row = 0;

	out[0] = '\0';
	for (size_t k = 0; k < a->out.count; k += row) {
		const struct books_slot *s = &a->out.slots[k];
		char id[ISSUER_SLOT_NAME];
		bool same = last != NULL && memcmp(last, s->stick_id, ID_SIZE) == 0;

		if (n + 90 >= size) {
			/* TRANSLATORS: the end of a list of codes that is too long to be printed */
			snprintf(out + n, size - n, _(" and %zu more"), a->out.count - k);
			return;
		}
		row = row_of(a, k);
		issuer_slot_name(id, s);
		/* TRANSLATORS: before the last of a list of codes: "7kq241/1, /2 and /5" */
		n += (size_t)snprintf(out + n, size - n, "%s", k == 0 ? "" : k + row == a->out.count ? _(" and ") : ", ");
		if (row > 1)
			/* TRANSLATORS: the first and the last of several codes one after the other, as 7kq241/1 and 40 */
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): where count is not 0 there are slots */
			n += (size_t)snprintf(out + n, size - n, _("%s to /%u"), same ? strchr(id, '/') : id, s[row - 1].number);
		else
			n += (size_t)snprintf(out + n, size - n, "%s", same ? strchr(id, '/') : id);
		last = s->stick_id;
	}
}

static void
tell(const struct cli *c, const struct issue *a)
{
	const struct books_slot *s = &a->out.slots[0];
	char names[400], holder[2 * BOOKS_TEXT], from[WHEN_SHOWN], until[WHEN_SHOWN];

	name_slots(a, names, sizeof names);
	say_safe(holder, sizeof holder, s->holder);
	/* TRANSLATORS: the names of codes that were handed out, such as "7kq241/1 and /2", and who has them */
	if (a->again != NULL && holder[0] != '\0')
		say_info(c, ngettext("code %s for %s, again", "codes %s for %s, again", a->out.count), names, holder);
	else if (a->again != NULL)
		say_info(c, ngettext("code %s, again", "codes %s, again", a->out.count), names);
	else if (holder[0] != '\0')
		say_info(c, ngettext("code %s for %s; %u left on this stick", "codes %s for %s; %u left on this stick", a->out.count),
		    names, holder, a->out.left);
	else
		say_info(c, ngettext("code %s; %u left on this stick", "codes %s; %u left on this stick", a->out.count), names,
		    a->out.left);
	when_show(from, sizeof from, s->not_before);
	when_show(until, sizeof until, s->expires);
	say_info(c, "each opens once, from %s to %s", from, until);
	if (s->not_before > a->issuer.now)
		say_info(c, "next: give stick and codes out; before %s a try is refused and spends nothing", from);
}

static enum err
run(const struct cli *c, struct issue *a, struct fault *f)
{
	char names[400];
	enum err e = issuer_open(&a->issuer, c, f);

	if (e == E_OK && (e = issuer_unlock(&a->issuer, c, f)) == E_OK)
		e = hand_out(a, f);
	if (e != E_OK)
		return say_error(c, f, NULL);
	if (handout_print(&a->out, a->format) != 0) {
		name_slots(a, names, sizeof names);
		return say_refuse(c, E_FAIL,
		    "standard output cannot be written; codes %s are in the books as handed out: issue --again CODE-ID shows them",
		    names);
	}
	tell(c, a);
	return E_OK;
}

static bool
format_fits(const struct cli *c, struct issue *a, const char *word)
{
	a->format = c->json ? HANDOUT_JSON : HANDOUT_TEXT;
	if (word == NULL)
		return true;
	if (handout_format(&a->format, word) != 0) {
		say_usage(c, "--format is text, csv or json");
		return false;
	}
	if (c->json && a->format != HANDOUT_JSON) {
		say_usage(c, "--json is --format json, and goes with no other");
		return false;
	}
	return true;
}

static bool
arguments_fit(const struct cli *c, const struct issue *a, bool n_given)
{
	if (a->again != NULL && (a->to != NULL || n_given)) {
		say_usage(c, "--again shows codes that are handed out already: it goes with neither -n nor --to");
		return false;
	}
	if (a->to != NULL && !dcbor_text_ok(a->to, strlen(a->to))) {
		say_usage(c, "--to wants a name of 1 to %u bytes of plain text", LABEL_MAX);
		return false;
	}
	return true;
}

enum err
cmd_issue(struct cli *c, int argc, char **argv)
{
	struct issue a = {.issuer = {.dir_fd = -1}};
	const char *format = NULL;
	const struct opt rows[] = {
	    {OPT_NUMBER, "codes", 'n', "N", N_("how many (2)"), &a.n, 1, GRANT_SLOTS_MAX},
	    {OPT_TEXT, "to", 0, "HOLDER", N_("who gets them, for the books"), &a.to, 0, 0},
	    {OPT_TEXT, "again", 0, "CODE-ID|HOLDER", N_("show codes again that were handed out and not used"), &a.again, 0, 0},
	    {OPT_TEXT, "format", 0, "FORMAT", N_("text (one code a line), csv or json"), &format, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"issue [STICK|ID] [-n N] [--to HOLDER]\nissue [STICK|ID] --again CODE-ID|HOLDER",
	    N_("Hand out ready codes of a stick: one a line on standard output, after they are written down in the books. The stick "
	    "is named by\n"
	    "its directory or by its name (7kq241); with the name it need not be here. If there are not enough, none is handed "
	    "out.\n"),
	    OPT_PASSPHRASE | OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	char **operands = NULL;
	int count = 0;
	enum err e = E_OK;
	bool n_given = false;

	if (!opt_parse(c, &verb, argc, argv, &operands, &count, &e))
		return e;
	n_given = a.n != 0;
	if (!format_fits(c, &a, format) || !arguments_fit(c, &a, n_given))
		return E_USAGE;
	a.n = n_given ? a.n : 2;
	a.stick = count > 0 ? operands[0] : NULL;
	a.out.again = a.again != NULL;
	e = run(c, &a, &f);
	secret_free(&a.out.codes);
	free(a.out.slots);
	issuer_close(&a.issuer);
	return e;
}
