/*
 * reportsay_html.c - a report as one page to read, even on a phone, and to print. It has no script, and loads nothing from
 * elsewhere.
 *
 * The books are read three times, for the totals, for what does not add up, and for the lectures, so that nothing has to be kept.
 * Anybody may have written the names in them. They go through put_text, and each has an element of its own, so that it cannot
 * reorder the text beside it.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "issuer.h"
#include "keytree.h"
#include "reportsay_internal.h"
#include "text.h"
#include "utf8.h"

#define DAY 86400
#define BINS 60      /* in the timeline, at most */
#define STRIP 600.0  /* the width of a lecture's own timeline, in its own units */

static const char style[] =
    ":root{color-scheme:light}"
    "*{box-sizing:border-box}"
    "body{font:1rem/1.45 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:60rem;margin:0 auto;padding:1rem}"
    "h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem}h3{font-size:1.05rem;margin:0 0 .3rem}"
    "h3,li,td:nth-child(3),td:nth-child(8){overflow-wrap:anywhere}td{overflow-wrap:break-word}"
    "td:nth-child(3){max-width:14rem}td:nth-child(8){min-width:4.5rem}"
    "td:nth-child(-n+2){white-space:nowrap}p{margin:.3rem 0}"
    "svg{display:block;width:100%}.bar{height:1rem}.strip{height:1.6rem;margin-top:.4rem}.time{height:8rem}"
    "article{border-top:1px solid #bbb;padding:1rem 0}"
    ".ends{display:flex;justify-content:space-between;gap:1rem;font-size:.85rem;color:#444}"
    ".legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;margin:.5rem 0;font-size:.9rem}"
    ".legend svg{display:inline-block;width:.9rem;height:.9rem;vertical-align:-.1rem;margin-right:.35rem}"
    ".spent{fill:#1b4965}.issued{fill:#5b9bd5}.ready{fill:#cfe3f5}.revoked{fill:#a4262c}.expired{fill:#b5b5b5}"
    ".line{fill:none;stroke:#777;stroke-width:1.5}.window{fill:#e3e3e3}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem;margin-top:.6rem}"
    "th,td{text-align:start;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #ddd}"
    "th{font-weight:600;border-bottom-color:#777}.odd{color:#8a1c22}"
    "@media(max-width:40rem){thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "table,tbody,tr,td{display:block}tr{border-bottom:1px solid #bbb;padding:.4rem 0}"
    "td:nth-child(n){max-width:none;border:0;padding:.1rem 0;display:grid;grid-template-columns:8rem 1fr}"
    "td:nth-child(n):empty{display:none}"
    "td::before{content:attr(data-label);color:#555}}"
    "@media print{@page{margin:15mm}body{max-width:none;padding:0;font-size:10pt}"
    "svg *{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "table{font-size:.8rem}h2,h3,.facts{break-after:avoid}tr,.figure{break-inside:avoid}a{color:inherit;text-decoration:none}}";

/* Their order in bars and legends. */
static const enum audit_state order[AUDIT_STATES] = {AUDIT_SPENT, AUDIT_ISSUED, AUDIT_READY, AUDIT_REVOKED, AUDIT_EXPIRED};

struct page {
	const struct reportsay *r;
	int64_t from, to; /* the period that the timeline shows */
	int64_t bin_s;    /* the length of a bin */
	size_t bins;
	uint64_t opened[BINS], issued[BINS];
	size_t deeds;
};

/* ---- pieces -------------------------------------------------------------------------------------------------------------- */

static void
put_text(const char *text)
{
	for (size_t n = strlen(text); n > 0;) {
		uint32_t c = 0;
		size_t len = utf8_next(text, n, &c), step = len > 0 ? len : 1;

		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
			fputs("\xef\xbf\xbd", stdout);
		else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
			printf("&#%u;", (unsigned)c);
		else
			fwrite(text, 1, len, stdout);
		text += step;
		n -= step;
	}
}

static void
put_element(const char *name, const char *text)
{
	printf("<%s>", name);
	put_text(text);
	printf("</%s>\n", name);
}

static void
put_name(const char *name)
{
	fputs("<bdi>", stdout);
	put_text(name);
	fputs("</bdi>", stdout);
}

static void
put_time(int64_t t, int64_t now)
{
	char exact[WHEN_SHOWN], shown[WHEN_SHOWN];

	when_rfc3339(exact, sizeof exact, t);
	when_show_short(shown, sizeof shown, t, now);
	printf("<time datetime=\"%s\">", exact);
	put_text(shown);
	fputs("</time>", stdout);
}

/* A stacked bar: how many codes are in each state. For people who cannot see it, the numbers are in words beside it. */
static void
put_bar(const struct audit_counts *n)
{
	double at = 0;

	fputs("<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", stdout);
	for (size_t k = 0; k < AUDIT_STATES; k++) {
		double width = 100.0 * (double)n->state[order[k]] / (double)(n->codes > 0 ? n->codes : 1);

		if (width > 0)
			printf("<rect class=\"%s\" x=\"%.3f\" y=\"0\" width=\"%.3f\" height=\"4\"/>",
			    reportsay_states[order[k]].name, at, width);
		at += width;
	}
	fputs("</svg>\n", stdout);
}

static void
put_ends(int64_t from, int64_t to, int64_t now)
{
	fputs("<p class=\"ends\"><span>", stdout);
	put_time(from, now);
	fputs("</span><span>", stdout);
	put_time(to, now);
	fputs("</span></p>\n", stdout);
}

static void
put_legend(void)
{
	fputs("<ul class=\"legend\">\n", stdout);
	for (size_t k = 0; k < AUDIT_STATES; k++) {
		printf("<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"%s\" width=\"10\" height=\"10\"/></svg>",
		    reportsay_states[order[k]].name);
		put_text(_(reportsay_states[order[k]].words));
		fputs("</li>\n", stdout);
	}
	fputs("</ul>\n", stdout);
}

/* ---- the whole time ------------------------------------------------------------------------------------------------------ */

static void
stretch(struct page *p, int64_t t)
{
	if (t == 0)
		return;
	if (p->from == 0 || t < p->from)
		p->from = t;
	if (t > p->to)
		p->to = t;
}

/* Find the period for the timeline if no bounds were given. */
static enum err
measure(void *arg, const struct audit_lecture *l, struct fault *f)
{
	(void)f;
	for (size_t k = 0; k < l->count; k++) {
		stretch(arg, l->codes[k].code->issued_at);
		stretch(arg, l->codes[k].code->spent_at);
	}
	return reportsay_written();
}

/* Bins are whole days. */
static void
divide(struct page *p, const struct audit_wanted *w)
{
	int64_t days = 0;

	p->from = w->from != 0 && p->from != 0 ? w->from : p->from;
	p->to = w->to != 0 && w->to < p->to ? w->to : p->to;
	if (p->from == 0 || p->to < p->from)
		return;
	days = (p->to - p->from) / DAY + 1;
	p->bin_s = (days + BINS - 1) / BINS * DAY;
	p->bins = (size_t)((p->to - p->from) / p->bin_s + 1);
}

static void
drop(const struct page *p, uint64_t *bins, int64_t t)
{
	if (p->bins > 0 && t >= p->from && t <= p->to)
		bins[(t - p->from) / p->bin_s]++;
}

/* Fill the timeline, and list what does not add up on the way. */
static enum err
gather(void *arg, const struct audit_lecture *l, struct fault *f)
{
	char id[ISSUER_SLOT_NAME], words[REPORTSAY_ODD_SIZE];
	struct page *p = arg;

	(void)f;
	for (size_t k = 0; k < l->count; k++) {
		const struct audit_code *c = &l->codes[k];

		drop(p, p->issued, c->code->issued_at);
		drop(p, p->opened, c->code->spent_at);
		if (c->odd == 0)
			continue;
		reportsay_code_name(id, l, c);
		reportsay_odd_words(words, sizeof words, c->odd);
		printf("<li><a href=\"#c-%s\">%s</a> ", id, id);
		put_name(l->lecture->label);
		fputs(": <span class=\"odd\">", stdout);
		put_text(words);
		fputs("</span></li>\n", stdout);
	}
	return reportsay_written();
}

static uint64_t
highest(const struct page *p)
{
	uint64_t most = 1;

	for (size_t k = 0; k < p->bins; k++) {
		most = p->opened[k] > most ? p->opened[k] : most;
		most = p->issued[k] > most ? p->issued[k] : most;
	}
	return most;
}

static void
put_column(const char *class, double x, double width, uint64_t n, uint64_t most)
{
	double height = 96.0 * (double)n / (double)most;

	if (n > 0)
		printf("<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", class, x, 98 - height, width,
		    height);
}

static void
put_bin(const struct page *p, size_t k, uint64_t most)
{
	const double width = STRIP / (double)p->bins, x = (double)k * width;
	char when[WHEN_SHOWN], text[200];

	when_show_short(when, sizeof when, p->from + (int64_t)k * p->bin_s, p->r->issuer->now);
	/* TRANSLATORS: a date, and how many codes were handed out and how many used in the days from then on */
	snprintf(text, sizeof text, _("%s: %llu handed out, %llu used"), when, (unsigned long long)p->issued[k],
	    (unsigned long long)p->opened[k]);
	fputs("<g>", stdout);
	put_element("title", text);
	put_column("issued", x + width * 0.1, width * 0.4, p->issued[k], most);
	put_column("spent", x + width * 0.5, width * 0.4, p->opened[k], most);
	fputs("</g>\n", stdout);
}

static void
put_timeline(const struct page *p)
{
	const uint64_t most = highest(p);

	if (p->bins == 0)
		return;
	put_element("h2", _("Handed out and opened"));
	fputs("<div class=\"figure\"><svg class=\"time\" viewBox=\"0 0 600 100\" preserveAspectRatio=\"none\" role=\"img\">\n",
	    stdout);
	put_element("title", _("How many codes were handed out and opened, from day to day"));
	for (size_t k = 0; k < p->bins; k++)
		put_bin(p, k, most);
	printf("<path class=\"line\" d=\"M0 99H%.0f\"/></svg>\n", STRIP);
	put_ends(p->from, p->to, p->r->issuer->now);
	fputs("</div>\n", stdout);
}

/* ---- a lecture ----------------------------------------------------------------------------------------------------------- */

/* From the lecture's preparation to its end, or to the last event after that. */
struct strip {
	int64_t from, to;
};

static double
place(const struct strip *s, int64_t t)
{
	if (t <= s->from)
		return 0;
	return t >= s->to ? STRIP : STRIP * (double)(t - s->from) / (double)(s->to - s->from);
}

static void
put_mark(const struct strip *s, const char *class, int64_t t, int y, int height)
{
	if (t != 0)
		printf("<rect class=\"%s\" x=\"%.2f\" y=\"%d\" width=\"3\" height=\"%d\"/>", class,
		    place(s, t) * (STRIP - 3) / STRIP, y, height);
}

/* Codes handed out are below the line, opened on it, revoked above it. */
static void
put_strip(const struct audit_lecture *l, int64_t now)
{
	struct strip s = {.from = l->lecture->prepared_at, .to = l->lecture->expires};
	double open = 0;

	if (l->lecture->not_before < s.from)
		s.from = l->lecture->not_before;
	if (s.to <= s.from)
		s.to = s.from + 1;
	open = place(&s, l->lecture->not_before);
	printf("<svg class=\"strip\" viewBox=\"0 0 600 24\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	       "<rect class=\"window\" x=\"%.2f\" y=\"8\" width=\"%.2f\" height=\"8\"/><path class=\"line\" d=\"M0 12H600\"/>",
	    open, place(&s, l->lecture->expires) - open);
	for (size_t k = 0; k < l->count; k++) {
		const struct audit_code *c = &l->codes[k];

		put_mark(&s, "issued", c->code->issued_at, 16, 6);
		put_mark(&s, "spent", c->code->spent_at, 4, 16);
		if (c->state == AUDIT_REVOKED)
			put_mark(&s, "revoked", c->code->revoked_at, 2, 6);
	}
	fputs("</svg>\n", stdout);
	put_ends(s.from, s.to, now);
}

static void
begin_cell(const char *label)
{
	fputs("<td data-label=\"", stdout);
	put_text(label);
	fputs("\">", stdout);
}

static void
put_cell(const char *label, const char *name)
{
	begin_cell(label);
	if (name[0] != '\0')
		put_name(name);
	fputs("</td>", stdout);
}

static void
put_time_cell(const char *label, int64_t t, int64_t now)
{
	begin_cell(label);
	if (t != 0)
		put_time(t, now);
	fputs("</td>", stdout);
}

#define COLUMNS 8

/* The names at the top of the table; on a phone they are before each cell. */
static void
name_columns(const char *heads[COLUMNS])
{
	const char *const names[COLUMNS] = {
	    _("Code"), _("State"), _("Holder"), _("Handed out"), _("By"), _("Opened"), _("Lasted"), _("PC")};

	memcpy(heads, names, sizeof names);
}

static void
put_row(const struct page *p, const char *const heads[COLUMNS], const struct audit_lecture *l, const struct audit_code *c)
{
	const struct books_report_code *k = c->code;
	const int64_t now = p->r->issuer->now;
	char id[ISSUER_SLOT_NAME], pc[LABEL_MAX + 1], lasted[WHEN_SHOWN] = "";

	reportsay_code_name(id, l, c);
	reportsay_pc(pc, &k->use);
	if (k->use.proved && k->use.receipt.ended_at != 0)
		when_show_duration(lasted, sizeof lasted, (int64_t)k->use.receipt.open_s);
	printf("<tr id=\"c-%s\"%s>", id, c->odd != 0 ? " class=\"odd\"" : "");
	put_cell(heads[0], id);
	put_cell(heads[1], _(reportsay_states[c->state].words));
	put_cell(heads[2], k->holder);
	put_time_cell(heads[3], k->issued_at, now);
	put_cell(heads[4], k->issued_by);
	put_time_cell(heads[5], k->spent_at, now);
	put_cell(heads[6], lasted);
	put_cell(heads[7], pc);
	fputs("</tr>\n", stdout);
}

static void
put_table(const struct page *p, const struct audit_lecture *l)
{
	const char *heads[COLUMNS];
	size_t rows = 0;

	name_columns(heads);
	for (size_t k = 0; k < l->count; k++) {
		if (!reportsay_is_told(&l->codes[k]))
			continue;
		if (rows++ == 0) {
			fputs("<table>\n<thead><tr>", stdout);
			for (size_t n = 0; n < COLUMNS; n++) {
				fputs("<th scope=\"col\">", stdout);
				put_text(heads[n]);
				fputs("</th>", stdout);
			}
			fputs("</tr></thead>\n<tbody>\n", stdout);
		}
		put_row(p, heads, l, &l->codes[k]);
	}
	if (rows > 0)
		fputs("</tbody>\n</table>\n", stdout);
}

static void
put_facts(const struct page *p, const struct audit_lecture *l)
{
	const int64_t now = p->r->issuer->now;
	char stick[STICK_NAME_SIZE], counted[REPORTSAY_COUNTED];

	keytree_stick_name(stick, l->lecture->stick_id);
	reportsay_counted(counted, sizeof counted, &l->counts);
	fputs("<p class=\"facts\">", stdout);
	put_text(_("Stick"));
	printf(" %s; ", stick);
	put_text(_("prepared"));
	putchar(' ');
	put_time(l->lecture->prepared_at, now);
	if (l->lecture->prepared_by[0] != '\0') {
		fputs(" (", stdout);
		put_name(l->lecture->prepared_by);
		putchar(')');
	}
	fputs("; ", stdout);
	put_time(l->lecture->not_before, now);
	fputs(" \xe2\x80\x93 ", stdout);
	put_time(l->lecture->expires, now);
	fputs("</p>\n", stdout);
	put_element("p", counted);
}

static enum err
put_lecture(void *arg, const struct audit_lecture *l, struct fault *f)
{
	const struct page *p = arg;

	(void)f;
	fputs("<article>\n<h3>", stdout);
	put_name(l->lecture->label);
	fputs("</h3>\n", stdout);
	put_facts(p, l);
	fputs("<div class=\"figure\">\n", stdout);
	put_bar(&l->counts);
	put_strip(l, p->r->issuer->now);
	fputs("</div>\n", stdout);
	put_table(p, l);
	fputs("</article>\n", stdout);
	return reportsay_written();
}

/* ---- the office ---------------------------------------------------------------------------------------------------------- */

static enum err
put_deed(void *arg, const struct books_report_deed *d, struct fault *f)
{
	const char *const heads[] = {_("Who"), _("Did"), _("Times"), _("First"), _("Last")};
	struct page *p = arg;
	char times[24];

	(void)f;
	if (p->deeds++ == 0) {
		put_element("h2", _("In the office"));
		fputs("<table>\n<thead><tr>", stdout);
		for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++) {
			fputs("<th scope=\"col\">", stdout);
			put_text(heads[k]);
			fputs("</th>", stdout);
		}
		fputs("</tr></thead>\n<tbody>\n", stdout);
	}
	snprintf(times, sizeof times, "%llu", (unsigned long long)d->times);
	fputs("<tr>", stdout);
	put_cell(heads[0], d->who);
	put_cell(heads[1], d->verb);
	put_cell(heads[2], times);
	put_time_cell(heads[3], d->first, p->r->issuer->now);
	put_time_cell(heads[4], d->last, p->r->issuer->now);
	fputs("</tr>\n", stdout);
	return reportsay_written();
}

/* ---- the page ------------------------------------------------------------------------------------------------------------ */

static void
put_head(const struct page *p)
{
	char period[3 * WHEN_SHOWN], made[WHEN_SHOWN], issuer[FINGERPRINT_SIZE], line[2 * WHEN_SHOWN + FINGERPRINT_SIZE + 100];

	reportsay_period(period, sizeof period, p->r->wanted);
	when_show_zone(made, sizeof made, p->r->issuer->now);
	keytree_fingerprint(issuer, p->r->issuer->pk);
	fputs("<!DOCTYPE html>\n<html lang=\"", stdout);
	/* TRANSLATORS: not a word, but the code of the language of your translation, as in <html lang="en">: de, ko */
	put_text(_("en"));
	fputs("\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n", stdout);
	put_element("title", _("Who opened what"));
	printf("<style>%s</style>\n</head>\n<body>\n<header>\n", style);
	put_element("h1", _("Who opened what"));
	put_element("p", period);
	/* TRANSLATORS: a time with its zone, and the issuer's fingerprint */
	snprintf(line, sizeof line, _("As the books of %2$s had it on %1$s. What was used is known once it was collected."), made,
	    issuer);
	put_element("p", line);
	fputs("</header>\n<main>\n", stdout);
}

static void
put_totals(const struct audit_counts *n)
{
	char counted[REPORTSAY_COUNTED], line[REPORTSAY_COUNTED + 80];

	put_element("h2", _("In all"));
	reportsay_counted(counted, sizeof counted, n);
	snprintf(line, sizeof line, ngettext("%llu lecture, %s", "%llu lectures, %s", (unsigned long)n->lectures),
	    (unsigned long long)n->lectures, counted);
	put_element("p", line);
	put_bar(n);
	put_legend();
}

static enum err
put_odd(struct page *p, const struct audit_counts *n, struct fault *f)
{
	struct audit_counts again;
	enum err e = E_OK;

	put_element("h2", _("What does not add up"));
	if (n->odd == 0)
		put_element("p", _("Everything adds up."));
	else
		fputs("<ul>\n", stdout);
	e = audit_lectures(p->r->issuer, p->r->wanted, gather, p, &again, f);
	if (e == E_OK && n->odd > 0)
		fputs("</ul>\n", stdout);
	return e;
}

enum err
reportsay_html(const struct reportsay *r, struct fault *f)
{
	struct page p = {.r = r};
	struct audit_counts n = {0};
	enum err e = audit_lectures(r->issuer, r->wanted, measure, &p, &n, f);

	if (e != E_OK)
		return e;
	text_utf8();
	divide(&p, r->wanted);
	put_head(&p);
	put_totals(&n);
	if ((e = put_odd(&p, &n, f)) != E_OK)
		return e;
	put_timeline(&p);
	put_element("h2", _("Lectures"));
	if ((e = audit_lectures(r->issuer, r->wanted, put_lecture, &p, &n, f)) != E_OK ||
	    (e = audit_deeds(r->issuer, r->wanted, put_deed, &p, f)) != E_OK)
		return e;
	if (p.deeds > 0)
		fputs("</tbody>\n</table>\n", stdout);
	fputs("</main>\n</body>\n</html>\n", stdout);
	return reportsay_written();
}
