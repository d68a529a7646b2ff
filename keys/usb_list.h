/*
 * usb_list.h - every place on a USB stick that can hold files: partitions, and disks without any.
 */
#ifndef USB_LIST_H
#define USB_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "mountinfo.h"
#include "usb.h"
#include "usb_bus.h"

#define USB_LIST_POINT 4096

/* Where to look. usb_list_system is this PC; tests have their own. */
struct usb_list_source {
	const char *sysfs;
	const char *udev; /* directory of udev's database; NULL: none */
	int (*mounts)(int (*each)(void *arg, const struct mountinfo *m), void *arg); /* mountinfo_each */
	size_t (*storage)(struct usb_bus_address *out, size_t max);		     /* usb_bus_storage; NULL: disks alone */
};

/* usb_list_system(): this PC with what libusb knows. usb_list_disks(): the same without devices that have no disk. */
struct usb_list_source usb_list_system(void);
struct usb_list_source usb_list_disks(void);

/* Why a place cannot hold ONCE. */
enum usb_list_unfit {
	USB_LIST_FIT,
	USB_LIST_NO_DISK,	/* a device for which this PC shows no disk */
	USB_LIST_NO_MEDIUM,	/* an empty slot */
	USB_LIST_SYSTEM,	/* this PC runs from it */
	USB_LIST_HELD,		/* encryption, RAID or LVM uses it */
	USB_LIST_READ_ONLY,	/* write-protected */
	USB_LIST_MOUNTED_RO,	/* writable, but mounted read-only */
	USB_LIST_NO_FILES,	/* no file system */
	USB_LIST_COPY_ON_WRITE, /* a file system that never overwrites in place */
	USB_LIST_READER		/* a card reader without an identity */
};

struct usb_list_volume {
	struct usb_device usb;	    /* usb.name is "" where there is no disk */
	char fs[USB_NAME_SIZE];	    /* "exfat"; "" if there is none or it is not known */
	char point[USB_LIST_POINT]; /* where it is mounted, raw bytes; "" if it is not */
	bool mounted_ro, held;
	bool fs_known; /* if fs is "", there is no file system; otherwise it is unknown */
	enum usb_list_unfit unfit;
};

/*
 * usb_list(list, count, source, f): all such places, in the order of their disks; the caller frees *list (NULL if empty). E_FAIL
 * if there is no memory.
 */
enum err usb_list(struct usb_list_volume **list, size_t *count, const struct usb_list_source *source, struct fault *f);

#endif
