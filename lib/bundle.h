/*
 * bundle.h - reading a bundle: signature, tree, and, with the content key, its plaintext.
 *
 * Every block is read into a private buffer until it is full, hashed there, compared with an entry of a tree block that was
 * verified before, and only then decrypted in place. Nothing is mapped; nothing unverified is ever decrypted or cached.
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
 * bundle_open(b, once_fd, id, manifest_hash, f): open b/<id> below the ONCE directory once_fd: manifest signature, directory
 * name, manifest hash (unless NULL: then any manifest of that id that is signed), every segment a regular file of exactly the
 * right size, root block verified. once_fd is borrowed for the call only. On success *b is owned by the caller.
 * Errors: E_BUNDLE, E_STICK_IO, E_FAIL.
 */
enum err bundle_open(struct bundle **b, int once_fd, const uint8_t id[ID_SIZE], const uint8_t *manifest_hash, struct fault *f);

/* bundle_free(b): wipe the content key and release. NULL-safe; sets *b to NULL. */
void bundle_free(struct bundle **b);

const struct manifest *bundle_manifest(const struct bundle *b);
const struct tree_shape *bundle_shape(const struct bundle *b);

/*
 * bundle_unlock(b, ck): keep a copy of the content key in secret memory if it satisfies the manifest's commitment.
 * Return E_OK, E_BUNDLE if it does not, E_FAIL if there is no memory.
 */
enum err bundle_unlock(struct bundle *b, const uint8_t ck[KEY_SIZE]);

/* bundle_lock(b): wipe the content key; reads that are under way may still finish, later ones fail with -EIO. */
void bundle_lock(struct bundle *b);

/*
 * bundle_reattach(b, once_fd, f): the stick went away and is back, below another ONCE directory: read on from there, if the bundle
 * of the same id has the very same manifest, and segments and root block as in bundle_open, with the same errors; b is as before
 * then. Any number of threads may be reading meanwhile, but only one may reattach.
 */
enum err bundle_reattach(struct bundle *b, int once_fd, struct fault *f);

/*
 * bundle_read_block(b, crypt, index, buf): the plaintext of data block index, verified. Return 0; -EBADMSG if what is there does
 * not verify; -EIO if it is short or cannot be read, errno saying why (0: it was tried without a key or beyond the end); nothing of
 * it is in buf then. Any number of threads, each with its own crypt.
 */
int bundle_read_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE]);

/* bundle_check_block(b, crypt, index, buf): as bundle_read_block, without decrypting: needs no key. buf holds ciphertext after. */
int bundle_check_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE]);

/*
 * bundle_image(b, img): open the image of an unlocked bundle, read block by block with a small cache of its own inside b.
 * For callers without a cache of their own (verify, rehearse, the library). Return 0 or a negative errno: -EBADMSG if a block does
 * not verify or the image is impossible, else why it cannot be read.
 */
int bundle_image(struct bundle *b, struct image *img);

/* ---- checking the whole ------------------------------------------------------------------------------------------------- */

struct bundle_damage {
	unsigned level;         /* 0 data, above: tree */
	uint64_t index;         /* in the level */
	uint32_t segment;       /* number of the .seg file */
	uint64_t segment_off;   /* of the block in it */
	uint64_t image_off;     /* data: first byte in the image; tree: first byte of what it covers */
	uint64_t image_len;     /* bytes of the image that cannot be read because of it */
	bool io;                /* could not be read, rather than read wrong */
};

struct bundle_check {
	unsigned threads;                                       /* 0: one per processor */
	bool direct;                                            /* bypass the page cache: O_DIRECT, else POSIX_FADV_DONTNEED */
	int (*progress)(void *arg, uint64_t done, uint64_t all);/* bytes; non-zero stops with E_INTERRUPTED; may be NULL */
	void (*damage)(void *arg, const struct bundle_damage *d);/* once per damaged block, in the order below; may be NULL */
	void *arg;                                              /* callbacks run in the calling thread */
	bool was_direct;                                        /* out: it came from the device, not from a cache */
};

/*
 * bundle_verify(b, check, f): read and verify every block: the root, then each lower level of the tree, then the data, each in
 * order. What lies below a damaged tree block cannot be verified and is not reported again. Return E_OK; E_BUNDLE if any block is
 * damaged, after all were tried; E_INTERRUPTED; E_STICK_IO if the rights do not let one be read; E_FAIL.
 */
enum err bundle_verify(struct bundle *b, struct bundle_check *check, struct fault *f);

#endif
