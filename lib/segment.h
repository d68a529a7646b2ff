/*
 * segment.h - the block stream of a bundle, stored in files of 1 GiB (oncestick-format(5), Segments).
 *
 * Block number b is in file b / SEGMENT_BLOCKS. Only few descriptors are open at a time, whatever the bundle's size.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define SEGMENT_NAME_SIZE 13 /* "00000000.seg" and a NUL */
#define SEGMENT_ALIGN 4096u  /* of buffers, for SEGMENT_DIRECT */

enum segment_mode {
	SEGMENT_CACHED,         /* through the page cache */
	SEGMENT_DIRECT,         /* O_DIRECT */
	SEGMENT_DROP            /* through the page cache, after asking the kernel to drop it */
};

struct segment_set;

/*
 * segment_new(dir_fd, blocks, mode): a stream of that many blocks in directory dir_fd, which must stay open as long as the set
 * lives. Opens nothing. NULL if there is no memory.
 */
struct segment_set *segment_new(int dir_fd, uint64_t blocks, enum segment_mode mode);

/* segment_free(s): close all files. NULL-safe; sets *s to NULL. */
void segment_free(struct segment_set **s);

/*
 * segment_move(s, dir_fd): from now on read the same stream from directory dir_fd. Reads under way finish on the files they have.
 * Once the call returns the old directory is no longer used.
 */
void segment_move(struct segment_set *s, int dir_fd);

/* segment_count(s): how many files there must be. segment_name: the name of file number number. */
uint32_t segment_count(const struct segment_set *s);
void segment_name(char out[SEGMENT_NAME_SIZE], uint32_t number);

/*
 * segment_check(s, bad): check, without reading, that every segment exists, is a regular file and has its exact size, and that
 * there is none after the last. Return 0, or -1 with the number of the first wrong one in *bad and errno: ENOENT, EINVAL (not a
 * regular file), EFBIG (wrong size), EEXIST (one too many), or what fstatat(2) returned.
 */
int segment_check(const struct segment_set *s, uint32_t *bad);

/*
 * segment_read(s, block, count, buf): read count blocks, starting with block, in full into the count * BLOCK_SIZE bytes at buf.
 * Return 0, or -1 with errno. Any number of threads.
 */
int segment_read(struct segment_set *s, uint64_t block, size_t count, uint8_t *buf);

#endif
