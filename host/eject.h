/*
 * eject.h - unmounting a stick's file system and switching the stick off, by udisks2, as a file manager does it: without root, and
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
	EJECT_UNMOUNTED,        /* its file system is unmounted, the rest could not be done or there is nothing to be done */
	EJECT_BUSY,             /* a program has a file open on it; where says where it is mounted */
	EJECT_FAILED,           /* why says why */
	EJECT_NOBODY            /* oncestick was built without libsystemd, which it asks udisks2 with */
};

#define EJECT_WHY 256

struct eject {
	char where[4096];       /* the mount point; raw bytes */
	char why[EJECT_WHY];    /* of who knows whom: escape before printing; "" if unknown */
};

enum eject_place {
	EJECT_MOUNTED,          /* e->where */
	EJECT_DIRECTORY,        /* the stick is at path, but path is not the top of a file system */
	EJECT_OUT               /* no such stick is mounted */
};

/* eject_find(e, path, stick_id, dev): where the stick is mounted now: at path, or else anywhere. dev: the st_dev of its files,
 * which tells it from a copy that is in, too; 0 if it is not known. */
enum eject_place eject_find(struct eject *e, const char *path, const uint8_t stick_id[ID_SIZE], dev_t dev);

/* eject_stick(e): write what is unwritten, unmount and switch off what is mounted at e->where. May take as long as the stick does.
 */
enum eject_result eject_stick(struct eject *e);

#endif
