/*
 * hostsay.h - sentences for the faults of host/ that have a why.
 */
#ifndef HOSTSAY_H
#define HOSTSAY_H

#include "error.h"

/* hostsay(f): f as a whole sentence, complete with its next step, to be freed by the caller. NULL if f is no such fault. */
char *hostsay(const struct fault *f);

#endif
