/*
 * bundle.h - reading a bundle: its signature, its tree and, with the content key, its plaintext.
 *
 * A block is read in full into a private buffer, hashed there, compared with an entry of a tree block that has been verified, and
 * only then decrypted in place. Nothing is mapped; nothing unverified is ever decrypted or cached.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blockcrypt.h"
#include "error.h"
#include "format.h"
#include "image.h"
#include "manifest.h"
#include "tree.h"

struct bundle;

/*
 * bundle_open(b, once_fd, id, manifest_hash, f): open b/<id> below the ONCE directory once_fd. Check the manifest's signature, the
 * directory name, the manifest hash (if it is NULL, any signed manifest of that id will do), that every segment is a regular file
 * of exactly the right size, and the root block. once_fd is borrowed for the call only. On success the caller owns *b. Errors:
 * E_BUNDLE, E_STICK_IO, E_FAIL.
 */
enum err bundle_open(struct bundle **b, int once_fd, const uint8_t id[ID_SIZE], const uint8_t *manifest_hash, struct fault *f);

/* bundle_free(b): wipe the content key and release *b. NULL-safe; sets *b to NULL. */
void bundle_free(struct bundle **b);

const struct manifest *bundle_manifest(const struct bundle *b);
const struct tree_shape *bundle_shape(const struct bundle *b);

/*
 * bundle_unlock(b, ck): keep a copy of the content key in secret memory if it satisfies the manifest's commitment.
 * Return E_OK, E_BUNDLE if it does not, E_FAIL if there is no memory.
 */
enum err bundle_unlock(struct bundle *b, const uint8_t ck[KEY_SIZE]);

/* bundle_lock(b): wipe the content key. Reads that are under way may still finish; later ones fail with -EIO. */
void bundle_lock(struct bundle *b);

/*
 * bundle_reattach(b, once_fd, f): the stick went away and is back below another ONCE directory: continue reading from there. The
 * bundle of the same id there must have the very same manifest, and its segments and root block are checked as in bundle_open,
 * with the same errors; after an error b is unchanged. Any number of threads may be reading during the call, but only one may
 * reattach.
 */
enum err bundle_reattach(struct bundle *b, int once_fd, struct fault *f);

/*
 * bundle_read_block(b, crypt, index, buf): the verified plaintext of data block index. Return 0; -EBADMSG if what is there does
 * not verify; -EIO if it is too short or cannot be read, and errno says why (0: there was no key, or index is beyond the end). On
 * failure buf holds nothing of the block. Any number of threads, each with a crypt of its own.
 */
int bundle_read_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE]);

/*
 * bundle_check_block(b, crypt, index, buf): like bundle_read_block, but without decrypting, so it needs no key. Afterwards buf
 * holds ciphertext.
 */
int bundle_check_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE]);

/*
 * bundle_image(b, img): open the image of an unlocked bundle, which is then read block by block through a small cache inside b.
 * For callers without a cache of their own (verify, rehearse, the library). Return 0 or a negative errno: -EBADMSG if a block does
 * not verify or the image makes no sense, otherwise the reason why it cannot be read.
 */
int bundle_image(struct bundle *b, struct image *img);

/* ---- checking the whole ------------------------------------------------------------------------------------------------- */

struct bundle_damage {
	unsigned level;         /* 0: data; above: tree */
	uint64_t index;         /* in the level */
	uint32_t segment;       /* number of the .seg file */
	uint64_t segment_off;   /* of the block in it */
	uint64_t image_off;     /* data: its first byte in the image; tree: the first byte that it covers */
	uint64_t image_len;     /* bytes of the image that cannot be read because of it */
	bool io;                /* could not be read, rather than read wrong */
};

struct bundle_check {
	unsigned threads;                                       /* 0: one per processor */
	bool direct;                                            /* bypass the page cache: O_DIRECT, else POSIX_FADV_DONTNEED */
	int (*progress)(void *arg, uint64_t done, uint64_t all);/* bytes; non-zero stops with E_INTERRUPTED; may be NULL */
	void (*damage)(void *arg, const struct bundle_damage *d);/* once per damaged block, in the order below; may be NULL */
	void *arg;                                              /* callbacks run in the calling thread */
	bool was_direct;                                        /* out: the blocks came from the device, not from a cache */
};

/*
 * bundle_verify(b, check, f): read and verify every block in order: the root, then each lower level of the tree, then the data.
 * Whatever is below a damaged tree block cannot be verified and is not reported again. Return E_OK; E_BUNDLE if any block is
 * damaged, after all were tried; E_INTERRUPTED; E_STICK_IO if access rights prevent reading a block; E_FAIL.
 */
enum err bundle_verify(struct bundle *b, struct bundle_check *check, struct fault *f);

#endif
