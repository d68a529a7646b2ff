/*
 * check_image.c - the image's structures: vectors, and what a hostile issuer may sign.
 */
#include "image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "bytes.h"
#include "sample_image.h"
#include "suite.h"

static const char SUPER_VECTOR[] = "4f4e4345494d4731003c0100000000000500000000000000403d010000000000"
				   "1600000000000000062c0100000000000000000000000000";

/* ---- an image in memory ------------------------------------------------------------------------------------------------- */

struct memory {
	uint8_t *p;
	uint64_t n;
	unsigned reads;
	uint64_t fail_from, fail_to; /* reading any of this is an error */
	unsigned fail_at; /* so is this call, from 1, though the bytes are there: who looks at them has not looked at that */
};

static struct memory mem;
static struct image img;

static int
memory_read(void *arg, void *buf, size_t len, uint64_t off)
{
	struct memory *m = arg;

	m->reads++;
	ck_assert(off <= m->n && len <= m->n - off);
	if (off < m->fail_to && off + len > m->fail_from)
		return -EIO;
	memcpy(buf, m->p + off, len);
	return m->reads == m->fail_at ? -EIO : 0;
}

static int
open_memory(void)
{
	return image_open(&img, (struct image_reader){memory_read, &mem}, mem.n);
}

static void
setup(void)
{
	mem = (struct memory){.p = sample_image(), .n = SAMPLE_LEN};
	ck_assert_int_eq(open_memory(), 0);
}

static void
teardown(void)
{
	free(mem.p);
}

static uint8_t *
raw_inode(unsigned ino)
{
	return mem.p + SAMPLE_INODE_OFF + ino * IMAGE_INODE_SIZE;
}

static void
get(uint32_t ino, struct image_inode *i)
{
	ck_assert_int_eq(image_get(&img, ino, i), 0);
}

static void
poke(uint8_t *p, unsigned width, uint64_t v)
{
	for (unsigned k = 0; k < width; k++)
		p[k] = (uint8_t)(v >> 8 * k);
}

/* ---- the good image ----------------------------------------------------------------------------------------------------- */

START_TEST(superblock_is_that_of_the_vectors)
{
	uint8_t want[56];

	ck_assert_int_eq(bytes_from_hex(want, sizeof want, SUPER_VECTOR), 0);
	ck_assert_mem_eq(mem.p + SAMPLE_SUPER_OFF, want, sizeof want);
	ck_assert_uint_eq(img.super.inode_off, SAMPLE_INODE_OFF);
	ck_assert_uint_eq(img.super.inode_count, 5);
	ck_assert_uint_eq(img.super.names_off, SAMPLE_NAMES_OFF);
	ck_assert_uint_eq(img.super.names_len, 22);
	ck_assert_uint_eq(img.super.file_bytes, 76806);
}
END_TEST

START_TEST(inodes_come_back_as_encoded)
{
	const struct image_inode in = {IMAGE_FILE, 7, 2, 15, 76800, 4096, -12345678901, 999999999};
	uint8_t raw[IMAGE_INODE_SIZE];
	struct image_inode out;

	image_inode_encode(raw, &in);
	ck_assert_int_eq(image_inode_parse(&out, raw, 4, &img.super), 0);
	ck_assert_int_eq(out.type, in.type);
	ck_assert_uint_eq(out.name_len, in.name_len);
	ck_assert_uint_eq(out.parent, in.parent);
	ck_assert_uint_eq(out.name_off, in.name_off);
	ck_assert_uint_eq(out.size, in.size);
	ck_assert_uint_eq(out.start, in.start);
	ck_assert_int_eq(out.mtime_s, in.mtime_s);
	ck_assert_uint_eq(out.mtime_ns, in.mtime_ns);
}
END_TEST

START_TEST(children_in_order)
{
	static const char *const names[] = {"empty", "one.bin"};
	struct image_inode clips, i;
	char name[NAME_MAX_BYTES + 1];

	get(2, &clips);
	for (unsigned k = 0; k < 2; k++) {
		ck_assert_int_eq(image_child(&img, 2, &clips, k, &i, name), 3 + k);
		ck_assert_str_eq(name, names[k]);
		ck_assert_int_eq(i.type, IMAGE_FILE);
	}
	ck_assert_int_eq(image_child(&img, 2, &clips, 2, &i, name), -ENOENT);
	ck_assert_int_eq(image_child(&img, 2, &clips, UINT64_MAX, &i, name), -ENOENT);
}
END_TEST

START_TEST(lookup_finds_what_is_there_and_nothing_else)
{
	static const char *const absent[] = {"", ".", "..", "a", "a.tx", "a.txt2", "b", "clip", "clips/", "/", "clips/empty", "z"};
	struct image_inode root, clips, i;

	get(0, &root);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "a.txt", 5, &i), 1);
	ck_assert_uint_eq(i.size, 6);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "clips", 5, &clips), 2);
	ck_assert_int_eq(image_lookup(&img, 2, &clips, "one.bin", 7, &i), 4);
	ck_assert_int_eq(image_lookup(&img, 2, &clips, "empty", 5, &i), 3);
	for (size_t k = 0; k < sizeof absent / sizeof *absent; k++)
		ck_assert_int_eq(image_lookup(&img, 0, &root, absent[k], strlen(absent[k]), &i), -ENOENT);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "a.txt\0", 6, &i), -ENOENT);
}
END_TEST

START_TEST(a_file_has_no_children)
{
	struct image_inode file, i;
	char name[NAME_MAX_BYTES + 1];

	get(4, &file);
	ck_assert_int_eq(image_child(&img, 4, &file, 0, &i, name), -ENOENT);
	ck_assert_int_eq(image_lookup(&img, 4, &file, "empty", 5, &i), -ENOENT);
}
END_TEST

START_TEST(an_inode_beyond_the_table_is_not_there)
{
	struct image_inode i;

	ck_assert_int_eq(image_get(&img, 5, &i), -ENOENT);
	ck_assert_int_eq(image_get(&img, UINT32_MAX, &i), -ENOENT);
}
END_TEST

START_TEST(paths_of_bytes)
{
	char path[64];

	ck_assert_int_eq(image_path_at(&img, 0, 1, path, sizeof path), 1);
	ck_assert_str_eq(path, "a.txt");
	ck_assert_int_eq(image_path_at(&img, 5, 1, path, sizeof path), 1);
	ck_assert_int_eq(image_path_at(&img, 6, 4090, path, sizeof path), 0);
	ck_assert_str_eq(path, "");
	ck_assert_int_eq(image_path_at(&img, 6, 4091, path, sizeof path), 1);
	ck_assert_str_eq(path, "clips/one.bin");
	ck_assert_int_eq(image_path_at(&img, BLOCK_SIZE, BLOCK_SIZE, path, sizeof path), 1);
	ck_assert_str_eq(path, "clips/one.bin");
	ck_assert_int_eq(image_path_at(&img, SAMPLE_INODE_OFF, UINT64_MAX, path, sizeof path), 0);
	ck_assert_int_eq(image_path_at(&img, 4096, 1, path, 14), 1);
	ck_assert_int_eq(image_path_at(&img, 4096, 1, path, 13), -ENAMETOOLONG);
	ck_assert_str_eq(path, "");
}
END_TEST

START_TEST(a_read_that_fails_is_passed_on)
{
	struct image_inode root, i;
	char name[NAME_MAX_BYTES + 1], path[64];

	get(0, &root);
	get(1, &i);
	mem.fail_from = SAMPLE_INODE_OFF;
	mem.fail_to = SAMPLE_LEN;
	ck_assert_int_eq(image_name(&img, &i, name), -EIO);
	ck_assert_str_eq(name, "");
	ck_assert_int_eq(image_get(&img, 1, &i), -EIO);
	ck_assert_int_eq(image_child(&img, 0, &root, 0, &i, name), -EIO);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "a.txt", 5, &i), -EIO);
	ck_assert_int_eq(image_path_at(&img, 0, 1, path, sizeof path), 0);
	ck_assert_int_eq(open_memory(), -EIO);
}
END_TEST

static int64_t
by_opening(void)
{
	return open_memory();
}

static int64_t
by_number(void)
{
	struct image_inode i;

	return image_get(&img, 1, &i);
}

static int64_t
by_order(void)
{
	struct image_inode root = {.type = IMAGE_DIR, .size = 1, .start = 1}, i;
	char name[NAME_MAX_BYTES + 1];

	return image_child(&img, 0, &root, 0, &i, name);
}

static int64_t
by_name(void)
{
	struct image_inode root, i;
	unsigned fail_at = mem.fail_at;

	mem.fail_at = 0;
	get(0, &root);
	mem.reads = 0;
	mem.fail_at = fail_at;
	return image_lookup(&img, 0, &root, "a.txt", 5, &i);
}

START_TEST(whatever_read_fails_nothing_is_found)
{
	static int64_t (*const all[])(void) = {by_opening, by_number, by_order, by_name};
	unsigned n = 0;

	for (bool reached = true; reached; ) {
		mem.reads = 0;
		mem.fail_at = ++n;
		if ((reached = all[_i]() < 0))
			ck_assert_uint_eq(mem.reads, n);
		else
			ck_assert_uint_lt(mem.reads, n);
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

/* ---- hostile superblocks ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *what;
	unsigned at, width;
	uint64_t v;
} BAD_SUPERS[] = {
	{"magic", 0, 1, 'o'},
	{"magic version", 7, 1, '2'},
	{"inode_off unaligned", 8, 8, SAMPLE_INODE_OFF + 32},
	{"inode_off odd", 8, 8, 1},
	{"inode_off beyond image", 8, 8, SAMPLE_LEN},
	{"inode table over the superblock", 8, 8, SAMPLE_SUPER_OFF - 4 * 64},
	{"inode_off overflowing", 8, 8, UINT64_MAX - 63},
	{"count 0", 16, 4, 0},
	{"count 2^32 - 1", 16, 4, UINT32_MAX},
	{"reserved 20", 20, 4, 1},
	{"names_off beyond image", 24, 8, SAMPLE_LEN},
	{"names over the superblock", 24, 8, SAMPLE_SUPER_OFF - 21},
	{"names_off overflowing", 24, 8, UINT64_MAX},
	{"names_off + names_len = 2^64", 24, 8, UINT64_MAX - 21},
	{"names_len beyond image", 32, 8, SAMPLE_LEN},
	{"names_len overflowing", 32, 8, UINT64_MAX},
	{"reserved 48", 48, 1, 1},
	{"reserved end", IMAGE_SUPER_SIZE - 1, 1, 0x80},
};

/* hostile 26 */
START_TEST(impossible_superblock)
{
	struct image_super s, before;

	memset(&s, 0x55, sizeof s);
	before = s;
	poke(mem.p + SAMPLE_SUPER_OFF + BAD_SUPERS[_i].at, BAD_SUPERS[_i].width, BAD_SUPERS[_i].v);
	ck_assert_msg(open_memory() == -EBADMSG, "%s", BAD_SUPERS[_i].what);
	ck_assert_int_eq(image_super_parse(&s, mem.p + SAMPLE_SUPER_OFF, SAMPLE_LEN), -1);
	ck_assert_mem_eq(&s, &before, sizeof s);
}
END_TEST

START_TEST(superblock_that_just_fits)
{
	poke(mem.p + SAMPLE_SUPER_OFF + 8, 8, SAMPLE_SUPER_OFF - 5 * 64);
	ck_assert_int_eq(open_memory(), 0);
	poke(mem.p + SAMPLE_SUPER_OFF + 24, 8, SAMPLE_SUPER_OFF - 22);
	ck_assert_int_eq(open_memory(), 0);
}
END_TEST

/* hostile 26 */
START_TEST(image_shorter_than_a_superblock)
{
	mem.n = 4095;
	ck_assert_int_eq(open_memory(), -EBADMSG);
	mem.n = 0;
	ck_assert_int_eq(open_memory(), -EBADMSG);
}
END_TEST

/* ---- hostile inodes ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	unsigned ino, at, width;
	uint64_t v;
} BAD_INODES[] = {
	{"type 0", 1, 0, 1, 0},
	{"type 3", 1, 0, 1, 3},
	{"type 255", 1, 0, 1, 255},
	{"reserved 1", 1, 1, 1, 1},
	{"reserved 44", 1, 44, 1, 1},
	{"reserved 63", 1, 63, 1, 1},
	{"root is a file", 0, 0, 1, 1},
	{"root with a name", 0, 2, 2, 1},
	{"root with a parent", 0, 4, 4, 1},
	{"name of 0 bytes", 1, 2, 2, 0},
	{"name of 256 bytes", 1, 2, 2, 256},
	{"name of 65535 bytes", 1, 2, 2, 65535},
	{"parent is itself", 1, 4, 4, 1},
	{"parent is younger", 1, 4, 4, 2},
	{"parent 2^32 - 1", 1, 4, 4, UINT32_MAX},
	{"name beyond names", 4, 8, 8, 16},
	{"name_off 2^64 - 1", 4, 8, 8, UINT64_MAX},
	{"name_off + name_len = 2^64", 4, 8, 8, UINT64_MAX - 6},
	{"file into the inode table", 4, 16, 8, SAMPLE_ONE_BIN_SIZE + 1},
	{"file beyond the image", 4, 16, 8, SAMPLE_LEN},
	{"file of 2^64 - 1 bytes", 4, 16, 8, UINT64_MAX},
	{"file start + size = 2^64", 4, 16, 8, UINT64_MAX - 4095},
	{"file start in the inode table", 4, 24, 8, SAMPLE_INODE_OFF + 1},
	{"empty file beyond the data", 3, 24, 8, SAMPLE_INODE_OFF + 1},
	{"file start 2^64 - 1", 4, 24, 8, UINT64_MAX},
	{"directory beyond count", 2, 16, 8, 3},
	{"directory of 2^64 - 1 children", 2, 16, 8, UINT64_MAX},
	{"directory start + size = 2^64", 2, 16, 8, UINT64_MAX - 2},
	{"directory contains itself", 2, 24, 8, 2},
	{"directory contains its elders", 2, 24, 8, 1},
	{"directory start 0", 2, 24, 8, 0},
	{"directory start 2^32 + 3", 2, 24, 8, 0x100000003},
	{"nanoseconds", 1, 40, 4, 1000000000},
};

/* hostile 27, 28, 29 */
START_TEST(impossible_inode_is_an_error_of_that_inode_only)
{
	struct image_inode i, before;
	unsigned ino = BAD_INODES[_i].ino;

	memset(&i, 0x55, sizeof i);
	before = i;
	poke(raw_inode(ino) + BAD_INODES[_i].at, BAD_INODES[_i].width, BAD_INODES[_i].v);
	ck_assert_msg(image_get(&img, ino, &i) == -EIO, "%s", BAD_INODES[_i].what);
	ck_assert_mem_eq(&i, &before, sizeof i);
	for (unsigned k = 0; k < SAMPLE_INODES; k++) {
		if (k != ino)
			get(k, &i);
	}
}
END_TEST

/* hostile 27 */
START_TEST(an_empty_directory_may_start_anywhere)
{
	struct image_inode i;

	poke(raw_inode(2) + 16, 8, 0);
	poke(raw_inode(2) + 24, 8, UINT64_MAX);
	get(2, &i);
	ck_assert_int_eq(image_lookup(&img, 2, &i, "empty", 5, &i), -ENOENT);
}
END_TEST

/* hostile 27 */
START_TEST(two_directories_that_share_a_child)
{
	struct image_inode root, clips, i;
	char name[NAME_MAX_BYTES + 1];

	poke(raw_inode(0) + 16, 8, 4); /* the root claims inodes 1..4, of which 3 and 4 name clips as their parent */
	get(0, &root);
	get(2, &clips);
	ck_assert_int_eq(image_child(&img, 0, &root, 1, &i, name), 2);
	ck_assert_int_eq(image_child(&img, 0, &root, 2, &i, name), -EIO);
	ck_assert_int_eq(image_child(&img, 0, &root, 3, &i, name), -EIO);
	ck_assert_int_eq(image_child(&img, 2, &clips, 0, &i, name), 3);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "one.bin", 7, &i), -EIO);
}
END_TEST

/* ---- hostile names ------------------------------------------------------------------------------------------------------ */

/* hostile 28 */
START_TEST(names_that_are_names)
{
	char longest[255];

	memset(longest, 'x', sizeof longest);
	ck_assert_int_eq(image_name_ok(longest, sizeof longest), 1);
	ck_assert_int_eq(image_name_ok("...", 3), 1);
	ck_assert_int_eq(image_name_ok(".a", 2), 1);
	ck_assert_int_eq(image_name_ok("..a", 3), 1);
	ck_assert_int_eq(image_name_ok("\xff\xfe", 2), 1);
	ck_assert_int_eq(image_name_ok("a\nb", 3), 1);
	ck_assert_int_eq(image_name_ok("\x1b[2J", 4), 1);
	ck_assert_int_eq(image_name_ok(" ", 1), 1);
}
END_TEST

/* hostile 28 */
START_TEST(names_that_are_none)
{
	char longer[256];

	memset(longer, 'x', sizeof longer);
	ck_assert_int_eq(image_name_ok(longer, sizeof longer), 0);
	ck_assert_int_eq(image_name_ok("", 0), 0);
	ck_assert_int_eq(image_name_ok(".", 1), 0);
	ck_assert_int_eq(image_name_ok("..", 2), 0);
	ck_assert_int_eq(image_name_ok("/", 1), 0);
	ck_assert_int_eq(image_name_ok("../../etc/passwd", 16), 0);
	ck_assert_int_eq(image_name_ok("a/b", 3), 0);
	ck_assert_int_eq(image_name_ok("a\0b", 3), 0);
	ck_assert_int_eq(image_name_ok("a\0", 2), 0);
}
END_TEST

static const struct {
	const char *bytes;
	uint16_t n;
} BAD_NAMES[] = {{".", 1}, {"..", 2}, {"a/txt", 5}, {"a\0txt", 5}, {"/", 1}, {"../..", 5}};

/* hostile 28 */
START_TEST(a_bad_name_hides_none_but_its_own_inode)
{
	struct image_inode root, i;
	char name[NAME_MAX_BYTES + 1];

	memcpy(mem.p + SAMPLE_NAMES_OFF, BAD_NAMES[_i].bytes, BAD_NAMES[_i].n);
	poke(raw_inode(1) + 2, 2, BAD_NAMES[_i].n);
	get(0, &root);
	get(1, &i);
	ck_assert_int_eq(image_name(&img, &i, name), -EIO);
	ck_assert_int_eq(image_child(&img, 0, &root, 0, &i, name), -EIO);
	ck_assert_int_eq(image_lookup(&img, 0, &root, BAD_NAMES[_i].bytes, BAD_NAMES[_i].n, &i), -ENOENT);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "clips", 5, &i), 2);
}
END_TEST

/* hostile 28 */
START_TEST(odd_names_are_found_as_bytes)
{
	static const char *const odd[] = {"\xff\xfe\xfd\xfc\xfb", "new\nl", "\x1b[31m"};

	for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
		struct image_inode clips, i;
		char name[NAME_MAX_BYTES + 1];

		memcpy(mem.p + SAMPLE_NAMES_OFF + 10, odd[k], 5);
		poke(raw_inode(2) + 16, 8, 1);
		get(2, &clips);
		ck_assert_int_eq(image_child(&img, 2, &clips, 0, &i, name), 3);
		ck_assert_str_eq(name, odd[k]);
		ck_assert_int_eq(image_lookup(&img, 2, &clips, odd[k], 5, &i), 3);
	}
}
END_TEST

/* ---- large images, made up as they are read ----------------------------------------------------------------------------- */

/*
 * count inodes, the first a directory; names of 8 digits. flat: all others are empty files in it. chain: each is a directory that
 * holds the next. digits(ino) is the number that an inode's name shows.
 */
struct made_up {
	uint32_t count;
	int chain;
	uint32_t (*digits)(uint32_t ino);
	unsigned reads;
};

static uint32_t
ascending(uint32_t ino)
{
	return ino;
}

static uint32_t
descending(uint32_t ino)
{
	return 99999999 - ino;
}

static uint32_t
scrambled(uint32_t ino)
{
	return (uint32_t)((uint64_t)ino * 2654435761u % 100000000u);
}

static uint32_t
all_equal(uint32_t ino)
{
	(void)ino;
	return 7;
}

static void
made_up_inode(const struct made_up *m, uint32_t ino, uint8_t raw[IMAGE_INODE_SIZE])
{
	struct image_inode i = {.type = IMAGE_FILE, .name_len = 8, .name_off = 8 * (uint64_t)ino};

	if (m->chain) {
		i.type = IMAGE_DIR;
		i.parent = ino > 0 ? ino - 1 : 0;
		i.start = ino + 1;
		i.size = ino + 1 < m->count;
		if (ino + 1 == m->count)
			i = (struct image_inode){
			    .type = IMAGE_FILE, .name_len = 8, .name_off = i.name_off, .parent = i.parent, .size = 9};
	} else if (ino == 0) {
		i = (struct image_inode){.type = IMAGE_DIR, .size = m->count - 1, .start = 1};
	}
	if (ino == 0)
		i.name_len = 0;
	image_inode_encode(raw, &i);
}

#define MADE_UP_INODES 64u /* offset of the inode table */

static int
made_up_read(void *arg, void *buf, size_t len, uint64_t off)
{
	struct made_up *m = arg;
	uint64_t names = MADE_UP_INODES + (uint64_t)m->count * 64;
	uint8_t *p = buf;
	char name[16];

	m->reads++;
	if (off >= names) {
		ck_assert_uint_eq(len, 8);
		(void)snprintf(name, sizeof name, "%08u", m->digits((uint32_t)((off - names) / 8)) % 100000000u);
		memcpy(buf, name, 8);
		return 0;
	}
	ck_assert_uint_eq(len % 64, 0);
	for (size_t k = 0; k < len / 64; k++)
		made_up_inode(m, (uint32_t)((off - MADE_UP_INODES) / 64 + k), p + k * 64);
	return 0;
}

static void
open_made_up(struct made_up *m, uint32_t count, int chain, uint32_t (*digits)(uint32_t))
{
	*m = (struct made_up){.count = count, .chain = chain, .digits = digits};
	img.super = (struct image_super){MADE_UP_INODES, count, MADE_UP_INODES + (uint64_t)count * 64, (uint64_t)count * 8, 0};
	img.reader = (struct image_reader){made_up_read, m};
}

/* hostile 29 */
START_TEST(lookup_in_a_directory_of_a_million)
{
	static const uint32_t some[] = {1, 2, 500000, 999998, 999999, 1000000};
	struct made_up m;
	struct image_inode root, i;
	char name[16];

	open_made_up(&m, 1000001, 0, ascending);
	get(0, &root);
	for (size_t k = 0; k < sizeof some / sizeof *some; k++) {
		(void)snprintf(name, sizeof name, "%08u", some[k]);
		m.reads = 0;
		ck_assert_int_eq(image_lookup(&img, 0, &root, name, 8, &i), some[k]);
		ck_assert_uint_le(m.reads, 40);
	}
	ck_assert_int_eq(image_lookup(&img, 0, &root, "00000000", 8, &i), -ENOENT);
	ck_assert_int_eq(image_lookup(&img, 0, &root, "01000001", 8, &i), -ENOENT);
}
END_TEST

/* hostile 28, 29 */
START_TEST(lookup_in_the_largest_directory)
{
	struct made_up m;
	struct image_inode root, i;

	open_made_up(&m, UINT32_MAX, 0, all_equal);
	get(0, &root);
	m.reads = 0;
	ck_assert_int_eq(image_lookup(&img, 0, &root, "zzz", 3, &i), -ENOENT);
	ck_assert_uint_le(m.reads, 66);
	ck_assert_int_gt(image_lookup(&img, 0, &root, "00000007", 8, &i), 0);
}
END_TEST

/* hostile 28 */
START_TEST(lookup_among_unsorted_siblings_may_miss_but_ends)
{
	uint32_t (*const order[])(uint32_t) = {descending, scrambled, all_equal};
	struct made_up m;
	struct image_inode root, i;
	char name[16];

	open_made_up(&m, 10001, 0, order[_i]);
	get(0, &root);
	for (uint32_t k = 1; k < 10000; k += 37) {
		int64_t r;

		(void)snprintf(name, sizeof name, "%08u", order[_i](k));
		m.reads = 0;
		r = image_lookup(&img, 0, &root, name, 8, &i);
		ck_assert(r == -ENOENT || (r > 0 && order[_i]((uint32_t)r) == order[_i](k)));
		ck_assert_uint_le(m.reads, 30);
	}
}
END_TEST

/* hostile 29 */
START_TEST(a_chain_of_ten_thousand_directories)
{
	struct made_up m;
	struct image_inode i;
	char name[NAME_MAX_BYTES + 1], *path = malloc(100000);
	int64_t ino = 0;

	ck_assert_ptr_nonnull(path);
	open_made_up(&m, 10001, 1, ascending);
	get(0, &i);
	while (i.type == IMAGE_DIR) {
		const struct image_inode dir = i;

		ino = image_child(&img, (uint32_t)ino, &dir, 0, &i, name);
		ck_assert_int_gt(ino, 0);
	}
	ck_assert_int_eq(ino, 10000);
	ck_assert_int_eq(image_path_at(&img, 0, 1, path, 100000), 1);
	ck_assert_uint_eq(strlen(path), 10000 * 9 - 1);
	ck_assert_str_eq(path + strlen(path) - 17, "00009999/00010000");
	ck_assert_int_eq(image_path_at(&img, 0, 1, path, 4096), -ENAMETOOLONG);
	free(path);
}
END_TEST

START_TEST(scan_skips_a_damaged_block_of_inodes)
{
	static struct memory large;
	struct image_super s = {65536, 3000, 65536 + 3000 * 64, 8, 1};
	char path[32];

	large = (struct memory){.p = calloc(1, 5 * BLOCK_SIZE), .n = 5 * BLOCK_SIZE};
	ck_assert_ptr_nonnull(large.p);
	for (uint32_t k = 0; k < 3000; k++) {
		struct image_inode i = {.type = IMAGE_FILE, .name_len = 4};

		if (k == 0)
			i = (struct image_inode){.type = IMAGE_DIR, .size = 2999, .start = 1};
		if (k == 2999)
			i.size = 1;
		image_inode_encode(large.p + s.inode_off + k * 64, &i);
	}
	memcpy(large.p + s.names_off, "filefile", 8);
	image_super_encode(large.p + 5 * BLOCK_SIZE - IMAGE_SUPER_SIZE, &s);
	ck_assert_int_eq(image_open(&img, (struct image_reader){memory_read, &large}, large.n), 0);
	large.fail_from = 2 * BLOCK_SIZE;
	large.fail_to = 3 * BLOCK_SIZE;
	large.reads = 0;
	ck_assert_int_eq(image_path_at(&img, 0, 1, path, sizeof path), 1);
	ck_assert_str_eq(path, "file");
	ck_assert_uint_lt(large.reads, 40);
	free(large.p);
}
END_TEST

SUITE("image", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, superblock_is_that_of_the_vectors);
	tcase_add_test(t, inodes_come_back_as_encoded);
	tcase_add_test(t, children_in_order);
	tcase_add_test(t, lookup_finds_what_is_there_and_nothing_else);
	tcase_add_test(t, a_file_has_no_children);
	tcase_add_test(t, an_inode_beyond_the_table_is_not_there);
	tcase_add_test(t, paths_of_bytes);
	tcase_add_test(t, a_read_that_fails_is_passed_on);
	tcase_add_loop_test(t, whatever_read_fails_nothing_is_found, 0, 4);
	tcase_add_loop_test(t, impossible_superblock, 0, (int)(sizeof BAD_SUPERS / sizeof *BAD_SUPERS));
	tcase_add_test(t, superblock_that_just_fits);
	tcase_add_test(t, image_shorter_than_a_superblock);
	tcase_add_loop_test(t, impossible_inode_is_an_error_of_that_inode_only, 0,
	    (int)(sizeof BAD_INODES / sizeof *BAD_INODES));
	tcase_add_test(t, an_empty_directory_may_start_anywhere);
	tcase_add_test(t, two_directories_that_share_a_child);
	tcase_add_test(t, names_that_are_names);
	tcase_add_test(t, names_that_are_none);
	tcase_add_loop_test(t, a_bad_name_hides_none_but_its_own_inode, 0, (int)(sizeof BAD_NAMES / sizeof *BAD_NAMES));
	tcase_add_test(t, odd_names_are_found_as_bytes);
	tcase_add_test(t, lookup_in_a_directory_of_a_million);
	tcase_add_test(t, lookup_in_the_largest_directory);
	tcase_add_loop_test(t, lookup_among_unsorted_siblings_may_miss_but_ends, 0, 3);
	tcase_add_test(t, a_chain_of_ten_thousand_directories);
	tcase_add_test(t, scan_skips_a_damaged_block_of_inodes);
}
