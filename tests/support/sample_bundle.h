/*
 * sample_bundle.h - writes bundles into a directory of its own, block by block as the format says. For tests.
 */
#ifndef SAMPLE_BUNDLE_H
#define SAMPLE_BUNDLE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "blockcrypt.h"
#include "bytes.h"
#include "envelope.h"
#include "keytree.h"
#include "manifest.h"
#include "remove.h"
#include "stickio.h"
#include "tree.h"

struct sample {
	char dir[64];           /* an ONCE directory below $TMPDIR or /tmp */
	int once_fd;
	int dir_fd;             /* b/<id> */
	uint8_t seed[KEY_SIZE];
	uint8_t ck[KEY_SIZE];
	struct manifest m;
	uint64_t at;            /* blocks written */
};

/* Fills block i of the data, ciphertext, and returns 1, or returns 0 for zeros. */
typedef int (*sample_fill)(void *arg, uint64_t i, uint8_t block[BLOCK_SIZE]);

static inline void
sample_segment(const struct sample *s, uint32_t number, int flags, int *fd)
{
	char name[32];

	(void)snprintf(name, sizeof name, "%08u.seg", number);
	*fd = openat(s->dir_fd, name, flags | O_CLOEXEC, 0600);
	ck_assert_int_ge(*fd, 0);
}

/* Overwrite n bytes at offset off of block b of the stream. */
static inline void
sample_poke(const struct sample *s, uint64_t b, size_t off, const void *p, size_t n)
{
	int fd;

	sample_segment(s, (uint32_t)(b / SEGMENT_BLOCKS), O_WRONLY, &fd);
	ck_assert_int_eq(pwrite(fd, p, n, (off_t)(b % SEGMENT_BLOCKS * BLOCK_SIZE + off)), (ssize_t)n);
	(void)close(fd);
}

static inline void
sample_peek(const struct sample *s, uint64_t b, uint8_t block[BLOCK_SIZE])
{
	int fd;

	sample_segment(s, (uint32_t)(b / SEGMENT_BLOCKS), O_RDONLY, &fd);
	ck_assert_int_eq(pread(fd, block, BLOCK_SIZE, (off_t)(b % SEGMENT_BLOCKS * BLOCK_SIZE)), (ssize_t)BLOCK_SIZE);
	(void)close(fd);
}

static inline void
sample_flip(const struct sample *s, uint64_t b, size_t off, unsigned bit)
{
	static uint8_t block[BLOCK_SIZE];
	uint8_t v;

	sample_peek(s, b, block);
	v = (uint8_t)(block[off] ^ 1u << bit);
	sample_poke(s, b, off, &v, 1);
}

/* The next block of the stream; zeros become a hole. */
static inline void
sample_append(struct sample *s, const uint8_t *block)
{
	int fd;

	sample_segment(s, (uint32_t)(s->at / SEGMENT_BLOCKS), O_WRONLY | O_CREAT, &fd);
	ck_assert_int_eq(ftruncate(fd, (off_t)((s->at % SEGMENT_BLOCKS + 1) * BLOCK_SIZE)), 0);
	(void)close(fd);
	if (block != NULL)
		sample_poke(s, s->at, 0, block, BLOCK_SIZE);
	s->at++;
}

static inline int
sample_append_tree(void *arg, const uint8_t block[BLOCK_SIZE])
{
	sample_append(arg, block);
	return 0;
}

/* (Re)write the manifest as it is in s->m, signed. */
static inline void
sample_sign(struct sample *s)
{
	uint8_t sk[SIGN_SECRET_SIZE], *payload = NULL, *file = NULL;
	size_t n = 0, file_n = 0;

	keytree_sign(s->m.issuer, sk, s->seed);
	payload = manifest_encode(&s->m, &n);
	ck_assert_ptr_nonnull(payload);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(payload, n), sk, &file_n);
	ck_assert_ptr_nonnull(file);
	(void)unlinkat(s->dir_fd, "manifest.cose", 0);
	ck_assert_int_eq(stickio_create(s->dir_fd, "manifest.cose", file, file_n, 0600), 0);
	free(file);
	free(payload);
}

/* An empty ONCE directory. */
static inline void
sample_begin(struct sample *s)
{
	const char *tmp = getenv("TMPDIR");

	*s = (struct sample){.once_fd = -1, .dir_fd = -1};
	(void)snprintf(s->dir, sizeof s->dir, "%.30s/oncestick-sample.XXXXXX", tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	s->once_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->once_fd, 0);
	ck_assert_int_eq(mkdirat(s->once_fd, "b", 0700), 0);
	for (unsigned i = 0; i < KEY_SIZE; i++)
		s->seed[i] = (uint8_t)i;
}

static inline void
sample_end(struct sample *s)
{
	if (s->dir_fd >= 0)
		(void)close(s->dir_fd);
	(void)close(s->once_fd);
	(void)remove_all(s->dir);
}

/* Write a bundle of n data blocks whose id is first, first + 1, ...; only fill's blocks take room. */
static inline void
sample_write(struct sample *s, uint8_t first, uint64_t n, sample_fill fill, void *arg)
{
	static uint8_t block[BLOCK_SIZE];
	struct blockcrypt *crypt = blockcrypt_new(NULL);
	struct tree_builder *tree = tree_builder_new("/tmp");
	char name[2 * ID_SIZE + 8] = "b/";
	uint8_t hash[HASH_SIZE];

	ck_assert(crypt != NULL && tree != NULL);
	s->m = (struct manifest){.blocks = n, .created = 1760000000, .label = "Lecture 1"};
	for (unsigned i = 0; i < ID_SIZE; i++)
		s->m.bundle_id[i] = (uint8_t)(first + i);
	bytes_to_hex(name + 2, s->m.bundle_id, ID_SIZE);
	ck_assert_int_eq(mkdirat(s->once_fd, name, 0700), 0);
	if (s->dir_fd >= 0)
		(void)close(s->dir_fd);
	s->dir_fd = openat(s->once_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->dir_fd, 0);
	keytree_content(s->ck, s->seed, s->m.bundle_id);
	keytree_commit(s->m.commit, s->ck, s->m.bundle_id);
	s->at = 0;
	for (uint64_t i = 0; i < n; i++) {
		int filled;

		memset(block, 0, sizeof block);
		filled = fill(arg, i, block);
		ck_assert_int_eq(blockcrypt_hash(crypt, hash, 0, i, block), 0);
		ck_assert_int_eq(tree_builder_add(tree, hash), 0);
		if (filled || i + 1 == n || (i + 1) % SEGMENT_BLOCKS == 0) {
			s->at = i;
			sample_append(s, filled ? block : NULL);
		}
	}
	ck_assert_int_eq(tree_builder_finish(tree, crypt, sample_append_tree, s, s->m.root), 0);
	sample_sign(s);
	tree_builder_free(&tree);
	blockcrypt_free(&crypt);
}

#endif
