/*
 * image.c - superblock, inodes and names of a bundle's plaintext.
 */
#include "image.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bytes.h"

#define SUPER_USED 48u  /* the rest is zero */
#define INODE_USED 44u
#define NS_PER_S 1000000000u

/* How many inodes a scan of the whole table reads at once. */
#define SCAN_INODES 64u

static const uint8_t magic[8] = {'O', 'N', 'C', 'E', 'I', 'M', 'G', '1'};

static int
all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* [off, off + len) is inside [0, end). */
static int
range_ok(uint64_t off, uint64_t len, uint64_t end)
{
	return off <= end && len <= end - off;
}

/* ---- superblock --------------------------------------------------------------------------------------------------------- */

void
image_super_encode(uint8_t out[IMAGE_SUPER_SIZE], const struct image_super *s)
{
	memset(out, 0, IMAGE_SUPER_SIZE);
	memcpy(out, magic, sizeof magic);
	store_le64(out + 8, s->inode_off);
	store_le32(out + 16, s->inode_count);
	store_le64(out + 24, s->names_off);
	store_le64(out + 32, s->names_len);
	store_le64(out + 40, s->file_bytes);
}

int
image_super_parse(struct image_super *s, const uint8_t raw[IMAGE_SUPER_SIZE], uint64_t image_len)
{
	struct image_super t = {
		.inode_off = load_le64(raw + 8),
		.inode_count = load_le32(raw + 16),
		.names_off = load_le64(raw + 24),
		.names_len = load_le64(raw + 32),
		.file_bytes = load_le64(raw + 40),
	};
	uint64_t end;

	if (image_len < IMAGE_SUPER_SIZE || memcmp(raw, magic, sizeof magic) != 0)
		return -1;
	if (load_le32(raw + 20) != 0 || !all_zero(raw + SUPER_USED, IMAGE_SUPER_SIZE - SUPER_USED))
		return -1;
	end = image_len - IMAGE_SUPER_SIZE;
	if (t.inode_count == 0 || t.inode_off % IMAGE_INODE_SIZE != 0)
		return -1;
	if (!range_ok(t.inode_off, (uint64_t)t.inode_count * IMAGE_INODE_SIZE, end) || !range_ok(t.names_off, t.names_len, end))
		return -1;
	*s = t;
	return 0;
}

/* ---- inode -------------------------------------------------------------------------------------------------------------- */

void
image_inode_encode(uint8_t out[IMAGE_INODE_SIZE], const struct image_inode *i)
{
	memset(out, 0, IMAGE_INODE_SIZE);
	out[0] = (uint8_t)i->type;
	store_le16(out + 2, i->name_len);
	store_le32(out + 4, i->parent);
	store_le64(out + 8, i->name_off);
	store_le64(out + 16, i->size);
	store_le64(out + 24, i->start);
	store_le64(out + 32, (uint64_t)i->mtime_s);
	store_le32(out + 40, i->mtime_ns);
}

/* Check the place in the tree of directories: what must hold for the root, and what for all others. */
static int
inode_place_ok(const struct image_inode *i, uint32_t ino)
{
	if (ino == 0)
		return i->type == IMAGE_DIR && i->name_len == 0 && i->parent == 0;
	return i->name_len >= 1 && i->name_len <= NAME_MAX_BYTES && i->parent < ino;
}

static int
inode_range_ok(const struct image_inode *i, uint32_t ino, const struct image_super *s)
{
	if (i->type == IMAGE_FILE)
		return range_ok(i->start, i->size, s->inode_off);
	return i->size == 0 || (i->start > ino && range_ok(i->start, i->size, s->inode_count));
}

int
image_inode_parse(struct image_inode *i, const uint8_t raw[IMAGE_INODE_SIZE], uint32_t ino, const struct image_super *s)
{
	struct image_inode t = {
		.name_len = load_le16(raw + 2),
		.parent = load_le32(raw + 4),
		.name_off = load_le64(raw + 8),
		.size = load_le64(raw + 16),
		.start = load_le64(raw + 24),
		.mtime_s = (int64_t)load_le64(raw + 32),
		.mtime_ns = load_le32(raw + 40),
	};

	if ((raw[0] != IMAGE_FILE && raw[0] != IMAGE_DIR) || raw[1] != 0)
		return -1;
	t.type = raw[0] == IMAGE_FILE ? IMAGE_FILE : IMAGE_DIR;
	if (!all_zero(raw + INODE_USED, IMAGE_INODE_SIZE - INODE_USED) || t.mtime_ns >= NS_PER_S)
		return -1;
	if (!inode_place_ok(&t, ino) || !inode_range_ok(&t, ino, s) || !range_ok(t.name_off, t.name_len, s->names_len))
		return -1;
	*i = t;
	return 0;
}

int
image_name_ok(const char *name, size_t n)
{
	if (n == 0 || n > NAME_MAX_BYTES)
		return 0;
	if (memchr(name, '/', n) != NULL || memchr(name, '\0', n) != NULL)
		return 0;
	return !(name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')));
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static int
image_read(const struct image *img, void *buf, size_t len, uint64_t off)
{
	int r = img->reader.read(img->reader.arg, buf, len, off);

	return r > 0 ? -EIO : r;
}

int
image_open(struct image *img, struct image_reader reader, uint64_t image_len)
{
	struct image t = {.reader = reader};
	uint8_t raw[IMAGE_SUPER_SIZE];
	int r;

	if (image_len < IMAGE_SUPER_SIZE)
		return -EBADMSG;
	r = image_read(&t, raw, sizeof raw, image_len - IMAGE_SUPER_SIZE);
	if (r != 0)
		return r;
	if (image_super_parse(&t.super, raw, image_len) != 0)
		return -EBADMSG;
	*img = t;
	return 0;
}

static uint64_t
inode_at(const struct image *img, uint64_t ino)
{
	return img->super.inode_off + ino * IMAGE_INODE_SIZE;
}

int
image_get(const struct image *img, uint32_t ino, struct image_inode *i)
{
	uint8_t raw[IMAGE_INODE_SIZE];
	int r;

	if (ino >= img->super.inode_count)
		return -ENOENT;
	r = image_read(img, raw, sizeof raw, inode_at(img, ino));
	if (r != 0)
		return r;
	return image_inode_parse(i, raw, ino, &img->super) == 0 ? 0 : -EIO;
}

/* The bytes of a name as they are, which may not be a valid name at all. */
static int
raw_name(const struct image *img, const struct image_inode *i, char name[NAME_MAX_BYTES + 1])
{
	int r = 0;

	if (i->name_len > NAME_MAX_BYTES || !range_ok(i->name_off, i->name_len, img->super.names_len))
		return -EIO;
	if (i->name_len > 0)
		r = image_read(img, name, i->name_len, img->super.names_off + i->name_off);
	name[r == 0 ? i->name_len : 0] = '\0';
	return r;
}

int
image_name(const struct image *img, const struct image_inode *i, char name[NAME_MAX_BYTES + 1])
{
	int r = raw_name(img, i, name);

	if (r != 0)
		return r;
	if (i->name_len > 0 && !image_name_ok(name, i->name_len)) {
		name[0] = '\0';
		return -EIO;
	}
	return i->name_len;
}

/* Child number k and its inode number, but not its name. */
static int64_t
get_child(const struct image *img, uint32_t dir_ino, const struct image_inode *dir, uint64_t k, struct image_inode *i)
{
	uint64_t ino;
	int r;

	if (!range_ok(dir->start, dir->size, img->super.inode_count))
		return -EIO;
	ino = dir->start + k;
	r = image_get(img, (uint32_t)ino, i);
	if (r != 0)
		return r;
	return i->parent == dir_ino ? (int64_t)ino : -EIO;
}

int64_t
image_child(const struct image *img, uint32_t dir_ino, const struct image_inode *dir, uint64_t k, struct image_inode *i,
    char name[NAME_MAX_BYTES + 1])
{
	struct image_inode t;
	int64_t ino;
	int r;

	if (dir->type != IMAGE_DIR || k >= dir->size)
		return -ENOENT;
	ino = get_child(img, dir_ino, dir, k, &t);
	if (ino < 0)
		return ino;
	r = image_name(img, &t, name);
	if (r < 0)
		return r;
	*i = t;
	return ino;
}

static int
name_cmp(const char *a, size_t an, const char *b, size_t bn)
{
	int c = memcmp(a, b, an < bn ? an : bn);

	if (c != 0)
		return c;
	return an < bn ? -1 : an > bn;
}

int64_t
image_lookup(const struct image *img, uint32_t dir_ino, const struct image_inode *dir, const char *name, size_t n,
    struct image_inode *i)
{
	char probe[NAME_MAX_BYTES + 1];
	struct image_inode t;
	uint64_t lo = 0, hi = dir->type == IMAGE_DIR ? dir->size : 0;

	if (!image_name_ok(name, n))
		return -ENOENT;
	/* Siblings with impossible names are compared as bytes, so that they hide nothing but themselves. */
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int64_t ino = get_child(img, dir_ino, dir, mid, &t);
		int c = ino < 0 ? (int)ino : raw_name(img, &t, probe);

		if (c != 0)
			return c;
		c = name_cmp(name, n, probe, t.name_len);
		if (c == 0) {
			*i = t;
			return ino;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return -ENOENT;
}

/* ---- whose byte is that? ------------------------------------------------------------------------------------------------ */

/* Put name before what is already at *at in path. */
static int
prepend(char *path, size_t *at, const char *name, size_t n, int slash)
{
	if (*at < n + (slash ? 1 : 0))
		return -ENAMETOOLONG;
	if (slash)
		path[--*at] = '/';
	*at -= n;
	memcpy(path + *at, name, n);
	return 0;
}

/* The path of i, built from its end. Parents have smaller numbers, so this comes to an end. */
static int
path_of(const struct image *img, struct image_inode i, char *path, size_t size)
{
	char name[NAME_MAX_BYTES + 1];
	size_t at;
	uint32_t ino;
	int r;

	if (size == 0)
		return -ENAMETOOLONG;
	at = size - 1;
	path[at] = '\0';
	for (;;) {
		r = image_name(img, &i, name);
		if (r < 0)
			return r;
		r = prepend(path, &at, name, (size_t)r, path[at] != '\0');
		if (r != 0)
			return r;
		if (i.parent == 0)
			break;
		ino = i.parent;
		r = image_get(img, ino, &i);
		if (r != 0 || i.type != IMAGE_DIR)
			return r != 0 ? r : -EIO;
	}
	memmove(path, path + at, size - at);
	return 0;
}

static int
overlaps(const struct image_inode *i, uint64_t off, uint64_t end)
{
	return i->type == IMAGE_FILE && i->size > 0 && i->start < end && i->start + i->size > off;
}

/* Inodes that follow one another in the image. */
struct inodes {
	uint32_t first, count;
	uint8_t raw[SCAN_INODES * IMAGE_INODE_SIZE];
};

/* The first of these that is a file with bytes in [off, end). */
static bool
find_in(const struct image *img, const struct inodes *s, uint64_t off, uint64_t end, struct image_inode *i)
{
	for (uint32_t k = 0; k < s->count; k++) {
		const uint8_t *raw = s->raw + (size_t)k * IMAGE_INODE_SIZE;

		if (image_inode_parse(i, raw, s->first + k, &img->super) == 0 && overlaps(i, off, end))
			return true;
	}
	return false;
}

int
image_path_at(const struct image *img, uint64_t off, uint64_t len, char *path, size_t size)
{
	uint64_t end = len > UINT64_MAX - off ? UINT64_MAX : off + len, ino = 0;
	struct inodes some;
	struct image_inode i;
	int r;

	if (size == 0)
		return -ENAMETOOLONG;
	path[0] = '\0';
	while (ino < img->super.inode_count) {
		uint64_t at = inode_at(img, ino), left = img->super.inode_count - ino;
		uint64_t in_block = (BLOCK_SIZE - at % BLOCK_SIZE) / IMAGE_INODE_SIZE;

		some.first = (uint32_t)ino;
		some.count = SCAN_INODES;
		if (some.count > left)
			some.count = (uint32_t)left;
		if (some.count > in_block)
			some.count = (uint32_t)in_block;
		if (image_read(img, some.raw, (size_t)some.count * IMAGE_INODE_SIZE, at) != 0) {
			ino += in_block; /* damaged itself: nothing in this block can be read */
			continue;
		}
		if (find_in(img, &some, off, end, &i)) {
			r = path_of(img, i, path, size);
			if (r != 0)
				path[0] = '\0';
			return r != 0 ? r : 1;
		}
		ino += some.count;
	}
	return 0;
}
