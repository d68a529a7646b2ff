/*
 * fusefs.h - a bundle as a read-only FUSE file system (libfuse 3, low-level API).
 *
 * Its life: fusefs_mount makes the mount, which does not answer yet (a stat of it waits); fusefs_start lets it answer;
 * fusefs_silence makes every later answer EIO and drops the kernel's cached pages; fusefs_free wipes. Unmounting itself is the
 * minder's job.
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
 * fusefs_mount(fs, bundle, dir, source, f): mount on the directory dir as the calling user,
 * ro,nosuid,nodev,noexec,default_permissions, without answering. source: as for fusemount_attach. bundle is borrowed until
 * fusefs_free and may still be locked. Errors: E_FUSE (no /dev/fuse, no fusermount3, or the directory is not allowed; f->object
 * says which), E_FAIL.
 */
enum err fusefs_mount(struct fusefs **fs, struct bundle *bundle, const char *dir, const char *source, struct fault *f);

/*
 * fusefs_adopt(fs, bundle, fd, f): the same for a mount that somebody else made with fusemount_attach_directly. fd is its
 * descriptor; it is taken over even if this fails. E_FAIL.
 */
enum err fusefs_adopt(struct fusefs **fs, struct bundle *bundle, int fd, struct fault *f);

/*
 * fusefs_start(fs, ended_fd, f): open the image of the bundle, which must be unlocked by now, and serve it with threads of its
 * own. When the loop ends (anybody has unmounted the file system) 1 is added to the eventfd ended_fd. Errors: E_BUNDLE (the
 * superblock makes no sense), E_FAIL.
 */
enum err fusefs_start(struct fusefs *fs, int ended_fd, struct fault *f);

/*
 * fusefs_on_failure(fs, retry, arg): call this before fusefs_start. Whenever a block that somebody is waiting for cannot be read,
 * retry(arg) is called, a few times for each block, in any number of threads at once. It may wait for a stick to come back, and
 * returns true to have the block read again, false to answer EIO. Once fusefs_silenced is true it must soon return false. Without
 * it every failure is EIO at once.
 */
void fusefs_on_failure(struct fusefs *fs, bool (*retry)(void *arg), void *arg);

/*
 * fusefs_page_cache(fs): call this before fusefs_start, so that large files, too, go through the kernel's page cache. All files do
 * where the kernel (before 6.6) or libfuse (before 3.17) cannot map files that bypass it into memory.
 */
void fusefs_page_cache(struct fusefs *fs);

/*
 * fusefs_silence(fs): from now on every reply is EIO; then tell the kernel to forget the pages of every open inode. Returns when
 * no reply with content is under way any more. Not from a FUSE worker thread. May be called twice.
 */
void fusefs_silence(struct fusefs *fs);

/* fusefs_silenced(fs): whether fusefs_silence or fusefs_free has begun. Any thread. */
bool fusefs_silenced(const struct fusefs *fs);

/*
 * fusefs_on_unread(fs, tell, arg): call this before fusefs_start. tell(arg) is called when blocks have been refused that were not
 * refused before: at the first, and each time their number has doubled. From any thread; tell must not wait.
 */
void fusefs_on_unread(struct fusefs *fs, void (*tell)(void *arg), void *arg);

/* fusefs_unread(fs, out): what has been refused so far. Any thread. */
void fusefs_unread(struct fusefs *fs, struct unread *out);

/*
 * fusefs_open_count(fs): how many files and directories are open, through whatever path, in whatever namespace, by anybody. What
 * has been closed may be counted for a moment longer. Any thread.
 */
unsigned fusefs_open_count(struct fusefs *fs);

/*
 * fusefs_free(fs): release everything, and wipe what was decrypted. If the loop has not ended (a lazy unmount keeps it alive), it
 * goes on answering EIO, and what it needs is released when the loop or the process ends. Waits for blocks that are being read
 * now; afterwards the bundle is no longer used. Does not unmount. NULL-safe; sets *fs to NULL.
 */
void fusefs_free(struct fusefs **fs);

/*
 * For a trial (trial.h). The file system was adopted with one end of a pair of packet sockets instead of a mount, and is never
 * started.
 *
 * fusefs_try_block(fs, f): read and verify the first block of its bundle, and decrypt it with a key that belongs to nobody,
 * through the cache and its workers. E_STICK_IO, E_BUNDLE, E_FAIL.
 *
 * fusefs_try_reply(fs, kernel, f): at the other end of the pair, ask what the kernel asks first, and how large the file system is;
 * then answer. E_FAIL.
 */
enum err fusefs_try_block(struct fusefs *fs, struct fault *f);
enum err fusefs_try_reply(struct fusefs *fs, int kernel, struct fault *f);

/*
 * fusefs_possible(f): whether this process could mount at all: libfuse is a version that it was built for, /dev/fuse opens and,
 * unless the user is root, fusermount3 is installed. E_FUSE.
 */
enum err fusefs_possible(struct fault *f);

#endif
