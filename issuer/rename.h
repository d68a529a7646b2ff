/*
 * rename.h - the name of a holder is corrected.
 */
#ifndef RENAME_H
#define RENAME_H

#include <stdint.h>

#include "books_names.h"
#include "error.h"
#include "issuer.h"

/*
 * rename_commit(i, r, count, f): books_rename, now. *count is how many codes have another holder than before. Errors: E_NO_CODES
 * (WHY_NEVER_GIVEN) if nobody is called r->from, E_BOOKS.
 */
enum err rename_commit(struct issuer *i, struct books_rename *r, uint64_t *count, struct fault *f);

#endif
