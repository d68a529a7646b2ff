/*
 * sample_image.h - the image of the published test vectors: a.txt, clips/empty, clips/one.bin. For tests.
 */
#ifndef SAMPLE_IMAGE_H
#define SAMPLE_IMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "image.h"

#define SAMPLE_LEN (2u * BLOCK_SIZE)
#define SAMPLE_INODES 5u
#define SAMPLE_INODE_OFF 0x13c00u
#define SAMPLE_NAMES_OFF 0x13d40u
#define SAMPLE_ONE_BIN_OFF 4096u
#define SAMPLE_ONE_BIN_SIZE 76800u
#define SAMPLE_SUPER_OFF (SAMPLE_LEN - IMAGE_SUPER_SIZE)

static inline uint8_t *
sample_image(void)
{
	static const struct image_inode inodes[SAMPLE_INODES] = {
		{.type = IMAGE_DIR, .size = 2, .start = 1},
		{.type = IMAGE_FILE, .name_len = 5, .size = 6},
		{.type = IMAGE_DIR, .name_len = 5, .name_off = 5, .size = 2, .start = 3},
		{.type = IMAGE_FILE, .name_len = 5, .name_off = 10, .parent = 2, .start = 8},
		{.type = IMAGE_FILE, .name_len = 7, .name_off = 15, .parent = 2, .size = SAMPLE_ONE_BIN_SIZE,
		    .start = SAMPLE_ONE_BIN_OFF},
	};
	static const struct image_super super = {SAMPLE_INODE_OFF, SAMPLE_INODES, SAMPLE_NAMES_OFF, 22, 6 + SAMPLE_ONE_BIN_SIZE};
	uint8_t *p = calloc(1, SAMPLE_LEN);

	ck_assert_ptr_nonnull(p);
	memcpy(p, "hello\n", 6);
	for (size_t i = 0; i < SAMPLE_ONE_BIN_SIZE; i++)
		p[SAMPLE_ONE_BIN_OFF + i] = (uint8_t)i;
	for (size_t i = 0; i < SAMPLE_INODES; i++) {
		struct image_inode inode = inodes[i];

		inode.mtime_s = 1700000000;
		image_inode_encode(p + SAMPLE_INODE_OFF + i * IMAGE_INODE_SIZE, &inode);
	}
	memcpy(p + SAMPLE_NAMES_OFF, "a.txtclipsemptyone.bin", 22);
	image_super_encode(p + SAMPLE_SUPER_OFF, &super);
	return p;
}

#endif
