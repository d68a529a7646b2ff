/*
 * cmd_inspect.c - what a stick, or a signed file, says about itself. No right to write is needed, and no code.
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
#include "say.h"
#include "slots.h"
#include "stick.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

#define FILE_MAX (64u << 20)

/* A report is built as JSON; people get a page made of it. */

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
set_text(json_t *o, const char *key, const char *s)
{
	if (s[0] != '\0')
		set(o, key, json_string(s));
}

/* ---- signed objects --------------------------------------------------------------------------------------------------------- */

static json_t *
json_manifest(const struct manifest *m)
{
	json_t *o = json_object();

	set_text(o, "label", m->label);
	set(o, "bundle", json_hex(m->bundle_id, ID_SIZE));
	set(o, "created", say_json_time(m->created));
	set(o, "blocks", json_integer((json_int_t)m->blocks));
	set(o, "bytes", json_integer((json_int_t)(m->blocks * BLOCK_SIZE)));
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
	set(o, "session_s", json_integer((json_int_t)g->policy.session_s));
	set(o, "codes", json_integer((json_int_t)g->slots));
	if (g->refill != 0)
		set(o, "refill", json_integer((json_int_t)g->refill));
	if (g->notice_min != 0)
		set(o, "needs_notice", json_integer((json_int_t)g->notice_min));
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
	json_int_t codes = 0;

	for (size_t i = 0; i < n->grant_count; i++)
		for (size_t k = 0; k < n->grants[i].len; k++)
			codes += __builtin_popcount(n->grants[i].bitmap[k]);
	set(o, "number", json_integer((json_int_t)n->number));
	set(o, "time", say_json_time(n->time));
	set(o, "issuer", json_issuer(n->issuer));
	set(o, "codes", json_integer(codes));
	set(o, "lectures", json_integer((json_int_t)n->grant_count));
	if (n->withdrawn_count > 0)
		set(o, "withdrawn_bundles", json_integer((json_int_t)n->withdrawn_count));
	return o;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

static enum envelope_result
open_signed(enum envelope_type type, struct bytes file, json_t **o)
{
	struct manifest m = {0};
	struct grant g = {0};
	struct notice n = {0};
	enum envelope_result r = ENVELOPE_MALFORMED;

	switch (type) {
	case ENVELOPE_MANIFEST:
		if ((r = manifest_open(&m, file)) == ENVELOPE_OK)
			*o = json_pack("{s:s, s:o}", "kind", "manifest", "manifest", json_manifest(&m));
		break;
	case ENVELOPE_GRANT:
		if ((r = grant_open(&g, file)) == ENVELOPE_OK)
			*o = json_pack("{s:s, s:o}", "kind", "grant", "grant", json_grant(&g));
		grant_free(&g);
		break;
	case ENVELOPE_NOTICE:
		if ((r = notice_open(&n, file)) == ENVELOPE_OK)
			*o = json_pack("{s:s, s:o}", "kind", "notice", "notice", json_notice(&n));
		notice_free(&n);
		break;
	}
	return r;
}

static json_t *
open_receipts(struct bytes file)
{
	struct receipt_row *rows = NULL;
	size_t count = 0;
	json_t *list = NULL;

	if (receipts_parse(file, &rows, &count) != 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < count; i++) {
		struct receipt r;
		json_t *o = json_object();
		bool ok = rows[i].body.n > MAC_SIZE && receipt_parse(&r, BYTES(rows[i].body.p, rows[i].body.n - MAC_SIZE)) == 0;

		set(o, "issuer", json_issuer(rows[i].issuer));
		set(o, "grant", json_hex(rows[i].grant_id, ID_SIZE));
		set(o, "slot", json_integer((json_int_t)rows[i].slot));
		if (ok) {
			set(o, "spent_at", say_json_time(r.spent_at));
			set(o, "station", json_hex(r.station_id, ID_SIZE));
		}
		json_array_append_new(list, o);
	}
	free(rows);
	return json_pack("{s:s, s:o}", "kind", "receipts", "receipts", list);
}

static json_t *
open_enrolment(struct bytes file)
{
	struct enrolment e;
	uint8_t id[ID_SIZE];
	json_t *o = NULL;

	if (enrolment_parse(&e, file) != 0)
		return NULL;
	keytree_station_id(id, e.station_pk);
	o = json_object();
	set_text(o, "label", e.label);
	set(o, "station", json_hex(id, ID_SIZE));
	set(o, "key", json_hex(e.station_pk, KEY_SIZE));
	return json_pack("{s:s, s:o}", "kind", "station", "station", o);
}

static enum err
inspect_file(const char *path, json_t **o, struct fault *f)
{
	enum envelope_type type = ENVELOPE_MANIFEST;
	enum envelope_result r = ENVELOPE_MALFORMED;
	uint8_t *data = NULL;
	size_t n = 0;
	struct bytes file = {0};
	int fd = open(path, O_PATH | O_CLOEXEC);

	fence_reader(fd);
	if (fd >= 0)
		close(fd);
	if (stickio_slurp(AT_FDCWD, path, FILE_MAX, &data, &n) != 0) {
		if (errno == EFBIG)
			return fault_set(f, E_USAGE, 0, "", _("%.120s is longer than any file that can be shown here. Is it the right one?"),
			    path);
		return fault_set(f, E_USAGE, 0, "", _("%.120s cannot be read: %s."), path, strerror(errno));
	}
	file = BYTES(data, n);
	if (envelope_guess(file, &type) == 0)
		r = open_signed(type, file, o);
	else if ((*o = open_enrolment(file)) != NULL || (*o = open_receipts(file)) != NULL)
		r = ENVELOPE_OK;
	free(data);
	if (r == ENVELOPE_OK)
		return E_OK;
	if (r == ENVELOPE_NEWER)
		return fault_set(f, E_NO_GRANT, 0, "", _("%.120s was made by a newer oncestick."), path);
	if (r == ENVELOPE_FORGED)
		return fault_set(f, E_BUNDLE, 0, "", _("%.120s does not have a valid signature: it was changed, or forged."), path);
	return fault_set(f, E_BUNDLE, 0, "", _("%.120s is none of oncestick's signed files, or it is damaged."), path);
}

/* ---- sticks ----------------------------------------------------------------------------------------------------------------- */

/* What the manifest of g is, and in m what it says if it is "signed". f has why if it cannot be read. */
static const char *
manifest_state(const struct stick *s, const struct grant *g, struct manifest *m, struct fault *f)
{
	char hex[2 * ID_SIZE + 1], path[sizeof STICK_BUNDLES "//" STICK_MANIFEST_FILE + sizeof hex];
	const char *state = "damaged";
	uint8_t *file = NULL;
	size_t size = 0;
	int fd = stick_bundle_dir(s, g->bundles[0].id);

	bytes_to_hex(hex, g->bundles[0].id, ID_SIZE);
	snprintf(path, sizeof path, "%s/%s/%s", STICK_BUNDLES, hex, STICK_MANIFEST_FILE);
	if (fd < 0 || stickio_slurp(fd, STICK_MANIFEST_FILE, envelope_limit(ENVELOPE_MANIFEST), &file, &size) != 0)
		state = stickio_fault(f, E_BUNDLE, "read", s->once_fd, STICK_ONCE, path) == E_BUNDLE ? "missing" : "unreadable";
	else if (manifest_open(m, BYTES(file, size)) == ENVELOPE_OK)
		state = memcmp(m->hash, g->bundles[0].manifest_hash, HASH_SIZE) == 0 ? "signed" : "another one";
	if (fd >= 0)
		close(fd);
	free(file);
	return state;
}

/* NULL if something of it cannot be read that whoever uses this PC can put right; a medium that fails is part of the answer. */
static json_t *
json_lecture(const struct stick *s, const struct grant *g, struct fault *f)
{
	struct slots_count n = slots_count(s, g);
	struct manifest m = {0};
	struct fault why = {0};
	const char *state = manifest_state(s, g, &m, &why);
	json_t *o = NULL;

	if (n.unread > 0 && !stickio_failing(n.why.sys))
		fault_pass(f, &n.why);
	else if (strcmp(state, "unreadable") == 0 && !stickio_failing(why.sys))
		fault_pass(f, &why);
	else
		o = json_grant(g);
	if (o == NULL)
		return NULL;
	set(o, "unused", json_integer((json_int_t)n.live));
	set(o, "used", json_integer((json_int_t)n.spent));
	set(o, "damaged", json_integer((json_int_t)n.damaged));
	if (n.unread > 0)
		set(o, "unreadable", json_integer((json_int_t)n.unread));
	set(o, "manifest", json_string(state));
	if (strcmp(state, "signed") == 0)
		set(o, "bytes", json_integer((json_int_t)(m.blocks * BLOCK_SIZE)));
	return o;
}

static enum err
set_notice(json_t *o, const struct stick *s, const uint8_t issuer[KEY_SIZE], struct fault *f)
{
	struct notice n = {0};
	int got = stick_load_notice(s, issuer, &n, NULL, NULL);

	if (got < 0 && !stickio_failing(errno))
		return stickio_fault(f, E_STICK_IO, "read", s->once_fd, STICK_ONCE, STICK_NOTICE);
	if (got < 0)
		set(o, "notice_unreadable", json_true());
	if (got == 1)
		set(o, "notice", json_notice(&n));
	notice_free(&n);
	return E_OK;
}

static enum err
inspect_stick(struct stickarg *at, json_t **o, struct fault *f)
{
	struct stick_grants grants = {0};
	struct stick *s = NULL;
	struct fault why = {0};
	char fs[32], device[128];
	json_t *list = json_array();
	enum err e = stick_open(&s, at->fd, f), loaded = E_OK;

	if (e != E_OK)
		goto out;
	loaded = stick_load_grants(s, &grants, &why);
	if (loaded != E_OK && loaded != E_NO_GRANT && loaded != E_ISSUER && !stickio_failing(why.sys)) {
		e = fault_pass(f, &why);
		goto out;
	}
	*o = json_object();
	set(*o, "kind", json_string("stick"));
	set(*o, "path", say_json_text(at->path));
	set(*o, "stick", json_stick_name(s->id));
	set(*o, "stick_id", json_hex(s->id, ID_SIZE));
	if (loaded == E_OK)
		set(*o, "issuer", json_issuer(grants.grants[0].issuer));
	stickarg_device(at->fd, device, sizeof device);
	set(*o, "device", say_json_text(device));
	stickio_fs_of(at->fd, fs);
	set(*o, "file_system", say_json_text(fs));
	set(*o, "next_refill", json_integer((json_int_t)s->n));
	for (size_t i = 0; i < grants.count && e == E_OK; i++)
		if (json_array_append_new(list, json_lecture(s, &grants.grants[i], &why)) != 0 && why.err != E_OK)
			e = fault_pass(f, &why);
	set(*o, "lectures", list);
	list = NULL;
	set(*o, "unreadable_lectures", json_integer((json_int_t)grants.skipped));
	set(*o, "foreign_lectures", json_integer((json_int_t)grants.foreign));
	if (grants.unread.err != E_OK)
		set(*o, "medium_failed", json_true());
	if (loaded == E_ISSUER)
		set(*o, "mixed_issuers", json_true());
	if (loaded == E_OK && e == E_OK)
		e = set_notice(*o, s, grants.grants[0].issuer, f);
out:
	json_decref(list);
	stick_grants_free(&grants);
	stick_close(&s);
	return e;
}

/* ---- for people -------------------------------------------------------------------------------------------------------------- */

struct page {
	const struct cli *c;
	bool verbose; /* ids and hashes too */
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

static const char *
text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long
number_of(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* For ngettext. */
static unsigned long
count_of(json_t *o, const char *key)
{
	return (unsigned long)number_of(o, key);
}

/* RFC 3339 in JSON, local time for people. */
static const char *
shown_time(json_t *o, const char *key, char out[WHEN_SHOWN])
{
	int64_t t = 0;

	out[0] = '\0';
	if (when_parse(&t, text_of(o, key), WHEN_START, TIME_MIN) == 0)
		when_show(out, WHEN_SHOWN, t);
	return out;
}

static void
row_text(const char *name, json_t *o, const char *key)
{
	char safe[4 * LABEL_MAX];

	if (text_of(o, key)[0] != '\0')
		row(name, "%s", say_safe(safe, sizeof safe, text_of(o, key)));
}

static void
row_bytes(json_t *o)
{
	char shown[HUMAN_SHOWN];

	if (json_object_get(o, "bytes") == NULL)
		return;
	human_bytes(shown, sizeof shown, (uint64_t)number_of(o, "bytes"));
	row("size", "%s", shown);
}

static void
print_label(json_t *o)
{
	char safe[4 * LABEL_MAX];
	const char *label = text_of(o, "label");

	if (label[0] != '\0')
		printf("\"%s\"\n", say_safe(safe, sizeof safe, label));
	else
		printf("%s\n", _("lecture without a label"));
}

static void
row_window(const struct page *p, json_t *o)
{
	char from[WHEN_SHOWN], until[WHEN_SHOWN];
	int64_t begin = 0, end = 0;

	when_parse(&begin, text_of(o, "not_before"), WHEN_START, TIME_MIN);
	when_parse(&end, text_of(o, "expires"), WHEN_START, TIME_MIN);
	when_show(from, sizeof from, begin);
	when_show(until, sizeof until, end);
	row("opens",
	    p->now < begin ? _("from %s to %s (not yet)") :
	    p->now >= end  ? _("from %s to %s (over)") :
			     _("from %s to %s"),
	    from, until);
}

static void
row_session(json_t *o)
{
	char length[WHEN_SHOWN];

	when_show_duration(length, sizeof length, number_of(o, "session_s"));
	row("session", _("%s from when a code is used"), length);
}

static void
row_codes(json_t *o)
{
	if (json_object_get(o, "unused") == NULL)
		row("codes", "%lld", number_of(o, "codes"));
	else if (number_of(o, "unreadable") > 0)
		row("codes", _("%lld unused, %lld used, %lld damaged, %lld that cannot be read"), number_of(o, "unused"),
		    number_of(o, "used"), number_of(o, "damaged"), number_of(o, "unreadable"));
	else if (number_of(o, "damaged") == 0)
		row("codes", _("%lld unused, %lld used"), number_of(o, "unused"), number_of(o, "used"));
	else
		row("codes", _("%lld unused, %lld used, %lld damaged"), number_of(o, "unused"), number_of(o, "used"),
		    number_of(o, "damaged"));
}

static void
row_needs(json_t *o)
{
	json_t *list = json_object_get(o, "factors");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (strcmp(name, "usb") == 0)
			row("needs", "%s", _("the USB stick it was written to, no copy of it"));
		else if (strcmp(name, "station") == 0)
			row("needs", "%s", _("the PC it was made for"));
		else
			row("needs", _("the network: %s"), name);
	}
}

static void
row_media(json_t *o)
{
	const char *state = text_of(o, "manifest");

	if (state[0] != '\0' && strcmp(state, "signed") != 0)
		row("media", "%s",
		    strcmp(state, "unreadable") == 0 ? _("cannot be read: try another USB port") :
		    strcmp(state, "missing") == 0 ? _("missing: no code opens this, it has to be prepared again") :
		    strcmp(state, "damaged") == 0 ? _("damaged: no code opens this, it has to be prepared again") :
						    _("of another lecture: no code opens this, it has to be prepared again"));
}

static void
print_lecture(const struct page *p, json_t *o)
{
	json_t *bundles = json_object_get(o, "bundles");

	print_label(o);
	row_window(p, o);
	row_session(o);
	row_codes(o);
	row_bytes(o);
	row_media(o);
	row_needs(o);
	row_text("contact", o, "contact");
	if (!p->verbose)
		return;
	row_text("grant", o, "grant");
	for (size_t i = 0; i < json_array_size(bundles); i++)
		row("bundle", "%s", json_string_value(json_array_get(bundles, i)));
}

static void
print_grant(const struct page *p, json_t *o)
{
	printf(_("grant for stick %s, issuer %s\n\n"), text_of(o, "stick"), text_of(o, "issuer"));
	print_lecture(p, o);
}

static void
print_manifest(const struct page *p, json_t *o)
{
	char created[WHEN_SHOWN];

	printf(_("manifest of issuer %s\n\n"), text_of(o, "issuer"));
	print_label(o);
	row("created", "%s", shown_time(o, "created", created));
	row_bytes(o);
	if (!p->verbose)
		return;
	row_text("bundle", o, "bundle");
	row_text("root", o, "root");
}

static void
print_notice(const struct page *p, json_t *o)
{
	char made[WHEN_SHOWN], codes[64];

	(void)p;
	printf(_("list number %lld of used and revoked codes, issuer %s\n"), number_of(o, "number"),
	    text_of(o, "issuer"));
	row("made", "%s", shown_time(o, "time", made));
	snprintf(codes, sizeof codes, ngettext("%lld code", "%lld codes", count_of(o, "codes")), number_of(o, "codes"));
	/* TRANSLATORS: %s is "3 codes" */
	row("names", ngettext("%s of %lld lecture", "%s of %lld lectures", count_of(o, "lectures")), codes, number_of(o, "lectures"));
	if (number_of(o, "withdrawn_bundles") > 0)
		row("withdraws", ngettext("%lld bundle", "%lld bundles", count_of(o, "withdrawn_bundles")),
		    number_of(o, "withdrawn_bundles"));
}

static void
print_station(const struct page *p, json_t *o)
{
	printf("%s\n", _("request to be enrolled; compare the id with what 'oncestick station show' says there"));
	row_text("PC", o, "label");
	row_text("id", o, "station");
	if (p->verbose)
		row_text("key", o, "key");
}

static void
print_receipts(const struct page *p, json_t *list)
{
	printf(ngettext("%zu receipt of used codes; what they prove only the issuer can tell: oncestick collect --receipts FILE\n",
		   "%zu receipts of used codes; what they prove only the issuer can tell: oncestick collect --receipts FILE\n",
		   json_array_size(list)),
	    json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		char used[WHEN_SHOWN];

		row("used", _("%s, issuer %s"), shown_time(o, "spent_at", used)[0] != '\0' ? used : _("(damaged)"),
		    text_of(o, "issuer"));
		if (p->verbose)
			row("grant", _("%s, slot %lld"), text_of(o, "grant"), number_of(o, "slot"));
	}
}

static void
warn_stick(const struct page *p, json_t *o)
{
	long long unreadable = number_of(o, "unreadable_lectures"), foreign = number_of(o, "foreign_lectures");

	if (unreadable > 0 && json_is_true(json_object_get(o, "medium_failed")))
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
	if (json_is_true(json_object_get(o, "notice_unreadable")))
		say_warn(p->c, "its list of used and revoked codes cannot be read: try another USB port");
	if (json_is_true(json_object_get(o, "mixed_issuers")))
		say_warn(p->c, "lectures of several issuers are on it: no code opens it, it has to be prepared again");
}

static void
print_stick(const struct page *p, json_t *o)
{
	json_t *lectures = json_object_get(o, "lectures"), *notice = json_object_get(o, "notice");
	const char *issuer = text_of(o, "issuer"), *device = text_of(o, "device");
	char made[WHEN_SHOWN];

	if (issuer[0] != '\0')
		printf(_("stick %s, issuer %s\n"), text_of(o, "stick"), issuer);
	else
		printf(_("stick %s\n"), text_of(o, "stick"));
	row_text("at", o, "path");
	if (device[0] != '\0')
		row("on", "%s, %s", device, text_of(o, "file_system"));
	if (notice != NULL)
		row("list",
		    ngettext("%lld code used or revoked, as of %s", "%lld codes used or revoked, as of %s", count_of(notice, "codes")),
		    number_of(notice, "codes"), shown_time(notice, "time", made));
	if (p->verbose) {
		row_text("id", o, "stick_id");
		row("refill", _("next is %lld"), number_of(o, "next_refill"));
	}
	if (json_array_size(lectures) == 0)
		printf("%s\n", _("no lecture on it that a code could open"));
	for (size_t i = 0; i < json_array_size(lectures); i++) {
		putchar('\n');
		print_lecture(p, json_array_get(lectures, i));
	}
	warn_stick(p, o);
}

static void
print_page(const struct page *p, json_t *o)
{
	static const struct {
		const char *kind;
		void (*print)(const struct page *p, json_t *o);
	} kinds[] = {{"manifest", print_manifest}, {"grant", print_grant}, {"notice", print_notice}, {"receipts", print_receipts},
	    {"station", print_station}};
	const char *kind = text_of(o, "kind");

	if (strcmp(kind, "stick") == 0)
		print_stick(p, o);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			kinds[i].print(p, json_object_get(o, kind));
}

static enum err
inspect(const char *arg, json_t **o, struct fault *f)
{
	struct stickarg at = {.fd = -1};
	struct stat st;
	enum err e = E_OK;

	if (arg != NULL && filestat_path(arg, &st) == 0 && S_ISREG(st.st_mode))
		return inspect_file(arg, o, f);
	if (arg != NULL && strncmp(arg, "usb:", 4) != 0 && access(arg, F_OK) != 0 && errno == ENOENT)
		return fault_set(f, E_NO_STICK, 0, "",
		    _("%.120s: there is no such file or directory. Name where the stick is mounted, or a file of oncestick's."), arg);
	e = stickarg_open(&at, arg, f);
	if (e == E_OK) {
		fence_reader(at.fd);
		e = inspect_stick(&at, o, f);
	}
	stickarg_close(&at);
	return e;
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
	    N_("Print what a stick, or one of oncestick's files (manifest, grant, notice, receipts, station), says. Signatures are "
	    "checked; media\n"
	    "are not, for that there is 'verify'. Nothing is written anywhere.\n"),
	    OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	char **operands = NULL;
	json_t *o = NULL;
	int count = 0;
	enum err e = E_OK;

	if (!opt_parse(c, &verb, argc, argv, &operands, &count, &e))
		return e;
	e = inspect(count > 0 ? operands[0] : NULL, &o, &f);
	if (e != E_OK) {
		json_decref(o);
		return say_error(c, &f, &(struct say_about){.object = count > 0 ? operands[0] : NULL});
	}
	if (c->json)
		return say_json(c, o);
	print_page(&page, o);
	json_decref(o);
	return say_stdout(c);
}
