/*
 * stickarg.h - the STICK operand: a directory that holds, or shall hold, ONCE, or the device that is mounted there.
 */
#ifndef STICKARG_H
#define STICKARG_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define STICKARG_MAX 4096

struct stickarg {
	char path[STICKARG_MAX]; /* as given, or the mount point that was found; raw bytes: escape before printing */
	int fd;			 /* the directory, -1 while closed */
};

/*
 * stickarg_open(s, arg, f): open the directory arg; for usb:SERIAL and a block device, a partition or a USB disk, the directory where
 * it is mounted; without an arg, the only mounted file system with ONCE at its top. Nothing is ever created or mounted. A directory
 * called ONCE with a stick record in it stands for its parent, and a file called *.oncestick, which is not read, for the directory it is in. Errors: E_NO_STICK (missing, not a directory, not plugged in, not
 * mounted), E_USAGE (several are mounted: f->object lists them), E_STICK_IO (no right to it: f says whose it is), E_FAIL (no
 * descriptors, no memory).
 */
enum err stickarg_open(struct stickarg *s, const char *arg, struct fault *f);

/* stickarg_close(s): NULL-safe; a zeroed stickarg must have fd -1. */
void stickarg_close(struct stickarg *s);

/* stickarg_each(each, arg): call each with every mount point that has ONCE, one for each file system, until it returns non-zero. */
int stickarg_each(int (*each)(void *arg, const char *path), void *arg);

/*
 * stickarg_device(fd, out, size): what is mounted at fd, for people: "SanDisk Cruzer, 29 GiB", or the size alone; "" unless fd is
 * the mount point of a USB device, a card or another removable one. Safe to print.
 */
void stickarg_device(int fd, char *out, size_t size);

/* stickarg_is_portable(fd): whether the directory is on what people carry around: a USB device, a card, or another removable one. */
bool stickarg_is_portable(int fd);

#endif
