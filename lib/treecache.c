/*
 * treecache.c - verified tree blocks, for many threads.
 */
#include "treecache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BLOCKS 64u

enum kept_state { KEPT_FREE, KEPT_LOADING, KEPT_READY };

struct kept {
	enum kept_state state;
	unsigned level;
	uint64_t index;
	uint64_t used;
	uint8_t *block;         /* allocated at first use; written by the loading thread only */
};

struct treecache {
	const struct tree_shape *shape;
	struct segment_set *segments;
	const uint8_t *root;
	uint8_t *top;           /* the block of the top level: never changes after treecache_start, read without the lock */
	pthread_mutex_t mutex;
	pthread_cond_t loaded;
	uint64_t clock;
	struct kept kept[KEPT_BLOCKS];
};

struct treecache *
treecache_new(const struct tree_shape *shape, struct segment_set *segments, const uint8_t root[HASH_SIZE])
{
	struct treecache *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->shape = shape;
	t->segments = segments;
	t->root = root;
	t->top = malloc(BLOCK_SIZE);
	if (t->top == NULL || pthread_mutex_init(&t->mutex, NULL) != 0)
		goto fail;
	if (pthread_cond_init(&t->loaded, NULL) != 0) {
		(void)pthread_mutex_destroy(&t->mutex);
		goto fail;
	}
	return t;
fail:
	free(t->top);
	free(t);
	return NULL;
}

void
treecache_free(struct treecache **t)
{
	if (*t == NULL)
		return;
	for (unsigned i = 0; i < KEPT_BLOCKS; i++)
		free((*t)->kept[i].block);
	(void)pthread_cond_destroy(&(*t)->loaded);
	(void)pthread_mutex_destroy(&(*t)->mutex);
	free((*t)->top);
	free(*t);
	*t = NULL;
}

static int
read_verified(struct treecache *t, struct blockcrypt *crypt, unsigned level, uint64_t index, const uint8_t want[HASH_SIZE],
    uint8_t *block)
{
	uint8_t got[HASH_SIZE];

	if (segment_read(t->segments, t->shape->first[level] + index, 1, block) != 0)
		return -1;
	if (blockcrypt_hash(crypt, got, level, index, block) != 0) {
		errno = ENOMEM;
		return -1;
	}
	if (memcmp(got, want, HASH_SIZE) != 0) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

int
treecache_start(struct treecache *t, struct blockcrypt *crypt)
{
	uint8_t old[HASH_SIZE];

	if (read_verified(t, crypt, t->shape->top, 0, t->root, t->top) == 0)
		return 0;
	if (errno == EBADMSG) {
		blockcrypt_hash_before_0_1_0(old, t->shape->top, 0, t->top);
		errno = memcmp(old, t->root, HASH_SIZE) == 0 ? ENOTSUP : EBADMSG;
	}
	return -1;
}

/* ---- under the lock ----------------------------------------------------------------------------------------------------- */

static struct kept *
find_kept(struct treecache *t, unsigned level, uint64_t index)
{
	for (unsigned i = 0; i < KEPT_BLOCKS; i++) {
		struct kept *k = &t->kept[i];

		if (k->index == index && k->level == level && k->state != KEPT_FREE)
			return k;
	}
	return NULL;
}

/* A place to load another block into; NULL if all places are being loaded. */
static struct kept *
find_victim(struct treecache *t)
{
	struct kept *best = NULL;

	for (unsigned i = 0; i < KEPT_BLOCKS; i++) {
		struct kept *k = &t->kept[i];

		if (k->state == KEPT_FREE)
			return k;
		if (k->state == KEPT_READY && (best == NULL || k->used < best->used))
			best = k;
	}
	return best;
}

/* Releases the lock while it reads. */
static int
load(struct treecache *t, struct blockcrypt *crypt, struct kept *k, const uint8_t want[HASH_SIZE])
{
	int r = -1, saved;

	k->state = KEPT_LOADING;
	(void)pthread_mutex_unlock(&t->mutex);
	if (k->block == NULL)
		k->block = malloc(BLOCK_SIZE);
	if (k->block != NULL)
		r = read_verified(t, crypt, k->level, k->index, want, k->block);
	saved = errno;
	(void)pthread_mutex_lock(&t->mutex);
	k->state = r == 0 ? KEPT_READY : KEPT_FREE;
	k->used = ++t->clock;
	(void)pthread_cond_broadcast(&t->loaded);
	errno = saved;
	return r;
}

/* The tree block (level, index), with the lock held; NULL if it is not there yet and nobody is loading it. */
static struct kept *
wait_for(struct treecache *t, unsigned level, uint64_t index)
{
	struct kept *k = NULL;

	while ((k = find_kept(t, level, index)) != NULL && k->state == KEPT_LOADING)
		(void)pthread_cond_wait(&t->loaded, &t->mutex);
	return k;
}

static struct kept *
load_new(struct treecache *t, struct blockcrypt *crypt, unsigned level, uint64_t index, const uint8_t want[HASH_SIZE])
{
	struct kept *k = NULL;

	while ((k = wait_for(t, level, index)) == NULL) {
		k = find_victim(t);
		if (k == NULL) {
			(void)pthread_cond_wait(&t->loaded, &t->mutex);
			continue;
		}
		k->level = level;
		k->index = index;
		return load(t, crypt, k, want) == 0 ? k : NULL;
	}
	return k;
}

/* ---- hashes ------------------------------------------------------------------------------------------------------------- */

static void
copy_hashes(uint8_t (*out)[HASH_SIZE], const uint8_t *block, uint64_t index, size_t count)
{
	memcpy(out, block + index % TREE_FANOUT * HASH_SIZE, count * HASH_SIZE);
}

static int
cached_hashes(struct treecache *t, struct blockcrypt *crypt, unsigned level, uint64_t index, size_t count,
    uint8_t (*out)[HASH_SIZE])
{
	uint64_t parent = index / TREE_FANOUT;
	uint8_t want[1][HASH_SIZE];
	struct kept *k = NULL;

	(void)pthread_mutex_lock(&t->mutex);
	k = wait_for(t, level + 1, parent);
	if (k == NULL) {
		/* Get the expected hash first: a thread that has claimed a place never waits for another. */
		(void)pthread_mutex_unlock(&t->mutex);
		if (treecache_hashes(t, crypt, level + 1, parent, 1, want) != 0)
			return -1;
		(void)pthread_mutex_lock(&t->mutex);
		k = load_new(t, crypt, level + 1, parent, want[0]);
	}
	if (k != NULL) {
		copy_hashes(out, k->block, index, count);
		k->used = ++t->clock;
	}
	(void)pthread_mutex_unlock(&t->mutex);
	return k != NULL ? 0 : -1;
}

int
treecache_hashes(struct treecache *t, struct blockcrypt *crypt, unsigned level, uint64_t index, size_t count,
    uint8_t (*out)[HASH_SIZE])
{
	if (level == t->shape->top) {
		memcpy(out[0], t->root, HASH_SIZE);
		return 0;
	}
	if (level + 1 == t->shape->top) {
		copy_hashes(out, t->top, index, count);
		return 0;
	}
	return cached_hashes(t, crypt, level, index, count, out);
}
