/*
 * books_offers.h - which codes there are to hand out, lecture by lecture.
 */
#ifndef BOOKS_OFFERS_H
#define BOOKS_OFFERS_H

#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "error.h"
#include "usb.h"

/* A lecture on a stick. */
struct books_offer {
	uint8_t stick_id[ID_SIZE];
	uint8_t grant_id[ID_SIZE];
	char serial[USB_SERIAL_MAX + 1]; /* of the stick's USB device, "" if unknown */
	char label[LABEL_MAX + 1];
	uint32_t ready; /* codes that were not handed out, even if the lecture is over */
	int64_t not_before, expires;
};

/*
 * books_offers(b, list, count, f): the lectures of all sticks: the sticks in the order in which they became known, the lectures of
 * each beginning with the newest. A stick without any has one whose grant_id is zero and that has nothing ready. The caller frees
 * *list. E_BOOKS, E_FAIL.
 */
enum err books_offers(struct books *b, struct books_offer **list, size_t *count, struct fault *f);

#endif
