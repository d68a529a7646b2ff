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

struct pack_source;

/* What a scan or a pack wants to tell. path is below the folder, raw bytes: escape it before printing. */
enum pack_note_kind {
	PACK_SKIPPED, /* neither file nor directory, left out because skip_special was set */
	PACK_GREW,    /* grew while it was packed: cut at the size it had when opened */
	PACK_SHRANK,  /* shrank: what was there is packed */
	PACK_CHANGED, /* size or times are not what they were when it was listed, or before it was read: packed as it was read */
	PACK_YOUNG, /* written to less than two seconds before it was listed: a change that follows may leave its times as they are
		     */
	PACK_GONE   /* went away while its directory was listed: left out */
};

struct pack_scan {
	bool skip_special;                      /* leave symbolic links, devices, sockets out instead of failing */
	int64_t since;                          /* what was written to two seconds before or later is young; 0: now is meant */
	bool strict;                            /* fail where a note of a change would be due, here and in pack_write */
	void (*note)(void *arg, enum pack_note_kind kind, const char *path); /* may be NULL */
	int (*progress)(void *arg, uint64_t files); /* called now and then; non-zero stops with E_INTERRUPTED; may be NULL */
	void *arg;
};

/*
 * pack_scan_folder(src, folder_fd, scan, f): walk the folder. Regular files and directories only, never following a link. Every
 * file is opened once to see that it can be read. Errors: E_SOURCE (f->object names the file: unreadable, special, name too long,
 * over 2^32 - 2 entries, over 256 TiB), E_INTERRUPTED, E_FAIL. f->why is WHY_NONE where a system call failed, or what the file is:
 * WHY_SYMLINK, WHY_DEVICE, WHY_SOCKET, WHY_FIFO, WHY_TOO_LARGE, WHY_TOO_MANY, or WHY_UNSTEADY where the scan is strict. A file that
 * disappears while its directory is listed is left out with a note. folder_fd is duplicated. *src is owned by the caller; it
 * belongs to one thread at a time.
 */
enum err pack_scan_folder(struct pack_source **src, int folder_fd, const struct pack_scan *scan, struct fault *f);
void pack_source_free(struct pack_source **src);

uint64_t pack_source_files(const struct pack_source *src);  /* regular files */
uint64_t pack_source_bytes(const struct pack_source *src);  /* their sizes, summed */
uint64_t pack_source_holes(const struct pack_source *src);  /* how much of them is holes, which are packed as zeros; at least */
uint64_t pack_source_blocks(const struct pack_source *src); /* data blocks of the image as scanned */
uint64_t pack_source_stick_bytes(const struct pack_source *src); /* data and tree: what segments will need on a stick */

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
	 * Bytes of blocks written to each stick, and all of them, which is an estimate until the folder was read to its end. Called
	 * after each MiB, and several times a second while a slow folder is waited for. Non-zero stops with E_INTERRUPTED.
	 * May be NULL.
	 */
	int (*progress)(void *arg, uint64_t done, uint64_t all);
	void (*note)(void *arg, enum pack_note_kind kind, const char *path); /* may be NULL */
	void *arg;                      /* callbacks run in the calling thread */
};

/*
 * pack_write(src, job, blocks, root, f): write the segments of the bundle to every target and fsync them. A target
 * that fails is given up with its own fault; the others go on. *blocks and root are set on success. Does not write the manifest.
 * Errors: E_SOURCE, E_INTERRUPTED, E_FAIL; E_STICK_IO if no target is left. After an error, and on a target that was given up,
 * segments may be left behind: the caller removes the directory, and never packs under the same content key again.
 */
enum err pack_write(
    struct pack_source *src, const struct pack_job *job, uint64_t *blocks, uint8_t root[HASH_SIZE], struct fault *f);

#endif
