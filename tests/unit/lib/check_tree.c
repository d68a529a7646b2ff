/*
 * check_tree.c - shape of the tree, its construction, and a naive recomputation of it.
 */
#include "tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "bytes.h"
#include "calls.h"
#include "suite.h"

/* ---- calls that a test may change ------------------------------------------------------------------------------------------ */

static int nameless_fails;              /* errno of O_TMPFILE; 0: it works */
static bool no_write, no_read;

#pragma GCC visibility push(default)

#include "opened.h"

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	(void)name;
	if (nameless_fails != 0 && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = nameless_fails;
		return -1;
	}
	return (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE, mode);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	errno = ENOSPC;
	return no_write ? -1 : call_pwrite(fd, buf, n, off);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	errno = EIO;
	return no_read ? -1 : call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off64_t off) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t off) __attribute__((alias("pwrite")));
#endif

#pragma GCC visibility pop

static const struct {
	uint64_t n;
	const char *root;
} VECTORS[] = {
	{1, "ca21f05db5364a0c56cc879790a79ceafe2aded3f2b795871779b2048cf10718"},
	{2, "10f2cfa7b43a1b1e5eb36058d47fb69b8fdea04f74c915df43a64fa6816cc5c7"},
	{2048, "9982af10c428e082fb2ec19e71be0569f7c5b792e9118fa614d396a2ff3323ae"},
	{2049, "b21ee2cd14abf65f73574969115478fc4c84239b370d3ef6ff02196289fd53ce"},
};

/* Every block that was emitted, one after another. */
struct emitted {
	uint8_t *p;
	size_t n;
	size_t stop_at; /* fail with 77 at this block, unless 0 */
};

static int
collect(void *arg, const uint8_t block[BLOCK_SIZE])
{
	struct emitted *e = arg;

	if (e->stop_at != 0 && e->n + 1 == e->stop_at)
		return 77;
	e->p = realloc(e->p, (e->n + 1) * BLOCK_SIZE);
	ck_assert_ptr_nonnull(e->p);
	memcpy(e->p + e->n++ * BLOCK_SIZE, block, BLOCK_SIZE);
	return 0;
}

static int
count_only(void *arg, const uint8_t block[BLOCK_SIZE])
{
	(void)block;
	++*(uint64_t *)arg;
	return 0;
}

static struct blockcrypt *
new_crypt(void)
{
	struct blockcrypt *c = blockcrypt_new(NULL);

	ck_assert_ptr_nonnull(c);
	return c;
}

static struct tree_builder *
new_builder(void)
{
	struct tree_builder *b = tree_builder_new("/tmp");

	ck_assert_ptr_nonnull(b);
	return b;
}

static void
add(struct tree_builder *b, const uint8_t hash[HASH_SIZE])
{
	if (tree_builder_add(b, hash) != 0)
		ck_abort_msg("hash refused: %s", strerror(errno));
}

/* A recognisable hash for block i, cheaper than hashing one. */
static void
numbered_hash(uint8_t h[HASH_SIZE], uint64_t i)
{
	memset(h, (int)(i % 253), HASH_SIZE);
	store_le64(h + 4, i * 0x9e3779b97f4a7c15u);
	store_le64(h + 24, i);
}

/* The root by the definition, recursively: h(k, j) over the children that exist, zero-padded. Recomputes everything each time. */
static void
naive_node(struct blockcrypt *c, uint8_t out[HASH_SIZE], unsigned level, uint64_t j, const uint64_t *count)
{
	uint8_t *block = NULL;

	if (level == 0) {
		numbered_hash(out, j);
		return;
	}
	block = calloc(1, BLOCK_SIZE);
	ck_assert_ptr_nonnull(block);
	for (uint64_t i = 0; i < 2048 && 2048 * j + i < count[level - 1]; i++)
		naive_node(c, block + 32 * i, level - 1, 2048 * j + i, count);
	ck_assert_int_eq(blockcrypt_hash(c, out, level, j, block), 0);
	free(block);
}

static void
naive_root(struct blockcrypt *c, uint8_t out[HASH_SIZE], uint64_t n)
{
	uint64_t count[8] = {n};
	unsigned k = 0;

	do {
		k++;
		count[k] = count[k - 1] / 2048 + (count[k - 1] % 2048 != 0);
	} while (count[k] != 1);
	naive_node(c, out, k, 0, count);
}

START_TEST(roots_of_the_vectors)
{
	struct blockcrypt *c = new_crypt();
	struct tree_builder *b = new_builder();
	struct emitted e = {0};
	uint8_t *block = malloc(BLOCK_SIZE), hash[HASH_SIZE], root[HASH_SIZE], want[HASH_SIZE];

	ck_assert_ptr_nonnull(block);
	ck_assert_int_eq(bytes_from_hex(want, sizeof want, VECTORS[_i].root), 0);
	for (uint64_t i = 0; i < VECTORS[_i].n; i++) {
		memset(block, (int)(i % 251), BLOCK_SIZE);
		ck_assert_int_eq(blockcrypt_hash(c, hash, 0, i, block), 0);
		add(b, hash);
	}
	ck_assert_int_eq(tree_builder_finish(b, c, collect, &e, root), 0);
	ck_assert_mem_eq(root, want, sizeof root);
	ck_assert_uint_eq(e.n, VECTORS[_i].n == 2049 ? 3 : 1);
	free(e.p);
	free(block);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

static const uint64_t SIZES[] = {1, 3, 2047, 2048, 2049, 4095, 4096, 4097, 16384, 16385};

/* hostile 25 */
START_TEST(agrees_with_the_definition)
{
	struct blockcrypt *c = new_crypt();
	struct tree_builder *b = new_builder();
	struct tree_shape s;
	struct emitted e = {0};
	uint8_t hash[HASH_SIZE], root[HASH_SIZE], want[HASH_SIZE];

	for (uint64_t i = 0; i < SIZES[_i]; i++) {
		numbered_hash(hash, i);
		add(b, hash);
	}
	ck_assert_int_eq(tree_builder_finish(b, c, collect, &e, root), 0);
	naive_root(c, want, SIZES[_i]);
	ck_assert_mem_eq(root, want, sizeof root);
	ck_assert_int_eq(tree_shape_of(&s, SIZES[_i]), 0);
	ck_assert_uint_eq(e.n, s.total - s.count[0]);
	/* In file order: the last block of all hashes to the root, the first holds the first hashes. */
	ck_assert_int_eq(blockcrypt_hash(c, hash, s.top, 0, e.p + (e.n - 1) * BLOCK_SIZE), 0);
	ck_assert_mem_eq(hash, root, sizeof root);
	numbered_hash(hash, 0);
	ck_assert_mem_eq(e.p, hash, sizeof hash);
	free(e.p);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

START_TEST(hashes_beyond_memory_are_spooled_and_come_back)
{
	const uint64_t n = 524288 + 2048 + 5; /* 16 MiB of hashes, a block in the file, and a tail */
	size_t wrong = 0;
	struct blockcrypt *c = new_crypt();
	struct tree_builder *b = new_builder();
	struct emitted e = {0};
	uint8_t hash[HASH_SIZE], root[HASH_SIZE];

	for (uint64_t i = 0; i < n; i++) {
		numbered_hash(hash, i);
		add(b, hash);
	}
	ck_assert_int_eq(tree_builder_finish(b, c, collect, &e, root), 0);
	ck_assert_uint_eq(e.n, 256 + 2 + 1);
	for (uint64_t i = 0; i < n; i++) {
		numbered_hash(hash, i);
		if (memcmp(e.p + i * HASH_SIZE, hash, HASH_SIZE) != 0)
			ck_abort_msg("hash %llu", (unsigned long long)i);
	}
	for (size_t i = (size_t)n * HASH_SIZE; i < 258 * (size_t)BLOCK_SIZE; i++)
		wrong += e.p[i] != 0;
	ck_assert_uint_eq(wrong, 0);
	free(e.p);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

START_TEST(spool_in_a_directory_that_is_not_there_fails_when_needed)
{
	struct tree_builder *b = tree_builder_new("/nonexistent/oncestick");
	uint8_t hash[HASH_SIZE] = {0};

	ck_assert_ptr_nonnull(b);
	for (unsigned i = 0; i < 524288; i++)
		add(b, hash);
	errno = 0;
	ck_assert_int_eq(tree_builder_add(b, hash), -1);
	ck_assert_int_eq(errno, ENOENT);
	tree_builder_free(&b);
}
END_TEST

/* Also where a file system, or a kernel, has no files without a name. */
START_TEST(spool_leaves_no_name_behind)
{
	static const int fails[] = {0, EOPNOTSUPP, EISDIR, ENOENT, EINVAL};
	char dir[] = "/tmp/check_tree.XXXXXX";
	struct tree_builder *b = NULL;
	uint8_t hash[HASH_SIZE] = {0};

	nameless_fails = fails[_i];
	ck_assert_ptr_nonnull(mkdtemp(dir));
	b = tree_builder_new(dir);
	ck_assert_ptr_nonnull(b);
	for (unsigned i = 0; i < 524288 + 1; i++)
		add(b, hash);
	ck_assert_int_eq(rmdir(dir), 0);
	tree_builder_free(&b);
}
END_TEST

/* In memory there is room for the first 524288 hashes; then a block of them goes to the file at a time. */
START_TEST(spool_that_fails_is_told)
{
	struct tree_builder *b = new_builder();
	struct blockcrypt *c = new_crypt();
	struct emitted e = {0};
	uint8_t hash[HASH_SIZE] = {0}, root[HASH_SIZE];

	for (unsigned i = 0; i < 524288; i++)
		add(b, hash);
	if (_i == 0) {
		nameless_fails = EACCES; /* that is no want of O_TMPFILE */
		ck_assert(tree_builder_add(b, hash) == -1 && errno == EACCES);
	}
	nameless_fails = 0;
	for (unsigned i = 0; i < 2048; i++)
		add(b, hash);
	no_write = true;
	ck_assert(tree_builder_add(b, hash) == -1 && errno == ENOSPC);
	no_write = false;
	add(b, hash);
	no_read = true;
	ck_assert(tree_builder_finish(b, c, collect, &e, root) == -1 && errno == EIO);
	no_read = false;
	ck_assert_uint_eq(e.n, 256);
	free(e.p);
	e = (struct emitted){0};
	ck_assert_int_eq(tree_builder_finish(b, c, collect, &e, root), 0);
	ck_assert_uint_eq(e.n, 256 + 2 + 1);
	free(e.p);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

START_TEST(emit_stops_with_its_own_value_and_no_root)
{
	struct blockcrypt *c = new_crypt();
	struct tree_builder *b = new_builder();
	struct emitted e = {.stop_at = (size_t)_i};
	uint8_t hash[HASH_SIZE] = {0}, root[HASH_SIZE], before[HASH_SIZE];

	memset(root, 0xee, sizeof root);
	memcpy(before, root, sizeof root);
	for (unsigned i = 0; i < 2049; i++)
		add(b, hash);
	ck_assert_int_eq(tree_builder_finish(b, c, collect, &e, root), 77);
	ck_assert_uint_eq(e.n, (size_t)_i - 1);
	ck_assert_mem_eq(root, before, sizeof root);
	free(e.p);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

START_TEST(a_builder_without_hashes_has_no_root)
{
	struct blockcrypt *c = new_crypt();
	struct tree_builder *b = new_builder();
	uint64_t n = 0;
	uint8_t root[HASH_SIZE];

	errno = 0;
	ck_assert_int_eq(tree_builder_finish(b, c, count_only, &n, root), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(n, 0);
	tree_builder_free(&b);
	tree_builder_free(&b);
	blockcrypt_free(&c);
}
END_TEST

static const struct {
	uint64_t n;
	unsigned top;
	uint64_t count[3];
	uint64_t total;
} SHAPES[] = {
	{1, 1, {1, 0, 0}, 2},
	{2, 1, {1, 0, 0}, 3},
	{2048, 1, {1, 0, 0}, 2049},
	{2049, 2, {2, 1, 0}, 2052},
	{16384, 2, {8, 1, 0}, 16393},
	{16385, 2, {9, 1, 0}, 16395},
	{4194304, 2, {2048, 1, 0}, 4196353},
	{4194305, 3, {2049, 2, 1}, 4196357},
	{4294967295, 3, {2097152, 1024, 1}, 4297065472},
};

START_TEST(shapes)
{
	struct tree_shape s;
	uint64_t first = SHAPES[_i].n;

	memset(&s, 0xff, sizeof s);
	ck_assert_int_eq(tree_shape_of(&s, SHAPES[_i].n), 0);
	ck_assert_uint_eq(s.top, SHAPES[_i].top);
	ck_assert_uint_eq(s.count[0], SHAPES[_i].n);
	ck_assert_uint_eq(s.first[0], 0);
	for (unsigned k = 1; k <= TREE_LEVELS_MAX; k++) {
		ck_assert_uint_eq(s.count[k], SHAPES[_i].count[k - 1]);
		if (k <= s.top)
			ck_assert_uint_eq(s.first[k], first);
		first += SHAPES[_i].count[k - 1];
	}
	ck_assert_uint_eq(s.total, SHAPES[_i].total);
}
END_TEST

/* hostile 22 */
START_TEST(impossible_shapes_leave_the_output_alone)
{
	struct tree_shape s, before;

	memset(&s, 0xa5, sizeof s);
	memcpy(&before, &s, sizeof s);
	ck_assert_int_eq(tree_shape_of(&s, 0), -1);
	ck_assert_int_eq(tree_shape_of(&s, 4294967296), -1);
	ck_assert_int_eq(tree_shape_of(&s, UINT64_MAX), -1);
	ck_assert_mem_eq(&s, &before, sizeof s);
}
END_TEST

SUITE("tree", .timeout = 60)
{
	tcase_add_loop_test(t, roots_of_the_vectors, 0, (int)(sizeof VECTORS / sizeof *VECTORS));
	tcase_add_loop_test(t, agrees_with_the_definition, 0, (int)(sizeof SIZES / sizeof *SIZES));
	tcase_add_test(t, hashes_beyond_memory_are_spooled_and_come_back);
	tcase_add_test(t, spool_in_a_directory_that_is_not_there_fails_when_needed);
	tcase_add_loop_test(t, spool_leaves_no_name_behind, 0, 5);
	tcase_add_loop_test(t, spool_that_fails_is_told, 0, 2);
	tcase_add_loop_test(t, emit_stops_with_its_own_value_and_no_root, 1, 4);
	tcase_add_test(t, a_builder_without_hashes_has_no_root);
	tcase_add_loop_test(t, shapes, 0, (int)(sizeof SHAPES / sizeof *SHAPES));
	tcase_add_test(t, impossible_shapes_leave_the_output_alone);
}
