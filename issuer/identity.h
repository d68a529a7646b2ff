/*
 * identity.h - the USB device that a stick is on, as codes are bound to it.
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
	bool found;		  /* or there is no such device: nothing else is set */
	uint8_t usb[HASH_SIZE];
	uint8_t hint[USB_HINT_SIZE];
};

/*
 * identity_take(i, fd, path, report, f): of the stick whose directory is fd, called path; what is weak about it is reported.
 * E_WRONG_STICK (WHY_NO_IDENTITY): codes cannot be bound to it, and i says as much of it as is known.
 */
enum err identity_take(struct identity *i, int fd, const char *path, const struct report *report, struct fault *f);

/* identity_book(i, b, stick_id, path, report, f): keep it in the books; another stick that has the same is reported. E_BOOKS. */
enum err identity_book(const struct identity *i, struct books *b, const uint8_t stick_id[ID_SIZE], const char *path,
    const struct report *report, struct fault *f);

#endif
