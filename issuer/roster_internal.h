/*
 * roster_internal.h - what reading a roster and planning it share.
 */
#ifndef ROSTER_INTERNAL_H
#define ROSTER_INTERNAL_H

#include "roster.h"

/* roster_complain(r, err, c): add a complaint, of which the first decides r->err. */
void roster_complain(struct roster *r, enum err err, const struct roster_complaint *c);

/* roster_text(out, p, n): n bytes as text that is safe to keep and to show, shortened to fit. */
void roster_text(char out[BOOKS_TEXT], const void *p, size_t n);

#endif
