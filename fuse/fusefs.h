/*
 * fusefs.h - a bundle as a read-only FUSE file system (libfuse 3, low-level API).
 *
 * Life: fusefs_mount makes the mount, which does not answer yet (a stat of it waits); fusefs_start lets it answer; fusefs_silence
 * makes every later answer EIO and drops the kernel's cached pages; fusefs_free wipes. Unmounting itself is the minder's work.
 */
#ifndef FUSEFS_H
#define FUSEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle.h"
#include "error.h"
#include "unread.h"

struct fusefs;

/*
 * fusefs_mount(fs, bundle, dir, source, f): mount on the directory dir as the calling user, ro,nosuid,nodev,noexec,
 * default_permissions, without answering. source: as for fusemount_attach. bundle is borrowed until fusefs_free and may still be
 * locked. Errors: E_FUSE (no /dev/fuse, no fusermount3, or the directory is not allowed; f->object says which), E_FAIL.
 */
enum err fusefs_mount(struct fusefs **fs, struct bundle *bundle, const char *dir, const char *source, struct fault *f);

/*
 * fusefs_adopt(fs, bundle, fd, f): the same for a mount that somebody else made with fusemount_attach_directly: fd is its
 * descriptor, taken over also when this fails. E_FAIL.
 */
enum err fusefs_adopt(struct fusefs **fs, struct bundle *bundle, int fd, struct fault *f);

/*
 * fusefs_start(fs, ended_fd, f): open the image of the bundle, which is unlocked by now, and serve it from threads of its own. When
 * the loop ends (the file system was unmounted by anybody) 1 is added to the eventfd ended_fd. Errors: E_BUNDLE (the superblock is
 * impossible), E_FAIL.
 */
enum err fusefs_start(struct fusefs *fs, int ended_fd, struct fault *f);

/*
 * fusefs_on_failure(fs, retry, arg): before fusefs_start; whenever a block that somebody waits for cannot be read, retry(arg)
 * is called, a few times for a block, in any number of threads at once. It may wait for a stick to come back, and returns true to
 * have the block read again, false to answer EIO. It must return false soon once fusefs_silenced is true. Without it every failure
 * is EIO at once.
 */
void fusefs_on_failure(struct fusefs *fs, bool (*retry)(void *arg), void *arg);

/*
 * fusefs_page_cache(fs): before fusefs_start: large files, too, go through the kernel's page cache, as all do where kernel (before
 * 6.6) or libfuse (before 3.17) cannot map into memory what is read past it.
 */
void fusefs_page_cache(struct fusefs *fs);

/*
 * fusefs_silence(fs): from now on every reply is EIO; then tell the kernel to forget the pages of every inode that is open.
 * Returns when no reply with content is under way any more. Not from a FUSE worker thread. May be called twice.
 */
void fusefs_silence(struct fusefs *fs);

/* fusefs_silenced(fs): whether fusefs_silence or fusefs_free has begun. Any thread. */
bool fusefs_silenced(const struct fusefs *fs);

/*
 * fusefs_on_unread(fs, tell, arg): before fusefs_start; call tell(arg) when blocks were refused that were not before: at the first,
 * and whenever they have doubled. From any thread; tell does not wait.
 */
void fusefs_on_unread(struct fusefs *fs, void (*tell)(void *arg), void *arg);

/* fusefs_unread(fs, out): what was refused so far. Any thread. */
void fusefs_unread(struct fusefs *fs, struct unread *out);

/*
 * fusefs_open_count(fs): how many files and directories are open, through whatever path, in whatever namespace, by whomever. What
 * is closed may be counted for a moment longer. Any thread.
 */
unsigned fusefs_open_count(struct fusefs *fs);

/*
 * fusefs_free(fs): release everything, wiping what was decrypted. If the loop has not ended (a lazy unmount keeps it alive) it goes
 * on answering EIO, and what it needs is released when it ends or the process does. Waits for blocks that are being read now; the
 * bundle is not used any more after. Does not unmount. NULL-safe; sets *fs to NULL.
 */
void fusefs_free(struct fusefs **fs);

/*
 * For a trial (trial.h), of a file system that was adopted with one end of a pair of packet sockets in the place of a mount, and
 * never started:
 *
 * fusefs_try_block(fs, f): read and verify the first block of its bundle, and put it through the cipher with a key of nobody's, by
 * way of the cache and with its workers. E_STICK_IO, E_BUNDLE, E_FAIL.
 *
 * fusefs_try_reply(fs, kernel, f): ask through the other end what the kernel asks first, and how large the file system is, and
 * answer. E_FAIL.
 */
enum err fusefs_try_block(struct fusefs *fs, struct fault *f);
enum err fusefs_try_reply(struct fusefs *fs, int kernel, struct fault *f);

/* fusefs_possible(f): whether this process could mount at all: libfuse is one that it was built for, /dev/fuse opens and, unless
 * root, fusermount3 is there. E_FUSE. */
enum err fusefs_possible(struct fault *f);

#endif
