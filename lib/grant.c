/*
 * grant.c - the payload of a grant.
 */
#include "grant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dcbor.h"
#include "kdf.h"

#define PORT_DIGITS_MAX 5
#define REFILL_MAX (UINT32_MAX - 1)

static void
hash_payload(struct grant *g, struct bytes payload)
{
	kdf_hash(g->hash, "once1/grant", &payload, 1);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

static void
put_policy(struct dcbor_out *o, const struct policy *p)
{
	dcbor_put_map(o, 3 + (size_t)p->usb + p->station + p->ledger);
	dcbor_put_uint(o, POLICY_NOT_BEFORE);
	dcbor_put_uint(o, (uint64_t)p->not_before);
	dcbor_put_uint(o, POLICY_EXPIRES);
	dcbor_put_uint(o, (uint64_t)p->expires);
	dcbor_put_uint(o, POLICY_SESSION_S);
	dcbor_put_uint(o, p->session_s);
	if (p->usb) {
		dcbor_put_uint(o, POLICY_USB);
		dcbor_put_bytes(o, p->usb_hint, sizeof p->usb_hint);
	}
	if (p->station) {
		dcbor_put_uint(o, POLICY_STATION);
		dcbor_put_array(o, 2);
		dcbor_put_bytes(o, p->station_pk, sizeof p->station_pk);
		dcbor_put_bytes(o, p->grant_xpk, sizeof p->grant_xpk);
	}
	if (p->ledger) {
		dcbor_put_uint(o, POLICY_LEDGER);
		dcbor_put_text(o, p->ledger_host);
	}
}

static void
put_bundles(struct dcbor_out *o, const struct grant *g)
{
	uint32_t i;

	dcbor_put_array(o, g->bundle_count);
	for (i = 0; i < g->bundle_count; i++) {
		dcbor_put_array(o, 2);
		dcbor_put_bytes(o, g->bundles[i].id, ID_SIZE);
		dcbor_put_bytes(o, g->bundles[i].manifest_hash, HASH_SIZE);
	}
}

static void
put_locators(struct dcbor_out *o, const struct grant *g)
{
	uint32_t i;

	dcbor_put_array(o, g->slots);
	for (i = 0; i < g->slots; i++)
		dcbor_put_bytes(o, g->locators[i], LOCATOR_SIZE);
}

static void
put_label(struct dcbor_out *o, uint64_t key, const char *label)
{
	if (label[0] == '\0')
		return;
	dcbor_put_uint(o, key);
	dcbor_put_text(o, label);
}

uint8_t *
grant_encode(struct grant *g, size_t *n)
{
	struct dcbor_out o = {0};
	uint8_t *p;

	dcbor_put_map(&o, (size_t)10 + (g->label[0] != '\0') + (g->contact[0] != '\0'));
	dcbor_put_uint(&o, GRANT_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, GRANT_ISSUER);
	dcbor_put_bytes(&o, g->issuer, sizeof g->issuer);
	dcbor_put_uint(&o, GRANT_STICK);
	dcbor_put_bytes(&o, g->stick_id, sizeof g->stick_id);
	dcbor_put_uint(&o, GRANT_ID);
	dcbor_put_bytes(&o, g->id, sizeof g->id);
	dcbor_put_uint(&o, GRANT_REFILL);
	dcbor_put_uint(&o, g->refill);
	dcbor_put_uint(&o, GRANT_ISSUED);
	dcbor_put_uint(&o, (uint64_t)g->issued);
	dcbor_put_uint(&o, GRANT_BUNDLES);
	put_bundles(&o, g);
	dcbor_put_uint(&o, GRANT_POLICY);
	put_policy(&o, &g->policy);
	dcbor_put_uint(&o, GRANT_LOCATORS);
	put_locators(&o, g);
	dcbor_put_uint(&o, GRANT_NOTICE_MIN);
	dcbor_put_uint(&o, g->notice_min);
	put_label(&o, GRANT_LABEL, g->label);
	put_label(&o, GRANT_CONTACT, g->contact);
	p = dcbor_take(&o, n);
	if (p != NULL)
		hash_payload(g, BYTES(p, *n));
	return p;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static bool
get_time(struct dcbor_in *in, int64_t *t)
{
	uint64_t v;

	if (!dcbor_get_uint(in, TIME_MIN, TIME_MAX, &v))
		return false;
	*t = (int64_t)v;
	return true;
}

static bool
get_u32(struct dcbor_in *in, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t v;

	if (!dcbor_get_uint(in, min, max, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool
host_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* A host name or dotted address and a port, and nothing that a library could mistake for options. */
static bool
hostport_ok(const char *s)
{
	unsigned port = 0, digits = 0;
	size_t n = 0;

	while (host_char(s[n]))
		n++;
	if (n == 0 || s[n] != ':')
		return false;
	for (s += n + 1; *s >= '0' && *s <= '9' && digits < PORT_DIGITS_MAX; s++, digits++)
		port = 10 * port + (unsigned)(*s - '0');
	return *s == '\0' && port >= 1 && port <= UINT16_MAX;
}

static bool
get_hostport(struct dcbor_in *in, char *out)
{
	/* The profile's limit for text cuts the host off before the grammar's 200 characters do. */
	return dcbor_get_text(in, out, LABEL_MAX) && hostport_ok(out);
}

static bool
get_station(struct dcbor_in *in, struct policy *p)
{
	uint64_t items;

	return dcbor_get_array(in, 2, 2, &items) && dcbor_get_fixed(in, p->station_pk, sizeof p->station_pk) &&
	    dcbor_get_fixed(in, p->grant_xpk, sizeof p->grant_xpk);
}

static bool
get_policy(struct dcbor_in *in, struct policy *p)
{
	uint64_t pairs;

	if (!dcbor_get_map(in, 3, 6, &pairs) ||
	    !dcbor_key(in, &pairs, POLICY_NOT_BEFORE) || !get_time(in, &p->not_before) ||
	    !dcbor_key(in, &pairs, POLICY_EXPIRES) || !get_time(in, &p->expires) ||
	    !dcbor_key(in, &pairs, POLICY_SESSION_S) || !get_u32(in, SESSION_MIN_S, SESSION_MAX_S, &p->session_s))
		return false;
	p->usb = dcbor_key_if(in, &pairs, POLICY_USB);
	if (p->usb && !dcbor_get_fixed(in, p->usb_hint, sizeof p->usb_hint))
		return false;
	p->station = dcbor_key_if(in, &pairs, POLICY_STATION);
	if (p->station && !get_station(in, p))
		return false;
	p->ledger = dcbor_key_if(in, &pairs, POLICY_LEDGER);
	if (p->ledger && !get_hostport(in, p->ledger_host))
		return false;
	return pairs == 0 && p->not_before < p->expires;
}

static bool
get_bundles(struct dcbor_in *in, struct grant *g)
{
	uint64_t count, two;
	uint32_t i;

	if (!dcbor_get_array(in, 1, GRANT_BUNDLES_MAX, &count))
		return false;
	for (i = 0; i < count; i++) {
		if (!dcbor_get_array(in, 2, 2, &two) || !dcbor_get_fixed(in, g->bundles[i].id, ID_SIZE) ||
		    !dcbor_get_fixed(in, g->bundles[i].manifest_hash, HASH_SIZE))
			return false;
	}
	g->bundle_count = (uint32_t)count;
	return true;
}

static int
compare_locators(const void *a, const void *b)
{
	return memcmp(a, b, LOCATOR_SIZE);
}

int
grant_locators_differ(const uint8_t (*locators)[LOCATOR_SIZE], size_t n)
{
	uint8_t (*sorted)[LOCATOR_SIZE] = malloc(n * LOCATOR_SIZE);
	int different = 1;
	size_t i;

	if (sorted == NULL)
		return -1;
	memcpy(sorted, locators, n * LOCATOR_SIZE);
	qsort(sorted, n, LOCATOR_SIZE, compare_locators);
	for (i = 1; i < n && different; i++)
		different = memcmp(sorted[i - 1], sorted[i], LOCATOR_SIZE) != 0;
	free(sorted);
	return different;
}

/* Set errno if the payload is not to blame. */
static bool
get_locators(struct dcbor_in *in, struct grant *g)
{
	uint64_t count;
	uint32_t i;
	int different;

	if (!dcbor_get_array(in, 1, GRANT_SLOTS_MAX, &count) || count > in->left / (1 + LOCATOR_SIZE))
		return false;
	g->locators = malloc((size_t)count * LOCATOR_SIZE);
	if (g->locators == NULL) {
		errno = ENOMEM;
		return false;
	}
	for (i = 0; i < count; i++) {
		if (!dcbor_get_fixed(in, g->locators[i], LOCATOR_SIZE))
			return false;
	}
	g->slots = (uint32_t)count;
	different = grant_locators_differ((const uint8_t (*)[LOCATOR_SIZE])g->locators, (size_t)count);
	errno = different == -1 ? ENOMEM : EBADMSG;
	return different == 1;
}

static bool
parse(struct grant *g, struct bytes payload)
{
	struct dcbor_in in = dcbor_in(payload);
	uint64_t pairs, version;

	if (!dcbor_get_map(&in, 10, 12, &pairs) ||
	    !dcbor_key(&in, &pairs, GRANT_VERSION) || !dcbor_get_uint(&in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(&in, &pairs, GRANT_ISSUER) || !dcbor_get_fixed(&in, g->issuer, sizeof g->issuer) ||
	    !dcbor_key(&in, &pairs, GRANT_STICK) || !dcbor_get_fixed(&in, g->stick_id, sizeof g->stick_id) ||
	    !dcbor_key(&in, &pairs, GRANT_ID) || !dcbor_get_fixed(&in, g->id, sizeof g->id) ||
	    !dcbor_key(&in, &pairs, GRANT_REFILL) || !get_u32(&in, 0, REFILL_MAX, &g->refill) ||
	    !dcbor_key(&in, &pairs, GRANT_ISSUED) || !get_time(&in, &g->issued) ||
	    !dcbor_key(&in, &pairs, GRANT_BUNDLES) || !get_bundles(&in, g) ||
	    !dcbor_key(&in, &pairs, GRANT_POLICY) || !get_policy(&in, &g->policy) ||
	    !dcbor_key(&in, &pairs, GRANT_LOCATORS) || !get_locators(&in, g) ||
	    !dcbor_key(&in, &pairs, GRANT_NOTICE_MIN) || !get_u32(&in, 0, UINT32_MAX, &g->notice_min))
		return false;
	if (dcbor_key_if(&in, &pairs, GRANT_LABEL) && !dcbor_get_text(&in, g->label, LABEL_MAX))
		return false;
	if (dcbor_key_if(&in, &pairs, GRANT_CONTACT) && !dcbor_get_text(&in, g->contact, LABEL_MAX))
		return false;
	return pairs == 0 && dcbor_end(&in);
}

int
grant_parse(struct grant *g, struct bytes payload)
{
	memset(g, 0, sizeof *g);
	errno = EBADMSG;
	if (!parse(g, payload)) {
		grant_free(g);
		return -1;
	}
	hash_payload(g, payload);
	return 0;
}

enum envelope_result
grant_open(struct grant *g, struct bytes file)
{
	struct bytes payload = {0};
	enum envelope_result res = envelope_open(ENVELOPE_GRANT, file, &payload, NULL);

	return envelope_parsed(res, grant_parse(g, payload));
}

int
grant_slot(const struct grant *g, const uint8_t locator[LOCATOR_SIZE])
{
	uint32_t i;

	for (i = 0; i < g->slots; i++) {
		if (memcmp(g->locators[i], locator, LOCATOR_SIZE) == 0)
			return (int)i;
	}
	return -1;
}

void
grant_free(struct grant *g)
{
	const int sys = errno;

	free(g->locators);
	memset(g, 0, sizeof *g);
	errno = sys;
}
