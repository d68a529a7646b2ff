/*
 * books_report.h - the books in the form that a report needs: lecture by lecture, with what became of each code, and who did what.
 * There is never more of them in memory than one lecture.
 */
#ifndef BOOKS_REPORT_H
#define BOOKS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "error.h"
#include "format.h"
#include "receipt.h"

#define BOOKS_WHO 64   /* bytes of a user's name, with NUL */
#define BOOKS_VERB 64  /* bytes of what the user did */

struct books_report_lecture {
	uint8_t grant_id[ID_SIZE], stick_id[ID_SIZE];
	char label[LABEL_MAX + 1];
	int64_t prepared_at, not_before, expires;
	char prepared_by[BOOKS_WHO]; /* "" if the books do not say */
	bool imported;               /* entered from a stick that came home, so nobody knows who has its codes */
	int64_t gone_at;             /* since when we know that it is no longer on its stick; 0: it is */
};

/* A use of a code, by a receipt. */
struct books_report_use {
	bool proved;            /* there is one */
	struct receipt receipt;
	char pc[LABEL_MAX + 1]; /* the name of the PC, "" if it has none */
};

struct books_report_code {
	uint32_t slot, number;
	enum books_slot_state state;
	char holder[BOOKS_TEXT];                 /* "" for none */
	int64_t issued_at;                       /* when it was last handed out, 0 if never */
	char issued_by[BOOKS_WHO];
	int64_t revoked_at;                      /* when it was revoked, even if it turned out to be used; 0 if never */
	char revoked_by[BOOKS_WHO];
	int64_t spent_at;                        /* by the receipt, 0 if not used, or nobody knows when */
	int64_t live_at;                         /* when it was last seen unused on its stick, 0 if never */
	struct books_report_use use, second;     /* second: of another session, from a copy */
};

typedef enum err books_report_fn(void *arg, const struct books_report_lecture *l, const struct books_report_code *codes,
    size_t count, struct fault *f);

/*
 * books_report_lectures(b, lecture, each, arg, f): call each for every lecture, in the order in which they were prepared, with its
 * codes ordered by number; unless lecture is NULL, only for lectures with that label, or whose id begins with it (at least 8
 * hexadecimal digits). What each gets is gone when it returns. If it returns an error, stop and return that. E_BOOKS, E_FAIL.
 */
enum err books_report_lectures(struct books *b, const char *lecture, books_report_fn *each, void *arg, struct fault *f);

/* What somebody did, and how often. */
struct books_report_deed {
	char who[BOOKS_WHO], verb[BOOKS_VERB];
	uint64_t times;
	int64_t first, last;
};

/* Which part of the log to report. */
struct books_report_span {
	int64_t from, to;            /* both included */
	const char *lecture, *holder; /* or NULL */
};

typedef enum err books_report_deed_fn(void *arg, const struct books_report_deed *d, struct fault *f);

/* books_report_deeds(b, span, each, arg, f): call each with who did what, ordered by name and then by when it was first noted. */
enum err books_report_deeds(
    struct books *b, const struct books_report_span *span, books_report_deed_fn *each, void *arg, struct fault *f);

/*
 * books_report_known(b, lecture, holder, known, f): whether there is such a lecture, and whether anybody of that name was ever
 * given a code. If either is NULL, it counts as known.
 */
enum err books_report_known(struct books *b, const char *lecture, const char *holder, bool known[2], struct fault *f);

#endif
