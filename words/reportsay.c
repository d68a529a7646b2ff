/*
 * reportsay.c - words that all forms of a report share.
 */
#include "reportsay_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keytree.h"
#include "text.h"

const struct reportsay_state reportsay_states[AUDIT_STATES] = {
    [AUDIT_READY] = {"ready", N_("ready")},
    [AUDIT_ISSUED] = {"issued", N_("handed out")},
    [AUDIT_SPENT] = {"spent", N_("used")},
    [AUDIT_REVOKED] = {"revoked", N_("revoked")},
    [AUDIT_EXPIRED] = {"expired", N_("expired")},
};

const struct reportsay_odd reportsay_odds[AUDIT_ODDS] = {
    {AUDIT_TWICE, "twice", N_("opened in two places: there is a copy of the stick")},
    {AUDIT_ROLLED_BACK, "rolled-back", N_("unused again after it was used: an older copy of the stick was put back")},
    {AUDIT_AFTER_REVOKE, "after-revoke", N_("opened after it was revoked, on a PC that had not heard of that")},
    {AUDIT_NOT_ISSUED, "not-issued", N_("opened, but never handed out")},
    {AUDIT_NO_RECEIPT, "no-receipt", N_("used up without a receipt: by damage, by hand, or by another program")},
    {AUDIT_CLOCK, "clock", N_("the PC's clock was wrong or was reset, so its times may be, too")},
    {AUDIT_NO_MEMORY, "no-memory", N_("the PC keeps no memory: it would not notice a copy of the stick")},
    {AUDIT_REPAIRED, "repaired", N_("a damaged record was repaired when it was opened")},
};

reportsay_print *
reportsay_format(const char *word)
{
	static const struct {
		const char *word;
		reportsay_print *print;
	} formats[] = {{"text", reportsay_text}, {"csv", reportsay_csv}, {"json", reportsay_json}, {"html", reportsay_html}};

	for (size_t k = 0; k < sizeof formats / sizeof formats[0]; k++)
		if (strcmp(word, formats[k].word) == 0)
			return formats[k].print;
	return NULL;
}

void
reportsay_odd_words(char *out, size_t size, unsigned odd)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t k = 0; k < AUDIT_ODDS && n < size; k++)
		if ((odd & reportsay_odds[k].bit) != 0)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? "; " : "", _(reportsay_odds[k].words));
}

void
reportsay_pc(char out[LABEL_MAX + 1], const struct books_report_use *use)
{
	out[0] = '\0';
	if (use->proved && use->pc[0] != '\0')
		memcpy(out, use->pc, sizeof use->pc);
	else if (use->proved)
		bytes_to_hex(out, use->receipt.station_id, 4);
}

void
reportsay_code_name(char out[ISSUER_SLOT_NAME], const struct audit_lecture *l, const struct audit_code *c)
{
	char stick[STICK_NAME_SIZE];

	keytree_stick_name(stick, l->lecture->stick_id);
	snprintf(out, ISSUER_SLOT_NAME, "%s/%u", stick, c->code->number);
}

int64_t
reportsay_since(const struct audit_lecture *l, const struct audit_code *c)
{
	switch (c->state) {
	case AUDIT_ISSUED:
		return c->code->issued_at;
	case AUDIT_SPENT:
		return c->code->spent_at;
	case AUDIT_REVOKED:
		return c->code->revoked_at;
	case AUDIT_EXPIRED:
		return l->lecture->expires;
	case AUDIT_READY:
		break;
	}
	return 0;
}

bool
reportsay_is_told(const struct audit_code *c)
{
	return c->state == AUDIT_ISSUED || c->state == AUDIT_SPENT || c->odd != 0 || c->code->issued_at != 0;
}

void
reportsay_period(char *out, size_t size, const struct audit_wanted *w)
{
	char from[WHEN_SHOWN], to[WHEN_SHOWN];

	when_show(from, sizeof from, w->from);
	when_show(to, sizeof to, w->to);
	if (w->from != 0 && w->to != 0)
		/* TRANSLATORS: two times */
		snprintf(out, size, _("%s to %s"), from, to);
	else if (w->from != 0)
		snprintf(out, size, _("since %s"), from);
	else if (w->to != 0)
		snprintf(out, size, _("until %s"), to);
	else
		snprintf(out, size, "%s", _("all that is in the books"));
}

void
reportsay_counted(char *out, size_t size, const struct audit_counts *n)
{
	static const enum audit_state order[AUDIT_STATES] = {
	    AUDIT_SPENT, AUDIT_ISSUED, AUDIT_READY, AUDIT_REVOKED, AUDIT_EXPIRED};
	char list[REPORTSAY_COUNTED / 2] = "";
	size_t at = 0;

	for (size_t k = 0; k < AUDIT_STATES && at < sizeof list; k++)
		if (n->state[order[k]] > 0)
			at += (size_t)snprintf(list + at, sizeof list - at, "%s%llu %s", at > 0 ? ", " : "",
			    (unsigned long long)n->state[order[k]], _(reportsay_states[order[k]].words));
	/* TRANSLATORS: a number, and what became of them: "1 used, 11 ready" */
	snprintf(
	    out, size, ngettext("%llu code: %s", "%llu codes: %s", (unsigned long)n->codes), (unsigned long long)n->codes, list);
	if (list[0] == '\0')
		out[strcspn(out, ":")] = '\0';
}

enum err
reportsay_no_memory(struct fault *f)
{
	return fault_set(f, E_FAIL, ENOMEM, "memory", "for a report");
}

enum err
reportsay_written(void)
{
	return ferror(stdout) ? E_FAIL : E_OK;
}
