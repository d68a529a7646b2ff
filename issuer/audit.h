/*
 * audit.h - who opened what, when and where. The books are judged lecture by lecture: which codes belong to a period, what became
 * of them, and what does not add up. This needs no passphrase, and changes nothing.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "books_report.h"
#include "error.h"
#include "issuer.h"

/*
 * Which part of the books. A code belongs to a period if anything happened to it then: its lecture was prepared, or the code was
 * handed out, opened or revoked, or expired unused.
 */
struct audit_wanted {
	int64_t from, to;             /* both included; 0: no bound */
	const char *lecture, *holder; /* or NULL; the lecture by its label, or by how its id begins (at least 8 digits) */
};

/* What became of a code, as far as we know. */
enum audit_state { AUDIT_READY, AUDIT_ISSUED, AUDIT_SPENT, AUDIT_REVOKED, AUDIT_EXPIRED };
#define AUDIT_STATES 5

/* What does not add up. */
enum audit_odd {
	AUDIT_TWICE = 1,        /* opened in two places: there is a copy of the stick */
	AUDIT_NO_RECEIPT = 2,   /* used up, and no receipt says by whom */
	AUDIT_NOT_ISSUED = 4,   /* opened, and never handed out */
	AUDIT_AFTER_REVOKE = 8, /* opened after it was revoked */
	AUDIT_ROLLED_BACK = 16, /* seen unused after it was used: the stick was set back */
	AUDIT_CLOCK = 32,       /* the PC's clock was wrong, or was reset by hand */
	AUDIT_NO_MEMORY = 64,   /* the PC keeps no memory */
	AUDIT_REPAIRED = 128    /* a damaged copy of the record was overwritten */
};
#define AUDIT_ODDS 8

struct audit_code {
	const struct books_report_code *code;
	enum audit_state state;
	unsigned odd;           /* enum audit_odd, or-ed */
};

struct audit_counts {
	uint64_t lectures, codes, state[AUDIT_STATES], odd; /* odd: codes of which something does not add up */
};

/* A lecture with those of its codes that belong to the period; there is at least one. */
struct audit_lecture {
	const struct books_report_lecture *lecture;
	const struct audit_code *codes;
	size_t count;
	struct audit_counts counts; /* of them */
};

typedef enum err audit_lecture_fn(void *arg, const struct audit_lecture *l, struct fault *f);

/*
 * audit_check(i, w, f): call this before anything is printed. E_NO_GRANT (WHY_NO_LECTURE) if the books have no such lecture,
 * E_NO_CODES (WHY_NEVER_GIVEN) if nobody of that name was ever given a code. E_BOOKS.
 *
 * audit_lectures(i, w, each, arg, counts, f): call each for every lecture that has such codes, in the order in which they were
 * prepared; what it gets is gone when it returns. *counts are the totals. If each returns an error, stop and return that.
 *
 * audit_deeds(i, w, each, arg, f): who did what in the period, according to the log.
 *
 * Within one transaction that reads (books_begin_reading) all of them come from one moment.
 */
enum err audit_check(const struct issuer *i, const struct audit_wanted *w, struct fault *f);
enum err audit_lectures(const struct issuer *i, const struct audit_wanted *w, audit_lecture_fn *each, void *arg,
    struct audit_counts *counts, struct fault *f);
enum err audit_deeds(const struct issuer *i, const struct audit_wanted *w, books_report_deed_fn *each, void *arg, struct fault *f);

#endif
