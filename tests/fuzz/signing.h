/*
 * signing.h - for fuzz targets: the issuer of the test vectors signs whatever was made up.
 */
#ifndef SIGNING_H
#define SIGNING_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "envelope.h"

/* signing_keys(pk, sk): the issuer's key pair. */
void signing_keys(uint8_t pk[KEY_SIZE], uint8_t sk[SIGN_SECRET_SIZE]);

/*
 * signing_file(type, payload, n): the payload with that issuer's key in its place, signed; n bytes, to be freed. NULL if it is too
 * large for its type, or too small to have the key.
 */
uint8_t *signing_file(enum envelope_type type, struct bytes payload, size_t *n);

#endif
