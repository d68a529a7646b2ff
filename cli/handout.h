/*
 * handout.h - codes that are handed out, on standard output: one a line, as CSV, or as JSON.
 */
#ifndef HANDOUT_H
#define HANDOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "code.h"

struct handout {
	struct books_slot *slots;	/* count of them */
	char (*codes)[CODE_SHOWN_SIZE]; /* of slots, in secret memory */
	size_t count;			/* at least 1 to be printed */
	bool again;			/* they were handed out before; else they are of one lecture, */
	uint32_t left;			/* of which so many are still ready */
};

enum handout_format { HANDOUT_TEXT, HANDOUT_CSV, HANDOUT_JSON };

/* handout_format(out, word): "text", "csv" or "json". 0, or -1 for anything else. */
int handout_format(enum handout_format *out, const char *word);

/*
 * handout_print(h, format): print h on standard output, keeping no copy. CSV is that of RFC 4180, with a head; in it, text that a
 * spreadsheet would take for a formula has an apostrophe before it. 0, or -1 if it cannot be written or there is no memory.
 */
int handout_print(const struct handout *h, enum handout_format format);

/* handout_names(h, out, size): the ids of h's codes, for people: "7kq241/1 and /2", "7kq241/1, /2 and /5", "7kq241/1 to /40". */
#define HANDOUT_NAMES 400
void handout_names(const struct handout *h, char *out, size_t size);

#endif
