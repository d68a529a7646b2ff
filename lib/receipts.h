/*
 * receipts.h - the file in which a station delivers its receipts.
 */
#ifndef RECEIPTS_H
#define RECEIPTS_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "format.h"

/* One row of a station's receipts file. body is receipt || MAC and borrows from the file when read. */
struct receipt_row {
	uint8_t issuer[KEY_SIZE];
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	struct bytes body;
};

/* The PC that wrote a receipts file, by what it says itself: nothing proves that. */
struct receipts_from {
	uint8_t station_id[ID_SIZE];
	char name[LABEL_MAX + 1]; /* "": it says nothing */
};

/*
 * receipts_encode_from(from, rows, count, n): receipts_encode, with the PC's name at the beginning of the file, unless that is
 * empty. receipts_from(file, from): what the file, which receipts_parse accepts, says about the PC.
 */
uint8_t *receipts_encode_from(const struct receipts_from *from, const struct receipt_row *rows, size_t count, size_t *n);
void receipts_from(struct bytes file, struct receipts_from *from);

/*
 * receipts_encode(rows, count, n), receipts_parse(file, rows, count): the whole file; the caller frees the result, or *rows. NULL
 * if there is no memory; -1 with errno: ENOMEM, or EBADMSG if the file is not a receipts file.
 */
uint8_t *receipts_encode(const struct receipt_row *rows, size_t count, size_t *n);
int receipts_parse(struct bytes file, struct receipt_row **rows, size_t *count);

#endif
