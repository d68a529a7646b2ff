/*
 * check_treecache.c - hashes from verified tree blocks: more blocks than are kept, many threads, damage.
 *
 * The tree is real; the data below it is a hole, for nothing here reads data.
 */
#include "treecache.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "sample_bundle.h"
#include "suite.h"

static struct sample s;
static struct tree_shape shape;
static struct segment_set *set;
static struct treecache *cache;
static struct blockcrypt *mine;
static uint8_t root[HASH_SIZE];

static void
numbered_hash(uint8_t h[HASH_SIZE], uint64_t i)
{
	memset(h, (int)(i % 253), HASH_SIZE);
	store_le64(h + 4, i * 0x9e3779b97f4a7c15u);
	store_le64(h + 24, i);
}

static void
make(uint64_t n)
{
	struct tree_builder *b = tree_builder_new("/tmp");
	uint8_t hash[HASH_SIZE];

	ck_assert_ptr_nonnull(b);
	sample_begin(&s);
	s.dir_fd = openat(s.once_fd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s.dir_fd, 0);
	for (uint64_t i = 0; i < n; i++) {
		numbered_hash(hash, i);
		if (tree_builder_add(b, hash) != 0)
			ck_abort_msg("hash %llu", (unsigned long long)i);
		if (i + 1 == n || (i + 1) % SEGMENT_BLOCKS == 0) {
			s.at = i;
			sample_append(&s, NULL);
		}
	}
	ck_assert_int_eq(tree_builder_finish(b, mine, sample_append_tree, &s, root), 0);
	tree_builder_free(&b);
	ck_assert_int_eq(tree_shape_of(&shape, n), 0);
	set = segment_new(s.dir_fd, shape.total, SEGMENT_CACHED);
	cache = treecache_new(&shape, set, root);
	ck_assert(set != NULL && cache != NULL);
}

static void
setup(void)
{
	mine = blockcrypt_new(NULL);
	ck_assert_ptr_nonnull(mine);
}

static void
teardown(void)
{
	treecache_free(&cache);
	segment_free(&set);
	blockcrypt_free(&mine);
	sample_end(&s);
}

static int
hash_is_right(struct blockcrypt *c, uint64_t i)
{
	uint8_t got[1][HASH_SIZE], want[HASH_SIZE];

	numbered_hash(want, i);
	return treecache_hashes(cache, c, 0, i, 1, got) == 0 && memcmp(got[0], want, HASH_SIZE) == 0;
}

static const uint64_t SIZES[] = {1, 2, 2048, 2049, 4097, 200 * 2048 + 3};

START_TEST(hashes_of_data)
{
	make(SIZES[_i]);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	for (uint64_t i = 0; i < SIZES[_i]; i += 1 + SIZES[_i] / 999)
		ck_assert(hash_is_right(mine, i));
	ck_assert(hash_is_right(mine, SIZES[_i] - 1));
	ck_assert(hash_is_right(mine, 0));
}
END_TEST

START_TEST(hashes_of_tree_blocks)
{
	static uint8_t block[BLOCK_SIZE];
	uint8_t got[1][HASH_SIZE], want[HASH_SIZE];

	make(70 * 2048);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	ck_assert_int_eq(treecache_hashes(cache, mine, 2, 0, 1, got), 0);
	ck_assert_mem_eq(got[0], root, HASH_SIZE);
	for (uint64_t j = 0; j < 70; j++) {
		sample_peek(&s, shape.first[1] + j, block);
		ck_assert_int_eq(blockcrypt_hash(mine, want, 1, j, block), 0);
		ck_assert_int_eq(treecache_hashes(cache, mine, 1, j, 1, got), 0);
		ck_assert_mem_eq(got[0], want, HASH_SIZE);
	}
}
END_TEST

START_TEST(runs_of_hashes)
{
	uint8_t got[16][HASH_SIZE], want[HASH_SIZE];

	make(3 * 2048);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	for (uint64_t i = 2048 - 16; i <= 2048; i += 16) {
		ck_assert_int_eq(treecache_hashes(cache, mine, 0, i, 16, got), 0);
		for (unsigned k = 0; k < 16; k++) {
			numbered_hash(want, i + k);
			ck_assert_mem_eq(got[k], want, HASH_SIZE);
		}
	}
}
END_TEST

/* hostile 20 */
START_TEST(a_root_block_that_does_not_verify)
{
	make(2049);
	sample_flip(&s, shape.first[2], 65535, 7);
	ck_assert_int_eq(treecache_start(cache, mine), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

/* hostile 20 */
START_TEST(a_damaged_tree_block_is_never_kept)
{
	make(3 * 2048);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	sample_flip(&s, shape.first[1] + 1, 4000, 0);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t got[1][HASH_SIZE];

		errno = 0;
		ck_assert_int_eq(treecache_hashes(cache, mine, 0, 2048 + i, 1, got), -1);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert(hash_is_right(mine, 2047));
		ck_assert(hash_is_right(mine, 4096));
	}
	sample_flip(&s, shape.first[1] + 1, 4000, 0);
	ck_assert(hash_is_right(mine, 2048));
	/* Now it is kept: what happens to the file matters no more. */
	sample_flip(&s, shape.first[1] + 1, 4000, 0);
	ck_assert(hash_is_right(mine, 2049));
}
END_TEST

/* hostile 19 */
START_TEST(two_tree_blocks_swapped)
{
	static uint8_t a[BLOCK_SIZE], b[BLOCK_SIZE];

	make(3 * 2048);
	sample_peek(&s, shape.first[1], a);
	sample_peek(&s, shape.first[1] + 1, b);
	sample_poke(&s, shape.first[1], 0, b, BLOCK_SIZE);
	sample_poke(&s, shape.first[1] + 1, 0, a, BLOCK_SIZE);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	ck_assert(!hash_is_right(mine, 0));
	ck_assert(!hash_is_right(mine, 2048));
	ck_assert(hash_is_right(mine, 4096));
}
END_TEST

START_TEST(three_levels)
{
	const uint64_t n = 2048 * 2048 + 70 * 2048 + 1;

	make(n);
	ck_assert_uint_eq(shape.top, 3);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	for (uint64_t i = 0; i < n; i += n / 300)
		ck_assert(hash_is_right(mine, i));
	ck_assert(hash_is_right(mine, n - 1));
	sample_flip(&s, shape.first[2] + 1, 0, 0);
	treecache_free(&cache);
	cache = treecache_new(&shape, set, root);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	ck_assert(!hash_is_right(mine, n - 1));
	ck_assert(hash_is_right(mine, 2048 * 2048 - 1));
}
END_TEST

#define BAD_PARENT 5u

static _Atomic unsigned wrong;
static unsigned asks; /* of each thread */

/* Hashes from all over a tree of which more blocks are in use than are kept, and one is damaged. */
static void *
ask_everywhere(void *arg)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	uint64_t seed = (uintptr_t)arg;

	for (unsigned k = 0; k < asks; k++) {
		uint64_t i = ((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33) % shape.count[0];

		if (hash_is_right(c, i) != (i / 2048 != BAD_PARENT))
			wrong++;
	}
	blockcrypt_free(&c);
	return NULL;
}

static void
ask_with_threads(uint64_t n, size_t threads)
{
	pthread_t t[80];

	make(n);
	asks = (unsigned)((suite_few() ? 2000 : 8000) / threads);
	sample_flip(&s, shape.first[1] + BAD_PARENT, 1, 1);
	ck_assert_int_eq(treecache_start(cache, mine), 0);
	for (size_t i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, ask_everywhere, (void *)(i + 1)), 0);
	for (size_t i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(threads_that_evict_each_other)
{
	ask_with_threads(90 * 2048, 4);
}
END_TEST

START_TEST(threads_that_wait_for_each_other)
{
	ask_with_threads(20 * 2048, 8);
}
END_TEST

START_TEST(more_threads_than_blocks_kept)
{
	ask_with_threads(90 * 2048, 80);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("treecache");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, hashes_of_data, 0, (int)(sizeof SIZES / sizeof *SIZES));
	tcase_add_test(t, hashes_of_tree_blocks);
	tcase_add_test(t, runs_of_hashes);
	tcase_add_test(t, a_root_block_that_does_not_verify);
	tcase_add_test(t, a_damaged_tree_block_is_never_kept);
	tcase_add_test(t, two_tree_blocks_swapped);
	if (!suite_few()) /* it begins with four million hashes */
		tcase_add_test(t, three_levels);
	tcase_add_test(t, threads_that_evict_each_other);
	tcase_add_test(t, threads_that_wait_for_each_other);
	tcase_add_test(t, more_threads_than_blocks_kept);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
