/*
 * fake_memory.c - a station's memory in plain arrays.
 */
#include "fake_memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "keytree.h"

static struct fake_store *
store_of(struct memory *m)
{
	return ((struct fake_memory *)(void *)m)->store;
}

static bool
changes(enum fake_call call)
{
	return call >= FAKE_CLAIM && call <= FAKE_CLOSE;
}

/* Count the call and say what shall become of it; does not come back from FAKE_CRASH_BEFORE. */
static enum fake_fate
arrive(struct fake_store *s, enum fake_call call)
{
	enum fake_fate fate = FAKE_WORK;

	s->calls[call]++;
	s->total++;
	s->changes += changes(call);
	if (s->plan != NULL)
		fate = s->plan(s->plan_arg, call, s->total);
	if (fate == FAKE_WORK && (s->total == s->at || (changes(call) && s->changes == s->at_change)))
		fate = s->fate;
	if (fate == FAKE_CRASH_BEFORE)
		_exit(FAKE_CRASHED);
	return fate;
}

static enum err
leave(enum fake_fate fate, enum err err)
{
	if (fate == FAKE_CRASH_AFTER)
		_exit(FAKE_CRASHED);
	return fate == FAKE_FAIL_AFTER ? E_STATION : err;
}

static struct fake_issuer *
find_issuer(struct fake_store *s, const uint8_t pk[KEY_SIZE])
{
	for (size_t i = 0; i < s->issuer_count; i++)
		if (memcmp(s->issuers[i].pk, pk, KEY_SIZE) == 0)
			return &s->issuers[i];
	return NULL;
}

static struct fake_issuer *
know(struct fake_store *s, const uint8_t pk[KEY_SIZE], int64_t floor)
{
	struct fake_issuer *is = find_issuer(s, pk);

	if (is == NULL && s->issuer_count < FAKE_ISSUERS) {
		is = &s->issuers[s->issuer_count++];
		memset(is, 0, sizeof *is);
		memcpy(is->pk, pk, KEY_SIZE);
		is->known.known = true;
	}
	if (is != NULL && is->known.floor < floor)
		is->known.floor = floor;
	return is;
}

static struct memory_use *
find_use(struct fake_store *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	for (size_t i = 0; i < s->use_count; i++)
		if (s->uses[i].slot == slot && memcmp(s->uses[i].grant_hash, grant_hash, HASH_SIZE) == 0)
			return &s->uses[i];
	return NULL;
}

static bool
listed(const struct fake_revoked *list, size_t n, const uint8_t pk[KEY_SIZE], const uint8_t id[ID_SIZE], uint32_t slot)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].slot == slot && memcmp(list[i].pk, pk, KEY_SIZE) == 0 && memcmp(list[i].id, id, ID_SIZE) == 0)
			return true;
	return false;
}

static void
list_add(struct fake_revoked *list, size_t *n, size_t max, const uint8_t pk[KEY_SIZE], const uint8_t id[ID_SIZE], uint32_t slot)
{
	if (*n == max || listed(list, *n, pk, id, slot))
		return;
	memcpy(list[*n].pk, pk, KEY_SIZE);
	memcpy(list[*n].id, id, ID_SIZE);
	list[(*n)++].slot = slot;
}

static void
merge_notice(struct fake_store *s, struct fake_issuer *is, const struct notice *n, struct bytes file)
{
	for (size_t i = 0; i < n->grant_count; i++)
		for (uint32_t slot = 0; slot < n->grants[i].len * 8u; slot++)
			if (n->grants[i].bitmap[slot / 8] & 1u << slot % 8)
				list_add(s->revoked, &s->revoked_count, FAKE_REVOKED, is->pk, n->grants[i].grant_id, slot);
	for (size_t i = 0; i < n->withdrawn_count; i++)
		list_add(s->withdrawn, &s->withdrawn_count, FAKE_WITHDRAWN, is->pk, n->withdrawn[i], 0);
	if (n->number <= is->known.notice_no)
		return;
	is->known.notice_no = n->number;
	is->notice_len = file.n <= FAKE_NOTICE_MAX ? file.n : 0;
	if (is->notice_len > 0)
		memcpy(is->notice, file.p, is->notice_len);
}

static enum err
full(struct fault *f)
{
	return fault_set(f, E_STATION, ENOSPC, "write", "fake");
}

static enum err
fake_issuer(struct memory *m, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_ISSUER);
	const struct fake_issuer *is = find_issuer(s, pk);

	if (fate == FAKE_FAIL)
		return full(f);
	memset(out, 0, sizeof *out);
	if (is != NULL)
		*out = is->known;
	return leave(fate, E_OK);
}

static enum err
fake_closed_list(struct memory *m, bool *closed, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_CLOSED_LIST);

	if (fate == FAKE_FAIL)
		return full(f);
	*closed = s->closed_list;
	return leave(fate, E_OK);
}

static enum err
fake_notice_file(struct memory *m, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_NOTICE_FILE);
	const struct fake_issuer *is = find_issuer(s, pk);

	*file = NULL;
	*len = 0;
	if (fate == FAKE_FAIL)
		return full(f);
	if (is != NULL && is->notice_len > 0) {
		if ((*file = malloc(is->notice_len)) == NULL)
			return E_FAIL;
		memcpy(*file, is->notice, is->notice_len);
		*len = is->notice_len;
	}
	return leave(fate, E_OK);
}

static enum err
fake_revoked(struct memory *m, const struct memory_target *t, struct memory_revoked *out, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_REVOKED_ASKED);

	if (fate == FAKE_FAIL)
		return full(f);
	out->slot = listed(s->revoked, s->revoked_count, t->issuer, t->grant_id, t->slot);
	out->bundle = listed(s->withdrawn, s->withdrawn_count, t->issuer, t->bundle_id, 0);
	return leave(fate, E_OK);
}

static enum err
fake_learn(struct memory *m, const struct notice *notice, struct bytes file, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_LEARN);
	struct fake_issuer *is = NULL;

	if (fate == FAKE_FAIL)
		return full(f);
	if (s->refuses_lists || (s->closed_list && find_issuer(s, notice->issuer) == NULL))
		return leave(fate, E_ISSUER);
	if (s->read_only)
		return leave(fate, E_OK);
	if ((is = know(s, notice->issuer, notice->time)) == NULL)
		return E_STATION;
	merge_notice(s, is, notice, file);
	return leave(fate, E_OK);
}

static enum err
fake_marks(struct memory *m, struct memory_marks *out, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_MARKS);

	if (fate == FAKE_FAIL)
		return full(f);
	*out = (struct memory_marks){s->high_water, s->proved, s->was_reset};
	return leave(fate, E_OK);
}

static enum err
fake_use(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_USE);
	const struct memory_use *row = find_use(s, grant_hash, slot);

	if (fate == FAKE_FAIL)
		return full(f);
	memset(out, 0, sizeof *out);
	if (row != NULL)
		*out = *row;
	return leave(fate, E_OK);
}

static enum err
fake_each_open(struct memory *m, void (*each)(void *arg, const struct memory_use *u), void *arg, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_EACH_OPEN);

	if (fate == FAKE_FAIL)
		return full(f);
	for (size_t i = 0; i < s->use_count; i++)
		if (s->uses[i].state == MEMORY_OPEN)
			each(arg, &s->uses[i]);
	return leave(fate, E_OK);
}

static enum err
fake_claim(struct memory *m, const struct memory_use *u, int64_t floor, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_CLAIM);

	if (fate == FAKE_FAIL || s->read_only || s->use_count == FAKE_USES)
		return full(f);
	if (u->state != MEMORY_CLAIMED || u->blob_len > MEMORY_BLOB_MAX || u->receipt_len > MEMORY_RECEIPT_MAX)
		return E_FAIL;
	if (find_use(s, u->grant_hash, u->slot) != NULL)
		return leave(fate, E_SPENT);
	if (s->closed_list && find_issuer(s, u->issuer) == NULL)
		return leave(fate, E_ISSUER);
	if (know(s, u->issuer, floor) == NULL)
		return E_STATION;
	s->uses[s->use_count++] = *u;
	return leave(fate, E_OK);
}

static enum err
fake_complete(struct memory *m, const struct memory_use *u, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_COMPLETE);
	struct memory_use *row = find_use(s, u->grant_hash, u->slot);

	if (fate == FAKE_FAIL || s->read_only)
		return full(f);
	if (row == NULL || row->state != MEMORY_CLAIMED || row->blob_len > 0 || row->receipt_len > 0)
		return leave(fate, E_STATION);
	row->blob_len = u->blob_len;
	memcpy(row->blob, u->blob, sizeof row->blob);
	row->receipt_len = u->receipt_len;
	memcpy(row->receipt, u->receipt, sizeof row->receipt);
	return leave(fate, E_OK);
}

static enum err
fake_forget(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_FORGET);
	struct memory_use *row = find_use(s, grant_hash, slot);

	if (fate == FAKE_FAIL || s->read_only)
		return full(f);
	if (row == NULL || row->state != MEMORY_CLAIMED)
		return leave(fate, E_STATION);
	*row = s->uses[--s->use_count];
	return leave(fate, E_OK);
}

static enum err
fake_opened(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_OPENED);
	struct memory_use *row = find_use(s, grant_hash, slot);

	if (fate == FAKE_FAIL || s->read_only)
		return full(f);
	if (row == NULL || row->state != (o->first ? MEMORY_CLAIMED : MEMORY_OPEN))
		return leave(fate, E_STATION);
	if (o->first) {
		row->state = MEMORY_OPEN;
		row->opened_at = o->opened_at;
	} else {
		row->resumes++;
	}
	row->used_s = o->used_s;
	row->began = o->began;
	if (o->now > s->high_water)
		s->high_water = o->now;
	if (o->now > s->proved)
		s->proved = o->now;
	s->was_reset = false;
	return leave(fate, E_OK);
}

static enum err
fake_used(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_USED);
	struct memory_use *row = find_use(s, grant_hash, slot);

	if (fate == FAKE_FAIL || s->read_only)
		return full(f);
	if (row == NULL || row->state != MEMORY_OPEN)
		return leave(fate, E_STATION);
	row->used_s = used_s;
	return leave(fate, E_OK);
}

static enum err
fake_close(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_CLOSE);
	struct memory_use *row = find_use(s, grant_hash, slot);

	if (fate == FAKE_FAIL || s->read_only)
		return full(f);
	if (row == NULL)
		return leave(fate, E_STATION);
	row->state = MEMORY_CLOSED;
	row->used_s = used_s;
	row->blob_len = 0;
	memset(row->blob, 0, sizeof row->blob);
	return leave(fate, E_OK);
}

static bool
held(const struct fake_lock *l)
{
	return l->pid != 0 && (l->pid == getpid() || kill(l->pid, 0) == 0 || errno != ESRCH);
}

static enum err
fake_lock_slot(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size, struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_LOCK_SLOT);
	struct fake_lock *freed = NULL;

	if (size > 0)
		where[0] = '\0';
	if (fate == FAKE_FAIL)
		return full(f);
	for (size_t i = 0; i < FAKE_LOCKS; i++) {
		struct fake_lock *l = &s->locks[i];

		if (!held(l)) {
			freed = l;
		} else if (l->pid == getpid() && l->handle == m) {
			return E_FAIL; /* one lock at a time */
		} else if (l->slot == slot && memcmp(l->grant_hash, grant_hash, HASH_SIZE) == 0) {
			snprintf(where, size, "%s", l->where);
			return leave(fate, E_BUSY);
		}
	}
	if (freed == NULL)
		return E_STATION;
	*freed = (struct fake_lock){ .pid = getpid(), .handle = m, .slot = slot };
	memcpy(freed->grant_hash, grant_hash, HASH_SIZE);
	return leave(fate, E_OK);
}

static void
drop_lock(struct fake_store *s, const struct memory *m)
{
	for (size_t i = 0; i < FAKE_LOCKS; i++)
		if (s->locks[i].pid == getpid() && s->locks[i].handle == m)
			memset(&s->locks[i], 0, sizeof s->locks[i]);
}

static void
fake_unlock_slot(struct memory *m)
{
	enum fake_fate fate = arrive(store_of(m), FAKE_UNLOCK_SLOT);

	drop_lock(store_of(m), m);
	(void)leave(fate, E_OK);
}

static enum err
fake_station_pk(struct memory *m, uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_STATION_PK);

	if (fate == FAKE_FAIL || crypto_scalarmult_curve25519_base(pk, s->station_sk) != 0)
		return full(f);
	return leave(fate, E_OK);
}

static enum err
fake_share(struct memory *m, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE], struct fault *f)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_SHARE);
	uint8_t pk[KEY_SIZE];

	if (fate == FAKE_FAIL || crypto_scalarmult_curve25519_base(pk, s->station_sk) != 0)
		return full(f);
	if (keytree_station_share(out, s->station_sk, grant_xpk, grant_xpk, pk) != 0)
		return leave(fate, E_WRONG_STATION);
	return leave(fate, E_OK);
}

static bool
fake_persistent(struct memory *m)
{
	struct fake_store *s = store_of(m);
	enum fake_fate fate = arrive(s, FAKE_PERSISTENT);

	(void)leave(fate, E_OK);
	return !s->is_volatile;
}

static const struct memory_ops fake_ops = {
	.issuer = fake_issuer,
	.closed_list = fake_closed_list,
	.notice_file = fake_notice_file,
	.revoked = fake_revoked,
	.learn = fake_learn,
	.marks = fake_marks,
	.use = fake_use,
	.each_open = fake_each_open,
	.claim = fake_claim,
	.complete = fake_complete,
	.forget = fake_forget,
	.opened = fake_opened,
	.used = fake_used,
	.close = fake_close,
	.lock_slot = fake_lock_slot,
	.unlock_slot = fake_unlock_slot,
	.station_pk = fake_station_pk,
	.share = fake_share,
	.persistent = fake_persistent,
};

static struct fake_memory *
handle_on(struct fake_store *s, unsigned *handles)
{
	struct fake_memory *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->memory.ops = &fake_ops;
	m->store = s;
	m->handles = handles;
	++*handles;
	return m;
}

struct fake_memory *
fake_memory_new(void)
{
	struct fake_store *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned *handles = calloc(1, sizeof *handles);
	struct fake_memory *m = NULL;

	if (s != MAP_FAILED && handles != NULL) {
		randombytes_buf(s->station_sk, sizeof s->station_sk);
		m = handle_on(s, handles);
	}
	if (m == NULL) {
		free(handles);
		if (s != MAP_FAILED)
			munmap(s, sizeof *s);
	}
	return m;
}

struct fake_memory *
fake_memory_again(const struct fake_memory *m)
{
	return handle_on(m->store, m->handles);
}

void
fake_memory_free(struct fake_memory **m)
{
	if (*m == NULL)
		return;
	drop_lock((*m)->store, &(*m)->memory);
	if (--*(*m)->handles == 0) {
		munmap((*m)->store, sizeof *(*m)->store);
		free((*m)->handles);
	}
	free(*m);
	*m = NULL;
}

void
fake_memory_recount(struct fake_memory *m)
{
	struct fake_store *s = m->store;

	memset(s->calls, 0, sizeof s->calls);
	s->total = s->changes = s->at = s->at_change = 0;
	s->fate = FAKE_WORK;
	s->plan = NULL;
	s->plan_arg = NULL;
}

void
fake_memory_know(struct fake_memory *m, const uint8_t pk[KEY_SIZE], int64_t floor)
{
	(void)know(m->store, pk, floor);
}

struct memory_use *
fake_memory_row(struct fake_memory *m, const uint8_t *grant_hash, uint32_t slot)
{
	if (grant_hash == NULL)
		return m->store->use_count > 0 ? &m->store->uses[0] : NULL;
	return find_use(m->store, grant_hash, slot);
}
