/*
 * fusemount.h - attaching a FUSE file system to a directory and detaching it again: by mount(2) for those who may, otherwise by
 * fusermount3(1).
 *
 * Nothing is printed, not even by fusermount3.
 */
#ifndef FUSEMOUNT_H
#define FUSEMOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

#define FUSEMOUNT_TYPE "fuse.oncestick" /* the type that mountinfo shows */

/*
 * fusemount_attach(dir, source, fd, f): mount a FUSE file system of the calling user on dir,
 * ro,nosuid,nodev,noexec,default_permissions; nobody answers for it yet. source is what mountinfo shows as its source, in raw
 * bytes; NULL: "oncestick". *fd is the close-on-exec descriptor of /dev/fuse through which it is served. The caller owns it. When
 * its last copy is closed, including copies in children, the mount is dead. E_FUSE: as for fusemount_attach_directly, or
 * WHY_NO_HELPER, or WHY_HELPER_SAYS with the line in which fusermount3 gave its reason, made printable.
 */
enum err fusemount_attach(const char *dir, const char *source, int *fd, struct fault *f);

/*
 * fusemount_attach_directly(dir, source, fd, f): the same by mount(2) alone, for those who may: root, or the owner of a mount
 * namespace. E_FUSE: WHY_FUSE_DEVICE, WHY_NO_FUSE, WHY_MOUNT_REFUSED.
 */
enum err fusemount_attach_directly(const char *dir, const char *source, int *fd, struct fault *f);

/*
 * fusemount_device(dir): the device number of what is mounted on dir, as the kernel knows it: nobody has to answer for the mount
 * yet. 0 if nobody can tell.
 */
dev_t fusemount_device(const char *dir);

/*
 * fusemount_read_ahead(dev, kib): let the kernel read up to kib KiB ahead, instead of its usual 128, for whoever reads in order
 * from the FUSE mount dev. This works for root only, and only once the kernel's first request (INIT), which resets it, has been
 * answered; otherwise nothing happens. Source: the kernel's Documentation/ABI/testing/sysfs-class-bdi.
 */
void fusemount_read_ahead(dev_t dev, unsigned kib);

/*
 * fusemount_detach(path, lazy, f): unmount what is mounted at path, even if it is in use when lazy is true. E_BUSY: something is
 * using it. E_FUSE: f->object is path; or WHY_NO_HELPER; or WHY_HELPER_KEEPS with the line in which fusermount3 gave its reason.
 */
enum err fusemount_detach(const char *path, bool lazy, struct fault *f);

/*
 * fusemount_possible(f): whether /dev/fuse opens and, unless the user is root, whether fusermount3 and what it needs to unmount
 * are there. E_FUSE: WHY_FUSE_DEVICE, WHY_NO_HELPER, WHY_MTAB.
 */
enum err fusemount_possible(struct fault *f);

#endif
