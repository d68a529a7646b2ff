/*
 * blockcache.h - the decrypted content of a mount: a few blocks in locked memory, and workers that read ahead. Code without a
 * mount reads through bundle_image, which keeps a few blocks of its own.
 *
 * Everything is in one arena of at most BLOCKCACHE_MAX bytes that is locked in RAM where RLIMIT_MEMLOCK allows, left out of core
 * dumps and absent from children. A block is fetched straight into its slot, by the thread that wants it or by a worker that reads
 * ahead; two threads never fetch the same block at the same time. No lock is held while a block is fetched. A slot is overwritten
 * by the next block that goes into it, and wiped when a fetch fails and at the end.
 */
#ifndef BLOCKCACHE_H
#define BLOCKCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define BLOCKCACHE_SLOTS_MAX 104u
#define BLOCKCACHE_MAX (BLOCKCACHE_SLOTS_MAX * BLOCK_SIZE)

/* Room for requests to read ahead that no worker has taken yet; requests that do not fit are dropped. */
#define BLOCKCACHE_QUEUE 128u

/*
 * Where blocks come from. fetch(arg, index, buf, ahead) fills the BLOCK_SIZE bytes at buf and returns 0, or returns a negative
 * errno; ahead says that nobody is waiting for the block yet. Any number of threads at once.
 */
struct blockcache_source {
	int (*fetch)(void *arg, uint64_t index, uint8_t buf[BLOCK_SIZE], bool ahead);
	void *arg;
};

struct blockcache;

/*
 * blockcache_new(slots): a cache of slots blocks, 2..BLOCKCACHE_SLOTS_MAX, with nothing to read yet; NULL if there is no memory.
 * Memory that cannot be locked is used unlocked; see secret_lockable.
 */
struct blockcache *blockcache_new(size_t slots);

/*
 * blockcache_start(c, source, blocks, workers): from now on blocks 0..blocks - 1 of source may be read, and up to workers threads
 * read ahead. Getting fewer threads than that, or even none, is not an error. Once for each cache, before any other thread uses
 * it.
 */
void blockcache_start(struct blockcache *c, struct blockcache_source source, uint64_t blocks, unsigned workers);

/*
 * blockcache_get(c, index, data): point *data to the BLOCK_SIZE bytes of block index, which stay there until blockcache_put.
 * Return 0, or a negative errno: -EIO beyond the end or after blockcache_close, otherwise what fetch returned. A failure is not
 * remembered. A thread that holds a block may wait for others, so all threads together must never want more than slots blocks at
 * once.
 */
int blockcache_get(struct blockcache *c, uint64_t index, const uint8_t **data);

/*
 * blockcache_put(c, data, done): give back what blockcache_get returned. done: nobody will want it again soon, so reuse this slot
 * first.
 */
void blockcache_put(struct blockcache *c, const uint8_t *data, bool done);

/* blockcache_read(c, buf, len, off): copy len bytes from offset off. Return 0, or a negative errno, with buf undefined. */
int blockcache_read(struct blockcache *c, void *buf, size_t len, uint64_t off);

/*
 * blockcache_ahead(c, first, count): let the workers fetch those of the count blocks from first on that are not in the cache.
 * Never waits.
 */
void blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count);

/*
 * blockcache_forget(c, first, count): of the count blocks from first on, those that were to be read ahead and nobody has asked for
 * are no longer wanted.
 */
void blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count);

/*
 * blockcache_close(c): every later get fails, workers stop, and all plaintext is wiped; what is held or being fetched now is wiped
 * when it is given back. Does not wait, and may be called twice.
 */
void blockcache_close(struct blockcache *c);

/* blockcache_free(c): close, wait for the workers and release. Nobody else may use the cache. NULL-safe; sets *c to NULL. */
void blockcache_free(struct blockcache **c);

#endif
