/*
 * handoutsay.h - codes that are handed out, on standard output: one per line, as CSV, or as JSON.
 */
#ifndef HANDOUTSAY_H
#define HANDOUTSAY_H

#include <stddef.h>

#include "handout.h"

enum handoutsay_format { HANDOUTSAY_TEXT, HANDOUTSAY_CSV, HANDOUTSAY_JSON };

/* handoutsay_format(out, word): "text", "csv" or "json". 0, or -1 for anything else. */
int handoutsay_format(enum handoutsay_format *out, const char *word);

/*
 * handoutsay_print(h, format): print h on standard output, keeping no copy. CSV is that of RFC 4180, with a head; in it, text that
 * a spreadsheet would take for a formula has an apostrophe before it. 0, or -1 if it cannot be written or there is no memory.
 */
int handoutsay_print(const struct handout *h, enum handoutsay_format format);

/* handoutsay_names(h, out, size): the ids of h's codes, for people: "7kq241/1 and /2", "7kq241/1, /2 and /5", "7kq241/1 to /40". */
#define HANDOUTSAY_NAMES 400
void handoutsay_names(const struct handout *h, char *out, size_t size);

#endif
