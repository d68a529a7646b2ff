/*
 * eject.h - unmounting a stick's file system and switching the stick off by udisks2, as a file manager does: without root, and
 * without asking for a password.
 */
#ifndef EJECT_H
#define EJECT_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "format.h"

enum eject_result {
	EJECT_DONE,             /* off, or out of its drive */
	EJECT_UNMOUNTED,        /* the file system is unmounted; the rest is not needed, or could not be done */
	EJECT_BUSY,             /* a program has a file open on it; where: its mount point */
	EJECT_FAILED,           /* why: the reason */
	EJECT_NOBODY            /* oncestick was built without libsystemd, which talks to udisks2 */
};

#define EJECT_WHY 256

struct eject {
	char where[4096];       /* the mount point; raw bytes */
	char why[EJECT_WHY];    /* from outside: escape before printing; "" if unknown */
};

enum eject_place {
	EJECT_MOUNTED,          /* at e->where */
	EJECT_DIRECTORY,        /* the stick is at path, but path is not the top of a file system */
	EJECT_OUT               /* no such stick is mounted */
};

/*
 * eject_find(e, path, stick_id, dev): find where the stick is mounted now: at path, or else anywhere. dev is the st_dev of its
 * files, which distinguishes it from a copy that is also plugged in; 0 if unknown.
 */
enum eject_place eject_find(struct eject *e, const char *path, const uint8_t stick_id[ID_SIZE], dev_t dev);

/*
 * eject_stick(e): write out unwritten data, unmount what is mounted at e->where, and switch the stick off. It may take as long as
 * the stick does.
 */
enum eject_result eject_stick(struct eject *e);

#endif
