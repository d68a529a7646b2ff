/*
 * minder.h - the process that unmounts when a session ends, however it ends.
 *
 * It is forked before a code is read, holds no secret, and waits on a socket. When the session's end of it closes, even by
 * SIGKILL, it unmounts lazily what it was told of, removes the directory if it made that itself, and then what the desktop
 * remembers of files that were there (traces.h).
 */
#ifndef MINDER_H
#define MINDER_H

#include <stdbool.h>

#include "error.h"
#include "mountpoint.h"

/*
 * minder_fork(): start a minder. Return the caller's end of the socket, or -1 with errno. The descriptor is deliberately not
 * close-on-exec: a fusermount3 that is still mounting when its parent dies keeps the minder waiting until the mount is there.
 */
int minder_fork(void);

/*
 * The minder takes one path, once: the first of these two calls that succeeds. Any later one is EPERM, whoever makes it.
 *
 * minder_make(fd, label, path, f): have a fresh directory made by mountpoint_make(label), and path unmounted and removed at the
 * end. The minder makes it, so that whenever the session dies there is somebody who knows of it. E_FUSE, E_FAIL.
 *
 * minder_watch(fd, path): from now on unmount path at the end. Tell it before mounting. Return 0 or an errno.
 */
enum err minder_make(int fd, const char *label, char path[MOUNTPOINT_MAX], struct fault *f);
int minder_watch(int fd, const char *path);

/*
 * minder_mounted(fd): the mount is there: the minder notes which it is, and touches no other from now on. Return 0 or an errno.
 */
int minder_mounted(int fd);

/*
 * minder_unmount(fd, lazy, f): unmount now, and remove the directory if the minder made it. E_OK also if nothing is mounted any
 * more; E_BUSY, E_FUSE as from mountpoint_unmount, E_BUSY also while something else is mounted over it; E_FAIL if the minder is
 * gone.
 */
enum err minder_unmount(int fd, bool lazy, struct fault *f);

#endif
