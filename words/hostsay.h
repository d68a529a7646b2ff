/*
 * hostsay.h - sentences for the faults of host/ that have a why.
 */
#ifndef HOSTSAY_H
#define HOSTSAY_H

#include <stdbool.h>

#include "error.h"

/* hostsay(out, f): out becomes f as a whole sentence, complete with its next step. False, and out is untouched, if f is no such
 * fault. */
bool hostsay(struct fault *out, const struct fault *f);

#endif
