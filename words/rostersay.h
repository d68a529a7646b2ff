/*
 * rostersay.h - what people are told about a roster: what is wrong with it, who gets what, and the office's list.
 */
#ifndef ROSTERSAY_H
#define ROSTERSAY_H

#include <stddef.h>

#include "roster.h"

/*
 * rostersay_complaint(c, file): a sentence with the place in file, which is safe to print, and with what to do about it. The caller
 * frees it. NULL if there is no memory.
 */
char *rostersay_complaint(const struct roster_complaint *c, const char *file);

/* rostersay_holding(r, out, size): who has codes already, and which: "Kim (7kq241/1 and /2), Lee (7kq241/3) and 12 more". */
#define ROSTERSAY_HOLDING 600
void rostersay_holding(const struct roster *r, char *out, size_t size);

/*
 * rostersay_plan(r): after roster_plan: print to standard output, as a table, what each row gets. Return 0, or -1 if there is no
 * memory, or writing fails. rostersay_json(r): the same as JSON; NULL if there is no memory.
 */
int rostersay_plan(const struct roster *r);
struct json_t *rostersay_json(const struct roster *r);

/*
 * rostersay_list(r, n): the list for the office, in CSV: who has which code of which stick, from when to when; but no code. The
 * caller frees it. NULL if there is no memory.
 */
char *rostersay_list(const struct roster *r, size_t *n);

#endif
