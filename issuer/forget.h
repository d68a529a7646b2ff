/*
 * forget.h - names of people go from the books; what was used, when and where stays.
 */
#ifndef FORGET_H
#define FORGET_H

#include <stdint.h>

#include "books_forget.h"
#include "error.h"
#include "issuer.h"

struct forget {
	struct issuer *issuer;
	const char *holder; /* this one; NULL: everybody whose codes were over before that time */
	int64_t before;
	struct books_forgotten found; /* set by forget_find */
};

/*
 * forget_find(g, f): how many codes it is about. Errors: E_NO_CODES (WHY_NEVER_GIVEN) if the books have nobody of that name,
 * E_USAGE (WHY_STILL_OUT) while the holder has a code that is not used and in time: without the name nobody could revoke it.
 * E_BOOKS.
 *
 * forget_commit(g, f): do it, if it is still so, and note that it was done. Errors: those of forget_find.
 *
 * forget_pack(g, f): afterwards, and again where it failed: the file of the books is written anew, since the names were in it.
 * E_BOOKS.
 */
enum err forget_find(struct forget *g, struct fault *f);
enum err forget_commit(struct forget *g, struct fault *f);
enum err forget_pack(const struct forget *g, struct fault *f);

#endif
