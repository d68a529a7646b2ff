/*
 * stickio.h - careful file access below a directory that somebody else may have filled.
 *
 * Every open is relative to a directory descriptor, never follows a link, never blocks on a FIFO, and insists on a regular file
 * or a directory as asked. No path is built from bytes of a stick.
 */
#ifndef STICKIO_H
#define STICKIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "mountinfo.h"

/* stickio_open_dir(dir_fd, name): a directory below dir_fd; return a descriptor or -1 with errno. */
int stickio_open_dir(int dir_fd, const char *name);

/* stickio_open_file(dir_fd, name, flags, size): a regular file, opened with flags (O_RDONLY, O_RDWR, O_DIRECT); its size in *size
 * unless NULL. Return a descriptor or -1 with errno (ELOOP or EINVAL for anything but a regular file). */
int stickio_open_file(int dir_fd, const char *name, int flags, uint64_t *size);

/*
 * What errno says of an entry of a stick that could not be opened, listed or read. Three kinds: something is there and is wrong, or
 * it is absent (damaged, the caller's word for it); the medium, or the rights, do not let it be known (E_STICK_IO); this PC has run
 * out of something (E_FAIL: ENOMEM, EMFILE, ENFILE, ENOSYS).
 */
enum err stickio_err(int sys, enum err damaged);

/* stickio_failing(sys): whether it is what a device says that was pulled, or is worn out. */
bool stickio_failing(int sys);

/*
 * stickio_fault(f, damaged, step, dir_fd, top, path): the fault of that for errno, of the object top/path, where path is relative
 * to dir_fd; with EACCES and EPERM also whose it is, as of stickio_blame. Return its err.
 */
enum err stickio_fault(struct fault *f, enum err damaged, const char *step, int dir_fd, const char *top, const char *path);

/*
 * stickio_blame(f, dir_fd, path): if f has EACCES or EPERM and no owner yet, fill in that of the first part of path, relative to
 * dir_fd, that this user may not read, or of the last one. f may be NULL.
 */
void stickio_blame(struct fault *f, int dir_fd, const char *path);

/* stickio_read_full(fd, buf, n, off): pread until n bytes are there. Return 0, or -1 with errno; a short file is EIO. */
int stickio_read_full(int fd, void *buf, size_t n, uint64_t off);

/* stickio_write_full(fd, buf, n, off): pwrite until all is written. Return 0, or -1 with errno. */
int stickio_write_full(int fd, const void *buf, size_t n, uint64_t off);

/*
 * stickio_slurp(dir_fd, name, limit, data, n): read a whole regular file of at most limit bytes into *data (freed by the caller).
 * Return 0, or -1 with errno (EFBIG above limit).
 */
int stickio_slurp(int dir_fd, const char *name, size_t limit, uint8_t **data, size_t *n);

/* stickio_create(dir_fd, name, data, n, mode): make a file that must not exist, write, fsync, fchmod (ignored where there are no
 * modes). On failure nothing of it is left where it can be removed. Return 0 or -1 with errno. */
int stickio_create(int dir_fd, const char *name, const void *data, size_t n, mode_t mode);

/*
 * stickio_rename(dir_fd, from, to): rename a file or directory within dir_fd, so that it survives a power cut: the renamed object
 * is synced before the directory, since Linux's vfat writes the new entry without its first cluster until then. Return 0, or -1
 * with errno.
 */
int stickio_rename(int dir_fd, const char *from, const char *to);

/* stickio_mkdir(dir_fd, name, mode): mkdir with this mode whatever the umask; return a descriptor of it or -1 with errno. */
int stickio_mkdir(int dir_fd, const char *name, mode_t mode);

/* stickio_rename_new(dir_fd, from, to): give a file in that directory another name there, unless that is taken (EEXIST). Not all
 * file systems can. Return 0, or -1 with errno: then it has not got it. */
int stickio_rename_new(int dir_fd, const char *from, const char *to);

/* stickio_remove_file(dir_fd, name): remove a regular file. Return 0, or -1 with errno (EISDIR or EINVAL for anything else, which
 * stays); absent is success. */
int stickio_remove_file(int dir_fd, const char *name);

/* stickio_sync_dir(fd): fsync a directory; file systems without it (EINVAL) count as success. */
int stickio_sync_dir(int fd);

/* stickio_sync_above(path): the same with the directory that path is in. One that may be written and not read
 * cannot be asked for it, and counts as success. Return 0, or -1 with errno. */
int stickio_sync_above(const char *path);

/* stickio_ids(dir_fd, suffix, ids, max): collect every entry of dir_fd named by exactly 32 lower-case hex digits followed by
 * suffix ("" for none), ascending, at most max of them. Return how many there are, which may exceed max, or -1 with errno. */
int stickio_ids(int dir_fd, const char *suffix, uint8_t (*ids)[16], size_t max);

/* What a file system can promise about overwriting in place. */
enum stickio_fs { STICKIO_FS_GOOD, STICKIO_FS_UNSURE, STICKIO_FS_BAD };

#define STICKIO_FS_NAME 32

/* stickio_fs_of(fd, name): judge the file system under fd by statfs(2) and, for ext4 and FUSE, mountinfo; its name goes to name. */
enum stickio_fs stickio_fs_of(int fd, char name[STICKIO_FS_NAME]);

/*
 * stickio_fs_judge(magic, m, name): the same from the low 32 bits of f_type and, for ext2 to ext4 and FUSE, what proc(5) mountinfo
 * says of the mount (NULL: unknown).
 */
enum stickio_fs stickio_fs_judge(uint32_t magic, const struct mountinfo *m, char name[STICKIO_FS_NAME]);

/*
 * stickio_medium(fd, name, f): whether records below fd can be destroyed: the one judgement of all that writes to a stick.
 * E_FILESYSTEM if not. Else E_OK, and name is the file system if nobody can promise it, and as it was if it does overwrite in
 * place.
 */
enum err stickio_medium(int fd, char name[STICKIO_FS_NAME], struct fault *f);

/* stickio_served(fd): true if another process serves the files there (FUSE): it may answer from memory, O_DIRECT or not. */
bool stickio_served(int fd);

/* stickio_volatile(fd): true if files there do not survive a reboot (tmpfs, ramfs, overlayfs). */
bool stickio_volatile(int fd);

#endif
