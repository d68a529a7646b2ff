/*
 * whysay.h - a table of sentences for faults that have a why.
 */
#ifndef WHYSAY_H
#define WHYSAY_H

#include <stddef.h>
#include <stdio.h>

#include "error.h"

struct whysay {
	enum err err;
	enum why why;
	void (*say)(FILE *to, const struct fault *f); /* a whole sentence */
};

/*
 * whysay(f, rows, count): f as a sentence from the row with its err and why. The caller frees it. NULL if there is no such row, or
 * no memory.
 */
char *whysay(const struct fault *f, const struct whysay *rows, size_t count);

#endif
