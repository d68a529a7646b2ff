/*
 * rename.c - correcting the name of a holder.
 */
#include "rename.h"

#include <string.h>

enum err
rename_commit(struct issuer *i, struct books_rename *r, uint64_t *count, struct fault *f)
{
	enum err e = E_OK;

	r->now = i->now;
	if ((e = books_rename(i->books, r, count, f)) == E_OK && *count == 0 && r->from != NULL && strcmp(r->from, r->to) != 0)
		e = fault_why(f, E_NO_CODES, 0, WHY_NEVER_GIVEN, "%s", r->from);
	return e;
}
