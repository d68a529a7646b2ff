/*
 * bundle_impl.h - the inside of a bundle, for bundle*.c.
 */
#ifndef BUNDLE_IMPL_H
#define BUNDLE_IMPL_H

#include <pthread.h>

#include "bundle.h"
#include "segment.h"
#include "treecache.h"

#define BUNDLE_NAME_SIZE (2 * ID_SIZE + 1)
#define BUNDLE_CACHE_BLOCKS 4u

/*
 * The content key. It never leaves secret memory. Its users are counted, and the last one wipes it if the bundle was locked
 * meanwhile.
 */
struct bundle_key {
	pthread_mutex_t mutex;
	uint8_t *ck;            /* secret; NULL until the first unlock */
	bool unlocked;
	unsigned users;
};

/* Decrypted blocks for bundle_image. */
struct bundle_cache {
	pthread_mutex_t mutex;  /* held while a block is read */
	struct blockcrypt *crypt; /* NULL while nobody reads the image, */
	uint8_t *blocks;        /* ... and so is this, which is secret */
	bool valid[BUNDLE_CACHE_BLOCKS];
	uint64_t index[BUNDLE_CACHE_BLOCKS], used[BUNDLE_CACHE_BLOCKS];
	uint64_t clock;
};

struct bundle {
	struct manifest manifest;
	struct tree_shape shape;
	char name[BUNDLE_NAME_SIZE];
	int dir_fd;
	struct segment_set *segments;
	struct treecache *tree;
	struct bundle_key key;
	struct bundle_cache cache;
};

#endif
