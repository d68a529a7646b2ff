/*
 * reformat.h - a fresh file system on a USB stick, for 'oncestick prepare --format': which device it is, whether it may be wiped,
 * and doing it with the tools of the system.
 *
 * Only a disk behind USB is ever touched, and only while nothing of it is in use. Everything is looked at twice: before the person
 * is asked, and after, since sticks are exchanged in the meantime.
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
#define REFORMAT_SHOWN_MAX 700 /* enough for reformat_show */
#define REFORMAT_HEAD 512 /* bytes of a partition table */
#define REFORMAT_LABEL "ONCESTICK" /* of the new file system, so of the folder where desktops mount it */

enum reformat_type { REFORMAT_NONE, REFORMAT_EXFAT, REFORMAT_VFAT };

/* What is outside. reformat_system is this PC; tests have their own. */
struct reformat_env {
	struct usb_list_source usb;
	const char *tools; /* directories of programs, as TOOL_DIRS */
	bool root;	   /* whether file systems can be mounted without help */
	void *arg;	   /* of the following */

	/* the block device that path is: 0, or -1 with errno, ENOTBLK if it is none */
	int (*node)(void *arg, const char *path, dev_t *dev);
	/* whether it can be opened for writing by nobody but us: 0, or -1 with errno */
	int (*claim)(void *arg, const char *path);
	/* the first bytes of a disk, from the device itself: 0, or -1 with errno */
	int (*head)(void *arg, const char *path, uint8_t out[REFORMAT_HEAD]);
	/* tool_run */
	int (*run)(void *arg, const char *const argv[], const char *input, char said[TOOL_SAID]);
};

struct reformat_env reformat_system(void);

/* A device that somebody named. */
struct reformat {
	enum reformat_type type;	/* what it shall become, set by the caller */
	char path[REFORMAT_PATH_MAX];	/* as named */
	struct usb_device usb;		/* usb.partition: one partition, else all of the disk */
	dev_t disk_dev;
	uint64_t sequence;		/* of the kernel: another one if the stick was exchanged; 0 if unknown */
	struct usb_list_volume *volumes; /* what is on it now; owned */
	size_t count;

	char part[REFORMAT_PATH_MAX];	/* the new file system, after reformat_make */
	char point[REFORMAT_POINT_MAX]; /* where it is mounted, after reformat_mount; "" otherwise */
	bool ours;			/* mounted by and for this process alone */
	uint8_t head[REFORMAT_HEAD];	/* of the disk, after reformat_make */
};

/* reformat_type(name): "exfat" or "vfat"; REFORMAT_NONE for anything else. */
enum reformat_type reformat_type(const char *name);

/*
 * reformat_find(r, env, path, f): find out what path is, and whether it may be wiped; changes nothing. r->type is set. Errors:
 * E_NO_STICK (no such device, nothing in it), E_USAGE (not a device, not USB, this PC runs from it, something of it is mounted or
 * in use, too large), E_SPACE (too small), E_READONLY (write-protected, or no right to write), E_FILESYSTEM (a tool is missing).
 * Free r in every case.
 */
enum err reformat_find(struct reformat *r, const struct reformat_env *env, const char *path, struct fault *f);
void reformat_free(struct reformat *r);

/* reformat_show(out, r, env): "/dev/sdb: SanDisk Ultra, serial number 4C53, 29 GiB; sdb1: vfat, "KIM", 29 GiB", safe to print. */
void reformat_show(char out[REFORMAT_SHOWN_MAX], const struct reformat *r, const struct reformat_env *env);

/* reformat_named(r, answer): whether answer, a device's name with or without /dev/, is the one that is to be wiped. */
bool reformat_named(const struct reformat *r, const char *answer);

/* reformat_listed(r, serials): whether the device has a serial number, and that is one of serials, separated by commas. */
bool reformat_listed(const struct reformat *r, const char *serials);

/*
 * reformat_make(r, env, f): wipe it. It must be the device that reformat_find saw, and still be fit: E_NO_STICK if it is another
 * one, and the errors of reformat_find. E_STICK_IO: a tool failed; E_INTERRUPTED: it was stopped.
 */
enum err reformat_make(struct reformat *r, const struct reformat_env *env, struct fault *f);

/*
 * reformat_mount(r, env, f): mount what reformat_make made: as root for this process alone, otherwise as a desktop does. E_NO_STICK
 * says what to do by hand.
 */
enum err reformat_mount(struct reformat *r, const struct reformat_env *env, struct fault *f);

/*
 * reformat_remount(r, env, f): unmount what was mounted for this process alone, and mount it again, at another point, so that what
 * is read next comes from the device. Nobody may use it meanwhile; r->point is "" after a failure. E_STICK_IO: there is another
 * partition table than reformat_make made, or no such file system any more; E_FAIL: it cannot be unmounted; E_INTERRUPTED.
 */
enum err reformat_remount(struct reformat *r, const struct reformat_env *env, struct fault *f);

/* reformat_unmount(r, env): undo what was mounted for this process alone. Nobody may use it any more. */
void reformat_unmount(struct reformat *r, const struct reformat_env *env);

#endif
