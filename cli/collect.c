/*
 * collect.c - judging receipts.
 */
#include "collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "keytree.h"
#include "mint.h"
#include "progress.h"
#include "record.h"
#include "stickio.h"
#include "stop.h"
#include "text.h"
#include "usb.h"

static struct collect_finding *
find(struct collect *k, const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->findings[i].slot == slot && memcmp(k->findings[i].grant_id, grant_id, ID_SIZE) == 0)
			return &k->findings[i];
	return NULL;
}

static struct collect_finding *
add(struct collect *k, const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	struct collect_finding *p = NULL;

	if (k->count == k->room) {
		size_t room = k->room == 0 ? 64 : 2 * k->room;

		p = realloc(k->findings, room * sizeof *p);
		if (p == NULL)
			return NULL;
		k->findings = p;
		k->room = room;
	}
	p = &k->findings[k->count++];
	memset(p, 0, sizeof *p);
	memcpy(p->grant_id, grant_id, ID_SIZE);
	p->slot = slot;
	return p;
}

/* ---- receipts -------------------------------------------------------------------------------------------------------------- */

/* Whether g is bound to the device that the stick is on. */
static bool
bound_here(const struct collect *k, const struct grant *g)
{
	return g->policy.usb && k->has_usb && memcmp(g->policy.usb_hint, k->usb_hint, USB_HINT_SIZE) == 0;
}

/* The receipt key of a slot. E_WRONG_STICK, E_WRONG_STATION: a factor is not known here, so nothing can be proved. */
static enum err
receipt_key(struct collect *k, const struct grant *g, uint32_t slot, uint8_t rk[KEY_SIZE], struct fault *f)
{
	struct mint_slot_keys keys;
	uint8_t usb[HASH_SIZE];
	bool found = bound_here(k, g);
	enum err e = E_OK;

	if (found)
		memcpy(usb, k->usb, HASH_SIZE);
	else if (g->policy.usb && books_get_usb(k->issuer->books, g->stick_id, usb, &found, NULL) != E_OK)
		found = false; /* a stick the books do not know has no factor there either */
	e = mint_slot_keys(&keys, g, k->issuer->seed, slot, found ? usb : NULL);
	if (e == E_OK)
		keytree_receipt(rk, keys.a, keys.factors);
	sodium_memzero(&keys, sizeof keys);
	return e == E_OK || e == E_WRONG_STICK || e == E_WRONG_STATION ? e : fault_set(f, e, 0, "stretching", "a code");
}

/* Whether body is a receipt that the holder of the code wrote. */
static bool
proves(const struct grant *g, uint32_t slot, const uint8_t rk[KEY_SIZE], struct bytes body, struct receipt *r)
{
	uint8_t raw[RECORD_SIZE], mac[MAC_SIZE];
	struct bytes cbor = {body.p, 0};

	if (body.n <= MAC_SIZE || body.n > RECEIPT_MAX + MAC_SIZE)
		return false;
	cbor.n = body.n - MAC_SIZE;
	record_encode(raw, RECORD_SPENT, g->id, slot, body);
	receipt_mac(mac, rk, raw, cbor);
	return sodium_memcmp(mac, body.p + cbor.n, MAC_SIZE) == 0 && receipt_parse(r, cbor) == 0;
}

static void
take(struct collect_finding *x, const struct receipt *r, struct bytes body)
{
	if (!x->proved ||
	    (x->receipt.ended_at == 0 && r->ended_at != 0 && memcmp(x->receipt.session_id, r->session_id, ID_SIZE) == 0)) {
		x->receipt = *r;
		x->proved = true;
		memcpy(x->body, body.p, body.n);
		x->body_n = body.n;
	} else if (memcmp(x->receipt.session_id, r->session_id, ID_SIZE) != 0) {
		x->other = *r;
		x->kind = COLLECT_TWICE;
	}
}

/* ---- the stick ------------------------------------------------------------------------------------------------------------- */

static enum err
judge_spent(struct collect *k, const struct grant *g, const struct stick_slot *s, struct collect_finding *x, struct fault *f)
{
	uint8_t rk[KEY_SIZE];
	struct receipt r;
	enum err e = receipt_key(k, g, x->slot, rk, f);

	x->kind = COLLECT_DESTROYED;
	if (e == E_WRONG_STICK || e == E_WRONG_STATION)
		return E_OK;
	if (e != E_OK)
		return e;
	if (s->a == RECORD_IS_SPENT && proves(g, x->slot, rk, s->body_a, &r)) {
		x->kind = COLLECT_USED;
		take(x, &r, s->body_a);
	}
	if (s->b == RECORD_IS_SPENT && proves(g, x->slot, rk, s->body_b, &r)) {
		x->kind = x->proved ? x->kind : COLLECT_USED;
		take(x, &r, s->body_b);
	}
	sodium_memzero(rk, sizeof rk);
	return E_OK;
}

static enum err
judge_slot(struct collect *k, const struct grant *g, uint32_t slot, struct fault *f)
{
	struct stick_slot s;
	struct collect_finding *x = add(k, g->id, slot);
	enum err e = E_OK;

	if (x == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for findings");
	if (stick_read_slot(k->stick, g, slot, false, &s, NULL) == E_OK && s.unread.err != E_OK && !stickio_failing(s.unread.sys))
		e = fault_pass(f, &s.unread);
	else if (s.merged == RECORD_IS_DAMAGED)
		x->kind = COLLECT_DAMAGED;
	else if (s.merged == RECORD_IS_SPENT)
		e = judge_spent(k, g, &s, x, f);
	sodium_memzero(&s, sizeof s);
	return e;
}

enum err
collect_stick(struct collect *k, struct fault *f)
{
	struct usb_dir here = {USB_SYSFS, k->stick->once_fd};
	struct progress bar;
	uint64_t done = 0, all = 0;
	enum err e = E_OK;

	k->has_usb = usb_dir_factor(&here, k->usb, k->usb_hint) == 0;
	for (size_t i = 0; i < k->grants->count; i++)
		all += k->grants->grants[i].slots;
	progress_start(&bar, k->c, "reading");
	bar.counted = true;
	for (size_t i = 0; i < k->grants->count && e == E_OK; i++) {
		const struct grant *g = &k->grants->grants[i];

		for (uint32_t slot = 0; slot < g->slots && e == E_OK; slot++) {
			e = stop_asked() ? fault_set(f, E_INTERRUPTED, 0, "collect", "%s", "") : judge_slot(k, g, slot, f);
			progress_update(&bar, ++done, all);
		}
	}
	progress_end(&bar, e == E_OK);
	return e;
}

/* ---- a station's receipts -------------------------------------------------------------------------------------------------- */

/* The grant on the stick, or a copy from the books in *own, or NULL. */
static const struct grant *
grant_of(struct collect *k, const uint8_t id[ID_SIZE], struct grant *own, enum err *e, struct fault *f)
{
	bool found = false;

	for (size_t i = 0; k->grants != NULL && i < k->grants->count; i++)
		if (memcmp(k->grants->grants[i].id, id, ID_SIZE) == 0)
			return &k->grants->grants[i];
	*e = books_grant(k->issuer->books, id, own, &found, f);
	return *e == E_OK && found ? own : NULL;
}

static enum err
judge_row(struct collect *k, const struct grant *g, const struct receipt_row *row, struct fault *f)
{
	struct collect_finding *x = NULL;
	struct receipt r;
	uint8_t rk[KEY_SIZE];
	enum err e = receipt_key(k, g, row->slot, rk, f);

	if (e != E_OK && e != E_WRONG_STICK && e != E_WRONG_STATION)
		return e;
	if (e != E_OK || !proves(g, row->slot, rk, row->body, &r)) {
		sodium_memzero(rk, sizeof rk);
		k->bad++;
		return E_OK;
	}
	sodium_memzero(rk, sizeof rk);
	x = find(k, row->grant_id, row->slot);
	if (x != NULL && x->kind == COLLECT_QUIET)
		x->kind = COLLECT_ROLLED_BACK;
	if (x == NULL) {
		if ((x = add(k, row->grant_id, row->slot)) == NULL)
			return fault_set(f, E_FAIL, ENOMEM, "memory", "for findings");
		x->kind = COLLECT_USED;
	} else if (x->kind == COLLECT_DESTROYED || x->kind == COLLECT_DAMAGED)
		x->kind = COLLECT_USED;
	take(x, &r, row->body);
	return E_OK;
}

enum err
collect_receipts(struct collect *k, struct bytes file, struct fault *f)
{
	struct receipt_row *rows = NULL;
	size_t count = 0;
	enum err e = E_OK;

	if (receipts_parse(file, &rows, &count) != 0)
		return fault_set(
		    f, E_USAGE, 0, "", _("that is not a receipts file; a PC writes one with: oncestick station receipts FILE"));
	for (size_t i = 0; i < count && e == E_OK; i++) {
		struct grant own = {0};
		const struct grant *g = NULL;

		if (memcmp(rows[i].issuer, k->issuer->pk, KEY_SIZE) == 0)
			g = grant_of(k, rows[i].grant_id, &own, &e, f);
		if (e == E_OK && (g == NULL || rows[i].slot >= g->slots))
			k->foreign++;
		else if (e == E_OK)
			e = judge_row(k, g, &rows[i], f);
		grant_free(&own);
	}
	free(rows);
	return e;
}

/* ---- the books ------------------------------------------------------------------------------------------------------------- */

static enum err
import_grant(struct collect *k, struct grant *g, struct fault *f)
{
	struct grant known = {0};
	uint8_t *payload = NULL;
	size_t n = 0;
	bool found = false, elsewhere = false;
	enum err e = books_grant(k->issuer->books, g->id, &known, &found, f);

	grant_free(&known);
	if (e != E_OK || found)
		return e;
	payload = grant_encode(g, &n);
	if (payload == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "encoding", "a grant");
	e = books_add_grant(k->issuer->books, g, BYTES(payload, n), BOOKS_ISSUED, k->issuer->now, "collect", f);
	free(payload);
	k->imported++;
	if (e == E_OK && bound_here(k, g))
		e = books_set_usb(k->issuer->books, k->stick->id, k->usb, &elsewhere, f);
	return e;
}

static enum err
book_stick(struct collect *k, struct fault *f)
{
	uint32_t before = 0;
	enum err e = books_add_stick(k->issuer->books, k->stick->id, k->grants->grants[0].label, f);

	for (size_t i = 0; i < k->grants->count && e == E_OK; i++)
		e = import_grant(k, &k->grants->grants[i], f);
	if (e == E_OK)
		e = books_seen_n(k->issuer->books, k->stick->id, k->stick->n, &before, f);
	k->stick_back = e == E_OK && k->stick->n < before;
	return e == E_OK ? issuer_merge_notice(k->issuer, k->stick, f) : e;
}

static enum err
book_finding(struct collect *k, struct collect_finding *x, struct fault *f)
{
	struct books *b = k->issuer->books;
	int64_t now = k->issuer->now;

	if (x->before.state == BOOKS_SPENT && x->kind == COLLECT_QUIET)
		x->kind = COLLECT_ROLLED_BACK;
	if (x->before.state == BOOKS_SPENT && x->kind == COLLECT_DAMAGED)
		x->kind = COLLECT_DESTROYED;
	if (x->proved)
		return books_set_state(
		    b, x->grant_id, x->slot, BOOKS_SPENT, BYTES(x->body, x->body_n), x->receipt.spent_at, now, "collect", "", f);
	if (x->kind == COLLECT_DESTROYED)
		return books_set_state(
		    b, x->grant_id, x->slot, BOOKS_SPENT, BYTES(NULL, 0), 0, now, "collect", "destroyed, time unknown", f);
	if (x->kind == COLLECT_DAMAGED)
		return books_set_state(b, x->grant_id, x->slot, BOOKS_REVOKED, BYTES(NULL, 0), 0, now, "collect", "damaged", f);
	return E_OK;
}

static int
by_slot(const void *pa, const void *pb)
{
	const struct collect_finding *a = pa, *b = pb;
	int order = memcmp(a->grant_id, b->grant_id, ID_SIZE);

	if (order != 0)
		return order;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static void
note_before(struct collect *k, const struct books_slot *slots, size_t count)
{
	struct collect_finding key;

	if (k->count == 0)
		return;
	qsort(k->findings, k->count, sizeof k->findings[0], by_slot);
	memset(&key, 0, sizeof key);
	for (size_t n = 0; n < count; n++) {
		struct collect_finding *x = NULL;

		memcpy(key.grant_id, slots[n].grant_id, ID_SIZE);
		key.slot = slots[n].slot;
		x = bsearch(&key, k->findings, k->count, sizeof k->findings[0], by_slot);
		if (x != NULL)
			x->before = slots[n];
	}
}

static int
by_number(const void *pa, const void *pb)
{
	const struct collect_finding *a = pa, *b = pb;
	int order = memcmp(a->before.stick_id, b->before.stick_id, ID_SIZE);

	if (order != 0)
		return order;
	return a->before.number < b->before.number ? -1 : a->before.number > b->before.number;
}

enum err
collect_book(struct collect *k, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0;
	enum err e = k->stick != NULL ? book_stick(k, f) : E_OK;

	if (e == E_OK)
		e = books_slots(k->issuer->books, NULL, &slots, &count, f);
	if (e != E_OK)
		return e;
	note_before(k, slots, count);
	free(slots);
	for (size_t i = 0; i < k->count && e == E_OK; i++)
		e = book_finding(k, &k->findings[i], f);
	if (k->count > 1)
		qsort(k->findings, k->count, sizeof k->findings[0], by_number);
	return e;
}

void
collect_free(struct collect *k)
{
	free(k->findings);
	k->findings = NULL;
	k->count = k->room = 0;
}
