/*
 * rename.h - correcting the name of a holder.
 */
#ifndef RENAME_H
#define RENAME_H

#include <stdint.h>

#include "books_names.h"
#include "error.h"
#include "issuer.h"

/*
 * rename_commit(i, r, count, f): books_rename, with the time from i. *count is how many codes now have another holder than before.
 * Errors: those of books_rename; E_NO_CODES (WHY_NEVER_GIVEN) if nobody is called r->from.
 */
enum err rename_commit(struct issuer *i, struct books_rename *r, uint64_t *count, struct fault *f);

#endif
