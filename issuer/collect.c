/*
 * collect.c - judging receipts.
 */
#include "collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "array.h"
#include "books_pc.h"
#include "hold.h"
#include "keytree.h"
#include "mint.h"
#include "record.h"
#include "stickio.h"
#include "usb.h"

#define CLOCK_WRONG (RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK) /* flags of a receipt whose time proves nothing */

static enum err
no_memory(struct fault *f, const char *for_what)
{
	return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", for_what);
}

static struct collect_finding *
add(struct collect *k, const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	struct collect_finding *p = array_grow(k->findings, k->count, &k->room, sizeof *p);

	if (p == NULL)
		return NULL;
	k->findings = p;
	p = &k->findings[k->count++];
	memset(p, 0, sizeof *p);
	memcpy(p->grant_id, grant_id, ID_SIZE);
	p->slot = slot;
	return p;
}

/* ---- proofs ---------------------------------------------------------------------------------------------------------------- */

/* Whether g is bound to the device that the stick is on. */
static bool
bound_here(const struct collect *k, const struct grant *g)
{
	return g->policy.usb && k->has_usb && memcmp(g->policy.usb_hint, k->usb_hint, USB_HINT_SIZE) == 0;
}

/* The receipt key of a slot. E_WRONG_STICK, E_WRONG_STATION: a factor is unknown here, so nothing can be proved. */
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
		found = false; /* a stick that the books do not know has no factor there either */
	e = mint_slot_keys(&keys, g, k->issuer->seed, slot, found ? usb : NULL);
	if (e == E_OK)
		keytree_receipt(rk, keys.a, keys.factors);
	sodium_memzero(&keys, sizeof keys);
	return e == E_OK || e == E_WRONG_STICK || e == E_WRONG_STATION ? e : fault_why(f, e, 0, WHY_STRETCHING, "a code");
}

/* Whether the holder of the code wrote body. */
static bool
proves(const struct grant *g, uint32_t slot, const uint8_t rk[KEY_SIZE], struct bytes body)
{
	uint8_t raw[RECORD_SIZE], mac[MAC_SIZE];

	record_encode(raw, RECORD_SPENT, g->id, slot, body);
	receipt_mac(mac, rk, raw, BYTES(body.p, body.n - MAC_SIZE));
	return sodium_memcmp(mac, body.p + body.n - MAC_SIZE, MAC_SIZE) == 0;
}

static bool
same_session(const struct receipt *a, const struct receipt *b)
{
	return memcmp(a->session_id, b->session_id, ID_SIZE) == 0;
}

/* Of two receipts of one session, take the one that says more: that it has ended, or lasted longer. */
static bool
says_more(const struct receipt *r, const struct receipt *than)
{
	if ((r->ended_at != 0) != (than->ended_at != 0))
		return r->ended_at != 0;
	if (r->open_s != than->open_s)
		return r->open_s > than->open_s;
	return r->resumes > than->resumes;
}

static void
put(struct collect_proof *p, const struct receipt *r, struct bytes body)
{
	p->receipt = *r;
	memcpy(p->body, body.p, body.n);
	p->n = body.n;
}

/* A proved receipt of the slot: the first session stays the first. */
static void
take(struct collect_finding *x, struct bytes body)
{
	struct receipt r;

	if (receipt_parse_body(&r, body) != 0)
		return;
	if (x->proof.n == 0 || (same_session(&r, &x->proof.receipt) && says_more(&r, &x->proof.receipt)))
		put(&x->proof, &r, body);
	else if (!same_session(&r, &x->proof.receipt) &&
		 (x->other.n == 0 || (same_session(&r, &x->other.receipt) && says_more(&r, &x->other.receipt))))
		put(&x->other, &r, body);
}

/* The key of a slot is stretched once, when the first receipt needs it. */
struct checker {
	struct collect *k;
	const struct grant *g;
	uint32_t slot;
	struct books_evidence known; /* proved before */
	bool tried;
	enum err key; /* the result, once tried: E_OK if rk is there */
	uint8_t rk[KEY_SIZE];
};

static bool
equal(struct bytes body, const uint8_t *p, size_t n)
{
	return n > 0 && body.n == n && memcmp(body.p, p, n) == 0;
}

static enum err
check(struct checker *c, struct bytes body, bool *good, struct fault *f)
{
	struct receipt r;

	*good = false;
	if (receipt_parse_body(&r, body) != 0)
		return E_OK;
	if (equal(body, c->known.receipt, c->known.receipt_n) || equal(body, c->known.second, c->known.second_n)) {
		*good = true;
		return E_OK;
	}
	if (!c->tried) {
		c->key = receipt_key(c->k, c->g, c->slot, c->rk, f);
		c->tried = true;
	}
	if (c->key == E_WRONG_STICK || c->key == E_WRONG_STATION)
		return E_OK;
	if (c->key == E_OK)
		*good = proves(c->g, c->slot, c->rk, body);
	return c->key;
}

/* ---- files of receipts ----------------------------------------------------------------------------------------------------- */

static enum err
take_from(struct collect *k, struct bytes file, struct fault *f)
{
	struct receipts_from from, *grown = NULL;

	receipts_from(file, &from);
	if (from.name[0] == '\0')
		return E_OK;
	if ((grown = array_grow(k->pcs, k->pc_count, &k->pc_room, sizeof *grown)) == NULL)
		return no_memory(f, "for receipts");
	k->pcs = grown;
	grown[k->pc_count++] = from;
	return E_OK;
}

enum err
collect_file(struct collect *k, struct bytes file, struct fault *f)
{
	struct receipt_row *rows = NULL, *grown = NULL;
	size_t count = 0;

	if (receipts_parse(file, &rows, &count) != 0)
		return errno == ENOMEM ? no_memory(f, "for receipts") : fault_why(f, E_USAGE, 0, WHY_NO_RECEIPTS, "%s", "");
	grown = realloc(k->rows.list, (k->rows.count + count + 1) * sizeof *grown);
	if (grown == NULL) {
		free(rows);
		return no_memory(f, "for receipts");
	}
	k->rows.list = grown;
	for (size_t i = 0; i < count; i++) {
		if (memcmp(rows[i].issuer, k->issuer->pk, KEY_SIZE) == 0)
			grown[k->rows.count++] = rows[i];
		else
			k->foreign++;
	}
	free(rows);
	return take_from(k, file, f);
}

static int
by_place(const void *pa, const void *pb)
{
	const struct receipt_row *a = pa, *b = pb;
	int order = memcmp(a->grant_id, b->grant_id, ID_SIZE);

	if (order != 0)
		return order;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static int
by_place_and_body(const void *pa, const void *pb)
{
	const struct receipt_row *a = pa, *b = pb;
	int order = by_place(a, b);

	if (order != 0)
		return order;
	if (a->body.n != b->body.n)
		return a->body.n < b->body.n ? -1 : 1;
	return memcmp(a->body.p, b->body.p, a->body.n);
}

/* Sort them, and keep each only once. */
static void
sort_rows(struct collect_rows *rows)
{
	size_t n = 0;

	if (rows->count < 2)
		return;
	qsort(rows->list, rows->count, sizeof rows->list[0], by_place_and_body);
	for (size_t i = 0; i < rows->count; i++)
		if (i == 0 || by_place_and_body(&rows->list[i], &rows->list[i - 1]) != 0)
			rows->list[n++] = rows->list[i];
	rows->count = n;
}

/* The rows of a slot: *at becomes the first; return how many there are. */
static size_t
rows_of(const struct collect_rows *rows, const uint8_t grant_id[ID_SIZE], uint32_t slot, size_t *at)
{
	struct receipt_row key = {.slot = slot};
	size_t low = 0, high = rows->count, n = 0;

	memcpy(key.grant_id, grant_id, ID_SIZE);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_place(&rows->list[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < rows->count && by_place(&rows->list[low + n], &key) == 0)
		n++;
	*at = low;
	return n;
}

/* ---- judging one slot ------------------------------------------------------------------------------------------------------ */

static enum err
judge_record(struct checker *c, const struct stick_slot *s, struct collect_finding *x, struct fault *f)
{
	bool good = false;
	enum err e = E_OK;

	if (s->unread.err != E_OK && !stickio_failing(s->unread.sys))
		return fault_pass(f, &s->unread);
	if (s->merged == RECORD_IS_DAMAGED && s->unread.err != E_OK) {
		x->kind = COLLECT_UNREADABLE;
		c->k->sys = s->unread.sys;
		return E_OK;
	}
	x->live = s->merged == RECORD_IS_LIVE;
	if (s->merged != RECORD_IS_SPENT) {
		x->kind = x->live ? COLLECT_QUIET : COLLECT_DAMAGED;
		return E_OK;
	}
	x->kind = COLLECT_DESTROYED;
	if (s->a == RECORD_IS_SPENT && (e = check(c, s->body_a, &good, f)) == E_OK && good)
		take(x, s->body_a);
	if (e == E_OK && s->b == RECORD_IS_SPENT && (e = check(c, s->body_b, &good, f)) == E_OK && good)
		take(x, s->body_b);
	if (e == E_OK && x->proof.n == 0 && s->unread.err != E_OK) { /* the copy that was not read may have the receipt */
		x->kind = COLLECT_UNREADABLE;
		c->k->sys = s->unread.sys;
	}
	return e;
}

static enum err
judge_rows(struct checker *c, struct collect_finding *x, struct fault *f)
{
	struct collect *k = c->k;
	size_t at = 0, n = rows_of(&k->rows, c->g->id, c->slot, &at);
	bool good = false;
	enum err e = E_OK;

	for (size_t i = at; i < at + n && e == E_OK; i++) {
		if ((i & 1023) == 1023 && report_stopped(k->report))
			return fault_set(f, E_INTERRUPTED, 0, "collect", "%s", "");
		e = check(c, k->rows.list[i].body, &good, f);
		if (e == E_OK && good)
			take(x, k->rows.list[i].body);
		else if (e == E_OK)
			k->bad++;
	}
	return e;
}

/* What follows from the proofs. */
static void
conclude(struct collect_finding *x)
{
	if (x->other.n > 0)
		x->kind = COLLECT_TWICE;
	else if (x->proof.n > 0)
		x->kind = x->live ? COLLECT_ROLLED_BACK : COLLECT_USED;
}

/* What looks damaged may be half written, by somebody who is using the code. Then read it again when that is done. */
static enum err
read_slot(
    const struct collect *k, const struct stick *s, const struct grant *g, uint32_t slot, struct stick_slot *out, struct fault *f)
{
	struct hold *hold = NULL;
	enum err e = E_OK;

	(void)stick_read_slot(s, g, slot, false, out, NULL);
	if (k->held || (out->a != RECORD_IS_DAMAGED && out->b != RECORD_IS_DAMAGED))
		return E_OK;
	if ((e = hold_grant(&hold, s, g->id, f)) == E_OK)
		(void)stick_read_slot(s, g, slot, false, out, NULL);
	hold_release(&hold);
	return e;
}

/* If s is NULL, there is no stick to look at. */
static enum err
judge_slot(struct collect *k, const struct stick *s, const struct grant *g, uint32_t slot, struct fault *f)
{
	struct checker c = {.k = k, .g = g, .slot = slot};
	struct stick_slot record;
	struct collect_finding x = {.slot = slot}, *kept = NULL;
	enum err e = E_OK;

	if (report_stopped(k->report))
		return fault_set(f, E_INTERRUPTED, 0, "collect", "%s", "");
	memcpy(x.grant_id, g->id, ID_SIZE);
	if ((e = books_evidence(k->issuer->books, g->id, slot, &c.known, f)) != E_OK)
		return e;
	if (s != NULL) {
		if ((e = read_slot(k, s, g, slot, &record, f)) == E_OK)
			e = judge_record(&c, &record, &x, f);
		sodium_memzero(&record, sizeof record);
	}
	if (e == E_OK)
		e = judge_rows(&c, &x, f);
	sodium_memzero(c.rk, sizeof c.rk);
	conclude(&x);
	if (e != E_OK || (s == NULL && x.kind == COLLECT_QUIET)) /* rows that prove nothing */
		return e;
	if ((kept = add(k, g->id, slot)) == NULL)
		return no_memory(f, "for findings");
	*kept = x;
	return E_OK;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------- */

static const struct grant *
on_stick(const struct collect *k, const uint8_t id[ID_SIZE])
{
	for (size_t i = 0; k->grants != NULL && i < k->grants->count; i++)
		if (memcmp(k->grants->grants[i].id, id, ID_SIZE) == 0)
			return &k->grants->grants[i];
	return NULL;
}

static enum err
judge_stick(struct collect *k, uint64_t *done, uint64_t all, struct fault *f)
{
	enum err e = E_OK;

	for (size_t i = 0; i < k->grants->count && e == E_OK; i++) {
		const struct grant *g = &k->grants->grants[i];

		for (uint32_t slot = 0; slot < g->slots && e == E_OK; slot++) {
			e = judge_slot(k, k->stick, g, slot, f);
			report_update(k->report, ++*done, all);
		}
	}
	return e;
}

/* How many rows from the i-th on belong to one grant. */
static size_t
rows_of_grant(const struct collect_rows *rows, size_t i)
{
	size_t n = 1;

	while (i + n < rows->count && memcmp(rows->list[i + n].grant_id, rows->list[i].grant_id, ID_SIZE) == 0)
		n++;
	return n;
}

/*
 * The rows i to i + n - 1, of one grant. If it is on the stick, they were judged with it; otherwise the books have the grant, or
 * nobody does.
 */
static enum err
judge_grant_rows(struct collect *k, size_t i, size_t n, uint64_t *done, uint64_t all, struct fault *f)
{
	const struct receipt_row *rows = &k->rows.list[i];
	const struct grant *there = on_stick(k, rows[0].grant_id), *g = there;
	struct grant own = {0};
	bool found = false;
	enum err e = there != NULL ? E_OK : books_grant(k->issuer->books, rows[0].grant_id, &own, &found, f);

	if (found)
		g = &own;
	for (size_t row = 0; row < n && e == E_OK; row++) {
		if (g == NULL || rows[row].slot >= g->slots)
			k->foreign++;
		else if (there == NULL && (row == 0 || rows[row].slot != rows[row - 1].slot))
			e = judge_slot(k, NULL, g, rows[row].slot, f);
		report_update(k->report, ++*done, all);
	}
	grant_free(&own);
	return e;
}

enum err
collect_judge(struct collect *k, struct fault *f)
{
	uint64_t done = 0, all = 0;
	enum err e = E_OK;

	sort_rows(&k->rows);
	all = k->rows.count;
	for (size_t i = 0; k->stick != NULL && i < k->grants->count; i++)
		all += k->grants->grants[i].slots;
	report_start(k->report, REPORT_READING);
	if (k->stick != NULL) {
		struct usb_dir here = {USB_SYSFS, k->stick->once_fd};

		k->has_usb = usb_dir_factor(&here, k->usb, k->usb_hint) == 0;
		e = judge_stick(k, &done, all, f);
	}
	for (size_t i = 0, n = 0; i < k->rows.count && e == E_OK; i += n) {
		n = rows_of_grant(&k->rows, i);
		e = judge_grant_rows(k, i, n, &done, all, f);
	}
	report_end(k->report, e == E_OK);
	return e;
}

/* ---- what should be there -------------------------------------------------------------------------------------------------- */

static enum err
add_missing(struct collect *k, const struct books_lecture *l, struct fault *f)
{
	struct books_lecture *grown = array_grow(k->missing, k->missing_count, &k->missing_room, sizeof *grown);

	if (grown == NULL)
		return no_memory(f, "for lectures");
	k->missing = grown;
	grown[k->missing_count++] = *l;
	return E_OK;
}

static enum err
add_grant(struct collect *k, const struct books_lecture *l, struct fault *f)
{
	struct grant *grown = realloc(k->grants->grants, (k->grants->count + 1) * sizeof *grown);
	bool found = false;
	enum err e = E_OK;

	if (grown == NULL)
		return no_memory(f, "for lectures");
	k->grants->grants = grown;
	e = books_grant(k->issuer->books, l->grant_id, &grown[k->grants->count], &found, f);
	if (e == E_OK && found)
		k->grants->count++;
	return e;
}

/* A refill that the stick has not accepted yet is not missing on it. */
static enum err
is_on_its_way(const struct collect *k, const uint8_t grant_id[ID_SIZE], bool *yes, struct fault *f)
{
	struct grant g = {0};
	bool found = false;
	enum err e = books_grant(k->issuer->books, grant_id, &g, &found, f);

	*yes = e == E_OK && found && g.refill >= k->stick->n;
	grant_free(&g);
	return e;
}

enum err
collect_known(struct collect *k, bool *known, struct fault *f)
{
	struct books_lecture *list = NULL;
	size_t count = 0;
	enum err e = books_lectures(k->issuer->books, k->stick->id, &list, &count, f);

	*known = count > 0;
	for (size_t i = 0; i < count && e == E_OK; i++) {
		bool away = false;
		int fd = -1;

		if (list[i].gone || on_stick(k, list[i].grant_id) != NULL)
			continue;
		if ((e = is_on_its_way(k, list[i].grant_id, &away, f)) != E_OK || away)
			continue;
		fd = stick_grant_dir(k->stick, list[i].grant_id);
		if (fd != -1)
			close(fd);
		else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			e = stickio_fault(f, E_STICK_IO, "open", k->stick->once_fd, STICK_ONCE, STICK_GRANTS);
		if (e == E_OK)
			e = fd != -1 ? add_grant(k, &list[i], f) : add_missing(k, &list[i], f);
	}
	free(list);
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
	e = books_add_grant(k->issuer->books, &(struct books_new){g, BYTES(payload, n), BOOKS_ISSUED, k->issuer->now, "collect"},
	    f);
	free(payload);
	k->imported++;
	if (e == E_OK && bound_here(k, g))
		e = books_set_usb(k->issuer->books, k->stick->id, k->usb, &elsewhere, f);
	return e;
}

static enum err
book_stick(struct collect *k, struct fault *f)
{
	const char *label = k->grants->count > 0 ? k->grants->grants[0].label : "";
	bool whole = stick_follows(k->stick, k->issuer->seed); /* otherwise its record is damaged, or not as we wrote it */
	uint32_t before = 0;
	enum err e = books_add_stick(k->issuer->books, k->stick->id, label, f);

	for (size_t i = 0; i < k->grants->count && e == E_OK; i++)
		e = import_grant(k, &k->grants->grants[i], f);
	if (e == E_OK && whole)
		e = books_seen_n(k->issuer->books, k->stick->id, k->stick->n, &before, f);
	k->stick_back = e == E_OK && whole && k->stick->n < before;
	return e == E_OK ? issuer_merge_notice(k->issuer, k->stick, f) : e;
}

/* What the books have about the slot comes before what was found now: the session that was known first stays the first. */
static void
compare(struct collect_finding *x, const struct books_evidence *known)
{
	struct collect_proof proof = x->proof, other = x->other;

	x->proof.n = x->other.n = 0;
	if (known->receipt_n > 0)
		take(x, BYTES(known->receipt, known->receipt_n));
	if (known->second_n > 0)
		take(x, BYTES(known->second, known->second_n));
	if (proof.n > 0)
		take(x, BYTES(proof.body, proof.n));
	if (other.n > 0)
		take(x, BYTES(other.body, other.n));
	if (x->kind == COLLECT_QUIET && x->before.state == BOOKS_SPENT)
		x->kind = COLLECT_ROLLED_BACK;
	if (x->kind == COLLECT_DAMAGED && x->before.state == BOOKS_SPENT)
		x->kind = COLLECT_DESTROYED;
	if (x->proof.n > 0 && x->kind != COLLECT_UNREADABLE)
		conclude(x);
	/* It was unused when the stick came home, although it had been used before. */
	if (x->kind == COLLECT_USED && x->proof.receipt.spent_at < known->live_at && !(x->proof.receipt.flags & CLOCK_WRONG))
		x->kind = COLLECT_ROLLED_BACK;
}

static struct books_change
change_of(const struct collect *k, const struct collect_finding *x, enum books_slot_state state, const char *detail)
{
	return (struct books_change){
	    .grant_id = x->grant_id, .slot = x->slot, .state = state, .now = k->issuer->now, .verb = "collect", .detail = detail};
}

static enum err
book_proof(struct collect *k, struct collect_finding *x, struct fault *f)
{
	struct books_change c = change_of(k, x, BOOKS_SPENT, "");
	bool added = false;
	enum err e = E_OK;

	c.receipt = BYTES(x->proof.body, x->proof.n);
	c.spent_at = x->proof.receipt.spent_at;
	e = books_set_state(k->issuer->books, &c, f);
	c.receipt = BYTES(x->other.body, x->other.n);
	if (e == E_OK && x->other.n > 0)
		e = books_add_second(k->issuer->books, &c, &added, f);
	x->fresh_second = x->fresh_second || added;
	return e;
}

static enum err
book_finding(struct collect *k, struct collect_finding *x, struct fault *f)
{
	struct books *b = k->issuer->books;
	const struct books_change destroyed = change_of(k, x, BOOKS_SPENT, "destroyed, time unknown");
	struct books_evidence known;
	enum err e = books_evidence(b, x->grant_id, x->slot, &known, f);

	if (e != E_OK)
		return e;
	compare(x, &known);
	if (x->proof.n > 0 && x->noted && x->before.state == BOOKS_READY && (e = issuer_is_behind(k->issuer, f)) != E_OK)
		return e;
	if (x->live && (e = books_seen_live(b, x->grant_id, x->slot, k->issuer->now, f)) != E_OK)
		return e;
	if (x->proof.n > 0)
		return book_proof(k, x, f);
	return x->kind == COLLECT_DESTROYED ? books_set_state(b, &destroyed, f) : E_OK;
}

static bool
can_go(const struct books_slot *s)
{
	return s->state == BOOKS_READY || s->state == BOOKS_ISSUED;
}

/* Revoke damaged codes, but not if they are all that a stick has left: that can be a bad contact, and somebody is asked first. */
static enum err
book_damaged(struct collect *k, struct fault *f)
{
	unsigned damaged = 0, good = 0;
	enum err e = E_OK;

	for (size_t i = 0; i < k->count; i++) {
		const struct collect_finding *x = &k->findings[i];

		damaged += x->kind == COLLECT_DAMAGED && can_go(&x->before);
		good += x->kind != COLLECT_DAMAGED && x->live && can_go(&x->before) && x->before.expires > k->issuer->now;
	}
	k->all_damaged = good == 0 && !k->revoke_all ? damaged : 0;
	for (size_t i = 0; i < k->count && e == E_OK; i++) {
		struct collect_finding *x = &k->findings[i];
		const struct books_change revoked = change_of(k, x, BOOKS_REVOKED, "damaged");

		x->kept = x->kind == COLLECT_DAMAGED && k->all_damaged > 0 && can_go(&x->before);
		if (x->kind == COLLECT_DAMAGED && !x->kept)
			e = books_set_state(k->issuer->books, &revoked, f);
	}
	return e;
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

/* The findings of one grant, which are in the order of their slots. */
static enum err
note_grant(struct collect *k, size_t from, size_t to, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0, n = 0;
	enum err e = books_slots_of_grant(k->issuer->books, k->findings[from].grant_id, &slots, &count, f);

	for (size_t i = from; i < to && e == E_OK; i++) {
		struct collect_finding *x = &k->findings[i];

		while (n < count && slots[n].slot < x->slot)
			n++;
		if (n == count || slots[n].slot != x->slot)
			continue;
		if (!x->noted)
			x->before = slots[n];
		x->noted = true;
	}
	free(slots);
	return e;
}

static enum err
note_before(struct collect *k, struct fault *f)
{
	enum err e = E_OK;
	size_t to = 0;

	if (k->count > 1)
		qsort(k->findings, k->count, sizeof k->findings[0], by_slot);
	for (size_t from = 0; from < k->count && e == E_OK; from = to) {
		for (to = from + 1; to < k->count && memcmp(k->findings[to].grant_id, k->findings[from].grant_id, ID_SIZE) == 0;)
			to++;
		e = note_grant(k, from, to, f);
	}
	return e;
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

/* A name is taken only from a PC that is proved to have opened something, but nothing proves that the file is from that one. */
static enum err
book_pc(struct collect *k, const struct receipts_from *from, struct fault *f)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct collect_finding *x = &k->findings[i];

		if ((x->proof.n > 0 && memcmp(x->proof.receipt.station_id, from->station_id, ID_SIZE) == 0) ||
		    (x->other.n > 0 && memcmp(x->other.receipt.station_id, from->station_id, ID_SIZE) == 0))
			return books_pc_said(k->issuer->books, from->station_id, from->name, f);
	}
	return E_OK;
}

enum err
collect_book(struct collect *k, struct fault *f)
{
	enum err e = k->stick != NULL ? book_stick(k, f) : E_OK;

	if (e == E_OK)
		e = note_before(k, f);
	for (size_t i = 0; i < k->count && e == E_OK; i++)
		e = book_finding(k, &k->findings[i], f);
	if (e == E_OK)
		e = book_damaged(k, f);
	for (size_t i = 0; i < k->pc_count && e == E_OK; i++)
		e = book_pc(k, &k->pcs[i], f);
	if (e == E_OK && k->count > 1)
		qsort(k->findings, k->count, sizeof k->findings[0], by_number);
	return e;
}

/* ---- what would be lost ---------------------------------------------------------------------------------------------------- */

static void
count_loss(struct collect_finding *x, const struct books_evidence *known, struct collect_loss *loss)
{
	compare(x, known);
	if (x->kind == COLLECT_TWICE)
		loss->used += known->second_n == 0;
	else if (x->kind == COLLECT_USED || x->kind == COLLECT_DESTROYED || x->kind == COLLECT_ROLLED_BACK)
		loss->used += x->before.state != BOOKS_SPENT;
	else if (x->kind == COLLECT_DAMAGED || x->kind == COLLECT_UNREADABLE)
		loss->damaged += can_go(&x->before);
}

enum err
collect_unexplained(const struct report *report, struct issuer *i, const struct stick *s, struct stick_grants *grants,
    struct collect_loss *loss, struct fault *f)
{
	struct collect k = {.report = report, .issuer = i, .stick = s, .grants = grants, .held = true};
	struct books_evidence known;
	bool any = false;
	enum err e = E_OK;

	memset(loss, 0, sizeof *loss);
	if ((e = collect_known(&k, &any, f)) == E_OK && (e = collect_judge(&k, f)) == E_OK)
		e = note_before(&k, f);
	for (size_t n = 0; n < k.count && e == E_OK; n++)
		if ((e = books_evidence(i->books, k.findings[n].grant_id, k.findings[n].slot, &known, f)) == E_OK)
			count_loss(&k.findings[n], &known, loss);
	for (size_t n = 0; n < k.missing_count; n++)
		loss->lectures += k.missing[n].spent < k.missing[n].slots;
	collect_free(&k);
	return e;
}

void
collect_free(struct collect *k)
{
	free(k->rows.list);
	free(k->pcs);
	free(k->findings);
	free(k->missing);
	k->rows.list = NULL;
	k->pcs = NULL;
	k->findings = NULL;
	k->missing = NULL;
	k->rows.count = k->count = k->room = k->missing_count = k->missing_room =
	    k->pc_count = k->pc_room = 0;
}
