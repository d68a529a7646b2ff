/*
 * peeking.h - the content key of a lecture, for the issuer who locked it: peek.h, with words and questions.
 */
#ifndef PEEKING_H
#define PEEKING_H

#include "cli.h"
#include "error.h"
#include "issuer.h"
#include "peek.h"

struct peeking {
	const struct cli *c;
	const char *verb; /* as the books note it */
	struct issuer issuer;
	struct peek peek; /* lectures.wanted is set by the caller */
};

/*
 * peeking_find(p, path, f): open the issuer, and find the lecture on the stick that is mounted at path. Errors: those of
 * issuing_open and peek_find; E_NO_STICK.
 *
 * peeking_key(p, path, f): ask for the passphrase, and make the key: p->peek.ck. Errors: those of issuing_unlock and peek_key.
 *
 * peeking_note(p, f): note it in the books. E_BOOKS.
 */
enum err peeking_find(struct peeking *p, const char *path, struct fault *f);
enum err peeking_key(struct peeking *p, const char *path, struct fault *f);
enum err peeking_note(struct peeking *p, struct fault *f);

/* peeking_free(p): wipe and close everything. It may be called twice. */
void peeking_free(struct peeking *p);

#endif
