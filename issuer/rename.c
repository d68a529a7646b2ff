/*
 * rename.c - correcting the name of a holder.
 */
#include "rename.h"

enum err
rename_commit(struct issuer *i, struct books_rename *r, uint64_t *count, struct fault *f)
{
	bool known = true;
	enum err e = E_OK;

	r->now = i->now;
	if ((e = books_rename(i->books, r, count, f)) == E_OK && *count == 0 && r->from != NULL)
		e = books_is_holder(i->books, r->from, &known, f);
	return e == E_OK && !known ? fault_why(f, E_NO_CODES, 0, WHY_NEVER_GIVEN, "%s", r->from) : e;
}
