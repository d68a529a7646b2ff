#include "unlock.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "hold.h"
#include "receipt.h"
#include "seal.h"
#include "unlock_internal.h"

/* The record that replaces the cell: the row's receipt, exactly as it is there. */
static void
tombstone(const struct unlock *u, uint8_t rec[RECORD_SIZE])
{
	record_encode(rec, RECORD_SPENT, u->grant->id, u->slot, BYTES(u->use.receipt, u->use.receipt_len));
}

static uint32_t
receipt_flags(const struct unlock *u)
{
	uint32_t flags = u->clock.flags;

	if (!memory_persistent(u->env.memory))
		flags |= RECEIPT_NO_MEMORY;
	if (u->records.a == RECORD_IS_DAMAGED || u->records.b == RECORD_IS_DAMAGED)
		flags |= RECEIPT_REPAIRED;
	return flags;
}

/* The MAC of the row's receipt, which covers the header of the record that will hold both. */
static void
sign(const struct unlock *u, uint8_t mac[MAC_SIZE])
{
	uint8_t rec[RECORD_SIZE];

	tombstone(u, rec);
	receipt_mac(mac, u->secret->receipt_key, rec, BYTES(u->use.receipt, u->use.receipt_len - MAC_SIZE));
}

static void
put_receipt(struct unlock *u, const struct receipt *r)
{
	size_t n = receipt_encode(r, u->use.receipt);

	memset(u->use.receipt + n, 0, MAC_SIZE);
	u->use.receipt_len = n + MAC_SIZE; /* part of the header that the MAC covers; the MAC itself is not */
	sign(u, u->use.receipt + n);
}

static enum err
make_receipt(struct unlock *u, struct fault *f)
{
	struct receipt r = {.spent_at = u->clock.t, .flags = receipt_flags(u)};
	uint8_t pk[KEY_SIZE];
	enum err err;

	if ((err = memory_station_pk(u->env.memory, pk, f)) != E_OK)
		return err;
	keytree_station_id(r.station_id, pk);
	keytree_session_id(r.session_id, u->use.nonce);
	keytree_receipt(u->secret->receipt_key, u->secret->a, u->secret->factors);
	put_receipt(u, &r);
	return E_OK;
}

static void
make_blob(struct unlock *u)
{
	size_t n = (size_t)KEY_SIZE * u->grant->bundle_count;

	keytree_resume(u->secret->resume, u->secret->a, u->grant->hash, u->slot, u->use.nonce);
	seal_close(u->use.blob, u->secret->resume, u->secret->cks, n, BYTES(NULL, 0));
	u->use.blob_len = n + TAG_SIZE;
}

/* S1: from here on this station remembers. */
static enum err
claim(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct memory_use *use = &u->use;
	enum err err;

	memset(use, 0, sizeof *use);
	use->state = MEMORY_CLAIMED;
	memcpy(use->grant_hash, u->grant->hash, HASH_SIZE);
	use->slot = u->slot;
	memcpy(use->issuer, u->grant->issuer, KEY_SIZE);
	memcpy(use->grant_id, u->grant->id, ID_SIZE);
	use->limit_s = u->grant->policy.session_s;
	randombytes_buf(use->nonce, sizeof use->nonce);
	if (u->have_keys) {
		make_blob(u);
		if ((err = make_receipt(u, f)) != E_OK)
			return err;
	}
	if ((err = memory_claim(u->env.memory, use, unlock_floor(u), f)) != E_OK)
		return err;
	info->spent_now = true;
	return E_OK;
}

/* S2: the ledger's share completes the factors. A definite no undoes the claim. */
static enum err
ask_ledger(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	const struct unlock_factors *src = &u->env.factors;
	uint8_t token[HASH_SIZE];
	uint8_t *share = u->secret->factors + FACTORS_SIZE - HASH_SIZE;
	enum err err;

	keytree_token(token, u->secret->a, u->grant->hash, u->slot);
	err = src->ledger == NULL ? E_LEDGER :
	    src->ledger(src->arg, u->grant->policy.ledger_host, u->grant->id, u->slot, token, u->use.nonce, share);
	sodium_memzero(token, sizeof token);
	if (err == E_LEDGER)
		return fault_set(f, err, 0, "ledger", "%s", u->grant->policy.ledger_host);
	if (err != E_OK) {
		if (memory_forget(u->env.memory, u->grant->hash, u->slot, NULL) == E_OK)
			info->spent_now = false;
		return fault_set(f, err, 0, "ledger", "%s", u->grant->policy.ledger_host);
	}
	if ((err = unlock_open_cell(u, f)) != E_OK || (err = unlock_prove_keys(u, info, f)) != E_OK ||
	    (err = unlock_learn(u, f)) != E_OK)
		return err;
	make_blob(u);
	if ((err = make_receipt(u, f)) != E_OK)
		return err;
	return memory_complete(u->env.memory, &u->use, f);
}

/* S3, S4: each copy that is not SPENT yet is overwritten, flushed and read back, one after the other. */
static enum err
destroy(struct unlock *u, struct fault *f)
{
	uint8_t rec[RECORD_SIZE];
	enum err err = E_OK;

	tombstone(u, rec);
	if (u->records.a != RECORD_IS_SPENT)
		err = stick_destroy_slot(u->stick, u->grant, u->slot, 0, rec, f);
	if (err == E_OK && u->records.b != RECORD_IS_SPENT)
		err = stick_destroy_slot(u->stick, u->grant, u->slot, 1, rec, f);
	return err;
}

/* What is charged once used_s is used: the next stretch of time is then paid for, up to the end. */
static int64_t
charge(const struct unlock *u, int64_t used_s, int64_t next_s)
{
	return used_s < (int64_t)u->use.limit_s - next_s ? used_s + next_s : u->use.limit_s;
}

/* S5. Only now is the key given to the reader. */
static enum err
begin_use(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	struct memory_opening o = {.first = u->use.state == MEMORY_CLAIMED, .opened_at = u->clock.t,
	    .used_s = charge(u, u->used_s, UNLOCK_BEAT_S),
	    .began = u->boot, .now = clock_raises(&u->clock)};
	enum err err;

	o.began.s -= u->used_s;
	if (u->use.opened_at != 0)
		o.opened_at = u->use.opened_at;
	if ((err = memory_opened(u->env.memory, u->grant->hash, u->slot, &o, f)) != E_OK || (err = unlock_give_key(u, f)) != E_OK)
		return err;
	u->use.opened_at = o.opened_at;
	u->use.resumes += !o.first;
	info->opened_at = o.opened_at;
	info->remaining_s = (int64_t)u->use.limit_s - u->used_s;
	u->use.state = MEMORY_OPEN;
	u->spent = true;
	u->charged_s = o.used_s;
	u->beats = 1;
	return E_OK;
}

/*
 * Once more, right before the first write, for a file system without locks. Nothing on the stick has changed yet, so a claim that
 * was just made can be taken back.
 */
static enum err
look_and_destroy(struct unlock *u, const struct hold *hold, bool resume, struct unlock_info *info, struct fault *f)
{
	enum err err = unlock_look_again(u, hold, info, f);

	if (err == E_OK)
		return destroy(u, f);
	if (!resume && memory_forget(u->env.memory, u->grant->hash, u->slot, NULL) == E_OK)
		info->spent_now = false;
	return err;
}

/* S1 to S4, with nobody else at the records. Somebody was asked and took their time, so what was read before is read again. */
static enum err
take_slot(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	bool resume = u->use.state != MEMORY_NONE;
	struct hold *hold = NULL;
	enum err err;

	if ((err = hold_grant(&hold, u->stick, u->grant->id, f)) == E_OK && (err = unlock_look_again(u, hold, info, f)) == E_OK &&
	    (err = unlock_judge_clock(u, info, f)) == E_OK && !resume)
		err = claim(u, info, f);
	if (err == E_OK && u->use.blob_len == 0)
		err = ask_ledger(u, info, f);
	if (err == E_OK)
		err = look_and_destroy(u, hold, resume, info, f);
	hold_release(&hold);
	return err;
}

/*
 * Keep the receipt key, which the end needs, if it is the right one: that of a continued session lacks what only a ledger could
 * supply. Wipe all other secrets; the bundle has the one key that opens anything.
 */
static void
keep_receipt_key(struct unlock *u)
{
	uint8_t mac[MAC_SIZE];

	keytree_receipt(u->secret->receipt_key, u->secret->a, u->secret->factors);
	sodium_memzero(u->secret, offsetof(struct unlock_secrets, receipt_key));
	sign(u, mac);
	u->can_sign = sodium_memcmp(mac, u->use.receipt + u->use.receipt_len - MAC_SIZE, MAC_SIZE) == 0;
}

/* What unlock_spend does for who has no code. */
static enum err
open_by_key(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	enum err err = unlock_give_key(u, f);

	sodium_memzero(u->secret, sizeof *u->secret);
	u->spent = err == E_OK;
	info->opened_at = u->clock.now;
	return err;
}

enum err
unlock_spend(struct unlock *u, struct unlock_info *info, struct fault *f)
{
	enum err err;

	if (u->by_key)
		return open_by_key(u, info, f);
	info->spent_now = u->use.state != MEMORY_NONE;
	if (u->env.rehearsal || u->grant == NULL)
		return fault_set(f, E_FAIL, 0, "order", "unlock_spend");
	if ((err = take_slot(u, info, f)) == E_OK)
		err = begin_use(u, info, f);
	if (err == E_OK)
		keep_receipt_key(u);
	if (err != E_OK || !u->can_sign)
		sodium_memzero(u->secret, sizeof *u->secret);
	if (err != E_OK)
		bundle_lock(u->bundle);
	return err;
}

enum err
unlock_beat(struct unlock *u, int64_t used_s)
{
	bool brief = u->beats < UNLOCK_SHORT_BEATS;
	enum err err;

	if (u->by_key)
		return E_OK;
	if (u->spent && charge(u, used_s, UNLOCK_BEAT_S) <= u->charged_s)
		return E_OK;
	err = unlock_used(u, charge(u, used_s, brief ? UNLOCK_BEAT_S : UNLOCK_CHARGE_S), NULL);
	u->beats += brief && err == E_OK;
	return err;
}

enum err
unlock_used(struct unlock *u, int64_t used_s, struct fault *f)
{
	enum err err;

	if (!u->spent)
		return fault_set(f, E_FAIL, 0, "used", "unlock");
	if (u->by_key)
		return E_OK;
	if ((err = memory_used(u->env.memory, u->grant->hash, u->slot, used_s, f)) == E_OK)
		u->charged_s = used_s;
	return err;
}

/*
 * The receipt again, now with when and how the session ended. The clock counts on from its opening: the date may have been set
 * since.
 */
static bool
end_receipt(struct unlock *u, int64_t used_s)
{
	struct receipt r;

	if (!u->can_sign || receipt_parse(&r, BYTES(u->use.receipt, u->use.receipt_len - MAC_SIZE)) != 0)
		return false;
	r.ended_at = u->clock.t + (used_s > u->used_s ? used_s - u->used_s : 0);
	if (r.ended_at < r.spent_at)
		r.ended_at = r.spent_at;
	if (r.ended_at > TIME_MAX)
		r.ended_at = TIME_MAX;
	r.open_s = used_s > 0 ? (uint64_t)used_s : 0;
	r.resumes = u->use.resumes;
	put_receipt(u, &r);
	return true;
}

/*
 * Write A, then B; but if only A is good, B first, so that one of them always is. A stick that is unplugged, read-only, or in
 * other hands stays as it is: the station knows about the end, too.
 */
static void
write_end(struct unlock *u, int64_t used_s)
{
	const struct stick_slot *s = &u->records;
	uint8_t rec[RECORD_SIZE];
	struct hold *hold = NULL;
	int first;

	if (!end_receipt(u, used_s))
		return;
	tombstone(u, rec);
	if (hold_grant(&hold, u->stick, u->grant->id, NULL) == E_OK &&
	    stick_read_slot(u->stick, u->grant, u->slot, true, &u->records, NULL) == E_OK && unlock_foreign(u) == NULL) {
		first = s->a == RECORD_IS_SPENT && s->b != RECORD_IS_SPENT;
		if (stick_destroy_slot(u->stick, u->grant, u->slot, first, rec, NULL) == E_OK)
			(void)stick_destroy_slot(u->stick, u->grant, u->slot, !first, rec, NULL);
	}
	hold_release(&hold);
}

/* As long as the memory does not say that it has ended, a session that has time left may continue here. */
enum err
unlock_end(struct unlock *u, int64_t used_s, struct fault *f)
{
	enum err err;

	if (!u->spent)
		return fault_set(f, E_FAIL, 0, "end", "unlock");
	bundle_lock(u->bundle);
	u->spent = false;
	if (u->by_key)
		return E_OK;
	err = memory_close(u->env.memory, u->grant->hash, u->slot, used_s, f);
	if (err == E_OK || used_s >= (int64_t)u->use.limit_s)
		write_end(u, used_s);
	sodium_memzero(u->secret, sizeof *u->secret);
	return err;
}

/* Whether the records on s say that this is where the session began. Without a code it has none. */
static bool
has_our_records(const struct unlock *u, const struct stick *s)
{
	struct stick_slot slot;

	return u->by_key ||
	    (stick_read_slot(s, u->grant, u->slot, false, &slot, NULL) == E_OK && slot.a == RECORD_IS_SPENT &&
		slot.b == RECORD_IS_SPENT && unlock_is_ours(u, slot.body_a) && unlock_is_ours(u, slot.body_b));
}

enum err
unlock_reattach(struct unlock *u, int dir_fd, struct fault *f)
{
	struct stick *s = NULL;
	enum err err;

	if (!u->spent)
		return E_FAIL;
	if ((err = stick_open(&s, dir_fd, f)) != E_OK)
		return err;
	if (memcmp(s->id, u->stick->id, ID_SIZE) != 0 || !has_our_records(u, s))
		err = fault_set(f, E_WRONG_STICK, 0, "record", "%s", STICK_ONCE);
	else
		err = bundle_reattach(u->bundle, s->once_fd, f);
	if (err == E_OK) {
		stick_close(&u->stick);
		u->stick = s;
		s = NULL;
	}
	stick_close(&s);
	return err;
}

void
unlock_carry_notice(struct unlock *u)
{
	struct hold *hold = NULL;
	uint8_t *file = NULL;
	size_t n = 0;

	if (u->by_key)
		return;
	if (memory_notice_file(u->env.memory, u->grant->issuer, &file, &n, NULL) == E_OK && n > 0 &&
	    hold_stick(&hold, u->stick, &u->grants, NULL) == E_OK)
		(void)stick_store_notice(u->stick, u->grant->issuer, file, n);
	hold_release(&hold);
	free(file);
}
