/*
 * books_names.h - names of holders: correcting them, and finding them even if they were misspelt.
 */
#ifndef BOOKS_NAMES_H
#define BOOKS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "error.h"

/* Whose name to change: that of everybody called from or, if from is NULL, that of one code's holder. */
struct books_rename {
	const char *from;
	const uint8_t *grant_id;
	uint32_t slot;
	const char *to; /* satisfies dcbor_text_ok */
	int64_t now;
};

/*
 * books_rename(b, r, count, f): make r->to the holder of those codes that were handed out, including used and revoked ones. *count
 * is how many had another holder before; each of these gets an event "rename", which has only the new name. Earlier entries in the
 * log stay. One transaction. Errors: E_BOOKS, E_FAIL.
 */
enum err books_rename(struct books *b, const struct books_rename *r, uint64_t *count, struct fault *f);

/* books_is_holder(b, name, is, f): whether a code that was handed out has this holder now. Errors: E_BOOKS, E_FAIL. */
enum err books_is_holder(struct books *b, const char *name, bool *is, struct fault *f);

#define BOOKS_NEAR_MAX 3

struct books_near {
	char names[BOOKS_NEAR_MAX][BOOKS_TEXT]; /* the nearest first */
	size_t count;
};

/*
 * books_near(b, name, valid_at, out, f): find the holders whose name differs from name, but is near it (near.h). If valid_at is not
 * 0, only those with an unused code that is valid at that time. The time is linear in the number of codes with a holder; nothing is
 * kept in memory but the result. Errors: E_BOOKS, E_FAIL.
 */
enum err books_near(struct books *b, const char *name, int64_t valid_at, struct books_near *out, struct fault *f);

#endif
