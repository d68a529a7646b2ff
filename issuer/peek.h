/*
 * peek.h - the content key of a lecture on a stick, for the issuer who locked it and needs no code. The books note each time.
 */
#ifndef PEEK_H
#define PEEK_H

#include <stdint.h>

#include "error.h"
#include "issuer.h"
#include "lecture.h"

/* Start with all zeros, except for lectures.wanted. */
struct peek {
	struct lectures lectures;
	uint8_t issuer[KEY_SIZE]; /* who locked what is on the stick */
	uint8_t *ck;		  /* secret memory */
};

/*
 * peek_find(p, i, dir_fd, path, f): find the lecture on the stick at dir_fd, whose name for people is path. It is then the first
 * of p->lectures. Changes nothing, and needs no secret. Errors: those of stick_open, stick_load_grants and lecture_find; E_ISSUER
 * (WHY_NONE: what is on the stick is not i's; p->issuer says whose).
 */
enum err peek_find(struct peek *p, const struct issuer *i, int dir_fd, const char *path, struct fault *f);

/*
 * peek_key(p, i, dir_fd, f): after issuer_unlock: the key of that lecture, which is proved to be the one that its manifest names.
 * Errors: those of stick_open and bundle_open; E_BUNDLE (it is another one), E_FAIL.
 */
enum err peek_key(struct peek *p, const struct issuer *i, int dir_fd, struct fault *f);

/* peek_note(p, i, verb, f): note in the books that verb did this, before it is done. E_BOOKS. */
enum err peek_note(const struct peek *p, struct issuer *i, const char *verb, struct fault *f);

/* peek_free(p): wipe the key. */
void peek_free(struct peek *p);

#endif
