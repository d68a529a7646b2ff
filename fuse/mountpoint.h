/*
 * mountpoint.h - where a bundle appears: an empty directory of the user's, given or freshly made.
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
 * mountpoint_check(dir, f): whether the caller may mount on dir: an existing, empty directory, owned and writable by the caller
 * (unless root), on a file system that fusermount3 accepts (not FAT, not the stick itself), not a mount point of FUSE already.
 * E_FUSE with the reason in f->why.
 */
enum err mountpoint_check(const char *dir, struct fault *f);

/*
 * mountpoint_name(label, name, size): the name of a directory for label: '/' becomes '-', a leading '.' or '-' becomes '_', at most
 * 60 characters and size - 1 bytes, cut at a character boundary, "oncestick" if nothing is left.
 */
void mountpoint_name(const char *label, char *name, size_t size);

/*
 * mountpoint_make(label, path, size, f): make a fresh directory in $HOME named after label; if the name is taken " 2", " 3" ... is
 * added. Its path goes to path. E_FUSE if $HOME is missing or takes no directory.
 */
enum err mountpoint_make(const char *label, char *path, size_t size, struct fault *f);

/*
 * mountpoint_try(f): mount something empty on such a directory, through the same program as a session's, take it off, and remove
 * the directory. E_FUSE as of mountpoint_make and fusemount_attach.
 */
enum err mountpoint_try(struct fault *f);

/* mountpoint_home(f): whether mountpoint_make could work: $HOME is a directory that may be written. E_FUSE. */
enum err mountpoint_home(struct fault *f);

/*
 * mountpoint_is_ours(path): true if mountinfo (proc(5)) has a mount of type fuse.oncestick at exactly path. Does not touch the
 * mount itself, which may not answer.
 */
bool mountpoint_is_ours(const char *path);

/*
 * mountpoint_is(path, id): true if that is so and, where the kernel tells mounts apart, it is the mount id. A path says nothing
 * about whose mount is there now. id->mount 0: any mount of ours.
 */
bool mountpoint_is(const char *path, const struct mountinfo_id *id);

/*
 * mountpoint_is_covered(path, id): true if the mount id of ours is at path, but something else is mounted over it, there or further
 * up, so that it cannot be unmounted. false where the kernel does not tell mounts apart, and for a mount of another namespace.
 * Touches no mount.
 */
bool mountpoint_is_covered(const char *path, const struct mountinfo_id *id);

/*
 * mountpoint_is_dead(path): true if a mount of ours is at path and the process that served it has ended. Asks the mount: one that
 * is alive may take a while to answer.
 */
bool mountpoint_is_dead(const char *path);

/*
 * mountpoint_unmount(path, lazy, f): unmount what is at path: umount2(2) as root, else fusermount3 -u [-z]. E_BUSY if files
 * are open (not lazy); E_FUSE as from fusemount_detach. Only ever called for a mount of ours.
 */
enum err mountpoint_unmount(const char *path, bool lazy, struct fault *f);

/*
 * mountpoint_clear(path, id, made, since): what a dead minder has left: if the mount id is at path, unmount it lazily, remove the
 * directory if made, and what the desktop remembers of its files since then (traces.h). As far as it goes; false if the mount is
 * still there.
 */
bool mountpoint_clear(const char *path, const struct mountinfo_id *id, bool made, int64_t since);

/*
 * mountpoint_owner(path, uid): true if a mount of ours is at path: *uid is the user who made it. Does not touch the mount, which
 * may be somebody else's.
 */
bool mountpoint_owner(const char *path, uid_t *uid);

/*
 * mountpoint_users(path, mount, each, arg): call each(arg, pid, comm, file) for every other process of this user that has a file or
 * its working directory below path, as /proc tells, or anywhere in the file system of mount, through whatever path and in whatever
 * namespace; mount->mount 0: not known. file is relative to path, raw bytes. pid 0: the kernel itself, and comm is the device that
 * it made of the file. Never touches the mount.
 */
void mountpoint_users(const char *path, const struct mountinfo_id *mount,
    void (*each)(void *arg, long pid, const char *comm, const char *file), void *arg);

#endif
