/*
 * cmd_inspect.c - what a stick, or a signed file, says about itself. This takes no code and no right to write.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "envelope.h"
#include "fence.h"
#include "filestat.h"
#include "grant.h"
#include "human.h"
#include "keytree.h"
#include "manifest.h"
#include "notice.h"
#include "opt.h"
#include "receipt.h"
#include "refillfile.h"
#include "say.h"
#include "slots.h"
#include "stick.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

#define FILE_MAX (64u << 20)

enum report_kind { REPORT_MANIFEST, REPORT_GRANT, REPORT_REFILL, REPORT_NOTICE, REPORT_RECEIPTS, REPORT_STATION, REPORT_STICK };

/* What a stick says about one of its lectures, in addition to the grant. */
struct lecture {
	struct slots_count slots;
	const char *manifest; /* "signed", or what is wrong with it */
	uint64_t blocks;      /* if it is signed */
};

struct report_stick {
	struct place at;
	uint8_t id[ID_SIZE];
	uint32_t refill;
	char device[128], fs[STICKIO_FS_NAME];
	bool mixed; /* lectures of several issuers */
	struct stick_grants grants;
	struct lecture *lectures; /* one for each grant */
	bool has_notice, notice_unreadable;
};

/* What is shown, as JSON or to people. Only the fields of its kind are filled in; a stick also has a notice. */
struct report {
	enum report_kind kind;
	struct manifest manifest;
	struct grant grant;
	struct notice notice;
	struct enrolment station;
	struct receipts_from from; /* where the rows come from */
	struct receipt_row *rows;
	size_t row_count;
	struct report_stick stick;
	uint8_t *file; /* the rows borrow from it */
};

static void
report_free(struct report *r)
{
	grant_free(&r->grant);
	notice_free(&r->notice);
	stick_grants_free(&r->stick.grants);
	free(r->stick.lectures);
	place_close(&r->stick.at);
	free(r->rows);
	free(r->file);
}

static long long
revoked_codes(const struct notice *n)
{
	long long codes = 0;

	for (size_t i = 0; i < n->grant_count; i++)
		for (size_t k = 0; k < n->grants[i].len; k++)
			codes += __builtin_popcount(n->grants[i].bitmap[k]);
	return codes;
}

/* Whether it is a receipt. Only its issuer can tell what it proves. */
static bool
parse_receipt(struct receipt *r, const struct receipt_row *row)
{
	return row->body.n > MAC_SIZE && receipt_parse(r, BYTES(row->body.p, row->body.n - MAC_SIZE)) == 0;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

static enum envelope_result
open_signed(struct report *r, enum envelope_type type, struct bytes file)
{
	switch (type) {
	case ENVELOPE_MANIFEST:
		r->kind = REPORT_MANIFEST;
		return manifest_open(&r->manifest, file);
	case ENVELOPE_GRANT:
		r->kind = REPORT_GRANT;
		return grant_open(&r->grant, file);
	case ENVELOPE_NOTICE:
		r->kind = REPORT_NOTICE;
		return notice_open(&r->notice, file);
	}
	return ENVELOPE_MALFORMED;
}

/* New codes for a stick: read the signed part. Only the stick can tell whether they fit. */
static enum envelope_result
open_refill(struct report *r, struct bytes file)
{
	struct refillfile parts;

	r->kind = REPORT_REFILL;
	return refillfile_parse(&parts, file) == 0 ? grant_open(&r->grant, parts.grant) : ENVELOPE_MALFORMED;
}

static enum envelope_result
open_file(struct report *r, struct bytes file)
{
	enum envelope_type type = ENVELOPE_MANIFEST;

	if (envelope_guess(file, &type) == 0)
		return open_signed(r, type, file);
	if (refillfile_guess(file))
		return open_refill(r, file);
	if (enrolment_parse(&r->station, file) == 0)
		r->kind = REPORT_STATION;
	else if (receipts_parse(file, &r->rows, &r->row_count) == 0)
		r->kind = REPORT_RECEIPTS;
	else
		return errno == ENOMEM ? ENVELOPE_NO_MEMORY : ENVELOPE_MALFORMED;
	if (r->kind == REPORT_RECEIPTS)
		receipts_from(file, &r->from);
	return ENVELOPE_OK;
}

static enum err
inspect_file(const struct cli *c, struct report *r, const char *path, struct fault *f)
{
	size_t n = 0;
	int fd = open(path, O_PATH | O_CLOEXEC);

	fence_reader(fd);
	if (fd >= 0)
		close(fd);
	if (stickio_slurp(AT_FDCWD, path, FILE_MAX, &r->file, &n) != 0) {
		if (errno == EFBIG)
			return say_fault(c, f, E_USAGE,
			    _("%s is longer than any file that can be shown here. Is it the right one?"), path);
		return say_fault(c, f, E_USAGE, _("%s cannot be read: %s."), path, strerror(errno));
	}
	switch (open_file(r, BYTES(r->file, n))) {
	case ENVELOPE_OK:
		return E_OK;
	case ENVELOPE_NEWER:
		return say_fault(c, f, E_NO_GRANT, _("%s was made by a newer oncestick."), path);
	case ENVELOPE_NO_MEMORY:
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", path);
	case ENVELOPE_FORGED:
		return say_fault(c, f, E_BUNDLE, _("%s does not have a valid signature: it was changed, or forged."), path);
	default:
		return say_fault(c, f, E_BUNDLE, _("%s is not a file that oncestick signed, or it is damaged."), path);
	}
}

/* ---- sticks ----------------------------------------------------------------------------------------------------------------- */

/* The state of g's manifest. If it is "signed", m is the manifest; if it cannot be read, f says why. */
static const char *
manifest_state(const struct stick *s, const struct grant *g, struct manifest *m, struct fault *f)
{
	char hex[2 * ID_SIZE + 1], path[sizeof STICK_BUNDLES "//" STICK_MANIFEST_FILE + sizeof hex];
	const char *state = "damaged";
	uint8_t *file = NULL;
	size_t size = 0;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	int fd = stick_bundle_dir(s, g->bundles[0].id);

	bytes_to_hex(hex, g->bundles[0].id, ID_SIZE);
	snprintf(path, sizeof path, "%s/%s/%s", STICK_BUNDLES, hex, STICK_MANIFEST_FILE);
	if (fd < 0 || stickio_slurp(fd, STICK_MANIFEST_FILE, envelope_limit(ENVELOPE_MANIFEST), &file, &size) != 0)
		state = stickio_fault(f, E_BUNDLE, "read", s->once_fd, STICK_ONCE, path) == E_BUNDLE ? "missing" : "unreadable";
	else
		opened = manifest_open(m, BYTES(file, size));
	if (opened == ENVELOPE_OK)
		state = memcmp(m->hash, g->bundles[0].manifest_hash, HASH_SIZE) == 0 ? "signed" : "another one";
	if (opened == ENVELOPE_NO_MEMORY) {
		(void)fault_set(f, E_FAIL, ENOMEM, "memory", "%s", path);
		state = "unreadable";
	}
	if (fd >= 0)
		close(fd);
	free(file);
	return state;
}

/*
 * It is an error only if something cannot be read for a reason that can be put right on this PC. A medium that fails is part of the
 * answer.
 */
static enum err
read_lecture(struct lecture *l, const struct stick *s, const struct grant *g, struct fault *f)
{
	struct manifest m = {0};
	struct fault why = {0};

	l->slots = slots_count(s, g);
	l->manifest = manifest_state(s, g, &m, &why);
	l->blocks = strcmp(l->manifest, "signed") == 0 ? m.blocks : 0;
	if (l->slots.unread > 0 && !stickio_failing(l->slots.why.sys))
		return fault_pass(f, &l->slots.why);
	if (strcmp(l->manifest, "unreadable") == 0 && !stickio_failing(why.sys))
		return fault_pass(f, &why);
	return E_OK;
}

static enum err
read_lectures(struct report_stick *r, const struct stick *s, struct fault *f)
{
	enum err e = E_OK;

	if (r->grants.count == 0)
		return E_OK;
	if ((r->lectures = calloc(r->grants.count, sizeof *r->lectures)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for lectures");
	for (size_t i = 0; i < r->grants.count && e == E_OK; i++)
		e = read_lecture(&r->lectures[i], s, &r->grants.grants[i], f);
	return e;
}

static enum err
read_notice(struct report *r, const struct stick *s, struct fault *f)
{
	int got = stick_load_notice(s, r->stick.grants.grants[0].issuer, &r->notice, NULL, NULL);

	if (got < 0 && !stickio_failing(errno))
		return stickio_fault(f, E_STICK_IO, "read", s->once_fd, STICK_ONCE, STICK_NOTICE);
	r->stick.has_notice = got == 1;
	r->stick.notice_unreadable = got < 0;
	return E_OK;
}

static enum err
inspect_stick(struct report *r, struct fault *f)
{
	struct stick *s = NULL;
	struct fault why = {0};
	enum err e = stick_open(&s, r->stick.at.fd, f), loaded = E_OK;

	if (e != E_OK)
		return e;
	r->kind = REPORT_STICK;
	r->stick.refill = s->n;
	memcpy(r->stick.id, s->id, ID_SIZE);
	loaded = stick_load_grants(s, &r->stick.grants, &why);
	r->stick.mixed = loaded == E_ISSUER;
	if (loaded != E_OK && loaded != E_NO_GRANT && loaded != E_ISSUER && !stickio_failing(why.sys))
		e = fault_pass(f, &why);
	if (e == E_OK) {
		stickarg_device(r->stick.at.fd, r->stick.device, sizeof r->stick.device);
		stickio_fs_of(r->stick.at.fd, r->stick.fs);
		e = read_lectures(&r->stick, s, f);
	}
	if (e == E_OK && loaded == E_OK)
		e = read_notice(r, s, f);
	stick_close(&s);
	return e;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------- */

static json_t *
json_hex(const uint8_t *p, size_t n)
{
	char hex[2 * HASH_SIZE + 1];

	bytes_to_hex(hex, p, n);
	return json_string(hex);
}

static json_t *
json_issuer(const uint8_t pk[KEY_SIZE])
{
	char print[FINGERPRINT_SIZE];

	keytree_fingerprint(print, pk);
	return json_string(print);
}

static json_t *
json_stick_name(const uint8_t id[ID_SIZE])
{
	char name[STICK_NAME_SIZE];

	keytree_stick_name(name, id);
	return json_string(name);
}

static void
set(json_t *o, const char *key, json_t *v)
{
	json_object_set_new(o, key, v);
}

static void
set_number(json_t *o, const char *key, uint64_t n)
{
	set(o, key, json_integer((json_int_t)n));
}

static void
set_text(json_t *o, const char *key, const char *s)
{
	if (s[0] != '\0')
		set(o, key, json_string(s));
}

static json_t *
json_manifest(const struct manifest *m)
{
	json_t *o = json_object();

	set_text(o, "label", m->label);
	set(o, "bundle", json_hex(m->bundle_id, ID_SIZE));
	set(o, "created", say_json_time(m->created));
	set_number(o, "blocks", m->blocks);
	set_number(o, "bytes", m->blocks * BLOCK_SIZE);
	set(o, "issuer", json_issuer(m->issuer));
	set(o, "root", json_hex(m->root, HASH_SIZE));
	return o;
}

static json_t *
json_factors(const struct policy *p)
{
	json_t *list = json_array();

	if (p->usb)
		json_array_append_new(list, json_string("usb"));
	if (p->station)
		json_array_append_new(list, json_string("station"));
	if (p->ledger)
		json_array_append_new(list, json_sprintf("ledger %s", p->ledger_host));
	return list;
}

static json_t *
json_grant(const struct grant *g)
{
	json_t *o = json_object(), *bundles = json_array();

	set_text(o, "label", g->label);
	set_text(o, "contact", g->contact);
	set(o, "grant", json_hex(g->id, ID_SIZE));
	set(o, "stick", json_stick_name(g->stick_id));
	set(o, "issuer", json_issuer(g->issuer));
	set(o, "issued", say_json_time(g->issued));
	set(o, "not_before", say_json_time(g->policy.not_before));
	set(o, "expires", say_json_time(g->policy.expires));
	set_number(o, "session_s", g->policy.session_s);
	set_number(o, "codes", g->slots);
	if (g->refill != 0)
		set_number(o, "refill", g->refill);
	if (g->notice_min != 0)
		set_number(o, "needs_notice", g->notice_min);
	set(o, "factors", json_factors(&g->policy));
	for (uint32_t i = 0; i < g->bundle_count; i++)
		json_array_append_new(bundles, json_hex(g->bundles[i].id, ID_SIZE));
	set(o, "bundles", bundles);
	return o;
}

static json_t *
json_notice(const struct notice *n)
{
	json_t *o = json_object();

	set_number(o, "number", n->number);
	set(o, "time", say_json_time(n->time));
	set(o, "issuer", json_issuer(n->issuer));
	set(o, "codes", json_integer(revoked_codes(n)));
	set_number(o, "lectures", n->grant_count);
	if (n->withdrawn_count > 0)
		set_number(o, "withdrawn_bundles", n->withdrawn_count);
	return o;
}

static json_t *
json_receipt(const struct receipt_row *row)
{
	json_t *o = json_object();
	struct receipt r;

	set(o, "issuer", json_issuer(row->issuer));
	set(o, "grant", json_hex(row->grant_id, ID_SIZE));
	set_number(o, "slot", row->slot);
	if (parse_receipt(&r, row)) {
		set(o, "spent_at", say_json_time(r.spent_at));
		set(o, "station", json_hex(r.station_id, ID_SIZE));
	}
	return o;
}

static json_t *
json_receipts(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->row_count; i++)
		json_array_append_new(list, json_receipt(&r->rows[i]));
	return list;
}

static json_t *
json_station(const struct enrolment *e)
{
	json_t *o = json_object();
	uint8_t id[ID_SIZE];

	keytree_station_id(id, e->station_pk);
	set_text(o, "label", e->label);
	set(o, "station", json_hex(id, ID_SIZE));
	set(o, "key", json_hex(e->station_pk, KEY_SIZE));
	return o;
}

static json_t *
json_lecture(const struct grant *g, const struct lecture *l)
{
	json_t *o = json_grant(g);

	set_number(o, "unused", l->slots.live);
	set_number(o, "used", l->slots.spent);
	set_number(o, "damaged", l->slots.damaged);
	if (l->slots.unread > 0)
		set_number(o, "unreadable", l->slots.unread);
	set(o, "manifest", json_string(l->manifest));
	if (l->blocks > 0)
		set_number(o, "bytes", l->blocks * BLOCK_SIZE);
	return o;
}

static json_t *
json_stick(const struct report *r)
{
	const struct report_stick *s = &r->stick;
	json_t *o = json_object(), *list = json_array();

	set(o, "kind", json_string("stick"));
	set(o, "path", say_json_text(s->at.path));
	set(o, "stick", json_stick_name(s->id));
	set(o, "stick_id", json_hex(s->id, ID_SIZE));
	if (s->grants.count > 0)
		set(o, "issuer", json_issuer(s->grants.grants[0].issuer));
	set(o, "device", say_json_text(s->device));
	set(o, "file_system", say_json_text(s->fs));
	set_number(o, "next_refill", s->refill);
	for (size_t i = 0; i < s->grants.count; i++)
		json_array_append_new(list, json_lecture(&s->grants.grants[i], &s->lectures[i]));
	set(o, "lectures", list);
	set_number(o, "unreadable_lectures", s->grants.skipped);
	set_number(o, "foreign_lectures", s->grants.foreign);
	if (s->grants.unread.err != E_OK)
		set(o, "medium_failed", json_true());
	if (s->mixed)
		set(o, "mixed_issuers", json_true());
	if (s->notice_unreadable)
		set(o, "notice_unreadable", json_true());
	if (s->has_notice)
		set(o, "notice", json_notice(&r->notice));
	return o;
}

static json_t *
json_receipts_file(const struct report *r)
{
	json_t *o = json_pack("{s:s}", "kind", "receipts");

	if (r->from.name[0] != '\0')
		set(o, "pc", json_pack("{s:o, s:o}", "name", say_json_text(r->from.name), "station",
				 json_hex(r->from.station_id, ID_SIZE)));
	set(o, "receipts", json_receipts(r));
	return o;
}

static json_t *
json_report(const struct report *r)
{
	switch (r->kind) {
	case REPORT_MANIFEST:
		return json_pack("{s:s, s:o}", "kind", "manifest", "manifest", json_manifest(&r->manifest));
	case REPORT_GRANT:
		return json_pack("{s:s, s:o}", "kind", "grant", "grant", json_grant(&r->grant));
	case REPORT_REFILL:
		return json_pack("{s:s, s:o}", "kind", "refill", "grant", json_grant(&r->grant));
	case REPORT_NOTICE:
		return json_pack("{s:s, s:o}", "kind", "notice", "notice", json_notice(&r->notice));
	case REPORT_RECEIPTS:
		return json_receipts_file(r);
	case REPORT_STATION:
		return json_pack("{s:s, s:o}", "kind", "station", "station", json_station(&r->station));
	case REPORT_STICK:
		return json_stick(r);
	}
	return NULL;
}

/* ---- for people -------------------------------------------------------------------------------------------------------------- */

struct page {
	const struct cli *c;
	bool verbose; /* ids and hashes, too */
	int64_t now;
};

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
row_window(const struct page *p, const struct policy *policy)
{
	char from[WHEN_SHOWN], until[WHEN_SHOWN];

	when_show(from, sizeof from, policy->not_before);
	when_show(until, sizeof until, policy->expires);
	row("opens",
	    p->now < policy->not_before ? _("from %s to %s (not yet)") :
	    p->now >= policy->expires   ? _("from %s to %s (over)") :
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
row_media(const char *state)
{
	if (strcmp(state, "signed") != 0)
		row("media", "%s",
		    strcmp(state, "unreadable") == 0 ? _("cannot be read: try another USB port") :
		    strcmp(state, "missing") == 0 ? _("missing: no code opens this, it has to be prepared again") :
		    strcmp(state, "damaged") == 0 ? _("damaged: no code opens this, it has to be prepared again") :
						    _("of another lecture: no code opens this, it has to be prepared again"));
}

/* l is NULL if the grant is not on a stick. */
static void
print_lecture(const struct page *p, const struct grant *g, const struct lecture *l)
{
	print_label(g->label);
	row_window(p, &g->policy);
	row_session(&g->policy);
	if (l == NULL)
		row("codes", "%u", g->slots);
	else
		row_codes(&l->slots);
	if (l != NULL && l->blocks > 0)
		row_bytes(l->blocks);
	if (l != NULL)
		row_media(l->manifest);
	row_needs(&g->policy);
	row_text("contact", g->contact);
	if (!p->verbose)
		return;
	row_hex("grant", g->id, ID_SIZE);
	for (size_t i = 0; i < g->bundle_count; i++)
		row_hex("bundle", g->bundles[i].id, ID_SIZE);
}

static void
print_grant(const struct page *p, const struct grant *g)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(stick, g->stick_id);
	keytree_fingerprint(issuer, g->issuer);
	printf(_("grant for stick %s, issuer %s\n\n"), stick, issuer);
	print_lecture(p, g, NULL);
}

static void
print_refill(const struct page *p, const struct grant *g)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(stick, g->stick_id);
	keytree_fingerprint(issuer, g->issuer);
	printf(_("new codes for stick %s, issuer %s; to take them in: oncestick accept FILE STICK\n\n"), stick, issuer);
	print_lecture(p, g, NULL);
}

static void
print_manifest(const struct page *p, const struct manifest *m)
{
	char issuer[FINGERPRINT_SIZE];

	keytree_fingerprint(issuer, m->issuer);
	printf(_("manifest of issuer %s\n\n"), issuer);
	print_label(m->label);
	row_time("created", m->created);
	row_bytes(m->blocks);
	if (!p->verbose)
		return;
	row_hex("bundle", m->bundle_id, ID_SIZE);
	row_hex("root", m->root, HASH_SIZE);
}

static void
print_notice(const struct notice *n)
{
	char issuer[FINGERPRINT_SIZE], codes[64];
	long long count = revoked_codes(n), lectures = (long long)n->grant_count, withdrawn = (long long)n->withdrawn_count;

	keytree_fingerprint(issuer, n->issuer);
	printf(_("list number %lld of used and revoked codes, issuer %s\n"), (long long)n->number, issuer);
	row_time("made", n->time);
	snprintf(codes, sizeof codes, ngettext("%lld code", "%lld codes", (unsigned long)count), count);
	/* TRANSLATORS: %s is "3 codes" */
	row("names", ngettext("%s of %lld lecture", "%s of %lld lectures", (unsigned long)lectures), codes, lectures);
	if (withdrawn > 0)
		row("withdraws", ngettext("%lld bundle", "%lld bundles", (unsigned long)withdrawn), withdrawn);
}

static void
print_station(const struct page *p, const struct enrolment *e)
{
	uint8_t id[ID_SIZE];

	keytree_station_id(id, e->station_pk);
	printf("%s\n", _("request to be enrolled; compare the id with what 'oncestick station show' says on that PC"));
	row_text("PC", e->label);
	row_hex("id", id, ID_SIZE);
	if (p->verbose)
		row_hex("key", e->station_pk, KEY_SIZE);
}

static void
print_receipt(const struct page *p, const struct receipt_row *receipt)
{
	char issuer[FINGERPRINT_SIZE], grant[2 * ID_SIZE + 1], used[WHEN_SHOWN];
	struct receipt r;
	bool ok = parse_receipt(&r, receipt);

	keytree_fingerprint(issuer, receipt->issuer);
	if (ok)
		when_show(used, sizeof used, r.spent_at);
	row("used", _("%s, issuer %s"), ok ? used : _("(damaged)"), issuer);
	if (!p->verbose)
		return;
	bytes_to_hex(grant, receipt->grant_id, ID_SIZE);
	row("grant", _("%s, slot %lld"), grant, (long long)receipt->slot);
}

static void
print_receipts(const struct page *p, const struct report *r)
{
	printf(ngettext("%zu receipt of a used code; only the issuer can tell what it proves: oncestick collect --receipts FILE\n",
		   "%zu receipts of used codes; only the issuer can tell what they prove: oncestick collect --receipts FILE\n",
		   r->row_count),
	    r->row_count);
	row_text("PC", r->from.name);
	for (size_t i = 0; i < r->row_count; i++)
		print_receipt(p, &r->rows[i]);
}

static void
warn_stick(const struct page *p, const struct report_stick *s)
{
	long long unreadable = s->grants.skipped, foreign = s->grants.foreign;

	if (unreadable > 0 && s->grants.unread.err != E_OK)
		say_warn(p->c,
		    ngettext("%lld lecture on it cannot be read: try another USB port",
			"%lld lectures on it cannot be read: try another USB port", (unsigned long)unreadable),
		    unreadable);
	else if (unreadable > 0)
		say_warn(p->c,
		    ngettext("%lld lecture on it cannot be read: damaged, or made by a newer oncestick",
			"%lld lectures on it cannot be read: damaged, or made by a newer oncestick", (unsigned long)unreadable),
		    unreadable);
	if (foreign > 0)
		say_warn(p->c,
		    ngettext("%lld lecture on it belongs to another stick", "%lld lectures on it belong to another stick",
			(unsigned long)foreign),
		    foreign);
	if (s->notice_unreadable)
		say_warn(p->c, "its list of used and revoked codes cannot be read: try another USB port");
	if (s->mixed)
		say_warn(p->c, "lectures of several issuers are on it: no code opens it, it has to be prepared again");
}

static void
print_stick_head(const struct report_stick *s)
{
	char name[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE];

	keytree_stick_name(name, s->id);
	if (s->grants.count > 0) {
		keytree_fingerprint(issuer, s->grants.grants[0].issuer);
		printf(_("stick %s, issuer %s\n"), name, issuer);
	} else {
		printf(_("stick %s\n"), name);
	}
	row_text("at", s->at.path);
	if (s->device[0] != '\0')
		row("on", "%s, %s", s->device, s->fs);
}

static void
print_stick(const struct page *p, const struct report *r)
{
	const struct report_stick *s = &r->stick;
	long long revoked = revoked_codes(&r->notice);
	char made[WHEN_SHOWN];

	print_stick_head(s);
	if (s->has_notice) {
		when_show(made, sizeof made, r->notice.time);
		row("list",
		    ngettext("%lld code used or revoked, as of %s", "%lld codes used or revoked, as of %s", (unsigned long)revoked),
		    revoked, made);
	}
	if (p->verbose) {
		row_hex("id", s->id, ID_SIZE);
		row("refill", _("next is %lld"), (long long)s->refill);
	}
	if (s->grants.count == 0)
		printf("%s\n", _("no lecture on it that a code could open"));
	for (size_t i = 0; i < s->grants.count; i++) {
		putchar('\n');
		print_lecture(p, &s->grants.grants[i], &s->lectures[i]);
	}
	warn_stick(p, s);
}

static void
print_report(const struct page *p, const struct report *r)
{
	switch (r->kind) {
	case REPORT_MANIFEST:
		print_manifest(p, &r->manifest);
		break;
	case REPORT_GRANT:
		print_grant(p, &r->grant);
		break;
	case REPORT_REFILL:
		print_refill(p, &r->grant);
		break;
	case REPORT_NOTICE:
		print_notice(&r->notice);
		break;
	case REPORT_RECEIPTS:
		print_receipts(p, r);
		break;
	case REPORT_STATION:
		print_station(p, &r->station);
		break;
	case REPORT_STICK:
		print_stick(p, r);
		break;
	}
}

/* ---- the verb --------------------------------------------------------------------------------------------------------------- */

static enum err
inspect(const struct cli *c, struct report *r, const char *arg, struct fault *f)
{
	struct stat st;
	enum err e = E_OK;

	if (arg != NULL && filestat_path(arg, &st) == 0 && S_ISREG(st.st_mode))
		return inspect_file(c, r, arg, f);
	if (arg != NULL && strncmp(arg, "usb:", 4) != 0 && access(arg, F_OK) != 0 && errno == ENOENT)
		return say_fault(c, f, E_NO_STICK,
		    _("%s: there is no such file or directory. Name the directory where the stick is mounted, or one of "
		      "oncestick's files."), arg);
	if ((e = stickarg_open(c, &r->stick.at, arg, f)) != E_OK)
		return e;
	fence_reader(r->stick.at.fd);
	return inspect_stick(r, f);
}

enum err
cmd_inspect(struct cli *c, int argc, char **argv)
{
	struct page page = {.c = c, .now = when_now()};
	const struct opt rows[] = {
	    {OPT_FLAG, "verbose", 'v', NULL, N_("ids and hashes too"), &page.verbose, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"inspect [STICK|FILE]",
	    N_("Show what a stick, or one of oncestick's files (manifest, grant, refill, notice, receipts, station), says. Signatures are "
	       "checked; the media\n"
	       "are not: 'verify' does that. Nothing is written anywhere.\n"),
	    OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	struct report r = {.stick.at.fd = -1};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	e = inspect(c, &r, words.count > 0 ? words.list[0] : NULL, &f);
	if (e != E_OK) {
		e = say_error(c, &f, &(struct say_about){.object = words.count > 0 ? words.list[0] : NULL});
	} else if (c->json) {
		e = say_json(c, json_report(&r));
	} else {
		print_report(&page, &r);
		e = say_stdout(c);
	}
	report_free(&r);
	return e;
}
