/*
 * handout.h - which codes are handed out, to whom, and which are shown again.
 *
 * Call these functions inside one transaction of the caller's, so that whatever is shown is in the books, and whatever is in the
 * books as handed out can be shown.
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

/* Codes that are handed out. Start with all zeros. */
struct handout {
	struct books_slot *slots;	/* count of them */
	char (*codes)[CODE_SHOWN_SIZE]; /* of slots, in secret memory; NULL until handout_codes */
	size_t count, room;
	bool again;    /* they were handed out before; otherwise they are all for one lecture, */
	uint32_t left; /* which has so many ready codes left; */
	bool others;   /* other lectures on the stick have codes to hand out, too, */
	bool several;  /* or had them: only if there is no other need the lecture not be named */
	uint32_t have; /* WHY_TOO_FEW: how many there are */
};

/* What somebody asks for. */
struct handout_order {
	const uint8_t *stick_id; /* NULL: any, with handout_again_holder only */
	const char *lecture;	 /* label or id; NULL: the newest that has codes, and for handout_again_holder any */
	const char *holder;
	uint32_t n;
};

/*
 * handout_take(h, i, o, f): hand out the n lowest ready codes of the lecture to holder. Errors: E_NO_CODES (WHY_NONE_LEFT; or
 * WHY_TOO_FEW, and h has have and others), E_NO_GRANT (WHY_NO_LECTURE), E_BOOKS.
 */
enum err handout_take(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f);

/*
 * handout_again_code(h, i, slot, f): show a code again that was handed out. Errors: E_USAGE (WHY_NOT_HANDED_OUT), E_SPENT,
 * E_REVOKED, E_EXPIRED (WHY_OVER), E_FAIL.
 */
enum err handout_again_code(struct handout *h, const struct issuer *i, const struct books_slot *slot, struct fault *f);

/*
 * handout_again_holder(h, i, o, f): show again all codes that holder has and can still use. Errors: E_NO_CODES (WHY_HOLDS_NONE, or
 * WHY_NONE_LEFT), E_NO_GRANT (WHY_NO_LECTURE), E_BOOKS, E_FAIL.
 */
enum err handout_again_holder(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f);

/*
 * handout_join(to, part, f): add the codes that part has chosen, before handout_codes, to to; they are part's no more. Their count,
 * and what part knows of its lecture, stays there. E_FAIL: there is no memory, and nothing has changed.
 */
enum err handout_join(struct handout *to, struct handout *part, struct fault *f);

/* handout_codes(h, i, f): make h->codes, and enter in the books which are shown again. i must be unlocked. E_BOOKS, E_FAIL. */
enum err handout_codes(struct handout *h, struct issuer *i, struct fault *f);

/* handout_free(h): release what h owns; the codes are wiped. */
void handout_free(struct handout *h);

#endif
