/*
 * reformat.h - a fresh file system on a USB stick, for 'oncestick prepare --format': finding the device, deciding whether it may be
 * wiped, and wiping it with the tools of the system.
 *
 * This touches only a disk behind USB, and only while nothing of it is in use. It checks everything twice, before and after the
 * person is asked, because sticks may be exchanged in between.
 */
#ifndef REFORMAT_H
#define REFORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "mountinfo.h"
#include "tool.h"
#include "usb_list.h"

#define REFORMAT_PATH_MAX 64   /* "/dev/sdb1" */
#define REFORMAT_POINT_MAX 4096
#define REFORMAT_HEAD 512 /* bytes of a partition table */
/* Of the new file system, and so of the folder where desktops mount it. The size is what FAT has room for. */
#define REFORMAT_LABEL_SIZE 12
#define REFORMAT_LABEL "ONCESTICK"

enum reformat_type { REFORMAT_NONE, REFORMAT_EXFAT, REFORMAT_VFAT };

/* The outside world. reformat_system is this PC; tests have their own. */
struct reformat_env {
	struct usb_list_source usb;
	const char *tools; /* directories of programs, like TOOL_DIRS */
	bool root;	   /* whether this process can mount file systems itself */
	void *arg;	   /* passed to the following */

	/* find the block device at path: 0, or -1 with errno, ENOTBLK if it is not one */
	int (*node)(void *arg, const char *path, dev_t *dev);
	/* whether we alone could open it for writing: 0, or -1 with errno */
	int (*claim)(void *arg, const char *path);
	/* read the first bytes of a disk, from the device itself: 0, or -1 with errno */
	int (*head)(void *arg, const char *path, uint8_t out[REFORMAT_HEAD]);
	/* tool_run */
	int (*run)(void *arg, const char *const argv[], const char *input, char said[TOOL_SAID]);
	/* whether the person wants to stop; NULL: never */
	bool (*stopped)(void);
};

struct reformat_env reformat_system(bool (*stopped)(void));

/* Why a device is refused, or what failed. */
enum reformat_why {
	REFORMAT_OTHER,	       /* the fault says all */
	REFORMAT_LONG,	       /* a name that is too long */
	REFORMAT_NO_DEVICE,
	REFORMAT_MISSING,      /* sys: the path that was given, */
	REFORMAT_MISSING_NODE, /* or the device itself, name */
	REFORMAT_NOT_USB,
	REFORMAT_STALE,	       /* the path is not the name that this PC has for the device */
	REFORMAT_EMPTY,	       /* there is no medium in it */
	REFORMAT_SMALL,
	REFORMAT_LARGE,
	REFORMAT_SYSTEM,       /* this PC runs from it */
	REFORMAT_MOUNTED,      /* name, one of its partitions, is mounted at point */
	REFORMAT_HELD,	       /* name is part of something larger */
	REFORMAT_IN_USE,       /* the kernel says so */
	REFORMAT_NO_RIGHT,
	REFORMAT_PROTECTED,
	REFORMAT_NO_TOOL,      /* the program name is not installed; package has it */
	REFORMAT_EXCHANGED,    /* since we looked at it */
	REFORMAT_STOPPED,      /* while it was formatted */
	REFORMAT_NOT_STARTED,  /* the program name cannot be started: sys */
	REFORMAT_FAILED,       /* the program name failed: said */
	REFORMAT_NO_PART,      /* the new partition name does not appear */
	REFORMAT_UNREADABLE,   /* after formatting: sys */
	REFORMAT_NO_MOUNT,     /* this PC cannot mount it: said */
	REFORMAT_NOBODY,       /* no desktop mounted it */
	REFORMAT_STUCK,	       /* it cannot be unmounted: said */
	REFORMAT_LOST_TABLE,   /* what was written is no longer there */
	REFORMAT_LOST_FILES
};

struct reformat_miss {
	enum reformat_why why;
	int sys;
	char name[REFORMAT_PATH_MAX]; /* what it is about */
	char point[256];	      /* raw bytes, by utf8_short */
	const char *package;
	char said[TOOL_SAID]; /* by a program, "" if nothing */
};

/* A device that the person named. */
struct reformat {
	enum reformat_type type;	/* what it will become; the caller sets this */
	char label[REFORMAT_LABEL_SIZE]; /* of what it will become, in capitals, the same; "": REFORMAT_LABEL */
	char path[REFORMAT_PATH_MAX];	/* as given */
	struct usb_device usb;		/* usb.partition: only a partition; otherwise the whole disk */
	dev_t disk_dev;
	uint64_t sequence;		/* the kernel's number, different if the stick was exchanged; 0 if unknown */
	struct usb_list_volume *volumes; /* what is on it now; owned */
	size_t count;

	char part[REFORMAT_PATH_MAX];	/* the new file system, after reformat_make */
	char point[REFORMAT_POINT_MAX]; /* where it is mounted, after reformat_mount; otherwise "" */
	bool ours;			/* mounted by and for this process alone */
	uint8_t head[REFORMAT_HEAD];	/* of the disk, after reformat_make */
	struct reformat_miss miss;	/* after a failure */
};

/* reformat_type(name): "exfat" or "vfat"; REFORMAT_NONE for anything else. */
enum reformat_type reformat_type(const char *name);

/* reformat_name(type): the name of type. */
const char *reformat_name(enum reformat_type type);

/*
 * reformat_find(r, env, path, f): find out which device path is, and whether it may be wiped. The caller has set r->type. Nothing
 * changes. Errors, about which r->miss says more, here and below: E_NO_STICK (no such device, nothing in it), E_USAGE (not a
 * device, not USB, this PC runs from it, something on it is mounted or in use, too large), E_SPACE (too small), E_READONLY
 * (write-protected, or no right to write), E_FILESYSTEM (a tool is missing). Free r in any case.
 */
enum err reformat_find(struct reformat *r, const struct reformat_env *env, const char *path, struct fault *f);
void reformat_free(struct reformat *r);

/* reformat_covers(r, v): whether wiping r would wipe v. */
bool reformat_covers(const struct reformat *r, const struct usb_list_volume *v);

/*
 * reformat_label(env, dev, out, size): the label of a volume as udev found it, in raw bytes, cut to fit. Return false if there is
 * none.
 */
bool reformat_label(const struct reformat_env *env, dev_t dev, char *out, size_t size);

/* reformat_named(r, answer): whether answer, a device's name with or without /dev/, names the device to be wiped. */
bool reformat_named(const struct reformat *r, const char *answer);

/* reformat_listed(r, serials): whether the device has a serial number that is one of serials, which are separated by commas. */
bool reformat_listed(const struct reformat *r, const char *serials);

/*
 * reformat_make(r, env, f): wipe it and make the file system. It must still be the device that reformat_find saw, and still be
 * allowed: E_NO_STICK if it is another one, and the errors of reformat_find. E_STICK_IO: a tool failed; E_INTERRUPTED: it was
 * stopped.
 */
enum err reformat_make(struct reformat *r, const struct reformat_env *env, struct fault *f);

/*
 * reformat_mount(r, env, f): mount what reformat_make made: as root for this process alone, otherwise as a desktop does. E_NO_STICK
 * (REFORMAT_NOBODY): the person has to mount it.
 */
enum err reformat_mount(struct reformat *r, const struct reformat_env *env, struct fault *f);

/*
 * reformat_remount(r, env, f): unmount what was mounted for this process alone, and mount it again at another point, so that the
 * next reads come from the device. Nothing may use it meanwhile; after a failure r->point is "". E_STICK_IO: the partition table is
 * not the one that reformat_make made, or the file system is gone; E_FAIL: it cannot be unmounted; E_INTERRUPTED.
 */
enum err reformat_remount(struct reformat *r, const struct reformat_env *env, struct fault *f);

/* reformat_unmount(r, env): unmount what was mounted for this process alone. Nothing may use it any more. */
void reformat_unmount(struct reformat *r, const struct reformat_env *env);

#endif
