/*
 * pack_image.c - the image as a stream of bytes: files, inode table, names, superblock.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "pack_internal.h"

struct stream {
	struct pack_source *src;
	const struct pack_image_out *out;
	uint64_t off;
	uint64_t file_bytes;
	struct fault *f;
};

/* ---- bytes -------------------------------------------------------------------------------------------------------------- */

/* Put n bytes from p, or zeros if p is NULL. */
static enum err
put(struct stream *s, const void *p, uint64_t n)
{
	const uint8_t *from = p;
	uint8_t *to = NULL;
	size_t room = 0;

	while (n > 0) {
		if (s->out->space(s->out->arg, &to, &room) != 0)
			return E_INTERRUPTED;
		if (room > n)
			room = (size_t)n;
		if (from != NULL) {
			memcpy(to, from, room);
			from += room;
		} else {
			memset(to, 0, room);
		}
		s->out->commit(s->out->arg, room);
		s->off += room;
		n -= room;
	}
	return E_OK;
}

static ssize_t
read_some(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

static enum err
blame(struct stream *s, uint32_t ino, int sys, const char *step)
{
	return pack_source_fault(s->src, s->f, sys, step, ino, NULL);
}

/* Report it, or fail if nothing may change. */
static enum err
note(struct stream *s, enum pack_note_kind kind, uint32_t ino)
{
	if (s->src->strict)
		return pack_source_why(s->src, s->f, 0, WHY_UNSTEADY, ino, NULL);
	return s->out->note(s->out->arg, kind, ino) != 0 ? E_INTERRUPTED : E_OK;
}

static enum err
open_file(struct stream *s, uint32_t ino, int *fd, struct statx *st)
{
	struct pack_entry *e = &s->src->entries[ino];
	int dir_fd = pack_dirs_open(s->src, e->parent);

	if (dir_fd >= 0)
		*fd = openat(dir_fd, pack_source_name(s->src, e), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return blame(s, ino, errno, "open");
	if (pack_look(*fd, "", st) != 0)
		return blame(s, ino, errno, "stat");
	if (!S_ISREG(st->stx_mode))
		return blame(s, ino, 0, "no longer a file");
	return E_OK;
}

/*
 * Read the first block, or all of a smaller file, before choosing its place: that depends on whether the file has a whole block,
 * which is only certain once it has been read. Ask for one byte too many, so that growth shows without asking again.
 */
static ssize_t
read_head(int fd, uint8_t *head, uint64_t size)
{
	size_t want = size < BLOCK_SIZE ? (size_t)size + 1 : BLOCK_SIZE, got = 0;
	ssize_t r;

	do {
		r = read_some(fd, head + got, want - got);
		if (r < 0)
			return -1;
		got += (size_t)r;
	} while (r > 0 && got < want && got != size);
	return (ssize_t)got;
}

/* Read the rest of a file after its first block, straight to where it is encrypted. *size becomes the size that was found. */
static enum err
put_rest(struct stream *s, uint32_t ino, int fd, uint64_t *size)
{
	uint64_t done = BLOCK_SIZE;
	uint8_t *to = NULL;
	size_t room = 0;
	ssize_t r;

	while (done < *size) {
		if (s->out->space(s->out->arg, &to, &room) != 0)
			return E_INTERRUPTED;
		if (room > *size - done)
			room = (size_t)(*size - done);
		r = read_some(fd, to, room);
		if (r < 0)
			return blame(s, ino, errno, "read");
		if (r == 0)
			break;
		s->out->commit(s->out->arg, (size_t)r);
		s->off += (size_t)r;
		done += (size_t)r;
	}
	*size = done;
	return E_OK;
}

static enum err
put_content(struct stream *s, uint32_t ino, int fd, uint64_t *size)
{
	struct pack_entry *e = &s->src->entries[ino];
	uint64_t head = *size;
	enum err err = E_OK;

	if (head > BLOCK_SIZE)
		head = BLOCK_SIZE;
	e->start = pack_align(s->off, *size);
	if (e->start > PACK_IMAGE_MAX || *size > PACK_IMAGE_MAX - e->start)
		return pack_source_why(s->src, s->f, EFBIG, WHY_TOO_LARGE, ino, NULL);
	err = put(s, NULL, e->start - s->off);
	if (err == E_OK)
		err = put(s, s->out->head, head);
	if (err == E_OK && *size > head)
		err = put_rest(s, ino, fd, size);
	return err;
}

/* What happened to the file between its listing, its opening and its end, in one note. */
static enum err
remark(struct stream *s, uint32_t ino, const struct statx *listed, const struct statx *opened, int fd, bool grew)
{
	const struct pack_entry *e = &s->src->entries[ino];
	struct statx now;

	if (pack_look(fd, "", &now) != 0)
		return blame(s, ino, errno, "stat");
	if (e->size < opened->stx_size)
		return note(s, PACK_SHRANK, ino);
	if (grew || now.stx_size > e->size)
		return note(s, PACK_GREW, ino);
	if (listed->stx_size != opened->stx_size || !pack_same_times(listed, opened) || !pack_same_times(opened, &now))
		return note(s, PACK_CHANGED, ino);
	return E_OK;
}

static struct statx
as_listed(const struct pack_entry *e)
{
	return (struct statx){.stx_size = e->size, .stx_mtime = {.tv_sec = e->mtime_s, .tv_nsec = e->mtime_ns},
	    .stx_ctime = {.tv_sec = e->ctime_s, .tv_nsec = e->ctime_ns}};
}

static enum err
put_file(struct stream *s, uint32_t ino)
{
	struct pack_entry *e = &s->src->entries[ino];
	const struct statx listed = as_listed(e);
	struct statx st = { 0 };
	enum err err = E_OK;
	uint64_t size = 0;
	bool grew = false;
	ssize_t head;
	int fd = -1;

	err = open_file(s, ino, &fd, &st);
	if (err != E_OK)
		goto out;
	pack_source_times(e, &st);
	size = st.stx_size;
	if (size > BLOCK_SIZE)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	head = read_head(fd, s->out->head, size);
	if (head < 0) {
		err = blame(s, ino, errno, "read");
		goto out;
	}
	grew = (uint64_t)head > size;
	if ((uint64_t)head < size && (size_t)head < BLOCK_SIZE)
		size = (uint64_t)head;
	err = put_content(s, ino, fd, &size);
	if (err != E_OK)
		goto out;
	e->size = size;
	s->file_bytes += size;
	err = remark(s, ino, &listed, &st, fd, grew);
out:
	if (fd >= 0)
		close(fd);
	return err;
}

/* What was added to a directory, or removed from it, after it was listed. */
static enum err
check_dir(struct stream *s, uint32_t ino)
{
	int fd = pack_dirs_open(s->src, ino);
	struct statx st;

	if (fd >= 0 && pack_look(fd, "", &st) == 0 && pack_source_steady(&s->src->entries[ino], &st))
		return E_OK;
	return note(s, PACK_CHANGED, ino);
}

static enum err
check_dirs(struct stream *s)
{
	enum err err = E_OK;

	for (size_t i = 0; err == E_OK && i < s->src->count; i++) {
		if (s->out->stopped(s->out->arg))
			return E_INTERRUPTED;
		if (s->src->entries[i].type == IMAGE_DIR)
			err = check_dir(s, (uint32_t)i);
	}
	return err;
}

static enum err
put_files(struct stream *s)
{
	enum err err = E_OK;
	size_t i;

	for (i = 0; err == E_OK && i < s->src->count; i++) {
		if (s->out->stopped(s->out->arg))
			return E_INTERRUPTED;
		if (s->src->entries[i].type == IMAGE_FILE)
			err = put_file(s, (uint32_t)i);
	}
	return err;
}

/* ---- what describes them ------------------------------------------------------------------------------------------------ */

static enum err
put_inodes(struct stream *s, uint64_t *names_len)
{
	uint64_t name_off = 0;
	enum err err = E_OK;
	size_t i;

	for (i = 0; err == E_OK && i < s->src->count; i++) {
		const struct pack_entry *e = &s->src->entries[i];
		uint8_t raw[IMAGE_INODE_SIZE];

		image_inode_encode(raw, &(struct image_inode){ .type = (enum image_type)e->type, .name_len = e->name_len,
		    .parent = e->parent, .name_off = name_off, .size = e->size, .start = e->start, .mtime_s = e->mtime_s,
		    .mtime_ns = e->mtime_ns });
		name_off += e->name_len;
		err = put(s, raw, sizeof raw);
	}
	*names_len = name_off;
	return err;
}

static enum err
put_names(struct stream *s)
{
	enum err err = E_OK;
	size_t i;

	for (i = 0; err == E_OK && i < s->src->count; i++)
		err = put(s, pack_source_name(s->src, &s->src->entries[i]), s->src->entries[i].name_len);
	return err;
}

/* Zeros, and the superblock at the end of the last block. */
static enum err
put_super(struct stream *s, const struct image_super *super, uint64_t *blocks)
{
	uint64_t n = (s->off + IMAGE_SUPER_SIZE + BLOCK_SIZE - 1) / BLOCK_SIZE;
	uint8_t raw[IMAGE_SUPER_SIZE];
	enum err err = E_OK;

	if (n > DATA_BLOCKS_MAX)
		return pack_source_why(s->src, s->f, EFBIG, WHY_TOO_LARGE, 0, NULL);
	err = put(s, NULL, n * BLOCK_SIZE - IMAGE_SUPER_SIZE - s->off);
	if (err != E_OK)
		return err;
	image_super_encode(raw, super);
	err = put(s, raw, sizeof raw);
	if (err == E_OK)
		*blocks = n;
	return err;
}

enum err
pack_image_write(struct pack_source *src, const struct pack_image_out *out, uint64_t *blocks, struct fault *f)
{
	struct stream s = { .src = src, .out = out, .f = f };
	struct image_super super = { .inode_count = (uint32_t)src->count };
	enum err err = put_files(&s);

	if (err == E_OK)
		err = check_dirs(&s);
	if (err != E_OK)
		return err;
	super.file_bytes = s.file_bytes;
	super.inode_off = (s.off + IMAGE_INODE_SIZE - 1) / IMAGE_INODE_SIZE * IMAGE_INODE_SIZE;
	super.names_off = super.inode_off + (uint64_t)src->count * IMAGE_INODE_SIZE;
	err = put(&s, NULL, super.inode_off - s.off);
	if (err == E_OK)
		err = put_inodes(&s, &super.names_len);
	if (err == E_OK)
		err = put_names(&s);
	if (err == E_OK)
		err = put_super(&s, &super, blocks);
	return err;
}
