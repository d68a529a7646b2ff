/*
 * hostile_image.c - a stick whose issuer signed an image that lies: `hostile_image DIR` makes DIR/ONCE and prints a code.
 *
 * What is in the folder, and what must become of it, is in 18-hostile-image.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "fixture.h"
#include "image.h"

#define MANY 100000u    /* children of one directory */
#define BROKEN 70000u   /* children that cannot be read, more than a listing goes over */
#define DEEP 10000u     /* directories in each other */
#define NAMES_MAX (16u << 20)
#define INODES_MAX 300000u
#define DATA 4096u      /* bytes at the start of the image that files may have */

struct maker {
	struct image_inode *inodes;
	uint32_t count;
	char *names;
	uint64_t names_len;
};

/* The next inode, with a name; returns it for what is to be changed. */
static struct image_inode *
add(struct maker *m, enum image_type type, uint32_t parent, const char *name, size_t n)
{
	struct image_inode *i = &m->inodes[m->count++];

	*i = (struct image_inode){.type = type, .parent = parent, .name_off = m->names_len, .name_len = (uint16_t)n};
	memcpy(m->names + m->names_len, name, n);
	m->names_len += n;
	return i;
}

static uint32_t
add_dir(struct maker *m, const char *name)
{
	return (uint32_t)(add(m, IMAGE_DIR, 0, name, strlen(name)) - m->inodes);
}

static void
add_file(struct maker *m, const char *name, uint64_t start, uint64_t size)
{
	struct image_inode *i = add(m, IMAGE_FILE, 0, name, strlen(name));

	i->start = start;
	i->size = size;
}

/* Children of directory ino, all of them here and now. */
static void
fill_dir(struct maker *m, uint32_t ino, uint32_t n, bool broken)
{
	char name[16];

	m->inodes[ino].start = m->count;
	m->inodes[ino].size = n;
	for (uint32_t k = 0; k < n; k++) {
		snprintf(name, sizeof name, broken ? "%04u/%04u" : "%08u", k, k);
		add(m, IMAGE_FILE, ino, name, strlen(name));
	}
}

static void
fill_deep(struct maker *m, uint32_t ino)
{
	for (uint32_t k = 0; k < DEEP; k++) {
		m->inodes[ino].start = m->count;
		m->inodes[ino].size = 1;
		add(m, IMAGE_DIR, ino, "d", 1);
		ino = m->count - 1;
	}
	m->inodes[ino].start = m->count;
	m->inodes[ino].size = 1;
	add(m, IMAGE_FILE, ino, "end", 3)->size = 6;
}

static void
fill(struct maker *m, uint64_t image_len)
{
	uint32_t many, broken, deep, itself, shares, first;

	add(m, IMAGE_DIR, 0, "", 0);
	first = m->count;
	add(m, IMAGE_FILE, 0, ".", 1);
	add(m, IMAGE_FILE, 0, "..", 2);
	add(m, IMAGE_FILE, 0, "../../etc/passwd", 16);
	add_file(m, "\x1b[2J", 0, 6);
	add(m, IMAGE_FILE, 0, "a\0b", 3);
	add_file(m, "beyond", 0, image_len + 1);
	broken = add_dir(m, "broken");
	deep = add_dir(m, "deep");
	add_file(m, "good.txt", 0, 6);
	itself = add_dir(m, "itself");
	many = add_dir(m, "many");
	add_file(m, "new\nline", 0, 6);
	add_file(m, "overflow", 4096, UINT64_MAX - 4095);
	add_file(m, "same", 0, 6);
	add_file(m, "same", 6, 6);
	shares = add_dir(m, "shares");
	add(m, (enum image_type)3, 0, "type", 4);
	add_file(m, "\xff\xfe", 0, 6);
	add_file(m, "before the others", 0, 6); /* not where it should be */
	m->inodes[0].start = first;
	m->inodes[0].size = m->count - first;
	m->inodes[itself].start = itself;
	m->inodes[itself].size = 1;
	fill_dir(m, many, MANY, false);
	fill_dir(m, broken, BROKEN, true);
	m->inodes[shares].start = m->inodes[many].start;
	m->inodes[shares].size = 100;
	fill_deep(m, deep);
}

static const char *target;

/* In a test, since the fixture fails as tests do. */
START_TEST(image_that_lies)
{
	struct maker m = {calloc(INODES_MAX, sizeof *m.inodes), 0, malloc(NAMES_MAX), 0};
	struct image_super super = {.inode_off = DATA};
	struct policy policy = fixture_policy();
	struct fixture_grant grant;
	struct fixture x;
	char command[512];
	const uint64_t blocks = 1 + (DATA + (uint64_t)INODES_MAX * IMAGE_INODE_SIZE + (4u << 20)) / BLOCK_SIZE;
	uint8_t *image = calloc((size_t)blocks, BLOCK_SIZE);

	ck_assert(m.inodes != NULL && m.names != NULL && image != NULL);
	fill(&m, blocks * BLOCK_SIZE);
	memcpy(image, "hello\nsecond", 12);
	super.inode_count = m.count;
	super.names_off = DATA + (uint64_t)m.count * IMAGE_INODE_SIZE;
	super.names_len = m.names_len;
	for (uint32_t i = 0; i < m.count; i++)
		image_inode_encode(image + DATA + (size_t)i * IMAGE_INODE_SIZE, &m.inodes[i]);
	memcpy(image + super.names_off, m.names, (size_t)m.names_len);
	image_super_encode(image + blocks * BLOCK_SIZE - IMAGE_SUPER_SIZE, &super);
	fixture_open(&x);
	fixture_image(&x, image, blocks);
	policy.not_before = 1760000000; /* open whatever the clock says */
	policy.expires += INT64_C(100) * 365 * 86400;
	fixture_grant(&x, &grant, policy, 0, NULL);
	snprintf(command, sizeof command, "cp -R '%s/ONCE' '%s'", x.path, target);
	ck_assert_int_eq(system(command), 0);
	printf("%.16s\n", grant.codes[0]);
	fixture_grant_free(&grant);
	fixture_close(&x);
	free(image);
	free(m.names);
	free(m.inodes);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("hostile_image");
	TCase *t = tcase_create("image");
	SRunner *runner = srunner_create(s);
	int failed;

	if (argc != 2 || sodium_init() < 0)
		return 2;
	target = argv[1];
	suite_add_tcase(s, t);
	tcase_add_test(t, image_that_lies);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
