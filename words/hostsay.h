/*
 * hostsay.h - sentences for the faults of host/ that have a why.
 */
#ifndef HOSTSAY_H
#define HOSTSAY_H

#include "error.h"

/*
 * hostsay(f): f as a whole sentence, which also says what to do next. The caller frees it. NULL if f is not a fault of that kind.
 */
char *hostsay(const struct fault *f);

#endif
