/*
 * verify.h - checking every block on a stick, and finding the files that damage affects.
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

/* One bundle, and its state. */
struct verify_found {
	const struct grant *grant;
	enum err result;
	struct fault fault;
	uint64_t bytes; /* of content */
	bool direct;
	bool unlocked, named; /* a key fitted; the table of files could be read with it */
	uint64_t damaged;     /* blocks */
	uint64_t unreadable;  /* how many of these could not be read */
	struct verify_damage *list;
	size_t count;
};

/* A stick, and what opens the table of its files: seed, symbols or neither. If no key fits, only the names of files are missing. */
struct verify_task {
	const struct stick *stick;
	const struct stick_grants *grants;
	const uint8_t *seed;	 /* of the issuer */
	const char *symbols;	 /* CODE_SYMBOLS of a code, which stays unused */
	void (*start)(void *arg);	       /* called before each bundle */
	int (*update)(void *arg, uint64_t done, uint64_t all); /* called with progress; stops if not 0 */
	void (*end)(void *arg, bool ok);
	void *arg;
};

/*
 * verify_all(all, count, t, f): read every bundle of t's grants once. *all becomes an array of count elements, which borrow from
 * t->grants; release it with verify_free. Damage is not an error. Errors: E_FAIL, E_INTERRUPTED; *all then has what was read so
 * far.
 */
enum err verify_all(struct verify_found **all, size_t *count, const struct verify_task *t, struct fault *f);
void verify_free(struct verify_found **all, size_t count);

#endif
