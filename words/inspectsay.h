/*
 * inspectsay.h - what a stick, or a file of ours, says about itself: for people, or for programs.
 */
#ifndef INSPECTSAY_H
#define INSPECTSAY_H

#include <stdbool.h>

#include "inspect.h"
#include "term.h"

struct inspectsay {
	const struct cli *c;
	const struct inspect *of;
	const char *path, *device; /* where a stick is, and on what; device: "" if unknown */
	bool verbose;              /* for people: ids and hashes, too */
};

/* inspectsay_text(r): print it on standard output; say_stdout tells whether that worked. */
void inspectsay_text(const struct inspectsay *r);

/* inspectsay_json(r): the same as JSON, which the caller releases. */
struct json_t;
struct json_t *inspectsay_json(const struct inspectsay *r);

#endif
