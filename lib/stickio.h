/*
 * stickio.h - careful access to files below a directory that somebody else may have filled.
 *
 * Every open is relative to a directory descriptor, never follows a link, never blocks on a FIFO, and insists on a regular file or
 * a directory, as the caller asks. No path is built from bytes of a stick.
 */
#ifndef STICKIO_H
#define STICKIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "mountinfo.h"

/* stickio_open_dir(dir_fd, name): open a directory below dir_fd. Return a descriptor, or -1 with errno. */
int stickio_open_dir(int dir_fd, const char *name);

/*
 * stickio_open_file(dir_fd, name, flags, size): open a regular file with flags (O_RDONLY, O_RDWR, O_DIRECT); its size goes to
 * *size unless size is NULL. Return a descriptor, or -1 with errno (ELOOP or EINVAL for anything but a regular file).
 */
int stickio_open_file(int dir_fd, const char *name, int flags, uint64_t *size);

/*
 * stickio_err(sys, damaged): what the errno sys says about an entry of a stick that could not be opened, listed or read. There are
 * three kinds. Something is there and wrong, or it is absent: return damaged, the caller's error for it. The medium or the access
 * rights do not let anybody know: E_STICK_IO. This PC has run out of something (ENOMEM, EMFILE, ENFILE, ENOSYS): E_FAIL.
 */
enum err stickio_err(int sys, enum err damaged);

/* stickio_failing(sys): whether a device that was pulled or is worn out answers with the errno sys. */
bool stickio_failing(int sys);

/*
 * stickio_fault(f, damaged, step, dir_fd, top, path): set the fault that stickio_err gives for errno and damaged, on the object
 * top/path, where path is relative to dir_fd. With EACCES and EPERM also say who owns it, as stickio_blame does. Return the error.
 */
enum err stickio_fault(struct fault *f, enum err damaged, const char *step, int dir_fd, const char *top, const char *path);

/*
 * stickio_blame(f, dir_fd, path): if f holds EACCES or EPERM and no owner yet, fill in the owner of the first part of path,
 * relative to dir_fd, that this user may not read, or else of the last part. f may be NULL.
 */
void stickio_blame(struct fault *f, int dir_fd, const char *path);

/*
 * stickio_read_full(fd, buf, n, off): pread until all n bytes have been read. Return 0, or -1 with errno; a file that is too short
 * is EIO.
 */
int stickio_read_full(int fd, void *buf, size_t n, uint64_t off);

/* stickio_write_full(fd, buf, n, off): pwrite until all n bytes are written. Return 0, or -1 with errno. */
int stickio_write_full(int fd, const void *buf, size_t n, uint64_t off);

/*
 * stickio_slurp(dir_fd, name, limit, data, n): read a whole regular file of at most limit bytes into *data, which the caller
 * frees. Return 0, or -1 with errno (EFBIG above limit).
 */
int stickio_slurp(int dir_fd, const char *name, size_t limit, uint8_t **data, size_t *n);

/*
 * stickio_slurp_named(path, limit, data, n): the same for a file that a person of this PC has named, and which may be a link to
 * one. With errno EISDIR for a directory, EINVAL for a device, a pipe or a socket, which are not opened.
 */
int stickio_slurp_named(const char *path, size_t limit, uint8_t **data, size_t *n);

/*
 * stickio_create(dir_fd, name, data, n, mode): make a file that must not exist, write it, fsync it and fchmod it (ignored where
 * there are no modes). On failure nothing of it is left, as far as it can be removed. Return 0, or -1 with errno.
 */
int stickio_create(int dir_fd, const char *name, const void *data, size_t n, mode_t mode);

/*
 * stickio_create_for(dir_fd, name, data, owner): the same with mode 0600, for the user and the group of owner, as root does for
 * somebody.
 */
int stickio_create_for(int dir_fd, const char *name, struct bytes data, const struct stat *owner);

/*
 * stickio_rename(dir_fd, from, to): rename a file or directory within dir_fd so that it survives a power cut. The renamed object
 * is synced before the directory, since until then Linux's vfat writes the new entry without its first cluster. Return 0, or -1
 * with errno.
 */
int stickio_rename(int dir_fd, const char *from, const char *to);

/*
 * stickio_mkdir(dir_fd, name, mode): make a directory with this mode, whatever the umask. Return a descriptor of it, or -1 with
 * errno.
 */
int stickio_mkdir(int dir_fd, const char *name, mode_t mode);

/*
 * stickio_rename_new(dir_fd, from, to): rename a file within dir_fd, unless the new name is taken (EEXIST). Where the file system
 * knows no such rename, the file is linked; where it knows no links either, the new name is an empty file for a moment. Return 0,
 * or -1 with errno, and then it does not have the new name.
 */
int stickio_rename_new(int dir_fd, const char *from, const char *to);

/*
 * stickio_remove_file(dir_fd, name): remove a regular file. Absent is success. Return 0, or -1 with errno (EISDIR or EINVAL for
 * anything else, which stays).
 */
int stickio_remove_file(int dir_fd, const char *name);

/* stickio_sync_dir(fd): fsync a directory; a file system that cannot do this (EINVAL) counts as success. */
int stickio_sync_dir(int fd);

/*
 * stickio_sync_above(path): the same for the directory that contains path. A directory that may be written but not read cannot be
 * synced, and counts as success. Return 0, or -1 with errno.
 */
int stickio_sync_above(const char *path);

/*
 * stickio_ids(dir_fd, suffix, ids, max): collect every entry of dir_fd whose name is exactly 32 lower-case hex digits followed by
 * suffix ("" for none), in ascending order, at most max of them. Return how many there are, which may exceed max, or -1 with
 * errno.
 */
int stickio_ids(int dir_fd, const char *suffix, uint8_t (*ids)[16], size_t max);

/* What a file system can promise about overwriting in place. */
enum stickio_fs { STICKIO_FS_GOOD, STICKIO_FS_UNSURE, STICKIO_FS_BAD };

#define STICKIO_FS_NAME 32

/*
 * stickio_fs_of(fd, name): judge the file system under fd by statfs(2) and, for ext4 and FUSE, by mountinfo. Its name goes to
 * name.
 */
enum stickio_fs stickio_fs_of(int fd, char name[STICKIO_FS_NAME]);

/*
 * stickio_fs_judge(magic, m, name): judge from the low 32 bits of f_type and, for ext2 to ext4 and FUSE, from what proc(5)
 * mountinfo says about the mount (NULL: unknown).
 */
enum stickio_fs stickio_fs_judge(uint32_t magic, const struct mountinfo *m, char name[STICKIO_FS_NAME]);

/*
 * stickio_medium(fd, name, f): whether records below fd can be destroyed. Everything that writes to a stick relies on this one
 * judgement. E_FILESYSTEM if they cannot. Otherwise E_OK: name is unchanged if the file system overwrites in place, and is set to
 * its name if nobody can promise that.
 */
enum err stickio_medium(int fd, char name[STICKIO_FS_NAME], struct fault *f);

/* stickio_served(fd): true if another process serves the files there (FUSE): it may answer from memory, O_DIRECT or not. */
bool stickio_served(int fd);

/* stickio_volatile(fd): true if files there do not survive a reboot (tmpfs, ramfs, overlayfs). */
bool stickio_volatile(int fd);

#endif
