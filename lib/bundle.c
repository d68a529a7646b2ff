/*
 * bundle.c - opening a bundle, its content key, and its blocks.
 */
#include "bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "bundle_impl.h"
#include "bytes.h"
#include "envelope.h"
#include "keytree.h"
#include "secret.h"
#include "stickio.h"

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

/* The fault for errno, on a file of b. */
static enum err
fail_at(struct fault *f, const char *step, const struct bundle *b, const char *file)
{
	int sys = errno;
	enum err e = fault_set(f, stickio_err(sys, E_BUNDLE), sys, step, "b/%s/%s", b->name, file);

	stickio_blame(f, b->dir_fd, file);
	return e;
}

static enum err
open_dir(struct bundle *b, int once_fd, struct fault *f)
{
	char path[sizeof "b/" + BUNDLE_NAME_SIZE];
	int fd = stickio_open_dir(once_fd, "b"), sys = errno;
	enum err e;

	if (fd >= 0) {
		b->dir_fd = stickio_open_dir(fd, b->name);
		sys = errno;
		(void)close(fd);
	}
	if (b->dir_fd >= 0)
		return E_OK;
	snprintf(path, sizeof path, "b/%s", b->name);
	e = fault_set(f, stickio_err(sys, E_BUNDLE), sys, "open", "%s", path);
	stickio_blame(f, once_fd, path);
	return e;
}

static enum err
open_manifest(struct bundle *b, const uint8_t id[ID_SIZE], const uint8_t *manifest_hash, struct fault *f)
{
	static const char *const steps[] = {
		[ENVELOPE_MALFORMED] = "format",
		[ENVELOPE_NEWER] = "version",
		[ENVELOPE_FORGED] = "signature",
	};
	uint8_t *data = NULL;
	const char *step = NULL;
	size_t n = 0;
	enum envelope_result r;

	if (stickio_slurp(b->dir_fd, "manifest.cose", envelope_limit(ENVELOPE_MANIFEST), &data, &n) != 0)
		return fail_at(f, "read", b, "manifest.cose");
	r = manifest_open(&b->manifest, BYTES(data, n));
	free(data);
	if (r == ENVELOPE_NO_MEMORY)
		return fault_set(f, E_FAIL, ENOMEM, "malloc", "b/%s/manifest.cose", b->name);
	if (r != ENVELOPE_OK)
		step = steps[r];
	else if (memcmp(b->manifest.bundle_id, id, ID_SIZE) != 0)
		step = "directory name";
	else if (manifest_hash != NULL && memcmp(b->manifest.hash, manifest_hash, HASH_SIZE) != 0)
		step = "manifest hash";
	else if (tree_shape_of(&b->shape, b->manifest.blocks) != 0)
		step = "number of blocks";
	return step == NULL ? E_OK : fault_set(f, E_BUNDLE, 0, step, "b/%s/manifest.cose", b->name);
}

static enum err
open_segments(struct bundle *b, struct fault *f)
{
	char name[SEGMENT_NAME_SIZE];
	uint32_t bad = 0;
	int sys;

	b->segments = segment_new(b->dir_fd, b->shape.total, SEGMENT_CACHED);
	if (b->segments == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "malloc", "b/%s", b->name);
	if (segment_check(b->segments, &bad) == 0)
		return E_OK;
	sys = errno;
	segment_name(name, bad);
	errno = sys;
	return fail_at(f, sys == EFBIG ? "size" : sys == EEXIST ? "one segment too many" : "segment", b, name);
}

static enum err
open_tree(struct bundle *b, struct fault *f)
{
	struct blockcrypt *crypt = blockcrypt_new(NULL);
	char name[SEGMENT_NAME_SIZE];
	int sys = ENOMEM, r = -1;

	b->tree = treecache_new(&b->shape, b->segments, b->manifest.root);
	if (crypt != NULL && b->tree != NULL && (r = treecache_start(b->tree, crypt)) != 0)
		sys = errno;
	blockcrypt_free(&crypt); /* those who read have contexts of their own */
	if (r == 0)
		return E_OK;
	if (sys == ENOMEM)
		return fault_set(f, E_FAIL, ENOMEM, "malloc", "b/%s", b->name);
	segment_name(name, (uint32_t)(b->shape.first[b->shape.top] / SEGMENT_BLOCKS));
	errno = sys;
	return sys == ENOTSUP ? fault_why(f, E_BUNDLE, 0, WHY_BEFORE_0_1_0, "b/%s", b->name) : fail_at(f, "root block", b, name);
}

static struct bundle *
bundle_alloc(const uint8_t id[ID_SIZE])
{
	struct bundle *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->dir_fd = -1;
	bytes_to_hex(b->name, id, ID_SIZE);
	if (pthread_mutex_init(&b->key.mutex, NULL) != 0) {
		free(b);
		return NULL;
	}
	if (pthread_mutex_init(&b->cache.mutex, NULL) != 0) {
		(void)pthread_mutex_destroy(&b->key.mutex);
		free(b);
		return NULL;
	}
	return b;
}

enum err
bundle_open(struct bundle **b, int once_fd, const uint8_t id[ID_SIZE], const uint8_t *manifest_hash, struct fault *f)
{
	struct bundle *t = bundle_alloc(id);
	enum err e;

	if (t == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "malloc", "bundle");
	if ((e = open_dir(t, once_fd, f)) != E_OK || (e = open_manifest(t, id, manifest_hash, f)) != E_OK ||
	    (e = open_segments(t, f)) != E_OK || (e = open_tree(t, f)) != E_OK) {
		bundle_free(&t);
		return e;
	}
	*b = t;
	return E_OK;
}

enum err
bundle_reattach(struct bundle *b, int once_fd, struct fault *f)
{
	struct bundle *t = NULL;
	enum err e = bundle_open(&t, once_fd, b->manifest.bundle_id, b->manifest.hash, f);
	int old = b->dir_fd;

	if (t == NULL)
		return e;
	segment_move(b->segments, t->dir_fd);
	b->dir_fd = t->dir_fd;
	t->dir_fd = old;
	bundle_free(&t);
	return E_OK;
}

/* Wipe it, and give its memory back: a session keeps the bundle for hours, and reads without this. */
static void
cache_drop(struct bundle_cache *c)
{
	(void)pthread_mutex_lock(&c->mutex);
	secret_free(&c->blocks);
	blockcrypt_free(&c->crypt);
	memset(c->valid, 0, sizeof c->valid);
	(void)pthread_mutex_unlock(&c->mutex);
}

void
bundle_free(struct bundle **b)
{
	struct bundle *t = *b;

	if (t == NULL)
		return;
	secret_free(&t->key.ck);
	cache_drop(&t->cache);
	treecache_free(&t->tree);
	segment_free(&t->segments);
	if (t->dir_fd >= 0)
		(void)close(t->dir_fd);
	(void)pthread_mutex_destroy(&t->cache.mutex);
	(void)pthread_mutex_destroy(&t->key.mutex);
	free(t);
	*b = NULL;
}

const struct manifest *
bundle_manifest(const struct bundle *b)
{
	return &b->manifest;
}

const struct tree_shape *
bundle_shape(const struct bundle *b)
{
	return &b->shape;
}

/* ---- content key -------------------------------------------------------------------------------------------------------- */

enum err
bundle_unlock(struct bundle *b, const uint8_t ck[KEY_SIZE])
{
	uint8_t commit[HASH_SIZE];
	enum err e = E_OK;

	keytree_commit(commit, ck, b->manifest.bundle_id);
	if (sodium_memcmp(commit, b->manifest.commit, sizeof commit) != 0)
		return E_BUNDLE;
	(void)pthread_mutex_lock(&b->key.mutex);
	if (b->key.ck == NULL && (b->key.ck = secret_new(KEY_SIZE)) == NULL)
		e = E_FAIL;
	/* A key that is still in use is this key: the commitment admits no other. */
	if (e == E_OK && b->key.users == 0)
		memcpy(b->key.ck, ck, KEY_SIZE);
	if (e == E_OK)
		b->key.unlocked = true;
	(void)pthread_mutex_unlock(&b->key.mutex);
	return e;
}

static bool
key_there(struct bundle_key *k)
{
	bool yes;

	(void)pthread_mutex_lock(&k->mutex);
	yes = k->unlocked;
	(void)pthread_mutex_unlock(&k->mutex);
	return yes;
}

/* The key, until key_put; NULL if locked. */
static const uint8_t *
key_get(struct bundle_key *k)
{
	const uint8_t *ck = NULL;

	(void)pthread_mutex_lock(&k->mutex);
	if (k->unlocked) {
		ck = k->ck;
		k->users++;
	}
	(void)pthread_mutex_unlock(&k->mutex);
	return ck;
}

static void
key_put(struct bundle_key *k)
{
	(void)pthread_mutex_lock(&k->mutex);
	if (--k->users == 0 && !k->unlocked)
		sodium_memzero(k->ck, KEY_SIZE);
	(void)pthread_mutex_unlock(&k->mutex);
}

/* With the mutex held; whether there is memory. */
static bool
cache_ready(struct bundle_cache *c)
{
	if (c->crypt == NULL)
		c->crypt = blockcrypt_new(NULL);
	if (c->blocks == NULL)
		c->blocks = secret_new((size_t)BUNDLE_CACHE_BLOCKS * BLOCK_SIZE);
	return c->crypt != NULL && c->blocks != NULL;
}

void
bundle_lock(struct bundle *b)
{
	(void)pthread_mutex_lock(&b->key.mutex);
	b->key.unlocked = false;
	if (b->key.users == 0 && b->key.ck != NULL)
		sodium_memzero(b->key.ck, KEY_SIZE);
	(void)pthread_mutex_unlock(&b->key.mutex);
	cache_drop(&b->cache);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------------- */

int
bundle_check_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE])
{
	uint8_t want[1][HASH_SIZE], got[HASH_SIZE];
	int r = -EIO;

	errno = 0;
	if (index < b->manifest.blocks && treecache_hashes(b->tree, crypt, 0, index, 1, want) == 0 &&
	    segment_read(b->segments, index, 1, buf) == 0 && blockcrypt_hash(crypt, got, 0, index, buf) == 0) {
		if (memcmp(got, want[0], HASH_SIZE) == 0)
			return 0;
		r = -EBADMSG;
	} else if (errno == EBADMSG) {
		r = -EBADMSG; /* a tree block above it */
	}
	memset(buf, 0, BLOCK_SIZE);
	return r;
}

int
bundle_read_block(struct bundle *b, struct blockcrypt *crypt, uint64_t index, uint8_t buf[BLOCK_SIZE])
{
	const uint8_t *ck = NULL;
	int r;

	/* Take the key only once the block is there: a stick that hangs must not keep the key from being wiped. */
	errno = 0;
	if (!key_there(&b->key)) {
		memset(buf, 0, BLOCK_SIZE);
		return -EIO;
	}
	r = bundle_check_block(b, crypt, index, buf);
	if (r != 0)
		return r;
	ck = key_get(&b->key);
	if (ck == NULL) {
		memset(buf, 0, BLOCK_SIZE);
		return -EIO;
	}
	r = blockcrypt_crypt(crypt, buf, ck, index);
	key_put(&b->key);
	return r == 0 ? 0 : -EIO;
}

/* ---- image -------------------------------------------------------------------------------------------------------------- */

static uint8_t *
cache_find(struct bundle_cache *c, uint64_t index)
{
	for (unsigned i = 0; i < BUNDLE_CACHE_BLOCKS; i++) {
		if (c->valid[i] && c->index[i] == index) {
			c->used[i] = ++c->clock;
			return c->blocks + (size_t)i * BLOCK_SIZE;
		}
	}
	return NULL;
}

static unsigned
cache_oldest(const struct bundle_cache *c)
{
	unsigned best = 0;

	for (unsigned i = 0; i < BUNDLE_CACHE_BLOCKS; i++) {
		if (!c->valid[i])
			return i;
		if (c->used[i] < c->used[best])
			best = i;
	}
	return best;
}

/* Block index, decrypted, in *found, with the cache's mutex held. Return 0 or a negative errno. */
static int
cache_block(struct bundle *b, uint64_t index, const uint8_t **found)
{
	struct bundle_cache *c = &b->cache;
	uint8_t *block = cache_find(c, index);
	unsigned i;
	int r;

	*found = block;
	if (block != NULL)
		return 0;
	i = cache_oldest(c);
	block = c->blocks + (size_t)i * BLOCK_SIZE;
	c->valid[i] = false;
	if ((r = bundle_read_block(b, c->crypt, index, block)) != 0)
		return r == -EIO && errno != 0 ? -errno : r;
	c->valid[i] = true;
	c->index[i] = index;
	c->used[i] = ++c->clock;
	*found = block;
	return 0;
}

static int
copy_out(struct bundle *b, uint8_t *p, size_t len, uint64_t off)
{
	while (len > 0) {
		const uint8_t *block = NULL;
		size_t at = (size_t)(off % BLOCK_SIZE), n = BLOCK_SIZE - at < len ? BLOCK_SIZE - at : len;
		int r = cache_block(b, off / BLOCK_SIZE, &block);

		if (r != 0)
			return r;
		memcpy(p, block + at, n);
		p += n;
		len -= n;
		off += n;
	}
	return 0;
}

static int
image_read(void *arg, void *buf, size_t len, uint64_t off)
{
	struct bundle *b = arg;
	uint64_t end = b->manifest.blocks * BLOCK_SIZE;
	int r;

	if (off > end || len > end - off)
		return -EIO;
	(void)pthread_mutex_lock(&b->cache.mutex);
	r = key_there(&b->key) && cache_ready(&b->cache) ? copy_out(b, buf, len, off) : -EIO;
	(void)pthread_mutex_unlock(&b->cache.mutex);
	return r;
}

int
bundle_image(struct bundle *b, struct image *img)
{
	bool ready;

	(void)pthread_mutex_lock(&b->cache.mutex);
	ready = cache_ready(&b->cache);
	(void)pthread_mutex_unlock(&b->cache.mutex);
	if (!ready)
		return -ENOMEM;
	return image_open(img, (struct image_reader){image_read, b}, b->manifest.blocks * BLOCK_SIZE);
}
