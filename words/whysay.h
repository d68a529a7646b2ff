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
 * whysay(f, rows, count): f as the row of its err and why has it, to be freed by the caller. NULL if none has, or there is no
 * memory.
 */
char *whysay(const struct fault *f, const struct whysay *rows, size_t count);

#endif
