/*
 * inspectsay_json.c - a stick, or a file of ours, for programs.
 */
#include "inspectsay.h"

#include <jansson.h>

#include "keytree.h"
#include "receipt.h"
#include "say.h"

static const char *const media_words[] = {
    [INSPECT_SIGNED] = "signed",
    [INSPECT_MISSING] = "missing",
    [INSPECT_UNREADABLE] = "unreadable",
    [INSPECT_DAMAGED] = "damaged",
    [INSPECT_ANOTHER] = "another one",
};

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
	set(o, "codes", json_integer(notice_codes(n)));
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
	if (receipt_parse_body(&r, row->body) == 0) {
		set(o, "spent_at", say_json_time(r.spent_at));
		set(o, "station", json_hex(r.station_id, ID_SIZE));
	}
	return o;
}

static json_t *
json_receipts(const struct inspect *i)
{
	json_t *list = json_array();

	for (size_t k = 0; k < i->row_count; k++)
		json_array_append_new(list, json_receipt(&i->rows[k]));
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
json_lecture(const struct grant *g, const struct inspect_lecture *l)
{
	json_t *o = json_grant(g);

	set_number(o, "unused", l->slots.live);
	set_number(o, "used", l->slots.spent);
	set_number(o, "damaged", l->slots.damaged);
	if (l->slots.unread > 0)
		set_number(o, "unreadable", l->slots.unread);
	set(o, "manifest", json_string(media_words[l->media]));
	if (l->blocks > 0)
		set_number(o, "bytes", l->blocks * BLOCK_SIZE);
	return o;
}

static json_t *
json_stick(const struct inspectsay *r)
{
	const struct inspect_stick *s = &r->of->stick;
	json_t *o = json_object(), *list = json_array();

	set(o, "kind", json_string("stick"));
	set(o, "path", say_json_text(r->path));
	set(o, "stick", json_stick_name(s->id));
	set(o, "stick_id", json_hex(s->id, ID_SIZE));
	if (s->grants.count > 0)
		set(o, "issuer", json_issuer(s->grants.grants[0].issuer));
	set(o, "device", say_json_text(r->device));
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
		set(o, "notice", json_notice(&r->of->notice));
	return o;
}

static json_t *
json_receipts_file(const struct inspect *i)
{
	json_t *o = json_pack("{s:s}", "kind", "receipts");

	if (i->from.name[0] != '\0')
		set(o, "pc", json_pack("{s:o, s:o}", "name", say_json_text(i->from.name), "station",
				 json_hex(i->from.station_id, ID_SIZE)));
	set(o, "receipts", json_receipts(i));
	return o;
}

json_t *
inspectsay_json(const struct inspectsay *r)
{
	const struct inspect *i = r->of;

	switch (i->kind) {
	case INSPECT_MANIFEST:
		return json_pack("{s:s, s:o}", "kind", "manifest", "manifest", json_manifest(&i->manifest));
	case INSPECT_GRANT:
		return json_pack("{s:s, s:o}", "kind", "grant", "grant", json_grant(&i->grant));
	case INSPECT_REFILL:
		return json_pack("{s:s, s:o}", "kind", "refill", "grant", json_grant(&i->grant));
	case INSPECT_NOTICE:
		return json_pack("{s:s, s:o}", "kind", "notice", "notice", json_notice(&i->notice));
	case INSPECT_RECEIPTS:
		return json_receipts_file(i);
	case INSPECT_STATION:
		return json_pack("{s:s, s:o}", "kind", "station", "station", json_station(&i->station));
	case INSPECT_STICK:
		return json_stick(r);
	}
	return NULL;
}
