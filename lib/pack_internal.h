/*
 * pack_internal.h - what the parts of the packer share.
 *
 * pack_source: the entries of a folder, in inode order. pack_dirs: descriptors of its directories. pack_scan: fills a source.
 * pack_ahead: has its first files read early. pack_image: the image as a stream of bytes. pack_pipe: threads that turn the stream
 * into encrypted, hashed blocks. pack_target: the segment files on one stick. pack_write: all of it together.
 */
#ifndef PACK_INTERNAL_H
#define PACK_INTERNAL_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "error.h"
#include "format.h"
#include "image.h"
#include "pack.h"

#define PACK_ENTRIES_MAX 4294967294u
#define PACK_IMAGE_MAX (DATA_BLOCKS_MAX * BLOCK_SIZE)
#define PACK_BATCH_BLOCKS 16u /* at most */
#define PACK_DIRS 64u

/* A file or a directory. Its number in the array is its inode number. */
struct pack_entry {
	uint64_t size;      /* bytes, first as scanned, then as packed; of a directory, its children */
	uint64_t start;     /* offset in the image, once packed; first child of a directory, 0 if empty */
	uint64_t name;      /* offset in names */
	int64_t mtime_s, ctime_s; /* when listed; once a file is packed, mtime is that of what was packed */
	uint32_t mtime_ns, ctime_ns;
	uint32_t parent;
	uint16_t name_len;
	uint8_t type;       /* enum image_type */
};

struct pack_dirs {
	struct {
		uint32_t ino;   /* 0: unused, as the root has a descriptor of its own */
		int fd;
		uint64_t used;  /* clock when last used */
	} slot[PACK_DIRS];
	uint64_t clock;
};

struct pack_source {
	int folder_fd;
	struct pack_entry *entries;
	size_t count, room;
	char *names;            /* each ends with NUL */
	size_t names_used, names_room;
	struct pack_dirs dirs;
	uint64_t files, bytes, holes, blocks;
	bool strict;
};

/*
 * pack_look(fd, name, st): look at name below fd, or at fd itself if name is "", with times as they are; no link is followed.
 * Return 0, or -1 with errno.
 */
static inline int
pack_look(int fd, const char *name, struct statx *st)
{
	return statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, st);
}

/* pack_same_times(a, b): whether the file was neither written to nor otherwise changed between the two looks. */
static inline bool
pack_same_times(const struct statx *a, const struct statx *b)
{
	return a->stx_mtime.tv_sec == b->stx_mtime.tv_sec && a->stx_mtime.tv_nsec == b->stx_mtime.tv_nsec &&
	       a->stx_ctime.tv_sec == b->stx_ctime.tv_sec && a->stx_ctime.tv_nsec == b->stx_ctime.tv_nsec;
}

/* pack_align(off, size): where a file of this size starts if everything before it ends at off. */
static inline uint64_t
pack_align(uint64_t off, uint64_t size)
{
	uint64_t a = size >= BLOCK_SIZE ? IMAGE_ALIGN_LARGE : IMAGE_ALIGN_SMALL;

	return (off + a - 1) / a * a;
}

/* ---- pack_source -------------------------------------------------------------------------------------------------------- */

/* pack_source_new(folder_fd): a source that has only the root, whose times are not set yet; NULL with errno. */
struct pack_source *pack_source_new(int folder_fd);

/*
 * pack_source_add(src, parent, name): append an entry with this parent and name and zeros otherwise. Valid until the next call.
 * NULL with errno.
 */
struct pack_entry *pack_source_add(struct pack_source *src, uint32_t parent, const char *name);

const char *pack_source_name(const struct pack_source *src, const struct pack_entry *e);

/*
 * pack_source_path(src, ino, name): the path below the folder of name in directory ino, or of ino itself if name is NULL; "." is
 * the folder itself. The caller frees it. NULL if there is no memory. Any thread, once the scan is over.
 */
char *pack_source_path(const struct pack_source *src, uint32_t ino, const char *name);

/* pack_source_times(e, st): keep the times of st in e. pack_source_steady(e, st): whether st still has these times. */
void pack_source_times(struct pack_entry *e, const struct statx *st);
bool pack_source_steady(const struct pack_entry *e, const struct statx *st);

/*
 * pack_source_fault(src, f, sys, step, ino, name), pack_source_why(src, f, sys, why, ino, name): E_SOURCE for the file at that
 * path, as by fault_set and fault_why. Return E_SOURCE.
 */
enum err pack_source_fault(const struct pack_source *src, struct fault *f, int sys, const char *step, uint32_t ino,
    const char *name);
enum err pack_source_why(const struct pack_source *src, struct fault *f, int sys, enum why why, uint32_t ino, const char *name);

/* ---- pack_dirs ---------------------------------------------------------------------------------------------------------- */

/* pack_dirs_open(src, ino): a descriptor of directory ino, borrowed until the next call; -1 with errno. */
int pack_dirs_open(struct pack_source *src, uint32_t ino);
void pack_dirs_close(struct pack_source *src);

/* ---- pack_image --------------------------------------------------------------------------------------------------------- */

/* Where the image goes. */
struct pack_image_out {
	uint8_t *head;  /* BLOCK_SIZE bytes of secret memory for the first block of a file */
	int (*space)(void *arg, uint8_t **p, size_t *n);    /* at least one byte of space for what comes next; non-zero: stop */
	void (*commit)(void *arg, size_t n);                /* n bytes were put there */
	int (*note)(void *arg, enum pack_note_kind kind, uint32_t ino); /* non-zero: stop */
	bool (*stopped)(void *arg);
	void *arg;
};

/* pack_image_write(src, out, blocks, f): read every file and pass the image to out. E_INTERRUPTED if out said stop. */
enum err pack_image_write(struct pack_source *src, const struct pack_image_out *out, uint64_t *blocks, struct fault *f);

/* ---- pack_pipe ---------------------------------------------------------------------------------------------------------- */

enum pack_pipe_event {
	PACK_PIPE_FAILED,   /* the reader or a worker; see pack_pipe_fault */
	PACK_PIPE_IDLE,     /* nothing has happened for a while */
	PACK_PIPE_NOTE,
	PACK_PIPE_BATCH,    /* the next blocks, encrypted; give them back with pack_pipe_release */
	PACK_PIPE_END       /* that was all */
};

struct pack_pipe_item {
	enum pack_note_kind note;
	uint32_t ino;
	const uint8_t *data;
	const uint8_t (*hash)[HASH_SIZE];
	size_t blocks;      /* in this batch */
	uint64_t image;     /* at the end: blocks of the image */
};

struct pack_pipe;

/* pack_pipe_new(src, ck, threads, f): start reading, encrypting and hashing. ck and src are borrowed until the pipe is freed. */
struct pack_pipe *pack_pipe_new(struct pack_source *src, const uint8_t ck[KEY_SIZE], unsigned threads, struct fault *f);
enum pack_pipe_event pack_pipe_next(struct pack_pipe *p, struct pack_pipe_item *item);
void pack_pipe_release(struct pack_pipe *p);

/* pack_pipe_fault(p, f): what failed, after PACK_PIPE_FAILED. */
enum err pack_pipe_fault(struct pack_pipe *p, struct fault *f);

/* pack_pipe_free(p): end all threads, whatever they are doing, and wipe. */
void pack_pipe_free(struct pack_pipe **p);

/* ---- pack_target -------------------------------------------------------------------------------------------------------- */

/* The segment that is being written on a target. */
struct pack_target_file {
	int fd;             /* -1: none */
	uint64_t block;     /* number of the next block of the bundle */
};

/* pack_target_write(t, o, p, blocks): append blocks. On failure t->fault is set. */
void pack_target_write(struct pack_target *t, struct pack_target_file *o, const uint8_t *p, size_t blocks);

/* pack_target_finish(t, o): flush everything to the medium, including the directory. */
void pack_target_finish(struct pack_target *t, struct pack_target_file *o);

/* pack_target_abandon(o): close the segment. */
void pack_target_abandon(struct pack_target_file *o);

#endif
