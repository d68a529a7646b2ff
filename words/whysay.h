/*
 * whysay.h - a table of sentences for faults that have a why.
 */
#ifndef WHYSAY_H
#define WHYSAY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct whysay {
	enum err err;
	enum why why;
	void (*say)(struct fault *out, const struct fault *f); /* a whole sentence; out is cleared before */
};

/* whysay(out, f, rows, count): out becomes f as the row of its err and why has it. False, and out is untouched, if none has. */
bool whysay(struct fault *out, const struct fault *f, const struct whysay *rows, size_t count);

#endif
