/*
 * accept.h - what an issuer sent after a stick is put onto it, by whoever has it: no code, and no key (oncestick-protocol(7),
 * ACCEPTING).
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"
#include "stick.h"

/*
 * accept_notice(s, grants, issuer, file, written, f): a notice of issuer onto the stick s, which has these grants, unless it has it
 * or a newer one; file.n == 0: nothing to write. *written, unless NULL, says whether it was written. Errors: E_FILESYSTEM,
 * E_READONLY, E_SPACE, E_STICK_IO, E_STICK_BUSY, E_FAIL.
 */
enum err accept_notice(const struct stick *s, const struct stick_grants *grants, const uint8_t issuer[KEY_SIZE], struct bytes file,
    bool *written, struct fault *f);

#endif
