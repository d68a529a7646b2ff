/* memory.c - what a station remembers, however it is stored. */
#include "memory.h"

static enum err
named(enum err err, const char *step, struct fault *f)
{
	return fault_set(f, err, 0, step, "station memory");
}

enum err
memory_issuer(struct memory *m, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *f)
{
	return named(m->ops->issuer(m, pk, out, f), "issuer", f);
}

enum err
memory_closed_list(struct memory *m, bool *closed, struct fault *f)
{
	return named(m->ops->closed_list(m, closed, f), "closed list", f);
}

enum err
memory_notice_file(struct memory *m, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f)
{
	return named(m->ops->notice_file(m, pk, file, len, f), "notice", f);
}

enum err
memory_revoked(struct memory *m, const struct memory_target *target, struct memory_revoked *out, struct fault *f)
{
	return named(m->ops->revoked(m, target, out, f), "revoked", f);
}

enum err
memory_learn(struct memory *m, const struct notice *notice, struct bytes file, struct fault *f)
{
	return named(m->ops->learn(m, notice, file, f), "notice", f);
}

enum err
memory_marks(struct memory *m, struct memory_marks *out, struct fault *f)
{
	return named(m->ops->marks(m, out, f), "clock", f);
}

enum err
memory_use(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out, struct fault *f)
{
	return named(m->ops->use(m, grant_hash, slot, out, f), "use", f);
}

enum err
memory_each_open(struct memory *m, void (*each)(void *arg, const struct memory_use *u), void *arg, struct fault *f)
{
	return named(m->ops->each_open(m, each, arg, f), "open sessions", f);
}

enum err
memory_claim(struct memory *m, const struct memory_use *u, int64_t floor, struct fault *f)
{
	return named(m->ops->claim(m, u, floor, f), "claim", f);
}

enum err
memory_complete(struct memory *m, const struct memory_use *u, struct fault *f)
{
	return named(m->ops->complete(m, u, f), "complete", f);
}

enum err
memory_forget(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct fault *f)
{
	return named(m->ops->forget(m, grant_hash, slot, f), "forget", f);
}

enum err
memory_opened(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o, struct fault *f)
{
	return named(m->ops->opened(m, grant_hash, slot, o, f), "opened", f);
}

enum err
memory_used(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	return named(m->ops->used(m, grant_hash, slot, used_s, f), "used", f);
}

enum err
memory_close(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	return named(m->ops->close(m, grant_hash, slot, used_s, f), "close", f);
}

enum err
memory_lock_slot(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size, struct fault *f)
{
	return named(m->ops->lock_slot(m, grant_hash, slot, where, size, f), "lock", f);
}

void
memory_unlock_slot(struct memory *m)
{
	m->ops->unlock_slot(m);
}

enum err
memory_station_pk(struct memory *m, uint8_t pk[KEY_SIZE], struct fault *f)
{
	return named(m->ops->station_pk(m, pk, f), "station key", f);
}

enum err
memory_share(struct memory *m, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE], struct fault *f)
{
	return named(m->ops->share(m, grant_xpk, out, f), "station share", f);
}

bool
memory_persistent(struct memory *m)
{
	return m->ops->persistent(m);
}
