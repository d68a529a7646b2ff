/*
 * treecache.h - verified tree blocks of a bundle that is being read: the hashes that its blocks must have.
 *
 * The root block is always kept, and of the others the 64 used last, which cover 8 GiB of data. Only verified blocks are ever
 * kept.
 */
#ifndef TREECACHE_H
#define TREECACHE_H

#include <stddef.h>
#include <stdint.h>

#include "blockcrypt.h"
#include "format.h"
#include "segment.h"
#include "tree.h"

struct treecache;

/*
 * treecache_new(shape, segments, root): nothing is read. shape, segments and root are borrowed while it lives. NULL if no
 * memory.
 */
struct treecache *treecache_new(const struct tree_shape *shape, struct segment_set *segments, const uint8_t root[HASH_SIZE]);

/* treecache_free(t): NULL-safe; sets *t to NULL. No other thread may use it any more. */
void treecache_free(struct treecache **t);

/*
 * treecache_start(t, crypt): read and verify the root block. Call this once, before treecache_hashes. Return 0, or -1 with errno:
 * EBADMSG if it does not verify, ENOTSUP if it would verify in the way of versions before 0.1.0.
 */
int treecache_start(struct treecache *t, struct blockcrypt *crypt);

/*
 * treecache_hashes(t, crypt, level, index, count, out): the hashes that blocks index .. index + count - 1 of level must have. All
 * of them must be below one tree block, so index / TREE_FANOUT is the same for the first and the last. Reads and verifies what is
 * not cached; threads that want the same tree block wait for the one that reads it. Return 0, or -1 with errno (EBADMSG: a tree
 * block does not verify).
 */
int treecache_hashes(struct treecache *t, struct blockcrypt *crypt, unsigned level, uint64_t index, size_t count,
    uint8_t (*out)[HASH_SIZE]);

#endif
