/*
 * fusemount.h - attaching a FUSE file system to a directory and taking it off again: mount(2) for who may, fusermount3(1) else.
 *
 * Nothing is printed, also not by fusermount3.
 */
#ifndef FUSEMOUNT_H
#define FUSEMOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

#define FUSEMOUNT_TYPE "fuse.oncestick" /* the type that mountinfo shows */

/*
 * fusemount_attach(dir, source, fd, f): mount a FUSE file system of the calling user on dir, ro,nosuid,nodev,noexec,
 * default_permissions; nobody answers for it yet. source is what mountinfo shows as where it comes from, raw bytes; NULL:
 * "oncestick". *fd is the close-on-exec descriptor of /dev/fuse that it is served through, owned by the caller: when
 * its last copy is closed, also one in a child, the mount is dead. E_FUSE: as
 * fusemount_attach_directly, or WHY_NO_HELPER, or WHY_HELPER_SAYS with the line in which fusermount3 said why not, made printable.
 */
enum err fusemount_attach(const char *dir, const char *source, int *fd, struct fault *f);

/*
 * fusemount_attach_directly(dir, source, fd, f): the same by mount(2) alone, for who may: root, or the owner of a mount namespace.
 * E_FUSE: WHY_FUSE_DEVICE, WHY_NO_FUSE, WHY_MOUNT_REFUSED.
 */
enum err fusemount_attach_directly(const char *dir, const char *source, int *fd, struct fault *f);

/*
 * fusemount_device(dir): the device number of what is mounted on dir, from what the kernel has: nobody needs to answer for the
 * mount yet. 0 if nobody can tell.
 */
dev_t fusemount_device(const char *dir);

/*
 * fusemount_read_ahead(dev, kib): let the kernel ask for up to kib KiB ahead of whoever reads in order from the FUSE mount dev,
 * instead of its usual 128. Works for root alone, and only once the kernel's first request (INIT) was answered, which sets it
 * back; else nothing happens. Source: the kernel's Documentation/ABI/testing/sysfs-class-bdi.
 */
void fusemount_read_ahead(dev_t dev, unsigned kib);

/*
 * fusemount_detach(path, lazy, f): unmount what is mounted at path, at once if lazy. E_BUSY: something uses it. E_FUSE: f->object
 * is path; or WHY_NO_HELPER; or WHY_HELPER_KEEPS with the line in which fusermount3 said why not.
 */
enum err fusemount_detach(const char *path, bool lazy, struct fault *f);

/* fusemount_possible(f): whether /dev/fuse opens and, unless root, fusermount3 is there, and what it needs to unmount. E_FUSE:
 * WHY_FUSE_DEVICE, WHY_NO_HELPER, WHY_MTAB. */
enum err fusemount_possible(struct fault *f);

#endif
