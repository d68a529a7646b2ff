/*
 * watch.h - sticks and open folders that come and go.
 *
 * What counts is that a file system with ONCE was mounted. The kernel reports that by poll(2) on the list of mounts. With libusb
 * this also notices sticks that are plugged in but not mounted.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>

#include "error.h"
#include "mountpoint.h"
#include "usb_list.h"

/* What happens is told to these, one after the other; they may take their time. */
struct watch_calls {
	/* A stick is at path. False: it was not opened, and is new once more if anything was mounted or unmounted meanwhile. */
	bool (*stick)(void *arg, const char *path);
	void (*gone)(void *arg, const char *path);
	void (*closed)(void *arg, const char *folder);               /* that watch_folder was told */
	void (*unmounted)(void *arg, const struct usb_list_volume *v); /* it is plugged in, and nothing mounts it */
	bool (*over)(void *arg);                                     /* whether to end; a signal may make it true */
	void *arg;
};

struct watch;

/*
 * watch_new(w, calls, f): get ready to watch; calls is borrowed. Errors: E_FAIL if the list of mounts cannot be read or, with
 * ENOMEM in f->sys, there is no memory.
 */
enum err watch_new(struct watch **w, const struct watch_calls *calls, struct fault *f);

/* watch_run(w): tell what there is and what changes, until it is over. SIGINT and SIGTERM interrupt a wait. */
void watch_run(struct watch *w);

/* watch_folder(w, folder): tell when the mount that is at folder now is gone. */
void watch_folder(struct watch *w, const char *folder);

/* watch_free(w): release and null it. */
void watch_free(struct watch **w);

/* watch_session(path, folder): whether a session has the stick at path, and its folder: one that was pulled and put back. */
bool watch_session(const char *path, char folder[MOUNTPOINT_MAX]);

/* watch_another_code(e): whether a code that is refused with e says nothing about the person's other codes. */
bool watch_another_code(enum err e);

#endif
