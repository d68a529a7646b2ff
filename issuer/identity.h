/*
 * identity.h - the USB device that a stick is on, to which codes can be bound.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "books.h"
#include "error.h"
#include "format.h"
#include "report.h"
#include "usb.h"

struct identity {
	struct usb_device device;
	bool found;		  /* false: there is no such device, and nothing else is set */
	uint8_t usb[HASH_SIZE];
	uint8_t hint[USB_HINT_SIZE];
};

/*
 * identity_take(i, fd, path, report, f): take the identity of the stick whose directory is fd and whose name for people is path;
 * report what is weak about it. E_WRONG_STICK (WHY_NO_IDENTITY): codes cannot be bound to it, and i has as much about it as is
 * known.
 */
enum err identity_take(struct identity *i, int fd, const char *path, const struct report *report, struct fault *f);

/*
 * identity_book(i, b, stick_id, path, report, f): keep it in the books; if another stick has the same identity, report that.
 * E_BOOKS.
 */
enum err identity_book(const struct identity *i, struct books *b, const uint8_t stick_id[ID_SIZE], const char *path,
    const struct report *report, struct fault *f);

/*
 * identity_note(b, stick_id, fd, f): if the directory fd of a stick is on a USB device of its own that has a serial number, keep
 * that number, by which people may name the stick when it is elsewhere. No code is bound to it. E_BOOKS.
 */
enum err identity_note(struct books *b, const uint8_t stick_id[ID_SIZE], int fd, struct fault *f);

#endif
