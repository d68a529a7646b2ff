/*
 * handoutsay.h - printing codes that are handed out to standard output: one per line, as CSV, or as JSON.
 */
#ifndef HANDOUTSAY_H
#define HANDOUTSAY_H

#include <stddef.h>

#include "handout.h"

enum handoutsay_format { HANDOUTSAY_TEXT, HANDOUTSAY_CSV, HANDOUTSAY_JSON };

/* handoutsay_format(out, word): the format called word: "text", "csv" or "json". Return 0, or -1 for anything else. */
int handoutsay_format(enum handoutsay_format *out, const char *word);

/*
 * handoutsay_print(h, format): print h to standard output, keeping no copy. CSV is as in RFC 4180, with a head; if a spreadsheet
 * would take a text for a formula, it has an apostrophe before it. Return 0, or -1 if writing fails, or there is no memory.
 */
int handoutsay_print(const struct handout *h, enum handoutsay_format format);

/* One of several sticks: what was handed out of it or, if there is a fault, why nothing was. */
struct handoutsay_stick {
	const char *path; /* as named */
	struct handout out;
	struct fault fault;
};

/* handoutsay_sticks(list, count): print several as JSON, in the same way. */
int handoutsay_sticks(const struct handoutsay_stick *list, size_t count);

/* handoutsay_names(h, out, size): the ids of h's codes, for people: "7kq241/1 and /2", "7kq241/1, /2 and /5", "7kq241/1 to /40". */
#define HANDOUTSAY_NAMES 400
void handoutsay_names(const struct handout *h, char *out, size_t size);

#endif
