/*
 * roster.h - a list of people who are to get codes, one row for each, from a CSV file; and handing the codes out, all or none.
 *
 * The first row names the columns, in any order: holder, which there must be; stick (its name, its whole id, usb:SERIAL, or
 * nothing), codes (2 if empty), language (of the cards). What is wrong is not told by faults but by complaints, each about a place
 * in the file.
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "bytes.h"
#include "error.h"
#include "handout.h"
#include "issuer.h"
#include "usb.h"

#define ROSTER_ROWS_MAX 10000
#define ROSTER_BYTES_MAX (8u << 20)
#define ROSTER_CODES_MAX 50000 /* of all rows */
#define ROSTER_EACH 2	       /* codes of a row that does not say how many */
#define ROSTER_COMPLAINTS_MAX 20 /* so many are kept */
#define ROSTER_STICK "usb:"
#define ROSTER_LANGUAGE_SIZE 8

enum roster_column { ROSTER_HOLDER, ROSTER_WHICH_STICK, ROSTER_HOW_MANY, ROSTER_LANGUAGE, ROSTER_COLUMNS };

/* roster_columns: the names of the columns, in lower case. Capitals do not matter. */
extern const char *const roster_columns[ROSTER_COLUMNS];

/* What is wrong. The comments say which members of struct roster_complaint say more. */
enum roster_wrong {
	ROSTER_EMPTY,	       /* the file: it has no names of columns, or nobody below them */
	ROSTER_LONG,	       /* the file: it has more than ROSTER_BYTES_MAX bytes */
	ROSTER_MANY,	       /* line: it has more than ROSTER_ROWS_MAX rows */
	ROSTER_MANY_CODES,     /* line: more than ROSTER_CODES_MAX codes are asked for up to here */
	ROSTER_NOT_UTF8,       /* line, column */
	ROSTER_QUOTES,	       /* line, column: quotes are not closed on their line, or do not enclose the whole cell */
	ROSTER_NO_HOLDERS,     /* line: there is no column of that name; near: one that may be it */
	ROSTER_UNKNOWN_COLUMN, /* line, column, text; near */
	ROSTER_COLUMN_TWICE,   /* line, column, text */
	ROSTER_NO_COLUMN,      /* line, column: there is something beyond the named columns */

	ROSTER_NOBODY,	      /* line, column: a row without a holder */
	ROSTER_BAD_HOLDER,    /* line, column: too long, or with control characters */
	ROSTER_BAD_STICK,     /* line, column */
	ROSTER_BAD_NUMBER,    /* line, column, text */
	ROSTER_BAD_LANGUAGE,  /* line, column, text */
	ROSTER_TWICE,	      /* line, column, text: this holder also has the row on line other */

	ROSTER_NO_STICK,      /* line, column, text: the books have no such stick; near */
	ROSTER_ALIKE,	      /* line, column, text: several sticks are called so */
	ROSTER_NO_LECTURE,    /* line, column, text: the stick does not have the lecture that was asked for */
	ROSTER_UNKNOWN_LECTURE, /* line, column, text: no stick has the lecture that was asked for */
	ROSTER_OVER,	      /* line, column, text: the lecture on this stick was over at when */
	ROSTER_FEW,	      /* line, column, text: the stick has have codes left for this row, not want */
	ROSTER_NONE_LEFT,     /* line, column: no stick that the roster leaves open has enough; want codes are missing in all */
	ROSTER_TWO_LECTURES,  /* line, column: it could be one of two lectures, text and near */

	ROSTER_WRONG_COUNT
};

struct roster_complaint {
	enum roster_wrong what;
	uint32_t line;	 /* from 1; 0: the whole file */
	uint32_t column; /* from 1; 0: the whole line, or a column that the file does not have */
	char text[BOOKS_TEXT]; /* as it is in the file or in the books, shortened; UTF-8 */
	char near[BOOKS_TEXT]; /* what may have been meant, or "" */
	uint32_t other, have, want;
	int64_t when;
};

struct roster_row {
	uint32_t line;
	char holder[LABEL_MAX + 1];
	char stick[sizeof ROSTER_STICK + USB_SERIAL_MAX]; /* as it is in the file; "": any */
	uint32_t codes;
	const char *language; /* one of those that roster_read was given; NULL: no matter which */

	/* by roster_plan: */
	bool skipped; /* it has codes already, and gets none */
	bool again;   /* it has codes already: they are slots */
	uint8_t stick_id[ID_SIZE], grant_id[ID_SIZE]; /* from where, unless skipped */
	char label[LABEL_MAX + 1];
	int64_t not_before, expires;
	/* its codes, owned; after roster_plan only if again, after roster_take of every row that is not skipped */
	struct books_slot *slots;
	size_t count;
};

struct roster_of {
	const struct roster_row *row;
};

struct roster {
	struct roster_row *rows; /* count of them, as in the file */
	size_t count, room;
	uint32_t at[ROSTER_COLUMNS]; /* where each column is, from 1; 0: nowhere */
	struct roster_complaint complaints[ROSTER_COMPLAINTS_MAX];
	size_t complained; /* how many there were, including those that were not kept */
	enum err err;	   /* of the first one */

	/* by roster_plan: */
	size_t holding; /* rows whose holder has codes already */
	uint32_t codes; /* how many will be handed out */
	/* by roster_take: the codes of all rows, ordered by holder; of_row says for each of which row */
	struct handout out;
	struct roster_of *of_row;
};

/*
 * roster_read(r, file, languages, f): read the bytes of a CSV file into r, which is all zeros. Cells are separated by commas,
 * semicolons or tabs, whichever comes first in the file. languages ends with NULL. Errors: E_USAGE, with complaints; E_FAIL (no
 * memory), with a fault. roster_free in any case.
 */
enum err roster_read(struct roster *r, struct bytes file, const char *const *languages, struct fault *f);

/* What to do for somebody who has unused codes already. */
enum roster_already {
	ROSTER_REFUSE,
	ROSTER_SKIP,  /* give none */
	ROSTER_AGAIN, /* show those again */
	ROSTER_MORE   /* give more */
};

struct roster_order {
	const char *lecture; /* label or id, as for handout; NULL: the newest of each stick that has codes */
	enum roster_already already;
};

/*
 * roster_plan(r, i, o, f): decide from where each row gets its codes. A row that names a stick gets them from there. The others get
 * them from the sticks that no row names, in turn; all these codes are for lectures of one label. "Has codes already" means codes
 * that are unused and still in time: of the stick if the row names one, and of the lecture if o does. Nothing is changed in the
 * books; it may be called again. Errors, with complaints: E_NO_STICK, E_NO_GRANT, E_NO_CODES, E_EXPIRED, E_USAGE; with a fault:
 * E_BOOKS, E_FAIL. With ROSTER_REFUSE it is E_USAGE without either if r->holding is not 0: then some have codes already.
 */
enum err roster_plan(struct roster *r, struct issuer *i, const struct roster_order *o, struct fault *f);

/*
 * roster_take(r, i, f): hand out what was planned in the same transaction. Then make r->out, which handout_codes completes.
 * E_BOOKS, E_FAIL, with a fault.
 */
enum err roster_take(struct roster *r, struct issuer *i, struct fault *f);

void roster_free(struct roster *r);

#endif
