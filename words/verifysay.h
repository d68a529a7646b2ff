/*
 * verifysay.h - what a check of a stick has found (verify.h): for people, or for programs.
 */
#ifndef VERIFYSAY_H
#define VERIFYSAY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "stick.h"
#include "term.h"
#include "verify.h"

struct verifysay {
	const struct cli *c;
	const char *path; /* of the stick */
	const struct stick *stick;
	const struct stick_grants *grants;
	const struct verify_found *all;
	size_t count;
	bool seed, code; /* what was to name the files */
};

/* verifysay_text(v): print every lecture on standard output, and what is to be said of it on standard error. */
void verifysay_text(const struct verifysay *v);

/* verifysay_json(v): the same as JSON, which the caller releases. */
struct json_t;
struct json_t *verifysay_json(const struct verifysay *v);

/* verifysay_warn(v): warn of codes and lectures that cannot be used or read. */
void verifysay_warn(const struct verifysay *v);

/*
 * verifysay_fault(v, f): what is wrong with the stick, if anything is. A damaged lecture comes before one that cannot be read.
 * E_BUNDLE, E_NO_GRANT, and what bundle_verify says of one that is not damaged.
 */
void verifysay_fault(const struct verifysay *v, struct fault *f);

#endif
