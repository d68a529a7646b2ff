/*
 * envelope.h - COSE_Sign1 (RFC 9052) in the one shape that oncestick uses: EdDSA, explicit type (RFC 9596), attached payload.
 *
 * Verification never parses a byte that is not signed. The prefix is compared, the payload's length must fit the file exactly, the
 * issuer's key is at a fixed place, and only a payload with a good signature is handed out.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"
#include "keytree.h"

enum envelope_type { ENVELOPE_MANIFEST, ENVELOPE_GRANT, ENVELOPE_NOTICE };

/* envelope_limit(type): the size of the largest file of that type that is read at all (4 KiB, 128 KiB, 4 MiB). */
size_t envelope_limit(enum envelope_type type);

/*
 * envelope_guess(file, type): *type := the type whose prefix file starts with. Return 0, or -1 if there is none. This verifies
 * nothing.
 */
int envelope_guess(struct bytes file, enum envelope_type *type);

enum envelope_result {
	ENVELOPE_OK,
	ENVELOPE_MALFORMED,  /* too long, wrong prefix, wrong length */
	ENVELOPE_NEWER,      /* a version byte other than 1: made by a newer program */
	ENVELOPE_FORGED,     /* the signature is not the issuer's */
	ENVELOPE_NO_MEMORY   /* there was no memory to find out */
};

/*
 * envelope_open(type, file, payload, issuer): verify file as an object of this type. On ENVELOPE_OK *payload borrows from file,
 * and issuer, unless it is NULL, is the public key that signed it; otherwise both are unchanged.
 */
enum envelope_result envelope_open(enum envelope_type type, struct bytes file, struct bytes *payload, uint8_t issuer[KEY_SIZE]);

/*
 * envelope_parsed(opened, parsed): what a file is whose envelope was opened with that result, and its payload parsed with 0, or -1
 * and errno. The payload of a file that is refused is empty.
 */
enum envelope_result envelope_parsed(enum envelope_result opened, int parsed);

/*
 * envelope_sign(type, payload, sk, n): the signed file, which the caller frees, with its length in *n. NULL if there is no memory
 * or the file would exceed envelope_limit(type).
 */
uint8_t *envelope_sign(enum envelope_type type, struct bytes payload, const uint8_t sk[SIGN_SECRET_SIZE], size_t *n);

#endif
