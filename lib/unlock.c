#include "unlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "array.h"
#include "hold.h"
#include "kdf.h"
#include "receipt.h"
#include "seal.h"
#include "secret.h"
#include "stickio.h"
#include "unlock_internal.h"

void
unlock_object(char out[UNLOCK_OBJECT], const struct unlock *u)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, u->grant->id, ID_SIZE);
	if (u->slot == UNLOCK_NO_SLOT)
		snprintf(out, UNLOCK_OBJECT, "g/%s", hex);
	else
		snprintf(out, UNLOCK_OBJECT, "g/%s, slot %u", hex, (unsigned)u->slot);
}

static enum err
slot_fault(struct unlock *u, struct fault *f, enum err err, const char *step)
{
	char object[UNLOCK_OBJECT];

	unlock_object(object, u);
	return fault_set(f, err, 0, step, "%s", object);
}

/* ---- look --------------------------------------------------------------------------------------------------------------- */

/* Of one or more. */
static const struct grant *
newest_grant(const struct stick_grants *g)
{
	const struct grant *newest = &g->grants[0];

	for (size_t i = 1; i < g->count; i++)
		if (g->grants[i].issued > newest->issued)
			newest = &g->grants[i];
	return newest;
}

static void
describe_grant(struct unlock_info *info, const struct grant *g)
{
	memcpy(info->label, g->label, sizeof info->label);
	memcpy(info->contact, g->contact, sizeof info->contact);
}

static void
describe_stick(struct unlock *u, struct unlock_info *info)
{
	memcpy(info->stick_id, u->stick->id, ID_SIZE);
	info->memory_volatile = !memory_persistent(u->env.memory);
}

/* The stick's newest notice. One that was read before and is no longer there still counts. */
static enum err
load_notice(struct unlock *u, struct fault *f)
{
	struct notice fresh = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	int got = stick_load_notice(u->stick, u->grants.grants[0].issuer, &fresh, &file, &n);

	fault_clear(&u->notice_unread);
	if (got < 0)
		stickio_fault(&u->notice_unread, E_STICK_IO, "read", u->stick->once_fd, STICK_ONCE, STICK_NOTICE);
	if (got == 1 && fresh.number >= u->notice.number) {
		notice_free(&u->notice);
		free(u->notice_file);
		u->notice = fresh;
		u->notice_file = file;
		u->notice_len = n;
	} else if (got == 1) {
		notice_free(&fresh);
		free(file);
	}
	return stickio_failing(u->notice_unread.sys) ? E_OK : fault_pass(f, &u->notice_unread);
}

static enum err
load_issuer(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct memory_issuer known;
	enum err err;

	memcpy(info->issuer, u->grants.grants[0].issuer, KEY_SIZE);
	if ((err = memory_issuer(u->env.memory, info->issuer, &known, f)) != E_OK)
		return err;
	info->issuer_known = known.known;
	return load_notice(u, f);
}

enum err
unlock_look(struct unlock **up, int dir_fd, const struct unlock_env *env, struct unlock_info *info, struct fault *f)
{
	struct unlock *u;
	enum err err;

	*up = NULL;
	memset(info, 0, sizeof *info);
	if ((u = calloc(1, sizeof *u)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "unlock");
	u->env = *env;
	if ((u->secret = secret_new(sizeof *u->secret)) == NULL) {
		err = fault_set(f, E_FAIL, ENOMEM, "memory", "unlock");
		goto out;
	}
	if ((err = stick_open(&u->stick, dir_fd, f)) != E_OK)
		goto out;
	describe_stick(u, info);
	if ((err = stick_medium(u->stick, info->fs_name, f)) != E_OK)
		goto out;
	err = stick_load_grants(u->stick, &u->grants, f);
	info->grants = (unsigned)u->grants.count;
	info->skipped = u->grants.skipped;
	info->newer = u->grants.newer;
	if (err != E_OK)
		goto out;
	describe_grant(info, newest_grant(&u->grants));
	if ((err = load_issuer(u, info, f)) != E_OK)
		goto out;
	*up = u;
	u = NULL;
out:
	unlock_free(&u);
	return err;
}

/* ---- try: one function for each step ------------------------------------------------------------------------------------- */

/* Forget an earlier code. */
static void
reset_try(struct unlock *u)
{
	if (u->locked)
		memory_unlock_slot(u->env.memory);
	u->locked = false;
	u->grant = NULL;
	u->by_key = u->have_keys = u->spent = u->can_sign = false;
	memset(&u->use, 0, sizeof u->use);
	bundle_free(&u->bundle);
	sodium_memzero(u->secret, sizeof *u->secret);
}

static void
reset_info(struct unlock_info *info)
{
	info->by_key = info->resume = info->resume_open = false;
	info->spent_known = info->spent_here = info->spent_now = info->over_by_clock = false;
	info->spent_at = 0;
	info->busy_where[0] = '\0';
}

static void
take_grant(struct unlock *u, const struct grant *g, uint32_t slot, struct unlock_info *info)
{
	u->grant = g;
	u->slot = slot;
	memcpy(info->grant_id, g->id, ID_SIZE);
	info->slot = slot;
	info->not_before = g->policy.not_before;
	info->expires = g->policy.expires;
	info->session_s = g->policy.session_s;
	info->remaining_s = g->policy.session_s;
	info->notice_min = g->notice_min;
	describe_grant(info, g);
}

/* Step 5: which slot does the code open? */
static enum err
find_slot(struct unlock *u, const char code[CODE_SYMBOLS], struct unlock_info *info, struct fault *f)
{
	uint8_t locator[LOCATOR_SIZE];
	char hex[2 * ID_SIZE + 1];
	int slot;

	if (kdf_stretch(u->secret->a, code, CODE_SYMBOLS, u->stick->id) != 0)
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	keytree_locator(locator, u->secret->a);
	for (size_t i = 0; i < u->grants.count; i++) {
		if ((slot = grant_slot(&u->grants.grants[i], locator)) < 0)
			continue;
		take_grant(u, &u->grants.grants[i], (uint32_t)slot, info);
		return E_OK;
	}
	if (u->grants.skipped == 0)
		return fault_set(f, E_CODE_UNKNOWN, 0, "locator", "code");
	if (u->grants.unread.err != E_OK)
		return fault_pass(f, &u->grants.unread);
	if (u->grants.beyond > 0)
		return fault_why(f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	bytes_to_hex(hex, u->grants.skipped_id, ID_SIZE);
	return fault_set(f, E_NO_GRANT, 0, u->grants.newer != 0 ? "newer version" : "signature", "g/%s", hex);
}

/* Step 5, end: one process for each slot at this station. */
static enum err
lock_slot(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct fault why = {0};
	enum err err = memory_lock_slot(u->env.memory, u->grant->hash, u->slot, info->busy_where, sizeof info->busy_where, &why);

	if (err == E_BUSY)
		return slot_fault(u, f, err, "lock");
	if (err != E_OK)
		return fault_pass(f, &why);
	if (u->env.rehearsal)
		memory_unlock_slot(u->env.memory);
	u->locked = !u->env.rehearsal;
	return E_OK;
}

/* Is the issuer trusted here? */
static enum err
check_trust(struct unlock *u, const struct grant *g, struct memory_issuer *known, struct fault *f)
{
	struct memory *m = u->env.memory;
	bool closed = false;
	enum err err;

	if ((err = memory_issuer(m, g->issuer, known, f)) != E_OK || (err = memory_closed_list(m, &closed, f)) != E_OK)
		return err;
	return closed && !known->known ? fault_set(f, E_ISSUER, 0, "pinned issuers", "station memory") : E_OK;
}

/* Step 6: is the issuer trusted here, and is the newest notice known that the grant asks for? */
static enum err
check_issuer(struct unlock *u, const struct grant *g, struct unlock_info *info, struct fault *f)
{
	struct memory_issuer known;
	enum err err;

	if ((err = check_trust(u, g, &known, f)) != E_OK)
		return err;
	info->notice_have = u->notice.number > known.notice_no ? u->notice.number : known.notice_no;
	if (info->notice_have < g->notice_min && u->notice_unread.err != E_OK)
		return fault_pass(f, &u->notice_unread);
	if (info->notice_have < g->notice_min)
		return fault_set(f, E_NOTICE_MISSING, 0, "notice", "%s", STICK_NOTICE);
	return E_OK;
}

static void
note_receipt(const struct unlock *u, struct bytes body, struct unlock_info *info)
{
	uint8_t pk[KEY_SIZE], id[ID_SIZE];
	struct receipt r;

	if (receipt_parse_body(&r, body) != 0)
		return;
	info->spent_known = true;
	info->spent_at = r.spent_at;
	if (memory_station_pk(u->env.memory, pk, NULL) != E_OK)
		return;
	keytree_station_id(id, pk);
	info->spent_here = memcmp(id, r.station_id, ID_SIZE) == 0;
}

static enum err
spent(struct unlock *u, struct bytes body, struct unlock_info *info, struct fault *f)
{
	note_receipt(u, body, info);
	return slot_fault(u, f, E_SPENT, "record");
}

static enum err
close_row(struct unlock *u, int64_t used_s, struct fault *f)
{
	if (u->env.rehearsal)
		return E_OK;
	return memory_close(u->env.memory, u->grant->hash, u->slot, used_s, f);
}

/* Step 7: what does this station remember of the slot? */
static enum err
recall(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	enum err err;

	if ((err = memory_use(u->env.memory, u->grant->hash, u->slot, &u->use, f)) != E_OK)
		return err;
	info->resume = u->use.state == MEMORY_CLAIMED || u->use.state == MEMORY_OPEN;
	info->resume_open = u->use.state == MEMORY_OPEN;
	if (u->use.state == MEMORY_NONE)
		return E_OK;
	if (u->use.state == MEMORY_CLOSED) {
		err = spent(u, BYTES(u->use.receipt, u->use.receipt_len), info, f);
		info->spent_here = true;
		if (u->use.opened_at != 0) {
			info->spent_known = true;
			info->spent_at = u->use.opened_at;
		}
		return err;
	}
	return E_OK;
}

bool
unlock_is_ours(const struct unlock *u, struct bytes body)
{
	uint8_t session[ID_SIZE];
	struct receipt r;

	if (receipt_parse_body(&r, body) != 0)
		return false;
	keytree_session_id(session, u->use.nonce);
	return memcmp(session, r.session_id, ID_SIZE) == 0;
}

const struct bytes *
unlock_foreign(const struct unlock *u)
{
	const struct stick_slot *s = &u->records;

	if (s->a == RECORD_IS_SPENT && !unlock_is_ours(u, s->body_a))
		return &s->body_a;
	if (s->b == RECORD_IS_SPENT && !unlock_is_ours(u, s->body_b))
		return &s->body_b;
	return NULL;
}

static bool
says_ended(enum record_state state, struct bytes body)
{
	struct receipt r;

	return state == RECORD_IS_SPENT && body.n > MAC_SIZE && receipt_parse(&r, BYTES(body.p, body.n - MAC_SIZE)) == 0 &&
	    r.ended_at != 0;
}

/*
 * A copy that says that the session is over. Then it is over, whatever the station's memory says: that may be an old copy, put
 * back.
 */
static const struct bytes *
ended(const struct unlock *u)
{
	const struct stick_slot *s = &u->records;

	if (says_ended(s->a, s->body_a))
		return &s->body_a;
	return says_ended(s->b, s->body_b) ? &s->body_b : NULL;
}

/*
 * A claim whose code was used up on the stick: the session began then, as the row's own receipt says, whether or not the memory
 * was ever told.
 */
static void
date_claim(struct unlock *u)
{
	struct receipt r;

	if (u->use.state == MEMORY_CLAIMED && u->records.a == RECORD_IS_SPENT && u->records.b == RECORD_IS_SPENT &&
	    u->use.receipt_len > MAC_SIZE && receipt_parse(&r, BYTES(u->use.receipt, u->use.receipt_len - MAC_SIZE)) == 0)
		u->use.opened_at = r.spent_at;
}

/* Step 8, records of a slot that this station has not seen before. */
static enum err
check_fresh_records(struct unlock *u, const struct fault *locked, struct unlock_info *info, struct fault *f)
{
	const struct stick_slot *s = &u->records;

	if (s->merged == RECORD_IS_SPENT)
		return spent(u, s->a == RECORD_IS_SPENT ? s->body_a : s->body_b, info, f);
	if (locked->err != E_OK)
		return fault_pass(f, locked);
	if (s->unread.err != E_OK)
		return fault_pass(f, &s->unread); /* they may be whole at the next try */
	if (!s->whole || s->merged == RECORD_IS_DAMAGED)
		return slot_fault(u, f, E_SLOT_DAMAGED, "record");
	return E_OK;
}

/* Step 8, records of a slot that this station has begun to open (resume). */
static enum err
check_resumed_records(struct unlock *u, const struct fault *locked, struct unlock_info *info, struct fault *f)
{
	const struct stick_slot *s = &u->records;
	const struct bytes *over = unlock_foreign(u);
	enum err err;

	if (over != NULL || (over = ended(u)) != NULL) {
		if ((err = close_row(u, u->use.used_s, f)) != E_OK)
			return err;
		return spent(u, *over, info, f);
	}
	date_claim(u);
	if (locked->err != E_OK)
		return fault_pass(f, locked);
	if (s->unread.err != E_OK)
		return fault_pass(f, &s->unread); /* they may be whole at the next try */
	if (!s->whole)
		return slot_fault(u, f, E_SLOT_DAMAGED, "lock files");
	if (u->use.state == MEMORY_CLAIMED && s->merged == RECORD_IS_DAMAGED)
		return slot_fault(u, f, E_SLOT_DAMAGED, "record");
	return E_OK;
}

/* Step 8: the pair of records, then revocation. */
static enum err
check_records(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct fault locked = {0};
	enum err err = stick_read_slot(u->stick, u->grant, u->slot, true, &u->records, &locked);

	if (err != E_OK && err != E_READONLY)
		return fault_pass(f, &locked);
	return info->resume ? check_resumed_records(u, &locked, info, f) : check_fresh_records(u, &locked, info, f);
}

static enum err
check_revoked(struct unlock *u, struct fault *f)
{
	const struct grant *g = u->grant;
	const struct memory_target target = {g->issuer, g->id, g->bundles[0].id, u->slot};
	struct memory_revoked is = {0};
	enum err err;

	if ((err = memory_revoked(u->env.memory, &target, &is, f)) != E_OK)
		return err;
	if (is.slot || (u->notice.number != 0 && notice_revoked(&u->notice, g->id, u->slot)))
		return slot_fault(u, f, E_REVOKED, "notice");
	if (is.bundle || (u->notice.number != 0 && notice_withdrawn(&u->notice, g->bundles[0].id)))
		return slot_fault(u, f, E_REVOKED, "withdrawn");
	return E_OK;
}

/*
 * If a FAT's device is gone, the kernel says of every file that it does not exist, except for those that it still has in memory.
 * So look at names, too: lock.a may be the file that does not exist, and then nothing is held.
 */
static bool
is_out(const struct stick *s, const struct hold *hold)
{
	if (!hold_readable(hold))
		return true;
	return faccessat(s->once_fd, STICK_RECORD_A, F_OK, 0) != 0 && faccessat(s->once_fd, STICK_RECORD_B, F_OK, 0) != 0;
}

enum err
unlock_look_again(struct unlock *u, const struct hold *hold, struct unlock_info *info, struct fault *f)
{
	struct fault why = {0};
	enum err err;

	if ((err = load_notice(u, f)) != E_OK || (err = check_issuer(u, u->grant, info, f)) != E_OK)
		return err;
	if ((err = check_records(u, info, &why)) == E_SLOT_DAMAGED && is_out(u->stick, hold))
		return slot_fault(u, f, E_STICK_IO, "read again");
	return err != E_OK ? fault_pass(f, &why) : check_revoked(u, f);
}

int64_t
unlock_floor(struct unlock *u)
{
	struct memory_issuer known = {0};
	int64_t floor = 0;

	if (memory_issuer(u->env.memory, u->grants.grants[0].issuer, &known, NULL) == E_OK && known.known)
		floor = known.floor;
	for (size_t i = 0; i < u->grants.count; i++)
		if (u->grants.grants[i].issued > floor)
			floor = u->grants.grants[i].issued;
	if (u->notice.number != 0 && u->notice.time > floor)
		floor = u->notice.time;
	if (u->bundle != NULL && bundle_manifest(u->bundle)->created > floor)
		floor = bundle_manifest(u->bundle)->created;
	return floor;
}

/* What the clocks say about a session that was opened here. */
struct age {
	int64_t used_s;         /* according to the clock that says most, of those that have not gone back */
	int64_t proved_s;       /* according to those that nobody can set */
};

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Whether the clock was known to be behind at a session's first opening: a later time then does not prove that time has passed. */
static bool
opened_in_doubt(const struct memory_use *use)
{
	struct receipt r = {0};

	if (use->receipt_len > MAC_SIZE)
		receipt_parse(&r, BYTES(use->receipt, use->receipt_len - MAC_SIZE));
	return (r.flags & (RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK)) != 0;
}

static struct age
age_of(
    const struct memory_use *use, const struct clock_view *clock, const struct clock_boot *boot, const struct memory_marks *marks)
{
	struct age a = {.proved_s = larger(use->used_s, clock_since(boot, &use->began))};
	bool doubt = opened_in_doubt(use);

	if (!doubt)
		a.proved_s = larger(a.proved_s, larger(clock->floor, marks->proved) - use->opened_at);
	a.used_s = a.proved_s;
	if (!doubt && (clock->flags & (RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK)) == 0)
		a.used_s = larger(a.used_s, clock->now - use->opened_at);
	return a;
}

/*
 * Whether a session that is being resumed has time left. What is over beyond doubt is closed; a clock that is ahead closes
 * nothing. The session began before the code expired, whatever the clock said then: lists of dead codes count on that, see
 * notice_reach.
 */
static enum err
check_deadline(struct unlock *u, const struct memory_marks *marks, struct unlock_info *info, struct fault *f)
{
	struct age age = age_of(&u->use, &u->clock, &u->boot, marks);
	enum err err;

	age.proved_s = larger(age.proved_s, u->clock.floor - u->grant->policy.expires);
	age.used_s = larger(age.used_s, age.proved_s);
	u->used_s = age.used_s;
	info->remaining_s = (int64_t)u->use.limit_s - age.used_s;
	info->opened_at = u->use.opened_at;
	if (info->remaining_s > 0)
		return E_OK;
	info->over_by_clock = age.proved_s < u->use.limit_s;
	if (!info->over_by_clock && (err = close_row(u, age.proved_s, f)) != E_OK)
		return err;
	info->spent_known = info->spent_here = true;
	info->spent_at = u->use.opened_at;
	return slot_fault(u, f, E_SPENT, "deadline");
}

static enum err
read_clock(struct unlock *u, struct memory_marks *marks, struct unlock_info *info, struct fault *f)
{
	enum err err;

	if ((err = memory_marks(u->env.memory, marks, f)) != E_OK)
		return err;
	u->clock = clock_judge(u->env.clock.now(u->env.clock.arg), unlock_floor(u), marks->high, marks->was_reset);
	u->boot = clock_witness(&u->env.clock);
	info->clock = u->clock;
	return E_OK;
}

enum err
unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct memory_marks marks = {0};

	return read_clock(u, &marks, info, f);
}

static enum err
check_window(struct unlock *u, struct fault *f)
{
	if (u->clock.t < u->grant->policy.not_before)
		return slot_fault(u, f, E_EARLY, "clock");
	if (u->clock.t >= u->grant->policy.expires)
		return slot_fault(u, f, E_EXPIRED, "clock");
	return E_OK;
}

enum err
unlock_judge_clock(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct memory_marks marks = {0};
	enum err err;

	if ((err = read_clock(u, &marks, info, f)) != E_OK)
		return err;
	if (u->use.state != MEMORY_NONE)
		info->session_s = u->use.limit_s;
	u->used_s = 0;
	info->remaining_s = info->session_s;
	if (u->use.state != MEMORY_OPEN && (err = check_window(u, f)) != E_OK) /* a session that is open ignores it */
		return err;
	return u->use.opened_at != 0 ? check_deadline(u, &marks, info, f) : E_OK;
}

/* Step 11: the factors that the policy asks for, as far as they can be known before a spend. */
static enum err
gather_factors(struct unlock *u, struct fault *f)
{
	const struct policy *p = &u->grant->policy;
	struct memory *m = u->env.memory;
	uint8_t usb[HASH_SIZE], share[HASH_SIZE], hint[USB_HINT_SIZE], pk[KEY_SIZE];
	enum err err = E_OK;

	if (p->usb && (u->env.factors.usb == NULL || u->env.factors.usb(u->env.factors.arg, usb, hint) != 0 ||
	    memcmp(hint, p->usb_hint, USB_HINT_SIZE) != 0))
		err = slot_fault(u, f, E_WRONG_STICK, "USB identity");
	else if (p->station && (memory_station_pk(m, pk, NULL) != E_OK || memcmp(pk, p->station_pk, KEY_SIZE) != 0 ||
	    memory_share(m, p->grant_xpk, share, NULL) != E_OK))
		err = slot_fault(u, f, E_WRONG_STATION, "station key");
	else if (p->ledger && u->env.factors.ledger == NULL && u->use.blob_len == 0)
		err = slot_fault(u, f, E_LEDGER, "ledger");
	else
		keytree_factors(u->secret->factors, u->grant->hash, u->slot, p->usb ? usb : NULL, p->station ? share : NULL, NULL);
	sodium_memzero(usb, sizeof usb);
	sodium_memzero(share, sizeof share);
	return err;
}

enum err
unlock_open_cell(struct unlock *u, struct fault *f)
{
	const struct stick_slot *s = &u->records;
	const struct bytes *cell;

	if (s->merged != RECORD_IS_LIVE)
		return slot_fault(u, f, E_SLOT_DAMAGED, "record");
	cell = s->a == RECORD_IS_LIVE ? &s->body_a : &s->body_b;
	keytree_wrap(u->secret->kek, u->secret->a, u->secret->factors);
	if (cell->n != CELL_SIZE(u->grant->bundle_count) ||
	    seal_open(u->secret->cks, u->secret->kek, cell->p, cell->n, BYTES(NULL, 0)) != 0)
		return slot_fault(u, f, E_SLOT_DAMAGED, "cell");
	return E_OK;
}

/* The keys that an earlier spend of ours stored under the code. */
static enum err
open_blob(struct unlock *u, struct fault *f)
{
	keytree_resume(u->secret->resume, u->secret->a, u->grant->hash, u->slot, u->use.nonce);
	if (u->use.blob_len != CELL_SIZE(u->grant->bundle_count) ||
	    seal_open(u->secret->cks, u->secret->resume, u->use.blob, u->use.blob_len, BYTES(NULL, 0)) != 0)
		return fault_set(f, E_STATION, 0, "resume blob", "station memory");
	return E_OK;
}

/* The superblock could not be read, or is wrong. */
static enum err
superblock_fault(struct unlock *u, int sys, struct fault *f)
{
	char object[UNLOCK_OBJECT];

	unlock_object(object, u);
	return fault_set(f, stickio_err(sys, E_BUNDLE), sys == EBADMSG ? 0 : sys, "superblock", "%s", object);
}

enum err
unlock_give_key(struct unlock *u, struct fault *f)
{
	char object[UNLOCK_OBJECT];
	enum err err = bundle_unlock(u->bundle, u->secret->cks);

	if (err == E_OK)
		return E_OK;
	unlock_object(object, u);
	return fault_set(f, err, err == E_FAIL ? ENOMEM : 0, "commitment", "%s", object);
}

enum err
unlock_prove_keys(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct image img;
	enum err err;
	int r;

	if ((err = unlock_give_key(u, f)) != E_OK)
		return err;
	if ((r = bundle_image(u->bundle, &img)) != 0) {
		bundle_lock(u->bundle);
		return superblock_fault(u, -r, f);
	}
	info->image_bytes = bundle_manifest(u->bundle)->blocks * BLOCK_SIZE;
	info->file_bytes = img.super.file_bytes;
	info->inodes = img.super.inode_count;
	bundle_lock(u->bundle);
	u->have_keys = true;
	return E_OK;
}

/*
 * The end of step 13: now the code vouches for its issuer. What the issuer has revoked is known here from now on, before anything
 * is spent, and while the stick may still be pulled: a list can be long.
 */
enum err
unlock_learn(struct unlock *u, struct fault *f)
{
	return u->notice.number == 0 ? E_OK : memory_learn(u->env.memory, &u->notice, BYTES(u->notice_file, u->notice_len), f);
}

/* Step 12. All lectures of the stick share one probe: two at once would not read back what they wrote. */
static enum err
probe(struct unlock *u, struct fault *f)
{
	struct hold *hold = NULL;
	enum err err;

	if ((err = hold_stick(&hold, u->stick, &u->grants, f)) == E_OK)
		err = stick_probe(u->stick, f);
	hold_release(&hold);
	return err;
}

/* Step 13, unless a ledger must be asked first. */
static enum err
prove_cell(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	enum err err;

	if (u->use.blob_len != 0)
		err = open_blob(u, f);
	else if (u->grant->policy.ledger)
		return E_OK;
	else
		err = unlock_open_cell(u, f);
	if (err != E_OK || (err = unlock_prove_keys(u, info, f)) != E_OK)
		return err;
	return unlock_learn(u, f);
}

enum err
unlock_try(struct unlock *u, const char code[CODE_SYMBOLS], struct unlock_info *info, struct fault *f)
{
	struct fault bundle_fault = {0};
	enum err err, bundle_err;

	reset_try(u);
	reset_info(info);
	if ((err = find_slot(u, code, info, f)) != E_OK ||
	    (err = lock_slot(u, info, f)) != E_OK ||
	    (err = check_issuer(u, u->grant, info, f)) != E_OK ||
	    (err = recall(u, info, f)) != E_OK ||
	    (err = check_records(u, info, f)) != E_OK ||
	    (err = check_revoked(u, f)) != E_OK)
		goto out;
	/* The manifest's date counts for the clock, but a damaged bundle is reported after a wrong time. */
	bundle_err = bundle_open(&u->bundle, u->stick->once_fd, u->grant->bundles[0].id, u->grant->bundles[0].manifest_hash,
	    &bundle_fault);
	if ((err = unlock_judge_clock(u, info, f)) != E_OK)
		goto out;
	if ((err = bundle_err) != E_OK) {
		fault_pass(f, &bundle_fault);
		goto out;
	}
	if ((err = gather_factors(u, f)) == E_OK && (err = probe(u, f)) == E_OK)
		err = prove_cell(u, info, f);
out:
	if (err != E_OK)
		reset_try(u);
	return err;
}

static const struct grant *
grant_of(const struct stick_grants *all, const uint8_t id[ID_SIZE])
{
	for (size_t i = 0; i < all->count; i++)
		if (memcmp(all->grants[i].id, id, ID_SIZE) == 0)
			return &all->grants[i];
	return NULL;
}

/* The lock keeps two of the same apart, and lets others see the mount. */
static enum err
prove_key(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	const struct grant_bundle *b = &u->grant->bundles[0];
	struct memory_marks marks = {0};
	struct memory_issuer known;
	enum err err;

	if ((err = lock_slot(u, info, f)) != E_OK || (err = check_trust(u, u->grant, &known, f)) != E_OK ||
	    (err = bundle_open(&u->bundle, u->stick->once_fd, b->id, b->manifest_hash, f)) != E_OK ||
	    (err = read_clock(u, &marks, info, f)) != E_OK)
		return err;
	return unlock_prove_keys(u, info, f);
}

enum err
unlock_try_key(struct unlock *u, const struct unlock_key *k, struct unlock_info *info, struct fault *f)
{
	const struct grant *g = grant_of(&u->grants, k->grant_id);
	char hex[2 * ID_SIZE + 1];
	enum err err;

	reset_try(u);
	reset_info(info);
	if (g == NULL) {
		bytes_to_hex(hex, k->grant_id, ID_SIZE);
		return fault_set(f, E_NO_GRANT, 0, "grant", "g/%s", hex);
	}
	take_grant(u, g, UNLOCK_NO_SLOT, info);
	memcpy(u->secret->cks, k->ck, KEY_SIZE);
	if ((err = prove_key(u, info, f)) != E_OK) {
		reset_try(u);
		return err;
	}
	u->by_key = info->by_key = true;
	return E_OK;
}

/* Whether the records of g can be read and overwritten. One record stands for all. */
static enum err
check_lock_files(struct unlock *u, const struct grant *g, struct fault *f)
{
	char hex[2 * ID_SIZE + 1];
	struct stick_slot slot;
	enum err err = stick_read_slot(u->stick, g, 0, true, &slot, f);

	bytes_to_hex(hex, g->id, ID_SIZE);
	if (err == E_OK && slot.unread.err != E_OK)
		err = fault_pass(f, &slot.unread);
	else if (err == E_OK && !slot.whole)
		err = fault_set(f, E_SLOT_DAMAGED, 0, "lock files", "g/%s", hex);
	sodium_memzero(&slot, sizeof slot);
	return err;
}

enum err
unlock_check(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct bundle *b = NULL;
	enum err err = E_OK;

	for (size_t i = 0; i < u->grants.count && err == E_OK; i++) {
		const struct grant *g = &u->grants.grants[i];

		if ((err = check_issuer(u, g, info, f)) == E_OK && (err = check_lock_files(u, g, f)) == E_OK)
			err = bundle_open(&b, u->stick->once_fd, g->bundles[0].id, g->bundles[0].manifest_hash, f);
		bundle_free(&b);
	}
	return err == E_OK ? probe(u, f) : err;
}

struct bundle *
unlock_bundle(struct unlock *u)
{
	return u->bundle;
}

const uint8_t *
unlock_grant_hash(const struct unlock *u)
{
	return u->grant->hash;
}

void
unlock_free(struct unlock **up)
{
	struct unlock *u = *up;

	if (u == NULL)
		return;
	if (u->secret != NULL)
		reset_try(u);
	secret_free(&u->secret);
	notice_free(&u->notice);
	free(u->notice_file);
	stick_grants_free(&u->grants);
	stick_close(&u->stick);
	free(u);
	*up = NULL;
}

/* ---- overdue rows -------------------------------------------------------------------------------------------------------- */

struct overdue {
	struct memory_use *rows;
	size_t count, room;
	bool failed;
};

static void
collect_open(void *arg, const struct memory_use *use)
{
	struct overdue *o = arg;
	struct memory_use *rows;

	if ((rows = array_grow(o->rows, o->count, &o->room, sizeof *rows)) == NULL) {
		o->failed = true;
		return;
	}
	o->rows = rows;
	o->rows[o->count++] = *use;
}

static enum err
close_if_overdue(const struct unlock_env *env, const struct memory_use *use, struct fault *f)
{
	struct memory *m = env->memory;
	struct memory_issuer known;
	struct memory_marks marks;
	struct clock_boot boot = clock_witness(&env->clock);
	struct clock_view clock;
	struct age age;
	struct fault why = {0};
	char where[8];
	enum err err;

	if ((err = memory_issuer(m, use->issuer, &known, f)) != E_OK || (err = memory_marks(m, &marks, f)) != E_OK)
		return err;
	clock = clock_judge(env->clock.now(env->clock.arg), known.floor, marks.high, marks.was_reset);
	age = age_of(use, &clock, &boot, &marks);
	if (age.proved_s < use->limit_s)
		return E_OK;
	if ((err = memory_lock_slot(m, use->grant_hash, use->slot, where, sizeof where, &why)) != E_OK)
		return err == E_BUSY ? E_OK : fault_pass(f, &why); /* its session is running, and has a better clock */
	err = memory_close(m, use->grant_hash, use->slot, age.proved_s, f);
	memory_unlock_slot(m);
	return err;
}

enum err
unlock_close_overdue(const struct unlock_env *env, struct fault *f)
{
	struct overdue o = {0};
	enum err err;

	err = memory_each_open(env->memory, collect_open, &o, f);
	for (size_t i = 0; i < o.count && err == E_OK; i++)
		err = close_if_overdue(env, &o.rows[i], f);
	if (o.failed && err == E_OK)
		err = fault_set(f, E_FAIL, ENOMEM, "overdue sessions", "station memory");
	if (o.rows != NULL)
		sodium_memzero(o.rows, o.count * sizeof *o.rows);
	free(o.rows);
	return err;
}
