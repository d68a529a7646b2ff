/*
 * cmd_inspect.c - what a stick, or a signed file, says about itself. No right to write is needed, and no code.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "envelope.h"
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
#include "when.h"

#define FILE_MAX (64u << 20)

/* A report is built as JSON; people get the same as indented lines. */

static json_t *
json_hex(const uint8_t *p, size_t n)
{
	char hex[2 * HASH_SIZE + 1];

	bytes_to_hex(hex, p, n);
	return json_string(hex);
}

static json_t *
json_time(int64_t t)
{
	char text[WHEN_SHOWN];

	when_rfc3339(text, sizeof text, t);
	return json_string(text);
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
	set(o, "created", json_time(m->created));
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
	set(o, "issued", json_time(g->issued));
	set(o, "not_before", json_time(g->policy.not_before));
	set(o, "expires", json_time(g->policy.expires));
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
	set(o, "time", json_time(n->time));
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
			set(o, "spent_at", json_time(r.spent_at));
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

	if (stickio_slurp(AT_FDCWD, path, FILE_MAX, &data, &n) != 0)
		return fault_set(f, E_USAGE, 0, "", "%.120s cannot be read: %s.", path, strerror(errno));
	file = BYTES(data, n);
	if (envelope_guess(file, &type) == 0)
		r = open_signed(type, file, o);
	else if ((*o = open_enrolment(file)) != NULL || (*o = open_receipts(file)) != NULL)
		r = ENVELOPE_OK;
	free(data);
	if (r == ENVELOPE_OK)
		return E_OK;
	if (r == ENVELOPE_NEWER)
		return fault_set(f, E_NO_GRANT, 0, "", "%.120s was made by a newer oncestick.", path);
	if (r == ENVELOPE_FORGED)
		return fault_set(f, E_BUNDLE, 0, "", "%.120s does not have a valid signature: it was changed, or forged.", path);
	return fault_set(f, E_BUNDLE, 0, "", "%.120s is none of oncestick's signed files, or it is damaged.", path);
}

/* ---- sticks ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_lecture(const struct stick *s, const struct grant *g)
{
	struct slots_count n = slots_count(s, g);
	json_t *o = json_grant(g);
	struct manifest m = {0};
	uint8_t *file = NULL;
	size_t size = 0;
	int fd = stick_bundle_dir(s, g->bundles[0].id);
	const char *state = "missing";

	if (fd >= 0 && stickio_slurp(fd, STICK_MANIFEST_FILE, envelope_limit(ENVELOPE_MANIFEST), &file, &size) == 0) {
		state = "damaged";
		if (manifest_open(&m, BYTES(file, size)) == ENVELOPE_OK)
			state = memcmp(m.hash, g->bundles[0].manifest_hash, HASH_SIZE) == 0 ? "signed" : "another one";
	}
	if (fd >= 0)
		close(fd);
	free(file);
	set(o, "unused", json_integer((json_int_t)n.live));
	set(o, "used", json_integer((json_int_t)n.spent));
	set(o, "damaged", json_integer((json_int_t)n.damaged));
	set(o, "manifest", json_string(state));
	if (strcmp(state, "signed") == 0)
		set(o, "bytes", json_integer((json_int_t)(m.blocks * BLOCK_SIZE)));
	return o;
}

static void
set_notice(json_t *o, const struct stick *s, const uint8_t issuer[KEY_SIZE])
{
	struct notice n = {0};

	if (stick_load_notice(s, issuer, &n, NULL, NULL) == 1)
		set(o, "notice", json_notice(&n));
	notice_free(&n);
}

static enum err
inspect_stick(struct stickarg *at, json_t **o, struct fault *f)
{
	struct stick_grants grants = {0};
	struct stick *s = NULL;
	char fs[32], device[128];
	json_t *list = json_array();
	enum err e = stick_open(&s, at->fd, f), loaded = E_OK;

	if (e != E_OK)
		goto out;
	loaded = stick_load_grants(s, &grants, NULL);
	*o = json_object();
	set(*o, "kind", json_string("stick"));
	set(*o, "path", say_json_text(at->path));
	set(*o, "stick", json_stick_name(s->id));
	set(*o, "stick_id", json_hex(s->id, ID_SIZE));
	if (loaded == E_OK)
		set(*o, "issuer", json_issuer(grants.grants[0].issuer));
	stickarg_device(at->fd, device, sizeof device);
	set(*o, "device", say_json_text(device));
	stickio_fs_of(at->fd, fs, sizeof fs);
	set(*o, "file_system", say_json_text(fs));
	set(*o, "next_refill", json_integer((json_int_t)s->n));
	for (size_t i = 0; i < grants.count; i++)
		json_array_append_new(list, json_lecture(s, &grants.grants[i]));
	set(*o, "lectures", list);
	list = NULL;
	set(*o, "unreadable_lectures", json_integer((json_int_t)grants.skipped));
	set(*o, "foreign_lectures", json_integer((json_int_t)grants.foreign));
	if (loaded == E_ISSUER)
		set(*o, "mixed_issuers", json_true());
	if (loaded == E_OK)
		set_notice(*o, s, grants.grants[0].issuer);
out:
	json_decref(list);
	stick_grants_free(&grants);
	stick_close(&s);
	return e;
}

/* ---- for people -------------------------------------------------------------------------------------------------------------- */

static void print_value(const char *key, json_t *v, int depth);

/* RFC 3339 in JSON, local time for people. */
static void
print_text(const char *s)
{
	char shown[WHEN_SHOWN];
	int64_t t = 0;
	char *safe = human_escape(s, strlen(s));

	if (strlen(s) == 20 && s[10] == 'T' && s[19] == 'Z' && when_parse(&t, s, WHEN_START, TIME_MIN) == 0) {
		when_show(shown, sizeof shown, t);
		printf("%s\n", shown);
	} else {
		printf("%s\n", safe != NULL ? safe : "");
	}
	free(safe);
}

static void
print_object(json_t *o, int depth)
{
	const char *key = NULL;
	json_t *v = NULL;

	json_object_foreach(o, key, v) print_value(key, v, depth);
}

static void
print_key(const char *key, int depth)
{
	char shown[64];

	snprintf(shown, sizeof shown, "%s", key);
	for (char *p = shown; *p != '\0'; p++)
		*p = *p == '_' ? ' ' : *p;
	printf("%*s%-*s", depth * 2, "", 20 - depth * 2, shown);
}

static void
print_value(const char *key, json_t *v, int depth)
{
	size_t count = json_array_size(v);

	if (json_is_array(v) && count == 0)
		return;
	print_key(key, depth);
	if (json_is_string(v)) {
		printf(" ");
		print_text(json_string_value(v));
	} else if (json_is_integer(v)) {
		printf(" %" JSON_INTEGER_FORMAT "\n", json_integer_value(v));
	} else if (json_is_boolean(v)) {
		printf(" %s\n", json_is_true(v) ? "yes" : "no");
	} else if (json_is_object(v)) {
		printf("\n");
		print_object(v, depth + 1);
	} else {
		printf("\n");
		for (size_t i = 0; i < count; i++) {
			json_t *one = json_array_get(v, i);

			if (json_is_object(one)) {
				printf("%*s-\n", (depth + 1) * 2, "");
				print_object(one, depth + 2);
			} else if (json_is_string(one)) {
				printf("%*s", (depth + 1) * 2, "");
				print_text(json_string_value(one));
			}
		}
	}
}

static enum err
inspect(const char *arg, json_t **o, struct fault *f)
{
	struct stickarg at = {.fd = -1};
	struct stat st;
	enum err e = E_OK;

	if (arg != NULL && stat(arg, &st) == 0 && S_ISREG(st.st_mode))
		return inspect_file(arg, o, f);
	e = stickarg_open(&at, arg, f);
	if (e == E_OK)
		e = inspect_stick(&at, o, f);
	stickarg_close(&at);
	return e;
}

enum err
cmd_inspect(struct cli *c, int argc, char **argv)
{
	const struct opt_verb verb = {"inspect [STICK|FILE]",
	    "Print what a stick, or one of oncestick's files (manifest, grant, notice, receipts, station), says. Signatures are "
	    "checked; media\n"
	    "are not, for that there is 'verify'. Nothing is written anywhere.\n",
	    OPT_JSON, NULL, 0, 1};
	struct fault f = {0};
	char **operands = NULL;
	json_t *o = NULL;
	int count = 0;
	enum opt_result r = opt_parse(c, &verb, argc, argv, &operands, &count);
	enum err e = E_OK;

	if (r != OPT_GO)
		return r == OPT_DONE ? E_OK : E_USAGE;
	e = inspect(count > 0 ? operands[0] : NULL, &o, &f);
	if (e != E_OK) {
		json_decref(o);
		return say_error(c, &f, &(struct say_about){.object = count > 0 ? operands[0] : NULL});
	}
	if (c->json)
		return say_json(c, o);
	print_object(o, 0);
	json_decref(o);
	return say_stdout(c);
}
