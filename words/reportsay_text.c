/*
 * reportsay_text.c - a report on a terminal: each lecture with a table of its codes, then who did what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "human.h"
#include "issuer.h"
#include "keytree.h"
#include "reportsay_internal.h"
#include "say.h"
#include "text.h"

#define COLUMNS 6

struct page {
	int64_t now;
	unsigned width;
	struct human_table *deeds;
};

/* Print it on its own line, broken at the terminal's width. */
static void
put_line(const struct page *p, const char *line, size_t indent)
{
	char *wrapped = human_wrap(line, p->width, indent, indent + 2);

	printf("%*s%s\n", (int)indent, "", wrapped != NULL ? wrapped : line);
	free(wrapped);
}

static void
put_heading(const struct page *p, const struct audit_lecture *l)
{
	char stick[STICK_NAME_SIZE], prepared[WHEN_SHOWN], from[WHEN_SHOWN], until[WHEN_SHOWN], label[4 * LABEL_MAX + 1],
	    who[4 * BOOKS_WHO], counted[REPORTSAY_COUNTED], line[sizeof label + sizeof who + 400];

	keytree_stick_name(stick, l->lecture->stick_id);
	say_safe(label, sizeof label, l->lecture->label);
	say_safe(who, sizeof who, l->lecture->prepared_by);
	when_show_short(prepared, sizeof prepared, l->lecture->prepared_at, p->now);
	when_show_short(from, sizeof from, l->lecture->not_before, p->now);
	when_show_short(until, sizeof until, l->lecture->expires, p->now);
	reportsay_counted(counted, sizeof counted, &l->counts);
	if (who[0] != '\0')
		/* TRANSLATORS: a lecture, a stick, a time, a user's name */
		snprintf(line, sizeof line, _("%s, on stick %s, prepared %s by %s"), label, stick, prepared, who);
	else
		snprintf(line, sizeof line, _("%s, on stick %s, prepared %s"), label, stick, prepared);
	put_line(p, line, 0);
	/* TRANSLATORS: when a lecture can be opened, and "12 codes: 1 spent, 11 ready" */
	snprintf(line, sizeof line, _("from %s to %s; %s"), from, until, counted);
	put_line(p, line, 2);
}

static int
add_code(const struct page *p, struct human_table *t, const struct audit_lecture *l, const struct audit_code *c)
{
	char id[ISSUER_SLOT_NAME], since[WHEN_SHOWN] = "", lasted[WHEN_SHOWN] = "", pc[LABEL_MAX + 1];
	const struct receipt *r = &c->code->use.receipt;
	char *holder = human_escape(c->code->holder, strlen(c->code->holder)), *where = NULL;
	const char *cells[COLUMNS] = {id, _(reportsay_states[c->state].words), since, lasted, NULL, holder};
	int failed = -1;

	reportsay_pc(pc, &c->code->use);
	where = human_escape(pc, strlen(pc));
	cells[4] = where;
	reportsay_code_name(id, l, c);
	if (reportsay_since(l, c) != 0)
		when_show_short(since, sizeof since, reportsay_since(l, c), p->now);
	if (c->code->use.proved && r->ended_at != 0)
		when_show_duration(lasted, sizeof lasted, (int64_t)r->open_s);
	if (holder != NULL && where != NULL)
		failed = human_table_add(t, cells);
	free(holder);
	free(where);
	return failed;
}

static int
put_codes(const struct page *p, const struct audit_lecture *l)
{
	const char *const heads[COLUMNS] = {_("CODE"), _("STATE"), _("SINCE"), _("LASTED"), _("PC"), _("HOLDER")};
	struct human_table *t = human_table_new(COLUMNS, heads);
	int failed = t == NULL ? -1 : 0;

	for (size_t k = 0; k < l->count && failed == 0; k++)
		if (reportsay_is_told(&l->codes[k]))
			failed = add_code(p, t, l, &l->codes[k]);
	if (failed == 0)
		human_table_print(t, stdout, p->width);
	human_table_free(&t);
	return failed;
}

static void
put_odd(const struct page *p, const struct audit_lecture *l)
{
	char id[ISSUER_SLOT_NAME], words[REPORTSAY_ODD_SIZE], line[sizeof id + sizeof words + 4];

	for (size_t k = 0; k < l->count; k++) {
		if (l->codes[k].odd == 0)
			continue;
		reportsay_code_name(id, l, &l->codes[k]);
		reportsay_odd_words(words, sizeof words, l->codes[k].odd);
		snprintf(line, sizeof line, "%s: %s", id, words);
		put_line(p, line, 2);
	}
}

static enum err
put_lecture(void *arg, const struct audit_lecture *l, struct fault *f)
{
	const struct page *p = arg;

	putchar('\n');
	put_heading(p, l);
	if (put_codes(p, l) != 0)
		return reportsay_no_memory(f);
	put_odd(p, l);
	return reportsay_written();
}

static enum err
add_deed(void *arg, const struct books_report_deed *d, struct fault *f)
{
	char who[4 * BOOKS_WHO], verb[4 * BOOKS_VERB], times[24], first[WHEN_SHOWN], last[WHEN_SHOWN];
	const char *const cells[] = {who, verb, times, first, last};
	struct page *p = arg;

	say_safe(who, sizeof who, d->who);
	say_safe(verb, sizeof verb, d->verb);
	snprintf(times, sizeof times, "%llu", (unsigned long long)d->times);
	when_show_short(first, sizeof first, d->first, p->now);
	when_show_short(last, sizeof last, d->last, p->now);
	return human_table_add(p->deeds, cells) == 0 ? E_OK : reportsay_no_memory(f);
}

static void
put_totals(const struct page *p, const struct audit_counts *n)
{
	char counted[REPORTSAY_COUNTED], line[REPORTSAY_COUNTED + 80];

	putchar('\n');
	reportsay_counted(counted, sizeof counted, n);
	/* TRANSLATORS: behind the number of lectures comes "12 codes: 1 spent, 11 ready" */
	snprintf(line, sizeof line, ngettext("%llu lecture, %s", "%llu lectures, %s", (unsigned long)n->lectures),
	    (unsigned long long)n->lectures, counted);
	put_line(p, line, 0);
	if (n->odd == 0)
		snprintf(line, sizeof line, "%s", _("Everything adds up."));
	else
		snprintf(line, sizeof line, ngettext("Something does not add up with %llu code: see above.",
		    "Something does not add up with %llu codes: see above.", (unsigned long)n->odd), (unsigned long long)n->odd);
	put_line(p, line, 0);
}

enum err
reportsay_text(const struct reportsay *r, struct fault *f)
{
	const char *const heads[] = {_("WHO"), _("DID"), _("TIMES"), _("FIRST"), _("LAST")};
	struct page p = {.now = r->issuer->now, .width = human_columns(STDOUT_FILENO)};
	struct audit_counts n = {0};
	char period[3 * WHEN_SHOWN];
	enum err e = E_OK;

	if ((p.deeds = human_table_new(sizeof heads / sizeof heads[0], heads)) == NULL)
		return reportsay_no_memory(f);
	reportsay_period(period, sizeof period, r->wanted);
	put_line(&p, period, 0);
	if ((e = audit_lectures(r->issuer, r->wanted, put_lecture, &p, &n, f)) == E_OK &&
	    (e = audit_deeds(r->issuer, r->wanted, add_deed, &p, f)) == E_OK) {
		put_totals(&p, &n);
		putchar('\n');
		human_table_print(p.deeds, stdout, p.width);
		e = reportsay_written();
	}
	human_table_free(&p.deeds);
	return e;
}
