/*
 * inspectsay_text.c - a stick, or a file of ours, for people.
 */
#include "inspectsay.h"

#include <stdarg.h>
#include <stdio.h>

#include "human.h"
#include "keytree.h"
#include "receipt.h"
#include "say.h"
#include "text.h"
#include "when.h"

static void row(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
row(const char *name, const char *fmt, ...)
{
	va_list ap;
	int pad = 9 - (int)human_width(_(name));

	printf("  %s%*s ", _(name), pad > 0 ? pad : 0, "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void
row_text(const char *name, const char *text)
{
	char safe[4 * LABEL_MAX];

	if (text[0] != '\0')
		row(name, "%s", say_safe(safe, sizeof safe, text));
}

static void
row_hex(const char *name, const uint8_t *p, size_t n)
{
	char hex[2 * HASH_SIZE + 1];

	bytes_to_hex(hex, p, n);
	row(name, "%s", hex);
}

static void
row_bytes(uint64_t blocks)
{
	char shown[HUMAN_SHOWN];

	human_bytes(shown, sizeof shown, blocks * BLOCK_SIZE);
	row("size", "%s", shown);
}

static void
row_time(const char *name, int64_t t)
{
	char shown[WHEN_SHOWN];

	when_show(shown, sizeof shown, t);
	row(name, "%s", shown);
}

static void
print_label(const char *label)
{
	char safe[4 * LABEL_MAX];

	if (label[0] != '\0')
		printf("\"%s\"\n", say_safe(safe, sizeof safe, label));
	else
		printf("%s\n", _("lecture without a label"));
}

static void
row_window(const struct policy *policy)
{
	const int64_t now = when_now();
	char from[WHEN_SHOWN], until[WHEN_SHOWN];

	when_show(from, sizeof from, policy->not_before);
	when_show(until, sizeof until, policy->expires);
	row("opens",
	    now < policy->not_before ? _("from %s to %s (not yet)") :
	    now >= policy->expires   ? _("from %s to %s (over)") :
				       _("from %s to %s"),
	    from, until);
}

static void
row_session(const struct policy *policy)
{
	char length[WHEN_SHOWN];

	when_show_duration(length, sizeof length, policy->session_s);
	row("session", _("%s from the moment a code is used"), length);
}

static void
row_codes(const struct slots_count *n)
{
	long long unused = n->live, used = n->spent, damaged = n->damaged, unreadable = n->unread;

	if (unreadable > 0)
		row("codes", _("%lld unused, %lld used, %lld damaged, %lld that cannot be read"), unused, used, damaged,
		    unreadable);
	else if (damaged == 0)
		row("codes", _("%lld unused, %lld used"), unused, used);
	else
		row("codes", _("%lld unused, %lld used, %lld damaged"), unused, used, damaged);
}

static void
row_needs(const struct policy *policy)
{
	char ledger[sizeof policy->ledger_host + sizeof "ledger "];

	if (policy->usb)
		row("needs", "%s", _("the USB stick it was written to, not a copy of it"));
	if (policy->station)
		row("needs", "%s", _("the PC it was made for"));
	if (policy->ledger) {
		snprintf(ledger, sizeof ledger, "ledger %s", policy->ledger_host);
		row("needs", _("the network: %s"), ledger);
	}
}

static void
row_media(enum inspect_media media)
{
	static const char *const words[] = {
	    [INSPECT_UNREADABLE] = N_("cannot be read: try another USB port"),
	    [INSPECT_MISSING] = N_("missing: no code opens this, it has to be prepared again"),
	    [INSPECT_DAMAGED] = N_("damaged: no code opens this, it has to be prepared again"),
	    [INSPECT_ANOTHER] = N_("of another lecture: no code opens this, it has to be prepared again"),
	};

	if (media != INSPECT_SIGNED)
		row("media", "%s", _(words[media]));
}

/* l is NULL if the grant is not on a stick. */
static void
print_lecture(const struct inspectsay *r, const struct grant *g, const struct inspect_lecture *l)
{
	print_label(g->label);
	row_window(&g->policy);
	row_session(&g->policy);
	if (l == NULL)
		row("codes", "%u", g->slots);
	else
		row_codes(&l->slots);
	if (l != NULL && l->blocks > 0)
		row_bytes(l->blocks);
	if (l != NULL)
		row_media(l->media);
	row_needs(&g->policy);
	row_text("contact", g->contact);
	if (!r->verbose)
		return;
	row_hex("grant", g->id, ID_SIZE);
	for (size_t i = 0; i < g->bundle_count; i++)
		row_hex("bundle", g->bundles[i].id, ID_SIZE);
}

static void
print_grant(const struct inspectsay *r, const struct grant *g)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(stick, g->stick_id);
	keytree_fingerprint(issuer, g->issuer);
	printf(_("grant for stick %s, issuer %s\n\n"), stick, issuer);
	print_lecture(r, g, NULL);
}

static void
print_refill(const struct inspectsay *r, const struct grant *g)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(stick, g->stick_id);
	keytree_fingerprint(issuer, g->issuer);
	printf(_("new codes for stick %s, issuer %s; to take them in: oncestick accept FILE STICK\n\n"), stick, issuer);
	print_lecture(r, g, NULL);
}

static void
print_manifest(const struct inspectsay *r, const struct manifest *m)
{
	char issuer[FINGERPRINT_SIZE];

	keytree_fingerprint(issuer, m->issuer);
	printf(_("manifest of issuer %s\n\n"), issuer);
	print_label(m->label);
	row_time("created", m->created);
	row_bytes(m->blocks);
	if (!r->verbose)
		return;
	row_hex("bundle", m->bundle_id, ID_SIZE);
	row_hex("root", m->root, HASH_SIZE);
}

static void
print_notice(const struct notice *n)
{
	char issuer[FINGERPRINT_SIZE], codes[64];
	long long count = notice_codes(n), lectures = (long long)n->grant_count, withdrawn = (long long)n->withdrawn_count;

	keytree_fingerprint(issuer, n->issuer);
	printf(_("list number %lld of used and revoked codes, issuer %s\n"), (long long)n->number, issuer);
	row_time("made", n->time);
	snprintf(codes, sizeof codes, ngettext("%lld code", "%lld codes", (unsigned long)count), count);
	/* TRANSLATORS: %s is "3 codes" */
	row("names", ngettext("%s of %lld lecture", "%s of %lld lectures", (unsigned long)lectures), codes, lectures);
	if (withdrawn > 0)
		row("withdraws", ngettext("%lld lecture", "%lld lectures", (unsigned long)withdrawn), withdrawn);
}

static void
print_station(const struct inspectsay *r, const struct enrolment *e)
{
	uint8_t id[ID_SIZE];

	keytree_station_id(id, e->station_pk);
	printf("%s\n", _("request to be enrolled; compare the id with what 'oncestick station show' says on that PC"));
	row_text("PC", e->label);
	row_hex("id", id, ID_SIZE);
	if (r->verbose)
		row_hex("key", e->station_pk, KEY_SIZE);
}

static void
print_receipt(const struct inspectsay *r, const struct receipt_row *row_of)
{
	char issuer[FINGERPRINT_SIZE], grant[2 * ID_SIZE + 1], used[WHEN_SHOWN];
	struct receipt receipt;
	bool ok = receipt_parse_body(&receipt, row_of->body) == 0;

	keytree_fingerprint(issuer, row_of->issuer);
	if (ok)
		when_show(used, sizeof used, receipt.spent_at);
	row("used", _("%s, issuer %s"), ok ? used : _("(damaged)"), issuer);
	if (!r->verbose)
		return;
	bytes_to_hex(grant, row_of->grant_id, ID_SIZE);
	row("grant", _("%s, slot %lld"), grant, (long long)row_of->slot);
}

static void
print_receipts(const struct inspectsay *r)
{
	const struct inspect *i = r->of;

	printf(ngettext("%zu receipt of a used code; only the issuer can tell what it proves: oncestick collect --receipts FILE\n",
		   "%zu receipts of used codes; only the issuer can tell what they prove: oncestick collect --receipts FILE\n",
		   i->row_count),
	    i->row_count);
	row_text("PC", i->from.name);
	for (size_t k = 0; k < i->row_count; k++)
		print_receipt(r, &i->rows[k]);
}

static void
warn_stick(const struct inspectsay *r)
{
	const struct inspect_stick *s = &r->of->stick;
	long long unreadable = s->grants.skipped, foreign = s->grants.foreign;

	if (unreadable > 0 && s->grants.unread.err != E_OK)
		say_warn(r->c,
		    ngettext("%lld lecture on it cannot be read: try another USB port",
			"%lld lectures on it cannot be read: try another USB port", (unsigned long)unreadable),
		    unreadable);
	else if (unreadable > 0)
		say_warn(r->c,
		    ngettext("%lld lecture on it cannot be read: damaged, or made by a newer oncestick",
			"%lld lectures on it cannot be read: damaged, or made by a newer oncestick", (unsigned long)unreadable),
		    unreadable);
	if (foreign > 0)
		say_warn(r->c,
		    ngettext("%lld lecture on it belongs to another stick", "%lld lectures on it belong to another stick",
			(unsigned long)foreign),
		    foreign);
	if (s->notice_unreadable)
		say_warn(r->c, "its list of used and revoked codes cannot be read: try another USB port");
	if (s->mixed)
		say_warn(r->c, "lectures of several issuers are on it: no code opens it, it has to be prepared again");
}

static void
print_stick_head(const struct inspectsay *r)
{
	const struct inspect_stick *s = &r->of->stick;
	char name[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(name, s->id);
	if (s->grants.count > 0) {
		keytree_fingerprint(issuer, s->grants.grants[0].issuer);
		printf(_("stick %s, issuer %s\n"), name, issuer);
	} else {
		printf(_("stick %s\n"), name);
	}
	row_text("at", r->path);
	if (r->device[0] != '\0')
		row("on", "%s, %s", r->device, s->fs);
}

static void
print_stick(const struct inspectsay *r)
{
	const struct inspect_stick *s = &r->of->stick;
	long long revoked = notice_codes(&r->of->notice);
	char made[WHEN_SHOWN];

	print_stick_head(r);
	if (s->has_notice) {
		when_show(made, sizeof made, r->of->notice.time);
		row("list",
		    ngettext("%lld code used or revoked, as of %s", "%lld codes used or revoked, as of %s", (unsigned long)revoked),
		    revoked, made);
	}
	if (r->verbose) {
		row_hex("id", s->id, ID_SIZE);
		row("refill", _("next is %lld"), (long long)s->refill);
	}
	if (s->grants.count == 0)
		printf("%s\n", _("no lecture on it that a code could open"));
	for (size_t i = 0; i < s->grants.count; i++) {
		putchar('\n');
		print_lecture(r, &s->grants.grants[i], &s->lectures[i]);
	}
	warn_stick(r);
}

void
inspectsay_text(const struct inspectsay *r)
{
	switch (r->of->kind) {
	case INSPECT_MANIFEST:
		print_manifest(r, &r->of->manifest);
		break;
	case INSPECT_GRANT:
		print_grant(r, &r->of->grant);
		break;
	case INSPECT_REFILL:
		print_refill(r, &r->of->grant);
		break;
	case INSPECT_NOTICE:
		print_notice(&r->of->notice);
		break;
	case INSPECT_RECEIPTS:
		print_receipts(r);
		break;
	case INSPECT_STATION:
		print_station(r, &r->of->station);
		break;
	case INSPECT_STICK:
		print_stick(r);
		break;
	}
}
