/*
 * cards.c - the words on cards.
 */
#include "config.h"

#include "cards.h"

#include <errno.h>
#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "books.h"
#include "grant.h"
#include "handoutsay.h"
#include "issuer.h"
#include "keytree.h"
#include "readme.h"
#include "say.h"
#include "text.h"
#include "when.h"

#define TEXT 300 /* room for a line with a label or a holder in it */

int
cards_paper(enum cards_paper *out, const char *word)
{
	/* glibc returns the millimetres themselves in place of a pointer: locale(5), LC_PAPER. */
	if (word == NULL)
		*out = (intptr_t)nl_langinfo(_NL_PAPER_WIDTH) == 216 ? CARDS_LETTER : CARDS_A4;
	else if (strcmp(word, "a4") == 0)
		*out = CARDS_A4;
	else if (strcmp(word, "letter") == 0)
		*out = CARDS_LETTER;
	else
		return -1;
	return 0;
}

/* When the sheet was made, or the time in SOURCE_DATE_EPOCH, for reproducible documents (reproducible-builds.org). */
static int64_t
created(int64_t now)
{
	const char *fixed = getenv("SOURCE_DATE_EPOCH");
	char *end = NULL;
	long long t = 0;

	if (fixed == NULL || fixed[0] < '0' || fixed[0] > '9')
		return now;
	errno = 0;
	t = strtoll(fixed, &end, 10);
	return *end == '\0' && errno == 0 ? t : now;
}

static void
add_row(json_t *rows, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_array_append_new(rows, json_pack("[s, o]", name, say_json_text(value)));
}

static json_t *
rows_of(const struct books_slot *s, const struct grant *g, const char *contact)
{
	char from[WHEN_SHOWN], until[WHEN_SHOWN], stick[TEXT], name[STICK_NAME_SIZE];
	json_t *rows = json_array();

	when_show_zone(from, sizeof from, s->not_before);
	when_show_zone(until, sizeof until, s->expires);
	keytree_stick_name(name, s->stick_id);
	if (g->policy.usb)
		snprintf(stick, sizeof stick, _("%s, and no copy of it"), name);
	else
		snprintf(stick, sizeof stick, "%s", name);
	/* TRANSLATORS: these five stand before a value on a card, in a narrow column: "From   24 Nov 2026 at 15:00 CET" */
	add_row(rows, _("From"), from);
	add_row(rows, _("Until"), until);
	add_row(rows, _("Stick"), stick);
	add_row(rows, _("PC"), g->policy.station ? _("only the managed PC it was made for") : _("any Linux PC with oncestick"));
	add_row(rows, _("Help"), contact[0] != '\0' ? contact : g->contact);
	return rows;
}

static json_t *
steps_of(void)
{
	char open[TEXT];

	/* TRANSLATORS: the steps on a card; what stands between `backquotes` is typed as it is, and is not translated. %s is the
	 * name of a file on the stick. */
	snprintf(open, sizeof open, _("Open \"%s\" on the stick, or type `oncestick mount` in a terminal. Then type the code."),
	    README_OPENER);
	return json_pack("[s, s, s, s]",
	    _("Try it at home first: plug the stick in and type `oncestick rehearse`. That uses nothing up."),
	    _("Then, where you speak: plug the stick into the PC."), open,
	    _("When the lecture is over, type `oncestick unmount`, and pull the stick out."));
}

/* Which card it is of those that its holder gets. */
struct count {
	size_t nth, of;
	bool spare;
};

static bool
same_holder(const struct handout *h, size_t a, size_t b)
{
	return strcmp(h->slots[a].holder, h->slots[b].holder) == 0;
}

static bool
same_grant(const struct handout *h, size_t a, size_t b)
{
	return memcmp(h->slots[a].grant_id, h->slots[b].grant_id, ID_SIZE) == 0;
}

static void
count_on(struct count *n, const struct handout *h, size_t k)
{
	const bool first = k == 0 || !same_holder(h, k, k - 1);
	size_t end = k;

	n->nth = first ? 1 : n->nth + 1;
	n->spare = !first && same_grant(h, k, k - 1);
	if (!first)
		return;
	while (end < h->count && same_holder(h, k, end))
		end++;
	n->of = end - k;
}

static json_t *
card_of(const struct handout *h, size_t k, const struct count *n, const struct grant *g, const char *contact)
{
	const struct books_slot *s = &h->slots[k];
	char id[ISSUER_SLOT_NAME], number[TEXT], sub[TEXT], length[WHEN_SHOWN], once[TEXT];

	issuer_slot_name(id, s);
	snprintf(number, sizeof number, n->spare ? _("spare, card %zu of %zu") : _("card %zu of %zu"), n->nth, n->of);
	/* TRANSLATORS: on a card: who holds the code */
	snprintf(sub, sizeof sub, _("for %s"), s->holder);
	when_show_duration(length, sizeof length, g->policy.session_s);
	snprintf(once, sizeof once, _("Opens once, for at most %s. Keep this card apart from the stick."), length);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o}", "code", h->codes[k], "id", id, "number", number, "head",
	    say_json_text(s->label[0] != '\0' ? s->label : _("Lecture")), "sub", say_json_text(s->holder[0] != '\0' ? sub : ""),
	    "once", once, "rows", rows_of(s, g, contact), "steps", steps_of());
}

static json_t *
card_in(const char *language, const struct handout *h, size_t k, const struct count *n, const struct grant *g, const char *contact)
{
	struct text_other other = {.language = NULL};
	json_t *card = NULL;

	if (language == NULL)
		return card_of(h, k, n, g, contact);
	text_switch(&other, language);
	card = card_of(h, k, n, g, contact);
	text_back(&other);
	return card;
}

/* Slots of one grant come one after the other, so each grant is read once. */
static enum err
add_cards(json_t *cards, const struct handout *h, const struct issuer *i, const struct cards_look *look, struct fault *f)
{
	struct grant g = {0};
	struct count n = {0};
	bool found = false;
	enum err e = E_OK;

	for (size_t k = 0; k < h->count && e == E_OK; k++) {
		if (k == 0 || !same_grant(h, k, k - 1)) {
			grant_free(&g);
			e = books_grant(i->books, h->slots[k].grant_id, &g, &found, f);
			if (e == E_OK && !found)
				e = fault_set(f, E_BOOKS, 0, "reading", "a grant");
		}
		count_on(&n, h, k);
		n.spare = n.spare && look->spares;
		if (e == E_OK &&
		    json_array_append_new(
			cards, card_in(look->languages != NULL ? look->languages[k] : NULL, h, k, &n, &g, i->contact)) != 0)
			e = fault_set(f, E_FAIL, ENOMEM, "memory", "for cards");
	}
	grant_free(&g);
	return e;
}

/* At the foot of each page. */
static void
title_of(char title[HANDOUTSAY_NAMES + TEXT], const struct handout *h)
{
	const char *holder = h->slots[0].holder;
	char names[HANDOUTSAY_NAMES];
	unsigned long people = 1;

	for (size_t k = 1; k < h->count; k++)
		people += !same_holder(h, k, k - 1);
	handoutsay_names(h, names, sizeof names);
	/* TRANSLATORS: at the foot of a page of cards: names of codes, and who holds them */
	if (people > 1)
		snprintf(title, HANDOUTSAY_NAMES + TEXT, ngettext("Codes for %lu person", "Codes for %lu people", people), people);
	else if (holder[0] != '\0')
		snprintf(title, HANDOUTSAY_NAMES + TEXT, _("Codes %s for %s"), names, holder);
	else
		snprintf(title, HANDOUTSAY_NAMES + TEXT, _("Codes %s"), names);
}

enum err
cards_make(json_t **out, const struct handout *h, const struct issuer *i, const struct cards_look *look, struct fault *f)
{
	char title[HANDOUTSAY_NAMES + TEXT];
	json_t *cards = json_array();
	enum err e = add_cards(cards, h, i, look, f);

	if (e != E_OK) {
		json_decref(cards);
		return e;
	}
	title_of(title, h);
	*out = json_pack("{s:s, s:b, s:o, s:s, s:I, s:o}", "paper", look->paper == CARDS_LETTER ? "letter" : "a4", "large",
	    (int)look->large, "title", say_json_text(title), "program", PACKAGE_STRING, "created", (json_int_t)created(i->now),
	    "cards", cards);
	return *out != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "for cards");
}
