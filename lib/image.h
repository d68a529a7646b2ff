/*
 * image.h - the plaintext of a bundle: file data, inode table, names, superblock (oncestick-format(5), IMAGE).
 *
 * The inode table is also the directory: the children of a directory are contiguous and sorted by name. A signed image may still
 * be hostile, so every inode is checked each time it is touched, and a violation is an error in that inode only.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define IMAGE_SUPER_SIZE 4096u
#define IMAGE_INODE_SIZE 64u
#define IMAGE_ALIGN_LARGE 4096u /* files of a block or more */
#define IMAGE_ALIGN_SMALL 8u

enum image_type { IMAGE_FILE = 1, IMAGE_DIR = 2 };

struct image_super {
	uint64_t inode_off;     /* multiple of 64 */
	uint32_t inode_count;   /* at least 1; inode 0 is the root */
	uint64_t names_off, names_len;
	uint64_t file_bytes;    /* sum of all file sizes */
};

struct image_inode {
	enum image_type type;
	uint16_t name_len;      /* 1..255, 0 for the root */
	uint32_t parent;
	uint64_t name_off;      /* in the names area */
	uint64_t size;          /* bytes of a file, children of a directory */
	uint64_t start;         /* image offset of a file, first child of a directory */
	int64_t mtime_s;
	uint32_t mtime_ns;
};

void image_super_encode(uint8_t out[IMAGE_SUPER_SIZE], const struct image_super *s);
void image_inode_encode(uint8_t out[IMAGE_INODE_SIZE], const struct image_inode *i);

/* image_super_parse(s, raw, image_len): return 0, or -1 if a field makes no sense in an image of image_len bytes. */
int image_super_parse(struct image_super *s, const uint8_t raw[IMAGE_SUPER_SIZE], uint64_t image_len);

/*
 * image_inode_parse(i, raw, ino, s): return 0, or -1 if an image with superblock s cannot have these 64 bytes as inode number ino.
 * Does not look at the bytes of the name, nor at other inodes.
 */
int image_inode_parse(struct image_inode *i, const uint8_t raw[IMAGE_INODE_SIZE], uint32_t ino, const struct image_super *s);

/* image_name_ok(name, n): 1 if the n bytes may be a file's name: 1..255 bytes, no '/', no NUL, not "." or "..". */
int image_name_ok(const char *name, size_t n);

/* Reads len bytes at offset off of the image into buf: 0, or a negative errno. Whoever implements it verifies and decrypts them. */
struct image_reader {
	int (*read)(void *arg, void *buf, size_t len, uint64_t off);
	void *arg;
};

/* An image being read. Immutable after image_open: any number of threads may use one. */
struct image {
	struct image_super super;
	struct image_reader reader;
};

/* image_open(img, reader, image_len): read and check the superblock. Return 0 or a negative errno (-EBADMSG: impossible). */
int image_open(struct image *img, struct image_reader reader, uint64_t image_len);

/* image_get(img, ino, i): read and check inode ino. Return 0, -ENOENT if ino >= inode_count, or a negative errno. */
int image_get(const struct image *img, uint32_t ino, struct image_inode *i);

/* image_name(img, i, name): the name of inode i, NUL-terminated. Return its length, or -EIO. */
int image_name(const struct image *img, const struct image_inode *i, char name[NAME_MAX_BYTES + 1]);

/*
 * image_child(img, dir_ino, dir, k, i, name): child number k of the directory dir (inode dir_ino). Checks that the child names
 * dir_ino as its parent. Return its inode number, which always fits into int64_t, -ENOENT if k >= dir->size, or -EIO.
 */
int64_t image_child(const struct image *img, uint32_t dir_ino, const struct image_inode *dir, uint64_t k, struct image_inode *i,
    char name[NAME_MAX_BYTES + 1]);

/* image_lookup(img, dir_ino, dir, name, n, i): find by binary search. Return the inode number, -ENOENT or -EIO. */
int64_t image_lookup(const struct image *img, uint32_t dir_ino, const struct image_inode *dir, const char *name, size_t n,
    struct image_inode *i);

/*
 * image_path_at(img, off, len, path, size): find a file that has any of the len bytes at off of the image, and write its path
 * (from the root, without a leading '/') to path. Return 1 if found; 0, and "" in path, if there is none; or a negative errno.
 * Takes time linear in the number of inodes: for reports of damage.
 */
int image_path_at(const struct image *img, uint64_t off, uint64_t len, char *path, size_t size);

#endif
