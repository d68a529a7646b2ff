/*
 * cmd_issue.c - hand out codes: first in the books, then to the person.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cards.h"
#include "cli.h"
#include "dcbor.h"
#include "faultsay.h"
#include "handout.h"
#include "handoutsay.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "opt.h"
#include "rostering.h"
#include "several.h"
#include "sheet.h"
#include "stop.h"
#include "text.h"
#include "when.h"
#include "wiping.h"

/* One stick, and the codes of it. */
struct part {
	const char *stick; /* the operand, or NULL */
	uint8_t id[ID_SIZE];
	bool known; /* id is set */
	struct handout out; /* its slots have joined those of all */
	struct fault fault;
};

struct issue {
	const struct cli *c;
	uint32_t n;
	const char *to;
	const char *lecture; /* label or id, or NULL */
	struct opt_list again;
	struct part *parts;
	size_t part_count; /* at least 1 */
	struct rostering roster; /* roster.file: NULL for an order without a roster */

	bool print; /* print to standard output, as format */
	enum handoutsay_format format;
	const char *file; /* for the code sheet; NULL: no sheet */
	enum cards_paper paper;
	bool large;

	struct issuer issuer;
	struct handout out; /* all of them */
	json_t *cards; /* for the sheet; they contain the codes */
	struct sheet sheet;
};

/* ---- choosing ------------------------------------------------------------------------------------------------------------ */

static enum err
too_few(const struct issue *a, const struct handout *out, const struct issuing_stick *stick, struct fault *f)
{
	uint32_t have = out->have;

	if (!out->others && a->lecture == NULL)
		return say_fault(a->c, f, E_NO_CODES,
		    ngettext("stick %s has %u code left to hand out, not %u; none was handed out. To make more: oncestick refill "
			     "STICK",
			"stick %s has %u codes left to hand out, not %u; none was handed out. To make more: oncestick refill "
			"STICK",
			have),
		    stick->name, have, a->n);
	if (!out->others)
		return say_fault(a->c, f, E_NO_CODES,
		    ngettext("that lecture on stick %s has %u code left to hand out, not %u; none was handed out.",
			"that lecture on stick %s has %u codes left to hand out, not %u; none was handed out.", have),
		    stick->name, have, a->n);
	return say_fault(a->c, f, E_NO_CODES,
	    ngettext("the lecture on stick %s has %u code left to hand out, not %u; none was handed out. Other lectures on it have "
		     "codes: issue --lecture LABEL; 'oncestick codes %s' lists them.",
		"the lecture on stick %s has %u codes left to hand out, not %u; none was handed out. Other lectures on it have "
		"codes: issue --lecture LABEL; 'oncestick codes %s' lists them.",
		have),
	    stick->name, have, a->n, stick->name);
}

/* It has no code left; or what is on it was never in these books, such as another issuer's. */
static enum err
none_left(const struct issue *a, const struct issuing_stick *stick, struct fault *f)
{
	char label[LABEL_MAX + 1];
	bool known = false;
	enum err e = books_stick_label(a->issuer.books, stick->id, label, &known, f);

	if (e != E_OK)
		return e;
	if (!known)
		return say_fault(a->c, f, E_NO_CODES,
		    _("the books have no codes for stick %s; if it is yours: oncestick collect %s"), stick->name, "STICK");
	return say_fault(
	    a->c, f, E_NO_CODES, _("stick %s has no code left to hand out. To make more: oncestick refill STICK"), stick->name);
}

/* Put why, which is about the stick, into words with the stick's name. */
static enum err
word(const struct issue *a, const struct handout *out, const struct issuing_stick *stick, const struct fault *why, struct fault *f)
{
	if (why->why == WHY_TOO_FEW)
		return too_few(a, out, stick, f);
	if (why->why == WHY_NONE_LEFT)
		return none_left(a, stick, f);
	if (why->why == WHY_NO_LECTURE)
		return say_fault(a->c, f, E_NO_GRANT,
		    _("the books have no lecture \"%s\" on stick %s; 'oncestick codes %s' lists those there are."),
		    a->lecture, stick->name, stick->name);
	return fault_pass(f, why);
}

/* One stick may be named by its directory, and by its name. */
static enum err
find(struct issue *a, struct part *p, struct issuing_stick *stick, struct fault *f)
{
	enum err e = issuing_find(&a->issuer, a->c, p->stick, stick, f);

	if (e != E_OK)
		return e;
	for (const struct part *q = a->parts; q < p; q++)
		if (q->known && memcmp(q->id, stick->id, ID_SIZE) == 0) {
			issuing_stick_close(stick);
			return fault_why(f, E_USAGE, 0, WHY_TWICE, "%s", p->stick);
		}
	memcpy(p->id, stick->id, ID_SIZE);
	p->known = true;
	return E_OK;
}

static enum err
take_ready(struct issue *a, struct part *p, struct fault *f)
{
	struct issuing_stick stick;
	struct fault why = {0};
	enum err e = find(a, p, &stick, f);

	if (e != E_OK)
		return e;
	e = issuing_look_behind(&a->issuer, stick.at.fd, &why);
	if (e == E_OK)
		e = handout_take(&p->out, &a->issuer,
		    &(struct handout_order){.stick_id = stick.id, .lecture = a->lecture, .holder = a->to, .n = a->n}, &why);
	issuing_stick_close(&stick);
	return e == E_OK ? E_OK : word(a, &p->out, &stick, &why, f);
}

static enum err
again_code(struct issue *a, struct part *p, const char *id, struct fault *f)
{
	struct books_slot slot;
	enum err e = issuing_find_code(&a->issuer, a->c, id, &slot, f);

	return e == E_OK ? handout_again_code(&p->out, &a->issuer, &slot, f) : e;
}

static enum err
again_holder(struct issue *a, struct part *p, const char *holder, struct fault *f)
{
	struct issuing_stick stick = {.at = {.fd = -1}};
	struct handout_order order = {.lecture = a->lecture, .holder = holder};
	struct fault why = {0};
	enum err e = p->stick != NULL ? find(a, p, &stick, f) : E_OK;

	if (e != E_OK)
		return e;
	order.stick_id = p->stick != NULL ? stick.id : NULL;
	e = handout_again_holder(&p->out, &a->issuer, &order, &why);
	issuing_stick_close(&stick);
	return e == E_OK ? E_OK : word(a, &p->out, &stick, &why, f);
}

static enum err
again(struct issue *a, struct part *p, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < a->again.count && e == E_OK; k++) {
		const char *whose = a->again.items[k];

		e = strchr(whose, '/') != NULL ? again_code(a, p, whose, f) : again_holder(a, p, whose, f);
	}
	return e;
}

/* Of each stick, or of all that are not refused. What is said of one may become JSON, which is in English. */
static enum err
choose(struct issue *a, struct fault *f)
{
	const bool json = a->print && a->format == HANDOUTSAY_JSON && a->part_count > 1;
	const struct part *first = NULL;
	locale_t before = json ? text_english() : (locale_t)0;
	enum err stopped = E_OK;

	for (struct part *p = a->parts; p < a->parts + a->part_count && stopped == E_OK; p++) {
		enum err e = a->again.count > 0 ? again(a, p, &p->fault) : take_ready(a, p, &p->fault);

		if (e == E_OK)
			stopped = handout_join(&a->out, &p->out, f);
		else if (several_stops(&p->fault))
			stopped = fault_pass(f, &p->fault);
		else
			first = first == NULL ? p : first;
		if (e != E_OK)
			handout_free(&p->out); /* what it has chosen before is not handed out either */
	}
	if (json)
		text_again(before);
	return stopped == E_OK && a->out.count == 0 && first != NULL ? fault_pass(f, &first->fault) : stopped;
}

/* ---- making and showing -------------------------------------------------------------------------------------------------- */

/* One transaction: every code that is shown is in the books, and every code that the books call handed out can be shown. */
static enum err
hand_out(struct issue *a, struct fault *f)
{
	enum err e = books_begin(a->issuer.books, f);

	if (e != E_OK)
		return e;
	if ((e = choose(a, f)) == E_OK && (e = handout_codes(&a->out, &a->issuer, f)) == E_OK && a->file != NULL)
		e = cards_make(&a->cards, &a->out, &a->issuer, &(struct cards_look){.paper = a->paper, .large = a->large}, f);
	return books_end(a->issuer.books, e, f);
}

/* ---- printing and telling ------------------------------------------------------------------------------------------------ */

#define RETRY_STICKS 2000
#define RETRY (RETRY_STICKS + ISSUER_DIR_MAX + 3 * BOOKS_TEXT) /* a command line with sticks, a file and a holder in it */

/* The sticks that codes were handed out of, as many as fit. */
static void
sticks_of(const struct issue *a, char out[RETRY_STICKS])
{
	size_t n = 0;

	for (size_t k = 0; k < a->out.count && n + STICK_NAME_SIZE + 1 < RETRY_STICKS; k++) {
		const uint8_t *id = a->out.slots[k].stick_id;
		char name[STICK_NAME_SIZE];

		if (k > 0 && memcmp(id, a->out.slots[k - 1].stick_id, ID_SIZE) == 0)
			continue;
		keytree_stick_name(name, id);
		n += (size_t)snprintf(out + n, RETRY_STICKS - n, "%s%s", n > 0 ? " " : "", name);
	}
}

/*
 * The command that shows these codes again: all of them if one name stands for all, otherwise only the first. Return true for all.
 */
static bool
retry(const struct issue *a, char out[RETRY])
{
	const struct books_slot *s = &a->out.slots[0];
	char id[ISSUER_SLOT_NAME], holder[2 * BOOKS_TEXT], file[ISSUER_DIR_MAX], sticks[RETRY_STICKS];
	const char *more = a->file != NULL ? " --sheet " : "";
	char quote = strchr(s->holder, '\'') == NULL ? '\'' : '"';

	issuer_slot_name(id, s);
	sticks_of(a, sticks);
	say_safe(holder, sizeof holder, s->holder);
	say_safe(file, sizeof file, a->file != NULL ? a->file : "");
	if (a->out.count > 1 && s->holder[0] == '\0')
		snprintf(out, RETRY, "oncestick issue %s --again ''%s%s", sticks, more, file);
	else if (a->out.count > 1 && strchr(s->holder, '/') == NULL)
		snprintf(out, RETRY, "oncestick issue --again %c%s%c%s%s", quote, holder, quote, more, file);
	else
		snprintf(out, RETRY, "oncestick issue --again %s%s%s", id, more, file);
	return a->out.count == 1 || strchr(s->holder, '/') == NULL;
}

/* Nothing is lost: codes that could not be shown are in the books. */
static enum err
say_not_shown(const struct cli *c, const struct issue *a, const char *why)
{
	char names[HANDOUTSAY_NAMES], command[RETRY];
	enum err e = stop_asked() ? E_INTERRUPTED : E_FAIL;
	bool all = retry(a, command);

	handoutsay_names(&a->out, names, sizeof names);
	if (!all)
		return say_refuse(c, e,
		    "%s. The codes are not lost: %s are in the books as handed out. To see them again, one after the other: %s",
		    why, names, command);
	return say_refuse(c, e, "%s. The codes are not lost: %s are in the books as handed out. To see them again: %s", why, names,
	    command);
}

static void
tell_sheet(const struct cli *c, const struct issue *a)
{
	char file[ISSUER_DIR_MAX], command[RETRY];

	say_safe(file, sizeof file, a->file);
	if (a->sheet.missing) {
		retry(a, command);
		say_warn(c,
		    "some characters are in no font on this PC and show as boxes on the sheet; install a font that has them (in "
		    "Debian, fonts-noto-core or fonts-noto-cjk), then: %s",
		    command);
	}
	if (strcmp(a->file, "-") != 0)
		say_info(c, ngettext("sheet: %s, %zu card; it opens the stick: print it, then guard the file like the code, or "
				     "delete it",
		    "sheet: %s, %zu cards; they open the stick: print them, then guard the file like the codes, or delete it",
		    (unsigned long)a->out.count), file, a->out.count);
}

/* What there is of one stick, whose codes begin with the from-th of all. None if there is a fault. */
static struct handout
codes_of(const struct issue *a, const struct part *p, size_t from)
{
	struct handout of = p->out;

	of.slots = a->out.slots + from;
	of.codes = a->out.codes + from;
	return of;
}

/* What is said of one stick begins with its name, if there are several. */
static struct cli
of_part(const struct cli *c, const struct issue *a, const struct part *p, char about[STICKARG_ABOUT])
{
	if (a->part_count > 1)
		stickarg_about(about, p->stick, p->known ? p->id : NULL);
	return say_of(c, a->part_count > 1 ? about : NULL);
}

/* Codes of one lecture, and when they open it. */
static void
tell_lecture(const struct cli *c, const struct handout *of)
{
	const struct books_slot *s = &of->slots[0];
	unsigned long n = (unsigned long)of->count;
	char names[HANDOUTSAY_NAMES], holder[2 * BOOKS_TEXT], from[WHEN_SHOWN], until[WHEN_SHOWN];

	handoutsay_names(of, names, sizeof names);
	say_safe(holder, sizeof holder, s->holder);
	/* TRANSLATORS: the names of codes that were handed out, such as "7kq241/1 and /2", and who has them */
	if (of->again && holder[0] != '\0')
		say_info(c, ngettext("code %s for %s, again", "codes %s for %s, again", n), names, holder);
	else if (of->again)
		say_info(c, ngettext("code %s, again", "codes %s, again", n), names);
	else if (of->others && holder[0] != '\0')
		say_info(c, ngettext("code %s for %s; %u left of this lecture", "codes %s for %s; %u left of this lecture", n),
		    names, holder, of->left);
	else if (of->others)
		say_info(c, ngettext("code %s; %u left of this lecture", "codes %s; %u left of this lecture", n), names, of->left);
	else if (holder[0] != '\0')
		say_info(c, ngettext("code %s for %s; %u left on this stick", "codes %s for %s; %u left on this stick", n), names,
		    holder, of->left);
	else
		say_info(c, ngettext("code %s; %u left on this stick", "codes %s; %u left on this stick", n), names, of->left);
	when_show(from, sizeof from, s->not_before);
	when_show(until, sizeof until, s->expires);
	say_info(c, "each opens once, from %s to %s", from, until);
}

/* How many codes, starting with the k-th, have the same lecture and the same holder. */
static size_t
row_of(const struct handout *h, size_t k)
{
	const struct books_slot *s = &h->slots[k];
	size_t n = 1;

	while (k + n < h->count && memcmp(s[n].grant_id, s->grant_id, ID_SIZE) == 0 && strcmp(s[n].holder, s->holder) == 0)
		n++;
	return n;
}

static void
tell_which(const struct cli *c, const struct issue *a, const struct handout *of)
{
	char label[2 * LABEL_MAX + 2];

	if (of->again || (!of->several && a->lecture == NULL))
		return;
	say_safe(label, sizeof label, of->slots[0].label);
	if (a->lecture != NULL || !of->others)
		say_info(c, "lecture: \"%s\"", label);
	else
		say_info(c, "lecture: \"%s\", the newest on this stick that has codes; another one: --lecture LABEL", label);
}

static void
tell_next(const struct cli *c, const struct issue *a)
{
	char from[WHEN_SHOWN];
	int64_t first = INT64_MAX;

	for (size_t k = 0; k < a->out.count; k++)
		if (a->out.slots[k].not_before < first)
			first = a->out.slots[k].not_before;
	when_show(from, sizeof from, first);
	if (first > a->issuer.now)
		say_info(c, "next: hand out the stick and the codes; before %s a try is refused and spends nothing", from);
}

/* The codes of one stick, all with the same beginning. */
static void
tell_part(const struct cli *c, const struct issue *a, const struct handout *of)
{
	size_t row = 0;

	tell_which(c, a, of);
	for (size_t k = 0; k < of->count; k += row) {
		struct handout part = *of;

		row = row_of(of, k);
		part.slots += k;
		part.codes += k;
		part.count = row;
		tell_lecture(c, &part);
	}
}

/* Print and tell, one stick after the other. Return 0, or -1 if the codes cannot be printed. */
static int
show_parts(const struct cli *c, const struct issue *a)
{
	size_t from = 0;

	for (const struct part *p = a->parts; p < a->parts + a->part_count; p++) {
		char about[STICKARG_ABOUT];
		const struct cli here = of_part(c, a, p, about);
		const struct handout of = codes_of(a, p, from);

		if (of.count == 0)
			continue;
		from += of.count;
		if (a->print && a->format == HANDOUTSAY_TEXT && handoutsay_print(&of, a->format) != 0)
			return -1;
		tell_part(&here, a, &of);
	}
	return 0;
}

/* Say what was refused. Return the status of all. */
static enum err
say_refused(const struct cli *c, const struct issue *a)
{
	enum err sum = E_OK;

	for (const struct part *p = a->parts; p < a->parts + a->part_count; p++) {
		char about[STICKARG_ABOUT];
		const struct cli here = of_part(c, a, p, about);

		if (p->fault.err != E_OK)
			sum = several_first(sum, faultsay_error(&here, &p->fault, NULL));
	}
	return sum;
}

static int
print_all(const struct issue *a)
{
	struct handoutsay_stick *list = NULL;
	size_t from = 0;
	int failed = 0;

	if (a->part_count == 1 || a->format != HANDOUTSAY_JSON) {
		const struct handout of = codes_of(a, a->parts, 0);

		return handoutsay_print(a->part_count == 1 ? &of : &a->out, a->format);
	}
	if ((list = calloc(a->part_count, sizeof *list)) == NULL)
		return -1;
	for (size_t k = 0; k < a->part_count; k++) {
		const struct part *p = &a->parts[k];

		list[k] = (struct handoutsay_stick){p->stick, codes_of(a, p, from), p->fault};
		from += p->out.count;
	}
	failed = handoutsay_sticks(list, a->part_count);
	free(list);
	return failed;
}

/* The keys are wiped before another program is started; it gets only the codes. */
static enum err
show(const struct cli *c, struct issue *a)
{
	char why[SHEET_WHY], reason[SHEET_WHY + 100];

	issuer_close(&a->issuer);
	if (a->file != NULL && sheet_draw(&a->sheet, a->cards, why) != 0) {
		snprintf(reason, sizeof reason, _("the code sheet was not made: %s"), why);
		return say_not_shown(c, a, reason);
	}
	if ((a->print && a->format != HANDOUTSAY_TEXT && print_all(a) != 0) || show_parts(c, a) != 0)
		return say_not_shown(c, a, _("standard output cannot be written"));
	if (a->file != NULL)
		tell_sheet(c, a);
	tell_next(c, a);
	return say_refused(c, a);
}

static enum err
run(const struct cli *c, struct issue *a, struct fault *f)
{
	enum err e = a->again.count > 0 ? issuing_open(&a->issuer, c, f) : issuing_open_to_hand_out(&a->issuer, c, f);

	if (e == E_OK && a->file != NULL)
		e = sheet_begin(c, &a->sheet, a->file, f);
	if (e == E_OK && (e = issuing_unlock(&a->issuer, c, f)) == E_OK)
		e = hand_out(a, f);
	for (size_t k = 0; k < a->part_count; k++)
		issuing_did_you_mean(&a->issuer, c, &a->parts[k].fault);
	if (e == E_OK)
		return show(c, a);
	issuing_did_you_mean(&a->issuer, c, f);
	return a->part_count > 1 && !several_stops(f) && say_refused(c, a) != E_OK ? e : faultsay_error(c, f, NULL);
}

/* ---- the command line ---------------------------------------------------------------------------------------------------- */

static bool
format_fits(const struct cli *c, struct issue *a, const char *word)
{
	a->format = c->json ? HANDOUTSAY_JSON : HANDOUTSAY_TEXT;
	a->print = (a->file == NULL && a->roster.file == NULL) || c->json || word != NULL;
	if (word == NULL)
		return true;
	if (handoutsay_format(&a->format, word) != 0) {
		say_usage(c, "--format is text, csv or json");
		return false;
	}
	if (c->json && a->format != HANDOUTSAY_JSON) {
		say_usage(c, "--json means --format json, and goes with no other format");
		return false;
	}
	return true;
}

static bool
sheet_fits(const struct cli *c, struct issue *a, const char *paper)
{
	if (cards_paper(&a->paper, paper) != 0) {
		say_usage(c, "--paper is a4 or letter");
		return false;
	}
	if (a->file == NULL && a->roster.sheets == NULL && (paper != NULL || a->large)) {
		say_usage(c, "--paper and --large are for a sheet: --sheet FILE");
		return false;
	}
	if (a->file != NULL && strcmp(a->file, "-") == 0 && a->print) {
		say_usage(c, "the sheet goes to standard output already; codes cannot go there too");
		return false;
	}
	return true;
}

/* Without an operand the only stick that is mounted is meant. */
static enum err
take_sticks(struct issue *a, const struct opt_words *words)
{
	size_t count = words->count > 0 ? (size_t)words->count : 1;

	a->parts = calloc(count, sizeof *a->parts);
	if (a->parts == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	a->part_count = count;
	for (int k = 0; k < words->count; k++)
		a->parts[k].stick = words->list[k];
	return E_OK;
}

static bool
arguments_fit(const struct cli *c, const struct issue *a, bool n_given)
{
	if (a->again.count > 0 && (a->to != NULL || n_given)) {
		say_usage(c, "--again shows codes that are handed out already: it goes with neither -n nor --to");
		return false;
	}
	if (a->again.count > 0 && a->lecture != NULL && a->parts[0].stick == NULL) {
		say_usage(c, "--lecture means one on a stick: name the stick too");
		return false;
	}
	for (size_t k = 0; k < a->again.count && a->part_count > 1; k++)
		if (strchr(a->again.items[k], '/') != NULL) {
			say_usage(c, "%s already names a stick: leave the others out", a->again.items[k]);
			return false;
		}
	if (a->to != NULL && !dcbor_text_ok(a->to, strlen(a->to))) {
		say_usage(c, "--to takes a name of 1 to %u bytes of plain text", LABEL_MAX);
		return false;
	}
	return true;
}

static bool
roster_fits(const struct cli *c, const struct issue *a, bool n_given)
{
	const struct rostering *r = &a->roster;

	if (r->file == NULL && (r->sheets != NULL || r->already != NULL || r->list != NULL || r->dry_run)) {
		say_usage(c, "--sheets, --already, --list and --dry-run are for a list of people: --roster FILE");
		return false;
	}
	if (r->file != NULL && (a->parts[0].stick != NULL || a->again.count > 0 || a->to != NULL || n_given)) {
		say_usage(c, "with --roster, the list says who gets how many codes of which stick: no STICK, -n, --to or --again");
		return false;
	}
	return true;
}

/* What means the same for a roster. */
static enum err
order_roster(const struct cli *c, const struct issue *a)
{
	struct rostering r = a->roster;

	r.lecture = a->lecture;
	r.sheet = a->file;
	r.print = a->print;
	r.format = a->format;
	r.paper = a->paper;
	r.large = a->large;
	return rostering(c, &r);
}

static void
end(struct issue *a)
{
	sheet_end(&a->sheet);
	json_decref(a->cards);
	handout_free(&a->out);
	for (size_t k = 0; k < a->part_count; k++)
		handout_free(&a->parts[k].out);
	free(a->parts);
	opt_list_free(&a->again);
	issuer_close(&a->issuer);
}

enum err
cmd_issue(struct cli *c, int argc, char **argv)
{
	struct issue a = {.c = c, .issuer = {.dir_fd = -1}};
	const char *format = NULL, *paper = NULL;
	const struct opt rows[] = {
	    {OPT_NUMBER, "codes", 'n', "N", N_("how many (2)"), &a.n, 1, GRANT_SLOTS_MAX},
	    {OPT_TEXT, "to", 0, "HOLDER", N_("who gets them; noted in the books"), &a.to, 0, 0},
	    {OPT_TEXT, "lecture", 0, "LABEL|ID", N_("for which lecture (the newest that has codes)"), &a.lecture, 0, 0},
	    {OPT_LIST, "again", 0, "CODE-ID|HOLDER", N_("show codes again that were handed out and not used"), &a.again, 0, 0},
	    {OPT_TEXT, "roster", 0, "FILE",
		N_("codes for everybody in a CSV file with the columns holder, stick, codes, language"), &a.roster.file, 0, 0},
	    {OPT_FLAG, "dry-run", 0, NULL, N_("show who would get what, and hand out nothing"), &a.roster.dry_run, 0, 0},
	    {OPT_TEXT, "already", 0, "WHAT", N_("those in the roster who have codes: skip, again (show them) or more"),
		&a.roster.already, 0, 0},
	    {OPT_TEXT, "list", 0, "FILE", N_("who has which code of which stick, as CSV, without the codes"), &a.roster.list, 0, 0},
	    {OPT_TEXT, "sheet", 0, "FILE", N_("cards to print and cut out, as a PDF in a new FILE; - is standard output"), &a.file,
		0, 0},
	    {OPT_TEXT, "sheets", 0, "DIR", N_("the same with a PDF for each person in the roster, in a new DIR"),
		&a.roster.sheets, 0, 0},
	    {OPT_TEXT, "paper", 0, "PAPER", N_("the sheet's size: a4 or letter (as in your locale)"), &paper, 0, 0},
	    {OPT_FLAG, "large", 0, NULL, N_("the sheet in large print"), &a.large, 0, 0},
	    {OPT_TEXT, "format", 0, "FORMAT", N_("text (one code per line), csv or json"), &format, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {
	    "issue [STICK|ID]... [-n N] [--to HOLDER] [--lecture LABEL|ID] [--sheet FILE]\nissue [STICK|ID]... --again CODE-ID|HOLDER [--sheet FILE]\n"
	    "issue --roster FILE --sheet FILE|--sheets DIR [--list FILE] [--dry-run]",
	    N_("Hand out codes of a stick that are ready: one per line on standard output, once they are noted in the books. Name "
	       "the stick by its\n"
	       "directory, or by its name (7kq241) if it is elsewhere. All codes are for one lecture. If there are not enough, "
	       "none is handed out.\n"
	       "If several sticks are named, that many of each.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_JSON, rows, 0, -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;
	bool n_given = false;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	n_given = a.n != 0;
	if (take_sticks(&a, &words) != E_OK || !format_fits(c, &a, format) || !sheet_fits(c, &a, paper) ||
	    !arguments_fit(c, &a, n_given) || !roster_fits(c, &a, n_given)) {
		e = a.parts != NULL ? E_USAGE : E_FAIL;
		goto out;
	}
	if (a.roster.file != NULL) {
		e = order_roster(c, &a);
		goto out;
	}
	a.n = n_given ? a.n : 2;
	if (a.file != NULL)
		wiping_json();
	e = run(c, &a, &f);
out:
	end(&a);
	return e;
}
