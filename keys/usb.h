/*
 * usb.h - the USB device that a directory is on, and its identity: vendor, product and serial number (oncestick-format(5), KEY
 * TREE).
 *
 * All of it comes from sysfs, which anybody may read; the device itself is not asked. Every sysfs parameter is where sysfs is
 * mounted: USB_SYSFS, except in tests.
 */
#ifndef USB_H
#define USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "format.h"

#define USB_SYSFS "/sys"
#define USB_PATH_MAX 1024
#define USB_TEXT_MAX 126   /* bytes of a string descriptor, as sysfs shows it */
#define USB_SERIAL_MAX 126
#define USB_RAW_MAX 378    /* bytes of 126 characters in UTF-8 */
#define USB_NAME_SIZE 32   /* "sdb1" and a NUL */
#define USB_SPEED_SIZE 24  /* enough for usb_speed */
#define USB_SHOWN_SIZE 400 /* enough for usb_show */

/* Why an identity is weak, or why there is none. */
enum usb_warning {
	USB_NO_IDENTITY = 1,  /* there is no serial number, or it is not a valid one */
	USB_SERIAL_SHORT = 2, /* it has fewer than 6 characters */
	USB_SERIAL_PLAIN = 4, /* it has fewer than 3 different characters */
	USB_CARD_READER = 8   /* the identity is the reader's, not the card's */
};

/* Text is printable ASCII, "" if unknown; other characters from a device are shown as '?'. */
struct usb_device {
	char dir[USB_PATH_MAX]; /* of the device in sysfs */
	uint16_t vid, pid;
	char vendor[USB_TEXT_MAX + 1], product[USB_TEXT_MAX + 1];
	char serial[USB_SERIAL_MAX + 1]; /* as the identity uses it; "": no identity */
	char serial_raw[USB_RAW_MAX + 1]; /* as the device states it, raw bytes; "" if it states none, or a too long one */
	unsigned speed;			 /* Mbit/s; 0 if unknown */
	unsigned bus, address;
	unsigned luns;	   /* disks, or slots for cards */
	unsigned warnings; /* enum usb_warning, or-ed */

	/* the partition or disk that led here; zeros if it was reached without one */
	dev_t dev;
	char name[USB_NAME_SIZE]; /* "sdb1" */
	char disk[USB_NAME_SIZE]; /* "sdb" */
	bool partition;		  /* of a disk, not all of it */
	bool removable, read_only;
	uint64_t bytes;
};

/* usb_find(d, sysfs, dev): the USB device behind the block device dev. 0, or -1 with *d zeroed if there is none. */
int usb_find(struct usb_device *d, const char *sysfs, dev_t dev);

/* usb_find_dir(d, sysfs, fd): the device that holds the file or directory fd. */
int usb_find_dir(struct usb_device *d, const char *sysfs, int fd);

/* usb_read(d, sysfs, dir): a USB device by its own directory in sysfs, without a disk. Return 0, or -1 with *d zeroed. */
int usb_read(struct usb_device *d, const char *sysfs, const char *dir);

/*
 * usb_has_serial(d, text, n): whether text is the serial number of d in any form in which people see it: as sysfs and lsusb show
 * it; as we show it, without blanks; or as udev shows it, with some characters replaced (ID_SERIAL_SHORT, and ID_SERIAL with its
 * "-0:0" at the end).
 */
bool usb_has_serial(const struct usb_device *d, const char *text, size_t n);

/* usb_factor(d, factor, hint): what binds codes to the device. Return 0, or -1 if it has no identity. */
int usb_factor(const struct usb_device *d, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE]);

/* A directory whose device is looked up when a code needs it: arg of usb_dir_factor, which fits struct unlock_factors. */
struct usb_dir {
	const char *sysfs;
	int fd;
};
int usb_dir_factor(void *arg, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE]);

/*
 * usb_speed(out, size, d): "USB 2, 480 Mbit/s", or "".
 *
 * usb_show(out, size, d): "SanDisk Ultra, serial number 4C530001", for people; d may be NULL: not a USB device.
 */
void usb_speed(char *out, size_t size, const struct usb_device *d);
void usb_show(char *out, size_t size, const struct usb_device *d);

#endif
