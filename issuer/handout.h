/*
 * handout.h - which codes are handed out, to whom, and which are shown once more.
 *
 * What is called here is one transaction of the caller's: what is shown is in the books, and what is in the books as handed out can
 * be shown.
 */
#ifndef HANDOUT_H
#define HANDOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "code.h"
#include "error.h"
#include "issuer.h"

/* Codes that are handed out. All zeros to begin with. */
struct handout {
	struct books_slot *slots;	/* count of them */
	char (*codes)[CODE_SHOWN_SIZE]; /* of slots, in secret memory; NULL until handout_codes */
	size_t count, room;
	bool again;    /* they were handed out before; else they are of one lecture, */
	uint32_t left; /* of which so many are still ready; */
	bool others;   /* other lectures on the stick have codes to hand out too, */
	bool several;  /* or had: which lecture it is goes without saying only if there is no other */
	uint32_t have; /* WHY_TOO_FEW: how many there are */
};

/* What is wanted. */
struct handout_order {
	const uint8_t *stick_id; /* NULL: any, with handout_again_holder only */
	const char *lecture;	 /* label or id; NULL: the newest that has codes, and for handout_again_holder any */
	const char *holder;
	uint32_t n;
};

/*
 * handout_take(h, i, o, f): the n lowest ready codes of the lecture, for holder. Errors: E_NO_CODES (WHY_NONE_LEFT; or
 * WHY_TOO_FEW, and h has have and others), E_NO_GRANT (WHY_NO_LECTURE), E_BOOKS.
 */
enum err handout_take(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f);

/*
 * handout_again_code(h, i, slot, f): one that was handed out, once more. Errors: E_USAGE (WHY_NOT_HANDED_OUT), E_SPENT, E_REVOKED,
 * E_EXPIRED (WHY_OVER), E_FAIL.
 */
enum err handout_again_code(struct handout *h, const struct issuer *i, const struct books_slot *slot, struct fault *f);

/*
 * handout_again_holder(h, i, o, f): all that holder has and can still use. Errors: E_NO_CODES (WHY_HOLDS_NONE, or
 * WHY_NONE_LEFT), E_NO_GRANT (WHY_NO_LECTURE), E_BOOKS, E_FAIL.
 */
enum err handout_again_holder(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f);

/* handout_codes(h, i, f): h->codes; that some are shown again goes into the books. i is unlocked. E_BOOKS, E_FAIL. */
enum err handout_codes(struct handout *h, struct issuer *i, struct fault *f);

/* handout_free(h): release what h has; the codes are wiped. */
void handout_free(struct handout *h);

#endif
