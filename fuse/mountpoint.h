/*
 * mountpoint.h - where a bundle appears: an empty directory of the user's, either given or freshly made.
 */
#ifndef MOUNTPOINT_H
#define MOUNTPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"
#include "mountinfo.h"

#define MOUNTPOINT_MAX 4096

/*
 * mountpoint_check(dir, f): whether the caller may mount on dir. It must be an existing, empty directory, owned and writable by
 * the caller (unless root), on a file system that fusermount3 accepts (not FAT, not the stick itself), and not already a FUSE
 * mount point. E_FUSE with the reason in f->why.
 */
enum err mountpoint_check(const char *dir, struct fault *f);

/*
 * mountpoint_name(label, name, size): the name of a directory for label. '/' becomes '-', and a leading '.' or '-' becomes '_'; it
 * has at most 60 characters and size - 1 bytes, is cut at a character boundary, and is "oncestick" if nothing is left.
 */
void mountpoint_name(const char *label, char *name, size_t size);

/*
 * mountpoint_make(label, path, size, f): make a fresh directory in $HOME named after label; if the name is taken, " 2", " 3" ...
 * is added. Its path goes to path. E_FUSE if $HOME is missing, or if no directory can be made in it.
 */
enum err mountpoint_make(const char *label, char *path, size_t size, struct fault *f);

/*
 * mountpoint_try(f): make such a directory, mount something empty on it through the program that a session uses, unmount it, and
 * remove the directory. E_FUSE as from mountpoint_make and fusemount_attach.
 */
enum err mountpoint_try(struct fault *f);

/* mountpoint_home(f): whether mountpoint_make could work: $HOME is a directory that can be written to. E_FUSE. */
enum err mountpoint_home(struct fault *f);

/*
 * mountpoint_is_ours(path): true if mountinfo (proc(5)) has a mount of type fuse.oncestick at exactly path. Does not touch the
 * mount itself, which may not answer.
 */
bool mountpoint_is_ours(const char *path);

/*
 * mountpoint_is(path, id): the same, and also, if the kernel can tell mounts apart, that it is the mount id. A path does not say
 * whose mount is there now. id->mount 0: any mount of ours.
 */
bool mountpoint_is(const char *path, const struct mountinfo_id *id);

/*
 * mountpoint_is_covered(path, id): true if our mount id is at path but something else is mounted over it, there or further up, so
 * that it cannot be unmounted. False if the kernel cannot tell mounts apart, and for a mount in another namespace. Touches no
 * mount.
 */
bool mountpoint_is_covered(const char *path, const struct mountinfo_id *id);

/*
 * mountpoint_is_dead(path): true if a mount of ours is at path and the process that served it has ended. This asks the mount,
 * which may take a while to answer if it is alive.
 */
bool mountpoint_is_dead(const char *path);

/*
 * mountpoint_unmount(path, lazy, f): unmount what is at path: by umount2(2) as root, otherwise by fusermount3 -u [-z]. E_BUSY if
 * files are open (not lazy); E_FUSE as from fusemount_detach. Only ever called for a mount of ours.
 */
enum err mountpoint_unmount(const char *path, bool lazy, struct fault *f);

/*
 * mountpoint_clear(path, id, made, since): clear up after a dead minder, as far as possible. If the mount id is at path, unmount
 * it lazily, remove the directory if made, and remove what the desktop has remembered of its files since then (traces.h). False if
 * the mount is still there.
 */
bool mountpoint_clear(const char *path, const struct mountinfo_id *id, bool made, int64_t since);

/*
 * mountpoint_owner(path, uid): true if a mount of ours is at path; *uid is the user who made it. Does not touch the mount, which
 * may belong to somebody else.
 */
bool mountpoint_owner(const char *path, uid_t *uid);

/*
 * mountpoint_users(path, mount, each, arg): call each(arg, pid, comm, file) for every other process of this user that has a file
 * or its working directory below path, as /proc shows it, or anywhere in the file system of mount, through whatever path and in
 * whatever namespace; mount->mount 0: unknown. file is relative to path, in raw bytes. pid 0: the kernel itself, and comm is the
 * device that it made from the file. Never touches the mount.
 */
void mountpoint_users(const char *path, const struct mountinfo_id *mount,
    void (*each)(void *arg, long pid, const char *comm, const char *file), void *arg);

#endif
