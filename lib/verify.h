/*
 * verify.h - every block of what is on a stick, and the files that damage hits.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle.h"
#include "error.h"
#include "format.h"
#include "grant.h"
#include "stick.h"

/* One damaged block, and the file it is in. */
struct verify_damage {
	struct bundle_damage d;
	char *path; /* NULL if unknown; raw bytes */
};

/* One bundle, as it was found. */
struct verify_found {
	const struct grant *grant;
	enum err result;
	struct fault fault;
	uint64_t bytes; /* of content */
	bool direct;
	bool unlocked, named; /* a key fitted; the table of files could be read with it */
	uint64_t damaged;     /* blocks, */
	uint64_t unreadable;  /* these of them */
	struct verify_damage *list;
	size_t count;
};

/* A stick, and what opens the table of its files: seed, symbols or neither. A key that does not fit costs nothing but the names. */
struct verify_task {
	const struct stick *stick;
	const struct stick_grants *grants;
	const uint8_t *seed;	 /* of the issuer */
	const char *symbols;	 /* CODE_SYMBOLS of a code, which stays as it is */
	void (*start)(void *arg);	       /* another bundle is read, */
	int (*update)(void *arg, uint64_t done, uint64_t all); /* so far; not 0: stop */
	void (*end)(void *arg, bool ok);
	void *arg;
};

/*
 * verify_all(all, count, t, f): read every bundle of t's grants once. *all has count of them, to be freed by verify_free; they
 * borrow from t->grants. Damage is no error. Errors: E_FAIL, E_INTERRUPTED, after which *all has what was read.
 */
enum err verify_all(struct verify_found **all, size_t *count, const struct verify_task *t, struct fault *f);
void verify_free(struct verify_found **all, size_t count);

#endif
