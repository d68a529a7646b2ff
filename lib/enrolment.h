/*
 * enrolment.h - what a station says of itself, so that an issuer can make codes for it alone.
 */
#ifndef ENROLMENT_H
#define ENROLMENT_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "format.h"

/* A station's enrolment request: its X25519 public key and a label ("" for none). */
struct enrolment {
	uint8_t station_pk[KEY_SIZE];
	char label[LABEL_MAX + 1];
};

/*
 * enrolment_encode(e, n): the file, which the caller frees, with its length in *n. NULL if there is no memory. enrolment_parse(e,
 * file): return 0, or -1 with e zeroed.
 */
uint8_t *enrolment_encode(const struct enrolment *e, size_t *n);
int enrolment_parse(struct enrolment *e, struct bytes file);

#endif
