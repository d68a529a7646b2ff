/*
 * books_names.h - names of holders: corrected, and found although they were not typed as they are.
 */
#ifndef BOOKS_NAMES_H
#define BOOKS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "error.h"

/* Whose name: everybody's who is called from, or, with from NULL, that of one code. */
struct books_rename {
	const char *from;
	const uint8_t *grant_id;
	uint32_t slot;
	const char *to; /* satisfies dcbor_text_ok */
	int64_t now;
};

/*
 * books_rename(b, r, count, f): the holder of those codes that were handed out, also of used and revoked ones, becomes r->to, with
 * an event "rename" for each that has the new name only; *count is how many were not called so before. What was written in the
 * log before stays. One transaction.
 */
enum err books_rename(struct books *b, const struct books_rename *r, uint64_t *count, struct fault *f);

#define BOOKS_NEAR_MAX 3

struct books_near {
	char names[BOOKS_NEAR_MAX][BOOKS_TEXT]; /* the nearest first */
	size_t count;
};

/*
 * books_near(b, name, valid_at, out, f): the holders whose name is not this but near it (near.h). With valid_at not 0 only
 * those who have a code that is not used, and is valid then. Linear in the number of codes that have a holder; none is kept.
 */
enum err books_near(struct books *b, const char *name, int64_t valid_at, struct books_near *out, struct fault *f);

#endif
