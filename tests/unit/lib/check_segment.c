/*
 * check_segment.c - the block stream: names, sizes, reading across files, and few descriptors.
 */
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "calls.h"
#include "dropped.h"
#include "sample_bundle.h"
#include "suite.h"

static struct sample s;
static struct segment_set *set;
static bool from_memory; /* the last read was of what nobody had dropped */

__attribute__((visibility("default"))) ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	from_memory = !was_dropped(fd, off, n);
	return call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off_t off) __attribute__((alias("pread"), visibility("default")));
#endif

/* Make files of the right sizes for blocks blocks, holes but for each block's number at its start. */
static void
make(uint64_t blocks, uint64_t step)
{
	uint8_t mark[8];

	s.dir_fd = openat(s.once_fd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s.dir_fd, 0);
	for (uint64_t at = SEGMENT_BLOCKS - 1; at < blocks; at += SEGMENT_BLOCKS) {
		s.at = at;
		sample_append(&s, NULL);
	}
	if (blocks % SEGMENT_BLOCKS != 0) {
		s.at = blocks - 1;
		sample_append(&s, NULL);
	}
	for (uint64_t b = 0; b < blocks; b += step) {
		store_le64(mark, b + 1);
		sample_poke(&s, b, 0, mark, sizeof mark);
	}
	set = segment_new(s.dir_fd, blocks, SEGMENT_CACHED);
	ck_assert_ptr_nonnull(set);
}

static void
setup(void)
{
	sample_begin(&s);
}

static void
teardown(void)
{
	segment_free(&set);
	sample_end(&s);
}

static unsigned
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

START_TEST(names)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(name, 0);
	ck_assert_str_eq(name, "00000000.seg");
	segment_name(name, 16);
	ck_assert_str_eq(name, "00000016.seg");
	segment_name(name, 262271);
	ck_assert_str_eq(name, "00262271.seg");
}
END_TEST

static const struct {
	uint64_t blocks;
	uint32_t count;
} COUNTS[] = {{1, 1}, {16383, 1}, {16384, 1}, {16385, 2}, {32768, 2}, {32769, 3}, {4297065472, 262273}};

START_TEST(counts)
{
	set = segment_new(-1, COUNTS[_i].blocks, SEGMENT_CACHED);
	ck_assert_ptr_nonnull(set);
	ck_assert_uint_eq(segment_count(set), (uint32_t)((COUNTS[_i].blocks + 16383) / 16384));
	if (_i < 6)
		ck_assert_uint_eq(segment_count(set), COUNTS[_i].count);
}
END_TEST

static const uint64_t BORDERS[] = {1, 16383, 16384, 16385, 32768, 32769};

/* hostile 25 */
START_TEST(sizes_at_borders)
{
	uint32_t bad = 77, last;
	int fd;

	make(BORDERS[_i], 8192);
	ck_assert_int_eq(segment_check(set, &bad), 0);
	ck_assert_uint_eq(bad, 77);
	last = segment_count(set) - 1;
	for (int delta = -1; delta <= 1; delta += 2) {
		struct stat st;

		sample_segment(&s, last, O_WRONLY, &fd);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_eq(ftruncate(fd, st.st_size + delta), 0);
		ck_assert_int_eq(segment_check(set, &bad), -1);
		ck_assert_int_eq(errno, EFBIG);
		ck_assert_uint_eq(bad, last);
		ck_assert_int_eq(ftruncate(fd, st.st_size), 0);
		(void)close(fd);
	}
	sample_segment(&s, last + 1, O_CREAT | O_WRONLY, &fd);
	(void)close(fd);
	ck_assert_int_eq(segment_check(set, &bad), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_uint_eq(bad, last + 1);
}
END_TEST

/* hostile 22 */
START_TEST(a_bundle_of_256_tebibytes_fails_at_its_first_segment)
{
	uint32_t bad = 77;

	make(3, 1);
	segment_free(&set);
	set = segment_new(s.dir_fd, 4297065472, SEGMENT_CACHED);
	ck_assert_ptr_nonnull(set);
	ck_assert_int_eq(segment_check(set, &bad), -1);
	ck_assert_uint_eq(bad, 0);
}
END_TEST

START_TEST(a_run_across_two_files)
{
	uint8_t *buf = malloc(4 * (size_t)BLOCK_SIZE);

	ck_assert_ptr_nonnull(buf);
	make(32770, 1);
	ck_assert_int_eq(segment_read(set, 16382, 4, buf), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(load_le64(buf + i * (size_t)BLOCK_SIZE), 16383 + i);
	ck_assert_int_eq(segment_read(set, 32766, 4, buf), 0);
	ck_assert_uint_eq(load_le64(buf + 3 * (size_t)BLOCK_SIZE), 32770);
	free(buf);
}
END_TEST

START_TEST(nothing_is_read_beyond_the_end)
{
	static uint8_t buf[2 * BLOCK_SIZE];

	make(3, 1);
	ck_assert_int_eq(segment_read(set, 1, 2, buf), 0);
	ck_assert_int_eq(segment_read(set, 2, 2, buf), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(segment_read(set, 3, 1, buf), -1);
	ck_assert_int_eq(segment_read(set, UINT64_MAX, 2, buf), -1);
	ck_assert_int_eq(segment_read(set, 3, 0, buf), 0);
}
END_TEST

START_TEST(many_files_few_descriptors)
{
	const uint64_t blocks = 40 * (uint64_t)SEGMENT_BLOCKS;
	static uint8_t buf[BLOCK_SIZE];
	unsigned before = open_descriptors();

	make(blocks, SEGMENT_BLOCKS / 2);
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t b = 0; b < blocks; b += SEGMENT_BLOCKS / 2) {
			ck_assert_int_eq(segment_read(set, b, 1, buf), 0);
			ck_assert_uint_eq(load_le64(buf), b + 1);
		}
	}
	ck_assert_uint_le(open_descriptors(), before + 1 + 16);
	segment_free(&set);
	ck_assert_uint_eq(open_descriptors(), before + 1);
}
END_TEST

static void *
read_everywhere(void *arg)
{
	uint8_t *buf = malloc(BLOCK_SIZE);
	uint64_t seed = (uintptr_t)arg;

	for (unsigned i = 0; i < 500 && buf != NULL; i++) {
		uint64_t b = (seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33;

		b = b % 80 * (SEGMENT_BLOCKS / 2);
		if (segment_read(set, b, 1, buf) != 0 || load_le64(buf) != b + 1) {
			free(buf);
			return NULL;
		}
	}
	free(buf);
	return arg;
}

START_TEST(more_threads_than_places)
{
	pthread_t t[24];

	make(40 * (uint64_t)SEGMENT_BLOCKS, SEGMENT_BLOCKS / 2);
	for (size_t i = 0; i < 24; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_everywhere, (void *)(i + 1)), 0);
	for (size_t i = 0; i < 24; i++) {
		void *r = NULL;

		ck_assert_int_eq(pthread_join(t[i], &r), 0);
		ck_assert_ptr_eq(r, (void *)(i + 1));
	}
}
END_TEST

static void
resize(uint32_t number, off_t delta)
{
	struct stat st;
	int fd = -1;

	sample_segment(&s, number, O_WRONLY, &fd);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(ftruncate(fd, st.st_size + delta), 0);
	(void)close(fd);
}

/* Of a size it had not when it was checked: it is refused each time, costs nothing, and is read when it is whole again. */
START_TEST(a_segment_that_was_cut_or_removed_costs_no_descriptor)
{
	static const enum segment_mode modes[] = {SEGMENT_CACHED, SEGMENT_DROP};
	uint8_t *buf = aligned_alloc(SEGMENT_ALIGN, BLOCK_SIZE);
	unsigned before = 0;

	ck_assert_ptr_nonnull(buf);
	make(3, 1);
	segment_free(&set);
	set = segment_new(s.dir_fd, 3, modes[_i]);
	before = open_descriptors();
	for (int delta = -1; delta <= 1; delta += 2) {
		resize(0, delta);
		for (unsigned i = 0; i < 20; i++) {
			ck_assert_int_eq(segment_read(set, 0, 1, buf), -1);
			ck_assert_int_eq(errno, EIO);
		}
		ck_assert_uint_eq(open_descriptors(), before);
		resize(0, -delta);
	}
	ck_assert_int_eq(renameat(s.dir_fd, "00000000.seg", s.dir_fd, "gone"), 0);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(segment_read(set, 0, 1, buf), -1);
		ck_assert_int_eq(errno, ENOENT);
	}
	ck_assert_int_eq(mkdirat(s.dir_fd, "00000000.seg", 0700), 0);
	ck_assert_int_eq(segment_read(set, 0, 1, buf), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", AT_REMOVEDIR), 0);
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_int_eq(renameat(s.dir_fd, "gone", s.dir_fd, "00000000.seg"), 0);
	ck_assert_int_eq(segment_read(set, 2, 1, buf), 0);
	ck_assert_uint_eq(load_le64(buf), 3);
	free(buf);
}
END_TEST

/* The other kind of medium: what the page cache has is not what is read. */
START_TEST(direct_reads_are_the_same)
{
	uint8_t *buf = aligned_alloc(SEGMENT_ALIGN, 3 * (size_t)BLOCK_SIZE);
	int fd = -1;

	ck_assert_ptr_nonnull(buf);
	make(16386, 1);
	segment_free(&set);
	set = segment_new(s.dir_fd, 16386, SEGMENT_DIRECT);
	fd = openat(s.dir_fd, "00000000.seg", O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return free(buf); /* no such thing here */
	(void)close(fd);
	ck_assert_int_eq(segment_read(set, 16383, 3, buf), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(load_le64(buf + i * (size_t)BLOCK_SIZE), 16384 + i);
	free(buf);
}
END_TEST

START_TEST(a_file_that_is_dropped_is_read_from_the_medium)
{
	static const enum segment_mode modes[] = {SEGMENT_CACHED, SEGMENT_DROP};
	uint8_t *buf = malloc(2 * (size_t)BLOCK_SIZE);

	ck_assert_ptr_nonnull(buf);
	make(16386, 1);
	for (size_t i = 0; i < 2; i++) {
		segment_free(&set);
		ck_assert_ptr_nonnull(set = segment_new(s.dir_fd, 16386, modes[i]));
		for (uint64_t b = 0; b < 16386; b += 16384) {
			ck_assert_int_eq(segment_read(set, b, 2, buf), 0);
			ck_assert(from_memory == (modes[i] == SEGMENT_CACHED));
		}
		ck_assert_uint_eq(dropped.count, i == 0 ? 0 : 2);
	}
	free(buf);
}
END_TEST

START_TEST(what_is_no_file_is_not_a_segment)
{
	uint32_t bad = 77;

	make(3, 1);
	ck_assert_int_eq(unlinkat(s.dir_fd, "00000000.seg", 0), 0);
	ck_assert_int_eq(segment_check(set, &bad), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(bad, 0);
	ck_assert_int_eq(mkdirat(s.dir_fd, "00000000.seg", 0700), 0);
	ck_assert_int_eq(segment_check(set, &bad), -1);
	ck_assert_int_eq(errno, EINVAL);
	(void)unlinkat(s.dir_fd, "00000000.seg", AT_REMOVEDIR);
}
END_TEST

/* How many descriptors are of this file. */
static unsigned
descriptors_of(int dir_fd, const char *name)
{
	struct stat wanted, st;
	unsigned n = 0;

	ck_assert_int_eq(fstatat(dir_fd, name, &wanted, 0), 0);
	for (int fd = 0; fd < 256; fd++)
		n += fstat(fd, &st) == 0 && st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino;
	return n;
}

/* Thirteen files through twelve places: the one that goes is the one that was read longest ago, and the others stay. */
START_TEST(the_file_read_longest_ago_makes_room)
{
	static uint8_t buf[BLOCK_SIZE];
	char name[SEGMENT_NAME_SIZE];

	make(13 * (uint64_t)SEGMENT_BLOCKS, SEGMENT_BLOCKS);
	for (uint64_t i = 0; i < 12; i++)
		ck_assert_int_eq(segment_read(set, i * SEGMENT_BLOCKS, 1, buf), 0);
	ck_assert_int_eq(segment_read(set, 0, 1, buf), 0);
	ck_assert_int_eq(segment_read(set, 12 * (uint64_t)SEGMENT_BLOCKS, 1, buf), 0);
	for (uint32_t i = 0; i < 13; i++) {
		segment_name(name, i);
		ck_assert_uint_eq(descriptors_of(s.dir_fd, name), i != 1);
	}
}
END_TEST

/* A stick that came back: nothing is read from where it was, and nothing of that is held. */
START_TEST(a_set_that_moved_holds_nothing_of_its_old_directory)
{
	static uint8_t buf[BLOCK_SIZE];
	uint8_t mark[8];
	unsigned before = 0;
	int fd = -1, to = -1;

	make(3, 1);
	before = open_descriptors();
	ck_assert_int_eq(segment_read(set, 0, 1, buf), 0);
	ck_assert_int_eq(mkdirat(s.dir_fd, "new", 0700), 0);
	ck_assert_int_ge(to = openat(s.dir_fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_ge(fd = openat(to, "00000000.seg", O_RDWR | O_CREAT | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq(ftruncate(fd, 3 * (off_t)BLOCK_SIZE), 0);
	store_le64(mark, 4711);
	ck_assert_int_eq(pwrite(fd, mark, sizeof mark, 0), sizeof mark);
	(void)close(fd);
	segment_move(set, to);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	ck_assert_int_eq(segment_read(set, 0, 1, buf), 0);
	ck_assert_uint_eq(load_le64(buf), 4711);
	segment_free(&set);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	(void)unlinkat(to, "00000000.seg", 0);
	(void)close(to);
	(void)unlinkat(s.dir_fd, "new", AT_REMOVEDIR);
}
END_TEST

SUITE("segment", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, names);
	tcase_add_loop_test(t, counts, 0, (int)(sizeof COUNTS / sizeof *COUNTS));
	tcase_add_loop_test(t, sizes_at_borders, 0, (int)(sizeof BORDERS / sizeof *BORDERS));
	tcase_add_test(t, a_bundle_of_256_tebibytes_fails_at_its_first_segment);
	tcase_add_test(t, a_run_across_two_files);
	tcase_add_test(t, nothing_is_read_beyond_the_end);
	tcase_add_test(t, many_files_few_descriptors);
	tcase_add_test(t, more_threads_than_places);
	tcase_add_loop_test(t, a_segment_that_was_cut_or_removed_costs_no_descriptor, 0, 2);
	tcase_add_test(t, direct_reads_are_the_same);
	tcase_add_test(t, a_file_that_is_dropped_is_read_from_the_medium);
	tcase_add_test(t, what_is_no_file_is_not_a_segment);
	tcase_add_test(t, the_file_read_longest_ago_makes_room);
	tcase_add_test(t, a_set_that_moved_holds_nothing_of_its_old_directory);
}
