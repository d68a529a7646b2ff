/*
 * place.h - where sticks are on this PC: a directory that has, or is to get, ONCE, or the device that is mounted there.
 *
 * This never creates or mounts anything.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "usb.h"

#define PLACE_MAX 4096
#define PLACE_BY_SERIAL "usb:"
#define PLACE_OPENER_SUFFIX ".oncestick" /* of a file that means the directory that it is in */

/* Why an argument is not a place. */
enum place_why {
	PLACE_FAILED,	   /* the fault says everything: no memory, no descriptors, or no right to it and who owns it */
	PLACE_NONE,	   /* no argument, and no stick is mounted */
	PLACE_WHICH,	   /* no argument, and several are mounted: list */
	PLACE_LONG,	   /* the path is too long */
	PLACE_NO_SERIAL,   /* no stick with that serial number is plugged in */
	PLACE_SEVERAL,	   /* the device is mounted in several places: list */
	PLACE_UNFIT,	   /* nothing on the USB device can be mounted and used */
	PLACE_UNMOUNTED,   /* nothing on it is mounted, but name can be */
	PLACE_NOT_MOUNTED, /* a device that is not on USB is not mounted */
	PLACE_NO_DIR,	   /* it is neither a directory nor a device */
	PLACE_MISSING,	   /* there is no such directory */
	PLACE_SHUT,	   /* it cannot be opened: sys */
	PLACE_GONE	   /* the place was found, but cannot be opened: sys */
};

#define PLACE_LIST 180

struct place_miss {
	enum place_why why;
	int sys;
	char name[USB_NAME_SIZE]; /* of a partition, without /dev/ */
	char list[PLACE_LIST];	  /* paths, as many as fit */
};

struct place {
	char path[PLACE_MAX]; /* as given, or the mount point that was found; raw bytes: escape before printing */
	int fd;		      /* the directory, -1 while closed */
};

/*
 * place_open(p, arg, miss, f): open the directory arg. If arg is usb:SERIAL, or the block device of a partition or a USB disk, open
 * the directory where that is mounted; without an arg, the only mounted file system with ONCE at its top. A directory called ONCE
 * with a stick record in it means its parent, and a file called *.oncestick, which is not read, means the directory that it is in.
 * Errors, about which *miss says more: E_NO_STICK (missing, not a directory, not plugged in, not mounted), E_USAGE (several are
 * mounted), E_STICK_IO (no right to it: f says who owns it), E_FAIL (no descriptors, no memory).
 */
enum err place_open(struct place *p, const char *arg, struct place_miss *miss, struct fault *f);

/* place_on_stick(dir): whether the directory dir, or one above it, has a stick. */
bool place_on_stick(const char *dir);

/* place_close(p): close the place, if it is open. p may be NULL; a zeroed place must have fd -1. */
void place_close(struct place *p);

/*
 * place_each(each, arg): call each for every mount point with ONCE, once per file system, until it returns non-zero. Return that,
 * or 0.
 */
int place_each(int (*each)(void *arg, const char *path), void *arg);

/* The device that is mounted at a place. */
struct place_device {
	char vendor[32], model[64]; /* ASCII without controls; "" if unknown */
	uint64_t bytes;		    /* of its file system, 0 if unknown */
};

/* place_device(fd, d): return false unless fd is the mount point of a USB device, a card or another removable device. */
bool place_device(int fd, struct place_device *d);

/*
 * place_is_portable(fd): whether the directory is on something that people carry around: a USB device, a card, or another removable
 * device.
 */
bool place_is_portable(int fd);

#endif
