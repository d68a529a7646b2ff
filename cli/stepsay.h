/*
 * stepsay.h - a table of sentences for faults whose step names one.
 */
#ifndef STEPSAY_H
#define STEPSAY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct stepsay {
	enum err err;
	const char *step;
	void (*say)(struct fault *out, const struct fault *f); /* a whole sentence; out is cleared before */
};

/* stepsay(out, f, rows, count): out becomes f as the row of its err and step has it. False, and out is untouched, if none has. */
bool stepsay(struct fault *out, const struct fault *f, const struct stepsay *rows, size_t count);

#endif
