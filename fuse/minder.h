/*
 * minder.h - the process that unmounts when a session ends, however it ends.
 *
 * It is forked before a code is read, holds no secret, and waits on a socket. When the session's end of it closes, even by
 * SIGKILL, it unmounts lazily what it was told of, and removes the directory if that was made for the mount.
 */
#ifndef MINDER_H
#define MINDER_H

#include <stdbool.h>

/*
 * minder_fork(): start a minder. Return the caller's end of the socket, or -1 with errno. The descriptor is deliberately not
 * close-on-exec: a fusermount3 that is still mounting when its parent dies keeps the minder waiting until the mount is there.
 */
int minder_fork(void);

/* minder_watch(fd, path, made): from now on unmount path at the end, and remove the directory if made. Tell it before mounting.
 * Return 0 or an errno. */
int minder_watch(int fd, const char *path, bool made);

/* minder_unmount(fd, lazy): unmount now, and remove the directory if it was made. Return 0 (also if nothing is mounted any more),
 * EBUSY, another errno, or EPIPE if the minder is gone. */
int minder_unmount(int fd, bool lazy);

#endif
