/*
 * minder.h - the process that unmounts when a session ends, however it ends.
 *
 * It is forked before a code is read, holds no secret, and waits on a socket. When the session's end of the socket closes, even by
 * SIGKILL, it lazily unmounts the path it was told about, removes the directory if it made it itself, and then removes what the
 * desktop remembers of the files that were there (traces.h).
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
 * The minder takes one path, once: from the first of these two calls that succeeds. Any later call is EPERM, whoever makes it.
 *
 * minder_make(fd, label, path, f): have mountpoint_make(label) make a fresh directory, and have path unmounted and removed at the
 * end. The minder itself makes it, so that whenever the session dies somebody knows about it. E_FUSE, E_FAIL.
 *
 * minder_watch(fd, path): from now on, unmount path at the end. Call this before mounting. Return 0 or an errno.
 */
enum err minder_make(int fd, const char *label, char path[MOUNTPOINT_MAX], struct fault *f);
int minder_watch(int fd, const char *path);

/*
 * minder_mounted(fd): the mount is there: the minder remembers which one it is, and from now on touches no other. Return 0 or an
 * errno.
 */
int minder_mounted(int fd);

/*
 * minder_unmount(fd, lazy, f): unmount now, and remove the directory if the minder made it. E_OK also if nothing is mounted any
 * more; E_BUSY and E_FUSE as from mountpoint_unmount; E_BUSY also while something else is mounted over it; E_FAIL if the minder is
 * gone.
 */
enum err minder_unmount(int fd, bool lazy, struct fault *f);

#endif
