/*
 * check_bundle.c - reading a bundle: the published one, damaged ones, and ones that somebody put together to deceive.
 */
#include "bundle.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bundle_impl.h" /* what is left in memory */
#include "calls.h"
#include "sample_bundle.h"
#include "sample_image.h"
#include "suite.h"

#define VECTOR_FIRST_ID 0xb0

static const char VECTOR_ROOT[] = "e3fac2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22";
static const char VECTOR_COMMIT[] = "d0a6c5bebaccde8fa23c231caa1f983d5b37650eb0511fef31bbcddf4f5f7f6e";
static const char VECTOR_MANIFEST_HASH[] = "8c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd82";

static struct sample s;
static struct bundle *b;
static struct blockcrypt *mine;
static struct fault fault;
static uint8_t buf[BLOCK_SIZE], plain[BLOCK_SIZE];
static const uint8_t zeros[BLOCK_SIZE];

/* ---- calls that fail from one on ------------------------------------------------------------------------------------------ */

int __real_blockcrypt_hash(struct blockcrypt *c, uint8_t out[HASH_SIZE], unsigned level, uint64_t index,
    const uint8_t block[BLOCK_SIZE]);
int __wrap_blockcrypt_hash(struct blockcrypt *c, uint8_t out[HASH_SIZE], unsigned level, uint64_t index,
    const uint8_t block[BLOCK_SIZE]);

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
long __real_sysconf(int name);
long __wrap_sysconf(int name);

#define ALL 1000

static unsigned good_threads = ALL, threads_made;
static long online; /* processors; 0: as many as there are */

int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	if (threads_made == good_threads)
		return EAGAIN;
	threads_made++;
	return __real_pthread_create(t, attr, start, arg);
}

long
__wrap_sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN && online != 0 ? online : __real_sysconf(name);
}

static _Atomic unsigned hashes, reads;
static unsigned hash_fails, read_fails; /* which is the first; 0: none */

/* What was hashed is right all the same: who looks at that has not looked at the result. */
int
__wrap_blockcrypt_hash(
    struct blockcrypt *c, uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t block[BLOCK_SIZE])
{
	int r = __real_blockcrypt_hash(c, out, level, index, block);

	return hash_fails != 0 && ++hashes >= hash_fails ? -1 : r;
}

ssize_t
pread(int fd, void *to, size_t n, off_t off)
{
	ssize_t r = call_pread(fd, to, n, off);

	if (read_fails == 0 || ++reads < read_fails)
		return r;
	errno = EIO;
	return -1;
}

/* ---- making bundles ----------------------------------------------------------------------------------------------------- */

struct content {
	struct blockcrypt *crypt;
	const uint8_t *ck;
	void (*plain)(uint64_t i, uint8_t block[BLOCK_SIZE]);
};

static int
encrypted(void *arg, uint64_t i, uint8_t block[BLOCK_SIZE])
{
	struct content *c = arg;

	c->plain(i, block);
	ck_assert_int_eq(blockcrypt_crypt(c->crypt, block, c->ck, i), 0);
	return 1;
}

static int
holes(void *arg, uint64_t i, uint8_t block[BLOCK_SIZE])
{
	(void)arg;
	(void)i;
	(void)block;
	return 0;
}

static void
numbered(uint64_t i, uint8_t block[BLOCK_SIZE])
{
	for (size_t k = 0; k < BLOCK_SIZE; k += 8)
		store_le64(block + k, (i << 20 | k) * 0x9e3779b97f4a7c15u);
}

static void
alike(uint64_t i, uint8_t block[BLOCK_SIZE])
{
	(void)i;
	memset(block, 'x', BLOCK_SIZE);
}

static void
of_the_vectors(uint64_t i, uint8_t block[BLOCK_SIZE])
{
	uint8_t *image = sample_image();

	memcpy(block, image + i * BLOCK_SIZE, BLOCK_SIZE);
	free(image);
}

static void
make(uint8_t first, uint64_t n, void (*content)(uint64_t, uint8_t[BLOCK_SIZE]))
{
	struct content c = {mine, s.ck, content};

	sample_write(&s, first, n, encrypted, &c);
}

/* ---- opening them ------------------------------------------------------------------------------------------------------- */

static enum err
open_as(const uint8_t *id, const uint8_t *manifest_hash)
{
	bundle_free(&b);
	fault_clear(&fault);
	return bundle_open(&b, s.once_fd, id, manifest_hash, &fault);
}

static enum err
reopen(void)
{
	return open_as(s.m.bundle_id, s.m.hash);
}

static void
open_unlocked(void)
{
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_OK);
}

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	mine = blockcrypt_new(NULL);
	ck_assert_ptr_nonnull(mine);
	sample_begin(&s);
}

static void
teardown(void)
{
	bundle_free(&b);
	blockcrypt_free(&mine);
	sample_end(&s);
}

static void
assert_refused(enum err want, const char *step)
{
	ck_assert_int_eq(reopen(), want);
	ck_assert_ptr_null(b);
	ck_assert_int_eq(fault.err, want);
	if (step != NULL)
		ck_assert_str_eq(fault.step, step);
	ck_assert_int_eq(strncmp(fault.object, "b/", 2), 0);
}

static void
assert_block(uint64_t i)
{
	numbered(i, plain);
	ck_assert_int_eq(bundle_read_block(b, mine, i, buf), 0);
	ck_assert_mem_eq(buf, plain, BLOCK_SIZE);
}

/* Neither plaintext nor ciphertext of a block that does not verify may be seen. */
static void
assert_fails(uint64_t i, int err)
{
	memset(buf, 0xee, sizeof buf);
	ck_assert_int_eq(bundle_read_block(b, mine, i, buf), err);
	ck_assert_mem_eq(buf, zeros, BLOCK_SIZE);
	memset(buf, 0xee, sizeof buf);
	ck_assert_int_eq(bundle_check_block(b, mine, i, buf), err);
	ck_assert_mem_eq(buf, zeros, BLOCK_SIZE);
}

/* ---- verifying ---------------------------------------------------------------------------------------------------------- */

#define DAMAGE_MAX 64

struct found {
	struct bundle_damage d[DAMAGE_MAX];
	unsigned n;
	uint64_t done, all;
	uint64_t stop_after;    /* bytes; 0: never */
	pthread_t thread;
};

static void
on_damage(void *arg, const struct bundle_damage *d)
{
	struct found *f = arg;

	ck_assert(pthread_equal(f->thread, pthread_self()));
	ck_assert_uint_lt(f->n, DAMAGE_MAX);
	f->d[f->n++] = *d;
}

static int
on_progress(void *arg, uint64_t done, uint64_t all)
{
	struct found *f = arg;

	ck_assert(pthread_equal(f->thread, pthread_self()));
	if (done <= f->done || done > all)
		ck_abort_msg("progress goes from %llu to %llu", (unsigned long long)f->done, (unsigned long long)done);
	f->done = done;
	f->all = all;
	return f->stop_after != 0 && done >= f->stop_after;
}

static struct found
verify(enum err want, unsigned threads, bool direct)
{
	struct found f = {.thread = pthread_self()};
	struct bundle_check c = {.threads = threads, .direct = direct, .progress = on_progress, .damage = on_damage, .arg = &f};

	fault_clear(&fault);
	ck_assert_int_eq(bundle_verify(b, &c, &fault), want);
	ck_assert_int_eq(fault.err, want);
	ck_assert_uint_eq(f.done, f.all);
	ck_assert_uint_eq(f.all, bundle_shape(b)->total * BLOCK_SIZE);
	ck_assert(direct || !c.was_direct);
	return f;
}

static void
assert_damage(const struct bundle_damage *d, unsigned level, uint64_t index, uint64_t image_blocks)
{
	uint64_t block = bundle_shape(b)->first[level] + index, span = level == 0 ? 1 : level == 1 ? 2048 : 2048 * 2048;

	ck_assert_uint_eq(d->level, level);
	ck_assert_uint_eq(d->index, index);
	ck_assert_uint_eq(d->segment, block / 16384);
	ck_assert_uint_eq(d->segment_off, block % 16384 * 65536);
	ck_assert_uint_eq(d->image_off, index * span * 65536);
	ck_assert_uint_eq(d->image_len, image_blocks * 65536);
}

/* ---- the good bundle ---------------------------------------------------------------------------------------------------- */

START_TEST(bundle_of_the_vectors)
{
	uint8_t want[HASH_SIZE];
	struct image img;
	struct image_inode root, i;
	char bytes[6];

	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	ck_assert_int_eq(bytes_from_hex(want, sizeof want, VECTOR_ROOT), 0);
	ck_assert_mem_eq(s.m.root, want, sizeof want);
	ck_assert_int_eq(bytes_from_hex(want, sizeof want, VECTOR_COMMIT), 0);
	ck_assert_mem_eq(s.m.commit, want, sizeof want);
	ck_assert_int_eq(bytes_from_hex(want, sizeof want, VECTOR_MANIFEST_HASH), 0);
	ck_assert_int_eq(open_as(s.m.bundle_id, want), E_OK);
	ck_assert_uint_eq(bundle_manifest(b)->blocks, 2);
	ck_assert_str_eq(bundle_manifest(b)->label, "Lecture 1");
	ck_assert_uint_eq(bundle_shape(b)->total, 3);
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_OK);
	ck_assert_int_eq(bundle_image(b, &img), 0);
	ck_assert_int_eq(image_get(&img, 0, &root), 0);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "a.txt", 5, &i), 1);
	ck_assert_int_eq(img.reader.read(img.reader.arg, bytes, 6, i.start), 0);
	ck_assert_mem_eq(bytes, "hello\n", 6);
}
END_TEST

START_TEST(random_access_is_the_plaintext)
{
	uint8_t *image = sample_image(), *got = malloc(SAMPLE_LEN);
	struct image img;

	ck_assert_ptr_nonnull(got);
	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	open_unlocked();
	ck_assert_int_eq(bundle_image(b, &img), 0);
	for (unsigned k = 0; k < 300; k++) {
		uint32_t off = randombytes_uniform(SAMPLE_LEN), len = randombytes_uniform(SAMPLE_LEN - off + 1);

		if (k % 2 == 0)
			len %= 5000;
		ck_assert_int_eq(img.reader.read(img.reader.arg, got, len, off), 0);
		ck_assert_mem_eq(got, image + off, len);
	}
	ck_assert_int_eq(img.reader.read(img.reader.arg, got, SAMPLE_LEN, 0), 0);
	ck_assert_mem_eq(got, image, SAMPLE_LEN);
	ck_assert_int_eq(img.reader.read(img.reader.arg, got, 0, SAMPLE_LEN), 0);
	ck_assert_int_eq(img.reader.read(img.reader.arg, got, 1, SAMPLE_LEN), -EIO);
	ck_assert_int_eq(img.reader.read(img.reader.arg, got, 2, UINT64_MAX), -EIO);
	free(got);
	free(image);
}
END_TEST

static const uint64_t SIZES[] = {1, 2, 15, 16, 17, 33};

/* hostile 25 */
START_TEST(every_block_of_small_bundles)
{
	make(1, SIZES[_i], numbered);
	open_unlocked();
	for (uint64_t i = 0; i < SIZES[_i]; i++)
		assert_block(i);
	assert_fails(SIZES[_i], -EIO);
	assert_fails(UINT64_MAX, -EIO);
	for (unsigned threads = 0; threads <= 3; threads++)
		ck_assert_uint_eq(verify(E_OK, threads, threads % 2 != 0).n, 0);
}
END_TEST

START_TEST(any_manifest_of_that_id_will_do_without_a_hash)
{
	make(1, 1, numbered);
	ck_assert_int_eq(open_as(s.m.bundle_id, NULL), E_OK);
}
END_TEST

START_TEST(a_check_without_callbacks)
{
	struct bundle_check c = {0};

	make(1, 3, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_verify(b, &c, NULL), E_OK);
	sample_flip(&s, 1, 0, 0);
	ck_assert_int_eq(bundle_verify(b, &c, NULL), E_BUNDLE);
}
END_TEST

/* ---- the content key ---------------------------------------------------------------------------------------------------- */

START_TEST(nothing_is_read_without_the_key)
{
	struct image img;

	make(1, 2, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	memset(buf, 0xee, sizeof buf);
	ck_assert_int_eq(bundle_read_block(b, mine, 0, buf), -EIO);
	ck_assert_mem_eq(buf, zeros, BLOCK_SIZE);
	ck_assert_int_eq(bundle_image(b, &img), -EIO);
	ck_assert_int_eq(bundle_check_block(b, mine, 0, buf), 0);
	numbered(0, plain);
	ck_assert(memcmp(buf, plain, BLOCK_SIZE) != 0);
	bundle_lock(b);
}
END_TEST

START_TEST(another_key_does_not_satisfy_the_commitment)
{
	uint8_t other[KEY_SIZE];

	make(1, 1, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	for (unsigned bit = 0; bit < 8 * KEY_SIZE; bit += 51) {
		memcpy(other, s.ck, sizeof other);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(bundle_unlock(b, other), E_BUNDLE);
		ck_assert_int_eq(bundle_read_block(b, mine, 0, buf), -EIO);
	}
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_OK);
	ck_assert_int_eq(bundle_unlock(b, other), E_BUNDLE);
	assert_block(0);
}
END_TEST

/* hostile 23 */
START_TEST(a_wrong_commitment_that_is_signed)
{
	make(1, 1, numbered);
	s.m.commit[31] ^= 1;
	sample_sign(&s);
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_BUNDLE);
}
END_TEST

START_TEST(locked_again)
{
	struct image img;
	char byte;

	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	open_unlocked();
	ck_assert_int_eq(bundle_image(b, &img), 0);
	ck_assert_int_eq(img.reader.read(img.reader.arg, &byte, 1, 0), 0);
	bundle_lock(b);
	bundle_lock(b);
	ck_assert_int_eq(img.reader.read(img.reader.arg, &byte, 1, 0), -EIO);
	ck_assert_int_eq(bundle_read_block(b, mine, 0, buf), -EIO);
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_OK);
	ck_assert_int_eq(img.reader.read(img.reader.arg, &byte, 1, 0), 0);
	ck_assert_int_eq(byte, 'h');
}
END_TEST

START_TEST(a_block_that_was_read_is_kept)
{
	struct image img;
	unsigned once;

	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	open_unlocked();
	ck_assert_int_eq(bundle_image(b, &img), 0);
	read_fails = UINT_MAX; /* counted, that is */
	reads = 0;
	ck_assert_int_eq(img.reader.read(img.reader.arg, buf, 100, BLOCK_SIZE - 50), 0);
	once = reads;
	ck_assert_uint_gt(once, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(img.reader.read(img.reader.arg, buf, 100, BLOCK_SIZE - 50), 0);
	ck_assert_uint_eq(reads, once);
	read_fails = 0;
}
END_TEST

static bool
all_zero(const uint8_t *p, size_t n)
{
	return sodium_is_zero(p, n) == 1;
}

START_TEST(locking_leaves_neither_key_nor_plaintext)
{
	struct image img;

	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	open_unlocked();
	ck_assert_int_eq(bundle_image(b, &img), 0);
	ck_assert(!all_zero(b->key.ck, KEY_SIZE));
	ck_assert(!all_zero(b->cache.blocks, BUNDLE_CACHE_BLOCKS * BLOCK_SIZE));
	bundle_lock(b);
	ck_assert(all_zero(b->key.ck, KEY_SIZE));
	ck_assert_ptr_null(b->cache.blocks); /* guarded memory is wiped as it is freed */
	ck_assert_ptr_null(b->cache.crypt);
	ck_assert_int_eq(img.reader.read(img.reader.arg, buf, 100, 0), -EIO);
	ck_assert_ptr_null(b->cache.blocks);
	ck_assert_int_eq(bundle_unlock(b, s.ck), E_OK);
	ck_assert_int_eq(img.reader.read(img.reader.arg, buf, 100, 0), 0);
}
END_TEST

/* ---- damaged data ------------------------------------------------------------------------------------------------------- */

static const struct {
	uint64_t block;
	size_t off;
	unsigned bit;
} FLIPS[] = {{0, 0, 0}, {0, 65535, 7}, {15, 1, 1}, {16, 32768, 3}, {19, 65535, 0}};

/* hostile 18 */
START_TEST(a_flipped_bit_is_an_error_of_its_block_only)
{
	struct found f;

	make(1, 20, numbered);
	sample_flip(&s, FLIPS[_i].block, FLIPS[_i].off, FLIPS[_i].bit);
	open_unlocked();
	for (uint64_t i = 0; i < 20; i++) {
		if (i == FLIPS[_i].block)
			assert_fails(i, -EBADMSG);
		else
			assert_block(i);
	}
	f = verify(E_BUNDLE, 0, false);
	ck_assert_uint_eq(f.n, 1);
	assert_damage(&f.d[0], 0, FLIPS[_i].block, 1);
	ck_assert(!f.d[0].io);
	ck_assert_str_eq(fault.step, "verify");
}
END_TEST

/* hostile 18 */
START_TEST(a_thousand_flipped_bits_are_never_read)
{
	make(1, 3, numbered);
	open_unlocked();
	for (unsigned k = 0; k < 1000; k++) {
		size_t off = randombytes_uniform(BLOCK_SIZE);
		unsigned bit = randombytes_uniform(8);

		sample_flip(&s, k % 3, off, bit);
		ck_assert_int_eq(bundle_read_block(b, mine, k % 3, buf), -EBADMSG);
		sample_flip(&s, k % 3, off, bit);
	}
	for (uint64_t i = 0; i < 3; i++)
		assert_block(i);
}
END_TEST

/* hostile 18 */
START_TEST(damage_is_reported_in_order_whoever_finds_it)
{
	static const uint64_t bad[] = {0, 3, 4, 15, 16, 47, 48, 99};
	struct found f;

	make(1, 100, numbered);
	for (size_t k = 0; k < 8; k++)
		sample_flip(&s, bad[k], 7 * k, 2);
	ck_assert_int_eq(reopen(), E_OK);
	f = verify(E_BUNDLE, (unsigned)_i, _i % 2 != 0);
	ck_assert_uint_eq(f.n, 8);
	for (size_t k = 0; k < 8; k++)
		assert_damage(&f.d[k], 0, bad[k], 1);
}
END_TEST

/* hostile 18 */
START_TEST(damage_names_the_file)
{
	struct found f;
	struct image img;
	char path[64];

	make(VECTOR_FIRST_ID, 2, of_the_vectors);
	sample_flip(&s, 0, 5000, 1);
	open_unlocked();
	f = verify(E_BUNDLE, 0, false);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_int_eq(bundle_image(b, &img), 0);
	ck_assert_int_eq(image_path_at(&img, f.d[0].image_off, f.d[0].image_len, path, sizeof path), 1);
	ck_assert_str_eq(path, "a.txt");
	ck_assert_int_eq(image_path_at(&img, f.d[0].image_off + 5000, 1, path, sizeof path), 1);
	ck_assert_str_eq(path, "clips/one.bin");
}
END_TEST

static void
swap_blocks(uint64_t x, uint64_t y)
{
	static uint8_t bx[BLOCK_SIZE], by[BLOCK_SIZE];

	sample_peek(&s, x, bx);
	sample_peek(&s, y, by);
	sample_poke(&s, x, 0, by, BLOCK_SIZE);
	sample_poke(&s, y, 0, bx, BLOCK_SIZE);
}

/* hostile 19 */
START_TEST(two_data_blocks_swapped)
{
	struct found f;

	make(1, 4, _i == 0 ? numbered : alike);
	swap_blocks(1, 2);
	open_unlocked();
	assert_fails(1, -EBADMSG);
	assert_fails(2, -EBADMSG);
	ck_assert_int_eq(bundle_read_block(b, mine, 0, buf), 0);
	ck_assert_int_eq(bundle_read_block(b, mine, 3, buf), 0);
	f = verify(E_BUNDLE, 0, false);
	ck_assert_uint_eq(f.n, 2);
}
END_TEST

/* hostile 19 */
START_TEST(equal_bytes_in_two_places_of_the_tree)
{
	make(1, 4, numbered);
	sample_peek(&s, 1, buf);
	sample_poke(&s, 2, 0, buf, BLOCK_SIZE); /* block 1 once more, in place of 2 */
	open_unlocked();
	assert_block(1);
	assert_fails(2, -EBADMSG);
}
END_TEST

/* hostile 19 */
START_TEST(a_block_of_another_bundle_at_the_same_index)
{
	static uint8_t theirs[BLOCK_SIZE];

	make(1, 2, numbered);
	sample_peek(&s, 1, theirs);
	make(2, 2, numbered);
	sample_poke(&s, 1, 0, theirs, BLOCK_SIZE);
	open_unlocked();
	assert_block(0);
	assert_fails(1, -EBADMSG);
}
END_TEST

/* hostile 19 */
START_TEST(a_tree_block_as_a_data_block)
{
	make(1, 2, numbered);
	sample_peek(&s, 2, buf);
	sample_poke(&s, 0, 0, buf, BLOCK_SIZE);
	open_unlocked();
	assert_fails(0, -EBADMSG);
	assert_block(1);
}
END_TEST

/* hostile 24 */
START_TEST(a_device_that_changes_its_mind)
{
	make(1, 2, numbered);
	open_unlocked();
	assert_block(0);
	sample_flip(&s, 0, 9, 1);
	assert_fails(0, -EBADMSG);
	sample_flip(&s, 0, 9, 1);
	assert_block(0);
}
END_TEST

/* hostile 24 */
START_TEST(a_file_cut_short_after_it_was_opened)
{
	struct found f;
	int fd;

	make(1, 20, numbered);
	open_unlocked();
	assert_block(19);
	sample_segment(&s, 0, O_WRONLY, &fd);
	ck_assert_int_eq(ftruncate(fd, 18 * (off_t)BLOCK_SIZE + 1), 0);
	(void)close(fd);
	assert_block(17);
	assert_fails(18, -EIO);
	assert_fails(19, -EIO);
	f = verify(E_BUNDLE, 2, false);
	ck_assert_uint_ge(f.n, 1);
	ck_assert(f.d[0].io);
	assert_damage(&f.d[0], 1, 0, 20);
}
END_TEST

/* hostile 48 */
START_TEST(a_stick_that_comes_back_elsewhere)
{
	char command[200], other[80], hex[2 * ID_SIZE + 1];
	struct fault f = {0};
	int fd, once;

	make(1, 20, numbered);
	open_unlocked();
	assert_block(19);
	(void)snprintf(other, sizeof other, "%s.back", s.dir);
	(void)snprintf(command, sizeof command, "cp -r '%s' '%s'", s.dir, other);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_ge(once = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	sample_segment(&s, 0, O_WRONLY, &fd);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	(void)close(fd);
	assert_fails(3, -EIO);
	ck_assert_int_eq(bundle_reattach(b, once, &f), E_OK);
	for (uint64_t i = 0; i < 20; i++)
		assert_block(i);
	/* the first place is no such bundle any more: what is read from stays as it is */
	ck_assert_int_eq(bundle_reattach(b, s.once_fd, &f), E_BUNDLE);
	assert_block(3);
	/* nor is one with another manifest, signed or not */
	bytes_to_hex(hex, s.m.bundle_id, ID_SIZE);
	(void)snprintf(
	    command, sizeof command, "printf X | dd of='%s/b/%s/manifest.cose' bs=1 seek=170 conv=notrunc status=none", other, hex);
	ck_assert_int_eq(system(command), 0);
	fault_clear(&f);
	ck_assert_int_eq(bundle_reattach(b, once, &f), E_BUNDLE);
	assert_block(4);
	(void)close(once);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", other);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Whether this file system reads with O_DIRECT, asked in a way of its own. */
static bool
direct_is_possible(void)
{
	void *page = aligned_alloc(4096, BLOCK_SIZE);
	int fd = openat(s.dir_fd, "00000000.seg", O_RDONLY | O_DIRECT | O_CLOEXEC);
	bool yes;

	ck_assert_ptr_nonnull(page);
	yes = fd >= 0 && pread(fd, page, BLOCK_SIZE, 0) == (ssize_t)BLOCK_SIZE;
	if (fd >= 0)
		(void)close(fd);
	free(page);
	return yes;
}

/* In eight runs of blocks, and one of the tree's. */
START_TEST(threads_are_as_many_as_are_wanted)
{
	static const struct {
		unsigned wanted;
		long online;
		unsigned good, made; /* threads that can be made, and that are */
		enum err err;
	} table[] = {
	    {1, 4, ALL, 1 + 1, E_OK},
	    {3, 1, ALL, 1 + 3, E_OK},
	    {8, 1, ALL, 1 + 8, E_OK},
	    {9, 1, ALL, 1 + 8, E_OK},
	    {0, 1, ALL, 1 + 2, E_OK},
	    {0, -1, ALL, 1 + 2, E_OK},
	    {0, 2, ALL, 1 + 2, E_OK},
	    {0, 5, ALL, 1 + 5, E_OK},
	    {0, 1000, ALL, 1 + 8, E_OK},
	    {4, 4, 3, 1 + 2, E_OK},
	    {4, 4, 2, 1 + 1, E_OK},
	    {4, 4, 1, 1, E_FAIL},
	    {4, 4, 0, 0, E_FAIL},
	};

	make(1, 128, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct bundle_check c = {.threads = table[i].wanted};

		fault_clear(&fault);
		online = table[i].online;
		good_threads = table[i].good;
		threads_made = 0;
		ck_assert_msg(bundle_verify(b, &c, &fault) == table[i].err, "%zu: %s", i, err_name(fault.err));
		ck_assert_msg(threads_made == table[i].made, "%zu: %u threads", i, threads_made);
		if (table[i].err == E_FAIL) {
			ck_assert(fault.sys == ENOMEM && strcmp(fault.step, "verify") == 0);
			ck_assert_str_eq(strrchr(fault.object, '/'), "/00000000.seg");
		}
	}
	good_threads = ALL;
	online = 0;
}
END_TEST

START_TEST(reading_past_the_cache_says_whether_it_did)
{
	struct bundle_check c = {.direct = true, .was_direct = true};

	make(1, 40, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_verify(b, &c, &fault), E_OK);
	ck_assert(c.was_direct == direct_is_possible());
	c.direct = false;
	ck_assert_int_eq(bundle_verify(b, &c, &fault), E_OK);
	ck_assert(!c.was_direct);
}
END_TEST

/* A medium, or memory, that is gone from call n on: what nobody looked at is not good. */
START_TEST(what_was_not_read_or_hashed_does_not_verify)
{
	struct bundle_check c = {.threads = 1};
	unsigned *fails = _i == 0 ? &hash_fails : &read_fails, n = 0;
	enum err err;

	make(1, 40, numbered);
	do {
		ck_assert_int_eq(reopen(), E_OK);
		hashes = reads = 0;
		*fails = ++n;
		err = bundle_verify(b, &c, NULL);
		ck_assert((_i == 0 ? hashes : reads) < n ? err == E_OK : err != E_OK);
		*fails = 0;
	} while (err != E_OK);
	ck_assert_uint_gt(n, 2);
	open_unlocked();
	hashes = reads = 0;
	*fails = 1;
	ck_assert_int_lt(bundle_read_block(b, mine, 3, buf), 0);
	*fails = 0;
	assert_block(3);
}
END_TEST

START_TEST(verification_that_is_stopped)
{
	struct found f = {.thread = pthread_self(), .stop_after = 20 * (uint64_t)BLOCK_SIZE};
	struct bundle_check c = {.threads = 2, .progress = on_progress, .damage = on_damage, .arg = &f};

	make(1, 300, numbered);
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_verify(b, &c, &fault), E_INTERRUPTED);
	ck_assert_int_eq(fault.err, E_INTERRUPTED);
	ck_assert_uint_lt(f.done, 60 * (uint64_t)BLOCK_SIZE);
}
END_TEST

/* ---- damaged tree ------------------------------------------------------------------------------------------------------- */

/* hostile 20 */
START_TEST(a_flipped_root_block)
{
	make(1, 2, numbered);
	sample_flip(&s, 2, _i == 0 ? 0 : 65535, 0);
	assert_refused(E_BUNDLE, "root block");
}
END_TEST

START_TEST(made_by_a_version_before_0_1_0)
{
	static uint8_t top[BLOCK_SIZE];

	make(1, 2, numbered);
	sample_peek(&s, 2, top);
	blockcrypt_hash_before_0_1_0(s.m.root, 1, 0, top);
	sample_sign(&s);
	assert_refused(E_BUNDLE, "before 0.1.0");
	sample_flip(&s, 2, 65535, 0);
	assert_refused(E_BUNDLE, "root block");
}
END_TEST

/* hostile 20 */
START_TEST(a_root_block_damaged_after_opening)
{
	struct found f;

	make(1, 20, numbered);
	open_unlocked();
	sample_flip(&s, 20, 0, 0);
	assert_block(0);
	f = verify(E_BUNDLE, 2, false);
	ck_assert_uint_eq(f.n, 1);
	assert_damage(&f.d[0], 1, 0, 20);
}
END_TEST

/* hostile 19, 20, 25 */
START_TEST(a_damaged_tree_block_takes_what_is_below)
{
	struct found f;

	make(1, 2049, numbered);
	sample_flip(&s, 2049, 65535, 0);
	sample_flip(&s, 2048, 3, 3);
	sample_flip(&s, 5, 3, 3); /* below the damaged tree block: not reported again */
	open_unlocked();
	assert_fails(0, -EBADMSG);
	assert_fails(2047, -EBADMSG);
	assert_fails(2048, -EBADMSG);
	f = verify(E_BUNDLE, 2, true);
	ck_assert_uint_eq(f.n, 2);
	assert_damage(&f.d[0], 1, 0, 2048);
	assert_damage(&f.d[1], 0, 2048, 1);
	sample_flip(&s, 2049, 65535, 0);
	sample_flip(&s, 2048, 3, 3);
	assert_block(0);
	assert_block(2048);
	sample_flip(&s, 2050, 0, 0);
	open_unlocked();
	assert_block(2047);
	assert_fails(2048, -EBADMSG);
	f = verify(E_BUNDLE, 2, false);
	ck_assert_uint_eq(f.n, 2);
	assert_damage(&f.d[0], 1, 1, 1);
	assert_damage(&f.d[1], 0, 5, 1);
	sample_flip(&s, 2050, 0, 0);
	swap_blocks(2049, 2050);
	open_unlocked();
	assert_fails(0, -EBADMSG);
	assert_fails(2048, -EBADMSG);
}
END_TEST

static _Atomic unsigned wrong;

static void *
read_everywhere(void *arg)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	uint8_t *got = malloc(BLOCK_SIZE), *want = malloc(BLOCK_SIZE);
	uint64_t seed = (uintptr_t)arg;

	for (unsigned k = 0; k < 300; k++) {
		uint64_t i = ((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33) % 2100;

		numbered(i, want);
		if (bundle_read_block(b, c, i, got) != 0 || memcmp(got, want, BLOCK_SIZE) != 0)
			wrong++;
	}
	free(got);
	free(want);
	blockcrypt_free(&c);
	return NULL;
}

START_TEST(threads_read_the_same_bundle)
{
	pthread_t t[8];

	make(1, 2100, numbered);
	open_unlocked();
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_everywhere, (void *)(i + 1)), 0);
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

static void *
lock_and_unlock(void *arg)
{
	for (unsigned k = 0; k < 300; k++) {
		bundle_lock(b);
		if (bundle_unlock(b, s.ck) != E_OK)
			wrong++;
	}
	return arg;
}

static void *
read_or_fail(void *arg)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	uint8_t *got = malloc(BLOCK_SIZE), *want = malloc(BLOCK_SIZE);

	for (unsigned k = 0; k < 600; k++) {
		numbered(k % 3, want);
		if (bundle_read_block(b, c, k % 3, got) == 0 && memcmp(got, want, BLOCK_SIZE) != 0)
			wrong++;
	}
	free(got);
	free(want);
	blockcrypt_free(&c);
	return arg;
}

START_TEST(locking_while_others_read_never_gives_wrong_bytes)
{
	pthread_t t[3];

	make(1, 3, numbered);
	open_unlocked();
	ck_assert_int_eq(pthread_create(&t[0], NULL, lock_and_unlock, NULL), 0);
	ck_assert_int_eq(pthread_create(&t[1], NULL, read_or_fail, NULL), 0);
	ck_assert_int_eq(pthread_create(&t[2], NULL, read_or_fail, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_uint_eq(wrong, 0);
	bundle_lock(b);
	ck_assert_int_eq(bundle_read_block(b, mine, 0, buf), -EIO);
}
END_TEST

/* ---- segments ----------------------------------------------------------------------------------------------------------- */

/* hostile 21 */
START_TEST(segment_missing)
{
	make(1, 2, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", 0), 0);
	assert_refused(E_BUNDLE, "segment");
	ck_assert_ptr_nonnull(strstr(fault.object, "/00000000.seg"));
}
END_TEST

/* hostile 21 */
START_TEST(segment_one_byte_short_or_long)
{
	int fd;

	make(1, 2, numbered);
	sample_segment(&s, 0, O_WRONLY, &fd);
	ck_assert_int_eq(ftruncate(fd, 3 * (off_t)BLOCK_SIZE - 1), 0);
	assert_refused(E_BUNDLE, "size");
	ck_assert_int_eq(ftruncate(fd, 3 * (off_t)BLOCK_SIZE + 1), 0);
	assert_refused(E_BUNDLE, "size");
	(void)close(fd);
}
END_TEST

/* hostile 21 */
START_TEST(one_segment_too_many)
{
	int fd;

	make(1, 2, numbered);
	sample_segment(&s, 1, O_WRONLY | O_CREAT, &fd);
	(void)close(fd);
	assert_refused(E_BUNDLE, "one segment too many");
}
END_TEST

/* hostile 21 */
START_TEST(segment_is_a_symbolic_link)
{
	make(1, 2, numbered);
	ck_assert_int_eq(renameat(s.dir_fd, "00000000.seg", s.dir_fd, "x"), 0);
	ck_assert_int_eq(symlinkat("x", s.dir_fd, "00000000.seg"), 0);
	assert_refused(E_BUNDLE, "segment");
}
END_TEST

/* hostile 21 */
START_TEST(segment_is_a_directory)
{
	make(1, 2, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", 0), 0);
	ck_assert_int_eq(mkdirat(s.dir_fd, "00000000.seg", 0700), 0);
	assert_refused(E_BUNDLE, "segment");
}
END_TEST

/* hostile 21 */
START_TEST(segment_is_a_fifo)
{
	make(1, 2, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", 0), 0);
	ck_assert_int_eq(mkfifoat(s.dir_fd, "00000000.seg", 0600), 0);
	assert_refused(E_BUNDLE, "segment");
}
END_TEST

/* hostile 21 */
START_TEST(segment_is_a_device)
{
	make(1, 2, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", 0), 0);
	if (mknodat(s.dir_fd, "00000000.seg", S_IFCHR | 0600, makedev(1, 5)) != 0) /* that of /dev/zero; only root can make it */
		ck_assert_int_eq(symlinkat("/dev/zero", s.dir_fd, "00000000.seg"), 0);
	assert_refused(E_BUNDLE, "segment");
}
END_TEST

/* hostile 21 */
START_TEST(segment_of_another_bundle_linked_in)
{
	char theirs[64] = "b/", ours[64] = "b/";

	make(1, 2, numbered);
	bytes_to_hex(theirs + 2, s.m.bundle_id, ID_SIZE);
	(void)strcat(theirs, "/00000000.seg");
	make(2, 2, numbered);
	bytes_to_hex(ours + 2, s.m.bundle_id, ID_SIZE);
	(void)strcat(ours, "/00000000.seg");
	ck_assert_int_eq(unlinkat(s.once_fd, ours, 0), 0);
	ck_assert_int_eq(linkat(s.once_fd, theirs, s.once_fd, ours, 0), 0);
	assert_refused(E_BUNDLE, "root block");
}
END_TEST

/* ---- manifests ---------------------------------------------------------------------------------------------------------- */

/* hostile 8 */
START_TEST(manifest_missing_empty_or_too_long)
{
	static const uint8_t much[5000];

	make(1, 1, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "manifest.cose", 0), 0);
	assert_refused(E_BUNDLE, "read");
	ck_assert_int_eq(stickio_create(s.dir_fd, "manifest.cose", "", 0, 0600), 0);
	assert_refused(E_BUNDLE, "format");
	ck_assert_int_eq(unlinkat(s.dir_fd, "manifest.cose", 0), 0);
	ck_assert_int_eq(stickio_create(s.dir_fd, "manifest.cose", much, sizeof much, 0600), 0);
	assert_refused(E_BUNDLE, "read");
}
END_TEST

/* hostile 21 */
START_TEST(manifest_is_no_regular_file)
{
	make(1, 1, numbered);
	ck_assert_int_eq(unlinkat(s.dir_fd, "manifest.cose", 0), 0);
	if (_i == 0)
		ck_assert_int_eq(mkfifoat(s.dir_fd, "manifest.cose", 0600), 0);
	else if (_i == 1)
		ck_assert_int_eq(mkdirat(s.dir_fd, "manifest.cose", 0700), 0);
	else
		ck_assert_int_eq(symlinkat("/dev/zero", s.dir_fd, "manifest.cose"), 0);
	assert_refused(E_BUNDLE, "read");
}
END_TEST

/* hostile 11 */
START_TEST(manifest_with_a_flipped_bit)
{
	struct stat st;
	uint8_t byte;
	int fd;

	make(1, 1, numbered);
	fd = openat(s.dir_fd, "manifest.cose", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1u << at % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		ck_assert_int_eq(open_as(s.m.bundle_id, NULL), E_BUNDLE);
		byte ^= (uint8_t)(1u << at % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	(void)close(fd);
	ck_assert_int_eq(reopen(), E_OK);
}
END_TEST

/* hostile 22 */
START_TEST(bundle_under_the_name_of_another)
{
	char name[64] = "b/", other[64] = "b/00000000000000000000000000000000";
	const uint8_t id[ID_SIZE] = {0};

	make(1, 1, numbered);
	bytes_to_hex(name + 2, s.m.bundle_id, ID_SIZE);
	ck_assert_int_eq(renameat(s.once_fd, name, s.once_fd, other), 0);
	ck_assert_int_eq(open_as(id, NULL), E_BUNDLE);
	ck_assert_str_eq(fault.step, "directory name");
	assert_refused(E_BUNDLE, "open");
}
END_TEST

/* hostile 22 */
START_TEST(an_older_manifest_that_is_signed)
{
	uint8_t newer[HASH_SIZE];

	make(1, 1, numbered);
	memcpy(newer, s.m.hash, sizeof newer);
	s.m.created--;
	sample_sign(&s);
	ck_assert_int_eq(open_as(s.m.bundle_id, newer), E_BUNDLE);
	ck_assert_str_eq(fault.step, "manifest hash");
	ck_assert_int_eq(reopen(), E_OK);
}
END_TEST

static const uint64_t LIES[] = {1, 3, 16383, 16384, 2048 * 2048, 4294967295};

/* hostile 22 */
START_TEST(a_signed_number_of_blocks_that_does_not_fit_the_files)
{
	make(1, 2, numbered);
	s.m.blocks = LIES[_i];
	sample_sign(&s);
	assert_refused(E_BUNDLE, "size");
}
END_TEST

START_TEST(no_bundles_at_all)
{
	memset(s.m.bundle_id, 1, ID_SIZE);
	assert_refused(E_BUNDLE, "open");
	ck_assert_int_eq(unlinkat(s.once_fd, "b", AT_REMOVEDIR), 0);
	assert_refused(E_BUNDLE, "open");
	ck_assert_int_eq(symlinkat("/tmp", s.once_fd, "b"), 0);
	assert_refused(E_BUNDLE, "open");
}
END_TEST

/* hostile 31 */
START_TEST(bundle_directory_is_a_link)
{
	char name[64] = "b/";

	make(1, 1, numbered);
	bytes_to_hex(name + 2, s.m.bundle_id, ID_SIZE);
	ck_assert_int_eq(renameat(s.once_fd, name, s.once_fd, "b/x"), 0);
	ck_assert_int_eq(symlinkat("x", s.once_fd, name), 0);
	assert_refused(E_BUNDLE, "open");
}
END_TEST

/* ---- borders of tree blocks: holes ---------------------------------------------------------------------------------------- */

/* hostile 25 */
START_TEST(the_data_at_the_border_of_a_tree_block)
{
	const uint64_t n = 2047 + (uint64_t)_i;
	struct found f;

	sample_write(&s, 1, n, holes, NULL);
	ck_assert_uint_eq(s.at, n + (n <= 2048 ? 1 : 3));
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_check_block(b, mine, 0, buf), 0);
	ck_assert_int_eq(bundle_check_block(b, mine, n - 1, buf), 0);
	sample_flip(&s, n - 1, 65535, 7);
	ck_assert_int_eq(bundle_check_block(b, mine, n - 1, buf), -EBADMSG);
	f = verify(E_BUNDLE, 0, false);
	ck_assert_uint_eq(f.n, 1);
	assert_damage(&f.d[0], 0, n - 1, 1);
	ck_assert_int_eq(bundle_check_block(b, mine, n, buf), -EIO);
}
END_TEST

/* ---- borders of segments: a gibibyte of holes ---------------------------------------------------------------------------- */

/* hostile 25 */
START_TEST(the_tree_at_the_border_of_a_segment)
{
	const uint64_t n = 16375 + (uint64_t)_i; /* with 8 + 1 tree blocks: 16384 in all, or one more */
	struct found f;

	sample_write(&s, 1, n, holes, NULL);
	ck_assert_uint_eq(s.at, 16384 + (uint64_t)_i);
	ck_assert_int_eq(reopen(), E_OK);
	ck_assert_int_eq(bundle_check_block(b, mine, 0, buf), 0);
	ck_assert_int_eq(bundle_check_block(b, mine, n - 1, buf), 0);
	sample_poke(&s, n - 1, 100, "x", 1);
	sample_flip(&s, n + 3, 100, 0);
	ck_assert_int_eq(reopen(), E_OK);
	f = verify(E_BUNDLE, 0, false);
	ck_assert_uint_eq(f.n, 2);
	assert_damage(&f.d[0], 1, 3, 2048);
	assert_damage(&f.d[1], 0, n - 1, 1);
	sample_flip(&s, 16383 + (uint64_t)_i, 0, 0);
	assert_refused(E_BUNDLE, "root block");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *t = tcase_create("all"), *large = tcase_create("large");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bundle_of_the_vectors);
	tcase_add_test(t, random_access_is_the_plaintext);
	tcase_add_loop_test(t, every_block_of_small_bundles, 0, (int)(sizeof SIZES / sizeof *SIZES));
	tcase_add_test(t, any_manifest_of_that_id_will_do_without_a_hash);
	tcase_add_test(t, a_check_without_callbacks);
	tcase_add_test(t, nothing_is_read_without_the_key);
	tcase_add_test(t, another_key_does_not_satisfy_the_commitment);
	tcase_add_test(t, a_wrong_commitment_that_is_signed);
	tcase_add_test(t, locked_again);
	tcase_add_test(t, a_block_that_was_read_is_kept);
	tcase_add_test(t, locking_leaves_neither_key_nor_plaintext);
	tcase_add_loop_test(t, a_flipped_bit_is_an_error_of_its_block_only, 0, (int)(sizeof FLIPS / sizeof *FLIPS));
	tcase_add_test(t, a_thousand_flipped_bits_are_never_read);
	tcase_add_loop_test(t, damage_is_reported_in_order_whoever_finds_it, 0, 6);
	tcase_add_test(t, damage_names_the_file);
	tcase_add_loop_test(t, two_data_blocks_swapped, 0, 2);
	tcase_add_test(t, equal_bytes_in_two_places_of_the_tree);
	tcase_add_test(t, a_block_of_another_bundle_at_the_same_index);
	tcase_add_test(t, a_tree_block_as_a_data_block);
	tcase_add_test(t, a_device_that_changes_its_mind);
	tcase_add_test(t, a_file_cut_short_after_it_was_opened);
	tcase_add_test(t, a_stick_that_comes_back_elsewhere);
	tcase_add_test(t, threads_are_as_many_as_are_wanted);
	tcase_add_test(t, reading_past_the_cache_says_whether_it_did);
	tcase_add_loop_test(t, what_was_not_read_or_hashed_does_not_verify, 0, 2);
	tcase_add_test(t, verification_that_is_stopped);
	tcase_add_loop_test(t, a_flipped_root_block, 0, 2);
	tcase_add_test(t, made_by_a_version_before_0_1_0);
	tcase_add_test(t, a_root_block_damaged_after_opening);
	tcase_add_test(t, a_damaged_tree_block_takes_what_is_below);
	tcase_add_test(t, threads_read_the_same_bundle);
	tcase_add_test(t, locking_while_others_read_never_gives_wrong_bytes);
	tcase_add_test(t, segment_missing);
	tcase_add_test(t, segment_one_byte_short_or_long);
	tcase_add_test(t, one_segment_too_many);
	tcase_add_test(t, segment_is_a_symbolic_link);
	tcase_add_test(t, segment_is_a_directory);
	tcase_add_test(t, segment_is_a_fifo);
	tcase_add_test(t, segment_is_a_device);
	tcase_add_test(t, segment_of_another_bundle_linked_in);
	tcase_add_test(t, manifest_missing_empty_or_too_long);
	tcase_add_loop_test(t, manifest_is_no_regular_file, 0, 3);
	tcase_add_test(t, manifest_with_a_flipped_bit);
	tcase_add_test(t, bundle_under_the_name_of_another);
	tcase_add_test(t, an_older_manifest_that_is_signed);
	tcase_add_loop_test(t, a_signed_number_of_blocks_that_does_not_fit_the_files, 0, (int)(sizeof LIES / sizeof *LIES));
	tcase_add_test(t, no_bundles_at_all);
	tcase_add_test(t, bundle_directory_is_a_link);
	suite_add_tcase(suite, t);
	tcase_set_timeout(large, 300);
	tcase_add_checked_fixture(large, setup, teardown);
	tcase_add_loop_test(large, the_data_at_the_border_of_a_tree_block, 0, 3);
	tcase_add_loop_test(large, the_tree_at_the_border_of_a_segment, 0, 2);
	suite_add_tcase(suite, large);
	return suite_run(suite);
}
