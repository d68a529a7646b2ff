/*
 * books_forget.h - names of holders go from the books, and nothing else does.
 */
#ifndef BOOKS_FORGET_H
#define BOOKS_FORGET_H

#include <stdint.h>

#include "books.h"
#include "error.h"

/* Whose names: this holder's; or, with holder NULL, everybody's of codes that were over before that time. */
struct books_forget {
	const char *holder;
	int64_t before;
	int64_t now;
};

struct books_forgotten {
	uint64_t codes, people; /* whose names are of it; with no code, of the log alone: older names of codes */
	uint64_t out;           /* codes of theirs, or handed out before that time, that can still be used */
};

/*
 * books_forget_look(b, w, out, f): how many. books_forget(b, w, f): remove the names from codes and from the log, inside a
 * transaction; codes that are out keep theirs. With a holder also names that stand in the log of the same codes: what a slip was
 * corrected from is the same person.
 *
 * books_forget_pack(b, f): outside of a transaction: write the file anew, so that nothing of what was removed is left in it. If it
 * fails, as it does on a full disk, the books are as they were; call it again.
 */
enum err books_forget_look(struct books *b, const struct books_forget *w, struct books_forgotten *out, struct fault *f);
enum err books_forget(struct books *b, const struct books_forget *w, struct fault *f);
enum err books_forget_pack(struct books *b, struct fault *f);

#endif
