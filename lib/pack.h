/*
 * pack.h - turning a folder into a bundle, on one or several sticks at once.
 *
 * Two steps: pack_scan walks the folder and remembers names, sizes and times; pack_write reads each file once, builds the image,
 * encrypts, hashes and writes, on all processors, with memory bounded by a few MiB plus what the scan holds (under 128 bytes and
 * the name for each file).
 */
#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "format.h"
#include "manifest.h"

struct exclude;
struct pack_source;

/* What scanning or packing has to report. path is below the folder, in raw bytes: escape it before printing. */
enum pack_note_kind {
	PACK_SKIPPED, /* neither file nor directory, left out because skip_special was set */
	PACK_GREW,    /* it grew while it was packed: cut at the size it had when opened */
	PACK_SHRANK,  /* it shrank: what was left is packed */
	PACK_CHANGED, /* its size or times changed since it was listed, or while it was read: packed as read */
	PACK_YOUNG, /* written to less than two seconds before it was listed: a later change may not show in its times */
	PACK_GONE   /* it disappeared while its directory was listed: left out */
};

struct pack_scan {
	bool skip_special;                      /* leave out symbolic links, devices and sockets instead of failing */
	int64_t since;                          /* a file is young if written to later than two seconds before this; 0: now */
	bool strict;                            /* fail where a note would report a change, here and in pack_write */
	void (*note)(void *arg, enum pack_note_kind kind, const char *path); /* may be NULL */
	int (*progress)(void *arg, uint64_t files); /* called after each; non-zero stops with E_INTERRUPTED; may be NULL */
	void *arg;
	struct exclude *exclude;                /* what is left out; may be NULL */
};

/*
 * pack_scan_folder(src, folder_fd, scan, f): walk the folder. Only regular files and directories are packed, and no link is ever
 * followed. Every file is opened once to see that it can be read. A file that disappears while its directory is listed is left
 * out, with a note; what scan->exclude matches is neither looked at further nor listed. Errors: E_SOURCE (f->object names the
 * file: unreadable, special, name too long, over 2^32 - 2 entries, over 256 TiB), E_INTERRUPTED, E_FAIL. f->why is WHY_NONE if a
 * system call failed; otherwise it says what the file is: WHY_SYMLINK, WHY_DEVICE, WHY_SOCKET, WHY_FIFO, WHY_TOO_LARGE,
 * WHY_TOO_MANY, or WHY_UNSTEADY if the scan is strict. folder_fd is duplicated. The caller owns *src, which belongs to one thread
 * at a time.
 */
enum err pack_scan_folder(struct pack_source **src, int folder_fd, const struct pack_scan *scan, struct fault *f);
void pack_source_free(struct pack_source **src);

uint64_t pack_source_files(const struct pack_source *src);  /* regular files */
uint64_t pack_source_bytes(const struct pack_source *src);  /* their sizes, summed */
uint64_t pack_source_holes(const struct pack_source *src);  /* at least so much of that is holes, which are packed as zeros */
uint64_t pack_source_blocks(const struct pack_source *src); /* data blocks of the image as scanned */
uint64_t pack_source_stick_bytes(const struct pack_source *src); /* data and tree: what the segments will need on a stick */

/*
 * pack_ahead(src, bytes, stopped, arg): make the kernel begin to read the first files, about so many bytes of them, into its page
 * cache, for a pack_write that comes later. Does not wait for them, and ends soon after stopped says so. What goes wrong does so
 * again in pack_write, which reports it.
 */
void pack_ahead(struct pack_source *src, uint64_t bytes, bool (*stopped)(void *arg), void *arg);

/* One stick to write to. */
struct pack_target {
	int bundle_fd;      /* the fresh directory b/<id>, borrowed */
	struct fault fault; /* out: E_OK, or why this target was given up (E_STICK_IO with ENOSPC, EIO, ...) */
};

struct pack_job {
	struct pack_target *targets;
	size_t count;
	const uint8_t *ck;              /* KEY_SIZE bytes, secret, borrowed */
	const char *spool_dir;          /* for tree_builder */
	unsigned threads;               /* 0: one per processor */
	/*
	 * Called with the bytes of blocks written to each stick, and of all blocks, which is an estimate until the folder has been
	 * read to its end. Called after each MiB, and several times a second while it waits for a slow folder. Non-zero stops with
	 * E_INTERRUPTED. May be NULL.
	 */
	int (*progress)(void *arg, uint64_t done, uint64_t all);
	void (*note)(void *arg, enum pack_note_kind kind, const char *path); /* may be NULL */
	void *arg;                      /* callbacks run in the calling thread */
};

/*
 * pack_write(src, job, blocks, root, f): write the segments of the bundle to every target and fsync them. A target that fails is
 * given up, with a fault of its own, and the others continue. *blocks and root are set on success. The manifest is not written.
 * Errors: E_SOURCE, E_INTERRUPTED, E_FAIL; E_STICK_IO if no target is left. After an error, and on a target that was given up,
 * segments may be left behind: the caller removes the directory, and never packs under the same content key again.
 */
enum err pack_write(
    struct pack_source *src, const struct pack_job *job, uint64_t *blocks, uint8_t root[HASH_SIZE], struct fault *f);

#endif
