/*
 * passguess.h - what libpwquality thinks of a new passphrase, where the program was built with it.
 */
#ifndef PASSGUESS_H
#define PASSGUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/*
 * passguess(pass, why, size): whether the library says that anybody would guess pass. why becomes its reason, in the language of
 * LC_MESSAGES, cut to size bytes. False if it has nothing to say: without the library, or if it fails itself. Where it finds no
 * dictionary, it judges without one.
 */
bool passguess(struct bytes pass, char *why, size_t size);

#endif
