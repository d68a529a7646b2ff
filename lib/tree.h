/*
 * tree.h - the Merkle tree over a bundle's data blocks: its shape, and its construction in one pass.
 *
 * Level 0 is data. Block j of level k holds the hashes of blocks 2048 j ... of level k - 1. The file order of a bundle is level 0,
 * level 1, ..., level top; the root is the hash of the one block of level top, and top is at least 1.
 */
#ifndef TREE_H
#define TREE_H

#include <stdint.h>

#include "blockcrypt.h"
#include "format.h"

struct tree_shape {
	unsigned top;                          /* 1..TREE_LEVELS_MAX */
	uint64_t count[TREE_LEVELS_MAX + 1];   /* blocks in each level */
	uint64_t first[TREE_LEVELS_MAX + 1];   /* number in file order of each level's block 0 */
	uint64_t total;                        /* blocks in all levels */
};

/* tree_shape_of(s, n): the shape over n data blocks. Return 0, or -1 if n is 0 or above DATA_BLOCKS_MAX. */
int tree_shape_of(struct tree_shape *s, uint64_t n);

/*
 * A builder takes the hashes of the data blocks in order and then returns the tree blocks in file order. Hashes beyond the first
 * 16 MiB of them (for data beyond 32 GiB) go to an unlinked file in spool_dir; they are hashes of ciphertext, as public as the
 * stick itself. Memory is bounded whatever the bundle's size.
 */
struct tree_builder;

struct tree_builder *tree_builder_new(const char *spool_dir); /* NULL if no memory. spool_dir is copied. */
void tree_builder_free(struct tree_builder **b);

/* tree_builder_add(b, hash): take the hash of the next data block. Return 0, or -1 with errno. */
int tree_builder_add(struct tree_builder *b, const uint8_t hash[HASH_SIZE]);

/*
 * tree_builder_finish(b, crypt, emit, arg, root): compute every tree block and pass each, in file order, to emit; then set root.
 * emit returns 0 to continue; if it returns anything else, stop and return that. Return -1 with errno if we fail ourselves.
 */
int tree_builder_finish(struct tree_builder *b, struct blockcrypt *crypt, int (*emit)(void *arg, const uint8_t block[BLOCK_SIZE]),
    void *arg, uint8_t root[HASH_SIZE]);

#endif
